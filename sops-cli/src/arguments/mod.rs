//! The flags that several commands share, with the names of `sops`, one group per file. `go_flags`
//! accepts the spellings of Go's flag library, `sops_order.rs` sorts arguments as `sops` does, and
//! `invocation.rs` determines the name under which the program was called.

mod duration;
mod exec;
mod file;
pub(crate) mod flag_syntax;
pub(crate) mod format;
mod global;
pub(crate) mod go_flags;
pub(crate) mod invocation;
mod key;
mod key_path;
mod opening;
mod output;
mod rule;
mod secret_args;
mod sops_order;

pub(crate) use duration::{Age, age, duration};
pub(crate) use exec::{ExecArgs, ExecCommand};
pub(crate) use file::{
    FileArg, IdempotentArg, NameArg, no_file, no_file_to_change, require_existing,
};
pub(crate) use format::{FormatArgs, FormatChange};
pub(crate) use global::GlobalArgs;
pub(crate) use key::{GroupArgs, KeyChangeArgs, KmsArgs, MasterKeyArgs, ThresholdArg};
pub(crate) use key_path::key_path;
pub(crate) use opening::OpeningArgs;
pub(crate) use output::OutputArgs;
pub(crate) use rule::RuleArgs;
pub(crate) use secret_args::SecretArgs;

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use sops_go_compat::{Integer, parse_integer};

/// Reads a whole number as Go does, including forms such as `0x10`.
fn go_integer(text: &str) -> Result<i64, String> {
    match parse_integer(text) {
        Some(Integer::Signed(number)) => Ok(number),
        _ => Err("not a whole number".to_owned()),
    }
}

/// Reads a count as Go does; a negative one is an error.
pub(crate) fn go_count(text: &str) -> Result<usize, String> {
    usize::try_from(go_integer(text)?).map_err(|_| "the number must not be negative".to_owned())
}

/// Reads a path. An empty one, as in an empty environment variable, counts as not given.
fn path_or_empty() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}
