//! Messages for the user at the top of the text in the editor.

use std::collections::HashSet;

use sops_core::Format;
use sops_printable::one_line;
use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// Lines above the text, which are removed after editing. A document may itself begin with comments
/// for the lint that look like them.
pub(crate) struct EditorHeader {
    mark: &'static str,
    /// All lines that were put above the text.
    lines: HashSet<String>,
}

impl EditorHeader {
    pub(crate) fn new(format: Format) -> Self {
        let mark = match format {
            Format::Json => "// sops-rs: ",
            // The lines never reach the parser, so they need not be valid comments.
            _ => "# sops-rs: ",
        };
        Self {
            mark,
            lines: HashSet::new(),
        }
    }

    /// The lines above text that cannot be encrypted. The line number in the message takes these
    /// lines into account.
    pub(crate) fn of_error(&self, error: &CommandError) -> Vec<String> {
        const ADVICE: &str = "Fix the error, save, and quit the editor. To give up, quit without changing the text: sops-rs keeps it and prints where it is.";
        let count = error.lines(0).len() + 1;
        let mut lines = error.lines(count);
        lines.push(ADVICE.to_owned());
        lines
    }

    /// The text with these lines above it. Each of them stays a single line.
    pub(crate) fn above(&mut self, lines: &[String], text: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + 120 * lines.len()));
        for line in lines {
            // After a line break, the rest of the line would become part of the document.
            let line = format!("{}{}", self.mark, one_line(line));
            whole.extend_from_slice(line.as_bytes());
            whole.push(b'\n');
            self.lines.insert(line);
        }
        whole.extend_from_slice(text);
        whole
    }

    /// The text without the lines that were put above it.
    pub(crate) fn stripped<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let after = |text: &'t [u8]| {
            let end = text.iter().position(|byte| *byte == b'\n');
            let (line, rest) = text.split_at(end.map_or(text.len(), |end| end + 1));
            let line = str::from_utf8(line).ok()?.trim_end();
            let is_ours = self.lines.iter().any(|ours| ours.trim_end() == line);
            is_ours.then_some(rest)
        };
        // Some editors add a byte order mark at the start.
        let marked = text.strip_prefix("\u{feff}".as_bytes());
        let mut rest = marked.and_then(after).unwrap_or(text);
        while let Some(text) = after(rest) {
            rest = text;
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_line_becomes_a_part_of_the_text() {
        for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini] {
            let mut notice = EditorHeader::new(format);
            for line_break in [
                "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}",
            ] {
                let lines = [format!("age1x{line_break}data: injected")];
                let text = notice.above(&lines, b"a: 1\n");
                assert!(
                    !str::from_utf8(&text)
                        .expect("the text is UTF-8")
                        .contains(&format!("x{line_break}"))
                );
                assert_eq!(
                    notice.stripped(&text),
                    b"a: 1\n",
                    "{format:?} {line_break:?}"
                );
            }
        }
    }

    #[test]
    fn only_lines_that_were_added_are_removed() {
        let mut notice = EditorHeader::new(Format::Yaml);
        let text = "# sops-rs: allow secret-in-env -- a test\na: 1\n";
        assert_eq!(notice.stripped(text.as_bytes()), text.as_bytes());
        let whole = notice.above(&["first".to_owned(), "second ".to_owned()], text.as_bytes());
        let whole = str::from_utf8(&whole).expect("the text is UTF-8");
        for edited in [
            whole.to_owned(),
            format!("\u{feff}{whole}"),
            whole.replacen('\n', "\r\n", 2),
            whole.replacen("# sops-rs: first\n", "", 1),
        ] {
            let stripped = notice.stripped(edited.as_bytes());
            assert_eq!(str::from_utf8(stripped), Ok(text), "{edited}");
        }
    }
}
