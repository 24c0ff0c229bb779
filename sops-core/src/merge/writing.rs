//! Writes merged pieces as text.

use sops_document::{Collection, Format};
use zeroize::Zeroizing;

use super::layout;
use super::outline::{Body, Container};
use super::three_way::{Content, MergedBody, MergedContainer, MergedPiece};

/// The text of all documents. `newline` is the line break of the file.
pub(super) fn write(
    stream: &MergedContainer<'_, '_>,
    format: Format,
    newline: &str,
) -> Zeroizing<String> {
    let mut writer = PieceWriter {
        out: Zeroizing::new(String::with_capacity(2 * capacity(stream))),
        newline,
        has_columns: format == Format::Yaml,
        shift: 0,
    };
    for (number, document) in stream.entries.iter().enumerate() {
        writer.document(document, number);
    }
    writer.out.push_str(&stream.close);
    writer.out
}

/// The length of the text, unless lines are moved to the right. The text itself must not be moved
/// in memory, which would leave a copy.
fn capacity(container: &MergedContainer<'_, '_>) -> usize {
    const SEPARATORS: usize = 16;
    let entries = container.entries.iter().map(|entry| {
        let content = match &entry.content {
            Content::Whole(_, piece) => piece.text.len(),
            Content::Parts { head, body, tail } => {
                let body = match body {
                    MergedBody::Scalar(_, piece) => piece.text.len(),
                    MergedBody::Container(container) => capacity(container),
                };
                head.len() + body + tail.len()
            }
        };
        entry.lead.len() + content + SEPARATORS + container.like.inline.unwrap_or_default()
    });
    container.like.open.len() + entries.sum::<usize>() + container.close.len()
}

struct PieceWriter<'n> {
    out: Zeroizing<String>,
    newline: &'n str,
    /// Whether the columns of entries have a meaning, so that those of both sides must be the same.
    has_columns: bool,
    /// How many columns the lines of the current text are moved to the right.
    shift: isize,
}

impl PieceWriter<'_> {
    fn document(&mut self, document: &MergedPiece<'_, '_>, number: usize) {
        let head = match &document.content {
            Content::Whole(_, piece) => piece.head,
            Content::Parts { head, .. } => head,
        };
        if number > 0 {
            self.end_line();
            if !head.contains("---") {
                self.out.push_str("---");
                self.out.push_str(self.newline);
            }
        }
        self.content(document, 0);
    }

    fn container(&mut self, container: &MergedContainer<'_, '_>) {
        let Container {
            flow, open, inline, ..
        } = container.like;
        let moved = self.shift;
        self.put(open);
        let count = container.entries.len();
        let column = container.like.entries.first().map(|entry| entry.column);
        for (number, entry) in container.entries.iter().enumerate() {
            let column = column.filter(|_| !*flow && self.has_columns);
            let column = column.map(|column| column.saturating_add_signed(moved));
            // The text before an entry may begin in the line of the parent.
            if let Some(column) = column.filter(|_| number > 0 || self.is_at_line_start()) {
                self.shift = difference(column, lead_column(&entry.lead, container.like.kind));
            }
            match (flow, inline) {
                (true, _) => self.flow_lead(entry, number, container.like),
                (false, None) => {
                    if number > 0 {
                        self.end_line();
                    }
                    self.put(&entry.lead);
                }
                (false, Some(inline)) => {
                    let inline = inline.saturating_add_signed(moved);
                    self.inline_lead(entry, number, inline);
                }
            }
            self.shift = moved;
            match column {
                Some(column) => self.content_at(entry, column),
                None => self.content(entry, moved),
            }
            self.shift = moved;
            if *flow && number + 1 < count {
                self.out.push(',');
            }
        }
        self.put(&container.close);
    }

    /// Writes the text before an entry in brackets. If another entry is now the first one, the
    /// spaces before it are those before the former first one.
    fn flow_lead(&mut self, entry: &MergedPiece<'_, '_>, number: usize, like: &Container<'_>) {
        let is_blank = |lead: &str| lead.bytes().all(|byte| byte == b' ');
        let of_like = |number: usize| {
            let lead = like.entries.get(number).map(|entry| entry.lead);
            lead.filter(|lead| is_blank(lead))
        };
        let lead = match number {
            _ if !is_blank(&entry.lead) || entry.was_first() == (number == 0) => &entry.lead,
            0 => of_like(0).unwrap_or_default(),
            _ => of_like(1).unwrap_or(" "),
        };
        self.put(lead);
    }

    /// Writes the text before an entry of a container whose first entry begins in the line of its
    /// parent.
    fn inline_lead(&mut self, entry: &MergedPiece<'_, '_>, number: usize, column: usize) {
        if number > 0 {
            self.end_line();
            if entry.was_first() {
                let spaces = std::iter::repeat_n(' ', column);
                self.out.extend(spaces);
                self.out.push_str(entry.lead.trim_start());
            } else {
                self.put(&entry.lead);
            }
        } else {
            self.out.push_str(entry.lead.trim_start());
        }
    }

    /// Writes the content of an entry that begins at this column.
    fn content_at(&mut self, entry: &MergedPiece<'_, '_>, column: usize) {
        let side = match &entry.content {
            Content::Whole(side, _) => *side,
            Content::Parts { body, .. } => match body {
                MergedBody::Scalar(side, _) => *side,
                MergedBody::Container(container) => container.like_side,
            },
        };
        let shift = entry.column(side).map_or(0, |own| difference(column, own));
        self.content(entry, shift);
    }

    fn content(&mut self, entry: &MergedPiece<'_, '_>, shift: isize) {
        self.shift = shift;
        match &entry.content {
            Content::Whole(_, piece) => self.put(piece.text),
            Content::Parts { head, body, tail } => {
                self.put(head);
                match body {
                    MergedBody::Scalar(_, piece) => match &piece.body {
                        Body::Scalar(text) => self.put(text),
                        Body::Container(_) => self.put(piece.text),
                    },
                    MergedBody::Container(container) => self.container(container),
                }
                self.put(tail);
            }
        }
    }

    /// Appends `text`, and moves its lines.
    fn put(&mut self, text: &str) {
        if self.shift == 0 {
            return self.out.push_str(text);
        }
        for line in text.split_inclusive('\n') {
            if !self.is_at_line_start() || line.trim().is_empty() && line.ends_with('\n') {
                self.out.push_str(line);
                continue;
            }
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let moved = spaces.saturating_add_signed(self.shift);
            self.out.extend(std::iter::repeat_n(' ', moved));
            self.out.push_str(&line[spaces..]);
        }
    }

    fn is_at_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    /// Begins a new line, unless the text is at the start of one.
    fn end_line(&mut self) {
        if !self.is_at_line_start() {
            self.out.push_str(self.newline);
        }
    }
}

/// The column of an entry by the text before it: that of its dash, or of the end of the text.
fn lead_column(lead: &str, kind: Collection) -> usize {
    let end = match layout::dash(lead) {
        Some(dash) if kind == Collection::Sequence => dash,
        _ => lead.len(),
    };
    layout::column(lead, end)
}

fn difference(column: usize, own: usize) -> isize {
    let signed = |number: usize| isize::try_from(number).unwrap_or(isize::MAX);
    signed(column) - signed(own)
}
