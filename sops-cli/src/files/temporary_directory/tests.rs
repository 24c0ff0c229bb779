use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::process::geteuid;
use tempfile::TempDir;

use super::leftovers::leftover_names;
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
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be changed");
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
    symlink(elsewhere.path().join("x/0"), at("test-abC127.tmp")).expect("the link can be created");
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
        std::os::unix::fs::chown(root.path(), Some(0), None).expect("root can change the owner");
    }
    set_mode(root.path(), 0o1777);
    remove_leftovers(&open(&root), KIND);
    assert_eq!(names(&root), [""; 0]);
}

#[test]
fn a_directory_that_is_not_empty_is_not_claimed() {
    let root = root();
    leave(&root.path().join("planted"), 0o700);
    let claimed = claim(&open(&root), OsStr::new("planted")).expect("the directory can be opened");
    assert!(claimed.is_none());
}

#[test]
fn a_directory_stays_while_in_use_and_if_kept() {
    let root = root();
    let used = TemporaryDirectory::create(open(&root), KIND).expect("the directory can be created");
    let kept = TemporaryDirectory::create(open(&root), KIND).expect("the directory can be created");
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
