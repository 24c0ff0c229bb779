//! Reads all manifests below some directories, and answers questions about their Secrets.

use std::path::Path;

use sops_core::{Document, Format};

use super::places::{Role, SecretName, SecretPlace, places};
use crate::batch::{self, BatchFile, Leftovers};
use crate::command_error::{CommandError, name_of};
use crate::input::read_repository_file;
use crate::ui::Ui;

/// A place with its file.
pub(super) struct LocatedName {
    pub(super) file: String,
    /// The line, from 1.
    pub(super) line: usize,
    pub(super) place: SecretPlace,
}

/// The places in all manifests.
pub(super) struct ManifestTree {
    names: Vec<LocatedName>,
    /// The files that cannot be parsed, such as templates of charts.
    unread: Vec<String>,
}

impl ManifestTree {
    /// Reads the named files, and all YAML and JSON files in the named directories.
    ///
    /// # Errors
    /// A directory or a named file cannot be read, or a named file is not YAML or JSON.
    pub(super) fn read<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<Self, CommandError> {
        let mut tree = Self {
            names: Vec::new(),
            unread: Vec::new(),
        };
        for item in batch::items(paths, Leftovers::Keep)? {
            let format = match Format::from_path(&item.path) {
                format @ (Format::Yaml | Format::Json) => format,
                _ if item.is_found => continue,
                _ => Format::Yaml,
            };
            tree.add(&item, format)?;
        }
        Ok(tree)
    }

    fn add(&mut self, item: &BatchFile, format: Format) -> Result<(), CommandError> {
        let file = name_of(&item.path);
        let bytes =
            read_repository_file(&item.path).map_err(|error| CommandError::input(&file, &error))?;
        let document = match Document::parse(&bytes, format) {
            Ok(document) => document,
            Err(_) if item.is_found => {
                self.unread.push(file);
                return Ok(());
            }
            Err(error) => {
                let role = crate::command_error::Role::Plaintext;
                return Err(CommandError::in_text(
                    error.into(),
                    &file,
                    &bytes,
                    format,
                    role,
                ));
            }
        };
        let text = document.text();
        let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        for top in document.tops().flatten() {
            self.names
                .extend(places(top).into_iter().map(|place| LocatedName {
                    file: file.clone(),
                    line: breaks.partition_point(|at| *at < place.offset) + 1,
                    place,
                }));
        }
        Ok(())
    }

    /// The uses of a Secret.
    pub(super) fn references_to(&self, secret: &SecretName) -> Vec<&LocatedName> {
        self.with_role(Role::Reference)
            .filter(|reference| reference.place.secret.may_be(secret))
            .collect()
    }

    /// The definitions of Secrets that nothing uses.
    pub(super) fn unused(&self) -> Vec<&LocatedName> {
        self.with_role(Role::Definition)
            .filter(|defined| self.references_to(&defined.place.secret).is_empty())
            .collect()
    }

    /// The names of the Secrets in the files.
    pub(super) fn defined(&self) -> impl Iterator<Item = &str> {
        self.with_role(Role::Definition)
            .map(|defined| defined.place.secret.name.as_str())
    }

    /// Says what could not be read, because a Secret may be used there.
    pub(super) fn note_unread(&self, ui: &Ui) {
        if let [first, rest @ ..] = &self.unread[..] {
            let others = match rest.len() {
                0 => String::new(),
                1 => " and 1 other file".to_owned(),
                count => format!(" and {count} other files"),
            };
            ui.warn(format_args!(
                "files that cannot be parsed were not searched: {first}{others}"
            ));
        }
        for reference in self.with_role(Role::Unreadable) {
            ui.warn(format_args!(
                "{}:{}: the name of a Secret is encrypted, so it is not compared",
                reference.file, reference.line
            ));
        }
    }

    fn with_role(&self, role: Role) -> impl Iterator<Item = &LocatedName> {
        let names = self.names.iter();
        names.filter(move |name| name.place.role == role)
    }
}
