//! What a program in Go would read otherwise, or not at all, once tokens have taken the places of values.

use crate::document::Document;
use crate::error::Result;
use crate::format::Format;
use crate::ini;
use crate::tape::Leaf;
use crate::yaml::go_incompatibilities::{refuse_foreign_tabs, refuse_unreadable};

impl Document<'_> {
    /// Refuses a value that stays in the text and that Go's library reads otherwise, or not at all.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the place, and what to write instead.
    pub fn check_leaf_for_go(&self, leaf: &Leaf<'_>) -> Result<()> {
        refuse_unreadable(self, leaf)
    }

    /// Refuses what Go's libraries read otherwise, or not at all, between the values of the text that has tokens in the places of those for which
    /// `is_replaced` says so.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the place, and what to write instead.
    pub fn check_layout_for_go(&self, is_replaced: impl Fn(usize) -> bool) -> Result<()> {
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
