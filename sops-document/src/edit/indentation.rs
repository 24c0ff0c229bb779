//! Detects how the collections of a file are indented.

use std::ops::Range;

use crate::yaml::source;
use crate::{Collection, Document, Item};

/// The indentation of mappings and of sequences inside a mapping; `None` if unknown.
#[derive(Clone, Copy, Default)]
pub(super) struct Indents {
    pub(super) step: Option<usize>,
    pub(super) dash: Option<usize>,
}

impl Indents {
    /// Detects the indentation from the first of these tape items that show it.
    pub(super) fn of(document: &Document<'_>, parents: Range<usize>) -> Self {
        let mut indents = Self::default();
        for parent in parents {
            if !is_block(document, parent, Collection::Mapping) {
                continue;
            }
            for child in document.children(parent) {
                if let (
                    Item::Open {
                        kind,
                        flow: false,
                        span,
                        ..
                    },
                    Item::Open { span: outer, .. },
                ) = (&document.tape[child], &document.tape[parent])
                {
                    let column = |at: u32| source::column(document.text, at as usize);
                    let found = column(span.start).checked_sub(column(outer.start));
                    match kind {
                        Collection::Mapping => indents.step = indents.step.or(found),
                        Collection::Sequence => indents.dash = indents.dash.or(found),
                    }
                }
                if indents.is_complete() {
                    return indents;
                }
            }
        }
        indents
    }

    pub(super) fn is_complete(self) -> bool {
        self.step.is_some() && self.dash.is_some()
    }

    /// Fills in unknown values from `other`.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            step: self.step.or(other.step),
            dash: self.dash.or(other.dash),
        }
    }
}

fn is_block(document: &Document<'_>, index: usize, wanted: Collection) -> bool {
    matches!(&document.tape[index], Item::Open { kind, flow: false, .. } if *kind == wanted)
}
