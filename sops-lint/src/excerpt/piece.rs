//! Divides text into keys, values and comments, and decides which of them may be shown.

use std::ops::Range;

use sops_document::{Document, Format, NodeRef, Shape};

use super::lines;
use super::readable::Fields;
use crate::secret_detection::is_shown;

/// How deeply text inside text is read.
const MAX_DEPTH: usize = 3;

/// How much of a piece is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    /// All of it.
    Shown,
    /// The words that a message shows anyway.
    Words,
    /// The same words, or the whole text of a comment that allows findings.
    Line,
    /// Nothing.
    Hidden,
}

/// A key, a value or a comment.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    pub(super) visibility: Visibility,
}

/// The pieces of the text in order, without overlaps. The text between them is punctuation.
pub(super) struct Pieces {
    all: Vec<Piece>,
    /// Whether the text may have sections, as INI has them.
    pub(super) has_sections: bool,
}

impl Pieces {
    /// The pieces of a document, at their positions in `text`. `is_hidden` says which values are
    /// never shown, and `is_wanted` which ones contain a position that an excerpt points to.
    pub(super) fn of(
        document: &Document<'_>,
        text: &str,
        is_hidden: &dyn Fn(&Range<usize>) -> bool,
        is_wanted: &dyn Fn(&Range<usize>) -> bool,
    ) -> Self {
        let mut collector = Collector {
            text,
            is_hidden,
            is_wanted,
            all: Vec::new(),
        };
        collector.document(document, 0, 0, &Fields::default());
        let mut all = collector.all;
        all.retain(|piece| !piece.range.is_empty());
        all.sort_by_key(|piece| (piece.range.start, piece.range.end));
        // Text that is not understood is not shown.
        for index in 1..all.len() {
            if all[index].range.start < all[index - 1].range.end {
                let end = all[index].range.end.max(all[index - 1].range.end);
                let start = all[index - 1].range.end;
                all[index].range = start..end.max(start);
                all[index].visibility = Visibility::Hidden;
            }
        }
        all.retain(|piece| !piece.range.is_empty());
        Self {
            all,
            has_sections: document.format() == Format::Ini,
        }
    }

    /// The pieces of text that does not parse: the keys of simple lines, and nothing else.
    pub(super) fn of_lines(text: &str, format: Format) -> Self {
        let mut all = Vec::new();
        let mut piece = |range: Range<usize>, visibility| {
            if !range.is_empty() {
                all.push(Piece { range, visibility });
            }
        };
        for (line, key) in lines::keys(text, format) {
            let Some(key) = key.filter(|key| is_shown(key_text(&text[key.clone()]))) else {
                piece(line, Visibility::Line);
                continue;
            };
            piece(key.clone(), Visibility::Shown);
            let after = &text[key.end..line.end];
            let sign = after.find([':', '=']).map_or(0, |at| at + 1);
            piece(key.end + sign..line.end, Visibility::Line);
        }
        Self {
            all,
            has_sections: false,
        }
    }

    /// The pieces that overlap with a range.
    pub(super) fn within(&self, range: &Range<usize>) -> &[Piece] {
        let first = self
            .all
            .partition_point(|piece| piece.range.end <= range.start);
        let end = self
            .all
            .partition_point(|piece| piece.range.start < range.end);
        &self.all[first..end.max(first)]
    }
}

/// The document, if `text` parses. Text that YAML reads as a single value is in another format.
pub(super) fn parsed(text: &str, format: Format) -> Option<Document<'_>> {
    let document = match format {
        // The metadata of SOPS is a part of the text here.
        Format::Json => Document::parse(text, format)
            .or_else(|_| Document::parse_json_stream(text))
            .or_else(|_| Document::parse_leniently(text)),
        Format::Dotenv | Format::Ini => Document::parse(text, format),
        _ if text.contains('\0') => return None,
        _ => Document::parse_leniently(text),
    };
    document.ok().filter(|document| {
        let mut tops = document.tops().flatten();
        // Only documents with keys or items. The lines of other files are independent.
        document.scalars().all(|scalar| scalar.lineage().len() > 1)
            && tops.any(|top| top.shape() != Shape::Scalar)
    })
}

/// A key without its quotes.
fn key_text(source: &str) -> &str {
    source.trim_matches(['"', '\''])
}

struct Collector<'t> {
    text: &'t str,
    is_hidden: &'t dyn Fn(&Range<usize>) -> bool,
    is_wanted: &'t dyn Fn(&Range<usize>) -> bool,
    all: Vec<Piece>,
}

impl Collector<'_> {
    fn add(&mut self, range: Range<usize>, visibility: Visibility) {
        self.all.push(Piece { range, visibility });
    }

    /// Adds the pieces of a document that begins at `base`.
    fn document(
        &mut self,
        document: &Document<'_>,
        base: usize,
        depth: usize,
        fields: &Fields<'_>,
    ) {
        let is_flat = document.format().is_flat();
        let mut open: Vec<(NodeRef<'_, '_>, Fields<'_>)> = Vec::new();
        open.extend(document.tops().flatten().map(|top| (top, fields.clone())));
        while let Some((node, fields)) = open.pop() {
            // The content of an alias is at its anchor.
            if node.origin().span() != node.span() {
                continue;
            }
            match node.shape() {
                Shape::Scalar if is_flat => {
                    self.add(moved(node.span(), base), Visibility::Words);
                }
                Shape::Scalar => self.scalar(node, base, depth, &fields),
                Shape::Sequence => {
                    open.extend(node.items().map(|item| (item, fields.clone())));
                }
                Shape::Mapping => {
                    let fields = fields.of_mapping(node);
                    for (key, child) in node.entries() {
                        self.key(key, child, base, &fields);
                        open.push((child, fields.under(key)));
                    }
                }
            }
        }
        let comments = document.comments();
        self.all.extend(comments.map(|comment| Piece {
            range: moved(comment, base),
            visibility: Visibility::Hidden,
        }));
    }

    fn key(&mut self, key: &str, child: NodeRef<'_, '_>, base: usize, fields: &Fields<'_>) {
        let start = child.key_offset() + base;
        let source = self.text.get(start..).unwrap_or_default();
        let length = match source.chars().next() {
            Some(quote @ ('"' | '\'')) => source[1..].find(quote).map_or(0, |end| end + 2),
            _ if source.starts_with(key) => key.len(),
            _ => 0,
        };
        let range = start..start + length;
        let is_as_written = key_text(&self.text[range.clone()]) == key;
        let is_shown = key == "<<" || is_shown(key) && !fields.is_in_value_of_secret();
        let visibility = match is_as_written && is_shown {
            true => Visibility::Shown,
            false => Visibility::Hidden,
        };
        // A key with another spelling counts as text up to its value.
        let end = child.span().start + base;
        let range = match length {
            0 if start < end => start..end,
            _ => range,
        };
        self.add(range, visibility);
    }

    fn scalar(&mut self, node: NodeRef<'_, '_>, base: usize, depth: usize, fields: &Fields<'_>) {
        let span = moved(node.span(), base);
        let value = node.scalar_text().unwrap_or_default();
        let is_hidden = depth == 0 && (self.is_hidden)(&span);
        let is_setting = node.value().is_none() || node.as_str().is_none() && is_boolean(value);
        let source = self.text.get(span.clone()).unwrap_or_default();
        let is_shown = !is_hidden && (fields.is_type(value) || fields.shows(value, is_setting));
        let is_plain = !source.contains('\n') && !hides_characters(source);
        if is_shown && is_plain {
            return self.add(span, Visibility::Shown);
        }
        if is_hidden || fields.is_in_secret() {
            return self.add(span, Visibility::Words);
        }
        let inner = block(source).filter(|_| depth < MAX_DEPTH && (self.is_wanted)(&span));
        let Some(inner) = inner.map(|inner| moved(inner, span.start)) else {
            return self.add(span, Visibility::Words);
        };
        let text = self.text;
        match parsed(&text[inner.clone()], Format::Yaml) {
            Some(document) => {
                self.document(&document, inner.start, depth + 1, &fields.of_text());
            }
            None => self.add(span, Visibility::Words),
        }
    }
}

fn moved(range: Range<usize>, base: usize) -> Range<usize> {
    range.start + base..range.end + base
}

/// Whether a scalar may have an escape for another character. In single quotes and without quotes,
/// a backslash is just a backslash.
fn hides_characters(source: &str) -> bool {
    if !source.contains('"') {
        return false;
    }
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        if !rest[at + 1..].starts_with(['\\', '"', '/']) {
            return true;
        }
        rest = &rest[at + 2..];
    }
    false
}

fn is_boolean(value: &str) -> bool {
    matches!(value, "True" | "False")
}

/// The lines of a literal block scalar, which is written as `source`.
fn block(source: &str) -> Option<Range<usize>> {
    let is_literal = source.starts_with('|');
    let start = source.find('\n')? + 1;
    is_literal.then_some(start..source.len())
}
