//! Which `.sops.yaml` holds for a file: the one that was named, or the nearest above the file. Each is read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::Format;
use sops_core::config::Config;

use crate::command_error::{CommandError, Role, name_of};

type Read<'r> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, CommandError> + Sync + 'r;

pub(crate) struct Configs<'r> {
    read: Box<Read<'r>>,
    root: PathBuf,
    named: Option<Arc<Config>>,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// One a folder; `None` where there is none, or one that is wrong.
    configs: HashMap<PathBuf, Option<Arc<Config>>>,
    wrong: Vec<CommandError>,
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
                let text = std::fs::read(&path)
                    .map_err(|error| CommandError::input(name_of(file), &error))?;
                let folder = path.parent().unwrap_or(working_dir);
                let config = Config::parse(&text, &path, folder).map_err(CommandError::general)?;
                Some(Arc::new(config))
            }
            None => None,
        };
        Ok(self)
    }

    /// The configuration for the file at that absolute path.
    pub(crate) fn of(&self, path: &Path) -> Option<Arc<Config>> {
        if self.named.is_some() {
            return self.named.clone();
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        self.in_folder(path.parent()?, &mut found)
    }

    /// What is wrong with those that were asked for and hold for nothing, each told once.
    pub(crate) fn wrong(self) -> Vec<CommandError> {
        let found = self.found.into_inner();
        found.unwrap_or_else(PoisonError::into_inner).wrong
    }

    fn in_folder(&self, folder: &Path, found: &mut Found) -> Option<Arc<Config>> {
        if let Some(known) = found.configs.get(folder) {
            return known.clone();
        }
        let file = folder.join(".sops.yaml");
        let config = match (self.read)(&file) {
            Ok(Some(text)) => {
                let config = Config::parse(&text, &file, folder).map(Arc::new);
                let wrong = |error| {
                    let role = Role::Plaintext;
                    CommandError::in_text(error, &name_of(&file), &text, Format::Yaml, role)
                };
                config.map_err(wrong).map(Some)
            }
            Ok(None) if folder == self.root => Ok(None),
            Ok(None) => Ok(folder
                .parent()
                .and_then(|above| self.in_folder(above, found))),
            Err(error) => Err(error),
        };
        let config = config.unwrap_or_else(|error| {
            found.wrong.push(error);
            None
        });
        found.configs.insert(folder.to_owned(), config.clone());
        config
    }
}
