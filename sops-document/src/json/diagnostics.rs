//! Messages for JSON syntax errors. For common mistakes, they say what is wrong and what to do.

use jiter::{JiterError, JiterErrorType, JsonErrorType};

/// Where the error begins. For half a surrogate pair, the parser only reports the end, where the
/// other half is missing.
pub(super) fn offset(text: &str, error: &JiterError) -> usize {
    let escape_before = |end: usize| text.get(..end)?.rfind(r"\u");
    let escape = match error.error_type {
        JiterErrorType::JsonError(JsonErrorType::UnexpectedEndOfHexEscape) => {
            escape_before(error.index)
        }
        JiterErrorType::JsonError(JsonErrorType::LoneLeadingSurrogateInHexEscape) => {
            escape_before(error.index).and_then(|last| match text.as_bytes()[last + 2..] {
                [b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..] => Some(last),
                // The last escape is not a second half, so the first half before it is alone.
                _ => escape_before(last),
            })
        }
        _ => None,
    };
    escape.unwrap_or(error.index)
}

/// The message for an error in the text.
pub(super) fn message(text: &str, error: &JiterError) -> String {
    let rest = text.get(error.index..).unwrap_or_default().trim_start();
    let JiterErrorType::JsonError(kind) = &error.error_type else {
        return error.error_type.to_string();
    };
    let words = match kind {
        JsonErrorType::TrailingComma => "a `,` after the last entry; remove it",
        JsonErrorType::KeyMustBeAString
        | JsonErrorType::ExpectedSomeValue
        | JsonErrorType::ExpectedSomeIdent
        | JsonErrorType::ExpectedObjectCommaOrEnd
        | JsonErrorType::ExpectedListCommaOrEnd
            if is_comment(rest) =>
        {
            COMMENT
        }
        JsonErrorType::KeyMustBeAString => match rest.chars().next() {
            Some('\'') => SINGLE_QUOTES,
            Some(',') => "a `,` without an entry before it; remove it",
            _ => "a key without quotes; put it in double quotes",
        },
        JsonErrorType::ExpectedSomeIdent => BARE_WORD,
        JsonErrorType::ExpectedSomeValue => match rest.chars().next() {
            Some('\'') => SINGLE_QUOTES,
            Some(']' | '}' | ',' | ':') => "a value is missing here",
            Some('+' | '.') => "a malformed number; begin it with a digit or `-`",
            _ => BARE_WORD,
        },
        JsonErrorType::ExpectedObjectCommaOrEnd => match rest.chars().next() {
            Some(']') => "a `{` is closed with `]`; write `}`",
            Some('"') => "a `,` is missing before this key",
            _ => "a `,` or `}` is missing here",
        },
        JsonErrorType::ExpectedListCommaOrEnd => match rest.chars().next() {
            Some('}') => "a `[` is closed with `}`; write `]`",
            _ => "a `,` or `]` is missing here",
        },
        JsonErrorType::ExpectedColon => "missing `:` after the key",
        JsonErrorType::EofWhileParsingObject => "the text ends before a `}` closes the object",
        JsonErrorType::EofWhileParsingList => "the text ends before a `]` closes the list",
        JsonErrorType::EofWhileParsingString => "a quote is never closed",
        JsonErrorType::EofWhileParsingValue => "the text ends where a value is expected",
        JsonErrorType::ControlCharacterWhileParsingString => {
            "a line break, tab or other control character in a string; close the quote, or write it as `\\n`, `\\t`"
        }
        JsonErrorType::InvalidEscape => {
            "a `\\` in a string that does not begin an escape; write `\\\\`"
        }
        JsonErrorType::LoneLeadingSurrogateInHexEscape
        | JsonErrorType::UnexpectedEndOfHexEscape => {
            "a `\\u` escape that is half of a surrogate pair; the other half is missing"
        }
        JsonErrorType::InvalidNumber => {
            "a malformed number; JSON allows no leading zeros, and requires digits on both sides of the decimal point"
        }
        JsonErrorType::TrailingCharacters => match rest.chars().next() {
            _ if is_comment(rest) => COMMENT,
            Some('}' | ']') => "this bracket was never opened; remove it",
            Some('{') => {
                "another object after the end of the first; put each object into a file of its own"
            }
            _ => "text after the end of the object; remove it",
        },
        _ => return kind.to_string(),
    };
    words.to_owned()
}

pub(super) const COMMENT: &str = "a comment, which JSON does not allow; remove it";

const BARE_WORD: &str =
    "a string without quotes; put it in double quotes, or write `true`, `false` or `null`";

const SINGLE_QUOTES: &str = "a string in single quotes; use double quotes";

/// Whether the text begins like a comment in other formats.
pub(super) fn is_comment(text: &str) -> bool {
    ["//", "/*", "#"].iter().any(|mark| text.starts_with(mark))
}
