//! Escapes untrusted text so that it can't move the cursor, reorder or hide the text around it, or
//! start a new line.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Invisible characters: format characters (Unicode category Cf), such as bidirectional controls
/// and tags, and other Default_Ignorable_Code_Points, such as the Hangul fillers. The variation
/// selectors for emoji are not included.
const INVISIBLE: [RangeInclusive<char>; 25] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0d}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Whether the character selects the text or emoji presentation of the one before it.
pub fn is_emoji_selector(character: char) -> bool {
    matches!(character, '\u{fe0e}' | '\u{fe0f}')
}

/// Whether the character looks like a space: white space or the blank Braille pattern.
pub fn is_space(character: char) -> bool {
    character.is_whitespace() || character == '\u{2800}'
}

/// Whether the character is visible and does not affect the text around it. That excludes control,
/// format and other invisible characters, all spaces except the ASCII space, and the line and
/// paragraph separators, but not the [emoji selectors](is_emoji_selector).
pub fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let is_invisible = || INVISIBLE.iter().any(|range| range.contains(&character));
    !(character.is_control() || is_space(character) || is_invisible())
}

/// The text on one line, with an escape such as `\n` or `\u{202e}` for each character that is not
/// [printable](is_printable).
///
/// Escaping is idempotent. Backslashes stay as they are, so the result is for people, not for
/// parsers.
///
/// ```
/// use sops_printable::escaped;
///
/// assert_eq!(escaped("age1x\n\u{1b}[2K"), r"age1x\n\u{1b}[2K");
/// assert_eq!(escaped("naïve 🦀"), "naïve 🦀");
/// ```
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_but(text, &[])
}

/// Like [`escaped`], but keeps line feeds and tabs, for text with trusted line breaks.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    escaped_but(text, &['\n', '\t'])
}

/// The first `limit` characters of `text`, with `…` after them if there are more. Cut text before
/// you escape it, so that no escape is split.
pub fn beginning(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some((end, _)) => Cow::Owned(text[..end].to_owned() + "…"),
        None => Cow::Borrowed(text),
    }
}

fn escaped_but<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    let is_shown = |character: char| is_printable(character) || kept.contains(&character);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_shown(character) {
            true => out.push(character),
            false => out.extend(character.escape_default()),
        }
    }
    Cow::Owned(out)
}

/// The JSON text with a JSON escape for each character that is not [printable](is_printable). Its
/// meaning does not change.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    // Outside strings, formatted JSON contains only spaces and line feeds.
    let is_shown = |character: char| character == '\n' || is_printable(character);
    if json.chars().all(is_shown) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_shown(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_matches_unicode() {
        let pattern =
            r"^[[\p{Cc}\p{Cf}\p{Z}\u{2800}\p{Default_Ignorable_Code_Point}]--[ \u{fe0e}\u{fe0f}]]$";
        let unicode = regex_automata::meta::Regex::new(pattern).expect("the pattern is valid");
        for character in char::MIN..=char::MAX {
            let mut buffer = [0; 4];
            let is_in_unicode = unicode.is_match(character.encode_utf8(&mut buffer).as_bytes());
            assert_eq!(!is_printable(character), is_in_unicode, "{character:?}");
        }
    }

    #[test]
    fn only_unprintable_characters_are_escaped() {
        for text in [
            "",
            "plain",
            r"\.yaml$",
            "é e\u{301}",
            "日本語",
            "🦀 ❤\u{fe0f}",
            "שלום",
        ] {
            assert!(matches!(escaped(text), Cow::Borrowed(_)), "{text}");
        }
        for (text, line, lines) in [
            ("a\nb\tc", r"a\nb\tc", "a\nb\tc"),
            ("a\r\nb", r"a\r\nb", "a\\r\nb"),
            (
                "\u{1b}[2K\u{7}\0",
                r"\u{1b}[2K\u{7}\u{0}",
                r"\u{1b}[2K\u{7}\u{0}",
            ),
            (
                "\u{9b}2K\u{85}\u{7f}",
                r"\u{9b}2K\u{85}\u{7f}",
                r"\u{9b}2K\u{85}\u{7f}",
            ),
            ("\u{2028}\u{2029}", r"\u{2028}\u{2029}", r"\u{2028}\u{2029}"),
            (
                "\u{202e}\u{2066}\u{200b}\u{feff}",
                r"\u{202e}\u{2066}\u{200b}\u{feff}",
                r"\u{202e}\u{2066}\u{200b}\u{feff}",
            ),
            (
                "a\u{a0}b\u{3000}c\u{2800}d",
                r"a\u{a0}b\u{3000}c\u{2800}d",
                r"a\u{a0}b\u{3000}c\u{2800}d",
            ),
            ("é\u{e0041}", r"é\u{e0041}", r"é\u{e0041}"),
            (
                "\u{3164}\u{34f}\u{fe00}\u{e0100}",
                r"\u{3164}\u{34f}\u{fe00}\u{e0100}",
                r"\u{3164}\u{34f}\u{fe00}\u{e0100}",
            ),
        ] {
            assert_eq!(escaped(text), line);
            assert_eq!(escaped(&escaped(text)), line);
            assert_eq!(escaped_lines(text), lines);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, limit, beginning_of_it) in [
            ("", 0, ""),
            ("a", 0, "…"),
            ("äöü", 3, "äöü"),
            ("äöüß", 3, "äöü…"),
        ] {
            assert_eq!(beginning(text, limit), beginning_of_it);
        }
        let text = "\u{1b}".repeat(3);
        assert_eq!(escaped(&beginning(&text, 2)), r"\u{1b}\u{1b}…");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value =
            serde_json::json!({"a\u{202e}": ["\u{9b}2K\u{feff}\u{7f}", "é🦀", "\u{e0041}\n"]});
        let text = serde_json::to_string_pretty(&value).expect("the value is valid JSON");
        let shown = escaped_json(&text);
        assert!(
            shown
                .chars()
                .all(|character| character == '\n' || is_printable(character))
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).ok(),
            Some(value)
        );
    }
}
