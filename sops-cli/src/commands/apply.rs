//! `sops-rs apply`.

use std::path::{Path, PathBuf};

use sops_core::{Format, parse_document};
use sops_lint::shell_path;

use crate::arguments::{GlobalArgs, OpeningArgs};
use crate::batch;
use crate::cluster::{
    self, ApiFailure, Applied, ApplyOutcome, Cluster, ClusterArgs, ClusterObject, Kinds,
    ResourceKind, ResourcePath, Security, ServerSideApply,
};
use crate::command_error::{Code, CommandError, name_of};
use crate::input::read_repository_file;
use crate::keys::services::Services;
use crate::manifests::ManifestReader;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs apply -f apps/secret.yaml
  sops-rs apply -f apps --dry-run server
  kustomize build apps | sops-rs apply --ignore-mac -f -";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A file, a directory, or `-` for standard input
    ///
    /// In a directory, this applies all YAML and JSON files, except symbolic links and files that
    /// `.gitignore` excludes.
    #[arg(long = "filename", short, value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Also apply Secrets that are in plaintext in their files
    #[arg(long)]
    allow_plaintext: bool,
    /// Namespace for objects that have none [default: from the context]
    #[arg(long, short, value_name = "NAME")]
    namespace: Option<String>,
    /// Change nothing: `server` asks the server to validate the objects
    #[arg(long, value_name = "BY")]
    dry_run: Option<DryRun>,
    /// Take over fields that other field managers own
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    opening: OpeningArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DryRun {
    Server,
}

pub(crate) fn cmd_apply(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::for_opening(ui, globals, &args.opening)?;
    if !args.files.iter().any(|file| file.is_dir()) {
        services.contact_servers_of_named_files();
    }
    let reader = ManifestReader {
        ui,
        services: &services,
        opening: &args.opening,
        allow_plaintext: args.allow_plaintext,
    };
    let mut files = Vec::new();
    for file in &args.files {
        if file.as_os_str() == "-" {
            files.push(None);
            continue;
        }
        files.extend(manifests(file)?.into_iter().map(Some));
    }
    let mut objects = Vec::new();
    let mut errors = Vec::new();
    for file in &files {
        match reader.read(file.as_deref()) {
            Ok(read) => objects.extend(read),
            Err(error) => errors.push(error),
        }
    }
    if let Some(first) = errors.first() {
        if files.len() == 1 {
            return Err(errors.swap_remove(0));
        }
        let (code, failed) = (first.code(), errors.len());
        ui.errors(errors);
        let message = format!(
            "nothing was applied: {failed} of {} files cannot be applied",
            files.len()
        );
        return Err(CommandError::new(code, message));
    }
    if objects.is_empty() {
        return Err(
            CommandError::new(Code::Generic, "the files contain no objects").hint(
                "in a directory, only YAML and JSON files that `.gitignore` does not exclude are applied",
            ),
        );
    }
    objects.sort_by_key(|object| match object.kind() {
        "Namespace" => 0,
        "CustomResourceDefinition" => 1,
        _ => 2,
    });
    cluster::run(args.apply(ui, &objects))
}

/// The files that the arguments name.
fn manifests(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for item in batch::items([path].into_iter(), batch::Leftovers::Keep)? {
        let name = item.path.file_name().unwrap_or_default().to_string_lossy();
        if matches!(
            &*name,
            "kustomization.yaml" | "kustomization.yml" | "Kustomization"
        ) {
            let message = format!(
                "{} is for kustomize, not a Kubernetes object",
                name_of(&item.path)
            );
            return Err(CommandError::new(Code::Generic, message).hint(build_hint(&item.path)));
        }
        let is_manifest = [".yaml", ".yml", ".json"]
            .iter()
            .any(|end| name.ends_with(end));
        // Files such as `.sops.yaml` are for other programs.
        if !item.is_found || is_manifest && !name.starts_with('.') {
            files.push(item.path);
        }
    }
    Ok(files)
}

/// The command that builds a kustomization and applies the result. If the build runs plugins, they
/// may decrypt files.
fn build_hint(kustomization: &Path) -> String {
    let bytes = read_repository_file(kustomization).unwrap_or_default();
    let document = parse_document(&bytes, Format::Yaml);
    let has_plugins = document.is_ok_and(|document| {
        let plugins = ["generators", "transformers"];
        document
            .trees()
            .any(|tree| plugins.iter().any(|key| tree.get(key).is_some()))
    });
    let directory = kustomization.parent().unwrap_or(kustomization);
    let directory = match directory.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => shell_path(&directory.to_string_lossy()),
    };
    match has_plugins {
        true => format!(
            "build it: `kustomize build --enable-alpha-plugins --enable-exec {directory} | sops-rs apply --allow-plaintext -f -`"
        ),
        false => {
            format!("build it: `kustomize build {directory} | sops-rs apply --ignore-mac -f -`")
        }
    }
}

impl Args {
    async fn apply(&self, ui: &Ui, objects: &[ClusterObject]) -> Result<(), CommandError> {
        let cluster = Cluster::of(&self.cluster, Security::AsConfigured).await?;
        cluster.warn_if_insecure(ui);
        let mut run = Application {
            ui,
            args: self,
            kinds: Kinds::of(&cluster),
            cluster: &cluster,
            options: ServerSideApply {
                dry_run: self.dry_run.is_some(),
                force: self.force_conflicts,
            },
            new_namespaces: Vec::new(),
        };
        for object in objects {
            if run.kinds.find(object).await?.is_none() && !is_defined(object, objects) {
                let message = format!(
                    "{} {}: the cluster has no kind `{}` in `{}`",
                    object.kind(),
                    object.name(),
                    object.kind(),
                    object.api_version()
                );
                return Err(CommandError::new(Code::Generic, message)
                    .hint("apply its CRD first, or in the same run"));
            }
        }
        let mut failed = 0;
        for (index, object) in objects.iter().enumerate() {
            let Err(ApiFailure { error, is_final }) = run.apply(object).await else {
                continue;
            };
            failed += 1;
            if is_final && objects.len() > 1 {
                let (all, left) = (objects.len(), objects.len() - index + failed - 1);
                ui.error(&error);
                let message = format!("stopped: {left} of {all} objects were not applied");
                return Err(CommandError::new(error.code(), message).hint(
                    "run the command again; it does not change objects that are already applied",
                ));
            }
            ui.error(&error);
        }
        match failed {
            0 => Ok(()),
            _ => {
                let message = format!("{failed} of {} objects could not be applied", objects.len());
                Err(CommandError::new(Code::Generic, message))
            }
        }
    }
}

/// Whether a CRD among the objects defines the kind of the object.
fn is_defined(object: &ClusterObject, objects: &[ClusterObject]) -> bool {
    let group = object
        .api_version()
        .split_once('/')
        .map_or("", |(group, _)| group);
    objects.iter().any(|definition| {
        let spec = &definition.json["spec"];
        definition.kind() == "CustomResourceDefinition"
            && spec["group"].as_str() == Some(group)
            && spec["names"]["kind"].as_str() == Some(object.kind())
    })
}

/// Applies objects to a cluster.
struct Application<'a> {
    ui: &'a Ui,
    args: &'a Args,
    cluster: &'a Cluster,
    kinds: Kinds<'a>,
    options: ServerSideApply,
    /// The namespaces that the objects would create, which do not exist in a dry run.
    new_namespaces: Vec<String>,
}

impl Application<'_> {
    async fn apply(&mut self, object: &ClusterObject) -> Result<(), ApiFailure> {
        let kind = match self.options.dry_run {
            true => self.kinds.find(object).await?,
            false => self.kinds.wait(object).await?,
        };
        let Some(kind) = kind else {
            return match self.options.dry_run {
                true => self.say(format_args!(
                    "{} {}: not checked, because its CRD does not exist yet (server dry run)",
                    object.kind(),
                    object.name()
                )),
                false => {
                    let message = format!(
                        "{} {}: its CRD is not established",
                        object.kind(),
                        object.name()
                    );
                    let error = CommandError::new(Code::Generic, message);
                    Err(error
                        .hint("`kubectl describe crds` shows why; then run the command again")
                        .into())
                }
            };
        };
        let target = self.target(object, kind)?;
        if let Some(namespace) = &target.namespace
            && self.new_namespaces.contains(namespace)
        {
            return self.say(format_args!(
                "{target} not checked, because its namespace does not exist yet (server dry run)"
            ));
        }
        let outcome = self.cluster.apply(self.options, &target, object).await?;
        if self.options.dry_run && object.kind() == "Namespace" && outcome == ApplyOutcome::Created
        {
            self.new_namespaces.push(object.name().to_owned());
        }
        self.say(Applied {
            target: &target,
            outcome,
            dry_run: self.options.dry_run,
        })
    }

    /// The namespace and path of the object in the cluster.
    fn target(
        &self,
        object: &ClusterObject,
        kind: ResourceKind,
    ) -> Result<ResourcePath, CommandError> {
        let wanted = self.args.namespace.as_deref();
        let namespace = match (object.namespace(), wanted) {
            _ if !kind.is_namespaced => None,
            (Some(own), Some(wanted)) if own != wanted => {
                let message = format!(
                    "{} {}: its namespace is `{own}`, but `--namespace` names another",
                    object.kind(),
                    object.name()
                );
                return Err(CommandError::new(Code::ConflictingParameters, message));
            }
            (own, wanted) => Some(
                own.or(wanted)
                    .unwrap_or(self.cluster.namespace())
                    .to_owned(),
            ),
        };
        Ok(ResourcePath {
            resource: kind.resource,
            namespace,
            name: object.name().to_owned(),
        })
    }

    fn say(&self, line: impl std::fmt::Display) -> Result<(), ApiFailure> {
        // Without output, the user could not see what else is applied.
        self.ui.print(line).map_err(ApiFailure::last)
    }
}
