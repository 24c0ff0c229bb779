//! A version of a file, with marks in place of its values.

use std::path::Path;
use std::sync::Arc;

use super::access::{Access, ClassId};
use super::marks::Mark;

/// A version of a file with secret values.
pub(crate) struct SeenVersion {
    /// A path at which a commit has it, relative to the root of the repository.
    pub(crate) path: Arc<Path>,
    /// The position of the first commit that has it; `None` for a file of the working tree.
    pub(crate) commit: Option<usize>,
    /// Its data key; `None` if it is in plaintext, or cannot be read.
    pub(super) class: Option<ClassId>,
    /// Its own recipients.
    pub(super) access: Option<Access>,
    pub(crate) values: Vec<SeenValue>,
    /// Why some of its values are not known.
    pub(crate) problem: Option<&'static str>,
}

/// A value of a version.
pub(crate) struct SeenValue {
    pub(crate) path: Arc<str>,
    pub(crate) marks: Box<[Mark]>,
    /// Whether an equal value elsewhere is unlikely to be equal by chance.
    pub(super) is_distinctive: bool,
    /// Whether it is in plaintext, so that no key is needed to read it.
    pub(crate) is_open: bool,
}
