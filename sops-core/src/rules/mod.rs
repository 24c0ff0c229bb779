//! Which values of a document are encrypted: the rules, and the regular expressions that they are written in.

mod regex;

pub use regex::Regex;
