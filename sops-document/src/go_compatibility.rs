//! Finds text that Go's libraries would read differently once a program has replaced some of its
//! values.

use crate::document::Document;
use crate::error::Result;
use crate::format::Format;
use crate::ini;
use crate::tape::Leaf;
use crate::yaml::go_incompatibilities::{refuse_foreign_tabs, refuse_unreadable};

impl Document<'_> {
    /// Rejects a value that stays in the text if Go's library reads it differently, or not at all.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the location and a fix.
    pub fn check_leaf_for_go(&self, leaf: &Leaf<'_>) -> Result<()> {
        refuse_unreadable(self, leaf)
    }

    /// Rejects text between the values that Go's libraries read differently, or not at all, once
    /// tokens have replaced the values that `is_replaced` selects.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the location and a fix.
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
