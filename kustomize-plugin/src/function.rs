//! The context of a run: the directory, the keys, and the report.

use std::path::Path;
use std::{env, io};

use sops_core::keys::{Environment, KeyService, KeyServices};

use crate::keys::DataKeyCache;
use crate::problem::Problem;
use crate::report::FunctionReport;
use crate::workspace::Workspace;

/// The variable that turns on the placeholders. A configuration cannot turn them on, because it
/// could put them into a deployment.
const PLACEHOLDERS: &str = "SOPS_RS_PLACEHOLDERS";

/// What the function writes for encrypted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The plaintext of each value.
    Decrypt,
    /// Placeholders, for checks without a key.
    Placeholders,
}

impl Mode {
    fn of_environment() -> Self {
        let value = env::var(PLACEHOLDERS).unwrap_or_default();
        match value.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Self::Placeholders,
            _ => Self::Decrypt,
        }
    }
}

/// The function, before it runs.
pub(crate) struct Function {
    pub(crate) mode: Mode,
    pub(crate) workspace: Workspace,
    pub(crate) keys: DataKeyCache,
    pub(crate) report: FunctionReport,
}

impl Function {
    /// The function in the working directory, with the keys that `sops` would use.
    pub(crate) fn of_process() -> io::Result<Self> {
        let services = KeyServices::local(Environment::process());
        let mut function = Self::new(Path::new("."), Box::new(services))?;
        function.mode = Mode::of_environment();
        Ok(function)
    }

    pub(crate) fn new(directory: &Path, service: Box<dyn KeyService>) -> io::Result<Self> {
        Ok(Self {
            mode: Mode::Decrypt,
            workspace: Workspace::new(directory)?,
            keys: DataKeyCache::new(service),
            report: FunctionReport::default(),
        })
    }

    /// Warns that the result must not be deployed.
    pub(crate) fn warn_of_placeholders(&mut self) {
        if self.mode == Mode::Placeholders {
            let message = format!(
                "{PLACEHOLDERS} is set: encrypted values become placeholders, and no MAC is verified"
            );
            self.report.warn(Problem::new(message));
        }
    }
}
