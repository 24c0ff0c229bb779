//! Recognizes values that are not secrets, whatever their name: references, placeholders, paths,
//! settings, and public values.

#[cfg(test)]
mod tests;

use sops_core::{CIPHERTEXT_PREFIX, is_ciphertext};

use super::credential::{is_credential, is_name};
use super::delimiters::{is_between_signs, may_be_password};
use super::entropy::is_random;
use super::harmless_words::{is_setting, names_placeholder};
use super::literal::literals;
use super::mark::is_separator;
use super::mask::is_mask;
use super::placeholder::{Rest, is_template};
use super::public::is_public;
use super::stored_elsewhere::is_elsewhere;
use super::token_format;

/// Whether the value cannot be a secret.
pub(crate) fn is_harmless(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || is_reference(value)
        || is_setting(&lower)
        || is_public(value)
        || is_placeholder(value, &lower)
        || is_path(value)
        || is_plain_url(value)
        || value
            .parse::<f64>()
            .is_ok_and(|_| value.len() < 5 || is_decimal(value))
        || is_duration(value)
        || is_alias(value)
}

/// Whether a string with the form of a token is a placeholder. A long token may contain the word of
/// a placeholder by chance.
pub(super) fn is_placeholder_token(secret: &str) -> bool {
    secret.len() < 30 && is_harmless(secret)
        || Rest::of(secret).is_some_and(|rest| rest.is_empty())
        || is_filler(secret)
}

/// Whether a token is a prefix and one character that fills up the rest: `ghp_xxxxxxxxxxxx`.
fn is_filler(secret: &str) -> bool {
    let body = secret.rsplit(['_', '-']).next().unwrap_or_default();
    let first = body.chars().next();
    body.len() >= 16 && body.chars().all(|c| Some(c) == first)
}

/// Whether the text contains a token that is not harmless.
fn has_token(text: &str) -> bool {
    let mut tokens = token_format::tokens(text, is_placeholder_token);
    tokens.next().is_some()
}

/// Whether a program replaces the value. A password or token next to the replaced part is a value.
pub(crate) fn is_reference(value: &str) -> bool {
    is_between_signs(value)
        || is_elsewhere(value)
        || is_encrypted(value)
        || is_tagged(value)
        || Rest::of(value).is_some_and(|rest| !rest.holds_credential(has_token))
}

/// Whether a password or a token is next to a part that a program replaces.
pub(crate) fn has_credential_beside(value: &str) -> bool {
    Rest::of(value).is_some_and(|rest| rest.holds_credential(has_token))
}

/// Whether the value is certainly a reference. It is not if a part of it can be a password: for
/// example, a name with special characters, or the default of a variable.
pub(crate) fn is_whole_reference(value: &str) -> bool {
    let is_sure = || {
        !may_be_password(value)
            && !names_credential(value)
            && !has_text_beside(value)
            && literals(value).is_empty()
    };
    is_encrypted(value) || is_reference(value) && is_sure()
}

/// Whether the name in a reference looks like a password itself, as in `vault:Tr0ub4dor3` or
/// `@Tr0ub4dor3@`. A shell variable may have any name.
fn names_credential(value: &str) -> bool {
    if is_template(value) {
        return false;
    }
    let mut parts = value.split("${");
    let words = |part: &str| {
        let is_end = |c: char| is_separator(c) || "$%#".contains(c);
        // Names of stored values contain hyphens and dots.
        part.split(is_end)
            .any(|word| !word.contains(['-', '.', '_']) && is_credential(word))
    };
    parts.next().is_some_and(words)
        || parts.any(|part| {
            let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            match part.split_once('}') {
                Some((name, rest)) if is_name(name) => words(rest),
                _ => words(part),
            }
        })
}

/// Whether there is text next to variables of Python, Grafana or the Vault plugin of Argo CD.
fn has_text_beside(value: &str) -> bool {
    let kinds = [("%(", ")", "s"), ("$__", "}", ""), ("<path:", ">", "")];
    let kind = kinds.iter().find(|(begin, ..)| value.starts_with(begin));
    kind.is_some_and(|(begin, end, form)| {
        value.split(begin).any(|part| {
            let rest = part.split_once(end).map_or("", |(_, rest)| rest);
            let rest = rest.strip_prefix(form).unwrap_or(rest);
            rest.contains(char::is_alphanumeric)
        })
    })
}

/// Whether the value is encrypted, by SOPS or by another program that writes `ENC[…]`.
fn is_encrypted(value: &str) -> bool {
    if value.starts_with(CIPHERTEXT_PREFIX) {
        return is_ciphertext(value);
    }
    let inner = value
        .strip_prefix("ENC[")
        .and_then(|inner| inner.trim_end().strip_suffix(']'));
    inner
        .and_then(|inner| inner.split_once(','))
        .is_some_and(|(kind, body)| {
            let is_part =
                |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_whitespace();
            kind != "AES256_GCM" && body.len() >= 32 && body.chars().all(is_part)
        })
}

/// Whether the value consists of descriptions in angle brackets.
pub(crate) fn is_angled(value: &str) -> bool {
    Rest::of_prose(value).is_some_and(|rest| rest.is_empty())
}

/// Whether the value is a YAML alias in text, such as `*password`, or a query parameter, such as
/// `:password`.
fn is_alias(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || "_-".contains(c);
    value.strip_prefix(['*', ':']).is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_part)
    })
}

/// Whether the value has a YAML tag that refers to another value, such as `!env_var NAME` and
/// `!secret name`.
pub(crate) fn is_tagged(value: &str) -> bool {
    let tagged = value
        .strip_prefix('!')
        .and_then(|rest| rest.split_once(' '));
    tagged.is_some_and(|(tag, name)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:/!".contains(c);
        !tag.is_empty() && tag.chars().all(is_part) && is_name(name.trim())
    })
}

pub(super) fn is_placeholder(value: &str, lower: &str) -> bool {
    // In a URL, these words may be in the host, which says nothing about the password.
    let is_url = value.contains("://");
    let mut characters = value.chars();
    let first = characters.next();
    let is_one_character = characters.all(|next| Some(next) == first);
    let is_in_brackets =
        || Rest::of_prose(value).is_some_and(|rest| !rest.holds_credential(has_token));
    is_one_character
        || is_mask(value)
        || !is_url && value.len() < 64 && is_in_brackets()
        || !is_url && value.len() < 64 && names_placeholder(lower)
        || lower.starts_with("xxx")
}

fn is_path(value: &str) -> bool {
    let starts = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| value.starts_with(start));
    // Symfony names a directory by a parameter.
    let is_below = value.starts_with('%') && value.contains("%/");
    (starts || is_below)
        && !value.contains(char::is_whitespace)
        && !is_random(value.rsplit('/').next().unwrap_or(value))
}

/// Whether the value is a URL without a password.
fn is_plain_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !host.contains('@')
            && !has_token(value)
    })
}

/// Whether a number has decimal places, as a price or a rate.
fn is_decimal(number: &str) -> bool {
    number
        .split_once('.')
        .is_some_and(|(whole, _)| whole.len() < 5)
}

/// Whether the value is a duration such as `30s` or `24h`.
fn is_duration(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < value.len() && ["s", "m", "h", "d", "ms"].contains(&unit)
}
