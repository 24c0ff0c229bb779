//! The line that a finding or an error points to, with everything masked that may be secret. Keys,
//! names and settings stay readable.
//!
//! Nothing is shown unless it is known to be harmless: a key, a value of a field that holds no
//! secrets ([`readable`]), or a word that the message of the finding shows anyway.

mod field_names;
mod line;
mod lines;
mod piece;
mod readable;

use std::ops::Range;

use sops_document::Format;

use crate::context::Context;
use crate::finding::Finding;
use crate::shown_line::Excerpt;
use line::{Line, Pointer};
use piece::{Pieces, parsed};

/// The excerpts of one file.
pub struct Excerpts<'t> {
    text: &'t str,
    pieces: Pieces,
    /// The secrets that were found, in order and without overlaps. Even the keys inside them are
    /// not shown.
    secrets: Vec<Range<usize>>,
}

impl<'t> Excerpts<'t> {
    /// The excerpts of `text` in that format, which need not be valid.
    pub fn new(text: &'t [u8], format: Format) -> Self {
        let text = valid_part(text);
        let pieces = match parsed(text, format) {
            Some(document) => Pieces::of(&document, text, &|_| false, &|_| true),
            None => Pieces::of_lines(text, format),
        };
        Self {
            text,
            pieces,
            secrets: Vec::new(),
        }
    }

    /// The excerpts for findings in a file that the rules check.
    fn for_findings(context: &Context<'t>, findings: &[&mut Finding]) -> Self {
        let text = context.text();
        let filled = crate::template::filled(text);
        let is_covered = context.naming_rule().is_some();
        let is_hidden = |span: &Range<usize>| is_covered && context.is_selected(span);
        let mut offsets: Vec<_> = findings
            .iter()
            .map(|finding| finding.location.offset)
            .collect();
        offsets.sort_unstable();
        let is_wanted = |span: &Range<usize>| {
            let next = offsets.partition_point(|offset| *offset < span.start);
            offsets.get(next).is_some_and(|offset| *offset < span.end)
        };
        let format = context.format;
        let document = parsed(text, format).or_else(|| parsed(filled.as_deref()?, format));
        let pieces = match document {
            Some(document) => Pieces::of(&document, text, &is_hidden, &is_wanted),
            None => Pieces::of_lines(text, Format::from_path(context.input.path)),
        };
        let secrets = findings
            .iter()
            .filter(|finding| finding.rule.finds_values());
        let secrets = secrets.map(|finding| finding.location.offset..finding.end);
        Self {
            text,
            pieces,
            secrets: united(secrets.collect()),
        }
    }

    /// The line with the byte at an offset. `None` if nothing of it can be read, or if it has
    /// characters that are unsafe to show.
    pub fn at(&self, offset: usize) -> Option<Excerpt> {
        let excerpt = self.line(&Pointer {
            span: offset..offset,
            names: Vec::new(),
            words: Vec::new(),
            keys: Vec::new(),
        });
        excerpt.filter(|excerpt| {
            let is_hidden = |c: char| c.is_whitespace() || "*…-".contains(c);
            !excerpt.text.chars().all(is_hidden)
        })
    }

    fn of(&self, finding: &Finding) -> Option<Excerpt> {
        self.line(&Pointer::to(finding))
    }

    fn line(&self, pointer: &Pointer) -> Option<Excerpt> {
        Line::around(self.text, pointer)?.excerpt(&self.pieces, &self.secrets)
    }
}

/// Adds an excerpt to each finding in the file.
pub(crate) fn add(context: &Context<'_>, findings: &mut [&mut Finding]) {
    if findings.is_empty() || context.text().is_empty() {
        return;
    }
    let excerpts = Excerpts::for_findings(context, findings);
    for finding in findings {
        finding.excerpt = excerpts.of(finding);
    }
}

/// The text up to the first line that is not UTF-8.
fn valid_part(text: &[u8]) -> &str {
    let valid = str::from_utf8(text).or_else(|error| {
        let whole = text[..error.valid_up_to()]
            .iter()
            .rposition(|byte| *byte == b'\n');
        str::from_utf8(&text[..whole.map_or(0, |last| last + 1)])
    });
    valid.unwrap_or_default()
}

/// The ranges in order, with overlapping ones merged.
fn united(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut united: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}
