//! Documents for tests, made from a seed: the same seed gives the same text.

mod json;
mod yaml;

pub use json::json;
pub use yaml::{Features, yaml};
