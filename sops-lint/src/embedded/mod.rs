//! Patches of kustomize, in scalars and in files of their own: the rules for objects look at them
//! as they do at objects. What kustomize's generators, replacements and built-in plugins bring into
//! a Secret is found here too.

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
