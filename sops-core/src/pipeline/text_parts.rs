//! Divides large YAML into parts that are parsed on their own: the tape of a part is used while it
//! is in the processor's cache, and the tape of the whole is never in memory.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use sops_document::{Document, Format, Item, MAX_EXPANDED};

use crate::metadata_entry;

/// The approximate length of a part in bytes.
const LENGTH: usize = 64 * 1024;

/// The parts of `text`. Empty if it is parsed as a whole, because it is short or cannot be divided.
pub(super) fn text_parts(text: &str, format: Format) -> Vec<Range<usize>> {
    match text.len() < 2 * LENGTH {
        true => Vec::new(),
        false => metadata_entry::parts(text, format, LENGTH),
    }
}

/// The facts about a part that show whether it can be in one document with other parts.
pub(super) struct PartFacts<'a> {
    keys: Vec<Cow<'a, str>>,
    /// The number of items that aliases have added.
    expanded: usize,
}

impl<'a> PartFacts<'a> {
    pub(super) fn of(document: &Document<'a>) -> Self {
        let top = document.top(0);
        let entries = top.into_iter().flat_map(|top| document.children(top));
        let paths = entries.filter_map(|index| document.node_path(index));
        let aliases = document.written_items().map(|(index, item)| match item {
            Item::Alias { close, .. } => *close as usize - index,
            _ => 0,
        });
        Self {
            expanded: aliases.sum(),
            keys: paths
                .map(|path| document.paths().key(path).clone())
                .collect(),
        }
    }
}

/// The parts so far, which are one document.
#[derive(Default)]
pub(super) struct JoinedParts<'a> {
    keys: HashSet<Cow<'a, str>>,
    expanded: usize,
}

impl<'a> JoinedParts<'a> {
    /// Adds the next part. `None` if the text must be parsed as a whole, which shows what is wrong.
    pub(super) fn add(&mut self, part: PartFacts<'a>) -> Option<()> {
        self.expanded += part.expanded;
        let mut keys = part.keys.into_iter();
        let is_valid = keys.all(|key| self.keys.insert(key)) && self.expanded <= MAX_EXPANDED;
        is_valid.then_some(())
    }
}
