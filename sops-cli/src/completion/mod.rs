//! Completes command lines for shells. `sops_answers.rs` answers the scripts that come with packages of `sops`, whose commands and flags
//! are in `sops_commands.rs`.

pub(crate) mod sops_answers;
mod sops_commands;

use crate::arguments::go_flags::truth;
