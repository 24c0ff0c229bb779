//! The `ResourceList` that kustomize and a function exchange.
//!
//! The list is read and written like YAML in SOPS, which uses the same YAML library as kustomize,
//! so values survive unchanged.

use sops_core::tree::{Entry, Node};
use zeroize::Zeroizing;

use crate::problem::Problem;

const KIND: &str = "ResourceList";
const GROUP: &str = "config.kubernetes.io/";

/// A list of resources and the configuration of the function.
#[derive(Default)]
pub(crate) struct ResourceList {
    pub(crate) items: Vec<Node>,
    pub(crate) function_config: Option<Node>,
    pub(crate) results: Vec<Node>,
    api_version: String,
}

impl ResourceList {
    pub(crate) fn parse(input: &[u8]) -> Result<Self, Problem> {
        let text =
            str::from_utf8(input).map_err(|_| Problem::new("the input is not UTF-8 text"))?;
        let [tree] = <[Node; 1]>::try_from(Node::from_yaml(text)?)
            .map_err(|_| Problem::new("the input must be a single YAML document"))?;
        let text = |key| tree.get(key).and_then(Node::as_str);
        let api_version = text("apiVersion").unwrap_or_default().to_owned();
        if text("kind") != Some(KIND) || !api_version.starts_with(GROUP) {
            let message = format!(
                "the input is not a {KIND} of {GROUP}v1; let kustomize start this program, as `sops-rs-krm --help` describes"
            );
            return Err(Problem::new(message));
        }
        let mut list = Self {
            api_version,
            ..Self::default()
        };
        let Node::Mapping(entries) = tree else {
            return Ok(list);
        };
        for Entry { key, value } in entries {
            match key.as_str() {
                "items" => list.items = sequence(&key, value)?,
                "results" => list.results = sequence(&key, value)?,
                "functionConfig" if value != Node::Scalar(None) => {
                    list.function_config = Some(value);
                }
                // Unknown fields of a later version are not for this function.
                _ => {}
            }
        }
        for (index, item) in list.items.iter().enumerate() {
            if !matches!(item, Node::Mapping(_)) {
                let field = format!("items[{index}]");
                return Err(Problem::new("expected a mapping").at_field(&field));
            }
        }
        Ok(list)
    }

    pub(crate) fn into_yaml(self) -> Zeroizing<String> {
        let version = match self.api_version.as_str() {
            "" => "config.kubernetes.io/v1",
            version => version,
        };
        let entry = |key: &str, value| Entry {
            key: key.to_owned(),
            value,
        };
        let mut entries = vec![
            entry("apiVersion", version.into()),
            entry("kind", KIND.into()),
            entry("items", Node::Sequence(self.items)),
        ];
        entries.extend(self.function_config.map(|c| entry("functionConfig", c)));
        if !self.results.is_empty() {
            entries.push(entry("results", Node::Sequence(self.results)));
        }
        Node::Mapping(entries).to_yaml()
    }
}

fn sequence(key: &str, value: Node) -> Result<Vec<Node>, Problem> {
    match value {
        Node::Sequence(items) => Ok(items),
        Node::Scalar(None) => Ok(Vec::new()),
        _ => Err(Problem::new("expected a list").at_field(key)),
    }
}

/// The text of an annotation.
pub(crate) fn annotation<'n>(resource: &'n Node, name: &str) -> Option<&'n str> {
    resource
        .get("metadata")?
        .get("annotations")?
        .get(name)?
        .as_str()
}
