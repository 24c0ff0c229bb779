//! Where a command's result goes.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{NameArg, path_or_empty};
use crate::command_error::{Code, CommandError, name_of};
use crate::files::{self, Expected, Readers};
use crate::input::Input;
use crate::ui::Ui;

/// Where the result goes.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct OutputArgs {
    /// Write the result back to the file
    #[arg(long, short)]
    pub(crate) in_place: bool,
    /// Write the result to FILE
    #[arg(long, value_name = "FILE", value_parser = path_or_empty())]
    pub(crate) output: Option<PathBuf>,
}

impl OutputArgs {
    /// Refuses two destinations, writing back to standard input, and writing to the file while it
    /// is read.
    pub(crate) fn check(&self, file: Option<&Path>) -> Result<(), CommandError> {
        let conflict = |message| Err(CommandError::new(Code::ConflictingParameters, message));
        if self.in_place && file.is_none() {
            return conflict("`--in-place` needs a file, not standard input");
        }
        if self.in_place && self.output().is_some() {
            return conflict("`--in-place` and `--output` cannot be used together");
        }
        if self.is_standard() && files::is_standard_output(file) {
            return Err(CommandError::new(
                Code::CannotWriteOutput,
                "the output would overwrite the input file",
            )
            .in_file(&file.map_or_else(|| "standard input".to_owned(), name_of))
            .hint(
                "use `--in-place`; if the shell emptied the file because of `>`, restore it first",
            ));
        }
        Ok(())
    }

    /// Refuses flags that work with one file only.
    pub(crate) fn check_several(&self, name: &NameArg) -> Result<(), CommandError> {
        self.check(Some(Path::new("")))?;
        name.check_several()
    }

    /// Whether the result goes to standard output.
    pub(crate) fn is_standard(&self) -> bool {
        !self.in_place && self.output().is_none()
    }

    /// Whether the result replaces the input file.
    pub(crate) fn replaces(&self, file: Option<&Path>) -> bool {
        let Some(file) = file else {
            return false;
        };
        let is_same = |output: &Path| match (file.canonicalize(), output.canonicalize()) {
            (Ok(file), Ok(output)) => file == output,
            _ => false,
        };
        self.in_place || self.output().is_some_and(is_same)
    }

    /// Writes the result for the input to its destination. `done` is what was done to a file.
    pub(crate) fn deliver(
        &self,
        ui: &Ui,
        input: &Input,
        result: &[u8],
        readers: Readers,
        done: &str,
    ) -> Result<(), CommandError> {
        match (&input.path, self.output()) {
            (Some(path), None) if self.in_place => {
                files::write(ui, path, result, input.expected(), readers)?;
                ui.log_written();
                ui.done(path, done);
                Ok(())
            }
            (_, Some(path)) => {
                files::write(ui, path, result, Expected::Anything, readers)?;
                if path == Path::new("-") {
                    ui.warn("`--output -` wrote a file named `-`; for standard output, leave out the flag");
                }
                ui.done(path, done);
                Ok(())
            }
            _ => ui.output(result),
        }
    }

    pub(crate) fn output(&self) -> Option<&Path> {
        self.output
            .as_deref()
            .filter(|file| !file.as_os_str().is_empty())
    }
}
