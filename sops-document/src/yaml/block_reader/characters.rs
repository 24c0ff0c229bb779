//! The characters of the subset.

/// Whether the text has only characters that have the same meaning for all readers: no controls
/// except line feeds and tabs, no byte order mark, and no line breaks besides the line feed.
pub(super) fn are_known(text: &str) -> bool {
    let (chunks, rest) = text.as_bytes().as_chunks::<LANES>();
    // One position of all chunks each, so that one instruction checks many bytes.
    let (mut unknown, mut highest) = ([false; LANES], [0; LANES]);
    for chunk in chunks {
        for (lane, byte) in chunk.iter().enumerate() {
            unknown[lane] |= is_unknown(*byte);
            highest[lane] |= byte;
        }
    }
    let is_known = !unknown.contains(&true) && !rest.iter().any(|byte| is_unknown(*byte));
    let is_ascii = highest.iter().chain(rest).all(u8::is_ascii);
    is_known && (is_ascii || text.chars().all(is_known_character))
}

/// How many bytes are checked at once.
const LANES: usize = 64;

/// Whether the byte is an unknown ASCII character.
fn is_unknown(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\n') & (byte != b'\t') | (byte == 0x7f)
}

fn is_known_character(character: char) -> bool {
    match character {
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        '\0'..='\u{7f}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'.. => true,
        _ => false,
    }
}
