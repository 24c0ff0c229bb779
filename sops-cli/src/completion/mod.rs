//! Completes command lines for shells. The scripts in `scripts/` ask the program with [`QUESTION`]:
//! `shell_words.rs` reads what they send, `candidates.rs` finds what can come next, with values
//! from `sources.rs`, and `answer.rs` writes the answer. `sops_answers.rs` answers the scripts that
//! come with packages of `sops`, whose commands and flags are in `sops_commands.rs`.

mod answer;
mod candidates;
mod shell_words;
pub(crate) mod sops_answers;
pub(crate) mod sops_commands;
mod sources;

pub(crate) use answer::{QUESTION, answer, script};
