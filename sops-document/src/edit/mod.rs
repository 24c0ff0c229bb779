//! Changes entries of a document and nothing else: other lines, comments, quotes and indentation
//! stay as they are.
//!
//! `set` starts from a key path, `new_entry` from mappings that the caller found, and `editor`
//! makes several edits. All take the same steps:
//!
//! 1. `path_target` finds the node on the tape, and `change` says which items of the tape are
//!    replaced and with what. `tree_edit` has the rules for values: what `set` and `unset` do when
//!    the path is longer than the document is deep.
//! 2. `apply` turns the change into `text_edits`. `site` finds the entry around a node in the text,
//!    `indentation` and `layout` find how the file is written, `block`, `flow` and `flat` write the
//!    edits for the three kinds of collections, and `anchors` keeps the values of aliases.
//! 3. `check` parses the changed text and compares it with the intended result.

mod anchors;
mod apply;
mod as_given;
mod block;
mod change;
mod check;
mod collection;
mod editor;
mod flat;
mod flow;
mod flow_text;
mod indentation;
mod layout;
mod new_entry;
mod path_target;
mod scalar;
mod set;
pub(crate) mod site;
#[cfg(test)]
mod tests;
mod text_edits;
mod tree_edit;

pub use self::editor::Editor;
pub use self::new_entry::NewEntry;
pub(crate) use self::path_target::find;
