//! Decides which `.sops.yaml` governs a file: for a file that the user names, the one of the
//! working directory, as in `sops`; for a file that was found in a directory, the nearest one above
//! it, as in `lint`.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sops_core::config::{self, Config, CreationRule};
use sops_core::reading::FileKind;
use sops_core::rules::EncryptionRule;

use crate::arguments::GlobalArgs;
use crate::batch::BatchFile;
use crate::command_error::{CommandError, name_of};
use crate::config::nearest::{self, CONFIG_FILE, NearestConfigs};
use crate::config::working_dir::{shortened, working_dir};
use crate::config::{load, owner};
use crate::ui::Ui;

/// Finds the configuration for each file.
pub(crate) struct ConfigResolver {
    /// The configuration that the user named, or that of the working directory.
    own: Option<Arc<Config>>,
    /// The configurations for files found in directories; `None` if the command line names a
    /// configuration, which governs all files.
    nearest: Option<NearestConfigs<'static>>,
    /// Whether there is a configuration for one of the files.
    has_any: bool,
}

/// The configuration for a file.
pub(crate) struct ResolvedConfig {
    pub(crate) config: Option<Arc<Config>>,
    /// The path that creation rules are matched with.
    pub(crate) path: PathBuf,
}

impl ResolvedConfig {
    /// The creation rule for the file, if there is one.
    pub(crate) fn rule(&self) -> Option<&CreationRule> {
        let config = self.config.as_ref()?;
        config.matching_creation_rule(&self.path)
    }

    /// Whether the creation rule for the file singles it out; `None` if there are no rules. A rule
    /// for all files, or one that selects keys in all files with the same extension, does not
    /// single out any: manifests that happen to have these keys need not be encrypted.
    ///
    /// # Errors
    /// No rule matches the file.
    pub(crate) fn singles_out(&self) -> sops_core::Result<Option<bool>> {
        let Some(config) = &self.config else {
            return Ok(None);
        };
        let rule = config.creation_rule_for(&self.path)?;
        Ok(rule.map(|rule| {
            let selects_keys = rule
                .rule
                .as_ref()
                .is_some_and(EncryptionRule::names_what_is_encrypted);
            rule.path_regex.is_some()
                && !(selects_keys && config.is_for_extension(rule, self.path.extension()))
        }))
    }

    /// Whether a rule matches the file, or there is no configuration.
    pub(crate) fn is_covered(&self) -> bool {
        let config = self.config.as_ref();
        config.is_none_or(|config| config.creation_rule_for(&self.path).is_ok())
    }
}

impl ConfigResolver {
    /// Resolves configurations for these files, and prints their warnings. `own` is the
    /// configuration that the user named, or that of the working directory, whose warnings were
    /// already printed.
    ///
    /// # Errors
    /// One of the configurations cannot be read or is invalid.
    pub(crate) fn new<'i>(
        ui: &Ui,
        globals: &GlobalArgs,
        own: Option<Config>,
        items: impl Iterator<Item = &'i BatchFile>,
    ) -> Result<Self, CommandError> {
        let own = own.map(Arc::new);
        let mut resolver = Self {
            nearest: None,
            has_any: own.is_some(),
            own: own.clone(),
        };
        if globals.config().is_some() {
            return Ok(resolver);
        }
        let mut nearest = NearestConfigs::new(Path::new("/"), nearest::on_disk);
        if let Some(own) = own {
            nearest = nearest.with_known(directory_of(&own)?, own);
        }
        resolver.nearest = Some(nearest);
        let mut misnamed = Misnamed::new()?;
        let mut reported = HashSet::new();
        for item in items {
            let config = resolver.of(item)?.config;
            if item.is_found {
                misnamed.warn(ui, &item.path, config.as_deref())?;
            }
            let Some(config) = config else {
                continue;
            };
            resolver.has_any = true;
            if !resolver.is_own(&config) && reported.insert(config.file().to_owned()) {
                let directory = item.path.parent().filter(|path| *path != Path::new(""));
                owner::warn(ui, config.file(), directory.unwrap_or(Path::new(".")));
                config
                    .warnings()
                    .iter()
                    .for_each(|warning| ui.warn(warning));
            }
        }
        Ok(resolver)
    }

    /// Whether there is a configuration for one of the files, or in the working directory.
    pub(crate) fn has_any(&self) -> bool {
        self.has_any
    }

    /// Lists the configurations that govern the files, if there is more than one: a recipient that
    /// was removed from one may be in another.
    pub(crate) fn name_several<'i>(
        &self,
        ui: &Ui,
        items: impl Iterator<Item = &'i BatchFile>,
    ) -> Result<(), CommandError> {
        let here = real(Path::new("."))?;
        let mut files = BTreeSet::new();
        for item in items {
            let config = self.of(item)?.config;
            files.extend(config.map(|config| shortened(config.file(), &here)));
        }
        if files.len() > 1 {
            ui.note("The files are governed by several configurations:");
            for file in &files {
                ui.note(format_args!("  - {}", name_of(file)));
            }
        }
        Ok(())
    }

    /// The rule for an encrypted file, whatever the working directory: from the nearest
    /// configuration above the file, as in `lint`, or else from that of the working directory.
    pub(crate) fn of_encrypted(&self, file: &Path) -> Result<ResolvedConfig, CommandError> {
        let mut item = BatchFile {
            path: file.to_owned(),
            is_found: true,
        };
        // A file without a directory, such as a pipe, is looked up by its name.
        item.is_found = item.path.canonicalize().is_ok();
        self.of(&item)
    }

    /// The configuration for the file.
    pub(crate) fn of(&self, item: &BatchFile) -> Result<ResolvedConfig, CommandError> {
        let by_own = || ResolvedConfig {
            config: self.own.clone(),
            path: item.path.clone(),
        };
        let Some(nearest) = self.nearest.as_ref().filter(|_| item.is_found) else {
            return Ok(by_own());
        };
        let path = real(&item.path)?;
        let config = match nearest.nearest(&path) {
            Ok(config) => config,
            Err(file) => {
                // Read it again to report the error.
                let here = real(Path::new("."))?;
                let config = load::read(&shortened(&file, &here), &here, FileKind::Regular)?;
                Some(Arc::new(config))
            }
        };
        Ok(match config {
            Some(config) if !self.is_own(&config) => ResolvedConfig {
                config: Some(config),
                path,
            },
            // The rules of this configuration match paths as spelled from the working directory. If
            // there is no configuration above the file, this is the only one.
            _ => by_own(),
        })
    }

    fn is_own(&self, config: &Arc<Config>) -> bool {
        self.own
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, config))
    }
}

/// Finds files that are named `.sops.yml`, and warns about each once.
struct Misnamed {
    working_dir: PathBuf,
    seen: HashSet<PathBuf>,
}

impl Misnamed {
    fn new() -> Result<Self, CommandError> {
        Ok(Self {
            working_dir: real(Path::new("."))?,
            seen: HashSet::new(),
        })
    }

    /// Looks from the file's directory up to that of its configuration, or to the working
    /// directory. From there upwards, [`load::config`] has already looked.
    fn warn(&mut self, ui: &Ui, file: &Path, config: Option<&Config>) -> Result<(), CommandError> {
        for directory in real(file)?.ancestors().skip(1) {
            let is_searched = self.working_dir.starts_with(directory);
            if is_searched || !self.seen.insert(directory.to_owned()) {
                break;
            }
            if directory.join(CONFIG_FILE).symlink_metadata().is_ok() {
                break;
            }
            let misnamed = directory.join(".sops.yml");
            if misnamed.is_file() {
                let misnamed = shortened(&misnamed, &self.working_dir);
                let instead = config.map(|config| shortened(config.file(), &self.working_dir));
                ui.warn(config::misnamed(&misnamed, instead.as_deref()));
            }
        }
        Ok(())
    }
}

/// The directory of a configuration, as [`real`] spells it.
fn directory_of(config: &Config) -> Result<PathBuf, CommandError> {
    let file = working_dir()?.join(config.file());
    real(file.parent().unwrap_or(&file))
}

/// The path without symbolic links and `..`, so that its ancestors are the directories that contain
/// the file.
fn real(path: &Path) -> Result<PathBuf, CommandError> {
    path.canonicalize()
        .map_err(|error| CommandError::input(name_of(path), &error))
}
