//! Checks commits: every version of a file that they introduce, because anyone who fetches the
//! history can read it.
//!
//! All versions are judged by the configuration, settings and baseline of the last commit, so that
//! a later commit can allow what an earlier one contains. The commit of a version and later ones
//! may narrow, but not remove, the creation rule that covered the file before. A difference from
//! the creation rule is reported only for the last version of a file, because the rule changes over
//! time.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

use sops_lint::{Finding, shell_word};

use super::decrypted::{Deleted, Neighbours};
use super::earlier_rules::EarlierStates;
use super::earlier_versions::EarlierVersions;
use super::kept_data_key::KeptDataKeys;
use super::push_list::{is_none, updates};
use super::pushed_mac::PushedMac;
use super::refusal::HookRefusal;
use super::remote::PushRemote;
use super::standards::{Standards, leaks};
use super::untracked;
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::git::{GitRepository, Objects, Pushed, TrackedFile, TrackingBranches, Version};
use crate::lint::judge::Judge;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

/// With this many versions or more, the check takes long enough to show progress.
const MANY: usize = 2000;

/// How to get the commits that a shallow clone lacks.
const FETCH: &str = "fetch them with `git fetch --unshallow`; in GitHub Actions set `fetch-depth: 0`, in GitLab CI `GIT_DEPTH: 0`";

/// A range of commits.
pub(super) struct Range {
    from: Option<String>,
    to: String,
    remote: Option<String>,
}

impl Range {
    pub(super) fn given(from: &str, to: &str) -> Self {
        Self {
            from: Some(from.to_owned()),
            to: to.to_owned(),
            remote: None,
        }
    }

    /// The range that the pre-commit framework passes; `None` if it passes only files.
    pub(super) fn of_framework() -> Option<Self> {
        let variable = |name: &str| {
            let value = env::var(format!("PRE_COMMIT_{name}")).ok();
            value.filter(|value| !value.is_empty())
        };
        env::var_os("PRE_COMMIT")?;
        let remote = variable("REMOTE_NAME");
        let from = variable("FROM_REF");
        // For the first push of a root commit, the framework passes only the name of the branch.
        let branch = remote.as_ref().and_then(|_| variable("LOCAL_BRANCH"));
        let to = from.as_ref().and_then(|_| variable("TO_REF")).or(branch)?;
        Some(Self { from, to, remote })
    }
}

pub(super) fn check_push(
    ui: &Ui,
    globals: &GlobalArgs,
    remote: &str,
    address: &str,
) -> Result<ExitCode, CommandError> {
    let list = io::read_to_string(io::stdin().lock())
        .map_err(|error| CommandError::input("standard input", &error))?;
    let mut updates = updates(&list)?;
    // A push to `.` stays within this repository.
    if updates.is_empty() || remote == "." {
        return Ok(ExitCode::SUCCESS);
    }
    let check = PushCheck::new(ui, globals)?;
    let branches = updates.iter().map(|update| {
        let id = Some(&*update.remote_id).filter(|id| !is_none(id));
        (&*update.remote_name, id)
    });
    let branches: Vec<_> = branches.collect();
    let PushRemote {
        mut known,
        tracking,
    } = PushRemote::find(ui, &check.objects, remote, address, &branches);
    // Most tags point to commits of a branch.
    updates.sort_by_key(|update| !update.local_name.starts_with("refs/heads/"));
    let mut report = PushReport::default();
    for update in &updates {
        let pushed = Pushed {
            tip: &update.local_id,
            name: &update.local_name,
            known: &known,
            tracking: &tracking,
            replaces: Some(&*update.remote_id).filter(|id| !is_none(id)),
        };
        report.add(&check, &pushed)?;
        known.push(update.local_id.clone());
    }
    report.finish(
        ui,
        "The push is refused.",
        "Then push again. If others already have these commits, `git push --no-verify` pushes them unchecked.",
    )
}

pub(super) fn check_range(
    ui: &Ui,
    globals: &GlobalArgs,
    range: &Range,
) -> Result<ExitCode, CommandError> {
    let check = PushCheck::new(ui, globals)?;
    let from = range.from.as_deref().filter(|from| !is_none(from));
    let known = from.map(|from| commit(&check.objects, from)).transpose()?;
    let tip = commit(&check.objects, &range.to)?;
    let pushed = Pushed {
        tip: &tip,
        name: &range.to,
        known: &Vec::from_iter(known),
        tracking: &range
            .remote
            .as_deref()
            .map(TrackingBranches::of)
            .unwrap_or_default(),
        // The branch of a pull request may lack commits of its base.
        replaces: from.filter(|_| range.remote.is_some()),
    };
    // A push cannot send objects that the clone lacks, but a range of commits may contain them.
    let cut_off = match range.remote {
        Some(_) => None,
        None => pushed.cut_off()?,
    };
    if let Some(commit) = cut_off {
        let message = format!(
            "this shallow clone lacks the commits before {commit}, so they cannot be checked"
        );
        return Err(CommandError::new(Code::CannotReadInput, message).hint(FETCH));
    }
    let mut report = PushReport::default();
    report.add(&check, &pushed)?;
    let if_leaked = "If others may have read these secrets, rotate them.";
    report.finish(ui, "The check of these commits failed.", if_leaked)
}

/// What to do about a pushed ref to a file or tree that leaks a secret.
fn advice_for(name: &str) -> String {
    let name = name_of(Path::new(name));
    match name.strip_prefix("refs/tags/") {
        Some(tag) => format!("Delete the tag with `git tag -d {}`.", shell_word(tag)),
        None => format!("Do not push `{name}`."),
    }
}

fn commit(objects: &Objects, name: &str) -> Result<String, CommandError> {
    objects.commit(name).ok_or_else(|| {
        let name = name_of(Path::new(name));
        CommandError::new(
            Code::CannotReadInput,
            format!("`{name}` is not a commit of this repository"),
        )
        .hint(format!(
            "check the name; a shallow clone lacks older commits: {FETCH}"
        ))
    })
}

/// The context of a check of commits.
struct PushCheck<'c> {
    ui: &'c Ui,
    globals: &'c GlobalArgs,
    repository: GitRepository,
    objects: Objects,
}

impl<'c> PushCheck<'c> {
    fn new(ui: &'c Ui, globals: &'c GlobalArgs) -> Result<Self, CommandError> {
        Ok(Self {
            ui,
            globals,
            repository: GitRepository::found(GitRepository::look_up()?)?,
            objects: Objects::open()?,
        })
    }
}

/// The findings in commits. A finding in several versions of a file is reported once, in the
/// oldest.
#[derive(Default)]
struct PushReport {
    refusal: HookRefusal,
    /// For each fingerprint, the index of the finding, and the number of later versions with it.
    seen: HashMap<String, (usize, usize)>,
    /// The oldest commit that leaks something.
    oldest: Option<String>,
    /// Names of pushed refs to files and trees that leak something.
    refs: Vec<String>,
}

impl PushReport {
    /// Checks commits and adds the findings.
    fn add(&mut self, check: &PushCheck<'_>, pushed: &Pushed<'_>) -> Result<(), CommandError> {
        let PushCheck {
            ui,
            globals,
            repository,
            objects,
        } = check;
        let Some((changes, tip)) = pushed.changes(&repository.root, objects)? else {
            return Ok(());
        };
        let versions = &changes.versions;
        if versions.len() > MANY {
            let count = versions.len();
            ui.note(format_args!("Checking {count} versions of files"));
        }
        let standards = Standards::of(&tip, globals)?;
        let last = standards.judge(&repository.called_in);
        let old = Judge {
            linter: &standards.linter_of_history()?,
            ..last
        };
        let secrets = Judge {
            linter: &standards.linter_of_secrets()?,
            ..last
        };
        let earlier = match globals.config_of_flag() {
            None => EarlierStates::of(&repository.root, objects, &changes, pushed.tip)?,
            Some(_) => EarlierStates::default(),
        };
        let earlier = earlier.configs();
        let deleted = match versions.iter().any(|version| version.before.is_empty()) {
            true => Deleted::read(&tip, &changes.deleted),
            false => Deleted::default(),
        };
        let earlier_versions = EarlierVersions {
            changes: &changes,
            deleted,
            neighbours: Neighbours::default(),
        };
        let macs = PushedMac::new(objects, versions);
        let outcomes = parallel::map(versions, ItemsPerThread::Many, |version| {
            let is_last = tip.has(&version.file);
            let judge = if is_last { last } else { old };
            let Some(bytes) = judge.content(&version.file)? else {
                return Ok((is_last, Vec::new(), None, Vec::new()));
            };
            let mut shown = judge.shown(&version.file.path, &bytes);
            if shown.is_empty() {
                shown = earlier_versions.shown(&judge, version, &bytes);
            }
            if let (true, Some(before)) = (shown.is_empty(), earlier.before(&version.commit)) {
                shown = secrets.shown_by_removed_rule(&version.file, before)?;
            }
            if shown.is_empty() {
                shown = secrets.shown_by_unused_rule(&version.file)?;
            }
            // A finding may be what breaks the MAC, and a later version may be fixed.
            let is_checked = is_last && shown.is_empty();
            let name = judge.name(&version.file.path);
            let broken_mac = is_checked.then(|| macs.error(version, &name, &bytes));
            let removed = is_last.then(|| macs.removed(version, &bytes));
            let removed = removed.unwrap_or_default();
            Ok((is_last, shown, broken_mac.flatten(), removed))
        });
        let mut outcomes = outcomes
            .into_iter()
            .collect::<Result<Vec<_>, CommandError>>()?;
        if repository.has_working_tree && globals.config_of_flag().is_none() {
            let is_settled = |path: &Path| {
                let is_tracked = || objects.find(&format!(":{}", path.display())).is_some();
                secrets.snapshot.contains(path) || is_tracked()
            };
            let clean = versions.iter().zip(&mut outcomes);
            let mut clean: HashMap<&TrackedFile, &mut Vec<Finding>> = clean
                .filter(|(_, (_, findings, ..))| findings.is_empty())
                .map(|(version, (_, findings, ..))| (&version.file, findings))
                .collect();
            let mut files: Vec<&TrackedFile> = clean.keys().copied().collect();
            files.sort_unstable();
            for (file, shown) in untracked::shown(ui, &secrets, is_settled, &files)? {
                if let Some(findings) = clean.get_mut(file) {
                    findings.extend(shown);
                }
            }
        }
        let mut kept = KeptDataKeys::default();
        for (version, (is_last, findings, broken_mac, removed)) in versions.iter().zip(outcomes) {
            self.refusal.errors.extend(broken_mac);
            kept.add(last.name(&version.file.path), removed);
            for finding in findings {
                self.add_finding(version, pushed.name, is_last, finding);
            }
        }
        kept.warn(ui);
        self.refusal.errors.extend(standards.wrong());
        self.refusal.called_in.clone_from(&repository.called_in);
        Ok(())
    }

    fn add_finding(&mut self, version: &Version, name: &str, is_last: bool, mut shown: Finding) {
        if let Some((_, later)) = self.seen.get_mut(&shown.fingerprint) {
            *later += 1;
            return;
        }
        let finding = &mut shown;
        if leaks(finding.rule) {
            match version.is_in_history {
                true => {
                    self.oldest.get_or_insert_with(|| version.commit.clone());
                }
                false if self.refs.iter().any(|known| known == name) => {}
                false => self.refs.push(name.to_owned()),
            }
        }
        if !is_last {
            // A command for the version in the working tree would not help.
            finding.help = None;
        }
        // The form that `git show` takes.
        finding.file = format!("{}:{}", version.commit, name_of(Path::new(&finding.place)));
        let index = self.refusal.findings.len();
        self.seen.insert(finding.fingerprint.clone(), (index, 0));
        self.refusal.findings.push(shown);
    }

    fn finish(mut self, ui: &Ui, verdict: &str, if_leaked: &str) -> Result<ExitCode, CommandError> {
        for (index, later) in self.seen.into_values().filter(|(_, later)| *later > 0) {
            let finding = &mut self.refusal.findings[index];
            let versions = if later == 1 { "version" } else { "versions" };
            let more = format!("also in {later} later {versions} of the file");
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help}\n{more}"),
                None => more,
            });
        }
        let mut todo = vec![verdict.to_owned()];
        if let Some(commit) = &self.oldest {
            todo.push(format!(
                "Git's history keeps everything that was committed, so rewrite {commit} and the commits after it with `git commit --amend` or `git rebase -i`."
            ));
        }
        todo.extend(self.refs.iter().map(|name| advice_for(name)));
        todo.push(match todo.len() {
            1 => "Fix the files as shown, then commit them.".to_owned(),
            _ => if_leaked.to_owned(),
        });
        self.refusal.report(ui, &todo.join(" "))
    }
}
