//! Whether `.gitattributes` covers the encrypted files.

use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::command_error::{CommandError, files_named, name_of};
use crate::commands::git::repository_files::RepositoryFiles;
use crate::git::without_attributes;

pub(super) struct Coverage {
    pub(super) encrypted: Vec<PathBuf>,
    pub(super) problem: Option<Problem>,
}

pub(super) fn of(root: &Path) -> Result<Coverage, CommandError> {
    let encrypted = RepositoryFiles::find(root)?.encrypted;
    let uncovered = without_attributes(root, &encrypted, &["diff", "merge"], "sops")?;
    let files: Vec<String> = uncovered.iter().map(|file| name_of(file)).collect();
    let problem = (!files.is_empty()).then(|| {
        let message = format!(
            ".gitattributes has no `diff=sops merge=sops` for encrypted files: {}",
            files_named(&files)
        );
        let help = "run `sops-rs git install`; if these lines exist, a later line overrides them";
        Problem {
            files,
            ..Problem::new("uncovered-files", message, help)
        }
    });
    Ok(Coverage { encrypted, problem })
}
