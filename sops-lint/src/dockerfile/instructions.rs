//! The instructions of a Dockerfile. Line continuations become spaces, so that positions in an
//! instruction are positions in the file.

use std::ops::Range;
use std::path::Path;

/// An instruction.
pub(crate) struct Instruction<'t> {
    /// The name in upper case, such as `ENV`.
    pub(crate) name: String,
    /// The text after the name, including flags of the instruction.
    pub(crate) rest: &'t str,
    /// The offset of `rest` in the text.
    pub(crate) at: usize,
}

/// Whether the file has the name of a Dockerfile.
pub(crate) fn is_dockerfile(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    ["Dockerfile", "Containerfile"].iter().any(|kind| {
        name == *kind
            || name.starts_with(&format!("{kind}."))
            || name.ends_with(&format!(".{kind}"))
    }) || name.ends_with(".dockerfile")
}

/// The text with each instruction on one line, and the ranges of the instructions. Bytes that are
/// not UTF-8 become `?`, so that a comment in another encoding does not hide the rest.
pub(crate) fn instructions(bytes: &[u8], joined: &mut String) -> Vec<Range<usize>> {
    let mut text: Vec<u8> = match str::from_utf8(bytes) {
        Ok(_) => bytes.to_vec(),
        Err(_) => bytes
            .iter()
            .map(|byte| if byte.is_ascii() { *byte } else { b'?' })
            .collect(),
    };
    let escape = escape_character(bytes);
    let mut instructions = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < bytes.len() {
        let line = line_at(bytes, at);
        let content = bytes[line.clone()].trim_ascii();
        let next = line.end;
        if content.is_empty() || content.starts_with(b"#") {
            // Comments may also be between the lines of an instruction.
            text[line].fill(b' ');
            at = next;
            continue;
        }
        let indent = bytes[line.clone()]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        let begin = *open.get_or_insert(line.start + indent.count());
        if content.ends_with(&[escape]) {
            let last = bytes[line.clone()].iter().rposition(|byte| *byte == escape);
            text[line.start + last.unwrap_or_default()..line.end].fill(b' ');
            at = next;
            continue;
        }
        open = None;
        let end = heredoc_end(bytes, begin..next);
        instructions.push(begin..end);
        at = end;
    }
    instructions.extend(open.map(|begin| begin..bytes.len()));
    // Only whole lines and ASCII characters became spaces, so the text is still UTF-8.
    *joined = String::from_utf8(text).expect("spaces replaced whole characters");
    instructions
}

impl<'t> Instruction<'t> {
    /// The instruction in that range of the text. For `ONBUILD`, the instruction after it.
    pub(crate) fn read(text: &'t str, range: Range<usize>) -> Self {
        let whole = text.get(range.clone()).unwrap_or_default().trim_end();
        let line = whole.trim_start();
        let start = range.start + whole.len() - line.len();
        let name = line.split_whitespace().next().unwrap_or_default();
        let rest = line[name.len()..].trim_start();
        let at = start + line.len() - rest.len();
        if name.eq_ignore_ascii_case("ONBUILD") && !rest.is_empty() {
            return Self::read(text, at..at + rest.len());
        }
        Self {
            name: name.to_ascii_uppercase(),
            rest,
            at,
        }
    }

    /// The words, with quoted text as one word, each as a range of `rest`.
    pub(crate) fn words(&self) -> Vec<Range<usize>> {
        let mut words = Vec::new();
        let mut quote: Option<char> = None;
        let mut start: Option<usize> = None;
        let mut is_escaped = false;
        for (at, character) in self.rest.char_indices() {
            let was_escaped = is_escaped;
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' if quote != Some('\'') => is_escaped = true,
                '"' | '\'' if quote.is_none() => quote = Some(character),
                _ if quote == Some(character) => quote = None,
                _ => {}
            }
            let divides = character.is_whitespace() && quote.is_none() && !was_escaped;
            match (divides, start) {
                (false, None) => start = Some(at),
                (true, Some(begin)) => {
                    words.push(begin..at);
                    start = None;
                }
                _ => {}
            }
        }
        words.extend(start.map(|begin| begin..self.rest.len()));
        words
    }

    /// The strings in a list of the form `["a", "b"]`, each as a range of `rest`; `None` for any
    /// other form.
    pub(crate) fn list(&self) -> Option<Vec<Range<usize>>> {
        let begin = self.rest.find('[').filter(|at| {
            let before = self.rest[..*at].split_whitespace();
            before
                .into_iter()
                .all(|word| word.starts_with("--") || word == "CMD")
        })?;
        serde_json::from_str::<Vec<String>>(self.rest[begin..].trim()).ok()?;
        let mut texts = Vec::new();
        let mut open: Option<usize> = None;
        let mut is_escaped = false;
        for (at, byte) in self.rest.bytes().enumerate().skip(begin) {
            match (byte, open) {
                _ if is_escaped => is_escaped = false,
                (b'\\', Some(_)) => is_escaped = true,
                (b'"', None) => open = Some(at + 1),
                (b'"', Some(start)) => {
                    texts.push(start..at);
                    open = None;
                }
                _ => {}
            }
        }
        Some(texts)
    }
}

/// The character that continues a line: a backslash, unless a directive on the first lines names a
/// backtick.
fn escape_character(bytes: &[u8]) -> u8 {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some(directive) = line.trim_ascii().strip_prefix(b"#") else {
            break;
        };
        let Some(equals) = directive.iter().position(|byte| *byte == b'=') else {
            break;
        };
        let (key, value) = (
            directive[..equals].trim_ascii(),
            directive[equals + 1..].trim_ascii(),
        );
        if key.eq_ignore_ascii_case(b"escape") {
            return if value == b"`" { b'`' } else { b'\\' };
        }
    }
    b'\\'
}

/// The rest of the line from a position on, with its line break.
fn line_at(bytes: &[u8], at: usize) -> Range<usize> {
    let end = bytes[at..].iter().position(|byte| *byte == b'\n');
    at..end.map_or(bytes.len(), |end| at + end + 1)
}

/// The end of an instruction, including the text of its heredocs.
fn heredoc_end(bytes: &[u8], instruction: Range<usize>) -> usize {
    let line = String::from_utf8_lossy(&bytes[instruction.clone()]);
    let mut end = instruction.end;
    let takes = ["RUN", "COPY", "ADD"];
    let name = line.split_whitespace().next().unwrap_or_default();
    if !takes.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return end;
    }
    for (at, _) in line.match_indices("<<") {
        let rest = line[at + 2..].trim_start_matches('-');
        let mark: String = rest
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        // `<<<` is a here-string, and `1<<2` is arithmetic.
        let is_mark = mark.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let mut read = end;
        while is_mark && read < bytes.len() {
            let line = line_at(bytes, read);
            read = line.end;
            if bytes[line].trim_ascii() == mark.as_bytes() {
                end = read;
                break;
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let mut joined = String::new();
        let ranges = instructions(text.as_bytes(), &mut joined);
        assert_eq!(joined.len(), text.len());
        let read = ranges.into_iter().map(|range| {
            let instruction = Instruction::read(&joined, range);
            let words: Vec<_> = instruction.rest.split_whitespace().collect();
            assert!(text[instruction.at..].starts_with(words.first().copied().unwrap_or_default()));
            (instruction.name, words.join(" "))
        });
        read.collect()
    }

    #[test]
    fn lines_are_continued_as_docker_does() {
        for (text, name, rest) in [
            ("ENV \\\n  A=1 \\\n  B=2\n", "ENV", "A=1 B=2"),
            ("ENV A=1 \\\n  # why\n\n  B=2", "ENV", "A=1 B=2"),
            ("ENV A=1 \\\r\n  B=2\r\n", "ENV", "A=1 B=2"),
            (
                "# syntax=docker/dockerfile:1\n# escape=`\nENV A=1 `\n  B=2\n",
                "ENV",
                "A=1 B=2",
            ),
            ("# escape=`\nCOPY a C:\\\n", "COPY", "a C:\\"),
            ("env A=1 \\", "ENV", "A=1"),
            ("ONBUILD ENV A=1", "ENV", "A=1"),
            ("\u{2028}ENV A=1", "ENV", "A=1"),
            ("RUN <<EOF\na\nEOF\n", "RUN", "<<EOF a EOF"),
            (
                "RUN <<-'E' cat <<B\na\nE\nb\nB\n",
                "RUN",
                "<<-'E' cat <<B a E b B",
            ),
        ] {
            assert_eq!(read(text), [(name.to_owned(), rest.to_owned())], "{text}");
        }
        assert_eq!(read("# a\n\nFROM a\nRUN echo $((1<<2))\nRUN b\n").len(), 3);
        assert_eq!(read("RUN <<EOF\na\nFROM b\n").len(), 3);
    }

    #[test]
    fn words_in_quotes_are_one() {
        let words = |rest: &str| {
            let instruction = Instruction {
                name: String::new(),
                rest,
                at: 0,
            };
            let words = instruction.words().into_iter();
            words.map(|word| rest[word].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            words("A=\"b c\" D='e f' G=h\\ i"),
            ["A=\"b c\"", "D='e f'", "G=h\\ i"]
        );
        let list = |rest: &str| {
            let instruction = Instruction {
                name: String::new(),
                rest,
                at: 0,
            };
            let list = instruction.list()?.into_iter();
            Some(list.map(|text| rest[text].to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            list(r#"["a", "b \"c\"",   "d"]"#),
            Some(vec!["a".into(), "b \\\"c\\\"".into(), "d".into()])
        );
        assert_eq!(list(r#"["\u0061\/"]"#), Some(vec![r"\u0061\/".into()]));
        assert_eq!(list(r#"--interval=5s CMD ["a"]"#), Some(vec!["a".into()]));
        assert_eq!(list("[ -f a ] && b"), None);
    }
}
