//! Valid settings that are probably mistakes.

use std::fmt;
use std::path::PathBuf;

use sops_document::Location;

/// A valid setting that is probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// The location in the file, if known.
    pub location: Option<Location>,
    /// What to check.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        self.location
            .iter()
            .try_for_each(|at| write!(f, "{at}: "))?;
        f.write_str(&self.message)
    }
}
