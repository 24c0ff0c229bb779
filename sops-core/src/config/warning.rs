//! What is allowed in a configuration, and hardly meant.

use std::fmt;
use std::path::PathBuf;

use sops_document::Location;

/// What is allowed in a configuration, and hardly meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// Where in it, if it is known.
    pub location: Option<Location>,
    /// What to look at.
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
