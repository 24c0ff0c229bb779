//! What was found where identities were looked for, for messages.

use std::fmt;

/// A place where identities were looked for, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceReport {
    /// The environment variable, the file's path, or the name that the caller gave.
    pub name: String,
    /// What was found there.
    pub held: Held,
}

/// Of how many keys of a source a message says whom they belong to.
const MAX_SHOWN: usize = 8;

/// What a source of identities holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Held {
    /// The environment variable is not set.
    NotSet,
    /// There is no such file.
    NoFile,
    /// Identities: whom each belongs to, shortened.
    Keys(Vec<String>),
    /// Identities under a passphrase that was not asked for, since no file needed it.
    Locked,
    /// A command that was not run, since no file needed it.
    NotRun,
    /// It cannot be used: why, without its text.
    Failed(String),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("not set"),
            Self::NoFile => f.write_str("no such file"),
            Self::Keys(owners) => match &owners[..] {
                [] => f.write_str("no keys in it"),
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
            Self::Locked => f.write_str("protected with a passphrase, not needed"),
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
