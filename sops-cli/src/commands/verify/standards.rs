//! What files are checked against: the configurations and the settings of the same tree.

use std::path::Path;

use sops_lint::{Baseline, Linter};

use crate::command_error::{CommandError, name_of};
use crate::config::nearest::NearestConfigs;
use crate::config::working_dir::working_dir;
use crate::lint::settings::{FILE, SettingsArgs, linter};

/// The rules of `lint` about encrypted files, and about files that must be encrypted.
const RULES: [&str; 4] = ["SL010", "SL011", "SL012", "SL013"];

pub(super) struct Standards<'r> {
    pub(super) linter: Linter,
    pub(super) baseline: Baseline,
    pub(super) configs: NearestConfigs<'r>,
}

impl<'r> Standards<'r> {
    /// The standards for the tree at `root`. `read` reads a file of the tree, if it exists; `named`
    /// is the configuration that the user chose, if any.
    pub(super) fn of(
        root: &Path,
        read: impl Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + Copy + 'r,
        named: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let arguments = SettingsArgs::default();
        let mut settings = arguments.read(read(&root.join(FILE))?)?;
        settings.select = RULES.map(str::to_owned).to_vec();
        settings.ignore.clear();
        let linter = linter(settings)?;
        let baseline = arguments.baseline(&linter, root, |file| {
            read(file)?.ok_or_else(|| {
                let missing = std::io::ErrorKind::NotFound.into();
                CommandError::input(name_of(file), &missing)
            })
        })?;
        let configs = NearestConfigs::new(root, read).with_named(named, &working_dir()?)?;
        Ok(Self {
            linter,
            baseline,
            configs,
        })
    }
}
