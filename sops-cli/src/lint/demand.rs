//! Finds the plaintext files that `lint` reports, for commands that encrypt directories.

use std::path::{Path, PathBuf};

use sops_core::config::Config;
use sops_lint::{Finding, Fix, Input, InputKind, Linter};

use super::root;
use super::settings::{FILE, SettingsArgs, linter};
use super::walk::{WorkingTree, absolute};
use crate::command_error::{CommandError, name_of};
use crate::config::nearest;
use crate::config::working_dir::working_dir;
use crate::input::read_repository_file;

/// The rule that finds plaintext Secrets.
const RULE: &str = "SL010";

/// The rule, and the repository that it checks.
pub(crate) struct Demand {
    linter: Linter,
    tree: WorkingTree,
    working_dir: PathBuf,
}

impl Demand {
    /// Prepares the check for the repository of the working directory, including the files that its
    /// settings exclude.
    pub(crate) fn new() -> Result<Self, CommandError> {
        let working_dir = working_dir()?;
        let tree = WorkingTree::new(root(&working_dir));
        let own = nearest::on_disk(&tree.root.join(FILE))?;
        let mut settings = SettingsArgs::default().read(own)?;
        settings.select = vec![RULE.to_owned()];
        settings.ignore.clear();
        Ok(Self {
            linter: linter(settings)?,
            tree,
            working_dir,
        })
    }

    /// Whether the file has a Secret in plaintext that must be encrypted under that configuration,
    /// whose creation rules see the path `governed`.
    pub(crate) fn covers(
        &self,
        file: &Path,
        governed: &Path,
        config: Option<&Config>,
    ) -> Result<bool, CommandError> {
        let path = absolute(&self.working_dir, file);
        let inside = path.strip_prefix(&self.tree.root);
        if inside.is_ok_and(|inside| self.linter.is_excluded(inside)) {
            return Ok(false);
        }
        let name = name_of(file);
        let bytes =
            read_repository_file(file).map_err(|error| CommandError::input(&name, &error))?;
        let linted = self.linter.lint(
            &Input::new(&name, &absolute(&self.working_dir, governed), &bytes)
                .with_config(config)
                .in_tree(&self.tree),
        );
        let is_broken = linted.kind != InputKind::Read;
        Ok(linted
            .findings
            .iter()
            .any(|finding| finding.fix == Some(Fix::Encrypt) || is_secret(finding) || is_broken))
    }
}

/// Whether a finding is about a Secret, and not about a kustomization that generates or patches
/// one, which stays in plaintext.
fn is_secret(finding: &Finding) -> bool {
    let object = finding.object.as_deref().unwrap_or_default();
    object.split(' ').next() == Some("Secret") && !finding.is_embedded
}
