//! Writes strings as a user would, where Go's libraries escape more than readers need: `<`, `>` and
//! `&` in JSON, and in YAML the characters beyond the Basic Multilingual Plane, such as emoji.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::json;
use crate::value::{Type, Value};
use crate::yaml::spell::{ScalarContext, spell, spell_key};

/// Appends a string value in JSON. Returns `false` and appends nothing for values of other types
/// and for bytes that are not UTF-8.
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
pub(super) fn spell_yaml(out: &mut String, value: Option<&Value<'_>>, context: ScalarContext) {
    let text = match value {
        Some(Value {
            kind: Type::Str,
            bytes,
        }) => str::from_utf8(bytes).ok(),
        _ => None,
    };
    let replaced = |out: &mut String, text: &str| {
        spell(out, Some(&Value::string(Cow::Borrowed(text))), context);
    };
    if !text.is_some_and(|text| with_stand_ins(out, text, replaced)) {
        spell(out, value, context);
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

/// Calls `write` on the text with a stand-in for each character beyond the Basic Multilingual
/// Plane, restores these characters in the output, and appends it. Returns `false` and appends
/// nothing if the text has no such characters.
fn with_stand_ins(out: &mut String, text: &str, write: impl FnOnce(&mut String, &str)) -> bool {
    let is_beyond = |character: char| character > '\u{ffff}';
    // A private-use character, which has no meaning in YAML. A value that contains it is written in
    // the usual way, and so is a value with line breaks that only some readers recognize.
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
