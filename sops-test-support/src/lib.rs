//! Shared test code:
//!
//! - documents generated from a seed; the same seed gives the same document
//! - documents written by hand, and Secrets in disguise
//! - the comparison of two programs' output
//! - the environment in which the program runs
//! - servers on the loopback interface in place of key services
//! - the check of generated documentation pages, and of the commands on others

mod compare;
pub mod disguise;
#[cfg(unix)]
pub mod environment;
mod flat;
mod flow;
pub mod generated;
mod json;
pub mod kustomize;
#[cfg(unix)]
pub mod page;
pub mod server;
pub mod vectors;
pub mod written;
mod yaml;
mod yaml_scalars;

pub use compare::same_except_comments;
pub use flat::{dotenv, ini};
pub use flow::yaml_in_flow_style;
pub use json::json;
pub use yaml::{Features, yaml};
