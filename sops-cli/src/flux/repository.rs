//! Reads the Flux objects in the files of a repository.

use std::path::Path;

use sops_lint::flux::{FluxFacts, FluxTree};

use crate::batch;
use crate::command_error::CommandError;
use crate::git::remote_urls;
use crate::input::read_repository_file;
use crate::lint::walk::WorkingTree;

/// The files of the repository in a directory, by its canonical path.
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
