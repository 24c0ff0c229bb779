//! The user's editor and the text that it opens. `program.rs` runs the editor, `vim.rs` keeps vim
//! from writing copies of the text, `template.rs` is what a new file starts from, and `header.rs`
//! puts messages on top of the text.

mod environment;
mod header;
mod program;
mod template;
mod vim;

pub(crate) use header::EditorHeader;
pub(crate) use program::EditorProgram;
pub(crate) use template::template;
