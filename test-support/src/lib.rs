//! What the tests of several crates share: documents made from a seed, of which the same gives the same text, and the environment in
//! which the program is run.

pub mod environment;
mod json;
mod yaml;

pub use json::json;
pub use yaml::{Features, yaml};
