//! Masks secret values in a stream of bytes, in the forms in which programs print them.
//!
//! `forms` derives the strings to search for from a value: `base64_forms` and `escapes` encode it,
//! and `texts` collects the results. `patterns` searches for all of them at once, which `filter`
//! makes fast. `redactor` searches a stream, and `search` says which values a text contains.

mod base64_forms;
mod escapes;
mod filter;
mod forms;
mod patterns;
mod redactor;
mod search;
mod texts;

pub use patterns::Patterns;
pub use redactor::{MASK, Redactor};
pub use search::ValueSearch;

/// The length in bytes of the shortest values that are masked. Shorter strings, such as `true` or
/// `8080`, occur by chance.
pub const SHORTEST: usize = 8;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
