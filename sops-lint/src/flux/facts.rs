//! Reads the facts about Flux in one file.

use std::path::Path;

use serde_json::{Value, json};
use sops_core::rules::EncryptionRule;
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedDocument, encrypted_format, is_encrypted, parse_document,
};
use sops_document::{Document, Format, NodeRef, Shape};

use super::encrypted_file::EncryptedFile;
use super::json_value::{items, json_value, text};
use super::kustomize_file::KustomizeFile;
use super::patch::Patch;
use super::site::{Site, SiteId, Sites};
use super::source::Source;
use crate::input::Tree;
use crate::kustomization::is_named;
use crate::object::objects;
use crate::word_search::contains;

/// The largest file that Flux reads for a generator or a patch, in bytes.
const MAX_SOURCE: usize = 5 << 20;

/// The group of Kustomizations.
const GROUP: &str = "kustomize.toolkit.fluxcd.io/";

/// The group of the configurations of sops-rs-krm.
const FUNCTION_GROUP: &str = "krm.sops-rs/";

/// Every file with a Flux object contains one of these words.
const OBJECT_WORDS: [&str; 2] = ["toolkit.fluxcd.io/", "fluxcd.controlplane.io/"];

/// Every file with Helm values for a FluxInstance contains one of these words.
const VALUE_WORDS: [&str; 2] = ["instance:", "sync:"];

/// An argument of kustomize-controller.
const CONTROLLER_SECRET: &str = "--sops-age-secret";

/// The facts about Flux in one file: its objects, its kustomization, and its encrypted values. Most
/// files have none.
#[derive(Debug, Default)]
pub struct FluxFacts {
    pub(super) sites: Sites,
    /// The Flux Kustomizations in the file.
    pub(super) kustomizations: Vec<(Value, SiteId)>,
    pub(super) sources: Vec<Source>,
    pub(super) kustomize: Option<KustomizeFile>,
    pub(super) encrypted: Option<EncryptedFile>,
    /// Whether the file configures the decryption of resources with sops-rs-krm.
    pub(super) configures_decryption: bool,
    /// The Secrets with keys that the file names for the whole controller.
    pub(super) controller_secrets: Vec<String>,
    /// Whether the file is too large to be a source of kustomize.
    pub(super) is_oversized: bool,
}

impl FluxFacts {
    /// Reads the facts of the file at an absolute path. An encrypted file has the selection rule of
    /// its metadata.
    pub fn of(
        path: &Path,
        text: &str,
        document: &Document<'_>,
        rule: Option<EncryptionRule>,
        tree: &dyn Tree,
    ) -> Self {
        let mut facts = Self {
            is_oversized: Self::is_oversized(text.as_bytes()),
            ..Self::default()
        };
        if is_encrypted(document) {
            let rule = rule.unwrap_or_default();
            facts.encrypted = Some(EncryptedFile::of(document, text, rule, &mut facts.sites));
        }
        if let Some(top) = document.tops().flatten().next().filter(|_| is_named(path)) {
            let directory = path.parent().unwrap_or(path);
            facts.kustomize = Some(KustomizeFile::of(top, directory, tree, &mut facts.sites));
        }
        if may_have_objects(text) {
            facts.add_objects(document);
        }
        if contains(text, FUNCTION_GROUP) {
            let kind = |node: NodeRef<'_, '_>| {
                node.get("kind").and_then(NodeRef::as_str) == Some("SopsDecrypt")
            };
            facts.configures_decryption = document.tops().flatten().any(kind);
        }
        facts.controller_secrets = controller_secrets(text);
        facts
    }

    /// Reads the facts of a file of any content.
    pub fn of_bytes(path: &Path, bytes: &[u8], tree: &dyn Tree) -> Self {
        let size = Self::of_size(bytes);
        let Ok(text) = str::from_utf8(bytes) else {
            return size;
        };
        let may_be_encrypted = contains(text, CIPHERTEXT_PREFIX);
        let is_meant = is_named(path) || may_have_objects(text);
        let mut words = [FUNCTION_GROUP, CONTROLLER_SECRET].into_iter();
        if !may_be_encrypted && !is_meant && !words.any(|word| contains(text, word)) {
            return size;
        }
        let format = match Format::from_path(path) {
            Format::Binary if may_be_encrypted => encrypted_format(bytes),
            format => Some(format),
        };
        let document_format = match format {
            Some(Format::Binary) => Format::Json,
            Some(format) => format,
            None => return size,
        };
        let Ok(document) = parse_document(text, document_format) else {
            return size;
        };
        let encrypted = format.and_then(|format| EncryptedDocument::parse(text, format).ok());
        let rule = encrypted.and_then(|document| document.metadata().rule.clone());
        Self::of(path, text, &document, rule, tree)
    }

    /// Whether a file is too large for Flux to decrypt it for a generator or a patch.
    pub fn is_oversized(bytes: &[u8]) -> bool {
        bytes.len() > MAX_SOURCE
    }

    /// The facts of a file if only its size matters.
    pub(crate) fn of_size(bytes: &[u8]) -> Self {
        Self {
            is_oversized: Self::is_oversized(bytes),
            ..Self::default()
        }
    }

    /// The parts of the file that problems may be about.
    pub(crate) fn sites(&self) -> &[Site] {
        self.sites.all()
    }

    /// Whether the file has no facts.
    pub(crate) fn is_empty(&self) -> bool {
        self.kustomizations.is_empty()
            && self.sources.is_empty()
            && self.kustomize.is_none()
            && self.encrypted.is_none()
            && !self.configures_decryption
            && self.controller_secrets.is_empty()
            && !self.is_oversized
    }

    fn add_objects(&mut self, document: &Document<'_>) {
        for top in document.tops().flatten() {
            self.add_instance(top);
        }
        for object in objects(document) {
            if object.kind == "Kustomization" && object.api_version.starts_with(GROUP) {
                let spec = object.node.get("spec");
                let path = object.node.at(&["spec", "path"]);
                let source = object.node.at(&["spec", "sourceRef"]);
                // A patch of a Kustomization has only the changed fields, but a Kustomization must
                // have a source.
                if let Some(spec) = spec.filter(|_| path.or(source).is_some()) {
                    let object_name =
                        Some(object.reference().to_string()).filter(|name| !name.is_empty());
                    let site = Site {
                        object: object_name,
                        ..Site::of(path.unwrap_or(spec))
                    };
                    let site = self.sites.add(site);
                    self.kustomizations.push((json_value(object.node), site));
                }
            } else if let Some(source) = Source::of(&object_head(object.node)) {
                self.sources.push(source);
            }
        }
    }

    /// Adds the Kustomization that the Flux operator creates from a FluxInstance, or from the Helm
    /// values for one.
    fn add_instance(&mut self, top: NodeRef<'_, '_>) {
        let kind = top.get("kind").and_then(NodeRef::as_str);
        let instance = match kind {
            Some("FluxInstance") => top.get("spec"),
            Some("HelmRelease") => top.at(&["spec", "values", "instance"]),
            Some(_) => None,
            None => top.get("instance"),
        };
        let Some(node) = instance.filter(|node| node.shape() == Shape::Mapping) else {
            return;
        };
        let instance = json_value(node);
        let sync = &instance["sync"];
        if !sync.is_object() {
            return;
        }
        let own_namespace = top.at(&["metadata", "namespace"]).and_then(NodeRef::as_str);
        let namespace = own_namespace.unwrap_or("flux-system");
        let name = text(sync, &["name"]).unwrap_or(namespace);
        let source_kind = text(sync, &["kind"]).unwrap_or("GitRepository");
        let mut kustomization = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"path": sync["path"], "sourceRef": {"kind": source_kind, "name": name}},
        });
        for patch in items(&instance, &["kustomize", "patches"]) {
            let content = text(patch, &["patch"]).unwrap_or_default();
            if let Some(patch) = Patch::of(content, patch.get("target")) {
                patch.apply(&mut kustomization);
            }
        }
        let site = Site {
            object: Some(format!("{} {name}", kind.unwrap_or("FluxInstance"))),
            ..Site::of(node)
        };
        let site = self.sites.add(site);
        self.kustomizations.push((kustomization, site));
        self.sources
            .push(Source::bootstrap(source_kind, name, text(sync, &["url"])));
    }
}

/// Whether `text` may have objects of Flux, or Helm values for them.
fn may_have_objects(text: &str) -> bool {
    OBJECT_WORDS.iter().any(|word| contains(text, word))
        || VALUE_WORDS.iter().all(|word| contains(text, word))
}

/// The identity and `spec.url` of an object: the parts of a source that matter.
fn object_head(node: NodeRef<'_, '_>) -> Value {
    let field = |path: &[&str]| node.at(path).and_then(NodeRef::as_str);
    json!({
        "apiVersion": field(&["apiVersion"]), "kind": field(&["kind"]),
        "metadata": {"name": field(&["metadata", "name"])}, "spec": {"url": field(&["spec", "url"])},
    })
}

/// The Secrets that `--sops-age-secret`, an argument of kustomize-controller, names. Patches and
/// Helm values contain it in strings, so all lines except comments are searched for it.
fn controller_secrets(text: &str) -> Vec<String> {
    if !contains(text, CONTROLLER_SECRET) {
        return Vec::new();
    }
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let values = lines.filter_map(|line| line.split_once(CONTROLLER_SECRET)?.1.strip_prefix('='));
    let ends = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '-' || sign == '.');
    let names = values.filter_map(|value| value.split(ends).next());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}
