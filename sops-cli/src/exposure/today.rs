//! The secret values of the working tree.

use std::path::Path;
use std::sync::Arc;

use super::marks::Mark;

/// A current secret value.
pub(crate) struct CurrentValue {
    /// The file, relative to the root of the repository.
    pub(crate) file: Arc<Path>,
    pub(crate) path: Arc<str>,
    pub(super) marks: Box<[Mark]>,
    pub(super) is_distinctive: bool,
    /// The position of the version that the file has today.
    pub(super) version: usize,
}
