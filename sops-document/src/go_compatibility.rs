//! What Go's libraries would read differently in a text once a program has replaced some of its
//! values.

use crate::document::Document;
use crate::error::Result;
use crate::format::Format;
use crate::ini;
use crate::tape::Item;
use crate::yaml::go_incompatibilities::{refuse_foreign_tabs, refuse_unreadable};

impl Document<'_> {
    /// Checks the text as it is after every value for which `is_replaced` returns true, by its
    /// index on the tape, has been replaced by a token in one line.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for the first place that Go's libraries
    /// read differently or refuse, with what to write instead.
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
