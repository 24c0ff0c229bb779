//! Whether a value is a secret, judged by the name it has and by its shape. When in doubt it is none: who is warned without need
//! stops reading warnings.

pub(crate) mod arguments;
mod assignment;
mod credential;
mod entropy;
mod expression;
mod found;
mod judge;
mod key_path;
mod likeness;
mod literal;
mod mark;
mod name;
mod name_words;
mod passphrase;
mod placeholder;
pub(crate) mod program;
mod public;
mod quoted_text;
mod reference;
mod remainder;
mod stored_elsewhere;
mod text;
pub(crate) mod token;
mod token_format;
mod trace;

pub(crate) use credential::is_credential;
pub(crate) use entropy::is_random;
pub(crate) use found::{FoundSecret, FoundSecrets};
pub(crate) use judge::judge;
pub(crate) use key_path::is_shown;
pub(crate) use likeness::Likeness;
pub(crate) use literal::literals;
pub(crate) use reference::{
    has_credential_beside, has_signs, is_angled, is_harmless, is_reference, is_whole_reference,
    may_be_password,
};
pub(crate) use text::{in_script, in_text, in_variable};
