//! Verifies the files of the working tree.

use super::args::Args;
use super::by_history::History;
use super::standards::Standards;
use super::summary::Verified;
use super::verifier::Verifier;
use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::config::nearest;
use crate::config::working_dir::working_dir;
use crate::git::Objects;
use crate::keys::unprompted::Unprompted;
use crate::lint::root;
use crate::lint::walk::{Walk, WorkingTree};
use crate::ui::Ui;

pub(super) fn verify(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
    keys: Unprompted,
) -> Result<Verified, CommandError> {
    let working_dir = working_dir()?;
    let tree = WorkingTree::new(root(&working_dir));
    let standards = Standards::of(&tree.root, nearest::on_disk, globals.config())?;
    let verifier = Verifier::new(&standards.linter, keys);
    let walk = Walk {
        linter: &standards.linter,
        configs: &standards.configs,
        tree: &tree,
        working_dir: &working_dir,
        inspector: Some(&verifier),
    };
    let mut result = walk.run(&args.paths)?;
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
        let history = History {
            root: &tree.root,
            tree: &tree,
            tip: objects.as_ref().and_then(|objects| objects.commit("HEAD")),
            objects: objects.as_ref(),
            linter: &standards.linter,
            requires_key: args.require_key,
        };
        findings.extend(history.compare(&closed, &mut summary));
    }
    Ok(Verified {
        findings,
        summary,
        errors,
    })
}
