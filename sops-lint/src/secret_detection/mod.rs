//! Decides whether a value is a secret, judging by its name and its shape. If in doubt, a value is
//! not a secret: false alarms teach users to ignore warnings.
//!
//! `judge` decides for one value, `text` for the values in text, and each other module recognizes
//! one kind of text: names, token formats, placeholders, references, public values.

pub(crate) mod arguments;
mod assignment;
mod command_line;
mod credential;
mod delimiters;
mod entropy;
mod expression;
mod found;
mod harmless_words;
mod inline_pairs;
mod judge;
mod key_path;
mod likeness;
mod literal;
mod mark;
mod mask;
mod name;
mod name_words;
mod named_keys;
mod passphrase;
mod password_hash;
mod pgpass;
mod placeholder;
pub(crate) mod program;
mod program_code;
mod public;
mod public_default;
mod quoted_text;
mod reference;
mod remainder;
mod stored_elsewhere;
mod text;
pub(crate) mod token;
mod token_format;
mod trace;

pub(crate) use command_line::in_words;
pub(crate) use credential::is_credential;
pub(crate) use delimiters::{has_signs, may_be_password};
pub(crate) use entropy::is_random;
pub(crate) use found::{FoundSecret, FoundSecrets, range_of};
pub use harmless_words::is_common_text;
pub(crate) use judge::{is_evident, judge};
pub(crate) use key_path::is_shown;
pub(crate) use likeness::Likeness;
pub(crate) use literal::literals;
pub(crate) use mask::is_mask;
pub(crate) use name::{is_of_access_key, may_be_in as may_name_secret, names_no_secret, words};
pub(crate) use named_keys::KeyName;
pub(crate) use public_default::{is_default_for_tests, is_public_default};
pub(crate) use reference::{
    has_credential_beside, is_angled, is_harmless, is_reference, is_tagged, is_whole_reference,
};
pub(crate) use text::{in_script, in_text, in_variable};
pub(crate) use token_format::{PASSWORD_IN_URL, is_private_key};
