//! The transformer: decrypts every resource that carries a `sops` block, whatever its kind.
//!
//! By then kustomize has sorted the keys of a resource and added to it, so the MAC of its file cannot be computed from it. Each value's own
//! tag and path are checked; what the file is for stands in `origin`.

pub(crate) mod origin;
#[cfg(test)]
mod tests;

use sops_core::metadata::BLOCK_KEY;
use sops_core::tree::Node;
use sops_core::{EncryptedTree, path_of_ciphertext};

use self::origin::Origins;
use crate::config::{Decryption, MacPolicy};
use crate::function::Function;
use crate::problem::{Problem, ResourceRef};

/// The resources, decrypted.
pub(crate) fn decrypt(
    function: &mut Function,
    config: &Node,
    decryption: &Decryption,
    resources: Vec<Node>,
) -> Result<Vec<Node>, Problem> {
    let mut run = Run {
        function,
        mac: decryption.mac,
        origins: Origins::new(config),
        unverified: Vec::new(),
    };
    let mut decrypted = Vec::with_capacity(resources.len());
    for resource in resources {
        let named = ResourceRef::of(&resource);
        let result = match resource.get(BLOCK_KEY) {
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

/// A resource that has nothing to decrypt. Ciphertext would reach the cluster as if it was the value: a patch or a generator of kustomize has
/// left the block behind.
fn without_block(resource: Node) -> Result<Node, Problem> {
    match path_of_ciphertext(&resource) {
        None => Ok(resource),
        Some(field) => Err(Problem::new(NO_BLOCK).at_field(&field)),
    }
}

struct Run<'f> {
    function: &'f mut Function,
    mac: MacPolicy,
    origins: Origins,
    /// The resources whose MAC was not verified.
    unverified: Vec<ResourceRef>,
}

impl Run<'_> {
    fn resource(&mut self, resource: Node) -> Result<Node, Problem> {
        let origin = origin::path(&resource);
        let named = ResourceRef::of(&resource);
        let tree = EncryptedTree::new(resource)?;
        match (self.mac, origin) {
            (MacPolicy::Ignore, _) => {}
            (_, Some(path)) => self.origins.require(self.function, &path, &tree)?,
            (MacPolicy::Require, None) => return Err(Problem::new(UNVERIFIED_BUT_REQUIRED)),
            (MacPolicy::Warn, None) => self.unverified.push(named),
        }
        let key = self.function.keys.of_tree(&tree)?;
        Ok(tree.decrypt(&key)?)
    }

    fn warn_of_unverified(&mut self) {
        let more = match self.unverified.len() {
            0 => return,
            1 => String::new(),
            count => format!(" (nor of {} more)", count - 1),
        };
        let problem = Problem::new(format!("the MAC was not verified{more}; {HOW_TO_VERIFY}"));
        self.function.report.warn(Problem {
            resource: Some(Box::new(self.unverified.swap_remove(0))),
            ..problem
        });
    }
}

const NO_BLOCK: &str = "it is encrypted, and the resource has no `sops` block to decrypt it with: take the file from version control, look for a patch \
                        that removes the block, and use a SopsGenerator for files that a generator of kustomize cannot decrypt";

const HOW_TO_VERIFY: &str = "`buildMetadata: [originAnnotations]` in the kustomization that is built tells which file it is in, and `mac: ignore` here \
                             silences this";

const UNVERIFIED_BUT_REQUIRED: &str = "`mac: require`, but the MAC cannot be verified, since the resource does not tell its file: write \
                                       `buildMetadata: [originAnnotations]` into the kustomization that is built";
