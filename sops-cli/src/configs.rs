//! Which `.sops.yaml` holds for a file: the one that was named, or the nearest above the file. Each is read once.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::Format;
use sops_core::config::Config;
use sops_core::reading::{self, FileKind};

use crate::command_error::{CommandError, Role, name_of};

/// Reads a file, if it is there.
type Read<'r> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + 'r;

/// What holds for the files of a folder; the file's name, where that is one that cannot be read or is wrong.
type Nearest = Result<Option<Arc<Config>>, PathBuf>;

pub(crate) struct Configs<'r> {
    read: Box<Read<'r>>,
    root: PathBuf,
    named: Option<Arc<Config>>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// One a folder.
    configs: HashMap<PathBuf, Nearest>,
    wrong: Vec<Wrong>,
}

/// A configuration that cannot be used.
pub(crate) struct Wrong {
    /// Its absolute path.
    pub(crate) file: PathBuf,
    pub(crate) error: CommandError,
}

impl<'r> Configs<'r> {
    /// Those below the folder, read as told.
    pub(crate) fn new(
        root: &Path,
        read: impl Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + 'r,
    ) -> Self {
        Self {
            read: Box::new(read),
            root: root.to_owned(),
            named: None,
            found: Mutex::default(),
        }
    }

    /// The one that was named, for all files.
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
                let folder = path.parent().unwrap_or(working_dir);
                let config = Config::parse(&text, &path, folder).map_err(CommandError::general)?;
                Some(Arc::new(config))
            }
            None => None,
        };
        Ok(self)
    }

    /// With one that was read already, from that folder.
    pub(crate) fn with_known(self, folder: PathBuf, config: Arc<Config>) -> Self {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.configs.insert(folder, Ok(Some(config)));
        drop(found);
        self
    }

    /// The configuration for the file at this absolute path: the nearest one in the directories above it. If it has no rule for the file, the next
    /// one with a matching `path_regex` counts, because `sops` uses it if it runs in that directory. `None` if there is no configuration, or an
    /// invalid one, which is reported by itself.
    pub(crate) fn of(&self, path: &Path) -> Option<Arc<Config>> {
        let nearest = self.nearest(path).ok().flatten()?;
        let mut config = Arc::clone(&nearest);
        loop {
            let rule = config.creation_rule_for(path).ok().flatten();
            let is_nearest = Arc::ptr_eq(&config, &nearest);
            if rule.is_some_and(|rule| is_nearest || rule.path_regex.is_some()) {
                return Some(config);
            }
            let folder = config.file().parent();
            let above = folder.filter(|folder| self.named.is_none() && *folder != self.root);
            match above.map(|folder| self.nearest(folder)) {
                Some(Ok(Some(above))) if above.file() != config.file() => config = above,
                _ => return Some(nearest),
            }
        }
    }

    /// The configuration for the file at that absolute path, if there is one.
    ///
    /// # Errors
    /// The name of the configuration that would hold, and cannot be read or is wrong.
    pub(crate) fn nearest(&self, path: &Path) -> Nearest {
        if self.named.is_some() {
            return Ok(self.named.clone());
        }
        let Some(folder) = path.parent() else {
            return Ok(None);
        };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        self.in_folder(folder, &mut found)
    }

    /// What is wrong with those that were asked for and hold for nothing, each told once.
    pub(crate) fn wrong(&self) -> Vec<Wrong> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut found.wrong)
    }

    fn in_folder(&self, folder: &Path, found: &mut Found) -> Nearest {
        if let Some(known) = found.configs.get(folder) {
            return known.clone();
        }
        let file = folder.join(".sops.yaml");
        let config = match (self.read)(&file) {
            Ok(Some(text)) => match Config::parse(&text, &file, folder) {
                Ok(config) => Ok(Some(Arc::new(config))),
                Err(error) => {
                    let role = Role::Plaintext;
                    let name = name_of(&file);
                    let error = CommandError::in_text(error, &name, &text, Format::Yaml, role);
                    found.wrong.push(Wrong {
                        file: file.clone(),
                        error,
                    });
                    Err(file)
                }
            },
            Ok(None) => match folder.parent().filter(|_| folder != self.root) {
                Some(above) => self.in_folder(above, found),
                None => Ok(None),
            },
            Err(error) => {
                found.wrong.push(Wrong {
                    file: file.clone(),
                    error,
                });
                Err(file)
            }
        };
        found.configs.insert(folder.to_owned(), config.clone());
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
