//! Finds the file that has a conflict, and lists all such files.

use std::path::{Path, PathBuf};

use sops_core::CIPHERTEXT_PREFIX;
use sops_lint::shell_path;

use crate::command_error::{Code, CommandError, name_of};
use crate::git::{GitRepository, UnmergedFile, unmerged_files};
use crate::lint::judge::relative;
use crate::ui::Ui;

/// The file with its versions. A path that has no conflict in the working directory is tried from
/// the root of the repository, because messages of Git name paths from there.
pub(super) fn find(file: PathBuf) -> Result<(PathBuf, UnmergedFile), CommandError> {
    if let Some(unmerged) = UnmergedFile::find(&file)? {
        return Ok((file, unmerged));
    }
    if file.is_relative()
        && let Some(unmerged) = UnmergedFile::find_from_root(&file)?
    {
        let here = GitRepository::found(GitRepository::look_up()?)?.called_in;
        return Ok((relative(&unmerged.path, &here), unmerged));
    }
    let message = "this file has no unresolved conflict in Git";
    let error = CommandError::new(Code::Generic, message).in_file(&name_of(&file));
    Err(error
        .hint("`sops-rs resolve` lists the encrypted files in conflict")
        .hint(format!(
            "if you added it already, `git checkout --merge -- {}` brings the conflict back",
            shell_path(&file.to_string_lossy())
        )))
}

/// The encrypted files in conflict, relative to the working directory.
pub(crate) fn encrypted_files(here: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let files = unmerged_files()?.into_iter();
    let encrypted = files.filter(|file| file.contains(CIPHERTEXT_PREFIX));
    Ok(encrypted.map(|file| relative(&file.path, here)).collect())
}

/// Prints the encrypted files in conflict.
pub(super) fn list(ui: &Ui) -> Result<(), CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let files = encrypted_files(&repository.called_in)?;
    let Some(first) = files.first() else {
        ui.note("No encrypted file has a conflict");
        return Ok(());
    };
    for file in &files {
        ui.print(name_of(file))?;
    }
    ui.note(format_args!(
        "Resolve each of these, as with `sops-rs resolve {}`",
        shell_path(&name_of(first))
    ));
    Ok(())
}
