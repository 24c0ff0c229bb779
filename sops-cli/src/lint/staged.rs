//! What is staged: the blobs of Git's index, and not the files of the working tree. All of them come from one `git cat-file`.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use sops_lint::Tree;

use crate::command_error::{Code, CommandError};
use crate::git::git;

/// A file that is staged, as it would be committed.
pub(crate) struct StagedFile {
    /// Its path from the repository's folder on.
    pub(crate) path: PathBuf,
    blob: String,
}

/// What the commit would change.
#[derive(Default)]
pub(crate) struct Staged {
    /// The files that it would add or change. Deletions, symbolic links and submodules have nothing to look at.
    pub(crate) files: Vec<StagedFile>,
    /// The folders whose `.sops.yaml` it would add, change or delete.
    pub(crate) configured: Vec<PathBuf>,
}

/// What is staged.
pub(crate) fn staged() -> Result<Staged, CommandError> {
    let output = git(&[
        "diff",
        "--cached",
        "--raw",
        "--no-abbrev",
        "-z",
        "--no-renames",
        "--no-ext-diff",
        "--no-color",
        "--ignore-submodules",
    ])?;
    let mut staged = Staged::default();
    let mut fields = output.split(|byte| *byte == 0);
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let path = PathBuf::from(OsStr::from_bytes(path));
        if path.file_name().is_some_and(|name| name == ".sops.yaml") {
            staged.configured.extend(path.parent().map(Path::to_owned));
        }
        // :old-mode new-mode old-blob new-blob status
        let about = String::from_utf8_lossy(about);
        let about: Vec<_> = about.split(' ').collect();
        if let [_, "100644" | "100755", _, blob, _] = about[..] {
            let blob = blob.to_owned();
            staged.files.push(StagedFile { path, blob });
        }
    }
    Ok(staged)
}

/// The files of the index in folders and below them, each once.
pub(crate) fn files_below(folders: &[PathBuf]) -> Result<Vec<StagedFile>, CommandError> {
    // Folders whose names are no text cannot be arguments here, so that all files are listed.
    let output = git(&["ls-files", "--stage", "--full-name", "-z", ":/"])?;
    let mut files = Vec::new();
    for entry in output.split(|byte| *byte == 0) {
        // mode blob stage, a tab, the path
        let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else {
            continue;
        };
        let path = PathBuf::from(OsStr::from_bytes(&entry[tab + 1..]));
        let about = String::from_utf8_lossy(&entry[..tab]);
        let about: Vec<_> = about.split(' ').collect();
        if let ["100644" | "100755", blob, "0"] = about[..]
            && folders.iter().any(|folder| path.starts_with(folder))
        {
            let blob = blob.to_owned();
            files.push(StagedFile { path, blob });
        }
    }
    Ok(files)
}

/// The index as a tree of files.
pub(crate) struct Index {
    root: PathBuf,
    objects: Mutex<Objects>,
}

struct Objects {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Index {
    pub(crate) fn open(root: &Path) -> Result<Self, CommandError> {
        let failed = |error| CommandError::input("`git cat-file`", &error);
        let mut child = Command::new("git")
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self {
            root: root.to_owned(),
            objects: Mutex::new(Objects {
                child,
                requests,
                answers: BufReader::new(answers),
            }),
        })
    }

    /// The content of a staged file.
    pub(crate) fn content(&self, file: &StagedFile) -> Result<Vec<u8>, CommandError> {
        let missing = || {
            let message = "a staged file cannot be read from the repository's objects";
            CommandError::new(Code::CannotReadInput, message)
        };
        self.object(file.blob.as_bytes()).ok_or_else(missing)
    }

    fn object(&self, name: &[u8]) -> Option<Vec<u8>> {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = objects.requests.as_mut()?;
        requests.write_all(&[name, b"\n"].concat()).ok()?;
        requests.flush().ok()?;
        let mut header = String::new();
        objects.answers.read_line(&mut header).ok()?;
        // `<blob> blob <size>`; otherwise it is missing or something else.
        let words: Vec<_> = header.split_whitespace().rev().collect();
        let [size, kind, ..] = words[..] else {
            return None;
        };
        let size: usize = size.parse().ok()?;
        let mut content = vec![0; size + 1];
        objects.answers.read_exact(&mut content).ok()?;
        content.pop();
        (kind == "blob").then_some(content)
    }
}

impl Index {
    /// The content of a file in a commit, or in the index for an empty name.
    pub(super) fn read_of(&self, commit: &str, path: &Path) -> Option<Vec<u8>> {
        let inside = clean(path.strip_prefix(&self.root).ok()?)?;
        let bytes = inside.as_os_str().as_bytes();
        // A request is a line.
        let is_line = !bytes.contains(&b'\n');
        is_line
            .then(|| self.object(&[commit.as_bytes(), b":", bytes].concat()))
            .flatten()
    }
}

impl Tree for Index {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.read_of("", path)
    }

    fn root(&self) -> &Path {
        &self.root
    }
}

/// A path from the repository's folder on, without `..`; `None`, where it leaves the repository.
pub(super) fn clean(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => clean.pop().then_some(())?,
            Component::Normal(part) => clean.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends with its input, and leaves no process behind.
        self.requests = None;
        let _ = self.child.wait();
    }
}
