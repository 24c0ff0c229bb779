//! A directory for temporary files: locked while it is in use, and removed at the end or by a later run.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, mkdirat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::directory::{Directory, as_os_str, is_same, mode};

/// How often a directory is created when another run takes each one for a leftover.
const ATTEMPTS: usize = 100;

/// How often a directory is emptied before it is left to the next run.
const REMOVALS: usize = 10;

/// The shortest random part of a name, which older versions used.
const SHORTEST_RANDOM_PART: usize = 6;

/// The end of the names of the temporary files of older versions, which had no directory.
const OLD_SUFFIX: &[u8] = b".tmp";

/// A directory with mode 0700. Dropping it removes it with everything in it.
pub(crate) struct TemporaryDirectory {
    parent: Arc<Directory>,
    name: OsString,
    directory: Directory,
    is_kept: bool,
}

impl TemporaryDirectory {
    /// Creates one whose name is `prefix` and a random part, and removes what killed runs left with this prefix.
    pub(crate) fn create(parent: Directory, prefix: &str) -> io::Result<Self> {
        remove_leftovers(&parent, prefix);
        for _ in 0..ATTEMPTS {
            let name = random_name(prefix);
            match mkdirat(&parent, &name, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                result => result?,
            }
            match claim(&parent, &name) {
                Ok(Some(directory)) => {
                    return Ok(Self {
                        parent: Arc::new(parent),
                        name,
                        directory,
                        is_kept: false,
                    });
                }
                // Another run took it for a leftover before it was locked.
                Ok(None) => {}
                Err(error) => {
                    let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
                    return Err(error);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn parent(&self) -> &Arc<Directory> {
        &self.parent
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join(&self.name)
    }

    /// Leaves the directory in place, under a name that no run takes for a leftover; returns its path.
    pub(crate) fn keep(mut self, prefix: &str) -> PathBuf {
        let name = random_name(prefix);
        if renameat(&*self.parent, &self.name, &*self.parent, &name).is_ok() {
            self.name = name;
        }
        self.is_kept = true;
        self.path()
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // The next run removes what cannot be removed now.
        let _ = remove(&self.parent, &self.name, &self.directory);
    }
}

/// Opens and locks the directory that was just created; `None` if it is not there or not ours any more.
fn claim(parent: &Directory, name: &OsStr) -> io::Result<Option<Directory>> {
    let directory = match parent.open_entry(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let is_taken = match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => true,
        // On a file system without locks, no run removes leftovers.
        Ok(()) | Err(_) => false,
    };
    // In another user's directory, someone may have put another directory at this name.
    let is_ours = |directory: &Directory| is_private(directory) && parent.holds(name, directory);
    Ok(Some(directory).filter(|directory| !is_taken && is_ours(directory)))
}

/// Whether a directory belongs to the user, and no one else can use it.
fn is_private(directory: &Directory) -> bool {
    let stat = directory.stat();
    stat.st_uid == geteuid().as_raw() && !mode(stat).intersects(Mode::RWXG | Mode::RWXO)
}

/// Removes what killed runs of this user left in the directory. Whatever cannot be removed stays.
pub(crate) fn remove_leftovers(parent: &Directory, prefix: &str) {
    let Ok(names) = parent.names(|name| is_temporary(name, prefix)) else {
        return;
    };
    for name in names {
        let name = as_os_str(&name);
        let _ = match name.as_bytes().ends_with(OLD_SUFFIX) {
            true => remove_old_file(parent, name),
            false => remove_leftover(parent, name),
        };
    }
}

/// Whether a name is `prefix` and a random part, or a temporary file of an older version.
pub(super) fn is_temporary(name: &[u8], prefix: &str) -> bool {
    name.strip_prefix(prefix.as_bytes()).is_some_and(|rest| {
        let random = rest.strip_suffix(OLD_SUFFIX).unwrap_or(rest);
        random.len() >= SHORTEST_RANDOM_PART && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn remove_leftover(parent: &Directory, name: &OsStr) -> io::Result<()> {
    let directory = parent.open_entry(name)?;
    if !is_private(&directory) {
        return Ok(());
    }
    // Without the lock, a run still uses it.
    flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
    if parent.holds(name, &directory) {
        remove(parent, name, &directory)?;
    }
    Ok(())
}

/// Removes a directory with everything in it. A program that a killed run started may still be writing there.
fn remove(parent: &Directory, name: &OsStr, directory: &Directory) -> io::Result<()> {
    for _ in 0..REMOVALS {
        directory.remove_content()?;
        match unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            result => return Ok(result?),
        }
    }
    Err(Errno::NOTEMPTY.into())
}

fn remove_old_file(parent: &Directory, name: &OsStr) -> io::Result<()> {
    let (file, stat) = parent.open_file(name, OFlags::RDONLY)?;
    if stat.st_uid != geteuid().as_raw() {
        return Ok(());
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let found = parent.entry(name)?;
    if found.is_some_and(|found| is_same(&found, &stat)) {
        unlinkat(parent, name, AtFlags::empty())?;
    }
    Ok(())
}

/// `mkdirat` refuses a name that exists, so it only has to be rare.
fn random_name(prefix: &str) -> OsString {
    let random = RandomState::new().build_hasher().finish();
    format!("{prefix}{random:016x}").into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;

    const PREFIX: &str = "test-";

    fn root() -> TempDir {
        tempfile::tempdir().expect("a temporary directory")
    }

    fn open(root: &TempDir) -> Directory {
        Directory::open(root.path()).expect("it exists")
    }

    /// A directory with a file, which nobody locks.
    fn leave(path: &Path, mode: u32) {
        fs::create_dir(path).expect("it is new");
        fs::write(path.join("0"), "hunter2").expect("it is ours");
        fs::create_dir(path.join("deep")).expect("it is new");
        fs::write(path.join("deep/1"), "hunter2").expect("it is ours");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    fn names(root: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(root.path()).expect("it exists");
        let names = entries.map(|entry| entry.expect("it exists").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.into_string().expect("it is UTF-8"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn leftovers_of_killed_runs_are_removed() {
        let root = root();
        leave(&root.path().join("test-abc123"), 0o700);
        leave(&root.path().join("test-0123456789abcdef"), 0o700);
        fs::write(root.path().join("test-abc123.tmp"), "hunter2").expect("it is ours");
        remove_leftovers(&open(&root), PREFIX);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn nothing_else_is_removed() {
        let root = root();
        let elsewhere = self::root();
        leave(&elsewhere.path().join("x"), 0o700);
        // Others may read it, so it is not a temporary directory.
        leave(&root.path().join("test-abc124"), 0o755);
        for name in ["test-", "test-abc", "test-abc-123", "other-abc123"] {
            leave(&root.path().join(name), 0o700);
        }
        fs::write(root.path().join("test-abc125"), "").expect("it is ours");
        symlink(elsewhere.path().join("x"), root.path().join("test-abc126")).expect("it is ours");
        symlink(
            elsewhere.path().join("x/0"),
            root.path().join("test-abc127.tmp"),
        )
        .expect("it is ours");
        let before = names(&root);
        remove_leftovers(&open(&root), PREFIX);
        assert_eq!(names(&root), before);
        assert!(elsewhere.path().join("x/0").exists());
    }

    #[test]
    fn a_link_in_a_leftover_is_not_followed() {
        let root = root();
        let elsewhere = self::root();
        leave(&elsewhere.path().join("x"), 0o700);
        leave(&root.path().join("test-abc123"), 0o700);
        symlink(
            elsewhere.path().join("x"),
            root.path().join("test-abc123/link"),
        )
        .expect("it is ours");
        remove_leftovers(&open(&root), PREFIX);
        assert_eq!(names(&root), [""; 0]);
        assert!(elsewhere.path().join("x/0").exists());
    }

    #[test]
    fn a_directory_stays_while_it_is_used_and_when_it_is_kept() {
        let root = root();
        let used = TemporaryDirectory::create(open(&root), PREFIX).expect("it can be created");
        let kept = TemporaryDirectory::create(open(&root), PREFIX).expect("it can be created");
        fs::write(kept.path().join("x"), "hunter2").expect("it is ours");
        let kept = kept.keep("test-kept-");
        remove_leftovers(&open(&root), PREFIX);
        assert!(used.path().exists() && kept.join("x").exists());
        let path = used.path();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn runs_that_clean_up_meanwhile_do_not_take_a_new_directory_away() {
        let root = root();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let used = TemporaryDirectory::create(open(&root), PREFIX);
                        let used = used.expect("it can be created");
                        fs::write(used.path().join("x"), "hunter2").expect("it is there");
                    }
                });
            }
        });
        assert_eq!(names(&root), [""; 0]);
    }
}
