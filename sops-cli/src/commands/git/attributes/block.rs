//! The lines of sops-rs in `.gitattributes`, between two comments. Everything else stays the same,
//! byte for byte, and these lines come last, because the last line that matches a file counts.

use super::line;

const BEGIN: &str = "# BEGIN sops-rs: `sops-rs git install` writes these lines";
/// The beginning of the comment if the line above had no line break.
const BEGIN_AFTER_OPEN_LINE: &str =
    "# BEGIN sops-rs: `sops-rs git install` writes these lines, and the line break above";
const END: &str = "# END sops-rs";

/// A `.gitattributes` file, divided into the lines of sops-rs and the others.
pub(crate) struct Attributes {
    /// The lines that sops-rs did not write.
    foreign: Vec<u8>,
    /// Whether the file has lines of sops-rs.
    pub(crate) has_block: bool,
}

impl Attributes {
    pub(crate) fn parse(text: &[u8]) -> Self {
        let mut foreign = Vec::new();
        let mut is_inside = false;
        let mut has_block = false;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.trim_ascii_end();
            if bare == BEGIN.as_bytes() || bare == BEGIN_AFTER_OPEN_LINE.as_bytes() {
                (is_inside, has_block) = (true, true);
                if bare == BEGIN_AFTER_OPEN_LINE.as_bytes() && foreign.ends_with(b"\n") {
                    foreign.pop();
                }
            } else if is_inside {
                is_inside = bare != END.as_bytes();
            } else {
                if !foreign.is_empty() && !foreign.ends_with(b"\n") {
                    foreign.push(b'\n');
                }
                foreign.extend_from_slice(line);
            }
        }
        Self { foreign, has_block }
    }

    /// The patterns in other lines that cover encrypted files.
    pub(super) fn covering(&self) -> impl Iterator<Item = &str> {
        let lines = self.foreign.split(|byte| *byte == b'\n');
        lines.filter_map(line::covering)
    }

    /// The file with lines for these patterns.
    pub(crate) fn with(&self, patterns: &[Vec<u8>]) -> Vec<u8> {
        let mut text = self.foreign.clone();
        if patterns.is_empty() {
            return text;
        }
        let is_open = !text.is_empty() && !text.ends_with(b"\n");
        let begin = match is_open {
            true => BEGIN_AFTER_OPEN_LINE,
            false => BEGIN,
        };
        if is_open {
            text.push(b'\n');
        }
        let lines = patterns.iter().map(|pattern| line::of_pattern(pattern));
        let lines = std::iter::once(begin.into())
            .chain(lines)
            .chain([END.into()]);
        for line in lines {
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_stay_byte_for_byte() {
        let patterns = [b"/a.yaml".to_vec()];
        for text in [
            "",
            "*.png binary\n",
            "# c\r\n*.txt text\r\n",
            "*.png binary",
            "\n\n",
            "a -diff\n\nb",
        ] {
            let with = Attributes::parse(text.as_bytes()).with(&patterns);
            let again = Attributes::parse(&with);
            assert!(again.has_block);
            assert_eq!(again.foreign, text.as_bytes(), "{text:?}");
            assert_eq!(again.with(&patterns), with, "{text:?}");
            assert_eq!(again.with(&[]), text.as_bytes());
            // Lines that were added after ours stay too.
            let more = [&with[..], b"*.gif binary\n"].concat();
            let foreign = Attributes::parse(&more).foreign;
            let separator = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                "\n"
            };
            assert_eq!(
                foreign,
                format!("{text}{separator}*.gif binary\n").as_bytes()
            );
        }
    }

    #[test]
    fn the_lines_are_marked() {
        let text = Attributes::parse(b"*.png binary\n").with(&[b"*.enc.yaml".to_vec()]);
        assert_eq!(
            String::from_utf8_lossy(&text),
            "*.png binary\n\
             # BEGIN sops-rs: `sops-rs git install` writes these lines\n\
             *.enc.yaml diff=sops merge=sops\n\
             # END sops-rs\n"
        );
    }
}
