//! stub
pub(crate) const STEP: usize = 4;
pub(crate) fn entry(key: &str, tree: &serde_json::Map<String, serde_json::Value>, column: usize) -> String { format!("{:column$}{key}: {}\n", "", serde_json::to_string(tree).unwrap()) }
