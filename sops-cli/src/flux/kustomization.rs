//! The Kustomizations of Flux, in a repository and in a cluster, and whether they decrypt.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sops_core::{Format, from_documents};
use sops_lint::shell_word;

use super::build::files_of;
use super::report::FluxCheck;
use super::repositories::{Repositories, SourceOrigin, SourceRef};
use crate::batch;
use crate::command_error::{CommandError, name_of};
use crate::input::read_repository_file;

/// The group of Kustomizations.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// What all groups of Flux end with.
const GROUPS: &str = ".toolkit.fluxcd.io";

/// A `Kustomization` of Flux.
pub(crate) struct FluxKustomization {
    /// Where it is and its name, for messages.
    subject: String,
    namespace: Option<String>,
    source: SourceRef,
    spec: Value,
}

/// The Secret that keys are taken from.
pub(crate) struct SecretName<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

impl FluxKustomization {
    /// Those in the files of a repository; its GitRepositories are added to those that are known.
    pub(crate) fn in_repository(
        root: &Path,
        repositories: &mut Repositories,
    ) -> Result<Vec<Self>, CommandError> {
        let mut found = Vec::new();
        for item in batch::items([root].into_iter(), batch::Leftovers::Keep)? {
            if Format::from_path(&item.path) != Format::Yaml {
                continue;
            }
            let text = read_repository_file(&item.path).unwrap_or_default();
            if !String::from_utf8_lossy(&text).contains(GROUPS) {
                continue;
            }
            // Templates of other programs are no YAML.
            let documents = from_documents::<Value>(&text, Format::Yaml).unwrap_or_default();
            documents.iter().for_each(|object| repositories.add(object));
            let place = item.path.strip_prefix(root).unwrap_or(&item.path);
            found.extend(
                documents
                    .into_iter()
                    .filter_map(|object| Self::of(object, &name_of(place))),
            );
        }
        Ok(found)
    }

    /// Those of a list that the API server gave.
    pub(crate) fn in_cluster(list: Value) -> Vec<Self> {
        let items = items(list, "Kustomization");
        items.filter_map(|item| Self::of(item, "cluster")).collect()
    }

    fn of(object: Value, place: &str) -> Option<Self> {
        let is_of_flux = object["apiVersion"].as_str()?.starts_with(GROUP);
        if !is_of_flux || object["kind"] != "Kustomization" {
            return None;
        }
        let name = object["metadata"]["name"].as_str()?;
        let source = &object["spec"]["sourceRef"];
        let in_source = |key| source[key].as_str().map(str::to_owned);
        Some(Self {
            source: (in_source("kind"), in_source("name")),
            subject: format!("{place}: kustomization/{name}"),
            namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
            spec: object["spec"].clone(),
        })
    }

    /// The files that it builds: those of its directory, and of the components that it adds.
    pub(crate) fn files(&self, root: &Path) -> BTreeSet<PathBuf> {
        let path = self.spec["path"].as_str().unwrap_or_default();
        let folder = root.join(path.trim_start_matches('/'));
        let components = self.spec["components"].as_array().into_iter().flatten();
        let mut files = files_of(root, &folder);
        for component in components.filter_map(Value::as_str) {
            files.extend(files_of(root, &folder.join(component)));
        }
        files
    }

    /// What its files come from.
    pub(crate) fn source(&self) -> &SourceRef {
        &self.source
    }

    /// Whether so many encrypted files, which it builds if they are what its source has, are decrypted with the keys of that Secret.
    pub(crate) fn check(
        &self,
        files: usize,
        secret: &SecretName<'_>,
        origin: SourceOrigin,
    ) -> FluxCheck {
        let (kind, name) = &self.source;
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        let source = format!("{} `{}`", shown(kind), shown(name));
        match origin {
            SourceOrigin::Ours => self.check_keys(files, secret),
            SourceOrigin::Other => {
                let finding = format!("is not looked at: its {source} is another repository");
                FluxCheck::note(self.subject.clone(), finding)
            }
            SourceOrigin::Unknown => self.check_keys(files, secret).assuming(&format!(
                "its {source} is taken for this repository, since no address here tells"
            )),
        }
    }

    fn check_keys(&self, files: usize, secret: &SecretName<'_>) -> FluxCheck {
        let SecretName { namespace, name } = secret;
        let files = match files {
            1 => "1 encrypted file".to_owned(),
            files => format!("{files} encrypted files"),
        };
        let decryption = &self.spec["decryption"];
        let subject = self.subject.clone();
        let gap =
            |finding: String, hint: String| FluxCheck::gap(subject.clone(), finding).hint(hint);
        let wanted = || {
            format!(
                "`decryption: {{provider: sops, secretRef: {{name: {name}}}}}` belongs under `spec`"
            )
        };
        if decryption.is_null() {
            return gap(
                format!("does not decrypt: {files}, and no `spec.decryption`"),
                wanted(),
            );
        }
        match decryption["provider"].as_str() {
            Some("sops") => {}
            _ => {
                return gap(
                    "`spec.decryption.provider` is not `sops`".to_owned(),
                    wanted(),
                );
            }
        }
        match decryption["secretRef"]["name"].as_str() {
            Some(own) if own == *name => {}
            Some(own) => {
                let finding = format!("takes its keys from the Secret `{own}`");
                let hint = format!("{}, or `--name {}` here", wanted(), shell_word(own));
                return gap(finding, hint);
            }
            None => return gap("names no Secret with keys".to_owned(), wanted()),
        }
        match self.namespace.as_deref() {
            Some(own) if own != *namespace => gap(
                format!("takes its keys from the namespace `{own}`, which it is in itself"),
                format!(
                    "install the key there too: `sops-rs flux install-key --namespace {}`",
                    shell_word(own)
                ),
            ),
            _ => FluxCheck::ok(subject, format!("decrypts {files}")),
        }
    }
}

/// The items of a list, which need not say what they are.
pub(crate) fn items(mut list: Value, kind: &'static str) -> impl Iterator<Item = Value> {
    let items = match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    items.into_iter().map(move |mut item| {
        item["apiVersion"] = list["apiVersion"].clone();
        item["kind"] = kind.into();
        item
    })
}
