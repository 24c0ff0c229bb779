//! Kustomizations that do not decrypt the encrypted files that they build.

use std::path::Path;

use super::applied::{AppliedKustomization, Decryption};
use super::build::{Build, BuiltFile};
use super::encrypted_file::EncryptedFile;
use super::problem::Problem;

impl AppliedKustomization<'_> {
    /// The problem that the Kustomization does not decrypt, although it builds encrypted files of
    /// this repository.
    pub fn missing_decryption(&self) -> Option<Problem> {
        missing_decryption(self, self.own_build()?)
    }
}

/// The problem that the Kustomization does not decrypt, if there is something to decrypt.
fn missing_decryption(
    kustomization: &AppliedKustomization<'_>,
    build: &Build<'_>,
) -> Option<Problem> {
    let lack = match kustomization.decryption() {
        Decryption::Missing => "`spec.decryption` is missing".to_owned(),
        Decryption::OtherProvider(_) => "`spec.decryption.provider` is not `sops`".to_owned(),
        _ => return None,
    };
    let affected = build.shared.encrypted.get_or_init(|| to_decrypt(build));
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

/// The encrypted files of a build that are not meant to stay encrypted, in order.
fn to_decrypt<'t>(build: &Build<'t>) -> Vec<&'t Path> {
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
    affected
}
