//! The user's editor and the text that it opens. `program.rs` runs the editor, `vim.rs` keeps vim
//! from writing copies of the text, `template.rs` has the text that a new file starts with,
//! `header.rs` puts messages on top of the text, and `session.rs` edits one file until it can be
//! encrypted.

mod environment;
mod header;
mod program;
mod session;
mod template;
mod vim;

use header::EditorHeader;
pub(crate) use program::EditorProgram;
pub(crate) use session::{EditorSession, Original};
pub(crate) use template::{notes, template};
