//! Resolves YAML scalars to the type and value that Go's `yaml.v3` decodes them to.

use std::borrow::Cow;
use std::fmt;

use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use sops_go_compat::{Decimal, Integer, Time, parse_float, parse_integer};

use crate::canonical::{canonical_or_owned, float_bytes};
use crate::value::{Type, Value};

/// Why a scalar is rejected. The caller adds the location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The text does not have the type of its tag.
    #[error("the value does not match its tag `!!{0}`")]
    NotOfTag(&'static str),
    /// The text under `!!binary` cannot be decoded.
    #[error("the value tagged `!!binary` is not valid base64")]
    NotBase64,
    /// An integer from 2^63 to 2^64-1, for which there is no type.
    #[error(
        "the integer is larger than 9223372036854775807; quote it to keep its digits as a string"
    )]
    BeyondInt64(Hidden),
    /// A timestamp that Go reads but cannot write.
    #[error("the timestamp is 24 hours or more from UTC; quote it to keep it as a string")]
    OffsetBeyondDay,
}

/// A value that must not be shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hidden(pub(crate) u64);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// The value of a scalar, `None` for null.
///
/// `text` is the content after unescaping and folding, and `plain` says that it is neither in
/// quotes nor a block scalar. `tag` is its tag with the handle expanded (`tag:yaml.org,2002:int`,
/// `!local`), `None` without one; the non-specific tag `!` changes nothing.
pub(crate) fn resolve<'a>(
    text: &'a str,
    plain: bool,
    tag: Option<&str>,
) -> Result<Option<Value<'a>>, Refusal> {
    match tag {
        None | Some("" | "!") if plain => resolve_plain(text, true),
        None | Some("" | "!") => Ok(Some(string(text))),
        Some(tag) => match tag
            .strip_prefix("tag:yaml.org,2002:")
            .or_else(|| tag.strip_prefix("!!"))
        {
            Some("binary") => decode_base64(text).map(Some),
            Some("bool") => of_tag(text, "bool", |value| value.kind == Type::Bool),
            Some("int") => of_tag(text, "int", |value| value.kind == Type::Int),
            Some("float") => resolve_float(text),
            Some("timestamp") => of_tag(text, "timestamp", |value| value.kind == Type::Time),
            Some("null") => match resolve_plain(text, false) {
                Ok(None) => Ok(None),
                _ => Err(Refusal::NotOfTag("null")),
            },
            _ => Ok(Some(string(text))),
        },
    }
}

fn string(text: &str) -> Value<'_> {
    Value {
        kind: Type::Str,
        bytes: Cow::Borrowed(text.as_bytes()),
    }
}

/// A scalar under a tag of the core schema, which is resolved like a plain scalar.
fn of_tag<'a>(
    text: &'a str,
    tag: &'static str,
    fits: impl Fn(&Value<'_>) -> bool,
) -> Result<Option<Value<'a>>, Refusal> {
    match resolve_plain(text, tag == "timestamp") {
        Ok(Some(value)) if fits(&value) => Ok(Some(value)),
        Err(refusal @ Refusal::BeyondInt64(_)) if tag == "int" => Err(refusal),
        Err(Refusal::OffsetBeyondDay) => Err(Refusal::OffsetBeyondDay),
        _ => Err(Refusal::NotOfTag(tag)),
    }
}

/// A scalar under `!!float`, which also accepts integers.
fn resolve_float(text: &str) -> Result<Option<Value<'_>>, Refusal> {
    let value = match resolve_plain(text, false) {
        Ok(Some(value)) => value,
        _ => return Err(Refusal::NotOfTag("float")),
    };
    match value.kind {
        Type::Float => Ok(Some(value)),
        Type::Int => {
            // Go converts the integer, which rounds to the nearest float, like parsing its digits.
            let float = str::from_utf8(&value.bytes)
                .ok()
                .and_then(parse_float)
                .ok_or(Refusal::NotOfTag("float"))?;
            // The text may read as another float: as a float, `-0` is not `0`.
            Ok(Some(Value {
                kind: Type::Float,
                bytes: canonical_or_owned(text, Decimal(float)),
            }))
        }
        _ => Err(Refusal::NotOfTag("float")),
    }
}

/// A scalar without a tag and quotes. Its first byte shows what it may be.
fn resolve_plain(text: &str, timestamps: bool) -> Result<Option<Value<'_>>, Refusal> {
    let float = |value: &'static str| {
        Ok(Some(Value {
            kind: Type::Float,
            bytes: Cow::Borrowed(value.as_bytes()),
        }))
    };
    let boolean = |value: &'static str| {
        Ok(Some(Value {
            kind: Type::Bool,
            bytes: Cow::Borrowed(value.as_bytes()),
        }))
    };
    match text.as_bytes().first() {
        None => Ok(None),
        Some(b'~' | b'n' | b'N') if matches!(text, "~" | "null" | "Null" | "NULL") => Ok(None),
        Some(b't' | b'T') if matches!(text, "true" | "True" | "TRUE") => boolean("True"),
        Some(b'f' | b'F') if matches!(text, "false" | "False" | "FALSE") => boolean("False"),
        Some(b'.') => match text {
            ".nan" | ".NaN" | ".NAN" => float("NaN"),
            ".inf" | ".Inf" | ".INF" => float("+Inf"),
            _ => Ok(Some(
                parse_float(text).map_or_else(|| string(text), |value| number(text, value)),
            )),
        },
        Some(b'+' | b'-' | b'0'..=b'9') => match text {
            "+.inf" | "+.Inf" | "+.INF" => float("+Inf"),
            "-.inf" | "-.Inf" | "-.INF" => float("-Inf"),
            _ => resolve_numeric(text, timestamps).map(Some),
        },
        Some(_) => Ok(Some(string(text))),
    }
}

/// A scalar that begins with a digit or a sign: a timestamp, an integer, a float, or else a string.
fn resolve_numeric(text: &str, timestamps: bool) -> Result<Value<'_>, Refusal> {
    if timestamps && let Some(time) = Time::from_yaml(text.as_bytes()) {
        return if time.can_be_written() {
            Ok(Value {
                kind: Type::Time,
                bytes: canonical_or_owned(text, time),
            })
        } else {
            Err(Refusal::OffsetBeyondDay)
        };
    }
    let digits = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    let integer = match parse_integer(&digits) {
        Some(Integer::Signed(value)) => Some(value),
        Some(Integer::Unsigned(value)) => return Err(Refusal::BeyondInt64(Hidden(value))),
        None => None,
    };
    if let Some(value) = integer.or_else(|| signed_after_prefix(&digits)) {
        return Ok(Value {
            kind: Type::Int,
            bytes: canonical_or_owned(text, value),
        });
    }
    if is_yaml_float(digits.as_bytes())
        && let Some(value) = parse_float(&digits)
    {
        return Ok(number(text, value));
    }
    Ok(string(text))
}

fn number(text: &str, value: f64) -> Value<'_> {
    Value {
        kind: Type::Float,
        bytes: float_bytes(text, value),
    }
}

/// `0b-1` and `0o+7`, which Go's YAML library reads because it parses the digits after the prefix
/// separately.
fn signed_after_prefix(digits: &str) -> Option<i64> {
    let (digits, base) = match digits.strip_prefix("0b") {
        Some(digits) => (digits, 2),
        None => (digits.strip_prefix("0o")?, 8),
    };
    i64::from_str_radix(digits, base).ok()
}

/// Whether `text` is `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the floats of
/// `yaml.v3`.
///
/// This excludes further forms that `strconv` reads: `0x1p4`, `+inf`.
fn is_yaml_float(text: &[u8]) -> bool {
    let mantissa = after_sign(text);
    let whole = leading_digits(mantissa);
    let mut rest = &mantissa[whole..];
    let mut fraction = 0;
    if let [b'.', decimals @ ..] = rest {
        fraction = leading_digits(decimals);
        rest = &decimals[fraction..];
    }
    if whole == 0 && fraction == 0 {
        return false;
    }
    match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => {
            let exponent = after_sign(exponent);
            !exponent.is_empty() && leading_digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

fn after_sign(text: &[u8]) -> &[u8] {
    match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    }
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Go's `base64.StdEncoding`: padded, with line breaks anywhere, and without checking the unused
/// bits.
fn decode_base64(text: &str) -> Result<Value<'_>, Refusal> {
    const STANDARD: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let joined = if text.contains(['\r', '\n']) {
        Cow::Owned(text.replace(['\r', '\n'], ""))
    } else {
        Cow::Borrowed(text)
    };
    match STANDARD.decode(joined.as_bytes()) {
        Ok(bytes) => Ok(Value {
            kind: Type::Str,
            bytes: Cow::Owned(bytes),
        }),
        Err(_) => Err(Refusal::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    use granit_parser::{Event, Parser, ScalarStyle};

    use super::*;
    use sops_test_support::vectors;

    #[derive(serde::Deserialize)]
    struct Vector {
        source: String,
        #[serde(rename = "type", default)]
        kind: String,
        #[serde(default)]
        plaintext: String,
        #[serde(default)]
        error: bool,
        #[serde(default)]
        decode_error: bool,
    }

    /// The content, style and tag of the scalar after `k: `; `None` if this is not a document with
    /// one scalar.
    fn scalar(source: &str) -> Option<(String, bool, Option<String>)> {
        let text = format!("k: {source}\n");
        let mut scalars = Vec::new();
        for event in Parser::new_from_str(&text) {
            match event.ok()?.0 {
                Event::Scalar(content, style, _, tag) => {
                    let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
                    scalars.push((content.into_owned(), style == ScalarStyle::Plain, tag));
                }
                Event::Alias(_) | Event::SequenceStart(..) => return None,
                _ => {}
            }
        }
        match <[_; 2]>::try_from(scalars) {
            Ok([_, value]) => Some(value),
            Err(_) => None,
        }
    }

    #[test]
    fn scalars_resolve_as_go_resolves_them() {
        let files = ["yaml-resolve.jsonl", "yaml-resolve-more.jsonl"];
        for vector in files.into_iter().flat_map(vectors::read::<Vector>) {
            let source = &vector.source;
            // Go reads a line separator as a line break, and a byte order mark as text; the crate
            // follows YAML 1.2 in both.
            let read = match source.as_str() {
                "\u{2028}" => Some((String::new(), true, None)),
                "\u{feff}" => Some((source.clone(), true, None)),
                _ => scalar(source),
            };
            let Some((content, plain, tag)) = read else {
                assert!(vector.error, "{source:?} is a scalar to Go");
                continue;
            };
            if vector.error {
                // YAML 1.2 has two more escapes.
                assert!(
                    matches!(source.as_str(), r#""\/""# | r#""\uD83D\uDE00""#),
                    "{source:?} is not a scalar to Go"
                );
                continue;
            }
            let resolved = resolve(&content, plain, tag.as_deref());
            let expected = match vector.kind.as_str() {
                "null" => Ok(None),
                // The only string that is not UTF-8; the vector has it as Go quotes it.
                "unsupported:bytes" if vector.plaintext == r#""\xff""# => Ok(Some(Value {
                    kind: Type::Str,
                    bytes: Cow::Borrowed(b"\xff"),
                })),
                "unsupported:uint64" => Err(Refusal::BeyondInt64(Hidden(0))),
                "unsupported:offset" => Err(Refusal::OffsetBeyondDay),
                _ if vector.decode_error => Err(Refusal::NotOfTag("")),
                kind => {
                    let kind = Type::from_name(kind).expect("the vectors name types of SOPS");
                    Ok(Some(Value {
                        kind,
                        bytes: Cow::Borrowed(vector.plaintext.as_bytes()),
                    }))
                }
            };
            match (&resolved, &expected) {
                (Err(Refusal::NotOfTag(_) | Refusal::NotBase64), Err(Refusal::NotOfTag(_)))
                | (Err(Refusal::BeyondInt64(_)), Err(Refusal::BeyondInt64(_))) => {}
                _ => assert_eq!(resolved, expected, "{source:?}"),
            }
        }
    }

    #[test]
    fn canonical_text_is_borrowed() {
        for text in [
            "plain",
            "10.0.0.1",
            "-x",
            "5",
            "-17",
            "1.5",
            "+Inf",
            "true",
            "2024-01-02T03:04:05Z",
            "~x",
        ] {
            let value = resolve(text, true, None)
                .expect("all are accepted")
                .expect("none is null");
            assert!(matches!(value.bytes, Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn errors_do_not_show_the_value() {
        for (text, tag) in [
            ("s3cret", "tag:yaml.org,2002:int"),
            ("s3cret", "tag:yaml.org,2002:binary"),
            ("9223372036854775809", "!"),
        ] {
            let refusal = resolve(text, true, Some(tag)).expect_err("SOPS refuses it");
            assert!(
                !refusal.to_string().contains(text) && !format!("{refusal:?}").contains(text),
                "{refusal}"
            );
        }
    }
}
