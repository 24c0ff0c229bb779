//! Tracks the open containers during a walk over the tape.

use crate::document::Document;
use crate::scalar_slot::Surroundings;
use crate::tape::{Collection, Item, Span};

/// The containers that are open at a position of the tape.
#[derive(Clone)]
pub struct Containers<'d, 'a> {
    document: &'d Document<'a>,
    /// The kind and span of each container, and whether it is in flow style.
    open: Vec<(Collection, Span, bool)>,
}

impl<'d, 'a> Containers<'d, 'a> {
    /// Starts before the first item of the tape, with no open containers.
    pub fn new(document: &'d Document<'a>) -> Self {
        Self {
            document,
            open: Vec::new(),
        }
    }

    /// Moves past an item of the tape.
    pub fn pass(&mut self, item: &Item<'_>) {
        match item {
            Item::Open {
                kind, span, flow, ..
            } => self.open.push((*kind, *span, *flow)),
            Item::Close { open }
                if matches!(self.document.tape[*open as usize], Item::Open { .. }) =>
            {
                self.open.pop();
            }
            _ => {}
        }
    }

    /// The innermost container. At the top of a document, this is a mapping at offset 0.
    pub fn innermost(&self) -> Surroundings {
        let (kind, span, _) =
            self.open
                .last()
                .copied()
                .unwrap_or((Collection::Mapping, Span::new(0..0), false));
        Surroundings {
            kind,
            start: span.range().start,
        }
    }

    /// The span of the container `up` levels out, 1 for the innermost.
    pub fn outer(&self, up: usize) -> Option<Span> {
        let index = self.open.len().checked_sub(up)?;
        self.open.get(index).map(|(_, span, _)| *span)
    }

    /// Whether the innermost container is in flow style.
    pub fn is_flow(&self) -> bool {
        self.open.last().is_some_and(|(.., flow)| *flow)
    }

    /// The number of open containers.
    pub fn depth(&self) -> usize {
        self.open.len()
    }
}
