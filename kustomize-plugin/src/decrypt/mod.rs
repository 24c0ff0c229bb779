//! The transformer: decrypts every resource with `sops` metadata, whatever its kind.
//!
//! At this point, kustomize has sorted and extended the resource, so the MAC of its file cannot be
//! computed from it. Each value's own tag and path are checked. If kustomize says which file it
//! read (`origin`), the MAC of that file is verified, and the resource is compared with it: its
//! encrypted values (`source_file`), and which object it is (`identity`).

mod identity;
pub(crate) mod origin;
mod source_file;
#[cfg(test)]
mod tests;

use sops_core::metadata::METADATA_KEY;
use sops_core::tree::Node;
use sops_core::{EncryptedTree, path_of_ciphertext};

use self::identity::ObjectIdentity;
use self::origin::{Origins, ResourceOrigin};
use crate::config::{Decryption, MacPolicy};
use crate::function::{Function, Mode};
use crate::problem::{Problem, ResourceRef};
use crate::secret_rules;

/// Decrypts the resources, or fills them with placeholders in the placeholder mode.
pub(crate) fn decrypt(
    function: &mut Function,
    config: &Node,
    decryption: &Decryption,
    resources: Vec<Node>,
) -> Result<Vec<Node>, Problem> {
    if function.mode == Mode::Placeholders {
        let filled = resources.into_iter().map(|resource| {
            let named = ResourceRef::of(&resource);
            with_placeholders(resource).map_err(|problem| Problem {
                resource: Some(Box::new(named)),
                ..problem
            })
        });
        return filled.collect();
    }
    let mut run = Decrypter {
        function,
        mac: decryption.mac,
        origins: Origins::new(config, decryption.mac),
        unverified: Vec::new(),
    };
    let mut decrypted = Vec::with_capacity(resources.len());
    for resource in resources {
        let named = ResourceRef::of(&resource);
        let result = match resource.get(METADATA_KEY) {
            Some(_) => run.resource(resource),
            None => without_block(resource),
        };
        decrypted.push(result.map_err(|problem| Problem {
            resource: Some(Box::new(named)),
            ..problem
        })?);
    }
    run.warn_of_unverified();
    Ok(decrypted)
}

/// Removes the metadata of a resource, and replaces its encrypted values with placeholders.
fn with_placeholders(resource: Node) -> Result<Node, Problem> {
    if resource.get(METADATA_KEY).is_none() {
        return without_block(resource);
    }
    let mut resource = EncryptedTree::new(resource)?.tree().clone();
    sops_placeholder::fill(&mut resource);
    match path_of_ciphertext(&resource) {
        None => Ok(resource),
        Some(field) => Err(Problem::new(
            "the encrypted value is damaged; restore the file from version control",
        )
        .at_field(&field)),
    }
}

/// Checks that a resource without metadata contains no ciphertext. If a patch or a generator of
/// kustomize dropped the metadata, the ciphertext would reach the cluster as if it were the value.
fn without_block(resource: Node) -> Result<Node, Problem> {
    match path_of_ciphertext(&resource) {
        None => Ok(resource),
        Some(field) => Err(Problem::new(NO_METADATA).at_field(&field)),
    }
}

struct Decrypter<'f> {
    function: &'f mut Function,
    mac: MacPolicy,
    origins: Origins,
    /// The resources for which kustomize recorded no origin.
    unverified: Vec<ResourceRef>,
}

impl Decrypter<'_> {
    fn resource(&mut self, resource: Node) -> Result<Node, Problem> {
        let origin = ResourceOrigin::of(&resource);
        let named = ResourceRef::of(&resource);
        let identity = ObjectIdentity::of(&resource);
        let file = match &origin {
            ResourceOrigin::File(path) => Some(path.clone()),
            _ => None,
        };
        let tree = EncryptedTree::new(resource)?;
        match (self.mac, origin) {
            (MacPolicy::Ignore, _) => {}
            (_, ResourceOrigin::File(path)) => {
                self.origins
                    .require(self.function, &path, &identity, &tree)?;
            }
            (MacPolicy::Require, origin) => {
                let message = format!(
                    "`mac: require`, but the MAC cannot be verified: {}",
                    why_unverified(&origin)
                );
                return Err(Problem::new(message));
            }
            (MacPolicy::Warn, ResourceOrigin::Unrecorded) => self.unverified.push(named),
            // kustomize records origins, but this one does not lead to a file, so it is reported
            // separately.
            (MacPolicy::Warn, origin) => {
                let message = format!("the MAC was not verified: {}", why_unverified(&origin));
                self.function.report.warn(Problem {
                    resource: Some(Box::new(named)),
                    ..Problem::new(message)
                });
            }
        }
        let key = self.function.keys.of_tree(&tree)?;
        let decrypted = tree.decrypt(&key)?;
        for problem in secret_rules::refused(&decrypted) {
            self.function.report.warn(match &file {
                Some(file) => problem.in_file(file),
                None => problem,
            });
        }
        Ok(decrypted)
    }

    fn warn_of_unverified(&mut self) {
        let more = match self.unverified.len() {
            0 => return,
            1 => String::new(),
            count => format!(" (in {count} resources)"),
        };
        let message = format!(
            "the MAC was not verified{more}: {}; to silence this warning, set `mac: ignore` in this function's configuration",
            why_unverified(&ResourceOrigin::Unrecorded)
        );
        self.function.report.warn(Problem {
            resource: Some(Box::new(self.unverified.swap_remove(0))),
            ..Problem::new(message)
        });
    }
}

/// Why the file of a resource cannot be checked, and what to do about it.
fn why_unverified(origin: &ResourceOrigin) -> String {
    match origin {
        ResourceOrigin::Unrecorded | ResourceOrigin::File(_) => UNRECORDED.to_owned(),
        ResourceOrigin::Repository(repository) => format!(
            "the annotation config.kubernetes.io/origin says that the file is in another repository, `{repository}`; copy the file into this repository"
        ),
        ResourceOrigin::NoFile => NO_FILE.to_owned(),
    }
}

const NO_METADATA: &str = "this value is encrypted, but the resource has no `sops` metadata to decrypt it with; restore the file from version control, look for a patch \
                        that removes the metadata, or use a SopsGenerator for files that a kustomize generator cannot decrypt";

const UNRECORDED: &str = "the resource does not say which file it is from; add `buildMetadata: [originAnnotations]` to the kustomization that you build";

const NO_FILE: &str = "the annotation config.kubernetes.io/origin does not name a file; list the encrypted file under `resources`, or use a SopsGenerator";
