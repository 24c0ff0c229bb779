//! `.sops.yaml`: the keys and the selection rule for new files, read more strictly than by `sops`.

mod all_errors;
mod configuration;
mod find;
mod glob;
mod json_schema;
mod locate;
mod node;
mod path_search;
mod read;
mod rule;
mod schema;
mod sops_yaml;
#[cfg(test)]
mod tests;
mod thresholds;
mod unknown_keys;
mod warning;
mod yaml;

pub use configuration::{Config, Stores};
pub use find::{FoundConfig, find, misnamed};
pub use json_schema::json_schema;
pub use node::Mapping;
pub use read::read_yaml;
pub use rule::{CreationRule, Destination, DestinationRule};
pub use schema::{Inner, Schema, UnknownKeys, ValueKind, similar};
pub use thresholds::{Thresholds, needed_groups};
pub use warning::Warning;
pub use yaml::YamlError;
