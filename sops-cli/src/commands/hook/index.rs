//! Checks files of Git's index: what is staged, and files that the user names.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sops_core::config::Config;
use sops_lint::{Finding, Tree};

use super::decrypted::{Neighbours, Previous, encrypted};
use super::kept_data_key::{self, KeptDataKeys};
use super::local_mac::LocalMac;
use super::refusal::HookRefusal;
use super::standards::{Standards, configs};
use super::untracked;
use crate::arguments::GlobalArgs;
use crate::command_error::{CommandError, name_of};
use crate::commands::git::status;
use crate::config::nearest::{CONFIG_FILE, on_disk};
use crate::git::{
    GitRepository, IndexChanges, Objects, Running, Snapshot, TrackedFile, is_published, staged,
};
use crate::input::read_repository_file;
use crate::lint::judge::Judge;
use crate::lint::settings::FILE;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

const REFUSED: &str =
    "The commit is refused. Fix the files as shown, `git add` them, and commit again.";

const NOT_CLEAN: &str = "The check failed. Fix the files as shown, then commit them.";

/// The files to check in addition to the staged ones.
#[derive(Clone, Copy)]
pub(super) enum Also<'a> {
    /// The named files, relative to the working directory.
    Files(&'a [PathBuf]),
    /// All tracked files.
    All,
}

pub(super) fn check(
    ui: &Ui,
    globals: &GlobalArgs,
    also: Also<'_>,
) -> Result<ExitCode, CommandError> {
    // These processes run at the same time, because the user is waiting.
    let repository = GitRepository::look_up()?;
    let staged = staged()?;
    let index = Running::start(&Snapshot::LIST_INDEX)?;
    let objects = Objects::open()?;
    let repository = GitRepository::found(repository)?;
    repository.require_working_tree()?;
    let staged = IndexChanges::read(&staged.output()?);
    if staged.changed.is_empty() && matches!(also, Also::Files([])) {
        return Ok(ExitCode::SUCCESS);
    }
    let changed: Vec<&Path> = staged.changed.iter().map(PathBuf::as_path).collect();
    status::warn_in_hook(ui, &repository.root, &changed);
    let mut index = Snapshot::of_index(&repository.root, &objects, index.output()?);
    index.leave_out_intended(&[CONFIG_FILE, FILE])?;
    let standards = Standards::of(&index, globals)?;
    let judge = standards.judge(&repository.called_in);
    let mut refusal = HookRefusal {
        called_in: repository.called_in.clone(),
        ..HookRefusal::default()
    };

    let mut is_about_staged = matches!(also, Also::Files(_));
    let new = new_files(&repository, &objects, &staged)?;
    let mut files = new.clone();
    match also {
        Also::All => files.extend(index.files()),
        Also::Files(named) => {
            for path in named {
                let inside = repository.inside(path)?;
                let tracked = index.files_at(&inside);
                is_about_staged &= staged.changed.contains(&inside);
                if tracked.is_empty() {
                    refusal.findings.extend(untracked(&judge, path, &inside)?);
                }
                files.extend(tracked);
            }
        }
    }
    let files: BTreeMap<&Path, &TrackedFile> =
        files.iter().map(|file| (&*file.path, file)).collect();
    let files: Vec<&TrackedFile> = files.into_values().collect();
    let local_mac = LocalMac::new();
    let is_added = |file: &&TrackedFile| !staged.replaced.contains_key(&file.path);
    let deleted = match staged.files.iter().any(|file| is_added(&file)) {
        true => encrypted(&index, &staged.deleted),
        false => Vec::new(),
    };
    let neighbours = Neighbours::default();
    let checked = parallel::map(&files, ItemsPerThread::Many, |file| {
        let replaced = staged.replaced.get(&file.path).map(|blob| TrackedFile {
            path: file.path.clone(),
            blob: blob.clone(),
        });
        let is_staged = staged.changed.contains(&file.path);
        let previous = Previous {
            versions: replaced.as_slice(),
            deleted: match is_staged && replaced.is_none() {
                true => &deleted,
                false => &[],
            },
            deleted_before: &[],
            name: "HEAD",
            neighbours: &neighbours,
        };
        check_file(&judge, &local_mac, file, &previous)
    });
    let mut kept = KeptDataKeys::default();
    for (file, checked) in files.iter().zip(checked) {
        let Checked {
            findings,
            error,
            removed,
        } = checked?;
        refusal.findings.extend(findings);
        refusal.errors.extend(error);
        kept.add(judge.name(&file.path), removed);
    }
    kept.warn(ui);

    let configured = configured(&index, &staged);
    if !configured.is_empty() && globals.config_of_flag().is_none() {
        let before = match objects.commit("HEAD") {
            Some(id) => Snapshot::of_commit(&repository.root, &objects, &id)?,
            None => Snapshot::empty(&repository.root, &objects),
        };
        let before = configs(&before);
        let secrets = standards.linter_of_secrets()?;
        let judge_of_secrets = Judge {
            linter: &secrets,
            ..judge
        };
        let below = |file: &&TrackedFile| {
            configured
                .iter()
                .any(|directory| file.path.starts_with(directory))
        };
        let new: Vec<&TrackedFile> = new.iter().filter(below).collect();
        for shown in parallel::map(&new, ItemsPerThread::Many, |file| {
            judge_of_secrets.shown_by_removed_rule(file, &before)
        }) {
            refusal.add_new(shown?);
        }
        let judge = Judge {
            linter: &standards.linter_of_configuration()?,
            ..judge
        };
        let below = configured.iter().flat_map(|path| index.files_at(path));
        let unchanged = below.filter(|file| !staged.changed.contains(&file.path));
        let unchanged: BTreeSet<TrackedFile> = unchanged.collect();
        let unchanged = Vec::from_iter(unchanged);
        for shown in parallel::map(&unchanged, ItemsPerThread::Many, |file| {
            judge.shown_by_change(file, &before)
        }) {
            refusal.findings.extend(shown?);
        }
    }
    let is_changed = |path: &Path| staged.changed.contains(path);
    let head = objects
        .commit("HEAD")
        .filter(|_| standards.settings_files().any(|file| is_changed(&file)));
    if let Some(id) = head {
        let before = Snapshot::of_commit(&repository.root, &objects, &id)?;
        // If the earlier settings were invalid, there is nothing to compare with.
        if let Ok(before) = Standards::of(&before, globals) {
            let linter = before.linter_of_history()?;
            let before = Judge {
                linter: &linter,
                ..before.judge(&repository.called_in)
            };
            let linter = standards.linter_of_history()?;
            let judge = Judge {
                linter: &linter,
                ..judge
            };
            for shown in parallel::map(&new, ItemsPerThread::Many, |file| {
                judge.shown_by_earlier_settings(file, &before)
            }) {
                refusal.add_new(shown?);
            }
        }
    }
    for shown in parallel::map(&files, ItemsPerThread::Many, |file| {
        judge.shown_by_unused_rule(file)
    }) {
        refusal.add_new(shown?);
    }
    if globals.config_of_flag().is_none() {
        let secrets = standards.linter_of_secrets()?;
        let judge = Judge {
            linter: &secrets,
            ..judge
        };
        // For users, a rule that is not staged covers the file too.
        let is_staged = |inside: &Path| {
            let file = judge.snapshot.root().join(inside);
            let staged = judge.snapshot.read_file(&file).ok().flatten();
            staged.is_some() && staged == on_disk(&file).ok().flatten()
        };
        let untracked = untracked::shown(ui, &judge, is_staged, &files)?;
        let untracked = untracked.into_iter().flat_map(|(_, shown)| shown);
        refusal.add_with_rule(untracked.collect());
    }
    // An invalid configuration covers no file, so everything would pass.
    for directory in &configured {
        let file = directory.join(CONFIG_FILE);
        if !judge.linter.is_excluded(&file) {
            let config = standards.configs.of(&index.root().join(&file));
            warn_of_rules(ui, config.as_deref(), &judge.name(&file));
        }
    }
    for path in staged.changed.iter().filter(|path| is_misnamed(path)) {
        if index.contains(path) {
            warn_of_misnamed(ui, &judge.name(path));
        }
    }
    refusal.errors.extend(standards.wrong());
    refusal.report(ui, if is_about_staged { REFUSED } else { NOT_CLEAN })
}

/// Warns about creation rules that are never used, and about others that are probably mistakes.
pub(super) fn warn_of_rules(ui: &Ui, config: Option<&Config>, name: &str) {
    for warning in config.map(Config::warnings).unwrap_or_default() {
        let line = warning.location.map_or(1, |location| location.line);
        ui.warn(format_args!("{name}:{line}: {}", warning.message));
    }
}

/// Whether the path is that of a configuration with a name that SOPS does not read.
pub(super) fn is_misnamed(path: &Path) -> bool {
    path.ends_with(".sops.yml")
}

pub(super) fn warn_of_misnamed(ui: &Ui, name: &str) {
    ui.warn(format_args!(
        "{name} is not read, because the configuration must be called `{CONFIG_FILE}`: rename it"
    ));
}

/// The result for one file.
#[derive(Default)]
struct Checked {
    findings: Vec<Finding>,
    error: Option<CommandError>,
    /// The recipients that can still decrypt it.
    removed: Vec<String>,
}

fn check_file(
    judge: &Judge<'_>,
    local_mac: &LocalMac,
    file: &TrackedFile,
    previous: &Previous<'_>,
) -> Result<Checked, CommandError> {
    let mut checked = Checked::default();
    if let Some(bytes) = judge.content(file)? {
        checked.findings = judge.shown(&file.path, &bytes);
        if checked.findings.is_empty() {
            checked.findings = previous.shown(judge, &file.path, &bytes);
        }
        // A finding, such as an added plaintext value, may be what breaks the MAC.
        if checked.findings.is_empty() {
            let name = judge.name(&file.path);
            checked.error = local_mac.error(&name, &file.path, &bytes);
        }
        for before in previous.versions {
            let before = judge.snapshot.content(before)?;
            let removed = kept_data_key::removed(&file.path, &before, &bytes);
            checked.removed.extend(removed);
        }
    }
    Ok(checked)
}

/// The staged files, except for those that a merge takes unchanged from a commit that is on a
/// remote.
fn new_files(
    repository: &GitRepository,
    objects: &Objects,
    staged: &IndexChanges,
) -> Result<Vec<TrackedFile>, CommandError> {
    let mut files = staged.files.clone();
    for commit in merged(objects) {
        if is_published(&commit)? {
            let theirs = Snapshot::of_commit(&repository.root, objects, &commit)?;
            files.retain(|file| !theirs.has(file));
        }
    }
    Ok(files)
}

/// The IDs of the commits that are being merged. Before `git merge` commits, only the environment
/// of the hook has them.
fn merged(objects: &Objects) -> Vec<String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut ids: Vec<String> = names
        .filter_map(|name| objects.commit(name.strip_prefix("GITHEAD_")?))
        .collect();
    ids.extend(objects.commit("MERGE_HEAD"));
    ids
}

/// The directories whose configuration is added, changed or deleted.
fn configured(index: &Snapshot<'_>, staged: &IndexChanges) -> Vec<PathBuf> {
    let changed = staged.changed.iter();
    let changed = changed.filter(|path| path.ends_with(CONFIG_FILE));
    let mut directories: Vec<PathBuf> = changed
        .filter_map(|path| path.parent().map(Path::to_owned))
        .collect();
    directories.extend(index.linked_by(CONFIG_FILE, &staged.changed));
    directories
}

/// The findings in a named file that Git does not track.
fn untracked(judge: &Judge<'_>, path: &Path, inside: &Path) -> Result<Vec<Finding>, CommandError> {
    if !path.is_file() || judge.linter.is_excluded(inside) {
        return Ok(Vec::new());
    }
    let bytes =
        read_repository_file(path).map_err(|error| CommandError::input(name_of(path), &error))?;
    Ok(judge.shown(inside, &bytes))
}
