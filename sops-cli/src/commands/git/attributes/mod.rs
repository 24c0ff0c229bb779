//! The lines of `.gitattributes` that name the encrypted files: `path_regex.rs` derives patterns
//! from creation rules, `patterns.rs` chooses those that cover only encrypted files, `line.rs`
//! writes a line, and `block.rs` finds the lines of sops-rs in the file.

pub(super) mod block;
mod line;
mod path_regex;
pub(super) mod patterns;
