//! URL-encoded and JSON-escaped strings. Encoders differ in which characters they leave unchanged,
//! so a string has several forms, most of which are usually equal.

use zeroize::Zeroizing;

use crate::texts::Texts;

/// The characters that a URL encoder leaves unchanged, in addition to letters, digits, `-`, `.` and
/// `_`, and whether it writes a space as `+`.
const URL_ENCODERS: [(&str, bool); 7] = [
    // RFC 3986.
    ("~", false),
    // Forms, by RFC 3986 and as in HTML.
    ("~", true),
    ("*", true),
    // `encodeURIComponent` and `encodeURI` of JavaScript.
    ("~!'()*", false),
    ("~!'()*;/?:@&=+$,#", false),
    // `quote` of Python.
    ("~/", false),
    // `url.PathEscape` of Go.
    ("~$&+:=@", false),
];

/// Adds the URL-encoded forms of the value, with digits in upper and in lower case.
pub(crate) fn add_url(value: &[u8], texts: &mut Texts) {
    for (kept, has_plus) in URL_ENCODERS {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            // The buffer never grows and leaves no copy of the value.
            let mut text = Zeroizing::new(Vec::with_capacity(3 * value.len()));
            for byte in value {
                match byte {
                    b' ' if has_plus => text.push(b'+'),
                    b'-' | b'.' | b'_' => text.push(*byte),
                    byte if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte) => {
                        text.push(*byte);
                    }
                    byte => text.extend([
                        b'%',
                        digits[usize::from(byte >> 4)],
                        digits[usize::from(byte & 15)],
                    ]),
                }
            }
            texts.add(&text);
        }
    }
}

/// What an encoder of JSON escapes besides `"`, `\` and control characters.
#[derive(Clone, Copy)]
struct JsonEncoder {
    /// `<`, `>`, `&` and the line separators of Unicode, as in Go.
    html: bool,
    /// All characters outside ASCII, as in Python.
    ascii: bool,
    /// `/`, as in PHP.
    slash: bool,
    /// The digits in upper case.
    upper: bool,
}

/// Adds the forms that the text has within JSON strings.
pub(crate) fn add_json(text: &str, texts: &mut Texts) {
    for choice in 0..16 {
        let chosen = |bit: u8| choice >> bit & 1 == 1;
        let encoder = JsonEncoder {
            html: chosen(0),
            ascii: chosen(1),
            slash: chosen(2),
            upper: chosen(3),
        };
        texts.add(encoder.escaped(text).as_bytes());
    }
}

impl JsonEncoder {
    fn escaped(self, text: &str) -> Zeroizing<String> {
        let mut escaped = Zeroizing::new(String::with_capacity(6 * text.len()));
        for character in text.chars() {
            match character {
                '"' | '\\' => escaped.extend(['\\', character]),
                '/' if self.slash => escaped.push_str("\\/"),
                '\u{8}' => escaped.push_str("\\b"),
                '\u{c}' => escaped.push_str("\\f"),
                '\n' => escaped.push_str("\\n"),
                '\r' => escaped.push_str("\\r"),
                '\t' => escaped.push_str("\\t"),
                character if self.is_escaped(character) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        escaped.push_str(&match self.upper {
                            true => format!("\\u{unit:04X}"),
                            false => format!("\\u{unit:04x}"),
                        });
                    }
                }
                character => escaped.push(character),
            }
        }
        escaped
    }

    fn is_escaped(self, character: char) -> bool {
        match character {
            '\0'..='\u{1f}' => true,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => self.html,
            character => self.ascii && !character.is_ascii(),
        }
    }
}
