//! `sops-rs flux verify`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use k8s_openapi::api::core::v1::Secret;
use sops_core::keys::Recipient;
use sops_core::{Format, parse_document};
use sops_lint::flux::{FluxTree, SourceOrigin};

use super::secret_args::SecretArgs;
use crate::batch;
use crate::cluster::{self, ApiFailure, Cluster, ClusterArgs, ResourcePath, Security};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::flux::{
    Access, ControllerKey, DecryptionSecret, Expectation, FluxCheck, FluxReport, OwnKeys,
    RbacLists, SecretName, access, access_table, items, needs_secret, read_repository,
};
use crate::input::{Input, read_repository_file};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs flux verify
  sops-rs flux verify --context production clusters/production
  sops-rs flux verify --access";

/// Check whether Flux can decrypt the files of a repository
///
/// This checks that the Secret in the cluster has your key, that its keys can decrypt the encrypted
/// files, and that the Flux Kustomizations that build these files decrypt them, in the repository
/// and in the cluster. Without a kubeconfig, it checks only the repository. It changes nothing. The
/// exit code is 1 if Flux cannot decrypt a file, or is not configured to.
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
    /// Also list who can read the Secret with the key, and how
    #[arg(long)]
    access: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Table,
    Json,
}

pub(crate) fn cmd_verify(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let report = cluster::run(args.report(ui, &OwnKeys::Computer))?;
    let text = match args.output {
        Output::Table => args.table(&report),
        Output::Json => report.json(),
    };
    ui.output(text.as_bytes())?;
    Ok(match report.has_gap() {
        true => ExitCode::from(Code::Generic as u8),
        false => ExitCode::SUCCESS,
    })
}

/// What `flux verify` reports about a repository and its cluster, compared with a backup of the
/// key.
pub(crate) fn report_of_backup(
    ui: &Ui,
    path: PathBuf,
    (secret, cluster): (SecretArgs, ClusterArgs),
    backup: Vec<Recipient>,
) -> Result<FluxReport, CommandError> {
    let args = Args {
        path,
        secret,
        output: Output::Table,
        access: false,
        cluster,
    };
    cluster::run(args.report(ui, &OwnKeys::Backup(backup)))
}

impl Args {
    fn secret_name(&self) -> SecretName<'_> {
        SecretName {
            namespace: &self.secret.namespace,
            name: &self.secret.name,
        }
    }

    fn table(&self, report: &FluxReport) -> String {
        let accesses = report
            .access
            .as_deref()
            .map(|accesses| access_table(accesses, &self.secret_name()));
        match accesses {
            Some(accesses) => format!("{}\n{accesses}", report.table()),
            None => report.table(),
        }
    }

    async fn report(&self, ui: &Ui, own: &OwnKeys) -> Result<FluxReport, CommandError> {
        let verification = Verification::of(&self.path)?;
        let mut report = FluxReport::default();
        let cluster = match cluster::missing_kubeconfig(&self.cluster) {
            Some(error) if self.access => return Err(error),
            Some(error) => {
                let finding = format!("was not checked, only the repository: {}", error.summary());
                report.checks.push(FluxCheck::note("cluster", finding));
                None
            }
            None => Some(Cluster::of(&self.cluster, Security::AsConfigured).await?),
        };
        if let Some(cluster) = &cluster {
            cluster.warn_if_insecure(ui);
            self.check_keys(cluster, &verification.inputs, own, &mut report)
                .await?;
        }
        self.check_kustomizations(cluster.as_ref(), verification, &mut report)
            .await?;
        if let Some(cluster) = cluster.filter(|_| self.access) {
            report.access = Some(self.accesses(&cluster).await?);
        }
        Ok(report)
    }

    /// Checks the Secret, and whether its keys can decrypt the files.
    async fn check_keys(
        &self,
        cluster: &Cluster,
        inputs: &[EncryptedInput],
        own: &OwnKeys,
        report: &mut FluxReport,
    ) -> Result<(), CommandError> {
        let SecretArgs { namespace, name } = &self.secret;
        let target = ResourcePath::of::<Secret>(Some(namespace), name);
        let subject = format!("{namespace}/{name}");
        let Some(secret) = cluster.get(&target).await? else {
            let finding = "this Secret does not exist";
            report.checks.push(match own {
                OwnKeys::Computer => FluxCheck::gap(subject, finding)
                    .hint("install the key: `sops-rs flux install-key --create-namespace`"),
                // The cluster may be a new one.
                OwnKeys::Backup(_) => FluxCheck::note(subject, finding),
            });
            return Ok(());
        };
        let (keys, checks) = DecryptionSecret::of(&secret, &subject);
        report.checks.extend(checks);
        report.checks.push(keys.check_own(own));
        report
            .checks
            .extend(inputs.iter().map(|(file, input)| match input {
                Ok(input) => keys.check_file(input),
                Err(error) => FluxCheck::gap(name_of(file), error.summary()),
            }));
        Ok(())
    }

    /// Who can read the Secret.
    async fn accesses(&self, cluster: &Cluster) -> Result<Vec<Access>, CommandError> {
        let objects = async |path: &str, kind| {
            let list = cluster.list(path).await.map_err(|failure| failure.error)?;
            Ok::<Vec<_>, CommandError>(
                list.into_iter()
                    .flat_map(|list| items(list, kind))
                    .collect(),
            )
        };
        let secret = self.secret_name();
        let namespace =
            ResourcePath::of::<Secret>(Some(secret.namespace), secret.name).namespace_path()?;
        let rbac = "/apis/rbac.authorization.k8s.io/v1";
        let lists = RbacLists {
            roles: objects(&format!("{rbac}{namespace}/roles"), "Role").await?,
            cluster_roles: objects(&format!("{rbac}/clusterroles"), "ClusterRole").await?,
            role_bindings: objects(&format!("{rbac}{namespace}/rolebindings"), "RoleBinding")
                .await?,
            cluster_role_bindings: objects(
                &format!("{rbac}/clusterrolebindings"),
                "ClusterRoleBinding",
            )
            .await?,
        };
        let pods = objects(&format!("/api/v1{namespace}/pods"), "Pod").await?;
        Ok(access(&lists, &pods, &secret))
    }

    /// Whether the Kustomizations that build the files decrypt them.
    async fn check_kustomizations(
        &self,
        cluster: Option<&Cluster>,
        verification: Verification,
        report: &mut FluxReport,
    ) -> Result<(), CommandError> {
        let Verification {
            root,
            inputs,
            placeholders,
            mut tree,
        } = verification;
        report.checks.extend(placeholders);
        let of_cluster = match cluster {
            Some(cluster) => add_live(cluster, &mut tree).await?,
            None => None,
        };
        let namespace = &self.secret.namespace;
        let expectation = Expectation {
            root: &root,
            secret: cluster.map(|_| self.secret_name()),
            controller: ControllerKey::find(
                cluster.map(|cluster| (cluster, namespace.as_str())),
                &tree,
            )
            .await,
            needs_secret: inputs
                .iter()
                .any(|(_, input)| input.as_ref().is_ok_and(needs_secret)),
        };
        let encrypted: BTreeSet<PathBuf> = inputs
            .iter()
            .filter_map(|(file, _)| file.canonicalize().ok())
            .collect();
        let mut built_by_none = encrypted.clone();
        let mut problems = BTreeSet::new();
        let applied = tree.applied();
        let kustomizations = &applied.kustomizations;
        for kustomization in kustomizations {
            let built = kustomization.encrypted_files();
            let count = built
                .iter()
                .filter(|file| encrypted.contains(**file))
                .count();
            if count > 0 {
                let check = expectation.check(kustomization, count);
                report.add_once(check);
                problems.extend(kustomization.problems());
            }
            if kustomization.origin() != SourceOrigin::Other {
                built_by_none.retain(|file| !built.contains(file.as_path()));
            }
        }
        if !applied.is_complete() {
            let check = FluxCheck::note(
                "repository",
                "too many Kustomizations build each other's directories: not all were checked",
            );
            report.checks.push(check);
        }
        for problem in problems {
            let file = problem
                .file()
                .map(|file| name_of(file.strip_prefix(&root).unwrap_or(file)));
            let subject = file.unwrap_or_else(|| "cluster".to_owned());
            report
                .checks
                .push(FluxCheck::gap(subject, problem.message()).hint(problem.help()));
        }
        report.checks.extend(of_cluster);
        if kustomizations.is_empty() {
            return Ok(());
        }
        for (file, _) in &inputs {
            if file
                .canonicalize()
                .is_ok_and(|file| built_by_none.contains(&file))
            {
                let finding = "is not built by any Kustomization";
                report.checks.push(FluxCheck::note(name_of(file), finding));
            }
        }
        Ok(())
    }
}

/// An encrypted file, as far as it can be read.
type EncryptedInput = (PathBuf, Result<Input, CommandError>);

/// The parts of a repository that are checked.
struct Verification {
    root: PathBuf,
    inputs: Vec<EncryptedInput>,
    placeholders: Vec<FluxCheck>,
    tree: FluxTree,
}

impl Verification {
    fn of(path: &Path) -> Result<Self, CommandError> {
        let files = encrypted_files(path)?.into_iter();
        let read = |file: PathBuf| {
            let input = Input::read(Some(&file), Format::from_path(&file), Role::Encrypted);
            (file, input)
        };
        let root = root(path)?;
        Ok(Self {
            inputs: files.map(read).collect(),
            placeholders: placeholder_checks(path)?,
            tree: read_repository(&root)?,
            root,
        })
    }
}

/// Adds the sources and Kustomizations in the cluster, and returns a note if it has no
/// Kustomizations. Kustomizations of other repositories may have directories with the same names.
async fn add_live(
    cluster: &Cluster,
    tree: &mut FluxTree,
) -> Result<Option<FluxCheck>, CommandError> {
    for (path, kind) in [
        ("gitrepositories", "GitRepository"),
        ("ocirepositories", "OCIRepository"),
        ("buckets", "Bucket"),
    ] {
        // A user without permission to list them sees less, which is not a gap.
        let list = cluster
            .list(&format!("/apis/source.toolkit.fluxcd.io/v1/{path}"))
            .await;
        if let Ok(Some(list)) = list {
            items(list, kind).for_each(|object| tree.add_source(&object));
        }
    }
    let list = cluster
        .list("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")
        .await;
    Ok(match list {
        Ok(Some(list)) => {
            let live: Vec<_> = items(list, "Kustomization")
                .filter(|live| tree.names_source_of(live))
                .collect();
            live.into_iter().for_each(|live| tree.add_live(live));
            None
        }
        Ok(None) => Some(FluxCheck::note(
            "cluster",
            "has no Kustomizations: Flux is not installed",
        )),
        Err(ApiFailure { error, is_final }) if is_final => return Err(error),
        Err(ApiFailure { error, .. }) => {
            let finding = format!("its Kustomizations cannot be read: {}", error.summary());
            Some(FluxCheck::gap("cluster", finding))
        }
    })
}

/// The manifests with placeholders, which Flux would deploy instead of secrets.
fn placeholder_checks(path: &Path) -> Result<Vec<FluxCheck>, CommandError> {
    let items = batch::items([path].into_iter(), batch::Leftovers::Keep)?;
    let checks = items.iter().filter_map(|item| {
        let format = Format::from_path(&item.path);
        let is_manifest = matches!(format, Format::Yaml | Format::Json);
        let bytes = is_manifest.then(|| read_repository_file(&item.path).ok())??;
        let document = parse_document(&bytes, format).ok()?;
        let placeholder = document
            .trees()
            .find_map(|tree| sops_placeholder::find(&tree))?;
        let finding = format!("has a placeholder for an encrypted value: {placeholder}");
        let check = FluxCheck::gap(name_of(&item.path), finding);
        Some(check.hint("commit the encrypted file; rendered files are only for checks"))
    });
    Ok(checks.collect())
}

/// The encrypted files at the path.
fn encrypted_files(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let items = batch::items([path].into_iter(), batch::Leftovers::Keep)?.into_iter();
    Ok(items
        .filter(|item| item.is_meant(true))
        .map(|item| item.path)
        .collect())
}

/// The directory that the paths of Kustomizations start from: the repository that contains `path`,
/// or the directory itself.
fn root(path: &Path) -> Result<PathBuf, CommandError> {
    let whole = path
        .canonicalize()
        .map_err(|error| CommandError::input(name_of(path), &error))?;
    let repository = whole
        .ancestors()
        .find(|directory| directory.join(".git").exists());
    Ok(match repository {
        Some(directory) => directory.to_owned(),
        None if whole.is_file() => whole.parent().unwrap_or(&whole).to_owned(),
        None => whole,
    })
}
