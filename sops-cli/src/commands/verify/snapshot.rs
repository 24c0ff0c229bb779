//! Verifies the files of Git's index or of a commit.

use std::path::{Path, PathBuf};

use sops_lint::{Finding, Input, Tree as _};
use sops_printable::escaped;

use super::args::Args;
use super::by_history::History;
use super::standards::Standards;
use super::summary::Verified;
use super::verifier::Verifier;
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::nearest::CONFIG_FILE;
use crate::git::{GitRepository, Objects, Snapshot, TrackedFile, git};
use crate::keys::unprompted::Unprompted;
use crate::lint::judge::relative;
use crate::lint::settings::FILE;
use crate::lint::walk::Inspector as _;
use crate::parallel::{self, ItemsPerThread};

/// How many files are in memory at once.
const TOGETHER: usize = 128;

/// Verifies the files of a commit or, without a commit, of the index.
pub(super) fn verify(
    globals: &GlobalArgs,
    args: &Args,
    rev: Option<&str>,
    keys: Unprompted,
) -> Result<Verified, CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let objects = Objects::open()?;
    let root = &repository.root;
    let (snapshot, tip) = match rev {
        Some(rev) => {
            let id = objects.commit(rev).ok_or_else(|| no_commit(rev))?;
            (Snapshot::of_commit(root, &objects, &id)?, Some(id))
        }
        None => {
            repository.require_working_tree()?;
            let list = git(&Snapshot::LIST_INDEX)?;
            let mut index = Snapshot::of_index(root, &objects, list);
            index.leave_out_intended(&[CONFIG_FILE, FILE])?;
            (index, objects.commit("HEAD"))
        }
    };
    // SOPS_CONFIG is for other commands: it must not replace the rules of the snapshot.
    let named = globals.config_of_flag();
    let standards = Standards::of(root, |path| snapshot.read_file(path), named)?;
    let verifier = Verifier::new(&standards.linter, keys);
    let walk = SnapshotWalk {
        repository: &repository,
        snapshot: &snapshot,
        standards: &standards,
        verifier: &verifier,
    };
    let mut findings = walk.run(&args.paths)?;
    findings.retain(|finding| !standards.baseline.contains(finding));
    let (mut summary, closed) = verifier.finish();
    let history = History {
        root,
        tree: &snapshot,
        tip,
        objects: Some(&objects),
        linter: &standards.linter,
        requires_key: args.require_key,
    };
    findings.extend(history.compare(&closed, &mut summary));
    let wrong = standards.configs.wrong().into_iter();
    let errors = wrong.map(|wrong| wrong.error).collect();
    Ok(Verified::new(findings, summary, errors))
}

struct SnapshotWalk<'w> {
    repository: &'w GitRepository,
    snapshot: &'w Snapshot<'w>,
    standards: &'w Standards<'w>,
    verifier: &'w Verifier<'w>,
}

impl SnapshotWalk<'_> {
    fn run(&self, paths: &[PathBuf]) -> Result<Vec<Finding>, CommandError> {
        let mut files: Vec<TrackedFile> = Vec::new();
        for path in paths {
            let inside = self.repository.inside(path)?;
            let tracked = self.snapshot.files_at(&inside);
            // An empty repository is not an error.
            if tracked.is_empty() && !inside.as_os_str().is_empty() {
                return Err(self.missing(path));
            }
            files.extend(tracked);
        }
        files.sort_unstable();
        files.dedup();
        let is_excluded = |path: &Path| self.standards.linter.is_excluded(path);
        files.retain(|file| !file.path.ancestors().any(is_excluded));
        let mut findings = Vec::new();
        for files in files.chunks(TOGETHER) {
            let contents = self.snapshot.contents(&files.iter().collect::<Vec<_>>());
            let files: Vec<_> = files.iter().zip(contents).collect();
            let checked = parallel::map(&files, ItemsPerThread::Many, |(file, content)| {
                self.check(&file.path, content.as_deref())
            });
            findings.extend(checked.into_iter().flatten());
        }
        Ok(findings)
    }

    fn check(&self, path: &Path, content: Option<&[u8]>) -> Vec<Finding> {
        let name = name_of(&relative(path, &self.repository.called_in));
        let absolute = self.snapshot.root().join(path);
        let config = self.standards.configs.of(&absolute);
        let input = Input::new(&name, &absolute, content.unwrap_or_default())
            .with_config(config.as_deref())
            .in_tree(self.snapshot);
        if content.is_none() {
            let reason = "the content of the file is missing or larger than 64 MiB";
            return self.verifier.unreadable(&input, reason);
        }
        let mut findings = self.standards.linter.lint(&input).findings;
        self.verifier.inspect(&input, &mut findings);
        findings
    }

    fn missing(&self, path: &Path) -> CommandError {
        let message = format!("{} is not in {}", name_of(path), self.snapshot.name());
        CommandError::new(Code::CannotReadInput, message)
    }
}

fn no_commit(rev: &str) -> CommandError {
    let message = format!("`{}` is not a commit of this repository", escaped(rev));
    CommandError::new(Code::CannotReadInput, message)
}
