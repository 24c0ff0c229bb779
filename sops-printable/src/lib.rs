//! Makes untrusted text safe to print: names, identifiers and messages from a repository, a server
//! or another program.
//!
//! [`escaped`] removes everything that could move the cursor, hide or reorder the text around it,
//! or start a new line. [`one_line`] and [`lines`] also mask private keys and disarm commands that
//! CI systems look for in logs; a program should print all of its messages through one of the two.
//!
//! ```
//! use sops_printable::{escaped, one_line};
//!
//! assert_eq!(escaped("age1x\n\u{1b}[2K"), r"age1x\n\u{1b}[2K");
//! assert_eq!(one_line("no file AGE-SECRET-KEY-1QQ"), "no file AGE-SECRET-KEY-…");
//! ```

mod boundary;
mod escape;
mod mask;
mod show;
mod system_error;

pub use boundary::{ceil_char_boundary, floor_char_boundary};
pub use escape::{
    beginning, escaped, escaped_json, escaped_lines, is_emoji_selector, is_printable, is_space,
};
pub use mask::masked;
pub use show::{lines, one_line};
pub use system_error::system_reason;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
