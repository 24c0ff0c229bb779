//! The canonical form of a value in each type, following Go's `strconv` and `time`.

use std::borrow::Cow;
use std::fmt::{self, Write};

use sops_go_compat::{Decimal, Time, parse_float, shortest_decimal};

use crate::value::Type;

/// The canonical form of `plaintext` as a value of type `kind`, borrowed if it is already in that
/// form; `None` if it is not a value of this type.
///
/// Following Go, `int` is parsed by `strconv.Atoi`, `float` by `strconv.ParseFloat`, `bool` by
/// `strconv.ParseBool` and `time` by `time.Time.UnmarshalText`. The other types accept any text
/// unchanged.
pub fn canonical(kind: Type, plaintext: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = || str::from_utf8(plaintext).ok();
    match kind {
        Type::Str | Type::Bytes | Type::Comment => Some(Cow::Borrowed(plaintext)),
        Type::Int => {
            let text = text()?;
            text.parse::<i64>()
                .ok()
                .map(|value| canonical_or_owned(text, value))
        }
        Type::Float => {
            let text = text()?;
            if let Some(shortest) = shortest_decimal(text) {
                return Some(borrowed_or_owned(text, shortest));
            }
            parse_float(text).map(|value| float_bytes(text, value))
        }
        Type::Bool => match plaintext {
            b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True" => Some(Cow::Borrowed(b"True")),
            b"0" | b"f" | b"F" | b"false" | b"FALSE" | b"False" => Some(Cow::Borrowed(b"False")),
            _ => None,
        },
        Type::Time => {
            let time = Time::from_rfc3339(plaintext).filter(Time::can_be_written)?;
            Some(canonical_or_owned(text()?, time))
        }
    }
}

/// `start`, borrowed from `text` if it is all of it.
fn borrowed_or_owned<'t>(text: &'t str, start: &str) -> Cow<'t, [u8]> {
    match start.len() == text.len() {
        true => Cow::Borrowed(text.as_bytes()),
        false => Cow::Owned(start.as_bytes().to_vec()),
    }
}

/// The canonical form of the float that `text` reads as, borrowed if the text has that form.
pub(crate) fn float_bytes(text: &str, value: f64) -> Cow<'_, [u8]> {
    if let Some(shortest) = shortest_decimal(text) {
        return borrowed_or_owned(text, shortest);
    }
    canonical_or_owned(text, Decimal(value))
}

/// The output of `value`, borrowed from `text` if they are equal.
pub(crate) fn canonical_or_owned(text: &str, value: impl fmt::Display) -> Cow<'_, [u8]> {
    let mut rest = Remainder(text);
    match write!(rest, "{value}") {
        Ok(()) if rest.0.is_empty() => Cow::Borrowed(text.as_bytes()),
        _ => Cow::Owned(value.to_string().into_bytes()),
    }
}

/// The rest of the expected text. Writing anything else fails.
struct Remainder<'a>(&'a str);

impl Write for Remainder<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sops_test_support::vectors;

    #[derive(serde::Deserialize)]
    struct Vector {
        #[serde(rename = "type")]
        kind: String,
        plaintext: String,
        valid: bool,
        #[serde(default)]
        canonical: String,
    }

    #[test]
    fn plaintexts_are_read_as_in_go() {
        let files = ["read-scalars.jsonl", "read-scalars-more.jsonl"];
        for vector in files.into_iter().flat_map(vectors::read::<Vector>) {
            let kind = Type::from_name(&vector.kind).expect("the vectors name types of SOPS");
            let read = canonical(kind, vector.plaintext.as_bytes());
            // Go reads an offset of 24 hours, but can't write it, so there is no canonical form for
            // the MAC.
            let expected = (vector.valid && !vector.canonical.is_empty())
                .then_some(vector.canonical.as_bytes());
            assert_eq!(
                read.as_deref(),
                expected,
                "{} {:?}",
                vector.kind,
                vector.plaintext
            );
            if let Some(Cow::Owned(bytes)) = read {
                assert_ne!(
                    bytes,
                    vector.plaintext.as_bytes(),
                    "{:?} is canonical and could be borrowed",
                    vector.plaintext
                );
            }
        }
    }
}
