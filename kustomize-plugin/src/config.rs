//! The configuration of a run: the resource that names this function.

use std::collections::BTreeMap;

use serde::Deserialize;
use sops_core::tree::Node;
use sops_core::{Format, from_document};
use sops_lint::Settings;

use crate::problem::Problem;
use crate::report::FunctionReport;

/// The `apiVersion` of this function's own kinds.
const API_VERSION: &str = "krm.sops-rs/v1alpha1";
/// The kind of ksops, which ignores the `apiVersion`.
const KSOPS_KIND: &str = "ksops";
/// The fields that identify a resource.
const HEADER: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// What the function does.
#[derive(Debug)]
pub(crate) enum FunctionConfig {
    Generate(SecretGenerator),
    Decrypt(Decryption),
    Lint(Linting),
}

/// Generates resources from encrypted files.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretGenerator {
    /// Whether this is a configuration of ksops.
    #[serde(skip)]
    pub(crate) is_ksops: bool,
    /// Encrypted manifests.
    pub(crate) files: Option<Vec<String>>,
    /// Secrets that are generated from encrypted files.
    pub(crate) secret_from: Option<Vec<SecretFrom>>,
}

/// A Secret whose values come from encrypted files.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretFrom {
    #[serde(default)]
    pub(crate) metadata: ObjectMetadata,
    pub(crate) r#type: Option<String>,
    /// Text files, as `path` or `key=path`.
    pub(crate) files: Option<Vec<String>>,
    /// Binary files, as `path` or `key=path`.
    pub(crate) binary_files: Option<Vec<String>>,
    /// Files whose lines, `KEY=VALUE`, become entries.
    pub(crate) envs: Option<Vec<String>>,
}

/// The metadata of a Secret.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ObjectMetadata {
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// Decrypts the resources of the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Decryption {
    #[serde(default)]
    pub(crate) mac: MacPolicy,
}

/// What to do about a resource whose MAC cannot be verified because its file is unknown.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MacPolicy {
    /// Warn that it was not verified.
    #[default]
    Warn,
    /// Reject the resource.
    Require,
    /// Do nothing, even if the file is known, as Flux does.
    Ignore,
}

/// Checks the rules of `sops-rs lint`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Linting {
    /// The settings of `.sops-lint.yaml`.
    #[serde(default)]
    pub(crate) settings: Settings,
}

impl FunctionConfig {
    /// Reads a configuration according to its kind.
    pub(crate) fn read(config: &Node, report: &mut FunctionReport) -> Result<Self, Problem> {
        let text = |key| config.get(key).and_then(Node::as_str).unwrap_or_default();
        match (text("apiVersion"), text("kind")) {
            (API_VERSION, "SopsGenerator") => typed(config).map(Self::Generate),
            (API_VERSION, "SopsDecrypt") => typed(config).map(Self::Decrypt),
            (API_VERSION, "SopsLint") => typed(config).map(Self::Lint),
            (_, KSOPS_KIND) => {
                let config = without_unknown_fields(config, report);
                typed(&config).map(|generator| {
                    Self::Generate(SecretGenerator {
                        is_ksops: true,
                        ..generator
                    })
                })
            }
            (version, kind) => Err(Problem::new(format!(
                "unknown configuration with apiVersion `{version}`, kind `{kind}`; use {API_VERSION} with SopsGenerator, \
                 SopsDecrypt or SopsLint, or any apiVersion with {KSOPS_KIND}"
            ))),
        }
        .map_err(|problem| problem.of_resource(config))
    }
}

/// The configuration without the identifying fields, which every resource has.
fn typed<T: for<'de> Deserialize<'de>>(config: &Node) -> Result<T, Problem> {
    let mut config = config.clone();
    if let Node::Mapping(entries) = &mut config {
        entries.retain(|entry| !HEADER.contains(&entry.key.as_str()));
    }
    Ok(from_document(&config.to_yaml(), Format::Yaml)?)
}

/// The configuration with only the fields that ksops reads. ksops ignores all others, including
/// misspelled ones.
fn without_unknown_fields(config: &Node, report: &mut FunctionReport) -> Node {
    const TOP: &[&str] = &["apiVersion", "kind", "metadata", "files", "secretFrom"];
    const SECRET: &[&str] = &["metadata", "type", "files", "binaryFiles", "envs"];
    const METADATA: &[&str] = &["name", "namespace", "labels", "annotations"];
    let mut config = config.clone();
    let mut ignored = Vec::new();
    keep(&mut config, TOP, "", &mut ignored);
    if let Some(Node::Sequence(secrets)) = value_of(&mut config, "secretFrom") {
        for (index, secret) in secrets.iter_mut().enumerate() {
            let path = format!("secretFrom[{index}].");
            keep(secret, SECRET, &path, &mut ignored);
            if let Some(metadata) = value_of(secret, "metadata") {
                keep(
                    metadata,
                    METADATA,
                    &format!("{path}metadata."),
                    &mut ignored,
                );
            }
        }
    }
    for field in ignored {
        let problem = Problem::new("ksops does not know this field, so it is ignored");
        report.warn(problem.at_field(&field).of_resource(&config));
    }
    config
}

fn keep(node: &mut Node, known: &[&str], path: &str, ignored: &mut Vec<String>) {
    if let Node::Mapping(entries) = node {
        entries.retain(|entry| {
            let keep = known.contains(&entry.key.as_str());
            if !keep {
                ignored.push(format!("{path}{}", entry.key));
            }
            keep
        });
    }
}

fn value_of<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match node {
        Node::Mapping(entries) => entries
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.value),
        _ => None,
    }
}
