//! The rules: one file each, with a page beside it that says what it finds, why, and what to write instead.

mod broken_file;
mod creation_rules;
mod credential_in_value;
mod flux_without_decryption;
pub(crate) mod literal_secret_in_env;
mod partly_encrypted;
pub(crate) mod plaintext_secret;
mod private_key;
mod recipients_differ;
mod rule_differs;
mod sealed_secret;
mod secret_from_env;
pub(crate) mod secret_in_command;
pub(crate) mod secret_in_config_map;
mod secret_in_env;
pub(crate) mod secret_in_helm_values;
mod secret_in_image;
pub(crate) mod secret_in_metadata;
mod secret_mode;
mod suppression;
mod writable_secret_mount;

pub(crate) use broken_file::RULE as BROKEN_FILE;
pub(crate) use creation_rules::FILE as CONFIG;
pub(crate) use partly_encrypted::{RULE as PARTLY_ENCRYPTED, extends_ciphertext};
pub(crate) use plaintext_secret::{
    COPY, RULE as PLAINTEXT_SECRET, Scrutiny, credential, credential_under,
    generator as secret_generator, has_rule_for_its_form, holds_secret, is_for_whole_file,
    is_manifest, is_object, is_open_base64, is_open_reference, is_plaintext_under, matching_rule,
    may_stay, open_values, own_rule,
};
pub use plaintext_secret::{NO_RULE, is_plaintext};
pub use secret_in_metadata::applied_secret;
pub(crate) use suppression::RULE as SUPPRESSION;

use crate::rule::Rule;

/// All rules, in the order of their codes.
pub const RULES: [&Rule; 20] = [
    &literal_secret_in_env::RULE,
    &secret_in_env::RULE,
    &secret_from_env::RULE,
    &secret_in_config_map::RULE,
    &secret_in_metadata::RULE,
    &secret_in_command::RULE,
    &writable_secret_mount::RULE,
    &secret_mode::RULE,
    &secret_in_image::RULE,
    &plaintext_secret::RULE,
    &partly_encrypted::RULE,
    &recipients_differ::RULE,
    &rule_differs::RULE,
    &private_key::RULE,
    &flux_without_decryption::RULE,
    &creation_rules::RULE,
    &broken_file::RULE,
    &suppression::RULE,
    &secret_in_helm_values::RULE,
    &credential_in_value::RULE,
];

/// The rule of that code or name.
pub fn find(text: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.is_called(text))
}
