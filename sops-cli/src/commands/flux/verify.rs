//! `sops-rs flux verify`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;
use sops_core::keys::Recipient;
use sops_core::{Format, parse_document};
use sops_lint::flux::{AppliedKustomization, FluxTree, SourceOrigin};

use crate::arguments::SecretArgs;
use crate::batch::{self, BatchFile};
use crate::cluster::{self, ApiFailure, Cluster, ClusterArgs, ResourcePath, Security};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::flux::{
    ControllerKey, DecryptionSecret, Expectation, FluxCheck, FluxReport, OwnKeys, Selection, items,
    needs_secret, read_repository, recipients_of,
};
use crate::input::{Input, read_repository_file};
use crate::lint::judge::relative;
use crate::rbac::{Access, RbacLists, SecretName, access, access_table};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs flux verify
  sops-rs flux verify --context production clusters/production
  sops-rs flux verify --access";

/// Check whether Flux can decrypt the files of a repository
///
/// This checks that the keys in the cluster's Secret can decrypt the encrypted files, and that the
/// Flux Kustomizations that build these files are configured to decrypt them, both in the
/// repository and in the cluster. It also says whether the Secret has your key. Without a
/// kubeconfig, it checks only the repository. It changes nothing. The exit code is 1 if Flux cannot
/// decrypt a file, or is not configured to.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The directory or file whose Kustomizations and encrypted files are checked; the whole
    /// repository is read
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    output: Output,
    /// Also list who can read the Secret that holds the key, and how
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
        let Verification {
            root,
            path,
            mut files,
            mut placeholders,
            mut tree,
        } = Verification::of(&self.path)?;
        let mut report = FluxReport::default();
        let (mut secret, mut of_cluster) = (None, None);
        let cluster = match cluster::missing_kubeconfig(&self.cluster) {
            Some(error) if self.access => return Err(error),
            Some(error) => {
                let finding = format!(
                    "was not checked, so this report covers only the repository: {}",
                    error.summary()
                );
                report.checks.push(FluxCheck::note("cluster", finding));
                None
            }
            None => {
                let cluster = Cluster::of(&self.cluster, Security::AsConfigured).await?;
                cluster.warn_if_insecure(ui);
                let SecretArgs { namespace, name } = &self.secret;
                let target = ResourcePath::of::<Secret>(Some(namespace), name);
                secret = cluster.get(&target).await?;
                of_cluster = add_live(&cluster, &mut tree).await?;
                Some(cluster)
            }
        };
        let applied = tree.applied();
        let selection = Selection::of(&path, &applied.kustomizations);
        files.retain(|file| selection.has(&file.path));
        placeholders.retain(|(file, _)| selection.has(file));
        if cluster.is_some() {
            self.check_keys(secret.as_ref(), &files, own, &mut report);
        }
        let checks = placeholders.into_iter().map(|(_, check)| check);
        report.checks.extend(checks);
        let namespace = &self.secret.namespace;
        let expectation = Expectation {
            root: &root,
            secret: cluster.as_ref().map(|_| self.secret_name()),
            controller: ControllerKey::find(
                cluster
                    .as_ref()
                    .map(|cluster| (cluster, namespace.as_str())),
                &tree,
            )
            .await,
            needs_secret: files
                .iter()
                .any(|file| file.input.as_ref().is_ok_and(needs_secret)),
        };
        check_kustomizations(&expectation, &selection, &files, &mut report);
        if !applied.is_complete() {
            let check = FluxCheck::note(
                "repository",
                "too many Kustomizations build each other's directories: not all were checked",
            );
            report.checks.push(check);
        }
        report.checks.extend(of_cluster);
        if !applied.kustomizations.is_empty() {
            report
                .checks
                .extend(unbuilt_checks(&applied.kustomizations, &files));
        }
        if let Some(cluster) = cluster.filter(|_| self.access) {
            report.access = Some(self.accesses(&cluster).await?);
        }
        Ok(report)
    }

    /// Checks the Secret, and whether its keys can decrypt the files.
    fn check_keys(
        &self,
        secret: Option<&Value>,
        files: &[EncryptedFile],
        own: &OwnKeys,
        report: &mut FluxReport,
    ) {
        let SecretArgs { namespace, name } = &self.secret;
        let subject = format!("{namespace}/{name}");
        let Some(secret) = secret else {
            let finding = "this Secret does not exist";
            report.checks.push(match own {
                OwnKeys::Computer => FluxCheck::gap(subject, finding)
                    .hint("install the key: `sops-rs flux install-key --create-namespace`"),
                // The cluster may be a new one.
                OwnKeys::Backup(_) => FluxCheck::note(subject, finding),
            });
            return;
        };
        let (keys, checks) = DecryptionSecret::of(secret, &subject);
        report.checks.extend(checks);
        let inputs = files.iter().filter_map(|file| file.input.as_ref().ok());
        let of_files: Vec<_> = inputs.flat_map(recipients_of).collect();
        report.checks.push(keys.check_own(own, &of_files));
        report
            .checks
            .extend(files.iter().map(|file| match &file.input {
                Ok(input) => keys.check_file(input),
                Err(error) => FluxCheck::gap(name_of(&file.shown), error.summary()),
            }));
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
}

/// Checks whether the Kustomizations can be built, and decrypt the files that they build.
fn check_kustomizations(
    expectation: &Expectation<'_>,
    selection: &Selection<'_>,
    files: &[EncryptedFile],
    report: &mut FluxReport,
) {
    let encrypted: BTreeSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let mut problems = BTreeSet::new();
    for kustomization in &selection.kustomizations {
        if let Some(check) = expectation.check_path(kustomization) {
            report.add_once(check);
        }
        let built = kustomization.encrypted_files().into_iter();
        let count = built.filter(|file| encrypted.contains(file)).count();
        if count > 0 {
            report.add_once(expectation.check(kustomization, count));
        }
        problems.extend(kustomization.problems());
    }
    for problem in problems {
        let file = problem
            .file()
            .map(|file| name_of(file.strip_prefix(expectation.root).unwrap_or(file)));
        let subject = file.unwrap_or_else(|| "cluster".to_owned());
        report
            .checks
            .push(FluxCheck::gap(subject, problem.message()).hint(problem.help()));
    }
}

/// Notes about the files that no Kustomization builds.
fn unbuilt_checks(
    kustomizations: &[AppliedKustomization<'_>],
    files: &[EncryptedFile],
) -> Vec<FluxCheck> {
    let ours = kustomizations
        .iter()
        .filter(|kustomization| kustomization.origin() != SourceOrigin::Other);
    let built: BTreeSet<&Path> = ours
        .flat_map(AppliedKustomization::encrypted_files)
        .collect();
    let unbuilt = files
        .iter()
        .filter(|file| !built.contains(file.path.as_path()));
    unbuilt
        .map(|file| FluxCheck::note(name_of(&file.shown), "is not built by any Kustomization"))
        .collect()
}

/// An encrypted file.
struct EncryptedFile {
    /// The canonical path.
    path: PathBuf,
    /// The path in messages, which can also be opened.
    shown: PathBuf,
    /// The content, as far as it can be read.
    input: Result<Input, CommandError>,
}

/// A repository to check.
struct Verification {
    root: PathBuf,
    /// The canonical path that the user named.
    path: PathBuf,
    files: Vec<EncryptedFile>,
    /// The manifests with placeholders.
    placeholders: Vec<(PathBuf, FluxCheck)>,
    tree: FluxTree,
}

impl Verification {
    fn of(spelled: &Path) -> Result<Self, CommandError> {
        let path = spelled
            .canonicalize()
            .map_err(|error| CommandError::input(name_of(spelled), &error))?;
        let root = root(&path);
        let here = std::env::current_dir().unwrap_or_default();
        let shown = |file: &Path| match file.strip_prefix(&path) {
            Ok(rest) if path.is_dir() => spelled.join(rest),
            Ok(_) => spelled.to_owned(),
            Err(_) => relative(file, &here),
        };
        // A file that the user named is checked in any case.
        let named = Some(path.as_path()).filter(|path| path.is_file());
        let starts = named.into_iter().chain([root.as_path()]);
        let items = batch::items(starts, batch::Leftovers::Keep)?;
        let placeholders = placeholder_checks(&items, shown);
        let encrypted = batch::meant(items, true).into_iter();
        let files = encrypted.map(|item| {
            let (path, shown) = (item.path.clone(), shown(&item.path));
            let input = Input::read(Some(&shown), Format::from_path(&path), Role::Encrypted);
            EncryptedFile { path, shown, input }
        });
        Ok(Self {
            files: files.collect(),
            placeholders,
            tree: read_repository(&root)?,
            root,
            path,
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
        // A user who may not list the sources gets a less complete result, which is not a gap.
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
            let all: Vec<_> = items(list, "Kustomization").collect();
            let is_empty = all.is_empty();
            let ours = all.into_iter().filter(|live| tree.names_source_of(live));
            let ours: Vec<_> = ours.collect();
            let finding = match () {
                () if is_empty => Some("has no Kustomizations: Flux does not apply anything yet"),
                () if ours.is_empty() => Some("has no Kustomizations of this repository"),
                () => None,
            };
            ours.into_iter().for_each(|live| tree.add_live(live));
            finding.map(|finding| FluxCheck::note("cluster", finding))
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
fn placeholder_checks(
    items: &[BatchFile],
    shown: impl Fn(&Path) -> PathBuf,
) -> Vec<(PathBuf, FluxCheck)> {
    let checks = items.iter().filter_map(|item| {
        let format = Format::from_path(&item.path);
        let is_manifest = matches!(format, Format::Yaml | Format::Json);
        let bytes = is_manifest.then(|| read_repository_file(&item.path).ok())??;
        let document = parse_document(&bytes, format).ok()?;
        let placeholder = document
            .trees()
            .find_map(|tree| sops_placeholder::find(&tree))?;
        let finding = format!("has a placeholder for an encrypted value: {placeholder}");
        let check = FluxCheck::gap(name_of(&shown(&item.path)), finding)
            .hint("commit the encrypted file; rendered files are only for checks");
        Some((item.path.clone(), check))
    });
    checks.collect()
}

/// The directory that the paths of Kustomizations start from: the repository that contains this
/// canonical path, or the directory itself.
fn root(path: &Path) -> PathBuf {
    let repository = path
        .ancestors()
        .find(|directory| directory.join(".git").exists());
    match repository {
        Some(directory) => directory.to_owned(),
        None if path.is_file() => path.parent().unwrap_or(path).to_owned(),
        None => path.to_owned(),
    }
}
