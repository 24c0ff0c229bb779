//! Checks kustomize patches, in scalars and in separate files, with the rules for objects. Values
//! that kustomize's generators, replacements and built-in plugins put into a Secret are found here
//! too.

mod line_breaks;
mod merge;
mod operation;
mod patch_text;
mod patches;
mod plugin;
mod referenced;
mod replacement;
mod traversal;
mod walk;
mod written;

pub(crate) use operation::credential as operation_credential;
pub(crate) use walk::{look_into, look_into_file, look_into_text};
