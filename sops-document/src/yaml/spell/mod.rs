//! How SOPS spells a value in YAML, which is how `yaml.v3` encodes a node that was made from the bare value.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::analysis::{Analysis, BYTE_ORDER_MARK, is_break, is_printable};
use super::resolve::resolve;
use crate::value::{Type, Value};
use sops_go_compat::{parse_float, write_general};

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScalarContext {
    /// What it stands in.
    pub(crate) container: ParentKind,
    /// The column of the container's keys or dashes, in characters from 0; of no meaning outside of block collections.
    pub(crate) column: usize,
    /// The columns a level is indented by, 2 to 9.
    pub(crate) step: usize,
}

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParentKind {
    /// The document itself.
    Document,
    /// A block mapping, as the value of a key.
    Mapping,
    /// A block sequence.
    Sequence,
    /// A flow collection, in which everything stays on one line.
    Flow,
}

impl ScalarContext {
    /// The column in which a block inside of this place begins.
    pub(crate) fn content_column(self) -> usize {
        match self.container {
            ParentKind::Document | ParentKind::Flow => self.step,
            ParentKind::Mapping => (self.column / self.step + 1) * self.step,
            ParentKind::Sequence => self.column + 2,
        }
    }
}

/// How a value was spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpelledForm {
    /// On the line that it begins on.
    Line,
    /// As a block scalar, or with line breaks in it.
    MultiLine {
        /// The offset in the output behind the first line, where a comment of that line has its place. Behind a header
        /// that ends in `+`, blank lines that follow the value would become part of it.
        first_line_end: usize,
    },
}

/// Appends `value` (`None` for null) as SOPS spells it at `place`, without the line break that ends its last line.
///
/// A string is plain where it reads back as itself, in single or double quotes where it does not, and a literal block
/// where it has a `\n`; one that is no UTF-8 is base64 under `!!binary`. Where what SOPS writes does not read back as the
/// value (a text that begins with a tab and has more lines becomes `null`; an indentation indicator inside of a sequence
/// counts wrong), the nearest spelling that does is written.
pub(crate) fn spell(
    out: &mut String,
    value: Option<&Value<'_>>,
    place: ScalarContext,
) -> SpelledForm {
    let Some(value) = value else {
        out.push_str("null");
        return SpelledForm::Line;
    };
    match (value.kind, str::from_utf8(&value.bytes)) {
        (_, Err(_)) => return spell_binary(out, &value.bytes, place),
        (Type::Str | Type::Bytes | Type::Comment, Ok(text)) => {
            return spell_string(out, text, place);
        }
        (Type::Bool, Ok("True")) => out.push_str("true"),
        (Type::Bool, Ok(_)) => out.push_str("false"),
        (Type::Float, Ok("+Inf")) => out.push_str(".inf"),
        (Type::Float, Ok("-Inf")) => out.push_str("-.inf"),
        (Type::Float, Ok("NaN")) => out.push_str(".nan"),
        (Type::Float, Ok(text)) => match parse_float(text) {
            Some(float) => write_general(out, float),
            None => out.push_str(text),
        },
        (Type::Int | Type::Time, Ok(text)) => out.push_str(text),
    }
    SpelledForm::Line
}

/// Appends the key of a block mapping in `column` and its `:`, and tells whether it had to be explicit (`? ` on a line
/// before), as keys of more than 128 bytes and those with line breaks are.
pub(crate) fn spell_key(out: &mut String, key: &str, column: usize, step: usize) -> bool {
    const LONGEST_IMPLICIT: usize = 128;
    let explicit = key.len() > LONGEST_IMPLICIT || Analysis::of(key).is_multiline();
    if explicit {
        out.push_str("? ");
    }
    spell_string(
        out,
        key,
        ScalarContext {
            container: ParentKind::Mapping,
            column,
            step,
        },
    );
    if explicit {
        break_line(out, column);
    }
    out.push(':');
    explicit
}

/// Ends the line and indents the next one.
pub(super) fn break_line(out: &mut String, column: usize) {
    out.push('\n');
    indent(out, column);
}

/// Appends `columns` spaces.
pub(super) fn indent(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

fn spell_string(out: &mut String, text: &str, place: ScalarContext) -> SpelledForm {
    let analysis = Analysis::of(text);
    let (plain_allowed, flow) = match place.container {
        ParentKind::Flow => (analysis.is_flow_plain(), true),
        _ => (analysis.is_block_plain(), false),
    };
    if text.contains('\n') {
        // A line separator at the end would end the line for Go, and only for Go.
        if analysis.is_literal() && !flow && !text.ends_with(['\u{2028}', '\u{2029}']) {
            return spell_literal(out, text, place);
        }
        double_quote(out, text);
    } else if !stays_string(text) {
        double_quote(out, text);
    } else if plain_allowed {
        // Go's YAML library tags the text of the merge key, so that it stays one.
        out.push_str(if text == "<<" { "!!merge <<" } else { text });
    } else if analysis.is_single_quoted() && !(flow && analysis.is_multiline()) {
        return single_quote(out, text, place.content_column());
    } else {
        double_quote(out, text);
    }
    SpelledForm::Line
}

/// Whether a plain `text` is a string to `yaml.v3` and to YAML 1.1, whose further booleans and base 60 it still quotes.
fn stays_string(text: &str) -> bool {
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

/// Whether `text` is `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`, a number of base 60 in YAML 1.1.
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

fn spell_literal(out: &mut String, text: &str, place: ScalarContext) -> SpelledForm {
    let column = place.content_column();
    out.push('|');
    if text.starts_with([' ', '\t']) || text.starts_with(is_break) {
        let indicated = match place.container {
            // SOPS always writes the step, which does no harm where there is no line to be indented.
            ParentKind::Mapping | ParentKind::Sequence if !text.chars().all(is_break) => {
                column - place.column
            }
            _ => place.step,
        };
        let _ = write!(out, "{indicated}");
    }
    let mut from_end = text.chars().rev();
    match (
        from_end.next().is_some_and(is_break),
        from_end.next().is_none_or(is_break),
    ) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    let first_line_end = out.len();
    out.push('\n');
    push_lines(out, text.strip_suffix('\n').unwrap_or(text), column, true);
    SpelledForm::MultiLine { first_line_end }
}

fn single_quote(out: &mut String, text: &str, column: usize) -> SpelledForm {
    let start = out.len();
    out.push('\'');
    push_lines(out, &text.replace('\'', "''"), column, false);
    out.push('\'');
    match out[start..].find(is_break) {
        Some(at) => SpelledForm::MultiLine {
            first_line_end: start + at,
        },
        None => SpelledForm::Line,
    }
}

/// Appends a text, each line but blank ones indented.
fn push_lines(out: &mut String, text: &str, column: usize, mut at_line_start: bool) {
    for line in text.split_inclusive(is_break) {
        if at_line_start && !line.starts_with(is_break) {
            indent(out, column);
        }
        out.push_str(line);
        at_line_start = true;
    }
}

/// Appends a text in double quotes, on one line, escaping as `yaml.v3` does.
fn double_quote(out: &mut String, text: &str) {
    // Behind a leading byte order mark `yaml.v3` escapes every character.
    let all = text.starts_with(BYTE_ORDER_MARK);
    out.push('"');
    for character in text.chars() {
        if all || needs_escape(character) {
            escape(out, character);
        } else {
            out.push(character);
        }
    }
    out.push('"');
}

fn needs_escape(character: char) -> bool {
    !is_printable(character) || is_break(character) || matches!(character, '"' | '\\')
}

/// Appends the shortest escape that YAML 1.1 and 1.2 share.
pub(super) fn escape(out: &mut String, character: char) {
    let named = match character {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            // Writing onto a `String` cannot fail.
            let _ = match u32::from(character) {
                code @ 0..=0xff => write!(out, "\\x{code:02X}"),
                code @ 0x100..=0xffff => write!(out, "\\u{code:04X}"),
                code => write!(out, "\\U{code:08X}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(named);
}

/// Appends bytes that are no UTF-8, in lines of 70 characters where they do not fit on one.
fn spell_binary(out: &mut String, bytes: &[u8], place: ScalarContext) -> SpelledForm {
    const LINE: usize = 70;
    out.push_str("!!binary ");
    let encoded = STANDARD.encode(bytes);
    if encoded.len() <= LINE || place.container == ParentKind::Flow {
        out.push_str(&encoded);
        return SpelledForm::Line;
    }
    out.push('|');
    let first_line_end = out.len();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(LINE.min(rest.len()));
        break_line(out, place.content_column());
        out.push_str(line);
        rest = behind;
    }
    SpelledForm::MultiLine { first_line_end }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use granit_parser::{Event, Parser};
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;
    use sops_test_support::vectors;

    #[derive(serde::Deserialize)]
    struct Strings {
        value: String,
        map: String,
        nested: String,
        seq: String,
        seqmap: String,
    }

    /// The places in which what SOPS writes for a value of the other vectors does not read back as it.
    #[derive(serde::Deserialize)]
    struct Unreadable {
        value: String,
        places: Vec<String>,
    }

    #[derive(serde::Deserialize)]
    struct Numbers {
        plaintext: String,
        spelled: String,
        #[serde(rename = "type")]
        kind: String,
    }

    /// The scalars of a document, `None` where it does not parse.
    fn scalars(text: &str) -> Option<Vec<String>> {
        let mut scalars = Vec::new();
        for event in Parser::new_from_str(text) {
            if let Event::Scalar(content, ..) = event.ok()?.0 {
                scalars.push(content.into_owned());
            }
        }
        Some(scalars)
    }

    /// Whether a reader of YAML 1.2 takes the lines of a text for those that `yaml.v3` takes them for.
    fn has_lines_of_one_kind(text: &str) -> bool {
        !text.contains(['\u{2028}', '\u{2029}'])
    }

    #[test]
    fn strings_are_spelled_as_sops_spells_them_where_that_reads_back() {
        let places = [
            ("map", "k: ", ParentKind::Mapping, 0),
            ("nested", "o:\n    k: ", ParentKind::Mapping, 4),
            ("seq", "k:\n    - ", ParentKind::Sequence, 4),
            ("seqmap", "o:\n    - k: ", ParentKind::Mapping, 6),
        ];
        let unreadable = vectors::read::<Unreadable>("yaml-spell-unreadable.jsonl");
        let is_unreadable = |text: &str, place: &str| {
            unreadable.iter().any(|vector| {
                vector.value == text && vector.places.iter().any(|name| name == place)
            })
        };
        for vector in vectors::read::<Strings>("yaml-spell-strings.jsonl") {
            let text = &vector.value;
            let spelled_by_sops = [&vector.map, &vector.nested, &vector.seq, &vector.seqmap];
            for ((name, before, container, column), expected) in
                places.into_iter().zip(spelled_by_sops)
            {
                let value = Value {
                    kind: Type::Str,
                    bytes: Cow::Borrowed(text.as_bytes()),
                };
                let mut spelled = before.to_owned();
                spell(
                    &mut spelled,
                    Some(&value),
                    ScalarContext {
                        container,
                        column,
                        step: 4,
                    },
                );
                spelled.push('\n');
                if is_unreadable(text, name) {
                    assert_ne!(spelled, *expected);
                    let read = scalars(&spelled).and_then(|mut scalars| scalars.pop());
                    assert!(
                        read.as_ref() == Some(text) || !has_lines_of_one_kind(text),
                        "{spelled:?}"
                    );
                } else if !expected.ends_with('\n') {
                    // SOPS leaves out the line break here, since the line separator is one to Go.
                    assert_eq!(
                        spelled,
                        format!(
                            "{before}\"{}\"\n",
                            text.replace('\n', "\\n").replace('\u{2028}', "\\L")
                        )
                    );
                } else {
                    assert_eq!(spelled, *expected);
                }
            }
        }
    }

    #[test]
    fn what_is_spelled_reads_back_at_every_place() {
        const CHARACTERS: [&str; 44] = [
            "a", "b", "Z", "0", "1", "9", " ", " ", " ", "\n", "\n", "\n", "\n", "\t", ":", "#",
            "-", "?", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`",
            "~", "\\", ".", "é", "漢", "😀", "\u{a0}", "\r", "\u{85}", "\0", "\u{feff}",
        ];
        let seed = 7;
        let mut random = StdRng::seed_from_u64(seed);
        for round in 0..3_000 {
            // Half of the texts have but letters and white space, on which block scalars turn.
            let kinds = if round % 2 == 0 { 14 } else { CHARACTERS.len() };
            let length = random.random_range(0..10);
            let text: String = (0..length)
                .map(|_| CHARACTERS[random.random_range(0..kinds)])
                .collect();
            let value = Value {
                kind: Type::Str,
                bytes: Cow::Borrowed(text.as_bytes()),
            };
            let (column, step) = (random.random_range(1..8), random.random_range(2..=9));
            let margin = " ".repeat(column);
            for (container, before, behind) in [
                (
                    ParentKind::Mapping,
                    format!("o:\n{margin}k: "),
                    format!("\n{margin}z: end\n"),
                ),
                (
                    ParentKind::Sequence,
                    format!("o:\n{margin}- "),
                    format!("\n{margin}- end\n"),
                ),
                (
                    ParentKind::Flow,
                    "o: {k: ".to_owned(),
                    ", z: end}\n".to_owned(),
                ),
                (ParentKind::Flow, "o: [".to_owned(), ", end]\n".to_owned()),
            ] {
                let mut document = before;
                spell(
                    &mut document,
                    Some(&value),
                    ScalarContext {
                        container,
                        column,
                        step,
                    },
                );
                document.push_str(&behind);
                let read = scalars(&document).unwrap_or_default();
                let read = read
                    .iter()
                    .filter(|scalar| !matches!(scalar.as_str(), "o" | "k" | "z"))
                    .collect::<Vec<_>>();
                assert_eq!(read, [&text, "end"], "seed {seed}: {document:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        for (length, spelled) in [
            (3, "!!binary /wD/".to_owned()),
            (51, format!("!!binary {}", "/wD/".repeat(17))),
            (
                54,
                format!("!!binary |\n    {}/w\n    D/", "/wD/".repeat(17)),
            ),
        ] {
            let bytes = [0xff, 0, 0xff].repeat(length / 3);
            let value = Value {
                kind: Type::Str,
                bytes: Cow::Owned(bytes),
            };
            let mut out = String::new();
            spell(
                &mut out,
                Some(&value),
                ScalarContext {
                    container: ParentKind::Mapping,
                    column: 0,
                    step: 4,
                },
            );
            assert_eq!(out, spelled);
        }
    }

    #[test]
    fn a_block_tells_where_its_header_ends() {
        for (text, form) in [
            ("a\nb", SpelledForm::MultiLine { first_line_end: 2 }),
            (" a\n\n", SpelledForm::MultiLine { first_line_end: 3 }),
            ("a", SpelledForm::Line),
        ] {
            let value = Value {
                kind: Type::Str,
                bytes: Cow::Borrowed(text.as_bytes()),
            };
            let place = ScalarContext {
                container: ParentKind::Mapping,
                column: 0,
                step: 4,
            };
            assert_eq!(
                spell(&mut String::new(), Some(&value), place),
                form,
                "{text:?}"
            );
        }
    }

    #[test]
    fn other_types_are_spelled_as_sops_spells_them() {
        for vector in vectors::read::<Numbers>("yaml-spell-numbers.jsonl") {
            let kind = Type::from_name(&vector.kind).expect("the vectors name types of SOPS");
            let value = Value {
                kind,
                bytes: Cow::Borrowed(vector.plaintext.as_bytes()),
            };
            let mut spelled = String::new();
            spell(
                &mut spelled,
                Some(&value),
                ScalarContext {
                    container: ParentKind::Mapping,
                    column: 0,
                    step: 4,
                },
            );
            assert_eq!(
                spelled, vector.spelled,
                "{} {}",
                vector.kind, vector.plaintext
            );
        }
    }
}
