//! Reports the contents of the sources of identities, for messages.

use std::fmt;

/// The reason of [`Held::Failed`] for a wrong passphrase.
pub const WRONG_PASSPHRASE: &str = "incorrect passphrase";

/// The reason of [`Held::Failed`] if there was no way to ask for the passphrase.
pub const NO_PASSPHRASE: &str = "needs a passphrase, but there is no way to ask for it";

/// A source of identities and its contents, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceReport {
    /// The environment variable, the path of the file, or the name that the caller gave.
    pub name: String,
    /// The contents of the source.
    pub held: Held,
}

/// How many owners of a source's keys a message names.
const MAX_SHOWN: usize = 8;

/// The contents of a source of identities.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// The environment variable is not set.
    NotSet,
    /// The file does not exist.
    NoFile,
    /// The owners of the identities in the source, shortened.
    Keys(Vec<String>),
    /// Identities with a passphrase that was not asked for, since no file needed it.
    Locked,
    /// A command that was not run, since no file needed it.
    NotRun,
    /// The source is unusable for this reason, which does not quote its text.
    Failed(String),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("not set"),
            Self::NoFile => f.write_str("no such file"),
            Self::Keys(owners) => match &owners[..] {
                [] => f.write_str("contains no keys"),
                [owner] => write!(f, "1 key ({owner})"),
                owners => {
                    let shown = owners[..owners.len().min(MAX_SHOWN)].join(", ");
                    let more = match owners.len() > MAX_SHOWN {
                        true => ", …",
                        false => "",
                    };
                    write!(f, "{} keys ({shown}{more})", owners.len())
                }
            },
            Self::Locked => f.write_str("protected with a passphrase, not unlocked"),
            Self::NotRun => f.write_str("a command, not run"),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for SourceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.held)
    }
}
