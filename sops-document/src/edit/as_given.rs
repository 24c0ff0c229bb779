//! Strings as a person would write them, where Go's libraries escape more than any reader needs: `<`, `>` and `&` in JSON, and in YAML the
//! characters beyond the first plane, such as emoji.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::json;
use crate::value::{Type, Value};
use crate::yaml::spell::{ScalarContext, spell, spell_key};

/// Appends a string value in JSON. `false`, and nothing is appended, for values of other types and bytes that are not UTF-8.
pub(super) fn spell_json(out: &mut String, value: Option<&Value<'_>>) -> bool {
    match value.map(|value| (value.kind, str::from_utf8(&value.bytes))) {
        Some((Type::Str, Ok(text))) => {
            json::emit::spell_string_as_given(out, text);
            true
        }
        _ => false,
    }
}

/// Appends a value in YAML.
pub(super) fn spell_yaml(out: &mut String, value: Option<&Value<'_>>, place: ScalarContext) {
    let text = match value {
        Some(Value {
            kind: Type::Str,
            bytes,
        }) => str::from_utf8(bytes).ok(),
        _ => None,
    };
    let replaced = |out: &mut String, text: &str| {
        spell(out, Some(&Value::string(Cow::Borrowed(text))), place);
    };
    if !text.is_some_and(|text| with_stand_ins(out, text, replaced)) {
        spell(out, value, place);
    }
}

/// Appends a key in YAML, with its `:`.
pub(super) fn spell_yaml_key(out: &mut String, key: &str, column: usize, step: usize) {
    let replaced = |out: &mut String, key: &str| {
        spell_key(out, key, column, step);
    };
    if !with_stand_ins(out, key, replaced) {
        spell_key(out, key, column, step);
    }
}

/// Appends what `write` makes of the text with a character of the first plane in place of each beyond it, and puts these back. `false`, and
/// nothing is appended, if there are none.
fn with_stand_ins(out: &mut String, text: &str, write: impl FnOnce(&mut String, &str)) -> bool {
    let is_beyond = |character: char| character > '\u{ffff}';
    // A character for private use, which means nothing in YAML. A text that has it is written in the usual way, as is one with line breaks
    // that not every reader takes for some: such a text needs escapes.
    const STAND_IN: char = '\u{e0f0}';
    const FOREIGN: [char; 5] = [STAND_IN, '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    if !text.contains(is_beyond) || text.contains(FOREIGN) {
        return false;
    }
    let replaced = text.chars().map(|character| match is_beyond(character) {
        true => STAND_IN,
        false => character,
    });
    let replaced: Zeroizing<String> = Zeroizing::new(replaced.collect());
    let mut written = Zeroizing::new(String::new());
    write(&mut written, &replaced);
    let mut beyond = text.chars().filter(|character| is_beyond(*character));
    let put_back = |character| match character {
        STAND_IN => beyond.next().unwrap_or(character),
        _ => character,
    };
    out.extend(written.chars().map(put_back));
    true
}
