//! The context of a run: the directory, the keys, and the report.

use std::io;
use std::path::Path;

use sops_core::keys::{Environment, KeyService, KeyServices};

use crate::keys::DataKeyCache;
use crate::report::FunctionReport;
use crate::workspace::Workspace;

/// The function, before it runs.
pub(crate) struct Function {
    pub(crate) workspace: Workspace,
    pub(crate) keys: DataKeyCache,
    pub(crate) report: FunctionReport,
}

impl Function {
    /// In the working directory, with the keys that `sops` would use.
    pub(crate) fn of_process() -> io::Result<Self> {
        let services = KeyServices::local(Environment::process());
        Self::new(Path::new("."), Box::new(services))
    }

    pub(crate) fn new(directory: &Path, service: Box<dyn KeyService>) -> io::Result<Self> {
        Ok(Self {
            workspace: Workspace::new(directory)?,
            keys: DataKeyCache::new(service),
            report: FunctionReport::default(),
        })
    }
}
