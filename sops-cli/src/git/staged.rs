//! What a commit would change: the difference between the index and the last commit.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::program::Running;
use super::snapshot::TrackedFile;
use crate::command_error::CommandError;

/// What the commit would change.
#[derive(Default)]
pub(crate) struct Staged {
    /// The regular files that are added or changed.
    pub(crate) files: Vec<TrackedFile>,
    /// The paths of everything that is added, changed or deleted.
    pub(crate) changed: HashSet<PathBuf>,
}

/// Starts to list what is staged; [`Staged::read`] takes the output.
pub(crate) fn staged() -> Result<Running, CommandError> {
    Running::start(&[
        "-c",
        "diff.relative=false",
        "diff",
        "--cached",
        "--raw",
        "--no-abbrev",
        "-z",
        "--no-renames",
        "--no-ext-diff",
        "--no-color",
        "--ignore-submodules",
    ])
}

impl Staged {
    pub(crate) fn read(output: &[u8]) -> Self {
        let mut staged = Self::default();
        let mut fields = output.split(|byte| *byte == 0);
        while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
            let path = PathBuf::from(OsStr::from_bytes(path));
            staged.changed.insert(path.clone());
            if let Some(blob) = new_content(about) {
                staged.files.push(TrackedFile { path, blob });
            }
        }
        staged
    }
}

/// The ID of the new content, if the result of a change is a regular file: `:old-mode new-mode old-blob new-blob status`. A merge has a
/// colon, an old mode and an old blob for each parent.
pub(super) fn new_content(about: &[u8]) -> Option<String> {
    let parents = about.iter().take_while(|byte| **byte == b':').count();
    let about = String::from_utf8_lossy(&about[parents..]);
    let fields: Vec<_> = about.split(' ').collect();
    let (mode, blob) = (fields.get(parents)?, fields.get(2 * parents + 1)?);
    (parents > 0 && mode.starts_with("100")).then(|| (*blob).to_owned())
}
