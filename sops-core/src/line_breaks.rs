//! The line breaks of an encrypted dotenv file that a program such as Git has converted to CR LF. `sops` cannot read it, and writes LF.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_carriage_return_of_each_line_is_the_line_breaks() {
        let text = b"a\r\nb\r\r\n\r\nc\r";
        assert_eq!(**without_returns(text), b"a\nb\r\n\nc"[..]);
        assert_eq!(with_returns("a\r\nb\n\nc"), "a\r\nb\r\n\r\nc");
    }
}
