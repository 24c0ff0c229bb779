//! Patches of kustomize, in scalars and in files of their own: the rules for objects look at them as they do at objects.

mod frame;
mod operation;
mod patches;

pub(crate) use frame::Frame;
pub(crate) use patches::{LISTS, look_into, look_into_file, with_key};
