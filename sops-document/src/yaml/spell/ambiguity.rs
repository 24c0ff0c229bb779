//! Detects plain scalars that some readers resolve to another type.

use super::super::resolve::resolve;
use crate::value::Type;

/// Whether a plain `text` is a string to `yaml.v3` and to YAML 1.1, whose additional booleans and
/// base 60 `yaml.v3` still quotes.
pub(super) fn stays_string(text: &str) -> bool {
    let old_boolean = match text.as_bytes() {
        [b'y' | b'Y' | b'n' | b'N'] => true,
        [b'y' | b'Y' | b'n' | b'N' | b'o' | b'O', ..] => matches!(
            text,
            "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "on" | "On" | "ON" | "off" | "Off" | "OFF"
        ),
        _ => false,
    };
    !old_boolean
        && !is_base_60(text)
        && matches!(resolve(text, true, None), Ok(Some(value)) if value.kind == Type::Str)
}

/// Whether `text` is `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`, a base 60 number of YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let (digits, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut parts = digits.split(':');
    let is_digits = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'_'));
    let first = parts.next().is_some_and(is_digits);
    let mut sixtieths = 0;
    for part in parts {
        sixtieths += 1;
        if !matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']) {
            return false;
        }
    }
    first && sixtieths > 0 && is_digits(fraction)
}
