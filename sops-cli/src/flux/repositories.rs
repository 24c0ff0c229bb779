//! Which GitRepository is the repository that is looked at.

use std::path::Path;

use serde_json::Value;

use crate::git::git;

/// What files come from, such as a `GitRepository`: kind and name.
pub(crate) type SourceRef = (Option<String>, Option<String>);

/// The GitRepositories that are known, and the remotes of the repository.
#[derive(Default)]
pub(crate) struct Repositories {
    /// Name and address of each.
    known: Vec<(String, String)>,
    remotes: Vec<String>,
}

/// What the files of a Kustomization come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceOrigin {
    /// The repository that is looked at.
    Ours,
    /// Another one.
    Other,
    /// Unknown.
    Unknown,
}

impl Repositories {
    /// None yet, with the remotes of the repository in that directory.
    pub(crate) fn new(root: &Path) -> Self {
        let arguments = |folder| {
            let remotes = r"^remote\..*\.url$";
            ["-C", folder, "config", "-z", "--get-regexp", remotes]
        };
        // Without Git or remotes, the origin stays unknown.
        let output = root.to_str().and_then(|root| git(&arguments(root)).ok());
        let output = String::from_utf8(output.unwrap_or_default()).unwrap_or_default();
        let urls = output
            .split('\0')
            .filter_map(|entry| entry.split_once('\n'));
        Self {
            remotes: urls.map(|(_, url)| address(url)).collect(),
            ..Self::default()
        }
    }

    /// Adds an object, if it is a GitRepository.
    pub(crate) fn add(&mut self, object: &Value) {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let is_of_flux = text("/apiVersion")
            .is_some_and(|version| version.starts_with("source.toolkit.fluxcd.io/"));
        if is_of_flux
            && text("/kind") == Some("GitRepository")
            && let (Some(name), Some(url)) = (text("/metadata/name"), text("/spec/url"))
        {
            self.known.push((name.to_owned(), address(url)));
        }
    }

    /// Another repository is one whose address is none of the remotes, where that of another GitRepository is. Without such a one the addresses
    /// say nothing: those in the cluster may be others than here, or this is a fork.
    pub(crate) fn origin(&self, source: &SourceRef) -> SourceOrigin {
        let is_ours = |(_, address): &&(String, String)| self.remotes.contains(address);
        let (Some("GitRepository"), Some(name)) = (source.0.as_deref(), source.1.as_deref()) else {
            return SourceOrigin::Unknown;
        };
        let mut named = self.known.iter().filter(|(known, _)| known == name);
        if named.clone().any(|repository| is_ours(&repository)) {
            SourceOrigin::Ours
        } else if named.next().is_some() && self.known.iter().any(|repository| is_ours(&repository))
        {
            SourceOrigin::Other
        } else {
            SourceOrigin::Unknown
        }
    }
}

/// Host and path of a URL, or of `user@host:path`: what is the same however the repository is reached.
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

    #[test]
    fn another_repository_is_told_where_ours_is_known() {
        let source = |kind: &str, name: &str| (Some(kind.to_owned()), Some(name.to_owned()));
        let mut repositories = Repositories {
            remotes: vec!["git.example.org/fleet".into()],
            ..Repositories::default()
        };
        let add = |repositories: &mut Repositories, name: &str, url: &str| {
            repositories.add(&json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                "metadata": {"name": name}, "spec": {"url": url},
            }));
        };
        let other = source("GitRepository", "apps");
        add(&mut repositories, "apps", "https://git.example.org/apps");
        // A fork, or an address of the cluster.
        assert_eq!(repositories.origin(&other), SourceOrigin::Unknown);
        add(
            &mut repositories,
            "flux-system",
            "ssh://git@git.example.org/fleet",
        );
        assert_eq!(repositories.origin(&other), SourceOrigin::Other);
        let ours = source("GitRepository", "flux-system");
        assert_eq!(repositories.origin(&ours), SourceOrigin::Ours);
        for unknown in [
            source("GitRepository", "missing"),
            source("OCIRepository", "apps"),
            (None, None),
        ] {
            assert_eq!(
                repositories.origin(&unknown),
                SourceOrigin::Unknown,
                "{unknown:?}"
            );
        }
        // In another namespace, or for another cluster, the name stands for this one.
        add(&mut repositories, "apps", "git@git.example.org:fleet.git");
        assert_eq!(repositories.origin(&other), SourceOrigin::Ours);
    }
}
