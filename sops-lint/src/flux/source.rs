//! Determines which repository the files of a Kustomization come from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json_value::text;

/// The name that `flux bootstrap` and the Flux operator give to the repository of the cluster.
const BOOTSTRAP: &str = "flux-system";

/// The kind and the name of a source, as in `spec.sourceRef`.
type SourceRef = (String, String);

/// A GitRepository, OCIRepository or Bucket.
#[derive(Clone, Debug)]
pub(super) struct Source {
    kind: String,
    name: String,
    /// The host and the path, if the source has a URL.
    address: Option<String>,
    /// Whether the Flux operator creates the source for the repository of the cluster.
    is_bootstrap: bool,
}

/// The repository of a Kustomization's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceOrigin {
    /// This repository.
    Ours,
    /// Another repository.
    Other,
    /// Probably this repository, but no URL confirms it.
    Unknown,
}

impl Source {
    /// The source, if the object is one.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let kind = text(object, &["kind"])?;
        let is_source = text(object, &["apiVersion"])?.starts_with("source.toolkit.fluxcd.io/")
            && matches!(kind, "GitRepository" | "OCIRepository" | "Bucket");
        let name = text(object, &["metadata", "name"]).filter(|_| is_source)?;
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            address: text(object, &["spec", "url"]).map(address),
            is_bootstrap: false,
        })
    }

    pub(super) fn bootstrap(kind: &str, name: &str, url: Option<&str>) -> Self {
        Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            address: url.map(address),
            is_bootstrap: true,
        }
    }
}

/// The sources that are known, the remotes of the repository, and how many times Kustomizations
/// name each source.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) known: Vec<Source>,
    remotes: Vec<String>,
    uses: BTreeMap<SourceRef, usize>,
}

impl Sources {
    pub(super) fn set_remotes<'u>(&mut self, urls: impl Iterator<Item = &'u str>) {
        self.remotes = urls.map(address).collect();
    }

    /// Counts the use of a source.
    pub(super) fn add_use(&mut self, spec: &Value) {
        *self.uses.entry(source_ref(spec)).or_default() += 1;
    }

    /// Whether the bootstrap applies the Kustomization: it has the name of its source.
    pub(super) fn is_bootstrap_kustomization(&self, kustomization: &Value) -> bool {
        let source = source_ref(&kustomization["spec"]);
        self.is_bootstrap(&source) && text(kustomization, &["metadata", "name"]) == Some(&source.1)
    }

    /// Where the files of the Kustomization with this `spec` are.
    pub(super) fn origin(&self, spec: &Value) -> SourceOrigin {
        let source = source_ref(spec);
        if source.0.is_empty() || source.1.is_empty() {
            return SourceOrigin::Unknown;
        }
        let addresses = self.addresses(&source);
        if addresses.iter().any(|address| self.is_ours(address)) {
            return SourceOrigin::Ours;
        }
        let has_ours = self.known.iter().any(|source| {
            source
                .address
                .as_deref()
                .is_some_and(|address| self.is_ours(address))
        });
        let is_bootstrap = self.is_bootstrap(&source);
        let is_other = match has_ours {
            true => !is_bootstrap || source.0 == "GitRepository" && !addresses.is_empty(),
            false => !is_bootstrap && !self.is_main(&source),
        };
        if is_other {
            SourceOrigin::Other
        } else {
            SourceOrigin::Unknown
        }
    }

    /// Whether a remote of the repository has this address, or the same path on another host, as an
    /// artifact that is built from it has.
    fn is_ours(&self, address: &str) -> bool {
        let is_artifact = |remote: &String| {
            let path = remote.split_once('/').map_or("", |(_, path)| path);
            let artifact = address
                .strip_prefix("ghcr.io/")
                .and_then(|artifact| artifact.strip_prefix(path));
            path.contains('/')
                && artifact.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.remotes
            .iter()
            .any(|remote| remote == address || is_artifact(remote))
    }

    fn is_bootstrap(&self, source: &SourceRef) -> bool {
        source.1 == BOOTSTRAP
            || self.known.iter().any(|known| {
                known.is_bootstrap && (&known.kind, &known.name) == (&source.0, &source.1)
            })
    }

    /// If no remote decides: whether the source is the bootstrap's or the one that most
    /// Kustomizations name, or has the same URL.
    fn is_main(&self, source: &SourceRef) -> bool {
        let bootstrap: Vec<&SourceRef> = self
            .uses
            .keys()
            .filter(|used| self.is_bootstrap(used))
            .collect();
        let most = self.uses.values().max();
        let main: Vec<&SourceRef> = match bootstrap.is_empty() {
            true => self
                .uses
                .iter()
                .filter(|(_, uses)| Some(*uses) == most)
                .map(|(used, _)| used)
                .collect(),
            false => bootstrap,
        };
        let addresses = self.addresses(source);
        main.into_iter().any(|main| {
            main == source
                || self
                    .addresses(main)
                    .iter()
                    .any(|address| addresses.contains(address))
        })
    }

    fn addresses(&self, source: &SourceRef) -> Vec<&str> {
        let named = self
            .known
            .iter()
            .filter(|known| known.kind == source.0 && known.name == source.1);
        named.filter_map(|known| known.address.as_deref()).collect()
    }
}

fn source_ref(spec: &Value) -> SourceRef {
    let field = |key| {
        text(spec, &["sourceRef", key])
            .unwrap_or_default()
            .to_owned()
    };
    (field("kind"), field("name"))
}

/// The host and path of a URL or of `user@host:path`, which are the same for all protocols.
fn address(url: &str) -> String {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => url.split_once(':').unwrap_or(("", url)),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.trim_matches('/').trim_end_matches(".git");
    format!("{}/{path}", host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_reached() {
        for (url, expected) in [
            (
                "https://git.example.org/a/fleet.git",
                "git.example.org/a/fleet",
            ),
            (
                "https://ann:x@Git.Example.org/a/fleet/",
                "git.example.org/a/fleet",
            ),
            (
                "ssh://git@git.example.org:2222/a/fleet",
                "git.example.org/a/fleet",
            ),
            ("git@git.example.org:a/fleet.git", "git.example.org/a/fleet"),
            ("file:///srv/fleet.git", "/srv/fleet"),
            ("/srv/fleet.git", "/srv/fleet"),
        ] {
            assert_eq!(address(url), expected, "{url}");
        }
    }

    fn spec(kind: &str, name: &str) -> Value {
        json!({"sourceRef": {"kind": kind, "name": name}})
    }

    fn source(kind: &str, name: &str, url: &str) -> Source {
        let object = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": name}, "spec": {"url": url},
        });
        Source::of(&object).expect("the object is a source")
    }

    #[test]
    fn the_remote_identifies_the_source_of_this_repository() {
        let mut sources = Sources::default();
        sources.set_remotes(["https://git.example.org/acme/fleet"].into_iter());
        sources.known = vec![
            source(
                "GitRepository",
                "fleet",
                "ssh://git@git.example.org/acme/fleet.git",
            ),
            source("GitRepository", "apps", "https://git.example.org/acme/apps"),
            source("OCIRepository", "own", "oci://ghcr.io/acme/fleet/manifests"),
            source(
                "OCIRepository",
                "flux",
                "oci://ghcr.io/fluxcd/flux-manifests",
            ),
        ];
        for (kind, name, expected) in [
            ("GitRepository", "fleet", SourceOrigin::Ours),
            ("OCIRepository", "own", SourceOrigin::Ours),
            ("GitRepository", "apps", SourceOrigin::Other),
            ("OCIRepository", "flux", SourceOrigin::Other),
            ("GitRepository", "missing", SourceOrigin::Other),
            ("Bucket", "missing", SourceOrigin::Other),
            // `flux bootstrap` creates it, and may be called with a fork.
            ("GitRepository", "flux-system", SourceOrigin::Unknown),
            ("", "", SourceOrigin::Unknown),
        ] {
            assert_eq!(sources.origin(&spec(kind, name)), expected, "{kind} {name}");
        }
    }

    #[test]
    fn without_a_remote_the_usual_source_is_ours() {
        let mut sources = Sources {
            known: vec![source(
                "GitRepository",
                "crds",
                "https://git.example.org/crds",
            )],
            ..Sources::default()
        };
        for (name, uses) in [("fleet", 3), ("crds", 1)] {
            (0..uses).for_each(|_| sources.add_use(&spec("GitRepository", name)));
        }
        assert_eq!(
            sources.origin(&spec("GitRepository", "fleet")),
            SourceOrigin::Unknown
        );
        assert_eq!(
            sources.origin(&spec("GitRepository", "crds")),
            SourceOrigin::Other
        );
        // The bootstrap's name says more than a count.
        sources.add_use(&spec("GitRepository", "flux-system"));
        assert_eq!(
            sources.origin(&spec("GitRepository", "flux-system")),
            SourceOrigin::Unknown
        );
        assert_eq!(
            sources.origin(&spec("GitRepository", "fleet")),
            SourceOrigin::Other
        );
        // A second name for the same repository.
        sources.known.push(source(
            "GitRepository",
            "flux-system",
            "https://git.example.org/fleet",
        ));
        sources.known.push(source(
            "GitRepository",
            "fleet",
            "git@git.example.org:fleet.git",
        ));
        assert_eq!(
            sources.origin(&spec("GitRepository", "fleet")),
            SourceOrigin::Unknown
        );
    }
}
