//! Number, time and regular expression handling exactly as in Go's standard library, for programs
//! that must read and write the same data as a Go program.
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
//! Everything is tested against vectors from Go 1.26.

mod format;
mod parse;
mod regexp;
mod time;

pub use format::{Decimal, exponent_of_decimal, shortest_decimal, write_ecmascript, write_general};
pub use parse::{Integer, parse_float, parse_integer};
pub use regexp::{Regexp, RegexpError};
pub use time::Time;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
