//! What Go's standard library does to numbers, times and regular expressions, for programs that must read and write as one in Go does.
//!
//! | Go | here |
//! |---|---|
//! | `strconv.ParseFloat(text, 64)` | [`parse_float`] |
//! | `strconv.ParseInt(text, 0, 64)`, then `ParseUint` | [`parse_integer`] |
//! | `strconv.FormatFloat(value, 'f', -1, 64)` | [`Decimal`] |
//! | `strconv.FormatFloat(value, 'g', -1, 64)` | [`write_general`] |
//! | floats in `encoding/json` | [`write_ecmascript`] |
//! | `time.Time.UnmarshalText` and `MarshalText` | [`Time`] |
//! | `regexp.MatchString` | [`Regexp`] |
//!
//! All of it is tested against vectors that Go 1.26 printed.

mod format;
mod parse;
mod regexp;
mod time;

pub use format::{Decimal, write_ecmascript, write_general};
pub use parse::{Integer, parse_float, parse_integer};
pub use regexp::{Regexp, RegexpError};
pub use time::Time;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
