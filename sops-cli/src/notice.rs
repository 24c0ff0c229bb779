//! What is said to a person in the text that is being edited.

use hardening::one_line;
use sops_core::Format;
use zeroize::Zeroizing;

use crate::command_error::CommandError;

/// Lines on top of a text, which are taken away again.
pub(crate) struct Notice {
    mark: &'static str,
}

impl Notice {
    pub(crate) fn new(format: Format) -> Self {
        let mark = match format {
            Format::Json => "// sops-rs: ",
            // The lines never reach the parser, so it is no matter whether they would be a comment.
            _ => "# sops-rs: ",
        };
        Self { mark }
    }

    /// The lines above a text that cannot be encrypted. The place is where it is below these lines.
    pub(crate) fn of_error(&self, error: &CommandError) -> Vec<String> {
        const ADVICE: &str = "Fix it, save, and leave the editor. To give up, leave it without a change: the text is then kept, and a message says where.";
        let count = error.lines(0).len() + 1;
        let mut lines = error.lines(count);
        lines.push(ADVICE.to_owned());
        lines
    }

    /// The text below these lines, each of which stays one line.
    pub(crate) fn above(&self, lines: &[String], text: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + 120 * lines.len()));
        for line in lines {
            // After a line break, the rest of the line would become part of the document.
            let line = one_line(line);
            whole.extend_from_slice(format!("{}{line}\n", self.mark).as_bytes());
        }
        whole.extend_from_slice(text);
        whole
    }

    pub(crate) fn stripped<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        // Some editors put a byte order mark in front of everything.
        let behind = text.strip_prefix("\u{feff}".as_bytes());
        let is_ours = |text: &&[u8]| text.starts_with(self.mark.trim_end().as_bytes());
        let mut rest = behind.filter(is_ours).unwrap_or(text);
        while is_ours(&rest) {
            let end = rest.iter().position(|byte| *byte == b'\n');
            rest = end.map_or(&[], |end| &rest[end + 1..]);
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
            let notice = Notice::new(format);
            for line_break in [
                "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}",
            ] {
                let lines = [format!("age1x{line_break}data: injected")];
                let text = notice.above(&lines, b"a: 1\n");
                assert!(
                    !str::from_utf8(&text)
                        .expect("it is UTF-8")
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
}
