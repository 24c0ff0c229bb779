//! What `exec-env` and `exec-file` have in common.

use std::path::{Path, PathBuf};

use clap::Args;

use super::OpeningArgs;
use crate::command_error::{Code, CommandError};
use crate::exec::User;

/// A file, and the command that is run with it.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct ExecArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The command, as one argument
    #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
    command: Option<String>,
    #[arg(hide = true, allow_hyphen_values = true)]
    more: Vec<String>,
    /// Run the command as this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    #[arg(long, hide = true)]
    pub(crate) background: bool,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

impl ExecArgs {
    /// Both have to be there, and nothing else.
    ///
    /// # Errors
    /// With an example of the command line.
    pub(crate) fn file_and_command(
        &self,
        example: &'static str,
    ) -> Result<(&Path, &str), CommandError> {
        match (&self.file, &self.command, &self.more[..]) {
            (Some(file), Some(command), []) => Ok((file, command)),
            _ => Err(CommandError::new(
                Code::Generic,
                "a file and a command are needed, the command as one argument",
            )
            .hint(example)),
        }
    }

    /// Makes this process the user's that was named.
    pub(crate) fn become_user(&self) -> Result<Option<User>, CommandError> {
        let Some(name) = self.user.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let user = User::find(name)?;
        user.become_them()?;
        Ok(Some(user))
    }
}
