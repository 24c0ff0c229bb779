//! A directory for temporary files. It is locked while in use, and removed at the end or by a later
//! run.

use std::collections::hash_map::RandomState;
use std::ffi::{CString, OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, flock, mkdirat, renameat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::directory::{OpenDirectory, as_os_str, is_regular, is_same, mode};

/// How often to try another name if other runs remove each new directory as a leftover.
const ATTEMPTS: usize = 100;

/// How often a directory is emptied before it is left to the next run.
const REMOVALS: usize = 10;

/// The length of the random part of a name, in hexadecimal digits.
const RANDOM_DIGITS: usize = 16;

/// The length of the random part in the names of older versions, which created temporary files
/// without a directory.
const OLD_RANDOM_PART: usize = 6;

/// The suffix of those names.
const OLD_SUFFIX: &[u8] = b".tmp";

/// The file that makes Git ignore a directory with staged files. It is created first and removed
/// last, because a directory that contains other files but not this one is not recognized as a
/// leftover.
const IGNORE_FILE: &str = ".gitignore";

const IGNORE_ALL: &[u8] = b"*\n";

/// The names and contents of temporary directories. Leftovers are recognized by both.
#[derive(Clone, Copy)]
pub(crate) struct DirectoryKind {
    /// The prefix of the names; the rest is random.
    pub(crate) prefix: &'static str,
    pub(crate) content: FileContent,
}

/// The content of a temporary directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// A `.gitignore`, and files whose names are numbers.
    Staged,
    /// Any files that an editor or a command may create, but no directories.
    Plaintext,
}

/// A directory with mode 0700. Dropping it removes it with its content.
pub(crate) struct TemporaryDirectory {
    parent: Arc<OpenDirectory>,
    name: OsString,
    directory: OpenDirectory,
    is_kept: bool,
}

impl TemporaryDirectory {
    /// Creates a directory of this kind and removes the leftovers of killed runs.
    pub(crate) fn create(parent: OpenDirectory, kind: DirectoryKind) -> io::Result<Self> {
        remove_leftovers(&parent, kind);
        for _ in 0..ATTEMPTS {
            let name = random_name(kind.prefix);
            match mkdirat(&parent, &name, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                result => result?,
            }
            match claim(&parent, &name) {
                Ok(Some(directory)) => {
                    // If writing fails, dropping this removes the directory.
                    let created = Self {
                        parent: Arc::new(parent),
                        name,
                        directory,
                        is_kept: false,
                    };
                    if kind.content == FileContent::Staged {
                        created
                            .directory
                            .create_file(IGNORE_FILE, Mode::RUSR | Mode::WUSR)?
                            .write_all(IGNORE_ALL)?;
                    }
                    return Ok(created);
                }
                // Another run removed it as a leftover before it was locked.
                Ok(None) => {}
                Err(error) => {
                    let _ = unlinkat(&parent, &name, AtFlags::REMOVEDIR);
                    return Err(error);
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn parent(&self) -> &Arc<OpenDirectory> {
        &self.parent
    }

    pub(super) fn directory(&self) -> &OpenDirectory {
        &self.directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join(&self.name)
    }

    /// Keeps the directory under a name that is not recognized as a leftover, and returns its path.
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
        // The next run removes what remains after an error.
        let _ = remove(&self.parent, &self.name, &self.directory);
    }
}

/// Opens and locks a directory that was just created; `None` if it does not exist or is not ours
/// any more.
fn claim(parent: &OpenDirectory, name: &OsStr) -> io::Result<Option<OpenDirectory>> {
    let directory = match parent.open_entry(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    };
    let is_taken = match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => true,
        // No run removes leftovers on a file system without locks.
        Ok(()) | Err(_) => false,
    };
    // In another user's directory, someone may have put a different directory at this name.
    let is_new = |directory: &OpenDirectory| {
        directory
            .names(|_| true)
            .is_ok_and(|names| names.is_empty())
    };
    let is_ours = |directory: &OpenDirectory| {
        is_private(directory) && parent.holds(name, directory) && is_new(directory)
    };
    Ok(Some(directory).filter(|directory| !is_taken && is_ours(directory)))
}

/// Whether a directory belongs to the user and no other user has access.
fn is_private(directory: &OpenDirectory) -> bool {
    let stat = directory.stat();
    stat.st_uid == geteuid().as_raw() && !mode(stat).intersects(Mode::RWXG | Mode::RWXO)
}

/// Removes the leftovers of this user's killed runs. Anything that can't be removed, or that might
/// be something else, stays.
pub(crate) fn remove_leftovers(parent: &OpenDirectory, kind: DirectoryKind) {
    if !is_trusted(parent) {
        return;
    }
    let Ok(names) = parent.names(|name| is_temporary(name, kind)) else {
        return;
    };
    for name in names {
        let name = as_os_str(&name);
        let _ = match name.as_bytes().ends_with(OLD_SUFFIX) {
            true => remove_old_file(parent, name),
            false => remove_leftover(parent, name, kind.content),
        };
    }
}

/// Whether no other user can move one of this user's directories to a name in this directory.
fn is_trusted(parent: &OpenDirectory) -> bool {
    let stat = parent.stat();
    let mode = mode(stat);
    let is_for_everyone = mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX);
    [geteuid().as_raw(), 0].contains(&stat.st_uid) && !is_for_everyone
}

/// Whether the name is one that this program generates for this kind, or that an old version
/// generated for a temporary file.
pub(super) fn is_temporary(name: &[u8], kind: DirectoryKind) -> bool {
    let Some(random) = name.strip_prefix(kind.prefix.as_bytes()) else {
        return false;
    };
    match random.strip_suffix(OLD_SUFFIX) {
        Some(random) => kind.content == FileContent::Staged && is_old_random_part(random),
        None => {
            let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            random.len() == RANDOM_DIGITS && random.iter().all(is_digit)
        }
    }
}

/// Whether these letters and digits look random. If all are of one class, they may be a word or a
/// number.
fn is_old_random_part(random: &[u8]) -> bool {
    let classes = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ];
    random.len() == OLD_RANDOM_PART
        && random.iter().all(u8::is_ascii_alphanumeric)
        && !classes.iter().any(|is_in| random.iter().all(is_in))
}

fn remove_leftover(parent: &OpenDirectory, name: &OsStr, content: FileContent) -> io::Result<()> {
    let directory = parent.open_entry(name)?;
    if !is_private(&directory) {
        return Ok(());
    }
    // If the lock is taken, a run still uses the directory.
    flock(&directory, FlockOperation::NonBlockingLockExclusive)?;
    let Some(names) = leftover_names(&directory, content)? else {
        return Ok(());
    };
    if !parent.holds(name, &directory) {
        return Ok(());
    }
    for name in names {
        unlinkat(&directory, &name, AtFlags::empty())?;
    }
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

/// The names in a leftover, in the order of removal; `None` if the directory contains anything that
/// a leftover would not.
fn leftover_names(
    directory: &OpenDirectory,
    content: FileContent,
) -> io::Result<Option<Vec<CString>>> {
    let names = directory.all_names(IGNORE_FILE)?;
    for name in &names {
        let name = as_os_str(name);
        let Some(stat) = directory.entry(name)? else {
            return Ok(None);
        };
        let belongs = match content {
            FileContent::Plaintext => FileType::from_raw_mode(stat.st_mode) != FileType::Directory,
            FileContent::Staged if name == IGNORE_FILE => {
                // A run that was killed early may have written only a part of this file.
                let text = beginning(directory, name)?;
                text == IGNORE_ALL || names.len() == 1 && IGNORE_ALL.starts_with(&text)
            }
            FileContent::Staged => {
                is_regular(&stat)
                    && name.as_bytes().iter().all(u8::is_ascii_digit)
                    && names.iter().any(|name| as_os_str(name) == IGNORE_FILE)
            }
        };
        if !belongs {
            return Ok(None);
        }
    }
    Ok(Some(names))
}

/// The first bytes of a file, up to one more than the length of a temporary directory's
/// `.gitignore`.
fn beginning(directory: &OpenDirectory, name: &OsStr) -> io::Result<Vec<u8>> {
    let (file, _) = directory.open_file(name, OFlags::RDONLY)?;
    let mut text = Vec::new();
    file.take(IGNORE_ALL.len() as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// Removes a directory with its content. A program that a killed run started may still be writing
/// to it.
fn remove(parent: &OpenDirectory, name: &OsStr, directory: &OpenDirectory) -> io::Result<()> {
    for _ in 0..REMOVALS {
        directory.remove_content(IGNORE_FILE)?;
        match unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            result => return Ok(result?),
        }
    }
    Err(Errno::NOTEMPTY.into())
}

fn remove_old_file(parent: &OpenDirectory, name: &OsStr) -> io::Result<()> {
    let (file, stat) = parent.open_file(name, OFlags::RDONLY)?;
    if stat.st_uid != geteuid().as_raw() {
        return Ok(());
    }
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let current = parent.entry(name)?;
    if current.is_some_and(|current| is_same(&current, &stat)) {
        unlinkat(parent, name, AtFlags::empty())?;
    }
    Ok(())
}

/// A random name. Collisions only have to be rare, because `mkdirat` rejects an existing name.
fn random_name(prefix: &str) -> OsString {
    let random = RandomState::new().build_hasher().finish();
    format!("{prefix}{random:0RANDOM_DIGITS$x}").into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;

    const KIND: DirectoryKind = DirectoryKind {
        prefix: "test-",
        content: FileContent::Staged,
    };

    const PLAINTEXT: DirectoryKind = DirectoryKind {
        prefix: "text-",
        content: FileContent::Plaintext,
    };

    fn root() -> TempDir {
        tempfile::tempdir().expect("a temporary directory can be created")
    }

    fn open(root: &TempDir) -> OpenDirectory {
        OpenDirectory::open(root.path()).expect("the directory can be opened")
    }

    /// Creates a directory with staged files and without a lock.
    fn leave(path: &Path, mode: u32) {
        fs::create_dir(path).expect("the directory is new");
        fs::write(path.join(IGNORE_FILE), IGNORE_ALL).expect("the file can be written");
        for name in ["0", "17"] {
            fs::write(path.join(name), "hunter2").expect("the file can be written");
        }
        set_mode(path, mode);
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .expect("the mode can be changed");
    }

    fn names(root: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(root.path()).expect("the directory can be read");
        let names = entries.map(|entry| entry.expect("the entry can be read").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.into_string().expect("the name is UTF-8"))
            .collect();
        names.sort();
        names
    }

    const RANDOM: &str = "0123456789abcdef";

    #[test]
    fn leftovers_of_killed_runs_are_removed() {
        let root = root();
        let at = |name: &str| root.path().join(name);
        leave(&at(&format!("test-{RANDOM}")), 0o700);
        // Two runs that were killed early.
        for (name, ignored) in [
            ("test-0000000000000000", None),
            ("test-0000000000000001", Some("*")),
        ] {
            fs::create_dir(at(name)).expect("the directory is new");
            set_mode(&at(name), 0o700);
            if let Some(text) = ignored {
                fs::write(at(name).join(IGNORE_FILE), text).expect("the file can be written");
            }
        }
        fs::write(at("test-abC123.tmp"), "hunter2").expect("the file can be written");
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn a_partly_removed_directory_is_still_a_leftover() {
        let root = root();
        let path = root.path().join(format!("test-{RANDOM}"));
        leave(&path, 0o700);
        let directory = open(&root).open_entry(OsStr::new(&format!("test-{RANDOM}")));
        let directory = directory.expect("the directory exists");
        let order = directory
            .all_names(IGNORE_FILE)
            .expect("the directory can be read");
        assert_eq!(order.len(), 3);
        for name in order {
            let is_leftover = leftover_names(&directory, FileContent::Staged);
            assert!(
                is_leftover.expect("the directory can be read").is_some(),
                "before {name:?}"
            );
            unlinkat(&directory, &name, AtFlags::empty()).expect("the directory exists");
        }
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn leftovers_with_plaintext_may_contain_any_files() {
        let root = root();
        let elsewhere = self::root();
        leave(&elsewhere.path().join("x"), 0o700);
        let left = root.path().join(format!("text-{RANDOM}"));
        leave(&left, 0o700);
        fs::write(left.join(".secret.yaml.swp"), "hunter2").expect("the file can be written");
        symlink(elsewhere.path().join("x"), left.join(".#secret.yaml"))
            .expect("the link can be created");
        remove_leftovers(&open(&root), PLAINTEXT);
        assert_eq!(names(&root), [""; 0]);
        assert!(elsewhere.path().join("x/0").exists());

        leave(&left, 0o700);
        fs::create_dir(left.join("deep")).expect("the directory is new");
        leave(&root.path().join("text-backup"), 0o700);
        fs::write(root.path().join("text-abC123.tmp"), "").expect("the file can be written");
        let before = names(&root);
        remove_leftovers(&open(&root), PLAINTEXT);
        assert_eq!(names(&root), before);
    }

    #[test]
    fn only_names_of_temporary_directories_are_removed() {
        let root = root();
        let elsewhere = self::root();
        let at = |name: &str| root.path().join(name);
        leave(&elsewhere.path().join("x"), 0o700);
        // Other users may read it, so it is not a temporary directory.
        leave(&at(&format!("test-{RANDOM}")), 0o755);
        for name in [
            "test-",
            "test-backup",
            "test-abc123",
            "test-0123456789abcde",
            "test-0123456789abcdef0",
            "test-0123456789ABCDEF",
            "test-0123456789abcdeg",
            "test-0123456789abcdef.tmp",
            "other-0123456789abcdef",
        ] {
            leave(&at(name), 0o700);
        }
        for name in [
            "test-0000000000000002",
            "test-backup.tmp",
            "test-BACKUP.tmp",
            "test-123456.tmp",
            "test-abC1234.tmp",
            "test-abC-12.tmp",
        ] {
            fs::write(at(name), "").expect("the file can be written");
        }
        symlink(elsewhere.path().join("x"), at("test-0000000000000003"))
            .expect("the link can be created");
        symlink(elsewhere.path().join("x/0"), at("test-abC127.tmp"))
            .expect("the link can be created");
        let before = names(&root);
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), before);
        assert!(elsewhere.path().join("x/0").exists());
    }

    #[test]
    fn a_directory_with_other_content_is_not_touched() {
        type Put = fn(&Path);
        let put: [(&str, Put); 6] = [
            ("a file of the user", |path| {
                fs::write(path.join("notes"), "").expect("the file can be written");
            }),
            ("a directory", |path| {
                fs::create_dir(path.join("1")).expect("the directory can be created");
            }),
            ("a link", |path| {
                symlink("0", path.join("1")).expect("the link can be created");
            }),
            ("another .gitignore", |path| {
                fs::write(path.join(IGNORE_FILE), "*\n!notes\n").expect("the file can be written");
            }),
            ("half a .gitignore", |path| {
                fs::write(path.join(IGNORE_FILE), "*").expect("the file can be written");
            }),
            ("no .gitignore", |path| {
                fs::remove_file(path.join(IGNORE_FILE)).expect("the file can be removed");
            }),
        ];
        for (case, put) in put {
            let root = root();
            let path = root.path().join(format!("test-{RANDOM}"));
            leave(&path, 0o700);
            put(&path);
            let entries = || fs::read_dir(&path).expect("the directory stays").count();
            let before = entries();
            remove_leftovers(&open(&root), KIND);
            assert_eq!(entries(), before, "{case}");
        }
    }

    #[test]
    fn nothing_is_removed_where_other_users_can_rename() {
        let root = root();
        leave(&root.path().join(format!("test-{RANDOM}")), 0o700);
        set_mode(root.path(), 0o777);
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root).len(), 1);
        if geteuid().is_root() {
            set_mode(root.path(), 0o755);
            std::os::unix::fs::chown(root.path(), Some(65534), None)
                .expect("root can change the owner");
            remove_leftovers(&open(&root), KIND);
            assert_eq!(names(&root).len(), 1);
            std::os::unix::fs::chown(root.path(), Some(0), None)
                .expect("root can change the owner");
        }
        set_mode(root.path(), 0o1777);
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn a_directory_that_is_not_empty_is_not_claimed() {
        let root = root();
        leave(&root.path().join("planted"), 0o700);
        let claimed =
            claim(&open(&root), OsStr::new("planted")).expect("the directory can be opened");
        assert!(claimed.is_none());
    }

    #[test]
    fn a_directory_stays_while_in_use_and_if_kept() {
        let root = root();
        let used =
            TemporaryDirectory::create(open(&root), KIND).expect("the directory can be created");
        let kept =
            TemporaryDirectory::create(open(&root), KIND).expect("the directory can be created");
        fs::write(kept.path().join("x"), "hunter2").expect("the file can be written");
        let kept = kept.keep("test-kept-");
        remove_leftovers(&open(&root), KIND);
        assert!(used.path().exists() && kept.join("x").exists());
        let path = used.path();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn concurrent_cleanup_does_not_remove_a_new_directory() {
        let root = root();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let used = TemporaryDirectory::create(open(&root), KIND);
                        let used = used.expect("the directory can be created");
                        fs::write(used.path().join("x"), "hunter2").expect("the directory exists");
                    }
                });
            }
        });
        assert_eq!(names(&root), [""; 0]);
    }
}
