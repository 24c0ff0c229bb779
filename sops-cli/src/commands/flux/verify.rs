//! `sops-rs flux verify`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use k8s_openapi::api::core::v1::Secret;
use sops_core::Format;
use sops_core::keys::{Environment, Identities};

use super::secret_args::SecretArgs;
use crate::batch;
use crate::cluster::{self, ApiFailure, Cluster, ClusterArgs, ResourcePath, Security};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::flux::{
    DecryptionSecret, FluxCheck, FluxKustomization, FluxReport, Repositories, SecretName,
    SourceOrigin, items,
};
use crate::input::Input;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs flux verify
  sops-rs flux verify --context production clusters/production";

/// Check whether Flux can decrypt the files of a repository
///
/// This compares the Secret with the key, the encrypted files, and the Flux Kustomizations that build them, in
/// the repository and in the cluster. Nothing is changed. The exit code is 1 if Flux cannot decrypt a file.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The repository, or a directory or file in it
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Table,
    Json,
}

pub(crate) fn cmd_verify(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let report = cluster::run(args.report(ui))?;
    let text = match args.output {
        Output::Table => report.table(),
        Output::Json => report.json(),
    };
    ui.output(text.as_bytes())?;
    Ok(match report.has_gap() {
        true => ExitCode::from(Code::Generic as u8),
        false => ExitCode::SUCCESS,
    })
}

impl Args {
    async fn report(&self, ui: &Ui) -> Result<FluxReport, CommandError> {
        let cluster = Cluster::of(&self.cluster, Security::AsConfigured).await?;
        cluster.warn_if_insecure(ui);
        let files = encrypted_files(&self.path)?;
        let mut report = FluxReport::default();
        self.check_keys(&cluster, &files, &mut report).await?;
        self.check_kustomizations(&cluster, &files, &mut report)
            .await?;
        Ok(report)
    }

    /// The Secret, and whether its keys open the files.
    async fn check_keys(
        &self,
        cluster: &Cluster,
        files: &[PathBuf],
        report: &mut FluxReport,
    ) -> Result<(), CommandError> {
        let SecretArgs { namespace, name } = &self.secret;
        let target = ResourcePath::of::<Secret>(Some(namespace), name);
        let subject = format!("{namespace}/{name}");
        let Some(secret) = cluster.get(&target).await? else {
            let hint = "put the key there: `sops-rs flux install-key --create-namespace`";
            report
                .checks
                .push(FluxCheck::gap(subject, "there is no such Secret").hint(hint));
            return Ok(());
        };
        let (keys, checks) = DecryptionSecret::of(&secret, &subject);
        report.checks.extend(checks);
        let own = Identities::from_environment(Environment::process()).recipients();
        report.checks.push(keys.check_own(&own));
        for file in files {
            let input = Input::read(Some(file), Format::from_path(file), Role::Encrypted);
            report.checks.push(match input {
                Ok(input) => keys.check_file(&input),
                Err(error) => FluxCheck::gap(name_of(file), error.summary()),
            });
        }
        Ok(())
    }

    /// Whether the Kustomizations that build the files decrypt them.
    async fn check_kustomizations(
        &self,
        cluster: &Cluster,
        files: &[PathBuf],
        report: &mut FluxReport,
    ) -> Result<(), CommandError> {
        let secret = SecretName {
            namespace: &self.secret.namespace,
            name: &self.secret.name,
        };
        let encrypted: BTreeSet<PathBuf> = files
            .iter()
            .filter_map(|file| file.canonicalize().ok())
            .collect();
        let root = root(&self.path)?;
        let mut repositories = Repositories::new(&root);
        let mut kustomizations = FluxKustomization::in_repository(&root, &mut repositories)?;
        let sources: Vec<_> = kustomizations
            .iter()
            .map(|kustomization| kustomization.source().clone())
            .collect();
        // Who may not list them learns less, and of that no gap.
        let git_repositories = cluster
            .list("/apis/source.toolkit.fluxcd.io/v1/gitrepositories")
            .await;
        if let Ok(Some(list)) = git_repositories {
            items(list, "GitRepository").for_each(|object| repositories.add(&object));
        }
        let list = cluster
            .list("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")
            .await;
        let in_cluster = match list {
            Ok(Some(list)) => {
                // Those of other repositories may have folders of the same names.
                let is_ours = |kustomization: &FluxKustomization| {
                    sources.is_empty() || sources.contains(kustomization.source())
                };
                let theirs = FluxKustomization::in_cluster(list).into_iter();
                kustomizations.extend(theirs.filter(is_ours));
                None
            }
            Ok(None) => Some(FluxCheck::note(
                "cluster",
                "has no Kustomizations: Flux is not installed",
            )),
            Err(ApiFailure { error, is_final }) if is_final => return Err(error),
            Err(ApiFailure { error, .. }) => {
                let finding = format!(
                    "its Kustomizations cannot be looked at: {}",
                    error.summary()
                );
                Some(FluxCheck::gap("cluster", finding))
            }
        };
        let mut built_by_none = encrypted.clone();
        for kustomization in &kustomizations {
            let built = kustomization.files(&root);
            let count = built.intersection(&encrypted).count();
            let origin = repositories.origin(kustomization.source());
            if count > 0 {
                let check = kustomization.check(count, &secret, origin);
                report.checks.push(check);
            }
            if origin == SourceOrigin::Other {
                continue;
            }
            built_by_none.retain(|file| !built.contains(file));
        }
        report.checks.extend(in_cluster);
        if kustomizations.is_empty() {
            return Ok(());
        }
        for file in files {
            if file
                .canonicalize()
                .is_ok_and(|file| built_by_none.contains(&file))
            {
                let finding = "is built by none of the Kustomizations";
                report.checks.push(FluxCheck::note(name_of(file), finding));
            }
        }
        Ok(())
    }
}

/// The encrypted files that are meant.
fn encrypted_files(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let items = batch::items([path].into_iter(), batch::Leftovers::Keep)?.into_iter();
    Ok(items
        .filter(|item| item.is_meant(true))
        .map(|item| item.path)
        .collect())
}

/// The folder that the paths of Kustomizations begin at: the repository that `path` is in, or else the folder itself.
fn root(path: &Path) -> Result<PathBuf, CommandError> {
    let whole = path
        .canonicalize()
        .map_err(|error| CommandError::input(name_of(path), &error))?;
    let repository = whole
        .ancestors()
        .find(|folder| folder.join(".git").exists());
    Ok(match repository {
        Some(folder) => folder.to_owned(),
        None if whole.is_file() => whole.parent().unwrap_or(&whole).to_owned(),
        None => whole,
    })
}
