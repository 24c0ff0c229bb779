//! The flags that select a cluster.

use std::env;
use std::path::PathBuf;

use sops_lint::{shell_path, shell_word};

use crate::command_error::name_of;

/// The flags that choose a cluster.
#[derive(clap::Args, Clone, Debug)]
#[group(skip)]
pub(crate) struct ClusterArgs {
    /// Context of the kubeconfig [default: the current one]
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
    /// The kubeconfig [default: KUBECONFIG, ~/.kube/config, or in a pod its service account]
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
}

/// The source of the cluster's address.
pub(super) enum ClusterOrigin {
    /// A context of the kubeconfig.
    Context(String),
    /// The pod in which this program runs.
    Pod,
}

impl ClusterArgs {
    /// The equivalent flags of `kubectl`, each preceded by a space.
    pub(crate) fn for_kubectl(&self) -> String {
        let context = self.context.as_deref().map(shell_word);
        let file = self.kubeconfig.as_deref();
        let file = file.map(|file| shell_path(&name_of(file)));
        let flags = [("--context", context), ("--kubeconfig", file)];
        let given = flags
            .into_iter()
            .filter_map(|(flag, value)| Some(format!(" {flag} {}", value?)));
        given.collect()
    }

    /// Whether a flag selects the cluster.
    pub(crate) fn are_given(&self) -> bool {
        self.context.is_some() || self.kubeconfig.is_some()
    }

    /// Whether neither the flags nor the environment selects a kubeconfig.
    pub(super) fn are_default(&self) -> bool {
        let is_set = env::var_os("KUBECONFIG").is_some_and(|files| !files.is_empty());
        self.context.is_none() && self.kubeconfig.is_none() && !is_set
    }
}
