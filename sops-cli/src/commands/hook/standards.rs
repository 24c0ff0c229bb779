//! The standards that files are judged by: the settings, the baseline and the configurations of a
//! snapshot.

use std::path::{Path, PathBuf};

use sops_lint::{Baseline, Linter, Rule, Settings, Tree};

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::nearest::NearestConfigs;
use crate::git::Snapshot;
use crate::lint::judge::Judge;
use crate::lint::settings::{FILE, SettingsArgs, linter};

/// The rules for files.
const RULES: [&str; 6] = ["SL010", "SL011", "SL012", "SL013", "SL014", "SL023"];

/// The rules for files that a commit leaves as they are while their configuration changes.
const RULES_OF_CONFIGURATION: [&str; 3] = ["SL010", "SL012", "SL013"];

/// The rules for old versions: those about leaks. Old versions may differ from the creation rule,
/// which changes over time.
const RULES_OF_HISTORY: [&str; 3] = ["SL010", "SL011", "SL014"];

pub(super) struct Standards<'s> {
    snapshot: &'s Snapshot<'s>,
    pub(super) configs: NearestConfigs<'s>,
    baseline: Baseline,
    settings: Settings,
    linter: Linter,
}

impl<'s> Standards<'s> {
    pub(super) fn of(
        snapshot: &'s Snapshot<'s>,
        globals: &GlobalArgs,
    ) -> Result<Self, CommandError> {
        let root = snapshot.root();
        let settings = SettingsArgs::default().read(snapshot.read_file(&root.join(FILE))?)?;
        let linter = with_rules(&settings, &RULES)?;
        let baseline = SettingsArgs::default().baseline(&linter, root, |file| {
            let text = snapshot.read_file(file)?;
            text.ok_or_else(|| missing_baseline(snapshot, file))
        })?;
        let working_dir = std::env::current_dir()
            .map_err(|error| CommandError::input("the working directory", &error))?;
        // SOPS_CONFIG is set for other commands, often by a file such as `.envrc`: it must not
        // replace the rules that everyone else has.
        let configs = configs(snapshot).with_named(globals.config_of_flag(), &working_dir)?;
        Ok(Self {
            snapshot,
            configs,
            baseline,
            settings,
            linter,
        })
    }

    /// A judge of the files of the snapshot.
    pub(super) fn judge<'j>(&'j self, called_in: &'j Path) -> Judge<'j> {
        Judge {
            linter: &self.linter,
            configs: &self.configs,
            snapshot: self.snapshot,
            baseline: &self.baseline,
            called_in,
        }
    }

    /// The errors of the configurations that were needed but cannot be used.
    pub(super) fn wrong(&self) -> impl Iterator<Item = CommandError> {
        self.configs.wrong().into_iter().map(|wrong| wrong.error)
    }

    /// The rules for unchanged files under a changed configuration.
    pub(super) fn linter_of_configuration(&self) -> Result<Linter, CommandError> {
        with_rules(&self.settings, &RULES_OF_CONFIGURATION)
    }

    /// The rule for Secrets and other files that must be encrypted.
    pub(super) fn linter_of_secrets(&self) -> Result<Linter, CommandError> {
        with_rules(&self.settings, &["SL010"])
    }

    /// The paths of the settings and the baseline, relative to the root.
    pub(super) fn settings_files(&self) -> impl Iterator<Item = PathBuf> {
        let baseline = self.settings.baseline.clone();
        std::iter::once(PathBuf::from(FILE)).chain(baseline)
    }

    /// The rules about leaks, for versions that are older than the snapshot or judged by older
    /// settings.
    pub(super) fn linter_of_history(&self) -> Result<Linter, CommandError> {
        with_rules(&self.settings, &RULES_OF_HISTORY)
    }
}

/// Whether the rule is about leaks.
pub(super) fn leaks(rule: &Rule) -> bool {
    RULES_OF_HISTORY.contains(&rule.code)
}

/// The configurations of a snapshot.
pub(super) fn configs<'s>(snapshot: &'s Snapshot<'s>) -> NearestConfigs<'s> {
    NearestConfigs::new(snapshot.root(), |path| snapshot.read_file(path))
}

fn with_rules(settings: &Settings, rules: &[&str]) -> Result<Linter, CommandError> {
    let mut settings = settings.clone();
    settings.select = rules.iter().map(|rule| (*rule).to_owned()).collect();
    linter(settings)
}

fn missing_baseline(snapshot: &Snapshot<'_>, file: &Path) -> CommandError {
    let name = snapshot.name();
    let message = format!("the baseline that `{FILE}` names is not in {name}");
    CommandError::new(Code::CannotReadInput, message)
        .in_file(&name_of(file))
        .hint(format!("`git add` it, or remove its name from `{FILE}`"))
}
