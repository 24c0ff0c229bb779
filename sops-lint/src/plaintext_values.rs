//! Which values of a Secret are in plaintext.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::action;
use crate::object::Object;
use crate::scrutiny::Scrutiny;
use crate::secret::{SECRET_PARTS, SecretValue, secret_fields};
use crate::secret_detection::{has_signs, in_text};

/// Whether the value is under `data` or `stringData`, spelled like that.
pub(crate) fn is_under_part(value: &SecretValue<'_, '_>) -> bool {
    SECRET_PARTS.contains(&value.field)
}

/// Whether it is an encrypted value.
pub(crate) fn is_ciphertext(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text();
    text.is_some_and(sops_core::is_ciphertext)
}

/// The values of a Secret that are in plaintext, and neither references, placeholders nor public.
pub(crate) fn open_values<'d, 'a>(
    object: &Object<'d, 'a>,
    scrutiny: impl Fn(&SecretValue<'d, 'a>) -> Scrutiny,
) -> Vec<SecretValue<'d, 'a>> {
    let find = || {
        let is_whole = object.is_whole_secret();
        let fields = secret_fields(object.node).into_iter();
        let fields = fields.filter(|field| field.is_part() || is_whole && field.holds_values());
        let values = fields.flat_map(|field| field.values());
        values
            .filter(|value| {
                object
                    .verdicts
                    .is_open(value, |_| is_plaintext_under(scrutiny(value), value))
            })
            .collect()
    };
    object.open_values.get_or_init(find).clone()
}

/// Whether a value of a Secret is in plaintext: neither encrypted nor a reference, a placeholder or public.
pub fn is_plaintext(value: &SecretValue<'_, '_>) -> bool {
    is_plaintext_under(Scrutiny::Usual, value)
}

/// The same under any scrutiny.
pub(crate) fn is_plaintext_under(scrutiny: Scrutiny, value: &SecretValue<'_, '_>) -> bool {
    let Some(text) = value.node.scalar_text() else {
        return true;
    };
    if sops_core::is_ciphertext(text) {
        return false;
    }
    match value.field.eq_ignore_ascii_case("data") {
        true => is_open_base64(scrutiny, value.key, text),
        // A boolean in an unknown field is not a value of a Secret.
        false if !is_under_part(value) && value.node.as_str().is_none() => {
            !matches!(text, "True" | "False")
        }
        false => is_open_text(scrutiny, value.key, text),
    }
}

/// Whether a text is a value, or has one in it: a configuration may have passwords beside what is filled in, or in it.
fn is_open_text(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    !scrutiny.passes(text.trim()) || holds_secret(key, text) || action::holds_secret(key, text)
}

/// Whether a text of several lines, such as a configuration, has a secret in one of them.
pub(crate) fn holds_secret(key: &str, text: &str) -> bool {
    text.trim().contains('\n') && !in_text(key, text).is_empty()
}

/// Whether a text under `data` contains a secret value. Text that is not base64 is a reference, or a mistake that may be a secret.
pub(crate) fn is_open_base64(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    let packed: String = text.split_whitespace().collect();
    match STANDARD.decode(packed) {
        // Nothing fills in variables inside of base64.
        Ok(bytes) => str::from_utf8(&bytes).map_or(true, |text| {
            has_signs(text.trim()) || is_open_text(scrutiny, key, text)
        }),
        Err(_) => !scrutiny.passes(text) || action::holds_secret(key, text),
    }
}
