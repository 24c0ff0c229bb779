//! The start and end of mappings and sequences, and limits on their use.

use std::borrow::Cow;
use std::ops::Range;

use super::{Frame, OPEN, Parser};
use crate::error::{Error, Location, Result};
use crate::key_set::KeySet;
use crate::yaml::events::Event;
use crate::yaml::source;
use crate::{Collection, Item, MAX_DEPTH, Span};

impl<'a> Parser<'a> {
    pub(super) fn open(
        &mut self,
        kind: Collection,
        flow: bool,
        anchor: usize,
        at: usize,
    ) -> Result<()> {
        let Some(path) = self.node_path() else {
            if self.lenient {
                self.skipped = 1;
                return Ok(());
            }
            // The parser reports the outer brace or the inner one.
            let (before, from) = self.text.split_at(at);
            let is_template =
                from.starts_with("{{") || before.ends_with('{') && from.starts_with('{');
            let message = match is_template {
                true => "`{{` begins two mappings in YAML; put template expressions in quotes",
                false => "a key must be a string, not a mapping or a sequence",
            };
            return self.unsupported(at, message);
        };
        let merged = kind == Collection::Sequence && self.is_merged();
        if merged && !self.lenient && self.frames.last().is_some_and(|frame| frame.merged) {
            return self.unmergeable(at);
        }
        if self.frames.is_empty() && kind == Collection::Sequence && !self.lenient {
            return self.unsupported(
                at,
                "the top level of a document must be a mapping, not a sequence",
            );
        }
        if self.frames.len() == MAX_DEPTH {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, at)),
                message: format!("nested deeper than {MAX_DEPTH} levels"),
            });
        }
        // In a sequence, the event is at the dash. As the value of a key, it may be after the dash,
        // with no other dash in between.
        let in_mapping = self
            .frames
            .last()
            .is_some_and(|frame| frame.kind == Collection::Mapping);
        let start = if kind == Collection::Sequence && !flow && in_mapping {
            source::find_indicator(self.text, self.last_end, b"-").unwrap_or(at)
        } else {
            at
        };
        if kind == Collection::Sequence || flow {
            self.last_end = start + 1;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, self.tape.len());
        }
        self.frames.push(Frame {
            kind,
            flow,
            path,
            open: self.tape.len(),
            entry: None,
            keys: KeySet::new(),
            merged,
        });
        self.tape.push(Item::Open {
            kind,
            flow,
            path,
            span: Span::new(start..start),
            close: OPEN,
        });
        Ok(())
    }

    pub(super) fn close(&mut self, range: Range<usize>) -> Result<()> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.flow {
            self.last_end = range.end;
        }
        let at = self.tape.len() as u32;
        let end = self.last_end;
        if let Some(Item::Open { span, close, .. }) = self.tape.get_mut(frame.open) {
            *span = Span::new(span.range().start..end.max(span.range().start));
            *close = at;
        }
        self.tape.push(Item::Close {
            open: frame.open as u32,
        });
        self.value_done()
    }

    /// Skips a part of a key that is a mapping or a sequence, which paths cannot represent.
    pub(super) fn skip(&mut self, event: &Event<'a>) -> Result<()> {
        match event {
            Event::Open { .. } => self.skipped += 1,
            Event::Close(range) => {
                self.skipped -= 1;
                self.last_end = self.last_end.max(range.end);
                if self.skipped == 0 {
                    return self.push_key(Cow::Borrowed(""), range.end, false);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
