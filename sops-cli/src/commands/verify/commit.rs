//! Verifies a commit for another command.

use super::args::Args;
use super::snapshot;
use super::summary::Verified;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::git::GitRepository;
use crate::keys::unprompted::Unprompted;
use crate::lint::output::OutputFormat;
use crate::lint::walk::sort;

/// Verifies all files of a commit with these keys alone; a clean history is not enough.
pub(crate) fn verify_commit(
    globals: &GlobalArgs,
    rev: &str,
    keys: Unprompted,
) -> Result<Verified, CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let args = Args {
        paths: vec![repository.root],
        staged: false,
        rev: Some(rev.to_owned()),
        require_key: true,
        format: OutputFormat::default(),
    };
    let mut verified = snapshot::verify(globals, &args, Some(rev), keys)?;
    sort(&mut verified.findings);
    Ok(verified)
}
