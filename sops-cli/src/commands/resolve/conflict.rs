//! Finds the file that has a conflict, and lists all such files.

use std::path::{Path, PathBuf};

use sops_core::document::merge_conflict;
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, format_of_encrypted};
use sops_lint::shell_path;

use crate::command_error::{Code, CommandError, name_of};
use crate::git::{CommittedMerge, GitRepository, Operation, UnmergedFile, git, unmerged_files};
use crate::input::read_repository_file;
use crate::keys::unprompted::{is_intact, ready_keys};
use crate::lint::judge::relative;
use crate::repository_files::RepositoryFiles;
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
    // Outside a repository, none of the hints below would help.
    GitRepository::found(GitRepository::look_up()?)?;
    let content = read_repository_file(&file).unwrap_or_default();
    let is_marked = merge_conflict(&content).is_some();
    let is_in_operation = Operation::current().abort().is_some();
    if is_marked || is_damaged(&file, &content) {
        let committed = match is_in_operation {
            true => CommittedMerge::Nothing,
            false => UnmergedFile::of_committed_merge(&file, &content)?,
        };
        match committed {
            CommittedMerge::Found(unmerged) => return Ok((file, unmerged)),
            CommittedMerge::Nothing => {
                if let Some(unmerged) = UnmergedFile::added(&file)?
                    && (is_in_operation || unmerged.is_of_last_change(&content)?)
                {
                    return Ok((file, unmerged));
                }
            }
            CommittedMerge::Unrepeatable => {}
        }
    }
    let message = "this file has no unresolved conflict in Git";
    let error = CommandError::new(Code::Generic, message).in_file(&name_of(&file));
    if is_marked && !is_in_operation {
        let file = shell_path(&file.to_string_lossy());
        return Err(error.hint(format!(
            "its conflict markers are committed, and Git no longer has both sides: keep one side of each conflict in an editor, check the values with `sops-rs edit --ignore-mac {file}`, and save them"
        ))
        .hint(format!(
            "alternatively, find the commit that added the markers with `git log -- {file}`, restore the version before it with `git checkout COMMIT^ -- {file}`, and make the changes of the commit again"
        )));
    }
    Err(error
        .hint("`sops-rs resolve` lists the encrypted files in conflict")
        .hint(format!(
            "if you have already added the file, `git checkout --merge -- {}` brings the conflict back",
            shell_path(&file.to_string_lossy())
        )))
}

/// Whether a file was resolved by hand: it cannot be read, or its MAC does not match.
fn is_damaged(file: &Path, content: &[u8]) -> bool {
    let format = format_of_encrypted(file, content);
    match EncryptedDocument::parse(content, format) {
        Ok(document) => is_intact(&document, &ready_keys()) == Some(false),
        Err(_) => str::from_utf8(content).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX)),
    }
}

/// The encrypted files that Git lists as unmerged, relative to the working directory.
pub(crate) fn unmerged_encrypted_files(
    repository: &GitRepository,
) -> Result<Vec<PathBuf>, CommandError> {
    Ok(EncryptedConflicts::find(repository)?.open)
}

/// The encrypted files in conflict, relative to the working directory: those that Git lists as
/// unmerged, and those whose conflict markers someone committed. `encrypted` are all encrypted
/// files, relative to the root of the repository.
pub(crate) fn conflicting_files(
    repository: &GitRepository,
    encrypted: &[PathBuf],
) -> Result<Vec<PathBuf>, CommandError> {
    let mut conflicts = EncryptedConflicts::find(repository)?;
    conflicts.add_marked(repository, encrypted);
    Ok(conflicts.open)
}

/// The encrypted files in conflict, relative to the working directory.
struct EncryptedConflicts {
    open: Vec<PathBuf>,
    /// Files whose conflict is resolved, but that Git still lists.
    resolved: Vec<PathBuf>,
}

impl EncryptedConflicts {
    fn find(repository: &GitRepository) -> Result<Self, CommandError> {
        let files = unmerged_files()?.into_iter();
        let files = files.filter(|file| file.contains(CIPHERTEXT_PREFIX));
        let (resolved, open): (Vec<_>, Vec<_>) =
            files.partition(|file| is_resolved(&repository.root.join(&file.path), file));
        let paths = |files: Vec<UnmergedFile>| {
            let paths = files
                .iter()
                .map(|file| relative(&file.path, &repository.called_in));
            paths.collect()
        };
        Ok(Self {
            open: paths(open),
            resolved: paths(resolved),
        })
    }

    /// Adds the files whose conflict markers someone committed.
    fn add_marked(&mut self, repository: &GitRepository, encrypted: &[PathBuf]) {
        let is_marked = |path: &&PathBuf| {
            let content = read_repository_file(&repository.root.join(path));
            content.is_ok_and(|content| merge_conflict(&content).is_some())
        };
        // `git mergetool` leaves a copy with the markers.
        let marked = encrypted
            .iter()
            .filter(|path| is_marked(path) && is_tracked(path));
        let marked = marked.map(|path| relative(path, &repository.called_in));
        self.open.extend(marked);
        self.open.sort_unstable();
        self.open.dedup();
    }
}

/// Whether Git tracks a file, which is named from the root of the repository.
fn is_tracked(path: &Path) -> bool {
    let Some(path) = path.to_str() else {
        return true;
    };
    let pathspec = format!(":(top,literal){path}");
    let listed = git(&["ls-files", "--error-unmatch", "--", &pathspec]);
    listed.is_ok()
}

/// Prints the encrypted files in conflict.
pub(super) fn list(ui: &Ui) -> Result<(), CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let mut conflicts = EncryptedConflicts::find(&repository)?;
    if repository.has_working_tree {
        let encrypted = RepositoryFiles::find(&repository.root)?.encrypted;
        conflicts.add_marked(&repository, &encrypted);
    }
    let EncryptedConflicts { open, resolved } = conflicts;
    for file in &open {
        ui.print(name_of(file))?;
    }
    match open.first() {
        Some(first) => ui.note(format_args!(
            "Resolve each of these, for example with `sops-rs resolve {}`",
            shell_path(&name_of(first))
        )),
        None if resolved.is_empty() => ui.note("No encrypted file has a conflict"),
        None => {}
    }
    if !resolved.is_empty() {
        let names = resolved.iter().map(|file| shell_path(&name_of(file)));
        ui.note(format_args!(
            "Resolved, but not yet added: run `git add {}`",
            names.collect::<Vec<_>>().join(" ")
        ));
    }
    Ok(())
}

/// Whether the file was resolved but not added yet: it is a whole encrypted file with a correct
/// MAC, but not our version, which Git leaves there if the driver fails.
pub(super) fn is_resolved(file: &Path, unmerged: &UnmergedFile) -> bool {
    let Ok(content) = read_repository_file(file) else {
        return false;
    };
    // A side that deleted the file needs a decision.
    let has_both = unmerged.ours().is_some() && unmerged.theirs().is_some();
    let is_ours = || unmerged.ours() == Some(&*content);
    let format = || format_of_encrypted(file, &content);
    has_both
        && str::from_utf8(&content).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX))
        && merge_conflict(&content).is_none()
        && !is_ours()
        // Someone may have combined ciphertexts by hand.
        && EncryptedDocument::parse(&*content, format())
            .is_ok_and(|document| is_intact(&document, &ready_keys()) != Some(false))
}
