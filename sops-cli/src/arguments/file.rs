//! The file that a command works on, and its name.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{invocation, path_or_empty};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// The file of a command that takes one file.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct FileArg {
    /// The file, or several files and directories with `--in-place`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[arg(hide = true, value_parser = path_or_empty())]
    more: Vec<PathBuf>,
}

impl FileArg {
    /// The argument for this file or directory.
    pub(crate) fn of(file: PathBuf) -> Self {
        Self {
            file: Some(file),
            more: Vec::new(),
        }
    }

    /// The first file, if any.
    pub(crate) fn first(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The word after the file, if it is neither a file nor a flag.
    pub(crate) fn misplaced_word(&self) -> Option<&str> {
        let word = self.more.first().filter(|word| !word.exists())?.to_str()?;
        (!word.starts_with('-')).then_some(word)
    }

    /// The file to read; `None` for standard input: without a name, or with `-` if no file has that
    /// name. More than one file causes a warning, as in `sops`.
    pub(crate) fn input(&self, ui: &Ui) -> Option<&Path> {
        self.get(ui).filter(|_| !self.is_standard_input())
    }

    /// Whether the command reads standard input.
    pub(crate) fn is_standard_input(&self) -> bool {
        let first = self.first();
        first.is_none_or(|file| file == Path::new("-") && !file.exists())
    }

    /// The file, if any. More than one file causes a warning, as in `sops`.
    pub(crate) fn get(&self, ui: &Ui) -> Option<&Path> {
        self.warn_of_more(ui);
        self.file.as_deref()
    }

    fn warn_of_more(&self, ui: &Ui) {
        if !self.more.is_empty() {
            ui.warn("more than one file was given; only the first one is used");
            let is_dashed = |word: &&PathBuf| word.as_os_str().as_encoded_bytes().starts_with(b"-");
            if let Some(flag) = self.more.iter().find(is_dashed) {
                ui.warn(format_args!(
                    "`{}` is ignored: put flags before the file",
                    name_of(flag)
                ));
            }
        }
    }

    /// All files and directories if there is more than one, or if the only one is a directory;
    /// `None` for a single file. Under the name `sops`, only the first one counts.
    pub(crate) fn several(&self, ui: &Ui) -> Option<impl Iterator<Item = &Path>> {
        let more = if invocation::is_sops() {
            &[]
        } else {
            &self.more[..]
        };
        if more.is_empty() {
            self.first().filter(|file| file.is_dir())?;
            self.warn_of_more(ui);
        }
        Some(self.file.iter().chain(more).map(PathBuf::as_path))
    }

    /// Refuses a directory in a command that processes directories only with `--in-place`.
    pub(crate) fn refuse_directory(&self, verb: &str) -> Result<(), CommandError> {
        match self.file.as_deref().filter(|file| file.is_dir()) {
            None => Ok(()),
            Some(directory) => Err(CommandError::new(
                Code::CannotReadInput,
                format!("{} is a directory", name_of(directory)),
            )
            .hint(format!("to {verb} the files in it, add `--in-place`"))),
        }
    }

    /// The file, or an error if the command line names none.
    pub(crate) fn require(&self, ui: &Ui) -> Result<&Path, CommandError> {
        self.get(ui).ok_or_else(no_file)
    }
}

pub(crate) fn no_file() -> CommandError {
    CommandError::new(Code::NoFileSpecified, "no file was given")
}

/// The error of a command that changes files, if the command line names none.
pub(crate) fn no_file_to_change(example: &str) -> CommandError {
    no_file().hint(format!(
        "to change all encrypted files in the working directory, run `{example}`"
    ))
}

/// Refuses a file that does not exist, with the exit code of `sops`.
pub(crate) fn require_existing(path: &Path) -> Result<(), CommandError> {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let error = CommandError::input(name_of(path), &error);
            let error = error.with_code(Code::NoFileSpecified);
            Err(match std::env::current_dir() {
                Ok(directory) if path.is_relative() => error.hint(format!(
                    "the path is relative to the working directory, {}",
                    name_of(&directory)
                )),
                _ => error,
            })
        }
        _ => Ok(()),
    }
}

/// The flag with the name that replaces the file's own.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct NameArg {
    /// Use this file name to choose the format and the creation rule
    ///
    /// Standard input has no name of its own.
    #[arg(long, hide_short_help = true, value_name = "NAME", value_parser = path_or_empty())]
    pub(crate) filename_override: Option<PathBuf>,
}

impl NameArg {
    /// Refuses one name for several files.
    pub(crate) fn check_several(&self) -> Result<(), CommandError> {
        if self.or(None).is_none() {
            return Ok(());
        }
        let message = "`--filename-override` works with one file only";
        Err(CommandError::new(Code::ConflictingParameters, message))
    }

    /// The name that determines the format and the rule.
    pub(crate) fn or<'a>(&'a self, file: Option<&'a Path>) -> Option<&'a Path> {
        let given = self.filename_override.as_deref();
        given.filter(|name| !name.as_os_str().is_empty()).or(file)
    }
}

/// What `set` and similar commands do if nothing changes.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct IdempotentArg {
    /// Succeed without writing the file if nothing would change
    #[arg(long, hide_short_help = true)]
    pub(crate) idempotent: bool,
}
