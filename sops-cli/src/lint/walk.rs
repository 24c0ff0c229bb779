//! Walks the working tree and lints its files on all cores, without keeping their contents.

use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{fs, io};

use ignore::WalkState;
use indicatif::{ProgressBar, ProgressStyle};
use sops_core::reading::{self, FileKind};
use sops_lint::{Finding, Input, Linter, Repository, Tree};

use super::tally::Tally;
use crate::command_error::{CommandError, name_of};
use crate::config::nearest::NearestConfigs;
use crate::git::{Tracked, remote_urls};
use crate::input::{read_manifest, read_repository_file};
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;
use crate::walking::Walking;

/// The working tree of a repository.
pub(crate) struct WorkingTree {
    pub(crate) root: PathBuf,
    tracked: OnceLock<Tracked>,
}

impl WorkingTree {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            tracked: OnceLock::new(),
        }
    }

    /// Whether Git tracks the file at that absolute path.
    fn tracks(&self, path: &Path) -> bool {
        let root = self.root.canonicalize();
        let tracked = self.tracked.get_or_init(|| {
            let tracked = root.map(|root| Tracked::below(&root));
            tracked.ok().and_then(Result::ok).unwrap_or_default()
        });
        tracked.contains(path)
    }
}

impl Tree for WorkingTree {
    /// Reads a file of the repository. A file that Git ignores does not belong to the repository.
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let clean = path.canonicalize().ok()?;
        let mut walk = Walking::new(clean.parent()?).ok()?.builder;
        let mut entries = walk.max_depth(Some(1)).build().flatten();
        let is_walked = entries.any(|entry| entry.path() == clean);
        if !is_walked && !self.tracks(&clean) {
            return None;
        }
        read_repository_file(&clean).ok()
    }

    fn root(&self) -> &Path {
        &self.root
    }
}

/// The results of a run so far.
#[derive(Default)]
pub(crate) struct WalkResult {
    pub(crate) shown: Vec<Finding>,
    pub(crate) tally: Tally,
    /// Why Git cannot list the tracked files.
    unlisted: Option<CommandError>,
    /// Whether the whole repository was checked.
    pub(crate) is_whole: bool,
    /// Whether the working tree lacks files of the repository.
    is_sparse: bool,
    repository: Repository,
}

impl WalkResult {
    /// Warns if tracked files were missed.
    pub(crate) fn warn_of_unlisted(&mut self, ui: &Ui) {
        if let Some(error) = self.unlisted.take() {
            let reason = error.lines(0).join(" ");
            ui.warn(format_args!("tracked files that a `.gitignore` matches are not checked, because Git cannot list the tracked files: {reason}"));
        }
    }

    pub(crate) fn is_without_files(&self) -> bool {
        let Tally {
            read,
            templates,
            others,
            ..
        } = self.tally;
        read + templates + others == 0 && self.shown.is_empty()
    }
}

/// Inspects each file after the rules, with information that the rules don't have.
pub(crate) trait Inspector: Sync {
    /// Adds to the findings of the rules.
    fn inspect(&self, input: &Input<'_>, findings: &mut Vec<Finding>);

    /// The findings about a file that cannot be read, for that reason.
    fn unreadable(&self, input: &Input<'_>, reason: &str) -> Vec<Finding>;
}

/// Checks files and directories.
pub(crate) struct Walk<'w> {
    pub(crate) linter: &'w Linter,
    pub(crate) configs: &'w NearestConfigs<'w>,
    pub(crate) tree: &'w WorkingTree,
    pub(crate) working_dir: &'w Path,
    pub(crate) inspector: Option<&'w dyn Inspector>,
    pub(crate) ui: &'w Ui,
}

impl Walk<'_> {
    /// Checks everything in the paths; `-` is standard input. An unreadable file is a finding, but
    /// a missing path that was named is an error.
    pub(crate) fn run(&self, paths: &[PathBuf]) -> Result<WalkResult, CommandError> {
        let progress = FilesChecked::shown(self.ui);
        let result = Mutex::new(WalkResult::default());
        let mut whole = false;
        // `verify` checks files of a repository; `lint` also reads pipes that the user names.
        let named = match self.inspector {
            Some(_) => FileKind::Regular,
            None => FileKind::Any,
        };
        for path in paths {
            if path.as_os_str() == "-" {
                let bytes = read_manifest(io::stdin().lock())
                    .map_err(|error| CommandError::input("standard input", &error))?;
                self.lint("<stdin>", Path::new("stdin.yaml"), &bytes, &result);
                continue;
            }
            let metadata =
                fs::metadata(path).map_err(|error| CommandError::input(name_of(path), &error))?;
            if metadata.is_dir() {
                whole |= self.working_dir.join(path).canonicalize().ok()
                    == self.tree.root.canonicalize().ok();
                self.directory(path, &progress, &result)?;
            } else {
                self.file(path, named, &result);
            }
        }
        let mut result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.is_whole = whole && !result.is_sparse;
        let mut repository = std::mem::take(&mut result.repository);
        // Rules about missing files can be judged only after the last file.
        if whole {
            repository.set_remotes(remote_urls(&self.tree.root));
            let mut findings = repository.finish(self.linter);
            // A creation rule may be for a file that is missing from the working tree.
            findings.retain(|finding| !result.is_sparse || finding.rule.code != "SL016");
            result.shown.append(&mut findings);
        }
        sort(&mut result.shown);
        result.shown.dedup_by(|left, right| {
            left.fingerprint == right.fingerprint && left.location == right.location
        });
        Ok(result)
    }

    fn directory(
        &self,
        directory: &Path,
        progress: &FilesChecked,
        result: &Mutex<WalkResult>,
    ) -> Result<(), CommandError> {
        let walking = Walking::new(directory)?;
        let tracked = Tracked::below(directory).unwrap_or_else(|error| {
            let result = result.lock();
            let mut result = result.unwrap_or_else(PoisonError::into_inner);
            result.unlisted.get_or_insert(error);
            Tracked::default()
        });
        if tracked.is_sparse {
            let result = result.lock();
            result.unwrap_or_else(PoisonError::into_inner).is_sparse = true;
        }
        let later = Mutex::new(Vec::new());
        walking.builder.build_parallel().run(|| {
            Box::new(|entry| {
                match entry {
                    Ok(entry) if self.is_excluded(entry.path()) => return WalkState::Skip,
                    Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                        tracked.saw(entry.path());
                        match self.inspector {
                            // The inspector may wait for servers, and a walk has only a thread for
                            // each core.
                            Some(_) => {
                                let later = later.lock();
                                later
                                    .unwrap_or_else(PoisonError::into_inner)
                                    .push(entry.into_path());
                            }
                            None => {
                                self.file(entry.path(), FileKind::Regular, result);
                                progress.0.inc(1);
                            }
                        }
                    }
                    Ok(_) => {}
                    Err(error) => self.unreadable(directory, &error.to_string(), result),
                }
                WalkState::Continue
            })
        });
        walking.finish()?;
        let is_walked = |path: &PathBuf| {
            let mut above = path
                .ancestors()
                .take_while(|path| path.starts_with(directory));
            !above.any(|path| self.is_excluded(path))
        };
        let mut later = later.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Tracked files that Git ignores.
        later.extend(tracked.unseen().into_iter().filter(is_walked));
        parallel::map(&later, ItemsPerThread::One, |path| {
            self.file(path, FileKind::Regular, result);
            progress.0.inc(1);
        });
        Ok(())
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let path = absolute(self.working_dir, path);
        let inside = path.strip_prefix(&self.tree.root);
        inside.is_ok_and(|inside| self.linter.is_excluded(inside))
    }

    fn file(&self, path: &Path, kind: FileKind, result: &Mutex<WalkResult>) {
        match reading::open(path, kind).and_then(read_manifest) {
            Ok(bytes) => self.lint(&shown(path), path, &bytes, result),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => self.unreadable(
                path,
                "the file is larger than 64 MiB and was not checked",
                result,
            ),
            // The file was deleted in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let reason = match error.kind() {
                    io::ErrorKind::InvalidInput => "it is not a regular file".to_owned(),
                    kind => kind.to_string(),
                };
                let message = format!("the file cannot be read: {reason}");
                self.unreadable(path, &message, result);
            }
        }
    }

    fn unreadable(&self, path: &Path, message: &str, result: &Mutex<WalkResult>) {
        let name = shown(path);
        let absolute = absolute(self.working_dir, path);
        let input = Input::new(&name, &absolute, &[]).in_tree(self.tree);
        let findings = match self.inspector {
            Some(inspector) => inspector.unreadable(&input, message),
            None => self.linter.unreadable(&input, message),
        };
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        result.shown.extend(findings);
    }

    fn lint(&self, name: &str, path: &Path, bytes: &[u8], result: &Mutex<WalkResult>) {
        let path = absolute(self.working_dir, path);
        let config = self.configs.of(&path);
        let input = Input::new(name, &path, bytes)
            .with_config(config.as_deref())
            .in_tree(self.tree);
        let mut linted = self.linter.lint(&input);
        if let Some(inspector) = self.inspector {
            inspector.inspect(&input, &mut linted.findings);
        }
        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
        result.tally.file(linted.kind);
        result.repository.add(&path, &self.tree.root, linted.facts);
        result.shown.extend(linted.findings);
    }
}

/// The number of files that were checked so far, which is shown on a terminal until this is
/// dropped. The total is known only at the end.
struct FilesChecked(ProgressBar);

impl FilesChecked {
    fn shown(ui: &Ui) -> Self {
        let bar = ProgressBar::new_spinner();
        let bar = match ProgressStyle::with_template("{spinner} {pos} files checked") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        ui.show(bar.clone());
        Self(bar)
    }
}

impl Drop for FilesChecked {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Sorts findings by file, position and rule.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|left, right| {
        let key = |shown: &Finding| (shown.location.offset, shown.rule.code);
        let files = left.file.cmp(&right.file);
        files.then_with(|| key(left).cmp(&key(right)))
    });
}

/// The absolute path without `.` and `..`, as Go's `filepath.Abs` and therefore `sops` returns it.
pub(crate) fn absolute(working_dir: &Path, path: &Path) -> PathBuf {
    let mut absolute = PathBuf::new();
    for component in working_dir.join(path).components() {
        match component {
            Component::ParentDir => drop(absolute.pop()),
            component => absolute.push(component),
        }
    }
    absolute
}

/// The name of a file in findings.
fn shown(path: &Path) -> String {
    name_of(path.strip_prefix("./").unwrap_or(path))
}
