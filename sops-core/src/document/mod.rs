//! The formats of documents: where their leaves stand, and how values are spelled in them.

pub(crate) mod json;
pub(crate) mod yaml;
