//! Texts in quotes.

use std::fmt::Write as _;

use super::super::analysis::{BYTE_ORDER_MARK, is_break, is_printable};
use super::context::SpelledForm;
use super::lines::push_lines;

pub(super) fn single_quote(out: &mut String, text: &str, column: usize) -> SpelledForm {
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

/// Appends `text` in double quotes, on one line, escaping as `yaml.v3` does.
pub(super) fn double_quote(out: &mut String, text: &str) {
    // After a leading byte order mark, `yaml.v3` escapes every character.
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
pub(crate) fn escape(out: &mut String, character: char) {
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
            let written = match u32::from(character) {
                code @ 0..=0xff => write!(out, "\\x{code:02X}"),
                code @ 0x100..=0xffff => write!(out, "\\u{code:04X}"),
                code => write!(out, "\\U{code:08X}"),
            };
            written.expect("writing to a String cannot fail");
            return;
        }
    };
    out.push('\\');
    out.push(named);
}
