//! Reads Git's objects through one `git cat-file` process.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::program::{command, missing};
use crate::command_error::CommandError;

/// The largest of several blobs that are read together, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Reads objects by ID or name.
pub(crate) struct Objects(Mutex<Process>);

struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A Git object.
pub(crate) struct GitObject {
    pub(crate) id: String,
    pub(crate) kind: ObjectKind,
    content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Blob,
    Tree,
    Commit,
    Tag,
}

impl Objects {
    pub(crate) fn open() -> Result<Self, CommandError> {
        let mut child = command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Outside a repository, another command reports the error.
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| missing(&error))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| missing(&std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self(Mutex::new(Process {
            child,
            requests,
            answers: BufReader::new(answers),
        })))
    }

    /// The object with this name, such as `HEAD^{commit}`, if it exists.
    pub(crate) fn find(&self, name: &str) -> Option<GitObject> {
        // `git cat-file` reads one name per line.
        if name.contains('\n') {
            return None;
        }
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        process.request(&format!("{name}\n"))?;
        process.answer(usize::MAX)
    }

    /// The content of each of these blobs, or `None` if it does not exist or has more than 64 MiB.
    /// Requests are batched, which is faster than one at a time.
    pub(crate) fn blobs(&self, ids: &[&str]) -> Vec<Option<Vec<u8>>> {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut blobs, count) = (Vec::new(), ids.len());
        // Git might not read more requests than fit into a pipe before its answers are read.
        for ids in ids.chunks(64) {
            let requests: String = ids.iter().map(|id| format!("{id}\n")).collect();
            if process.request(&requests).is_none() {
                break;
            }
            let answers = ids.iter().map(|_| process.answer(LARGEST));
            let is_blob = |object: &GitObject| object.kind == ObjectKind::Blob;
            blobs.extend(answers.map(|object| Some(object.filter(is_blob)?.content)));
        }
        // Git may have ended.
        blobs.resize(count, None);
        blobs
    }

    /// The content of the blob with this ID.
    pub(crate) fn blob(&self, id: &str) -> Option<Vec<u8>> {
        let object = self.find(id)?;
        (object.kind == ObjectKind::Blob).then_some(object.content)
    }

    /// The ID of the commit with this name.
    pub(crate) fn commit(&self, name: &str) -> Option<String> {
        let object = self.find(&format!("{name}^{{commit}}"))?;
        (object.kind == ObjectKind::Commit).then_some(object.id)
    }
}

impl Process {
    fn request(&mut self, lines: &str) -> Option<()> {
        let requests = self.requests.as_mut()?;
        requests.write_all(lines.as_bytes()).ok()?;
        requests.flush().ok()
    }

    /// Reads the next object; `None` if the requested one does not exist or has more than `largest`
    /// bytes.
    fn answer(&mut self, largest: usize) -> Option<GitObject> {
        let mut header = String::new();
        self.answers.read_line(&mut header).ok()?;
        // `<id> <kind> <size>`, or a name and the reason why the object does not exist.
        let words: Vec<_> = header.split_whitespace().collect();
        let [id, kind, size] = words[..] else {
            return None;
        };
        let kind = match kind {
            "blob" => ObjectKind::Blob,
            "tree" => ObjectKind::Tree,
            "commit" => ObjectKind::Commit,
            "tag" => ObjectKind::Tag,
            _ => return None,
        };
        let size: usize = size.parse().ok()?;
        if size > largest {
            let rest = u64::try_from(size).ok()?.checked_add(1)?;
            io::copy(&mut (&mut self.answers).take(rest), &mut io::sink()).ok()?;
            return None;
        }
        let mut content = vec![0; size + 1];
        self.answers.read_exact(&mut content).ok()?;
        content.pop();
        let id = id.to_owned();
        Some(GitObject { id, kind, content })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // `git cat-file` exits when its input is closed. Waiting avoids a zombie process.
        self.requests = None;
        let _ = self.child.wait();
    }
}
