//! Rewrites flow mappings at the top level of documents in block style.
//!
//! Each entry of such a mapping gets its own line. Values in the entries can stay in flow style.

use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::document::Document;
use crate::edit::site::{Site, content_end};
use crate::format::Format;
use crate::splice::Splices;
use crate::tape::Item;
use crate::yaml::lexical::key_end;
use crate::yaml::spell::indent;
use crate::yaml::{emit, source};

/// How the entries at the top level are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopEntries {
    /// The entries are unchanged, with the comments between them. Not every entry allows this.
    Source,
    /// The entries are unchanged, but a comment after the mapping gets its own line: after the last
    /// entry, it could belong to that entry.
    SourceApart,
    /// The entries are written as Go's library writes them, with aliases expanded and without
    /// comments.
    Usual,
}

impl TopEntries {
    /// All forms, in the order in which they are tried: the first keeps the most of the source.
    pub const ALL: [Self; 3] = [Self::Source, Self::SourceApart, Self::Usual];
}

/// Text with the top level of every document in block style.
#[non_exhaustive]
pub struct BlockTops {
    /// The text.
    pub text: Zeroizing<String>,
    /// The ranges of the former flow mappings in this text.
    pub tops: Vec<Range<usize>>,
    /// The ranges of these mappings in the original text.
    pub flow: Vec<Range<usize>>,
}

impl Document<'_> {
    /// Whether the mapping at the top level of a document is in flow style. Only in YAML.
    pub fn has_flow_top(&self) -> bool {
        self.format == Format::Yaml && self.flow_tops().next().is_some()
    }

    /// The indexes of these mappings.
    fn flow_tops(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let tops = self.document_indexes().filter_map(|index| self.top(index));
        tops.filter_map(|top| match &self.tape[top] {
            Item::Open {
                flow: true, span, ..
            } => Some((top, span.range())),
            _ => None,
        })
    }

    /// The text with the top level of every document in block style; `None` if all already are, or
    /// if the entries cannot be written in block style.
    ///
    /// The meaning of the result is not checked: parse it to see whether it has the same values.
    pub fn with_block_tops(&self, entries: TopEntries) -> Option<BlockTops> {
        if !self.has_flow_top() {
            return None;
        }
        let (mut tops, mut flow) = (Vec::new(), Vec::new());
        let mut splices = Splices::new(self.text, self.text.len() * 2);
        for (top, span) in self.flow_tops() {
            let line = source::line_start(self.text, span.start);
            let before = &self.text[line..span.start];
            let begins_line = before.trim_matches(' ').is_empty();
            let column = if begins_line { before.len() } else { 0 };
            let lines = match entries {
                TopEntries::Source | TopEntries::SourceApart => {
                    TopLines::of(self, top, column)?.finish(self, span.end, entries)?
                }
                TopEntries::Usual => usual(self, top, column),
            };
            let out = splices.replace(span.clone());
            let start = out.len();
            let newline = source::first_line_break(self.text);
            // Without entries, only the marker shows that there is a document.
            let marked = flow.is_empty()
                && self.children(top).next().is_none()
                && !has_marker(&self.text[..span.start]);
            if !begins_line || marked && column > 0 {
                out.push_str(newline);
            }
            if marked {
                out.push_str("---");
                out.push_str(if lines.is_empty() { "" } else { newline });
            }
            out.push_str(&lines);
            tops.push(start..out.len());
            flow.push(span);
        }
        let text = Zeroizing::new(splices.finish());
        Some(BlockTops { text, tops, flow })
    }
}

/// Whether a line begins with a document marker.
fn has_marker(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']);
    lines.any(|line| line.starts_with("---"))
}

/// The entries as Go's library writes them. The first begins in `column`, where the text already
/// is.
fn usual(document: &Document<'_>, top: usize, column: usize) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    if document.children(top).next().is_some() {
        emit::emit_top(&mut out, &document.tree(top), column);
    }
    out
}

/// The lines of a mapping, with each entry unchanged.
struct TopLines {
    lines: Zeroizing<String>,
    newline: &'static str,
    column: usize,
    /// Whether the last line ends in a comment.
    ends_in_comment: bool,
}

impl TopLines {
    fn of(document: &Document<'_>, top: usize, column: usize) -> Option<Self> {
        let text = document.text;
        let mut lines = Self {
            lines: Zeroizing::default(),
            newline: source::first_line_break(text),
            column,
            ends_in_comment: false,
        };
        let Item::Open { span, .. } = &document.tape[top] else {
            return None;
        };
        let mut end = span.range().start + 1;
        for node in document.children(top) {
            let site = Site::of(document, node);
            lines.comments(text, end..site.entry)?;
            let entry = Entry::of(document, &site, node)?;
            for comment in &entry.comments {
                lines.begin_line();
                lines.comment(&text[comment.clone()]);
            }
            lines.entry(&entry);
            end = entry.end;
        }
        lines.comments(text, end..span.range().end - 1)?;
        Some(lines)
    }

    /// The lines, if they can be followed by the rest of the mapping's line.
    fn finish(
        mut self,
        document: &Document<'_>,
        end: usize,
        entries: TopEntries,
    ) -> Option<Zeroizing<String>> {
        let rest = &document.text[end..source::line_end(document.text, end)];
        let is_followed = !rest.trim().is_empty();
        if is_followed && entries == TopEntries::SourceApart {
            self.begin_line();
        }
        (!is_followed || !self.ends_in_comment).then_some(self.lines)
    }

    fn begin_line(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push_str(self.newline);
            indent(&mut self.lines, self.column);
        }
        self.ends_in_comment = false;
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        self.begin_line();
        self.lines.push_str(entry.key);
        self.lines.push(':');
        for (index, line) in entry.value.split_inclusive(['\n', '\r']).enumerate() {
            if index == 0 {
                self.lines.push(' ');
                self.lines.push_str(line);
                continue;
            }
            // The lines of a value in block style must be indented deeper than its key.
            let content = line.trim_start_matches([' ', '\t']);
            if !content.trim_end().is_empty() {
                indent(
                    &mut self.lines,
                    self.column + 2 + line.len() - content.len(),
                );
            }
            self.lines.push_str(content);
        }
    }

    fn comment(&mut self, comment: &str) {
        self.lines.push_str(comment);
        self.ends_in_comment = true;
    }

    /// The comments in a range that otherwise contains only commas and white space: one that ends
    /// an entry's line, and those on their own lines.
    fn comments(&mut self, text: &str, range: Range<usize>) -> Option<()> {
        let mut at = range.start;
        while at < range.end {
            match text.as_bytes()[at] {
                b'#' => {
                    let end = source::line_end(text, at);
                    let on_line = !self.lines.is_empty()
                        && !self.ends_in_comment
                        && !text[range.start..at].contains(['\n', '\r']);
                    if on_line {
                        self.lines.push(' ');
                    } else {
                        self.begin_line();
                    }
                    self.comment(&text[at..end]);
                    at = end;
                }
                b',' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
                _ => return None,
            }
        }
        Some(())
    }
}

/// An entry of a flow mapping that can become a block entry.
struct Entry<'a> {
    key: &'a str,
    value: Cow<'a, str>,
    /// The comments between the key and the value.
    comments: Vec<Range<usize>>,
    end: usize,
}

impl<'a> Entry<'a> {
    fn of(document: &Document<'a>, site: &Site, node: usize) -> Option<Self> {
        let text = document.text;
        let key_start = document.paths.key_offset(document.node_path(node)?) as usize;
        let key = &text[key_start..key_end(text, key_start, true)];
        // Block style does not need a `?` before the key, but an anchor or a tag must stay.
        let is_alone = matches!(text[site.entry..key_start].trim(), "" | "?");
        if !is_alone || key.contains(['\n', '\r']) {
            return None;
        }
        let properties = &site.properties;
        let (value, end) = match site.indicator {
            Some(from) => {
                let end = content_end(document, node).max(properties.end).max(from);
                let value = match properties.comments.is_empty() {
                    true => Cow::Borrowed(text[from..end].trim()),
                    false => Cow::Owned(without_comments(text, site)),
                };
                (value, end)
            }
            None => (Cow::Borrowed(""), key_start + key.len()),
        };
        let comments = properties.comments.clone();
        Some(Self {
            key,
            value,
            end,
            comments,
        })
    }
}

/// The anchor, the tag and the content of a value.
fn without_comments(text: &str, site: &Site) -> String {
    let properties = &site.properties;
    let mut parts: Vec<_> = [&properties.anchor, &properties.tag]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    parts.sort_by_key(|part| part.start);
    parts.push(site.content.clone());
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.map(|part| &text[part]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str, entries: TopEntries) -> Option<String> {
        let document = Document::parse(text, Format::Yaml).expect(text);
        let block = document.with_block_tops(entries)?;
        // Restoring the original gives the same text.
        let mut splices = Splices::new(&block.text, text.len());
        for (top, flow) in block.tops.iter().zip(block.flow) {
            splices.replace(top.clone()).push_str(&text[flow]);
        }
        assert_eq!(splices.finish(), text);
        Some(block.text.to_string())
    }

    #[test]
    fn the_top_is_written_in_block_style_and_the_rest_stays() {
        for (flow, expected) in [
            ("{a: 1, b: {c: [x,'y']}}\n", Some("a: 1\nb: {c: [x,'y']}\n")),
            ("{\"a\":1,\"b\" : 2}", Some("\"a\": 1\n\"b\": 2")),
            (
                "{a, b: , c: &x !!str , d: *x}\n",
                Some("a:\nb:\nc: &x !!str\nd: *x\n"),
            ),
            ("{}\n", Some("---\n")),
            (" {} # c", Some(" \n--- # c")),
            ("--- {}\n---\n{ #c\n}", Some("--- \n\n---\n#c")),
            ("--- {a: 1}\n...\n", Some("--- \na: 1\n...\n")),
            ("  {a: 1, b: 2}\n", Some("  a: 1\n  b: 2\n")),
            ("&x {a: 1}\n", Some("&x \na: 1\n")),
            (
                "{\r\n\t\"a\": {\r\n\t\t\"b\": 1\r\n\t},\r\n\t\"c\": 2\r\n}\r\n",
                Some("\"a\": {\r\n    \"b\": 1\r\n   }\r\n\"c\": 2\r\n"),
            ),
            (
                "# h\n{ # 1\n  a: 1, # 2\n  # 3\n\n  b: [1, # 4\n 2] # 5\n  # 6\n}\n# t\n",
                Some("# h\n# 1\na: 1 # 2\n# 3\nb: [1, # 4\n   2] # 5\n# 6\n# t\n"),
            ),
            (
                "{a: 1} # c\n---\nb: 2\n---\n{c: 3}\n",
                Some("a: 1 # c\n---\nb: 2\n---\nc: 3\n"),
            ),
            (
                "{a: 'x\n\n y', b: z\n w}\n",
                Some("a: 'x\n\n   y'\nb: z\n   w\n"),
            ),
            (
                "{a: # c\n !t # d\n 1, b: #e\n}\n",
                Some("# c\n# d\na: !t 1\nb: #e\n"),
            ),
            (
                "{a: 1, b: # c\n [x,\ny]}\n",
                Some("a: 1\n# c\nb: [x,\n  y]\n"),
            ),
            ("{? a : 1, ?\n b : 2, ? c}\n", Some("a: 1\nb: 2\nc:\n")),
            ("\u{feff}---\n{}\n", Some("\u{feff}---\n\n")),
            // Entries without an equivalent in block style, or that would move there.
            ("{&k a: 1, b: *k}\n", None),
            ("{? &k a : 1}\n", None),
            ("{a: 1 # c\n} # d\n", None),
            ("a: {b: 1}\n", None),
            ("- {b: 1}\n", None),
        ] {
            if flow.starts_with('-') && !flow.starts_with("---") {
                assert!(Document::parse(flow, Format::Yaml).is_err());
                continue;
            }
            let written = block(flow, TopEntries::Source);
            assert_eq!(written.as_deref(), expected, "{flow:?}");
        }
        for (flow, expected) in [
            ("{a: 1 # c\n} # d\n", "a: 1 # c\n # d\n"),
            (" {a: [1]}  # d\n", " a: [1]\n   # d\n"),
            ("{a: 1}\n", "a: 1\n"),
        ] {
            let written = block(flow, TopEntries::SourceApart);
            assert_eq!(written.as_deref(), Some(expected), "{flow:?}");
        }
    }

    #[test]
    fn the_usual_text_is_the_same_as_in_a_conversion() {
        for (flow, expected) in [
            (
                "  {? a : 0x10, b: {c: [x]}} # c\n",
                "  a: 16\n  b:\n    c:\n        - x # c\n",
            ),
            ("--- {&k a: 1, b: *k}\n", "--- \na: 1\nb: a\n"),
            ("{ # c\n}\n", "---\n"),
        ] {
            assert_eq!(
                block(flow, TopEntries::Usual).as_deref(),
                Some(expected),
                "{flow:?}"
            );
        }
    }
}
