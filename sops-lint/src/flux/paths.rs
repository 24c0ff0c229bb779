//! Paths in a repository.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::json_value::text;

/// The path without `..` and `.`.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    clean
}

/// The directory that a Kustomization with this `spec` builds. Paths begin at the root, however
/// they are written.
pub(super) fn path_of(root: &Path, spec: &Value) -> PathBuf {
    let path = text(spec, &["path"]).unwrap_or_default();
    clean(&root.join(path.trim_start_matches('/')))
}
