//! Finds the objects of a manifest, and the parts that all kinds have in common. Objects and
//! workloads are recognized by their shape, in any position and in any container.

use std::cell::OnceCell;
use std::rc::Rc;

use sops_document::{Document, NodeRef, Shape};

use crate::alias_verdicts::AliasVerdicts;
use crate::kustomization;
use crate::secret::{SecretValue, is_secret_part, secret_fields};

/// Every list of containers that a pod can have, and those of pipelines.
const CONTAINER_LISTS: [&str; 5] = [
    "containers",
    "initContainers",
    "ephemeralContainers",
    "sidecars",
    "steps",
];

/// Keys of a single container, in templates of workflows and pipelines.
const CONTAINERS: [&str; 3] = ["container", "script", "stepTemplate"];

/// Keys of policies with patterns for objects, which are not objects themselves.
const PATTERNS: [&str; 2] = ["pattern", "anyPattern"];

/// An object of a manifest.
pub(crate) struct Object<'d, 'a> {
    pub(crate) node: NodeRef<'d, 'a>,
    pub(crate) kind: &'d str,
    pub(crate) api_version: &'d str,
    /// The pods in it.
    pub(crate) pods: Vec<Pod<'d, 'a>>,
    /// Every `metadata` in the object: its own and those of templates.
    pub(crate) metadata: Vec<NodeRef<'d, 'a>>,
    /// The verdicts about values that several objects of the document share by aliases.
    pub(crate) verdicts: Rc<AliasVerdicts>,
    /// The plaintext values of a Secret, computed on first use.
    pub(crate) open_values: OnceCell<Vec<SecretValue<'d, 'a>>>,
    reference: OnceCell<Rc<str>>,
}

/// Containers and volumes: the `spec` of a pod, or a mapping of the same shape.
pub(crate) struct Pod<'d, 'a> {
    pub(crate) node: NodeRef<'d, 'a>,
    pub(crate) containers: Vec<NodeRef<'d, 'a>>,
}

/// The objects of all documents, including those in lists and in other objects.
pub(crate) fn objects<'d, 'a>(document: &'d Document<'a>) -> Vec<Object<'d, 'a>> {
    objects_of(document.tops().flatten())
}

/// The Secrets of a document, including those in lists and in other objects.
pub fn secrets<'d, 'a>(document: &'d Document<'a>) -> Vec<NodeRef<'d, 'a>> {
    let secrets = objects(document).into_iter();
    let secrets = secrets.filter(|object| object.is_secret() && !object.is_deletion());
    secrets.map(|object| object.node).collect()
}

/// The objects of some nodes.
pub(crate) fn objects_of<'d, 'a>(
    nodes: impl Iterator<Item = NodeRef<'d, 'a>>,
) -> Vec<Object<'d, 'a>> {
    let mut objects = Vec::new();
    let verdicts = Rc::default();
    // A list instead of recursion, because documents can be nested deeply.
    let mut tops: Vec<_> = nodes.map(|top| (top, "")).collect();
    tops.reverse();
    while let Some((top, kind)) = tops.pop() {
        let mut inner = Vec::new();
        match top.shape() {
            // A list at the top is a document that SOPS cannot encrypt.
            Shape::Sequence => inner.extend(top.items().map(|item| (item, ""))),
            _ => objects.extend(Object::of(top, kind, &verdicts, &mut inner)),
        }
        inner.reverse();
        tops.append(&mut inner);
    }
    objects
}

impl<'d, 'a> Object<'d, 'a> {
    /// The object; `None` for a list of objects, whose items are added to `inner` with the kind
    /// that the list implies. `kind` is for an object that states none itself.
    fn of(
        node: NodeRef<'d, 'a>,
        kind: &'static str,
        verdicts: &Rc<AliasVerdicts>,
        inner: &mut Vec<(NodeRef<'d, 'a>, &'static str)>,
    ) -> Option<Self> {
        let text = |key| node.get(key).and_then(NodeRef::as_str).unwrap_or_default();
        let own_kind = Some(text("kind")).filter(|own| !own.is_empty());
        let mut object = Object {
            node,
            kind: own_kind.or_else(|| misspelt_kind(node)).unwrap_or(kind),
            api_version: text("apiVersion"),
            pods: Vec::new(),
            metadata: Vec::new(),
            verdicts: Rc::clone(verdicts),
            open_values: OnceCell::new(),
            reference: OnceCell::new(),
        };
        if let Some(items) = node.get("items") {
            let of_list = without_list(object.kind);
            let is_core = || ["", "v1"].contains(&object.api_version);
            let is_of_secrets = object.kind == "SecretList"
                || is_core() && is_like_secret(of_list.unwrap_or(object.kind));
            // In lists from the API server, items omit the kind that the list implies.
            let kind = if is_of_secrets { "Secret" } else { "" };
            if of_list.is_some() {
                inner.extend(items.items().map(|item| (item, kind)));
                return None;
            }
            let nameless = items.items().filter(|item| item.get("kind").is_none());
            inner.extend(nameless.filter(|_| is_of_secrets).map(|item| (item, kind)));
        }
        // The operator of this kind creates a Secret from each of its templates.
        let templates = node.at(&["spec", "secretTemplates"]);
        if let Some(templates) = templates.filter(|_| object.kind == "SopsSecret") {
            inner.extend(templates.items().map(|template| (template, "Secret")));
        }
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            // Most mappings are quickly distinguished from objects.
            if next.span() == node.span() || next.get("kind").is_none() {
                object.look_at(next, &mut open);
            } else if let Some(secret) = described_secret(next) {
                inner.push((secret, "Secret"));
            } else if is_object(next) {
                inner.push((next, ""));
            } else {
                object.look_at(next, &mut open);
            }
        }
        inner.sort_by_key(|(node, _)| node.span().start);
        Some(object)
    }

    fn look_at(&mut self, node: NodeRef<'d, 'a>, open: &mut Vec<NodeRef<'d, 'a>>) {
        match node.shape() {
            Shape::Scalar => {}
            Shape::Sequence => open.extend(node.items()),
            Shape::Mapping => {
                let mut pod = Pod {
                    node,
                    containers: Vec::new(),
                };
                for (key, child) in node.entries() {
                    if PATTERNS.contains(&key) && self.api_version.starts_with("kyverno.io/") {
                        continue;
                    }
                    if key == "metadata" {
                        self.metadata.push(child);
                    }
                    if CONTAINER_LISTS.contains(&key) {
                        pod.containers.extend(child.items().filter(is_container));
                    } else if CONTAINERS.contains(&key) && is_container(&child) {
                        pod.containers.push(child);
                    }
                    if child.shape() != Shape::Scalar {
                        open.push(child);
                    }
                }
                if !pod.containers.is_empty() {
                    self.pods.push(pod);
                }
            }
        }
    }

    /// The kind, namespace and name of the object, for messages.
    pub(crate) fn reference(&self) -> Rc<str> {
        let reference = self.reference.get_or_init(|| {
            let of = |key| self.metadata_text(key);
            match (of("namespace"), of("name")) {
                (Some(namespace), Some(name)) => format!("{} {namespace}/{name}", self.kind).into(),
                (None, Some(name)) => format!("{} {name}", self.kind).into(),
                _ => self.kind.into(),
            }
        });
        Rc::clone(reference)
    }

    fn metadata_text(&self, key: &str) -> Option<&'d str> {
        self.node.at(&["metadata", key])?.as_str()
    }

    /// Whether the object is, or is meant to be, a Secret of the core API: no other object of that
    /// API has `stringData`, and the kind or the version may be misspelled.
    pub(crate) fn is_secret(&self) -> bool {
        let has_text = || {
            let mut fields = self.node.entries().map(|(key, _)| key);
            self.kind != "ConfigMap" && fields.any(|key| key == "stringData")
        };
        match self.api_version {
            "" => self.kind == "Secret",
            "v1" if self.kind.eq_ignore_ascii_case("Secret") || has_text() => true,
            version => !is_of_other_project(version) && self.is_like_secret() && self.has_values(),
        }
    }

    /// Whether the object is a Secret in the API of another project that has values like a Secret
    /// of the core API.
    pub(crate) fn is_secret_of_other_project(&self) -> bool {
        let is_kind = self.kind.eq_ignore_ascii_case("Secret");
        is_kind && is_of_other_project(self.api_version) && self.has_values()
    }

    /// Whether the kind is almost that of a Secret, or the object has the type of one.
    fn is_like_secret(&self) -> bool {
        let has_type = || {
            let of_secret = self.node.get("type").and_then(NodeRef::as_str);
            of_secret.is_some_and(|name| name == "Opaque" || name.starts_with("kubernetes.io/"))
        };
        is_like_secret(self.kind) || self.kind != "ConfigMap" && has_type()
    }

    /// Whether there is a value under `data` or `stringData`.
    fn has_values(&self) -> bool {
        let mut fields = secret_fields(self.node).into_iter();
        fields.any(|field| field.is_part() && !field.values().is_empty())
    }

    /// Whether the object is a complete Secret, unlike patches and examples, so that any other
    /// field is a mistake.
    pub(crate) fn is_whole_secret(&self) -> bool {
        let has_metadata = || {
            let metadata = self.node.get("metadata");
            metadata.is_some_and(|metadata| metadata.shape() == Shape::Mapping)
        };
        // Policies have the name and their own settings next to the data.
        let is_of_policy = || self.node.get("name").is_some() && self.node.lineage().len() > 1;
        let is_core = ["", "v1"].contains(&self.api_version);
        let is_whole = has_metadata() || self.api_version == "v1" && !is_of_policy();
        is_core && is_whole && self.is_secret()
    }

    /// Whether the object is a kustomization, which may lack its kind, its version or both.
    pub(crate) fn is_kustomization(&self) -> bool {
        let own = |key| kustomization::text(self.node, key).unwrap_or_default();
        let (kind, version) = (own("kind"), own("apiVersion"));
        let is_version = version.starts_with("kustomize.config.k8s.io/");
        let generates = || {
            let generators = ["secretGenerator", "configMapGenerator"];
            generators
                .iter()
                .any(|key| !kustomization::fields(self.node, key).is_empty())
        };
        match kind {
            "Kustomization" => is_version || version.is_empty(),
            "Component" => true,
            "" => generates(),
            _ => false,
        }
    }

    /// The generators of Secrets in the object.
    pub(crate) fn secret_generators(&self) -> Vec<NodeRef<'d, 'a>> {
        if self.api_version == "builtin" && self.kind == "SecretGenerator" {
            return vec![self.node];
        }
        match self.is_kustomization() {
            true => kustomization::items(self.node, "secretGenerator").collect(),
            false => Vec::new(),
        }
    }

    /// Whether the object is a patch that only removes something.
    pub(crate) fn is_deletion(&self) -> bool {
        self.node.get("$patch").and_then(NodeRef::as_str) == Some("delete")
            && !secret_fields(self.node)
                .iter()
                .any(|field| field.is_part() && !field.values().is_empty())
    }

    /// Each container, with the pod that it is in.
    pub(crate) fn containers(&self) -> impl Iterator<Item = (&Pod<'d, 'a>, NodeRef<'d, 'a>)> {
        let each = |pod: &Pod<'d, 'a>| pod.containers.clone();
        self.pods
            .iter()
            .flat_map(move |pod| each(pod).into_iter().map(move |container| (pod, container)))
    }
}

/// The kind of the items of a list, by the kind of the list in any letter case.
fn without_list(kind: &str) -> Option<&str> {
    let (of_items, list) = kind.split_at_checked(kind.len().checked_sub("List".len())?)?;
    list.eq_ignore_ascii_case("List").then_some(of_items)
}

/// The kind of a Secret that is misspelled as `Kind`.
fn misspelt_kind<'d>(node: NodeRef<'d, '_>) -> Option<&'d str> {
    let mut entries = node.entries();
    let (_, kind) = entries.find(|(key, _)| key.eq_ignore_ascii_case("kind"))?;
    // A file of variables may have one called `KIND`.
    let is_part = |(key, part): (&str, NodeRef<'_, '_>)| {
        is_secret_part(key) && part.shape() == Shape::Mapping
    };
    let kind = kind.as_str().filter(|kind| *kind == "Secret");
    kind.filter(|_| node.entries().any(is_part))
}

/// Whether the mapping is an object, and not a reference to one.
fn is_object(node: NodeRef<'_, '_>) -> bool {
    let is_text = |key| node.get(key).and_then(NodeRef::as_str).is_some();
    let is_mapping = |key| {
        node.get(key)
            .is_some_and(|node| node.shape() == Shape::Mapping)
    };
    // A reference has a name, and may have a mapping of keys.
    let is_reference = || node.get("name").is_some() && node.get("type").is_none();
    let is_secret = || is_core_secret(node) && is_mapping("data") && !is_reference();
    is_text("apiVersion")
        && is_text("kind")
        && (is_mapping("metadata") || is_mapping("stringData") || is_secret())
}

/// The Secret that a policy creates, without its name: Kyverno puts it under `data`, next to the
/// kind.
fn described_secret<'d, 'a>(node: NodeRef<'d, 'a>) -> Option<NodeRef<'d, 'a>> {
    let is_described = is_core_secret(node) && node.get("metadata").is_none();
    let data = node.get("data").filter(|_| is_described)?;
    let is_part = |key| {
        data.get(key)
            .is_some_and(|part| part.shape() == Shape::Mapping)
    };
    (is_part("data") || is_part("stringData")).then_some(data)
}

fn is_core_secret(node: NodeRef<'_, '_>) -> bool {
    let text = |key| node.get(key).and_then(NodeRef::as_str);
    let version = text("apiVersion");
    text("kind") == Some("Secret") && version.is_some_and(|version| !is_of_other_project(version))
}

/// Whether the version is that of an API which is not part of Kubernetes: the group of such an API
/// is a domain.
pub(crate) fn is_of_other_project(version: &str) -> bool {
    let group = version.split_once('/').map(|(group, _)| group);
    group.is_some_and(|group| group.contains('.') && !group.ends_with(".k8s.io"))
}

/// Whether a kind is `Secret` with up to two mistakes, apart from punctuation and text after a
/// slash.
fn is_like_secret(kind: &str) -> bool {
    const MISTAKES: usize = 2;
    const SECRET: usize = "secret".len();
    let name = kind.split('/').next().unwrap_or_default();
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    // Each letter more or less is a mistake, and most kinds have more.
    if letters
        .clone()
        .take(SECRET + MISTAKES + 1)
        .count()
        .abs_diff(SECRET)
        > MISTAKES
    {
        return false;
    }
    let letters: Vec<char> = letters.map(|c| c.to_ascii_lowercase()).take(16).collect();
    // The Levenshtein distance, with swapped neighbors as one mistake.
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=letters.len()).collect();
    let mut last = '\0';
    for (number, wanted) in "secret".chars().enumerate() {
        let mut next = vec![number + 1];
        for (at, letter) in letters.iter().enumerate() {
            let changed = row[at] + usize::from(*letter != wanted);
            let mut least = changed.min(row[at + 1] + 1).min(next[at] + 1);
            if at > 0 && number > 0 && letters[at - 1] == wanted && *letter == last {
                least = least.min(before[at - 1] + 1);
            }
            next.push(least);
        }
        last = wanted;
        before = std::mem::replace(&mut row, next);
    }
    row[letters.len()] <= MISTAKES
}

fn is_container(node: &NodeRef<'_, '_>) -> bool {
    node.shape() == Shape::Mapping
}

impl<'d, 'a> Pod<'d, 'a> {
    /// The volumes, each with its name.
    pub(crate) fn volumes(&self) -> impl Iterator<Item = (&'d str, NodeRef<'d, 'a>)> {
        let volumes = self.node.get("volumes");
        volumes.into_iter().flat_map(NodeRef::items).map(|volume| {
            let name = volume.get("name").and_then(NodeRef::as_str);
            (name.unwrap_or_default(), volume)
        })
    }

    /// The parts of a volume that come from Secrets.
    pub(crate) fn secret_sources(volume: NodeRef<'d, 'a>) -> Vec<NodeRef<'d, 'a>> {
        let projected = volume.at(&["projected", "sources"]);
        let sources = projected.into_iter().flat_map(NodeRef::items);
        let sources = sources.filter_map(|source| source.get("secret"));
        volume.get("secret").into_iter().chain(sources).collect()
    }

    /// The CSI driver of the volume, if it mounts secrets.
    pub(crate) fn secret_csi(volume: NodeRef<'d, 'a>) -> Option<NodeRef<'d, 'a>> {
        let csi = volume.get("csi")?;
        let driver = csi.get("driver").and_then(NodeRef::as_str)?;
        driver.contains("secret").then_some(csi)
    }
}

/// Whether a boolean is true.
pub(crate) fn is_true(node: Option<NodeRef<'_, '_>>) -> bool {
    node.and_then(NodeRef::scalar_text) == Some("True")
}
