//! Commands that write are killed at random moments: no file is damaged, and the next run removes
//! what was left.
//!
//! `SOPS_RS_KILLS` is the number of kills, `SOPS_RS_SEED` repeats a run.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};
use tempfile::TempDir;

/// The default number of kills.
const KILLS: u64 = 66;

/// A string in every plaintext and nowhere else.
const MARKER: &str = "hunter2-marker";

const TEXT: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: hunter2-marker\n  user: u\n";

/// A writing command.
struct Case {
    arguments: &'static [&'static str],
    /// Plaintext files that exist before it, with `TEXT`.
    plaintext: &'static [&'static str],
    /// Encrypted files that exist before it, with `TEXT`.
    encrypted: &'static [&'static str],
    /// Files that may be in plaintext after the command.
    open: &'static [&'static str],
    /// The preparation for the command.
    before: &'static [&'static [&'static str]],
    /// The command after the kill. If empty, another file in the same directory is changed.
    next: &'static [&'static [&'static str]],
    has_key: bool,
}

const CASE: Case = Case {
    arguments: &[],
    plaintext: &[],
    encrypted: &[],
    open: &[],
    before: &[],
    next: &[],
    has_key: true,
};

const IN_DIR: &[&str] = &[
    "dir/a.yaml",
    "dir/b.yaml",
    "dir/deep/c.yaml",
    "dir/deep/d.yaml",
];

/// Changes another file next to the one that a killed run was writing, and puts plaintext on a
/// memory file system.
const NEXT: &[&[&str]] = &[
    &["set", "next.yaml", "[\"user\"]", "\"w\""],
    &["exec-file", "--no-fifo", "next.yaml", "true"],
];

const CASES: [Case; 22] = [
    Case {
        arguments: &["encrypt", "-i", "x.yaml"],
        plaintext: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["-e", "-i", "x.yaml"],
        plaintext: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["encrypt", "--output", "out.yaml", "x.yaml"],
        plaintext: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["encrypt", "-i", "dir"],
        plaintext: IN_DIR,
        open: IN_DIR,
        next: &[&["encrypt", "-i", "dir"]],
        ..CASE
    },
    Case {
        arguments: &["decrypt", "-i", "x.yaml"],
        encrypted: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["-d", "-i", "x.yaml"],
        encrypted: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["decrypt", "--output", "out.yaml", "x.yaml"],
        encrypted: &["x.yaml"],
        open: &["out.yaml"],
        ..CASE
    },
    Case {
        arguments: &["decrypt", "-i", "dir"],
        encrypted: IN_DIR,
        open: IN_DIR,
        // A run that finds nothing to do cleans up, too.
        next: &[&["decrypt", "-i", "dir"], &["decrypt", "-i", "dir"]],
        ..CASE
    },
    Case {
        arguments: &["set", "x.yaml", "[\"stringData\"][\"user\"]", "\"v\""],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["--set", "[\"stringData\"][\"user\"] \"v\"", "x.yaml"],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["unset", "x.yaml", "[\"stringData\"][\"user\"]"],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["rotate", "-i", "x.yaml"],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["updatekeys", "--yes", "x.yaml"],
        encrypted: &["x.yaml"],
        before: &[&["rotate", "-i", "--add-age", OTHER, "x.yaml"]],
        ..CASE
    },
    Case {
        arguments: &["edit", "x.yaml"],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["edit", "new.yaml"],
        ..CASE
    },
    Case {
        arguments: &["groups", "add", "-i", "--file", "x.yaml", "--age", OURS],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &[
            "groups",
            "delete",
            "-i",
            "--file",
            "x.yaml",
            "--shamir-secret-sharing-threshold",
            "1",
            "1",
        ],
        encrypted: &["x.yaml"],
        before: &[&["groups", "add", "-i", "--file", "x.yaml", "--age", OURS]],
        ..CASE
    },
    Case {
        arguments: &["lint", "--fix"],
        plaintext: &["x.yaml"],
        open: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["exec-file", "--no-fifo", "x.yaml", "cat {}; sleep 0.02"],
        encrypted: &["x.yaml"],
        ..CASE
    },
    Case {
        arguments: &["init"],
        next: &[
            &["keygen", "--output", "next.txt"],
            &["keygen", "--output", "../home/.config/sops/age/next.txt"],
        ],
        has_key: false,
        ..CASE
    },
    Case {
        arguments: &["keygen", "--output", "key.txt"],
        ..CASE
    },
    Case {
        arguments: &["hook", "install"],
        next: &[&["hook", "uninstall"], &["hook", "install"]],
        ..CASE
    },
];

/// Placeholders for recipients in the arguments.
const OURS: &str = "<our recipient>";
const OTHER: &str = "<another recipient>";

/// The content; `None` if the file does not exist, because a program that the killed command
/// started may still clean up.
fn unless_gone<T>(read: std::io::Result<T>) -> Option<T> {
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read.expect("the file can be read")),
    }
}

/// The directories in which a case runs repeatedly.
struct Workspace {
    environment: TestEnvironment,
    editor: String,
    /// The directory for the plaintext of `edit` and `exec-file`.
    memory: TempDir,
    /// All files before the command, by path.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Workspace {
    fn new(case: &Case) -> Self {
        let environment = match case.has_key {
            true => TestEnvironment::new(),
            false => TestEnvironment::without_key(),
        };
        // Not every system has a memory file system there; then it is the directory for temporary
        // files.
        let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let editor = environment.editor(
            "sleep 0.02\ncase $1 in\n*new.yaml) echo 'a: hunter2-marker' > \"$1\" ;;\n*) sed -i.bak 's/user: u/user: v/' \"$1\" ;;\nesac",
        );
        let mut workspace = Self {
            editor,
            environment,
            memory: memory.expect("a temporary directory can be created"),
            files: BTreeMap::new(),
        };
        let environment = &workspace.environment;
        let git = environment.command_of(Path::new("git"), &["init", "-q", "--template="]);
        environment.finish(git).succeeds();
        for name in case.plaintext.iter().chain(case.encrypted) {
            environment.write(name, TEXT);
        }
        for name in case.encrypted {
            workspace.run(&["encrypt", "--age", OURS, "-i", name]);
        }
        if case.has_key {
            environment.encrypt("next.yaml", "user: u\n");
            environment.write(
                ".sops.yaml",
                format!(
                    "creation_rules:\n- path_regex: \\.yaml$\n  age: {}\n",
                    recipient()
                ),
            );
        }
        for arguments in case.before {
            workspace.run(arguments);
        }
        workspace.files = workspace.found();
        workspace
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (first, second) = (recipient(), other_recipient());
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|argument| match *argument {
                OURS => &first,
                OTHER => &second,
                argument => argument,
            })
            .collect();
        let mut command = self.environment.command(&arguments);
        command
            .env("EDITOR", &self.editor)
            .env("XDG_RUNTIME_DIR", self.memory.path())
            .env("TMPDIR", self.memory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a command that may fail, such as one that has nothing left to do.
    fn run(&self, arguments: &[&str]) {
        let status = self
            .command(arguments)
            .status()
            .expect("the program can be started");
        assert!(status.code().is_some(), "{arguments:?} ends by itself");
    }

    /// Restores the state before the command.
    fn restore(&self) {
        for directory in [self.environment.path(""), self.environment.home()] {
            fs::remove_dir_all(&directory).expect("the directory can be removed");
            fs::create_dir(&directory).expect("the directory can be created");
        }
        for (path, content) in &self.files {
            let directory = path.parent().expect("the path has a parent directory");
            fs::create_dir_all(directory).expect("the directory can be created");
            fs::write(path, content).expect("the file can be written");
        }
        // Without them, Git does not recognize the directory as a repository.
        for directory in [".git/refs", ".git/objects"] {
            fs::create_dir_all(self.environment.path(directory))
                .expect("the directory can be created");
        }
    }

    /// All files below the home and the working directory, and in memory.
    fn found(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut directories = vec![
            self.environment.path(""),
            self.environment.home(),
            self.memory.path().to_owned(),
        ];
        while let Some(directory) = directories.pop() {
            let Some(entries) = unless_gone(fs::read_dir(&directory)) else {
                continue;
            };
            for entry in entries {
                let path = entry.expect("the entry can be read").path();
                if path.is_dir() {
                    directories.push(path);
                } else if let Some(content) = unless_gone(fs::read(&path)) {
                    files.insert(path, content);
                }
            }
        }
        files
    }

    /// Asserts that no file is damaged: each has its old content, or the one that the command
    /// writes.
    fn check_files(&self, context: &str) {
        let found = self.found();
        for path in self.files.keys() {
            assert!(found.contains_key(path), "{context}: {path:?} is lost");
        }
        for (path, content) in found {
            if is_temporary(&path) || path.starts_with(self.memory.path()) {
                continue;
            }
            let is_old = self.files.get(&path) == Some(&content);
            assert!(
                is_old || self.is_new(&path, &content),
                "{context}: {path:?} is damaged: {}",
                String::from_utf8_lossy(&content)
            );
        }
    }

    /// Whether a command has written the file completely.
    fn is_new(&self, path: &Path, content: &[u8]) -> bool {
        let text = String::from_utf8_lossy(content);
        let name = path.file_name().unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "txt") {
            return text.contains("AGE-SECRET-KEY-1") && text.ends_with('\n');
        }
        if name == ".sops.yaml" {
            return text.starts_with('#') && text.contains("- age1") && text.ends_with('\n');
        }
        if path
            .parent()
            .is_some_and(|parent| parent.ends_with("hooks"))
        {
            let mode = fs::metadata(path)
                .expect("the file exists")
                .permissions()
                .mode();
            return text.starts_with("#!/bin/sh\n") && text.ends_with('\n') && mode & 0o100 != 0;
        }
        let is_text = |text: &str| {
            let changed = TEXT.replace("user: u", "user: v");
            let removed = TEXT.replace("  user: u\n", "");
            [TEXT, &changed, &removed, "a: hunter2-marker\n"].contains(&text)
        };
        is_text(&text)
            || text.contains("sops:") && is_text(&self.environment.decrypt(&path.to_string_lossy()))
    }

    /// Asserts that the killed run has left nothing.
    fn check_leftovers(&self, open: &[&str], context: &str) {
        for (path, content) in self.found() {
            let is_open = open.iter().any(|name| path == self.environment.path(name));
            let has_marker = String::from_utf8_lossy(&content).contains(MARKER);
            assert!(
                !is_temporary(&path) && (is_open || !has_marker),
                "{context}: {path:?} is left"
            );
        }
        let mut entries = fs::read_dir(self.memory.path()).expect("the directory can be read");
        assert!(entries.next().is_none(), "{context}: memory is empty");
    }
}

fn is_temporary(path: &Path) -> bool {
    path.components().any(|part| {
        let part = part.as_os_str().to_string_lossy();
        part.starts_with(".sops-rs-") || part.starts_with("sops-rs-")
    })
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn killed_commands_damage_no_file_and_leave_nothing_for_long() {
    let seed = number("SOPS_RS_SEED").unwrap_or_else(|| rand::random_range(0..1 << 32));
    let kills = number("SOPS_RS_KILLS").unwrap_or(KILLS);
    println!("SOPS_RS_SEED={seed} SOPS_RS_KILLS={kills}");
    let mut random = StdRng::seed_from_u64(seed);
    let (mut killed, mut left) = (0, 0);
    let cases = CASES.len() as u64;
    for (number, case) in (0..).zip(&CASES) {
        let workspace = Workspace::new(case);
        // The first run may take longer than the others.
        let mut whole = Duration::MAX;
        for _ in 0..2 {
            workspace.restore();
            let start = Instant::now();
            workspace.run(case.arguments);
            whole = whole.min(start.elapsed());
        }
        assert!(
            workspace.found() != workspace.files || case.arguments[0] == "exec-file",
            "{:?} writes something",
            case.arguments
        );
        workspace.check_files(&format!("{:?} to its end", case.arguments));
        workspace.restore();
        for _ in 0..kills / cases + u64::from(number < kills % cases) {
            let delay = random.random_range(Duration::ZERO..whole);
            let context = format!("{:?} killed after {delay:?}, seed {seed}", case.arguments);
            let mut child = workspace
                .command(case.arguments)
                .spawn()
                .expect("the program can be started");
            thread::sleep(delay);
            // The program may have ended before.
            let _ = child.kill();
            let status = child.wait().expect("the process can be waited for");
            killed += u64::from(status.signal().is_some());
            workspace.check_files(&context);
            left += u64::from(workspace.found().keys().any(|path| is_temporary(path)));
            // An editor or a command that it started is still running.
            if ["edit", "exec-file"].contains(&case.arguments[0]) {
                thread::sleep(Duration::from_millis(60));
            }
            let next = if case.next.is_empty() {
                NEXT
            } else {
                case.next
            };
            for arguments in next {
                workspace.run(arguments);
            }
            workspace.check_leftovers(case.open, &context);
            workspace.restore();
        }
    }
    println!("{killed} of {kills} came before the end, {left} left temporary files");
    assert!(
        killed * 4 > kills,
        "{killed} of {kills} kills did something"
    );
}
