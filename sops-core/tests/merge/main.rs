//! Merges of encrypted files: values, comments, recipients, settings.

mod conflicts;
mod keys;
mod layout;
mod random;
mod security;
mod support;
mod written;
