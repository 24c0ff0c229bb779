//! Finds the `.sops.yaml` for a file: the one that the user named, or the nearest above the file.
//! Each is read once.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::config::Config;
use sops_core::reading::{self, FileKind};

use crate::command_error::{CommandError, name_of};

/// The name of configurations.
pub(crate) const CONFIG_FILE: &str = ".sops.yaml";

/// Reads a file, if it exists.
type Read<'r> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + 'r;

/// The configuration for the files of a directory. An error is the path of a configuration that
/// cannot be read or is invalid.
type Nearest = Result<Option<Arc<Config>>, PathBuf>;

/// Looks up configurations, and caches them.
pub(crate) struct NearestConfigs<'r> {
    read: Box<Read<'r>>,
    root: PathBuf,
    named: Option<Arc<Config>>,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    /// The configurations that were looked up, by directory.
    configs: HashMap<PathBuf, Nearest>,
    wrong: Vec<InvalidConfig>,
}

/// A configuration that cannot be used.
pub(crate) struct InvalidConfig {
    /// The absolute path of the configuration.
    pub(crate) file: PathBuf,
    pub(crate) error: CommandError,
}

impl<'r> NearestConfigs<'r> {
    /// Looks up configurations for files below the directory `root`. `read` reads a configuration
    /// if it exists.
    pub(crate) fn new(
        root: &Path,
        read: impl Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + 'r,
    ) -> Self {
        Self {
            read: Box::new(read),
            root: root.to_owned(),
            named: None,
            cache: Mutex::default(),
        }
    }

    /// Uses the configuration that the user named for all files.
    pub(crate) fn with_named(
        mut self,
        file: Option<&Path>,
        working_dir: &Path,
    ) -> Result<Self, CommandError> {
        self.named = match file {
            Some(file) => {
                let path = working_dir.join(file);
                let text = reading::read_config(&path, FileKind::Any)
                    .map_err(|error| CommandError::input(name_of(file), &error))?;
                let directory = path.parent().unwrap_or(working_dir);
                let config = Config::parse(&text, &path, directory)
                    .map_err(|error| CommandError::in_config_text(error, &text))?;
                Some(Arc::new(config))
            }
            None => None,
        };
        Ok(self)
    }

    /// Uses a configuration that was already read for the files below its directory.
    pub(crate) fn with_known(self, directory: PathBuf, config: Arc<Config>) -> Self {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.configs.insert(directory, Ok(Some(config)));
        drop(cache);
        self
    }

    /// The configuration for the file at this absolute path: the nearest one in the directories
    /// above it or, if that has no rule for the file, the next one with a matching `path_regex`,
    /// because `sops` uses that when it runs in that directory. `None` if there is no
    /// configuration, or an invalid one, which is reported by [`Self::wrong`].
    pub(crate) fn of(&self, path: &Path) -> Option<Arc<Config>> {
        let nearest = self.nearest(path).ok().flatten()?;
        let mut config = Arc::clone(&nearest);
        loop {
            let is_nearest = Arc::ptr_eq(&config, &nearest);
            let directory = config.file().parent();
            let above =
                directory.filter(|directory| self.named.is_none() && *directory != self.root);
            // No other configuration can apply, so the rules are not searched.
            if is_nearest && above.is_none() {
                return Some(nearest);
            }
            let rule = config.matching_creation_rule(path);
            if rule.is_some_and(|rule| is_nearest || rule.path_regex.is_some()) {
                return Some(config);
            }
            match above.map(|directory| self.nearest(directory)) {
                Some(Ok(Some(above))) if above.file() != config.file() => config = above,
                _ => return Some(nearest),
            }
        }
    }

    /// The configuration for the file at that absolute path, if there is one.
    ///
    /// # Errors
    /// The path of a configuration that cannot be read or is invalid.
    pub(crate) fn nearest(&self, path: &Path) -> Nearest {
        if self.named.is_some() {
            return Ok(self.named.clone());
        }
        let Some(directory) = path.parent() else {
            return Ok(None);
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        self.in_directory(directory, &mut cache)
    }

    /// The invalid configurations that were looked up, each returned once.
    pub(crate) fn wrong(&self) -> Vec<InvalidConfig> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut cache.wrong)
    }

    fn in_directory(&self, directory: &Path, cache: &mut Cache) -> Nearest {
        if let Some(known) = cache.configs.get(directory) {
            return known.clone();
        }
        let file = directory.join(CONFIG_FILE);
        let config = match (self.read)(&file) {
            Ok(Some(text)) => match Config::parse(&text, &file, directory) {
                Ok(config) => Ok(Some(Arc::new(config))),
                Err(error) => {
                    let error = CommandError::in_config_text(error, &text);
                    cache.wrong.push(InvalidConfig {
                        file: file.clone(),
                        error,
                    });
                    Err(file)
                }
            },
            Ok(None) => match directory.parent().filter(|_| directory != self.root) {
                Some(above) => self.in_directory(above, cache),
                None => Ok(None),
            },
            Err(error) => {
                cache.wrong.push(InvalidConfig {
                    file: file.clone(),
                    error,
                });
                Err(file)
            }
        };
        cache.configs.insert(directory.to_owned(), config.clone());
        config
    }
}

/// Reads a configuration or settings from disk, if the file exists. A dangling link is an error.
pub(crate) fn on_disk(file: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    match reading::read_config(file, FileKind::Regular) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound && !file.is_symlink() => Ok(None),
        Err(error) => Err(CommandError::input(name_of(file), &error)),
    }
}
