//! What is wrong with a YAML text, and what to do, in words of our own for the mistakes that people make.

use granit_parser::{ErrorKind, ScanError};

pub(crate) const MISPLACED_COLON: &str = "a `:` where none can stand: the line is indented too far, or its text has a `: ` in it and belongs in quotes";
pub(crate) const MISSING_COLON: &str = "missing `: ` after the key on this line; if the line belongs to the text before it, indent it more than that key";
pub(crate) const MISSING_KEY: &str =
    "no key where one belongs: the line is indented otherwise than the keys above it";
pub(crate) const MISSING_ITEM: &str = "no `- ` where one belongs: the line is indented otherwise than the items above it, or its `- ` is missing";
const TAB: &str = "a tab in the indentation; YAML is indented with spaces";
pub(crate) const OPEN_MAPPING: &str =
    "a `,` is missing between two entries in `{…}`, or the `}` behind the last one";
pub(crate) const OPEN_SEQUENCE: &str =
    "a `,` is missing between two items in `[…]`, or the `]` behind the last one";
pub(crate) const UNKNOWN_ANCHOR: &str = "an alias of an anchor that does not stand before it; put the text in quotes if the `*` belongs to it";
pub(crate) const OPEN_QUOTE: &str =
    "the quote that begins here is never closed; put another at the end of the text";
pub(crate) const MISSING_VALUE: &str =
    "no value where one belongs, as before a `,` or at the end of the text";

/// The message for an error at `offset` in the text; the parser's own message where it is a rare one.
pub(super) fn message(error: &ScanError, text: &str, offset: usize) -> String {
    let kind = error.kind();
    if let ErrorKind::UnexpectedCharacter { character } = kind {
        return match character {
            '\0' => "a NUL, which no YAML contains: the file may be in UTF-16, to be saved as UTF-8, or binary".to_owned(),
            control if control.is_control() => format!(
                "the control character `{}` cannot stand in YAML; in double quotes it is written `\\x{:02x}`",
                control.escape_debug(),
                u32::from(*control)
            ),
            '`' => "no text can begin with a backtick; put the text in quotes".to_owned(),
            other => format!(
                "no text can begin with `{}`; put the text in quotes",
                other.escape_debug()
            ),
        };
    }
    match words(kind) {
        // Most readers count a tab as no indentation, and then miss what it seems to belong to.
        Some(MISSING_KEY | MISSING_ITEM | MISSING_COLON) if is_indented_with_tab(text, offset) => {
            TAB.to_owned()
        }
        Some(words) => words.to_owned(),
        None => error.info(),
    }
}

/// Whether there is a tab before the first character of the line that `offset` is in.
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
        ErrorKind::TabInPlainScalar => {
            "a tab begins the line behind this text, in its indentation or in front of a `:`; YAML is indented with spaces"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => MISSING_COLON,
        ErrorKind::InvalidMappingValueWhitespace => "a blank is missing behind this `:`",
        ErrorKind::InvalidBlockEntryWhitespace => "a blank is missing behind this `-`",
        ErrorKind::MappingValueNotAllowed => MISPLACED_COLON,
        ErrorKind::InvalidColonPlacement => {
            "a `:` where none can stand: a bracket before it is not closed, or the text belongs in quotes"
        }
        ErrorKind::ExpectedBlockMappingKey => MISSING_KEY,
        ErrorKind::ExpectedBlockSequenceEntry => MISSING_ITEM,
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent => {
            "the line is indented too little, or otherwise than those above it"
        }
        ErrorKind::UnclosedQuotedScalar => OPEN_QUOTE,
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            "the quote that begins here is not closed before the next `---` or `...`"
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "text behind the closing quote; in single quotes, a `'` of the text is written twice"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "text behind the closing quote; in double quotes, a `\"` of the text is written `\\\"`"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "a `\\` in double quotes that begins no escape; write `\\\\`, or take single quotes"
        }
        ErrorKind::UnclosedFlowCollection { open: '[' } => {
            "the `[` that begins here is never closed; put a `]` after its last item, or the text in quotes if it starts with a `[`"
        }
        ErrorKind::UnclosedFlowCollection { .. } => {
            "the `{` that begins here is never closed; put a `}` after its last entry, or the text in quotes if it starts with a `{`"
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            "a bracket is closed here that was never opened; put the text in quotes, or take the bracket out"
        }
        ErrorKind::MismatchedFlowCollectionEnd { open: '[', .. } => {
            "a `[` is closed with `}`; it is closed with `]`"
        }
        ErrorKind::MismatchedFlowCollectionEnd { .. } => {
            "a `{` is closed with `]`; it is closed with `}`"
        }
        ErrorKind::ExpectedFlowMappingSeparator => OPEN_MAPPING,
        ErrorKind::ExpectedFlowSequenceSeparator => OPEN_SEQUENCE,
        ErrorKind::UnknownAnchor => UNKNOWN_ANCHOR,
        ErrorKind::MissingAnchorOrAliasName => {
            "a `*` or `&` without a name behind it; put the text in quotes if it begins so"
        }
        ErrorKind::UndeclaredTagHandle => {
            "a `!` with a name that no `%TAG` declares; put the text in quotes if it begins so"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "a `- ` where no list can begin; put it on the next line, or the text in quotes"
        }
        ErrorKind::MappingKeyNotAllowed => {
            "a `? ` where no key can begin; put the text in quotes if it begins so"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "text behind `|` or `>`; begin it on the next line, or put it in quotes"
        }
        ErrorKind::ExpectedDocumentStart => {
            "a line that begins with `%` is a directive, behind which a `---` belongs; put a key that begins so in quotes"
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
