//! The staged changes: the difference between the index and the last commit.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::program::Running;
use super::snapshot::TrackedFile;
use crate::command_error::CommandError;

/// The changes that the next commit would contain.
#[derive(Default)]
pub(crate) struct IndexChanges {
    /// The regular files that are added or changed.
    pub(crate) files: Vec<TrackedFile>,
    /// The paths of all files that are added, changed or deleted.
    pub(crate) changed: HashSet<PathBuf>,
    /// The blob IDs of changed files in the last commit.
    pub(crate) replaced: HashMap<PathBuf, String>,
    /// The regular files of the last commit that are deleted.
    pub(crate) deleted: Vec<TrackedFile>,
}

/// Starts to list the staged changes. [`IndexChanges::read`] parses the output.
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

impl IndexChanges {
    pub(crate) fn read(output: &[u8]) -> Self {
        let mut staged = Self::default();
        let mut fields = output.split(|byte| *byte == 0);
        while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
            let path = PathBuf::from(OsStr::from_bytes(path));
            staged.changed.insert(path.clone());
            let old = old_contents(about).pop();
            match (new_content(about), old) {
                (Some(blob), old) => {
                    staged.replaced.extend(old.map(|old| (path.clone(), old)));
                    staged.files.push(TrackedFile { path, blob });
                }
                (None, Some(blob)) => staged.deleted.push(TrackedFile { path, blob }),
                (None, None) => {}
            }
        }
        staged
    }
}

/// The ID of the new content, if the change results in a regular file. A change has the form
/// `:old-mode new-mode old-blob new-blob status`; a merge has a colon, an old mode and an old blob
/// for each parent.
pub(super) fn new_content(about: &[u8]) -> Option<String> {
    let parents = about.iter().take_while(|byte| **byte == b':').count();
    let about = String::from_utf8_lossy(&about[parents..]);
    let fields: Vec<_> = about.split(' ').collect();
    let (mode, blob) = (fields.get(parents)?, fields.get(2 * parents + 1)?);
    (parents > 0 && mode.starts_with("100")).then(|| (*blob).to_owned())
}

/// The IDs of the old contents, from each parent in which the path is a regular file.
pub(super) fn old_contents(about: &[u8]) -> Vec<String> {
    let parents = about.iter().take_while(|byte| **byte == b':').count();
    let about = String::from_utf8_lossy(&about[parents..]);
    let fields: Vec<_> = about.split(' ').collect();
    let (modes, blobs) = (fields.iter().take(parents), fields.iter().skip(parents + 1));
    let contents = modes.zip(blobs).filter(|(mode, _)| mode.starts_with("100"));
    contents.map(|(_, blob)| (*blob).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_old_and_new_contents() {
        for (about, old, new) in [
            (":100644 100755 a b M", &["a"][..], Some("b")),
            (":000000 100644 0 b A", &[], Some("b")),
            (":100644 000000 a 0 D", &["a"], None),
            (":120000 100644 a b T", &[], Some("b")),
            ("::100644 100644 100644 a b c MM", &["a", "b"], Some("c")),
            ("::000000 100644 100644 0 b c AM", &["b"], Some("c")),
            ("", &[], None),
        ] {
            assert_eq!(old_contents(about.as_bytes()), old, "{about}");
            assert_eq!(new_content(about.as_bytes()).as_deref(), new, "{about}");
        }
    }
}
