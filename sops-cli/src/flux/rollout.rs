//! Whether Flux has applied a commit: the state of the Kustomizations in a cluster.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use sops_lint::flux::{FluxTree, SourceOrigin};

use crate::git::{has_commit, is_ancestor};

/// The Kustomizations of a repository in a cluster, and what they have applied.
#[derive(Debug, Default)]
pub(crate) struct Rollout {
    /// The Kustomizations that have not applied the commit, each with the reason.
    pub(crate) waiting: Vec<String>,
    pub(crate) suspended: Vec<String>,
    /// How many have applied the commit.
    pub(crate) finished: usize,
    /// The directories with Kustomizations that this cluster does not have.
    pub(crate) elsewhere: BTreeSet<String>,
}

impl Rollout {
    /// Compares the Kustomizations of a cluster, which are in the tree too, with a commit.
    pub(crate) fn of(tree: &FluxTree, live: &[Value], root: &Path, commit: &str) -> Self {
        let applied = tree.applied();
        let own = applied
            .kustomizations
            .iter()
            .filter(|kustomization| kustomization.origin() != SourceOrigin::Other);
        let id = |name: &str, namespace: Option<&str>| {
            format!("{}/{name}", namespace.unwrap_or("flux-system"))
        };
        let (in_cluster, in_files): (Vec<_>, Vec<_>) =
            own.partition(|kustomization| kustomization.file().is_none());
        let ids: BTreeSet<_> = in_cluster
            .iter()
            .map(|own| (id(own.name(), own.namespace()), own.directory()))
            .collect();
        let mut rollout = Self::default();
        for object in live {
            let metadata = &object["metadata"];
            let name = metadata["name"].as_str().unwrap_or_default();
            let id = id(name, metadata["namespace"].as_str());
            if ids.iter().any(|(own, _)| *own == id) {
                rollout.add(id, object, commit);
            }
        }
        let missing = in_files
            .iter()
            .filter(|own| !ids.contains(&(id(own.name(), own.namespace()), own.directory())));
        let directories = missing.filter_map(|own| {
            let file = own.file()?;
            let directory = file.strip_prefix(root).unwrap_or(file).parent()?;
            Some(directory.to_string_lossy().into_owned())
        });
        rollout.elsewhere = directories.collect();
        rollout
    }

    fn add(&mut self, id: String, object: &Value, commit: &str) {
        if object["spec"]["suspend"] == true {
            self.suspended.push(id);
            return;
        }
        match obstacle(object, commit) {
            None => self.finished += 1,
            Some(why) => self.waiting.push(format!("{id} {why}")),
        }
    }
}

/// Why a Kustomization has not applied a commit yet.
fn obstacle(object: &Value, commit: &str) -> Option<String> {
    let status = &object["status"];
    // For an artifact that was built from a commit, the second field has the commit.
    let revisions = ["lastAppliedOriginRevision", "lastAppliedRevision"];
    let revision = revisions.iter().find_map(|field| status[*field].as_str());
    let Some(revision) = revision else {
        return Some("has applied nothing yet".to_owned());
    };
    let hash = revision.rsplit([':', '/', '@']).next().unwrap_or_default();
    let is_hash = hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash && !has_commit(hash) {
        return Some(format!(
            "is at {revision}, which this clone does not have: run `git fetch`"
        ));
    }
    if !is_hash || !is_ancestor(commit, hash) {
        return Some(format!("is still at {revision}"));
    }
    let generation = &object["metadata"]["generation"];
    if !generation.is_null() && status["observedGeneration"] != *generation {
        return Some("has not observed its latest change".to_owned());
    }
    let conditions = status["conditions"].as_array();
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready");
    match ready.and_then(|ready| ready["status"].as_str()) {
        Some("True") => None,
        _ => Some("is not ready".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kustomization_waits_until_it_is_ready_at_a_revision_with_the_commit() {
        let ready = json!([{"type": "Ready", "status": "True"}]);
        for (status, expected) in [
            (json!({}), "has applied nothing yet"),
            (
                json!({"lastAppliedRevision": "main@sha1:0000000000000000000000000000000000000000", "conditions": ready}),
                "is at main@sha1:0000000000000000000000000000000000000000, which this clone does not have: run `git fetch`",
            ),
            (
                json!({"lastAppliedRevision": "latest@sha256:abc", "conditions": ready}),
                "is still at latest@sha256:abc",
            ),
        ] {
            let object = json!({"metadata": {"generation": 1}, "status": status});
            let why = obstacle(&object, "ffffffffffffffffffffffffffffffffffffffff");
            assert_eq!(why.as_deref(), Some(expected));
        }
    }
}
