//! What the tests of several crates share: documents made from a seed, of which the same gives the same text, others written by
//! hand, Secrets in disguise, how two programs' texts are compared, the environment in which the program is run, and generated pages of the documentation.

mod compare;
pub mod disguise;
pub mod environment;
mod flat;
pub mod generated;
mod json;
pub mod kustomize;
pub mod vectors;
pub mod written;
mod yaml;

pub use compare::same_but_for_comments;
pub use flat::{dotenv, ini};
pub use json::json;
pub use yaml::{Features, yaml};
