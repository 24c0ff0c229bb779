//! What Go's standard library does to values and SOPS relies on: the canonical forms of its types, and how they are read.

mod format;
mod parse;
mod read;
mod time;

pub(crate) use format::{write_ecmascript, write_general};
pub(crate) use parse::{Integer, parse_float, parse_integer};
pub(crate) use read::{canonical, canonical_or_owned, float_bytes};
pub(crate) use time::Time;
