//! Messages for YAML syntax errors. For common mistakes, they say what is wrong and what to do.

use granit_parser::{ErrorKind, ScanError};

pub(crate) const MISPLACED_COLON: &str =
    "unexpected `:`; the line is indented too far, or its text contains `: ` and needs quotes";
pub(crate) const MISSING_COLON: &str = "missing `: ` after the key on this line; if the line continues the text before it, indent it more than that key";
pub(crate) const MISSING_KEY: &str =
    "expected a key; this line is indented differently from the keys above it";
pub(crate) const MISSING_ITEM: &str = "expected `- `; this line is indented differently from the items above it, or its `- ` is missing";
pub(super) const TOO_DEEP: &str = "nested too deeply (parser limit exceeded)";
const TAB: &str = "a tab in the indentation; indent YAML with spaces";
pub(crate) const OPEN_MAPPING: &str =
    "missing `,` between two entries in `{…}`, or missing `}` after the last one";
pub(crate) const OPEN_SEQUENCE: &str =
    "missing `,` between two items in `[…]`, or missing `]` after the last one";
pub(crate) const UNKNOWN_ANCHOR: &str = "no anchor with this name before the alias; if the `*` is part of the text, put the text in quotes";
pub(crate) const OPEN_QUOTE: &str = "this quote is never closed; add one at the end of the text";
pub(crate) const MISSING_VALUE: &str =
    "missing value, for example before a `,` or at the end of the text";

/// The message for an error at `offset` in the text; for rare errors, the parser's own message.
pub(super) fn message(error: &ScanError, text: &str, offset: usize) -> String {
    let kind = error.kind();
    if let ErrorKind::UnexpectedCharacter { character } = kind {
        return match character {
            '\0' => "a NUL character, which YAML does not allow; if the file is UTF-16, save it as UTF-8".to_owned(),
            control if control.is_control() => format!(
                "the control character `{}` is not allowed in YAML; in double quotes, write `\\x{:02x}`",
                control.escape_debug(),
                u32::from(*control)
            ),
            '`' => "unquoted text cannot begin with a backtick; put it in quotes".to_owned(),
            other => format!(
                "unquoted text cannot begin with `{}`; put it in quotes",
                other.escape_debug()
            ),
        };
    }
    match words(kind) {
        // Most readers don't count a tab as indentation, and then report a misleading error.
        Some(MISSING_KEY | MISSING_ITEM | MISSING_COLON) if is_indented_with_tab(text, offset) => {
            TAB.to_owned()
        }
        Some(words) => words.to_owned(),
        None => error.info(),
    }
}

/// Whether a tab comes before the first character of the line at `offset`.
fn is_indented_with_tab(text: &str, offset: usize) -> bool {
    let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..];
    let content = line.trim_start_matches([' ', '\t']);
    line[..line.len() - content.len()].contains('\t')
}

fn words(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => TAB,
        ErrorKind::RecursionLimitExceeded => TOO_DEEP,
        ErrorKind::TabInPlainScalar => {
            "a tab begins the line after this text, or comes before a `:`; indent YAML with spaces"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => MISSING_COLON,
        ErrorKind::InvalidMappingValueWhitespace => "missing space after this `:`",
        ErrorKind::InvalidBlockEntryWhitespace => "missing space after this `-`",
        ErrorKind::MappingValueNotAllowed => MISPLACED_COLON,
        ErrorKind::InvalidColonPlacement => {
            "unexpected `:`; a bracket before it is not closed, or the text needs quotes"
        }
        ErrorKind::ExpectedBlockMappingKey => MISSING_KEY,
        ErrorKind::ExpectedBlockSequenceEntry => MISSING_ITEM,
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent => {
            "this line is indented too little, or differently from the lines above it"
        }
        ErrorKind::UnclosedQuotedScalar => OPEN_QUOTE,
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            "this quote is not closed before the next `---` or `...`"
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "text after the closing quote; in single quotes, write `''` for a `'`"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "text after the closing quote; in double quotes, write `\\\"` for a `\"`"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "a `\\` in double quotes that does not begin an escape; write `\\\\`, or use single quotes"
        }
        ErrorKind::UnclosedFlowCollection { open: '[' } => {
            "this `[` is never closed; add a `]` after the last item or, if the `[` is part of the text, put the text in quotes"
        }
        ErrorKind::UnclosedFlowCollection { .. } => {
            "this `{` is never closed; add a `}` after the last entry or, if the `{` is part of the text, put the text in quotes"
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            "this bracket was never opened; remove it, or put the text in quotes"
        }
        ErrorKind::MismatchedFlowCollectionEnd { open: '[', .. } => {
            "a `[` is closed with `}`; write `]`"
        }
        ErrorKind::MismatchedFlowCollectionEnd { .. } => "a `{` is closed with `]`; write `}`",
        ErrorKind::ExpectedFlowMappingSeparator => OPEN_MAPPING,
        ErrorKind::ExpectedFlowSequenceSeparator => OPEN_SEQUENCE,
        ErrorKind::UnknownAnchor => UNKNOWN_ANCHOR,
        ErrorKind::MissingAnchorOrAliasName => {
            "a `*` or `&` without a name after it; if it is part of the text, put the text in quotes"
        }
        ErrorKind::UndeclaredTagHandle => {
            "a `!` with a name that no `%TAG` declares; if the `!` is part of the text, put the text in quotes"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a list cannot begin here; move the `- ` to the next line, or put the text in quotes"
        }
        ErrorKind::MappingKeyNotAllowed => {
            "a key cannot begin here; if the `? ` is part of the text, put the text in quotes"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "text after `|` or `>`; begin it on the next line, or put it in quotes"
        }
        ErrorKind::ExpectedDocumentStart => {
            "a line that begins with `%` is a directive and needs a `---` after it; if the `%` is part of a key, put the key in quotes"
        }
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::ExpectedNodeContent => MISSING_VALUE,
        _ => return None,
    })
}
