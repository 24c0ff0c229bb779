//! Verifies the files of the working tree.

use std::path::{Path, PathBuf};

use super::args::Args;
use super::by_history::History;
use super::standards::Standards;
use super::summary::Verified;
use super::verifier::Verifier;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::config::nearest;
use crate::config::working_dir::working_dir;
use crate::git::{GitRepository, Objects, root_by_variables};
use crate::keys::unprompted::Unprompted;
use crate::lint::walk::{Walk, WorkingTree, absolute};
use crate::lint::{root, spelled_in};
use crate::ui::Ui;

pub(super) fn verify(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
    keys: Unprompted,
) -> Result<Verified, CommandError> {
    let here = working_dir()?;
    let elsewhere = tree_elsewhere(&here);
    let working_dir = elsewhere.as_ref().unwrap_or(&here);
    let paths = match &elsewhere {
        Some(root) => args.paths.iter().map(|path| inside(root, path)).collect(),
        None => args.paths.clone(),
    };
    let tree = WorkingTree::new(root(working_dir));
    let standards = Standards::of(&tree.root, nearest::on_disk, globals.config())?;
    let verifier = Verifier::new(&standards.linter, keys);
    let walk = Walk {
        linter: &standards.linter,
        configs: &standards.configs,
        tree: &tree,
        working_dir,
        inspector: Some(&verifier),
        ui,
    };
    let mut result = walk.run(&paths)?;
    result.warn_of_unlisted(ui);
    let mut findings = result.shown;
    findings.retain(|finding| !standards.baseline.contains(finding));
    let (mut summary, closed) = verifier.finish();
    let mut errors: Vec<CommandError> = Vec::new();
    errors.extend(
        standards
            .configs
            .wrong()
            .into_iter()
            .map(|wrong| wrong.error),
    );
    if !closed.is_empty() {
        // Outside a repository, the reason is that there is no history.
        let objects = Objects::open().ok();
        let root = root_of_history(&tree.root);
        let history = History {
            root: &root,
            tree: &tree,
            tip: objects.as_ref().and_then(|objects| objects.commit("HEAD")),
            objects: objects.as_ref(),
            linter: &standards.linter,
            requires_key: args.require_key,
        };
        findings.extend(history.compare(&closed, &mut summary));
    }
    Ok(Verified::new(findings, summary, errors))
}

/// The root of the working tree that `GIT_DIR` or `GIT_WORK_TREE` names, if the working directory
/// is outside it. Then paths start there, as in Git.
fn tree_elsewhere(here: &Path) -> Option<PathBuf> {
    let real = here.canonicalize().ok()?;
    root_by_variables().filter(|root| !real.starts_with(root))
}

/// A path that starts at the root of the working tree. `-` is standard input.
fn inside(root: &Path, path: &Path) -> PathBuf {
    match path.as_os_str() == "-" {
        true => path.to_owned(),
        false => absolute(root, path),
    }
}

/// The root of the working tree whose history Git has, spelled like `root` if both are the same
/// directory. Files outside this tree have no history.
fn root_of_history(root: &Path) -> PathBuf {
    let repository = GitRepository::look_up().and_then(GitRepository::found);
    let Ok(repository) = repository else {
        return root.to_owned();
    };
    spelled_in(root, &repository.root).unwrap_or(repository.root)
}
