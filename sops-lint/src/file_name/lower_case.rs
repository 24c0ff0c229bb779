//! Names of files in lower case.

use std::path::Path;

/// The name of the file in lower case.
pub(super) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().to_ascii_lowercase()
}
