//! Writes merged pieces as text.

use zeroize::Zeroizing;

use super::outline::{Body, Container};
use super::three_way::{Content, MergedBody, MergedContainer, MergedPiece};

/// The text of all documents. `newline` is the line break of the file.
pub(super) fn write(stream: &MergedContainer<'_, '_>, newline: &str) -> Zeroizing<String> {
    let mut writer = PieceWriter {
        out: Zeroizing::new(String::with_capacity(capacity(stream))),
        newline,
    };
    for (number, document) in stream.entries.iter().enumerate() {
        writer.document(document, number);
    }
    writer.out.push_str(&stream.close);
    writer.out
}

/// A capacity of at least the length of the text, so that the buffer never moves, which would leave
/// a copy in memory.
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
        self.content(document);
    }

    fn container(&mut self, container: &MergedContainer<'_, '_>) {
        let Container {
            flow, open, inline, ..
        } = container.like;
        self.out.push_str(open);
        let count = container.entries.len();
        for (number, entry) in container.entries.iter().enumerate() {
            match (flow, inline) {
                (true, _) => self.out.push_str(&entry.lead),
                (false, None) => {
                    if number > 0 {
                        self.end_line();
                    }
                    self.out.push_str(&entry.lead);
                }
                (false, Some(column)) => self.inline_lead(entry, number, *column),
            }
            self.content(entry);
            if *flow && number + 1 < count {
                self.out.push(',');
            }
        }
        self.out.push_str(&container.close);
    }

    /// The text before an entry of a container whose first entry begins in the line of its parent.
    fn inline_lead(&mut self, entry: &MergedPiece<'_, '_>, number: usize, column: usize) {
        if number > 0 {
            self.end_line();
            if entry.was_first() {
                let spaces = std::iter::repeat_n(' ', column);
                self.out.extend(spaces);
            }
            self.out.push_str(&entry.lead);
        } else {
            self.out.push_str(entry.lead.trim_start());
        }
    }

    fn content(&mut self, entry: &MergedPiece<'_, '_>) {
        match &entry.content {
            Content::Whole(_, piece) => self.out.push_str(piece.text),
            Content::Parts { head, body, tail } => {
                self.out.push_str(head);
                match body {
                    MergedBody::Scalar(_, piece) => match &piece.body {
                        Body::Scalar(text) => self.out.push_str(text),
                        Body::Container(_) => self.out.push_str(piece.text),
                    },
                    MergedBody::Container(container) => self.container(container),
                }
                self.out.push_str(tail);
            }
        }
    }

    /// Begins a new line, unless the text is at the start of one.
    fn end_line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push_str(self.newline);
        }
    }
}
