//! Checks whether a Flux Kustomization decrypts the files that it builds.

use std::path::Path;

use serde_json::Value;
use sops_lint::flux::{AppliedKustomization, Decryption, SourceOrigin};
use sops_lint::shell_word;

use super::controller::ControllerKey;
use super::report::FluxCheck;
use crate::command_error::name_of;
use crate::rbac::SecretName;

/// What Kustomizations are checked against.
pub(crate) struct Expectation<'a> {
    pub(crate) root: &'a Path,
    /// The Secret with the keys; `None` without a cluster, where any Secret will do.
    pub(crate) secret: Option<SecretName<'a>>,
    pub(crate) controller: ControllerKey,
    /// Whether some of the encrypted files need a key from a Secret.
    pub(crate) needs_secret: bool,
}

impl Expectation<'_> {
    /// Checks whether a Kustomization decrypts the encrypted files that it builds, if its source is
    /// this repository. `count` is the number of these files.
    pub(crate) fn check(
        &self,
        kustomization: &AppliedKustomization<'_>,
        count: usize,
    ) -> FluxCheck {
        let subject = self.subject(kustomization);
        let (kind, name) = kustomization.source();
        match kustomization.origin() {
            SourceOrigin::Ours | SourceOrigin::Unknown => {
                let check = self.decryption(kustomization, subject, count);
                self.assuming(kustomization, check)
            }
            _ => FluxCheck::note(
                subject,
                format!("was skipped: its {kind} `{name}` points to another repository"),
            ),
        }
    }

    /// The check of the path of a Kustomization, if its source is this repository. `None` if the
    /// path exists.
    pub(crate) fn check_path(&self, kustomization: &AppliedKustomization<'_>) -> Option<FluxCheck> {
        let path = kustomization.path();
        let is_other = !matches!(
            kustomization.origin(),
            SourceOrigin::Ours | SourceOrigin::Unknown
        );
        if is_other || kustomization.directory().is_dir() {
            return None;
        }
        let subject = self.subject(kustomization);
        if path.contains("${") {
            let finding = format!("was not checked: its path `{path}` has a variable");
            return Some(FluxCheck::note(subject, finding));
        }
        let (kind, name) = kustomization.source();
        // A cluster may also apply repositories that this one knows nothing about.
        let is_guess =
            kustomization.file().is_none() && kustomization.origin() == SourceOrigin::Unknown;
        if kind != "GitRepository" || is_guess {
            let finding = format!(
                "was not checked: its path `{path}` is not in this repository, but may be in its {kind} `{name}`"
            );
            return Some(FluxCheck::note(subject, finding));
        }
        let check = FluxCheck::gap(
            subject,
            format!("its path `{path}` does not exist in this repository"),
        )
        .hint("correct `spec.path`, or commit the directory");
        Some(self.assuming(kustomization, check))
    }

    /// Appends to a gap the assumption that the source is this repository, if that is not certain.
    fn assuming(&self, kustomization: &AppliedKustomization<'_>, check: FluxCheck) -> FluxCheck {
        let (kind, name) = kustomization.source();
        match kustomization.origin() {
            SourceOrigin::Unknown => check.assuming(&format!(
                "its {kind} `{name}` is assumed to be this repository, although no remote has its URL"
            )),
            _ => check,
        }
    }

    /// The file and the name of a Kustomization.
    pub(crate) fn subject(&self, kustomization: &AppliedKustomization<'_>) -> String {
        let file = match kustomization.file() {
            Some(file) => name_of(file.strip_prefix(self.root).unwrap_or(file)),
            None => "cluster".to_owned(),
        };
        format!("{file}: kustomization/{}", kustomization.name())
    }

    fn decryption(
        &self,
        kustomization: &AppliedKustomization<'_>,
        subject: String,
        count: usize,
    ) -> FluxCheck {
        let files = match count {
            1 => "1 encrypted file".to_owned(),
            count => format!("{count} encrypted files"),
        };
        let gap = |finding: String| FluxCheck::gap(subject.clone(), finding).hint(self.wanted());
        match kustomization.decryption() {
            Decryption::Missing => gap(format!("builds {files}, but has no `spec.decryption`")),
            Decryption::OtherProvider(_) => {
                gap("`spec.decryption.provider` is not `sops`".to_owned())
            }
            Decryption::Secret(own) => self.secret(kustomization, own, &subject, &files),
            Decryption::ServiceAccount(account) => FluxCheck::note(
                subject,
                format!(
                    "decrypts {files} as the service account `{account}`, whose permissions are not checked"
                ),
            ),
            _ => self.controller(subject, &files),
        }
    }

    /// Checks the Secret that the Kustomization names.
    fn secret(
        &self,
        kustomization: &AppliedKustomization<'_>,
        own: &str,
        subject: &str,
        files: &str,
    ) -> FluxCheck {
        let Some(SecretName { namespace, name }) = self.secret else {
            return FluxCheck::ok(
                subject,
                format!("decrypts {files} with the keys of the Secret `{own}`"),
            );
        };
        if own != name {
            let hint = format!(
                "{}; to check that Secret instead, pass `--name {}`",
                self.wanted(),
                shell_word(own)
            );
            return FluxCheck::gap(subject, format!("takes its keys from the Secret `{own}`"))
                .hint(hint);
        }
        match kustomization.namespace() {
            Some(own) if own != namespace => FluxCheck::gap(
                subject,
                format!("takes its keys from its own namespace, `{own}`"),
            )
            .hint(format!(
                "install the key there too: `sops-rs flux install-key --namespace {}`",
                shell_word(own)
            )),
            _ => FluxCheck::ok(subject, format!("decrypts {files}")),
        }
    }

    /// Checks the keys of the whole controller.
    fn controller(&self, subject: String, files: &str) -> FluxCheck {
        match &self.controller {
            ControllerKey::Secret(own) => match &self.secret {
                Some(secret) if secret.name != own => {
                    let hint = format!("to check that Secret, pass `--name {}`", shell_word(own));
                    FluxCheck::gap(
                        subject,
                        format!("takes its keys from the Secret `{own}` of the controller"),
                    )
                    .hint(hint)
                }
                _ => FluxCheck::ok(
                    subject,
                    format!("decrypts {files} with the keys of the controller's Secret `{own}`"),
                ),
            },
            ControllerKey::None if self.needs_secret => {
                let finding = "names no Secret with keys, and kustomize-controller runs without `--sops-age-secret`";
                FluxCheck::gap(subject, finding).hint(self.wanted())
            }
            _ => FluxCheck::note(
                subject,
                format!(
                    "decrypts {files} only if the controller has the keys: through `--sops-age-secret`, or through its own permissions in a cloud"
                ),
            ),
        }
    }

    fn wanted(&self) -> String {
        let name = self
            .secret
            .as_ref()
            .map_or("sops-age", |secret| secret.name);
        format!("set `spec.decryption` to `{{provider: sops, secretRef: {{name: {name}}}}}`")
    }
}

/// The items of a list, which may lack their kind.
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
