//! What the merge driver and `resolve` share: the format of a file with several versions, the
//! recipients that the repository's configuration names, the base of a criss-cross merge, and the
//! messages about a merge.

mod configuration;
mod criss_cross;
mod messages;
mod repair;

use std::path::Path;

use sops_core::{CIPHERTEXT_PREFIX, Format};

pub(crate) use configuration::StoredConfiguration;
pub(crate) use criss_cross::merged_base;
pub(crate) use messages::{
    errors, errors_without_hint, place, print_notes, removals, steps, unchecked,
};

use crate::command_error::CommandError;
use crate::input_format::InputFormat;

/// The format of a file: by its name or, if that has no known extension, by the first encrypted
/// version.
pub(crate) fn format(path: &Path, versions: [&[u8]; 3]) -> Result<Format, CommandError> {
    let is_encrypted = |version: &&&[u8]| {
        str::from_utf8(version).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX))
    };
    let encrypted = versions.iter().find(is_encrypted).unwrap_or(&versions[0]);
    InputFormat::of_name(path).of_encrypted(encrypted)
}
