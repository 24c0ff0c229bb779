//! Text encodings.

/// Encodings in which a file may be saved by accident, mostly on Windows.
pub(crate) fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let utf32 = |text: &str, bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
        text.chars().map(u32::from).flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{text}");
    vec![
        ("utf-8-bom", marked.clone().into()),
        ("utf-16-le", utf16(text, u16::to_le_bytes)),
        ("utf-16-be", utf16(text, u16::to_be_bytes)),
        ("utf-16-le-bom", utf16(&marked, u16::to_le_bytes)),
        ("utf-16-be-bom", utf16(&marked, u16::to_be_bytes)),
        ("utf-32-le", utf32(text, u32::to_le_bytes)),
        ("utf-32-be", utf32(text, u32::to_be_bytes)),
        ("utf-32-le-bom", utf32(&marked, u32::to_le_bytes)),
        ("utf-32-be-bom", utf32(&marked, u32::to_be_bytes)),
    ]
}
