//! Which `.sops.yaml` holds for a file: the one that was named, or the nearest above the file. Each is read once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sops_core::config::Config;

use crate::command_error::{CommandError, name_of};

type Read<'r> = dyn Fn(&Path) -> Option<Vec<u8>> + Sync + 'r;

pub(crate) struct Configs<'r> {
    read: Box<Read<'r>>,
    root: PathBuf,
    named: Option<Arc<Config>>,
    /// One a folder; `None` where there is none, or one that is wrong, which the file itself is told for.
    found: Mutex<HashMap<PathBuf, Option<Arc<Config>>>>,
}

impl<'r> Configs<'r> {
    /// Those below the folder, read as told.
    pub(crate) fn new(root: &Path, read: impl Fn(&Path) -> Option<Vec<u8>> + Sync + 'r) -> Self {
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

    fn in_folder(
        &self,
        folder: &Path,
        found: &mut HashMap<PathBuf, Option<Arc<Config>>>,
    ) -> Option<Arc<Config>> {
        if let Some(known) = found.get(folder) {
            return known.clone();
        }
        let file = folder.join(".sops.yaml");
        let config = match (self.read)(&file) {
            Some(text) => Config::parse(&text, &file, folder).ok().map(Arc::new),
            None if folder == self.root => None,
            None => folder
                .parent()
                .and_then(|above| self.in_folder(above, found)),
        };
        found.insert(folder.to_owned(), config.clone());
        config
    }
}
