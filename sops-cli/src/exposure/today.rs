//! The secret values of the working tree.

use std::path::Path;
use std::sync::Arc;

use super::knowledge::Past;
use super::marks::Mark;

/// A secret value of today.
pub(crate) struct CurrentValue {
    /// The file, relative to the root of the repository.
    pub(crate) file: Arc<Path>,
    pub(crate) path: Arc<str>,
    pub(super) marks: Box<[Mark]>,
    /// The position of the version that the file has today.
    pub(super) version: usize,
}

/// The encrypted values of the versions at these positions.
pub(crate) fn current_values(past: &Past, versions: &[usize]) -> Vec<CurrentValue> {
    let values = versions.iter().flat_map(|number| {
        let version = &past.versions[*number];
        let encrypted = version.values.iter().filter(|value| !value.is_open);
        encrypted.map(|value| CurrentValue {
            file: Arc::clone(&version.path),
            path: Arc::clone(&value.path),
            marks: value.marks.clone(),
            version: *number,
        })
    });
    values.collect()
}
