//! The commands that make a CI system mask values in the logs of a job.

use clap::ValueEnum;
use zeroize::Zeroizing;

use super::secrets::SecretValues;
use crate::command_error::{Code, CommandError};

/// A CI system.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Forge {
    /// GitHub Actions, and systems that read its workflow commands
    Github,
    /// Not available, because GitLab has no command that masks a value
    Gitlab,
}

impl Forge {
    /// Refuses to print commands that no system would read, because they contain the values.
    pub(crate) fn check(self) -> Result<(), CommandError> {
        let message = match self {
            Self::Github if is_in_github_job() => return Ok(()),
            Self::Github => {
                "`--mask github` prints the values for the runner of GitHub Actions, but no runner reads them here: GITHUB_ACTIONS is not `true`"
            }
            Self::Gitlab => {
                "GitLab has no command that masks a value while a job runs; it masks only CI/CD variables that its settings mark as masked"
            }
        };
        Err(CommandError::new(Code::Generic, message)
            .hint("use `--redact`, which masks the values in the output of the command"))
    }

    /// The commands that mask the values. They contain the values.
    pub(crate) fn commands(self, values: &SecretValues) -> Zeroizing<Vec<u8>> {
        let mut commands = Zeroizing::new(Vec::new());
        // The runner compares each line of a log, so a value with several lines needs a command for
        // each. It finds base64 and other forms itself.
        for line in values.lines() {
            commands.extend_from_slice(b"::add-mask::");
            for byte in line {
                match byte {
                    b'%' => commands.extend_from_slice(b"%25"),
                    b'\r' => commands.extend_from_slice(b"%0D"),
                    byte => commands.push(*byte),
                }
            }
            commands.push(b'\n');
        }
        commands
    }
}

/// Whether the runner of GitHub Actions reads the output.
fn is_in_github_job() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}
