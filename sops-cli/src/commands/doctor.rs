//! `sops-rs doctor`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::arguments::{Age, SecretArgs, age};
#[cfg(feature = "kube")]
use crate::cluster::{self, Cluster, ClusterArgs, Security};
use crate::command_error::{Code, CommandError};
use crate::doctor::{Check, DoctorReport, Expected, check_host, check_paths};
use crate::git::root_above;
use crate::rbac::SecretName;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs doctor
  sops-rs doctor encryption-config.json snapshot.db
  sops-rs doctor --context production --format json";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories to check [default: the repository, this computer and the cluster]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Directory with the file system of a server [default: / without a PATH]
    #[arg(long, value_name = "DIRECTORY")]
    root: Option<PathBuf>,
    /// Do not contact the cluster
    #[arg(long)]
    offline: bool,
    /// Report keys for encryption at rest that are older
    #[arg(long, value_name = "AGE", default_value = "365d", value_parser = age)]
    max_key_age: Age,
    #[command(flatten)]
    secret: SecretArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: OutputFormat,
    #[cfg(feature = "kube")]
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OutputFormat {
    Text,
    Json,
}

pub(crate) fn cmd_doctor(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    doctor(ui, args).map_err(|error| match error.code() {
        Code::BrokenPipe => error,
        // Findings have the general code.
        _ => error.with_code(Code::CannotReadInput),
    })
}

fn doctor(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let expected = Expected {
        secret: args.secret_name(),
        max_key_age: args.max_key_age.duration,
    };
    let checks_all = args.paths.is_empty();
    let mut report = DoctorReport::default();
    match checks_all {
        false => {
            let paths = args.paths.iter().map(PathBuf::as_path);
            report.checks.extend(check_paths(paths, &expected)?);
        }
        true if is_in_repository() => {
            let here = std::iter::once(Path::new("."));
            report.checks.extend(check_paths(here, &expected)?);
        }
        true => {}
    }
    let own_root = Path::new("/");
    if let Some(root) = args.root.as_deref().or(checks_all.then_some(own_root)) {
        report.checks.extend(check_host(root, &expected));
    }
    report.checks.extend(args.of_cluster(ui)?);
    let text = match args.format {
        OutputFormat::Text => report.text(),
        OutputFormat::Json => report.json(),
    };
    ui.output(text.as_bytes())?;
    Ok(match report.has_finding() {
        true => ExitCode::from(Code::Generic as u8),
        false => ExitCode::SUCCESS,
    })
}

/// Outside a repository, the working directory may be anything, such as a home directory.
fn is_in_repository() -> bool {
    let here = std::env::current_dir().ok();
    here.is_some_and(|here| root_above(&here).is_some())
}

impl Args {
    fn secret_name(&self) -> SecretName<'_> {
        SecretName {
            namespace: &self.secret.namespace,
            name: &self.secret.name,
        }
    }

    #[cfg(feature = "kube")]
    fn of_cluster(&self, ui: &Ui) -> Result<Vec<Check>, CommandError> {
        let is_wanted = self.paths.is_empty() || self.cluster.are_given();
        if self.offline || !is_wanted {
            return Ok(Vec::new());
        }
        if let Some(error) = cluster::missing_kubeconfig(&self.cluster) {
            let message = format!("was not checked: {}", error.summary());
            return Ok(vec![Check::unknown("cluster", "cluster", message)]);
        }
        cluster::run(async {
            let cluster = Cluster::of(&self.cluster, Security::AsConfigured).await?;
            cluster.warn_if_insecure(ui);
            crate::doctor::check_cluster(&cluster, &self.secret_name()).await
        })
    }

    /// This build has no client for clusters.
    #[cfg(not(feature = "kube"))]
    fn of_cluster(&self, _: &Ui) -> Result<Vec<Check>, CommandError> {
        Ok(Vec::new())
    }
}
