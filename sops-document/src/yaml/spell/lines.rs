//! Line breaks and indentation.

use super::super::analysis::is_break;

/// Ends the line and indents the next one.
pub(crate) fn break_line(out: &mut String, column: usize) {
    out.push('\n');
    indent(out, column);
}

/// Appends `columns` spaces.
pub(crate) fn indent(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

/// Appends `text`, indenting each line except blank ones.
pub(super) fn push_lines(out: &mut String, text: &str, column: usize, mut at_line_start: bool) {
    for line in text.split_inclusive(is_break) {
        if at_line_start && !line.starts_with(is_break) {
            indent(out, column);
        }
        out.push_str(line);
        at_line_start = true;
    }
}
