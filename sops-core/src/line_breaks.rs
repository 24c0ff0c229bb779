//! Line breaks that differ from the encrypted file: those of dotenv files that a program such as
//! Git converted to CR LF, which `sops` cannot read, and those that old versions of SOPS omitted.

use zeroize::Zeroizing;

/// The text without one carriage return at the end of each line.
pub(crate) fn without_returns(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (line, line_break) = match line.strip_suffix(b"\n") {
            Some(line) => (line, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(line_break);
    }
    out
}

/// The text with a carriage return at the end of each line that has none.
pub(crate) fn with_returns(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// Ends the last line of `text`.
pub(crate) fn end_line(text: &mut Zeroizing<Vec<u8>>) {
    if text.ends_with(b"\n") {
        return;
    }
    let mut ended = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    ended.extend_from_slice(text);
    ended.push(b'\n');
    *text = ended;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_ended_once() {
        for text in ["{}", "{}\n"] {
            let mut text = Zeroizing::new(text.as_bytes().to_vec());
            end_line(&mut text);
            assert_eq!(**text, b"{}\n"[..]);
        }
    }

    #[test]
    fn one_carriage_return_per_line_belongs_to_the_line_break() {
        let text = b"a\r\nb\r\r\n\r\nc\r";
        assert_eq!(**without_returns(text), b"a\nb\r\n\nc"[..]);
        assert_eq!(with_returns("a\r\nb\n\nc"), "a\r\nb\r\n\r\nc");
    }
}
