//! What is said to a person in the text that is being edited.

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
        const ADVICE: &str =
            "Mend it, save, and leave the editor; or leave it without a change to give up.";
        let count = error.lines(0).len() + 1;
        let mut lines = error.lines(count);
        lines.push(ADVICE.to_owned());
        lines
    }

    pub(crate) fn above(&self, lines: &[String], text: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut whole = Zeroizing::new(Vec::with_capacity(text.len() + 120 * lines.len()));
        for line in lines {
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
