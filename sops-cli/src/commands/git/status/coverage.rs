//! Whether `.gitattributes` covers the encrypted files.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::shell_path;

use super::problem::Problem;
use crate::command_error::{CommandError, files_named, name_of};
use crate::commands::git::install::other_attributes;
use crate::git::{Running, without_attributes};
use crate::input::read_repository_file;
use crate::proposal;
use crate::repository_files::{RepositoryFiles, is_encrypted};

/// How many paths are passed to Git.
const MOST_PATHS: usize = 500;

pub(super) struct Coverage {
    pub(super) encrypted: Vec<PathBuf>,
    pub(super) problem: Option<Problem>,
    /// A warning about files that were encrypted, or should be.
    pub(super) plaintext: Option<Problem>,
}

pub(super) fn of(root: &Path) -> Result<Coverage, CommandError> {
    let RepositoryFiles {
        encrypted,
        plaintext,
        ..
    } = RepositoryFiles::find(root)?;
    let plaintext = with_attributes(root, &plaintext)?;
    let uncovered = without_attributes(root, &encrypted, &["diff", "merge"], "sops")?;
    let uncovered: Vec<PathBuf> = uncovered.into_iter().cloned().collect();
    let files: Vec<String> = uncovered.iter().map(|file| name_of(file)).collect();
    let problem = (!files.is_empty()).then(|| {
        let others = other_attributes(root, &uncovered);
        let message = format!(
            "Git does not use `diff=sops merge=sops` for encrypted files: {}",
            files_named(&files)
        );
        let help = match others.is_empty() {
            true => "run `sops-rs git install`, which writes these attributes at the end of .gitattributes, after any line that overrides them".to_owned(),
            false => format!(
                "run `sops-rs git install`, which adds these attributes to .gitattributes; if that is not enough, remove the lines in {} that override them",
                others.join(" and ")
            ),
        };
        Problem {
            files,
            ..Problem::new("uncovered-files", message, help)
        }
    });
    Ok(Coverage {
        encrypted,
        problem,
        plaintext,
    })
}

/// The warning about plaintext files with the attributes of encrypted ones. `git diff` does not
/// show that such a file is no longer encrypted.
fn with_attributes(root: &Path, plaintext: &[PathBuf]) -> Result<Option<Problem>, CommandError> {
    let without = without_attributes(root, plaintext, &["diff"], "sops")?;
    let with = plaintext.iter().filter(|path| !without.contains(path));
    let files: Vec<String> = with.map(|file| name_of(file)).collect();
    let Some(first) = files.first() else {
        return Ok(None);
    };
    let message = format!(
        "files with `diff=sops` are in plaintext: {}",
        files_named(&files)
    );
    let help = format!(
        "encrypt each of them, for example with `sops-rs encrypt -i {}`; if a file should stay in plaintext, run `sops-rs git install` to update .gitattributes",
        shell_path(first)
    );
    Ok(Some(Problem {
        files,
        ..Problem::new("plaintext-files", message, help)
    }))
}

/// The number of encrypted files without `diff=sops`, of all tracked files or among `changed`
/// ones in the index. Git finds them, which is faster than reading all files.
pub(super) fn uncovered(root: &Path, changed: Option<&[&Path]>) -> usize {
    let mut arguments: Vec<OsString> = [
        "grep",
        "--full-name",
        "-l",
        "-z",
        "-F",
        "-e",
        CIPHERTEXT_PREFIX,
    ]
    .map(OsString::from)
    .into();
    arguments.extend(changed.map(|_| OsString::from("--cached")));
    arguments.push("--".into());
    let are_few = changed.is_some_and(|changed| changed.len() <= MOST_PATHS);
    for path in changed.unwrap_or_default().iter().filter(|_| are_few) {
        let mut literal = OsString::from(":(top,literal)");
        literal.push(path);
        arguments.push(literal);
    }
    if !are_few {
        arguments.push(":/".into());
    }
    arguments.push(":(top,exclude,attr:diff=sops)*".into());
    let list = Running::start(&arguments).and_then(Running::output);
    let list = list.unwrap_or_default();
    let paths = list
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| Path::new(OsStr::from_bytes(path)))
        .filter(|path| proposal::target(path).is_none());
    let is_encrypted = |path: &&Path| {
        let content = read_repository_file(&root.join(path));
        content.is_ok_and(|content| is_encrypted(path, &content))
    };
    paths.filter(is_encrypted).count()
}
