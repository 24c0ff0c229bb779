//! The settings of a run: the file `.sops-lint.yaml`, and the flags that override it.

use std::path::{Path, PathBuf};

use sops_core::reading::{self, FileKind};
use sops_lint::{Baseline, Linter, Settings, SettingsError, shell_path};

use crate::command_error::{Code, CommandError, name_of};

/// The name of the settings file.
pub(crate) const FILE: &str = ".sops-lint.yaml";

/// Which rules are used, and their settings.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct SettingsArgs {
    /// Use only these rules, by code, name or group
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Skip these rules, by code, name or group
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Settings file [default: `.sops-lint.yaml` in the repository's root]
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Do not report findings that this file lists
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

impl SettingsArgs {
    /// The settings of a repository, whose settings file has the text `own`.
    pub(crate) fn read(&self, own: Option<Vec<u8>>) -> Result<Settings, CommandError> {
        let (name, text) = match &self.settings {
            Some(file) => (name_of(file), Some(read_named(file)?)),
            None => (FILE.to_owned(), own),
        };
        let mut settings = match text {
            Some(text) if !text.is_empty() => {
                let parsed = Settings::parse(&text).and_then(|settings| {
                    Linter::new(settings.clone())?;
                    Ok(settings)
                });
                parsed.map_err(|error| wrong(&name, &error))?
            }
            _ => Settings::default(),
        };
        if !self.select.is_empty() {
            settings.select.clone_from(&self.select);
        }
        settings.ignore.extend(self.ignore.iter().cloned());
        Ok(settings)
    }

    /// The baseline, a file that lists known findings: from the flag, or else from the settings.
    pub(crate) fn baseline_file(&self, linter: &Linter, root: &Path) -> Option<PathBuf> {
        let of_settings = || Some(root.join(linter.settings().baseline.as_ref()?));
        self.baseline.clone().or_else(of_settings)
    }

    /// The words of a command that names the same baseline, with a space at the end; empty if the
    /// settings name it.
    pub(crate) fn baseline_flag(&self) -> String {
        self.baseline.as_ref().map_or_else(String::new, |file| {
            format!("--baseline {} ", shell_path(&name_of(file)))
        })
    }

    /// The known findings. `read_configured` reads the file that the settings name.
    pub(crate) fn baseline(
        &self,
        linter: &Linter,
        root: &Path,
        read_configured: impl FnOnce(&Path) -> Result<Vec<u8>, CommandError>,
    ) -> Result<Baseline, CommandError> {
        let Some(file) = self.baseline_file(linter, root) else {
            return Ok(Baseline::default());
        };
        let text = match self.baseline {
            Some(_) => read_named(&file)?,
            None => read_configured(&file)?,
        };
        Baseline::parse(&text).map_err(|error| wrong(&name_of(&file), &error))
    }
}

/// The rules for the settings, whose names in the settings file are known to be right.
pub(crate) fn linter(settings: Settings) -> Result<Linter, CommandError> {
    Linter::new(settings).map_err(|error| {
        CommandError::new(Code::CannotReadInput, error.to_string())
            .hint("correct it in `--select` or `--ignore`")
    })
}

/// The content of a baseline that the settings of a repository name.
pub(crate) fn read_configured(file: &Path) -> Result<Vec<u8>, CommandError> {
    read(file, FileKind::Regular)
}

/// The content of settings or a baseline that the user names.
fn read_named(file: &Path) -> Result<Vec<u8>, CommandError> {
    read(file, FileKind::Any)
}

fn read(file: &Path, kind: FileKind) -> Result<Vec<u8>, CommandError> {
    reading::read_config(file, kind).map_err(|error| CommandError::input(name_of(file), &error))
}

fn wrong(name: &str, error: &SettingsError) -> CommandError {
    CommandError::new(Code::CannotReadInput, error.to_string()).in_file(name)
}
