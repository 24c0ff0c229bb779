//! The characters of the subset.

/// Whether the text has only characters that have the same meaning for all readers: no controls
/// except line feeds and tabs, no byte order mark, and no line breaks besides the line feed.
pub(super) fn are_known(text: &str) -> bool {
    // Without branches, so that one instruction checks many bytes.
    let (mut is_known, mut is_ascii) = (true, true);
    for byte in text.bytes() {
        is_known &= (byte >= b' ') & (byte != 0x7f) | (byte == b'\n') | (byte == b'\t');
        is_ascii &= byte < 0x80;
    }
    is_known && (is_ascii || text.chars().all(is_known_character))
}

fn is_known_character(character: char) -> bool {
    match character {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        '\0'..='\u{7f}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => true,
        _ => false,
    }
}
