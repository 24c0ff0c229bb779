//! Reads the Flux objects in the files of a repository.

use std::path::Path;

use sops_lint::flux::{Decryption, FluxFacts, FluxTree, SourceOrigin};

use crate::batch;
use crate::command_error::CommandError;
use crate::git::remote_urls;
use crate::input::read_repository_file;
use crate::lint::root;
use crate::lint::walk::WorkingTree;

/// Whether the repository has a Kustomization that decrypts its files. Errors count as no.
pub(crate) fn decrypts_with_flux(directory: &Path) -> bool {
    let root = root(directory);
    let Some(tree) = root
        .canonicalize()
        .ok()
        .and_then(|root| read_repository(&root).ok())
    else {
        return false;
    };
    let applied = tree.applied();
    let mut own = applied
        .kustomizations
        .iter()
        .filter(|kustomization| kustomization.origin() != SourceOrigin::Other);
    own.any(|kustomization| {
        !matches!(
            kustomization.decryption(),
            Decryption::Missing | Decryption::OtherProvider(_)
        )
    })
}

/// Reads the Flux objects in the files below `root`, which is a canonical path.
pub(crate) fn read_repository(root: &Path) -> Result<FluxTree, CommandError> {
    let working_tree = WorkingTree::new(root.to_owned());
    let mut tree = FluxTree::new(root);
    tree.set_remotes(remote_urls(root).iter().map(String::as_str));
    for item in batch::items([root].into_iter(), batch::Leftovers::Keep)? {
        // The decryption of a file reports that it cannot be read.
        let bytes = read_repository_file(&item.path).unwrap_or_default();
        tree.add(
            &item.path,
            FluxFacts::of_bytes(&item.path, &bytes, &working_tree),
        );
    }
    Ok(tree)
}
