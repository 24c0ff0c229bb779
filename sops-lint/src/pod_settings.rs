//! The settings of the rules about pods.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the rules of the group `pods` accept. An entry for images is a registry, or the beginning
/// of a repository's name: `ghcr.io/acme`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct PodSettings {
    /// Where images may come from. Empty means anywhere.
    pub registries: Vec<String>,
    /// Namespaces whose pods must run in gVisor.
    pub untrusted_namespaces: Vec<String>,
    /// Images whose signatures the cluster verifies, so that they need no digest.
    pub signed_images: Vec<String>,
}
