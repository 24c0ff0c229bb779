//! A directory for temporary files: locked while it is in use, and removed at the end or by a later run.

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

/// How often a directory is created when another run takes each one for a leftover.
const ATTEMPTS: usize = 100;

/// How often a directory is emptied before it is left to the next run.
const REMOVALS: usize = 10;

/// The length of the random part of a name, in hexadecimal digits.
const RANDOM_DIGITS: usize = 16;

/// The length of the random part of the names that older versions gave to temporary files, which had no directory.
const OLD_RANDOM_PART: usize = 6;

/// The end of those names.
const OLD_SUFFIX: &[u8] = b".tmp";

/// A file in each directory for staged files: Git adds nothing of the directory. It is created first and removed last, because a directory
/// with other files but without this one is not taken for a leftover.
const IGNORE_FILE: &str = ".gitignore";

const IGNORE_ALL: &[u8] = b"*\n";

/// What temporary directories are called and what they contain. Leftovers are recognized by both.
#[derive(Clone, Copy)]
pub(crate) struct DirectoryKind {
    /// The start of the names; the rest is random.
    pub(crate) prefix: &'static str,
    pub(crate) content: FileContent,
}

/// What a temporary directory contains.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// A `.gitignore`, and files whose names are numbers.
    Staged,
    /// Any files that an editor or a command may leave, but no directories.
    Plaintext,
}

/// A directory with mode 0700. Dropping it removes it with everything in it.
pub(crate) struct TemporaryDirectory {
    parent: Arc<OpenDirectory>,
    name: OsString,
    directory: OpenDirectory,
    is_kept: bool,
}

impl TemporaryDirectory {
    /// Creates one of this kind, and removes those that killed runs left.
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
                    // Dropping it after an error removes the directory.
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

    pub(super) fn parent(&self) -> &Arc<OpenDirectory> {
        &self.parent
    }

    pub(super) fn directory(&self) -> &OpenDirectory {
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
fn claim(parent: &OpenDirectory, name: &OsStr) -> io::Result<Option<OpenDirectory>> {
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

/// Whether a directory belongs to the user, and no one else can use it.
fn is_private(directory: &OpenDirectory) -> bool {
    let stat = directory.stat();
    stat.st_uid == geteuid().as_raw() && !mode(stat).intersects(Mode::RWXG | Mode::RWXO)
}

/// Removes what killed runs of this user left in the directory. Whatever cannot be removed, or might be something else, stays.
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

/// Whether no other user can put a directory of this user's at a name in this directory.
fn is_trusted(parent: &OpenDirectory) -> bool {
    let stat = parent.stat();
    let mode = mode(stat);
    let is_for_everyone = mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX);
    [geteuid().as_raw(), 0].contains(&stat.st_uid) && !is_for_everyone
}

/// Whether a name is one that this program makes up for this kind, or once made up for a temporary file.
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

/// Whether this is letters and digits at random. Those of one class only may be a chosen word or number.
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
    // Without the lock, a run still uses it.
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

/// The names in a leftover, in the order in which they are removed; `None` if the directory contains anything that does not belong into
/// one.
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
                // A run that was killed at its start may not have written all of it.
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

/// The first bytes of a file, and one more than a complete `.gitignore` of a temporary directory has.
fn beginning(directory: &OpenDirectory, name: &OsStr) -> io::Result<Vec<u8>> {
    let (file, _) = directory.open_file(name, OFlags::RDONLY)?;
    let mut text = Vec::new();
    file.take(IGNORE_ALL.len() as u64 + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// Removes a directory with everything in it. A program that a killed run started may still be writing there.
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
    let found = parent.entry(name)?;
    if found.is_some_and(|found| is_same(&found, &stat)) {
        unlinkat(parent, name, AtFlags::empty())?;
    }
    Ok(())
}

/// `mkdirat` refuses a name that exists, so it only has to be rare.
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
        tempfile::tempdir().expect("a temporary directory")
    }

    fn open(root: &TempDir) -> OpenDirectory {
        OpenDirectory::open(root.path()).expect("it exists")
    }

    /// A directory with staged files and without a lock.
    fn leave(path: &Path, mode: u32) {
        fs::create_dir(path).expect("it is new");
        fs::write(path.join(IGNORE_FILE), IGNORE_ALL).expect("it is ours");
        for name in ["0", "17"] {
            fs::write(path.join(name), "hunter2").expect("it is ours");
        }
        set_mode(path, mode);
    }

    fn set_mode(path: &Path, mode: u32) {
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

    const RANDOM: &str = "0123456789abcdef";

    #[test]
    fn leftovers_of_killed_runs_are_removed() {
        let root = root();
        let at = |name: &str| root.path().join(name);
        leave(&at(&format!("test-{RANDOM}")), 0o700);
        // Killed at its start.
        for (name, ignored) in [
            ("test-0000000000000000", None),
            ("test-0000000000000001", Some("*")),
        ] {
            fs::create_dir(at(name)).expect("it is new");
            set_mode(&at(name), 0o700);
            if let Some(text) = ignored {
                fs::write(at(name).join(IGNORE_FILE), text).expect("it is ours");
            }
        }
        fs::write(at("test-abC123.tmp"), "hunter2").expect("it is ours");
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn a_run_that_is_killed_while_it_removes_a_directory_leaves_one_that_is_a_leftover() {
        let root = root();
        let path = root.path().join(format!("test-{RANDOM}"));
        leave(&path, 0o700);
        let directory = open(&root).open_entry(OsStr::new(&format!("test-{RANDOM}")));
        let directory = directory.expect("it exists");
        let order = directory.all_names(IGNORE_FILE).expect("it is ours");
        assert_eq!(order.len(), 3);
        for name in order {
            let is_leftover = leftover_names(&directory, FileContent::Staged);
            assert!(
                is_leftover.expect("it is ours").is_some(),
                "before {name:?}"
            );
            unlinkat(&directory, &name, AtFlags::empty()).expect("it is ours");
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
        fs::write(left.join(".secret.yaml.swp"), "hunter2").expect("it is ours");
        symlink(elsewhere.path().join("x"), left.join(".#secret.yaml")).expect("it is ours");
        remove_leftovers(&open(&root), PLAINTEXT);
        assert_eq!(names(&root), [""; 0]);
        assert!(elsewhere.path().join("x/0").exists());

        leave(&left, 0o700);
        fs::create_dir(left.join("deep")).expect("it is new");
        leave(&root.path().join("text-backup"), 0o700);
        fs::write(root.path().join("text-abC123.tmp"), "").expect("it is ours");
        let before = names(&root);
        remove_leftovers(&open(&root), PLAINTEXT);
        assert_eq!(names(&root), before);
    }

    #[test]
    fn nothing_with_another_name_is_removed() {
        let root = root();
        let elsewhere = self::root();
        let at = |name: &str| root.path().join(name);
        leave(&elsewhere.path().join("x"), 0o700);
        // Others may read it, so it is not a temporary directory.
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
            fs::write(at(name), "").expect("it is ours");
        }
        symlink(elsewhere.path().join("x"), at("test-0000000000000003")).expect("it is ours");
        symlink(elsewhere.path().join("x/0"), at("test-abC127.tmp")).expect("it is ours");
        let before = names(&root);
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), before);
        assert!(elsewhere.path().join("x/0").exists());
    }

    #[test]
    fn a_directory_with_anything_else_in_it_stays_whole() {
        type Put = fn(&Path);
        let put: [(&str, Put); 6] = [
            ("a file of the user", |path| {
                fs::write(path.join("notes"), "").expect("it is ours");
            }),
            ("a directory", |path| {
                fs::create_dir(path.join("1")).expect("it is ours");
            }),
            ("a link", |path| {
                symlink("0", path.join("1")).expect("it is ours");
            }),
            ("another .gitignore", |path| {
                fs::write(path.join(IGNORE_FILE), "*\n!notes\n").expect("it is ours");
            }),
            ("half a .gitignore", |path| {
                fs::write(path.join(IGNORE_FILE), "*").expect("it is ours");
            }),
            ("no .gitignore", |path| {
                fs::remove_file(path.join(IGNORE_FILE)).expect("it is ours");
            }),
        ];
        for (case, put) in put {
            let root = root();
            let path = root.path().join(format!("test-{RANDOM}"));
            leave(&path, 0o700);
            put(&path);
            let entries = || fs::read_dir(&path).expect("it stays").count();
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
            std::os::unix::fs::chown(root.path(), Some(65534), None).expect("root may");
            remove_leftovers(&open(&root), KIND);
            assert_eq!(names(&root).len(), 1);
            std::os::unix::fs::chown(root.path(), Some(0), None).expect("root may");
        }
        set_mode(root.path(), 0o1777);
        remove_leftovers(&open(&root), KIND);
        assert_eq!(names(&root), [""; 0]);
    }

    #[test]
    fn a_directory_that_is_not_empty_is_no_new_one() {
        let root = root();
        leave(&root.path().join("planted"), 0o700);
        let claimed = claim(&open(&root), OsStr::new("planted")).expect("it can be opened");
        assert!(claimed.is_none());
    }

    #[test]
    fn a_directory_stays_while_it_is_used_and_when_it_is_kept() {
        let root = root();
        let used = TemporaryDirectory::create(open(&root), KIND).expect("it can be created");
        let kept = TemporaryDirectory::create(open(&root), KIND).expect("it can be created");
        fs::write(kept.path().join("x"), "hunter2").expect("it is ours");
        let kept = kept.keep("test-kept-");
        remove_leftovers(&open(&root), KIND);
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
                        let used = TemporaryDirectory::create(open(&root), KIND);
                        let used = used.expect("it can be created");
                        fs::write(used.path().join("x"), "hunter2").expect("it is there");
                    }
                });
            }
        });
        assert_eq!(names(&root), [""; 0]);
    }
}
