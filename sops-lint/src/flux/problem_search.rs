//! Looks for problems that keep Flux from decrypting.

use std::path::Path;
use std::rc::Rc;

use sops_core::CIPHERTEXT_PREFIX;

use super::applied::AppliedKustomization;
use super::budget::Budget;
use super::build::{Build, BuiltFile, Role};
use super::encrypted_file::{EncryptedFile, EncryptedObject, SourceOutcome};
use super::kustomize_file::{Purpose, SourceFile};
use super::patch::Patch;
use super::paths::clean;
use super::problem::Problem;
use super::site::SiteId;
use super::tree::FluxTree;
use crate::shown_name::shown_name;

impl<'t> AppliedKustomization<'t> {
    /// The other problems that keep Flux from decrypting the files that it builds. Empty if the
    /// files are in another repository.
    pub fn problems(&self) -> Vec<Problem> {
        let shared = self.shared_problems();
        let shared = shared.iter().flat_map(|problems| problems.iter());
        shared.cloned().chain(self.patch_problems()).collect()
    }

    /// The problems of the build, regardless of added patches. Kustomizations with equal builds
    /// share them.
    pub(crate) fn shared_problems(&self) -> Option<Rc<Vec<Problem>>> {
        let build = self.own_build()?;
        let key = (self.decrypts(), self.path().to_owned());
        let known = build.shared.problems.borrow().get(&key).cloned();
        Some(known.unwrap_or_else(|| {
            let problems = Rc::new(self.search(build).all());
            let mut shared = build.shared.problems.borrow_mut();
            Rc::clone(shared.entry(key).or_insert(problems))
        }))
    }

    /// The problems of the patches in its own `spec`.
    pub(crate) fn patch_problems(&self) -> Vec<Problem> {
        let patches = Patch::in_spec(&self.value["spec"]);
        let Some(build) = self
            .own_build()
            .filter(|_| !patches.is_empty() && self.decrypts())
        else {
            return Vec::new();
        };
        let search = self.search(build);
        let patches: Vec<_> = patches.iter().map(|patch| (patch, self.site)).collect();
        let files = build.files.iter().take_while(|_| self.budget.spend());
        let resources = files.filter(|file| Self::is_resource(&file.role));
        let encrypted = resources.filter_map(|file| file.facts.encrypted.as_ref());
        encrypted
            .flat_map(|encrypted| search.plaintext_patches(encrypted, &patches))
            .collect()
    }

    fn search<'s>(&'s self, build: &'s Build<'t>) -> Search<'s, 't> {
        Search {
            tree: self.tree,
            build,
            budget: &self.budget,
            decrypts: self.decrypts(),
            path: self.path(),
        }
    }
}

impl FluxTree {
    /// Problems of kustomizations, regardless of the Kustomization that builds them.
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

/// The problem of `SopsDecrypt` under `generators`.
fn misplaced_transformer(file: &Path, site: SiteId) -> Problem {
    let message =
        "`SopsDecrypt` is under `generators`, where it gets no resources and decrypts nothing"
            .to_owned();
    Problem::new(file, site, message, "list it under `transformers`")
}

/// The problem of a plugin that is not built in, in a kustomization that Flux builds.
fn refused_function(file: &Path, kind: &str, site: SiteId) -> Problem {
    let message = format!(
        "Flux fails on this kustomization, because Flux runs only the built-in plugins of kustomize, and not `{}`",
        shown_name(kind)
    );
    let help = "move the plugin to a kustomization of its own, in a directory that Flux does not build; Flux decrypts files itself";
    Problem::new(file, site, message, help)
}

/// A patch, with the file and the site that it is in.
type FoundPatch<'p> = (&'p Patch, Option<(&'p Path, SiteId)>);

/// Looks for the problems of a build.
struct Search<'s, 't> {
    tree: &'t FluxTree,
    build: &'s Build<'t>,
    budget: &'s Budget,
    decrypts: bool,
    /// The path of the Kustomization, as written.
    path: &'s str,
}

impl Search<'_, '_> {
    fn all(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (path, kustomization) in self.build.kustomizations(self.tree) {
            let functions = kustomization.functions.iter();
            problems.extend(functions.map(|(kind, site)| refused_function(path, kind, *site)));
        }
        for file in self.build.files.iter().take_while(|_| self.budget.spend()) {
            match (file.role, &file.facts.encrypted) {
                (Role::Resource, Some(encrypted)) => self.resource(file, encrypted, &mut problems),
                (Role::Source(path, source), _) if self.decrypts => {
                    problems.extend(self.source(file, path, source))
                }
                _ => {}
            }
        }
        problems
    }

    /// Adds the problems of an encrypted file that is built as objects.
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
            if self.decrypts {
                problems.extend(object_problem(file.path, object));
            }
        }
        if !self.decrypts {
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
        let patches = self.build.patches(self.tree, file, self.budget);
        let patches: Vec<_> = patches
            .into_iter()
            .map(|(patch, path, site)| (patch, Some((path, site))))
            .collect();
        problems.extend(self.plaintext_patches(encrypted, &patches));
    }

    fn not_an_object(&self, file: &BuiltFile<'_>, object: &EncryptedObject) -> Problem {
        let lack = "`apiVersion`, `kind` or `metadata.name` is missing";
        let (message, help) = match self.build.is_listed_by_flux(self.tree, file) {
            true => (
                format!(
                    "Flux builds every YAML file below `{}`, and fails on this one: {lack}",
                    self.path
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

    /// The problem of a file that a generator or a list of patches names.
    fn source(
        &self,
        file: &BuiltFile<'_>,
        kustomization: &Path,
        source: &SourceFile,
    ) -> Option<Problem> {
        let name = shown_name(&source.name);
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
            .outcome(&source.name, &source.purpose);
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
                    "Flux does not decrypt the files of a `configMapGenerator`, and applies the ciphertext of `{name}`"
                ),
                "use `secretGenerator`",
            ),
            (SourceOutcome::NotBinary, _) => {
                let extension = Path::new(&source.name)
                    .extension()
                    .map_or("yaml".into(), |extension| extension.to_string_lossy());
                let help = format!(
                    "end the key with the file's extension, as in `value.{extension}={name}`"
                );
                problem(
                    format!(
                        "Flux treats `{name}` as a binary file because of its key, and fails to decrypt it"
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

    /// The problems of patches in plaintext for values that Flux decrypts afterwards.
    fn plaintext_patches(
        &self,
        encrypted: &EncryptedFile,
        patches: &[FoundPatch<'_>],
    ) -> Vec<Problem> {
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
            value.map(|(path, _)| shown_name(&path.join(".")).into_owned())
        };
        let objects = encrypted
            .objects
            .iter()
            .filter(|object| object.disabled.is_none() && object.encrypted_name.is_none());
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

/// The problem of an object in an encrypted file.
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
    let help = "write `encrypted_regex: ^(data|stringData)$` into the file's creation rule in `.sops.yaml`, then decrypt the file and encrypt it again";
    Some(Problem::new(file, site, message, help))
}
