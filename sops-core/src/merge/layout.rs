//! Positions in text: lines, columns, the separators of entries.

/// The start of the line that contains `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the line that contains `at`, after its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The number of characters before `at` in its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    column_after(text, (line_start(text, at), 0), at)
}

/// The column of `at`, counted from an earlier position whose column is known. In a long line,
/// counting from the start of the line would take too long for many positions.
pub(super) fn column_after(text: &str, (known, column): (usize, usize), at: usize) -> usize {
    let between = &text[known..at];
    match between.rfind('\n') {
        Some(newline) => between[newline + 1..].chars().count(),
        None => column + between.chars().count(),
    }
}

/// The offset of the dash in the text before an item.
pub(super) fn dash(lead: &str) -> Option<usize> {
    let mut start = 0;
    let mut dash = None;
    for line in lead.split_inclusive('\n') {
        let bare = line.trim_start();
        if bare.starts_with('-') {
            dash = Some(start + line.len() - bare.len());
        }
        start += line.len();
    }
    dash
}

/// The end of the entry whose value ends at `from`, which is before the next comma, and where the
/// text of the next entry begins. Commas in comments do not count.
pub(super) fn comma_after(text: &str, from: usize, limit: usize) -> (usize, usize) {
    let mut in_comment = false;
    for (offset, byte) in text[from..limit].bytes().enumerate() {
        match byte {
            b'\n' => in_comment = false,
            b'#' => in_comment = true,
            b',' if !in_comment => return (from + offset, from + offset + 1),
            _ => {}
        }
    }
    (from, from)
}

/// The length of the lines before the first entry of a document that end with its `---`.
pub(super) fn document_header(text: &str) -> usize {
    let mut length = 0;
    let mut header = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        if line.starts_with("---") {
            header = length;
        }
    }
    header
}

/// Whether the text has a comment: something other than spaces and the dash of an item.
pub(super) fn has_comment(text: &str) -> bool {
    !text
        .trim_matches([' ', '\t', '\r', '\n', '-', ','])
        .is_empty()
}
