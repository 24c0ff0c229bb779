//! Whether the changed files are committed and pushed, and Flux has applied them.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sops_core::keys::age::Recipient;
use sops_lint::{shell_path, shell_word};

use super::{Place, Rotation};
use crate::command_error::{Code, CommandError, name_of};
use crate::config::load;
use crate::flux::{KeyReplacement, RepositoryState, Rollout, items, read_repository};
use crate::git::{branches_with, git, is_published, unmerged_files};
use crate::lint::root;

/// How often the cluster is asked while waiting.
const INTERVAL: Duration = Duration::from_secs(5);

impl Rotation<'_> {
    /// Whether the files are committed, and Flux has applied them.
    pub(super) fn is_applied(
        &self,
        repository: &RepositoryState,
        replacement: &KeyReplacement,
        subject: &str,
    ) -> Result<bool, CommandError> {
        let Self { ui, args, .. } = self;
        let changed = repository.uncommitted()?;
        if !changed.is_empty() {
            let here = std::env::current_dir().unwrap_or_default();
            let names: Vec<_> = changed
                .iter()
                .map(|path| {
                    path.strip_prefix(&here)
                        .unwrap_or(path)
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            if !args.commit {
                let paths: Vec<_> = names.iter().map(|name| shell_path(name)).collect();
                ui.note("The files have changed. Commit and push them:");
                ui.note(format_args!(
                    "    git commit --message {} -- {}",
                    shell_word(subject),
                    paths.join(" ")
                ));
                ui.note("    git push");
                self.next("--wait");
                return Ok(false);
            }
            if let Some(unmerged) = unmerged_files()?.first() {
                let message = "this file has conflicts, so nothing was committed";
                return Err(CommandError::new(Code::Generic, message)
                    .in_file(&name_of(&unmerged.path))
                    .hint("resolve them first: `sops-rs resolve` lists the encrypted files with conflicts"));
            }
            let mut arguments = vec!["commit", "--quiet", "--message", subject, "--"];
            arguments.extend(names.iter().map(String::as_str));
            git(&arguments)?;
            let plural = if names.len() == 1 { "" } else { "s" };
            ui.note(format_args!(
                "Committed {} file{plural}: {subject}",
                names.len()
            ));
        }
        let commit = last_commit(repository)?;
        let has_remote = !git(&["remote"])?.is_empty();
        if has_remote && !is_published(&commit)? {
            ui.note(format_args!(
                "Push the commit {}: git push",
                &commit[..commit.len().min(10)]
            ));
            self.next("--wait");
            return Ok(false);
        }
        self.is_rolled_out(&commit, replacement)
    }

    /// Whether Flux has applied the commit, after waiting for it.
    fn is_rolled_out(
        &self,
        commit: &str,
        replacement: &KeyReplacement,
    ) -> Result<bool, CommandError> {
        let Self { ui, args, .. } = self;
        let end = Instant::now() + args.wait.unwrap_or_default();
        let mut last = Vec::new();
        loop {
            let rollout = self.rollout(commit)?;
            if rollout.waiting.is_empty() {
                for name in &rollout.suspended {
                    ui.note(format_args!(
                        "The Kustomization {name} is suspended: it will apply the new files when you resume it"
                    ));
                }
                if rollout.finished == 0 {
                    ui.note("No Kustomization of this repository is active in the cluster, so there is nothing to wait for");
                }
                for directory in &rollout.elsewhere {
                    ui.note(format_args!(
                        "Not checked: the Kustomizations in {directory}, which this cluster does not have"
                    ));
                }
                let is_first = self.is_before_removal(replacement)?;
                let places = [Place::Clusters];
                let needs_answer = is_first && !rollout.elsewhere.is_empty();
                return Ok(!needs_answer || self.confirm(&places)?);
            }
            if last != rollout.waiting {
                rollout
                    .waiting
                    .iter()
                    .for_each(|why| ui.note(format_args!("Not yet: {why}")));
                last.clone_from(&rollout.waiting);
            }
            if Instant::now() >= end {
                ui.note(format_args!(
                    "Flux has not applied the commit {} yet",
                    &commit[..commit.len().min(10)]
                ));
                self.step("To wait for it, run", "--wait");
                return Ok(false);
            }
            thread::sleep(INTERVAL.min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Whether the configuration still names the old recipient.
    fn is_before_removal(&self, replacement: &KeyReplacement) -> Result<bool, CommandError> {
        let config = load::config(self.ui, self.globals)?;
        let old = replacement.old.to_string();
        Ok(config.is_some_and(|config| config.text().contains(&old)))
    }

    fn rollout(&self, commit: &str) -> Result<Rollout, CommandError> {
        let here = std::env::current_dir()
            .and_then(|here| here.canonicalize())
            .map_err(|error| CommandError::input("the working directory", &error))?;
        let root = root(&here);
        let mut tree = read_repository(&root)?;
        let path = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
        let sources = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories";
        let (list, sources) = self.in_cluster(async |cluster| {
            let list = cluster.list(path).await?;
            // A user who may not list the sources gets a less complete result.
            let sources = cluster.list(sources).await.ok().flatten();
            Ok((list, sources))
        })?;
        let sources = sources
            .into_iter()
            .flat_map(|list| items(list, "GitRepository"));
        sources.for_each(|source| tree.add_source(&source));
        let live: Vec<Value> = list
            .into_iter()
            .flat_map(|list| items(list, "Kustomization"))
            .filter(|live| tree.names_source_of(live))
            .collect();
        live.iter().for_each(|live| tree.add_live(live.clone()));
        Ok(Rollout::of(&tree, &live, &root, commit))
    }

    /// Whether the upstream branch has files encrypted for the old key, which Flux may still apply.
    pub(super) fn is_used_upstream(&self, old: &Recipient) -> Result<bool, CommandError> {
        let name = git(&["rev-parse", "--abbrev-ref", "@{upstream}"]).unwrap_or_default();
        let name = String::from_utf8_lossy(&name).trim().to_owned();
        let mut branches = branches_with(&old.to_string())?.into_iter();
        let is_used = branches.any(|(branch, _)| branch == name);
        if is_used {
            self.ui.note(format_args!(
                "The branch {name} has files that need the old key: run `git pull`, then this command again"
            ));
        }
        Ok(is_used)
    }
}

/// The last commit that changed the configuration or an encrypted file.
fn last_commit(repository: &RepositoryState) -> Result<String, CommandError> {
    let paths: Vec<String> = repository
        .paths()
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    let mut arguments = vec!["log", "--max-count=1", "--format=%H", "--"];
    arguments.extend(paths.iter().map(String::as_str));
    let commit = git(&arguments)?;
    Ok(String::from_utf8_lossy(&commit).trim().to_owned())
}
