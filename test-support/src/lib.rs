//! What the tests of several crates share: documents made from a seed, of which the same gives the same text, others written by
//! hand, and the environment in which the program is run.

pub mod environment;
mod json;
pub mod written;
mod yaml;

pub use json::json;
pub use yaml::{Features, yaml};
