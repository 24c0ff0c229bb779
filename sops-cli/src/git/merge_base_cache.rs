//! Remembers the common ancestors for all merge drivers that one `git merge` starts: a process of
//! Git for each file would take a third of the time of a merge.

use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// The name of the file in the directory of the repository.
const FILE: &str = "sops-rs-merge-bases";

pub(super) struct MergeBaseCache {
    file: PathBuf,
    /// The first line of the file: which process merges which commit.
    merge: String,
}

impl MergeBaseCache {
    /// The cache for the merge that started this driver; `None` if the system does not tell
    /// processes with the same ID apart.
    pub(super) fn of_this_merge(other: &str) -> Option<Self> {
        let parent = parent_id();
        let stat = fs::read_to_string(format!("/proc/{parent}/stat")).ok()?;
        // The name of the program, in parentheses, may contain anything; the start time is the
        // 20th field after it.
        let start = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
        Some(Self {
            file: git_directory()?.join(FILE),
            merge: format!("{parent} {start} {other}"),
        })
    }

    /// The commits, if a driver of the same merge has written them.
    pub(super) fn read(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(&self.file).ok()?;
        let mut lines = text.lines().map(str::to_owned);
        (lines.next()? == self.merge).then(|| lines.collect())
    }

    /// Writes the commits. If that fails, the next driver asks Git again.
    pub(super) fn write(&self, commits: &[String]) {
        let new = self.file.with_extension(process::id().to_string());
        let text = format!("{}\n{}\n", self.merge, commits.join("\n"));
        if fs::write(&new, text).is_ok() && fs::rename(&new, &self.file).is_err() {
            let _ = fs::remove_file(&new);
        }
    }
}

/// The directory of the repository. Git starts a driver in the root of the working tree.
fn git_directory() -> Option<PathBuf> {
    if let Some(named) = env::var_os("GIT_DIR") {
        return Some(PathBuf::from(named));
    }
    let directory = Path::new(".git");
    if directory.is_dir() {
        return Some(directory.to_owned());
    }
    // In a linked working tree, it is a file with the path.
    let text = fs::read_to_string(directory).ok()?;
    let path = text.strip_prefix("gitdir: ")?;
    Some(PathBuf::from(path.trim_end_matches('\n')))
}
