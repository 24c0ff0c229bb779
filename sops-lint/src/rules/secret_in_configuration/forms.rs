//! Recognizes the configuration files of other programs by their keys.

use std::path::Path;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use sops_document::{NodeRef, Shape};

use crate::value_tree::TreeValue;

/// The program or node that a file configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigurationForm {
    /// Docker Compose.
    Compose,
    /// `kubectl`.
    Kubeconfig,
    /// A node of Talos, its secrets, or `talosctl`.
    Talos,
    /// A node of k3s or RKE2.
    Rancher,
    /// The registries of k3s and RKE2.
    Registries,
}

/// Each form has at least one of these keys.
const WORDS: [&str; 10] = [
    "services",
    "users",
    "machine",
    "cluster",
    "trustdinfo",
    "contexts",
    "token",
    "datastore-endpoint",
    "configs",
    "etcd-s3",
];

/// Keys of the configuration of k3s and RKE2 that no other program has.
const RANCHER: [&str; 16] = [
    "agent-token",
    "agent-token-file",
    "cluster-init",
    "datastore-endpoint",
    "tls-san",
    "write-kubeconfig-mode",
    "flannel-backend",
    "node-taint",
    "node-label",
    "node-ip",
    "node-external-ip",
    "etcd-s3",
    "etcd-s3-secret-key",
    "disable-cloud-controller",
    "kube-apiserver-arg",
    "kubelet-arg",
];

/// Keys of Talos whose values are secrets whatever they look like, some of them below another key.
const TALOS: [(&str, &str); 11] = [
    ("machine", "token"),
    ("cluster", "token"),
    ("cluster", "secret"),
    ("trustdinfo", "token"),
    ("secrets", "bootstraptoken"),
    ("", "aescbcEncryptionSecret"),
    ("", "aescbcencryptionsecret"),
    ("", "secretboxEncryptionSecret"),
    ("", "secretboxencryptionsecret"),
    ("static", "passphrase"),
    ("wireguard", "privateKey"),
];

/// The credentials of a kubeconfig.
const KUBECONFIG: [&str; 7] = [
    "token",
    "password",
    "client-key-data",
    "access-token",
    "id-token",
    "refresh-token",
    "client-secret",
];

/// Whether the file may be the configuration of another program.
pub(super) fn may_be(path: &Path, text: &str) -> bool {
    static WORDS_SEARCH: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(WORDS).expect("the words are few enough for one search"));
    let name = path.file_name().and_then(|name| name.to_str());
    let has_name = name.is_some_and(|name| {
        let is_text = ["yaml", "yml", "json", "conf"]
            .iter()
            .any(|end| name.ends_with(end));
        is_text
            || !name.contains('.')
            || name.starts_with("kubeconfig")
            || name.ends_with("kubeconfig")
            || name == ".talosconfig"
    });
    let is_key = |end: usize| {
        let rest = text[end..].trim_start_matches(['"', '\'']);
        rest.trim_start_matches(' ').starts_with(':')
    };
    has_name && WORDS_SEARCH.find_iter(text).any(|word| is_key(word.end()))
}

impl ConfigurationForm {
    /// The form of a document, if it is known.
    pub(super) fn of(top: NodeRef<'_, '_>, path: &Path) -> Option<Self> {
        if top.shape() != Shape::Mapping {
            return None;
        }
        let text = |key| top.get(key).and_then(NodeRef::as_str).unwrap_or_default();
        let has = |key| top.get(key).is_some();
        if has("kind") {
            return match (text("kind"), text("apiVersion")) {
                ("Config", "v1") if has("users") => Some(Self::Kubeconfig),
                // Talos's own documents have a version without a group.
                (kind, "v1alpha1") if kind.ends_with("Config") => Some(Self::Talos),
                (_, version) if version.starts_with("k3d.io/") => Some(Self::Rancher),
                _ => None,
            };
        }
        match () {
            () if is_compose(top, path) => Some(Self::Compose),
            () if is_talos(top) => Some(Self::Talos),
            () if has_mapping(top, "configs") && is_registries(top) => Some(Self::Registries),
            () if is_of_rancher(top, path) => Some(Self::Rancher),
            () => None,
        }
    }

    /// The form of the file that a patch with this path is for, if it is known.
    pub(super) fn of_path(path: &[&str]) -> Option<Self> {
        let is_talos = path
            .first()
            .is_some_and(|top| ["machine", "cluster"].contains(top));
        (is_talos && path.len() > 1).then_some(Self::Talos)
    }

    /// The name of the form in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Compose => "Compose file",
            Self::Kubeconfig => "kubeconfig",
            Self::Talos => "Talos configuration",
            Self::Rancher => "node's configuration",
            Self::Registries => "registry configuration",
        }
    }

    /// Whether a value is a secret by its key alone.
    pub(super) fn is_secret(self, value: &TreeValue<'_, '_>) -> bool {
        let TreeValue {
            parent, key, node, ..
        } = *value;
        match self {
            Self::Compose => {
                key == "content" && node.path().first().is_some_and(|part| part == "secrets")
            }
            Self::Kubeconfig => KUBECONFIG.contains(&key),
            Self::Talos => {
                let mut known = TALOS.iter();
                let is_key = || key == "key" && is_packed(node.scalar_text().unwrap_or_default());
                known.any(|(below, known)| *known == key && (below.is_empty() || *below == parent))
                    || is_key()
            }
            Self::Rancher => ["token", "agent-token", "etcd-s3-secret-key"].contains(&key),
            Self::Registries => {
                parent == "auth" && ["password", "auth", "identity_token"].contains(&key)
            }
        }
    }
}

/// Whether the value is a long base64 text, which is how Talos writes private keys. The keys of
/// taints have other characters.
fn is_packed(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    text.len() >= 24 && text.chars().all(is_part)
}

/// Whether the document has services like a Compose file.
fn is_compose(top: NodeRef<'_, '_>, path: &Path) -> bool {
    const FIELDS: [&str; 5] = ["image", "build", "environment", "extends", "env_file"];
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let services = top.get("services").into_iter().flat_map(NodeRef::entries);
    let mut fields = services.flat_map(|(_, service)| service.entries());
    let is_named = name.contains("compose") || name.starts_with("stack");
    let mut parts = ["secrets", "configs"].into_iter();
    fields.any(|(field, _)| FIELDS.contains(&field))
        || is_named && (has_mapping(top, "services") || parts.any(|part| has_mapping(top, part)))
}

/// Whether the document is a Talos machine configuration or a patch for one, a Talos secrets bundle,
/// or a `talosctl` configuration.
fn is_talos(top: NodeRef<'_, '_>) -> bool {
    const MACHINE: [&str; 8] = [
        "type",
        "token",
        "ca",
        "install",
        "kubelet",
        "network",
        "registries",
        "systemDiskEncryption",
    ];
    const CLUSTER: [&str; 7] = [
        "controlPlane",
        "aescbcEncryptionSecret",
        "secretboxEncryptionSecret",
        "aggregatorCA",
        "clusterName",
        "etcd",
        "discovery",
    ];
    let has_any = |key, fields: &[&str]| {
        let part = top.get(key);
        part.is_some_and(|part| part.entries().any(|(field, _)| fields.contains(&field)))
    };
    let is_bundle = || has_mapping(top, "trustdinfo") && has_mapping(top, "certs");
    let is_client = || {
        let mut contexts = top.get("contexts").into_iter().flat_map(NodeRef::entries);
        contexts.any(|(_, context)| {
            ["ca", "crt", "key"]
                .iter()
                .all(|key| context.get(key).is_some())
        })
    };
    has_any("machine", &MACHINE) || has_any("cluster", &CLUSTER) || is_bundle() || is_client()
}

/// Whether the document is the configuration of a node of k3s or RKE2.
fn is_of_rancher(top: NodeRef<'_, '_>, path: &Path) -> bool {
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut directories = directories.map(|part| part.as_os_str());
    let is_in_directory = directories.any(|name| name == "rancher")
        && directories.any(|name| name == "k3s" || name == "rke2");
    let is_known = |key: &str| RANCHER.contains(&key) || key.starts_with("etcd-s3-");
    let is_server = |node: NodeRef<'_, '_>| {
        node.as_str()
            .is_some_and(|url| url.ends_with(":6443") || url.ends_with(":9345"))
    };
    let joins = top.get("token").is_some() && top.get("server").is_some_and(is_server);
    is_in_directory
        || joins
        || top
            .entries()
            .any(|(key, _)| is_known(key.trim_end_matches('+')))
}

fn is_registries(top: NodeRef<'_, '_>) -> bool {
    let mut configs = top.get("configs").into_iter().flat_map(NodeRef::entries);
    configs.any(|(_, registry)| has_mapping(registry, "auth"))
}

/// Whether a mapping has a mapping under a key.
fn has_mapping(node: NodeRef<'_, '_>, key: &str) -> bool {
    let child = node.get(key);
    child.is_some_and(|child| child.shape() == Shape::Mapping)
}
