//! What keeps Flux from decrypting what a Kustomization builds.

use std::path::{Path, PathBuf};

use sops_core::CIPHERTEXT_PREFIX;

use super::applied::{AppliedKustomization, Decryption};
use super::build::{Budget, Build, BuiltFile, Role};
use super::encrypted_file::{EncryptedFile, EncryptedObject, SourceOutcome};
use super::kustomize_file::{Purpose, SourceFile};
use super::patch::Patch;
use super::site::SiteId;
use super::tree::{FluxTree, clean};

/// Something that keeps Flux from decrypting a file, or from building at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    file: Option<PathBuf>,
    pub(crate) site: SiteId,
    message: String,
    help: String,
}

impl Problem {
    fn new(file: &Path, site: SiteId, message: String, help: impl Into<String>) -> Self {
        Self {
            file: Some(file.to_owned()),
            site,
            message,
            help: help.into(),
        }
    }

    /// The file to change, by its absolute path; `None` for a Kustomization in the cluster.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl AppliedKustomization<'_> {
    /// That it does not decrypt, although it builds encrypted files of this repository.
    pub fn missing_decryption(&self) -> Option<Problem> {
        missing_decryption(self, self.own_build()?)
    }

    /// What else keeps Flux from decrypting what it builds. None if its files are in another
    /// repository.
    pub fn problems(&self) -> Vec<Problem> {
        self.own_build()
            .map_or_else(Vec::new, |build| find(self, build))
    }
}

impl FluxTree {
    /// What is wrong with kustomizations, whoever builds them.
    pub(crate) fn kustomize_problems(&self) -> Vec<Problem> {
        let with_generators = self
            .files
            .iter()
            .filter_map(|(path, facts)| Some((path, facts.kustomize.as_ref()?)));
        let named = with_generators.flat_map(|(path, kustomization)| {
            kustomization
                .generators
                .iter()
                .map(move |generator| (path, generator))
        });
        let misplaced = named.filter(|(path, (name, _))| {
            let directory = path.parent().unwrap_or(path);
            let file = self.files.get(&clean(&directory.join(name)));
            file.is_some_and(|facts| facts.configures_decryption)
        });
        misplaced
            .map(|(path, (_, site))| misplaced_transformer(path, *site))
            .collect()
    }
}

/// `SopsDecrypt` under `generators`.
fn misplaced_transformer(file: &Path, site: SiteId) -> Problem {
    let message =
        "`SopsDecrypt` is under `generators`, where it gets no resources and decrypts nothing"
            .to_owned();
    Problem::new(file, site, message, "list it under `transformers`")
}

/// The problems of what a Kustomization builds.
fn find(kustomization: &AppliedKustomization<'_>, build: &Build<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let search = Search {
        kustomization,
        build,
        budget: &kustomization.budget,
    };
    for file in build.files.iter().take_while(|_| search.budget.spend()) {
        match (file.role, &file.facts.encrypted) {
            (Role::Resource, Some(encrypted)) => search.resource(file, encrypted, &mut problems),
            (Role::Source(path, source), _) if kustomization.decrypts() => {
                problems.extend(search.source(file, path, source))
            }
            _ => {}
        }
    }
    problems
}

/// That the Kustomization does not decrypt, if something is to be decrypted.
fn missing_decryption(
    kustomization: &AppliedKustomization<'_>,
    build: &Build<'_>,
) -> Option<Problem> {
    let lack = match kustomization.decryption() {
        Decryption::Missing => "`spec.decryption` is missing".to_owned(),
        Decryption::OtherProvider(_) => "`spec.decryption.provider` is not `sops`".to_owned(),
        _ => return None,
    };
    let is_affected = |file: &&BuiltFile<'_>| {
        let encrypted = file.facts.encrypted.as_ref();
        let is_meant = |encrypted: &EncryptedFile| {
            encrypted
                .objects
                .iter()
                .all(|object| object.disabled.is_some())
        };
        encrypted.is_some_and(|encrypted| {
            !AppliedKustomization::is_resource(&file.role) || !is_meant(encrypted)
        })
    };
    let mut affected: Vec<&Path> = build
        .files
        .iter()
        .filter(is_affected)
        .map(|file| file.path)
        .collect();
    affected.sort();
    affected.dedup();
    let first = affected.first()?;
    let shown = first
        .strip_prefix(kustomization.tree.root())
        .unwrap_or(first)
        .display();
    let files = match affected.len() {
        1 => format!("`{shown}`"),
        2 => format!("`{shown}` and another encrypted file"),
        count => format!("`{shown}` and {} other encrypted files", count - 1),
    };
    Some(Problem {
        file: kustomization.file().map(Path::to_owned),
        site: kustomization.site.map(|(_, site)| site).unwrap_or_default(),
        message: format!("{lack}, so Flux does not decrypt {files}"),
        help: "add `decryption: {provider: sops, secretRef: {name: sops-age}}` under `spec`, without `secretRef` if the controller has the key".to_owned(),
    })
}

struct Search<'s, 't> {
    kustomization: &'s AppliedKustomization<'t>,
    build: &'s Build<'t>,
    budget: &'s Budget,
}

impl Search<'_, '_> {
    /// An encrypted file that is built as objects.
    fn resource(
        &self,
        file: &BuiltFile<'_>,
        encrypted: &EncryptedFile,
        problems: &mut Vec<Problem>,
    ) {
        for object in &encrypted.objects {
            if object.identity.is_null() {
                problems.push(self.not_an_object(file, object));
                return;
            }
            if self.kustomization.decrypts() {
                problems.extend(object_problem(file.path, object));
            }
        }
        if !self.kustomization.decrypts() {
            return;
        }
        if encrypted.depends_on_comments() {
            let message = format!(
                "Flux cannot decrypt this manifest: kustomize drops the comments that `{}` depends on",
                encrypted.rule.name()
            );
            problems.push(Problem::new(
                file.path,
                encrypted.rule_site,
                message,
                "use `encrypted_regex` in `.sops.yaml`, then decrypt the file and encrypt it again",
            ));
        }
        problems.extend(self.plaintext_patches(file, encrypted));
    }

    fn not_an_object(&self, file: &BuiltFile<'_>, object: &EncryptedObject) -> Problem {
        let lack = "it has no `apiVersion`, `kind` or `metadata.name`";
        let (message, help) = match self.build.is_listed_by_flux(self.kustomization.tree, file) {
            true => (
                format!(
                    "Flux builds every YAML file below `{}`, and fails on this one: {lack}",
                    self.kustomization.path()
                ),
                "add a `kustomization.yaml` that lists the manifests, or move this file elsewhere",
            ),
            false => (
                format!(
                    "Flux fails on this file, which a kustomization lists under `resources`: {lack}"
                ),
                "remove it from `resources`",
            ),
        };
        Problem::new(file.path, object.site, message, help)
    }

    /// A file that a generator or a list of patches names.
    fn source(
        &self,
        file: &BuiltFile<'_>,
        kustomization: &Path,
        source: &SourceFile,
    ) -> Option<Problem> {
        let name = &source.name;
        let is_read_by_flux = matches!(
            source.purpose,
            Purpose::Patch
                | Purpose::Value {
                    is_secret: true,
                    ..
                }
                | Purpose::Variables {
                    is_secret: true,
                    is_old_field: false
                }
        );
        let problem = |message: String, help: &str| {
            Some(Problem::new(kustomization, source.site, message, help))
        };
        if file.facts.is_oversized && is_read_by_flux {
            return problem(
                format!("Flux fails on `{name}`, which is larger than 5 MiB"),
                "split the file",
            );
        }
        let outcome = file
            .facts
            .encrypted
            .as_ref()?
            .outcome(name, &source.purpose);
        match (outcome, &source.purpose) {
            (SourceOutcome::Decrypted, _) => None,
            (
                SourceOutcome::NotDecrypted,
                Purpose::Variables {
                    is_secret: true, ..
                },
            ) => problem(
                format!("Flux does not decrypt `{name}` under `env`, and applies its ciphertext"),
                "list the file under `envs`",
            ),
            (SourceOutcome::NotDecrypted, _) => problem(
                format!(
                    "Flux decrypts no files of `configMapGenerator`, and applies the ciphertext of `{name}`"
                ),
                "use `secretGenerator`",
            ),
            (SourceOutcome::NotBinary, _) => {
                let extension = Path::new(name)
                    .extension()
                    .map_or("yaml".into(), |extension| extension.to_string_lossy());
                let help = format!(
                    "end the key with the file's extension, as in `value.{extension}={name}`"
                );
                problem(
                    format!(
                        "Flux takes `{name}` for a binary file because of its key, and fails to decrypt it"
                    ),
                    &help,
                )
            }
            (SourceOutcome::Unrecognized, _) => problem(
                format!(
                    "Flux does not recognize `{name}` as encrypted, and applies its ciphertext"
                ),
                "Flux looks for `mac: ENC[` in YAML and `\"mac\": \"ENC[` in JSON: decrypt the file and encrypt it again with `sops-rs`",
            ),
        }
    }

    /// Patches in plaintext for values that Flux decrypts afterwards.
    fn plaintext_patches(&self, file: &BuiltFile<'_>, encrypted: &EncryptedFile) -> Vec<Problem> {
        let Some(rule) = encrypted
            .rule
            .compile()
            .ok()
            .filter(|_| !encrypted.depends_on_comments())
        else {
            return Vec::new();
        };
        let is_selected = |path: &[String]| {
            let is_identity = matches!(
                path.first().map(String::as_str),
                Some("apiVersion" | "kind" | "metadata")
            );
            !is_identity
                && path.iter().any(|key| rule.key_matches(key))
                    == encrypted.rule.names_what_is_encrypted()
        };
        let first_plaintext = |patch: &Patch| {
            let mut values = patch.values().into_iter();
            let value = values.find(|(path, text)| {
                !text.is_empty() && !text.starts_with(CIPHERTEXT_PREFIX) && is_selected(path)
            });
            value.map(|(path, _)| path.join("."))
        };
        let objects = encrypted
            .objects
            .iter()
            .filter(|object| object.disabled.is_none() && object.encrypted_name.is_none());
        let own = Patch::in_spec(&self.kustomization.value["spec"]);
        let own = own.iter().map(|patch| (patch, self.kustomization.site));
        let patches = self
            .build
            .patches(self.kustomization.tree, file, self.budget);
        let patches: Vec<_> = patches
            .into_iter()
            .map(|(patch, path, site)| (patch, Some((path, site))))
            .chain(own)
            .collect();
        let mut problems = Vec::new();
        for object in objects {
            for (patch, site) in patches
                .iter()
                .filter(|(patch, _)| self.budget.spend() && patch.matches(&object.identity))
            {
                if let Some(path) = first_plaintext(patch) {
                    let message = format!(
                        "a patch sets `{path}` of the encrypted {} to plaintext, which Flux fails to decrypt",
                        object.reference()
                    );
                    let help =
                        "change the value in the encrypted file instead: `sops-rs edit`".to_owned();
                    problems.push(Problem {
                        file: site.map(|(path, _)| path.to_owned()),
                        site: site.map(|(_, site)| site).unwrap_or_default(),
                        message,
                        help,
                    });
                }
            }
        }
        problems
    }
}

/// What is wrong with an object of an encrypted file.
fn object_problem(file: &Path, object: &EncryptedObject) -> Option<Problem> {
    if let Some(site) = object.disabled {
        let message = format!(
            "`decrypt: Disabled` keeps {} encrypted in the cluster",
            object.reference()
        );
        return Some(Problem::new(file, site, message, "remove the annotation"));
    }
    let (name, site) = object.encrypted_name?;
    let message = format!("`{name}` is encrypted, and Flux cannot tell what the object is");
    let help = "write `encrypted_regex: ^(data|stringData)$` into its rule in `.sops.yaml`, then decrypt the file and encrypt it again";
    Some(Problem::new(file, site, message, help))
}
