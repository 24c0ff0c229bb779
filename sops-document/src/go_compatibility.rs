//! What a program in Go would read otherwise, or not at all, once tokens have taken the places of values.

use crate::document::Document;
use crate::error::Result;
use crate::format::Format;
use crate::ini;
use crate::tape::Item;
use crate::yaml::go_incompatibilities::{refuse_foreign_tabs, refuse_unreadable};

impl Document<'_> {
    /// Refuses what Go's libraries read otherwise, or not at all, in the text that has tokens in the places of the values for which `is_replaced`
    /// says so.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the place, and what to write instead.
    pub fn check_for_go(&self, is_replaced: impl Fn(usize) -> bool) -> Result<()> {
        for (index, item) in self.written_items() {
            if let Item::Leaf(leaf) = item
                && !is_replaced(index)
            {
                refuse_unreadable(self, leaf)?;
            }
        }
        refuse_foreign_tabs(self, |index, leaf| {
            let has_value = leaf
                .value
                .as_ref()
                .is_some_and(|value| !value.bytes.is_empty());
            has_value && is_replaced(index)
        })?;
        match self.format {
            Format::Ini => ini::comments::refuse_unwritable(self, is_replaced),
            _ => Ok(()),
        }
    }
}
