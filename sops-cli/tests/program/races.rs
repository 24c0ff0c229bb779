//! Files that other programs change at the same time.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use sops_test_support::environment::TestEnvironment;

/// How many changes run at the same time, and how many times.
const WRITERS: usize = 12;
const ROUNDS: usize = 4;

#[test]
fn concurrent_changes_are_all_applied() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let mut done = Vec::new();
    for round in 0..ROUNDS {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let key = format!("key_{round}_{writer}");
                let path = format!("[\"{key}\"]");
                let arguments = match writer {
                    // A single file and several are written in different ways.
                    0 => &["rotate", "-i", "x.yaml"][..],
                    1 => &["rotate", "-i", "."],
                    _ => &["set", "x.yaml", &path, "1"],
                };
                let child = environment
                    .command(arguments)
                    .stderr(Stdio::piped())
                    .spawn()
                    .expect("the program runs");
                (key, child)
            })
            .collect();
        for (key, child) in writers {
            let output = child
                .wait_with_output()
                .expect("the process can be waited for");
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{message}");
            if !key.ends_with("_0") && !key.ends_with("_1") {
                done.push(key);
            }
        }
    }
    let text = environment.decrypt("x.yaml");
    for key in done {
        assert!(
            text.contains(&format!("{key}: 1\n")),
            "{key} is lost: {text}"
        );
    }
    assert_eq!(environment.names(), ["x.yaml"]);
}

#[test]
fn a_change_waits_while_another_run_has_the_lock() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let old = environment.read("x.yaml");
    let directory = File::open(environment.path("")).expect("the file can be opened");
    flock(&directory, FlockOperation::LockExclusive).expect("no other process has the lock");
    let child = environment
        .command(&["set", "x.yaml", "[\"a\"]", "2"])
        .spawn()
        .expect("the program runs");
    thread::sleep(Duration::from_millis(500));
    assert_eq!(environment.read("x.yaml"), old);
    drop(directory);
    let status = child
        .wait_with_output()
        .expect("the process can be waited for")
        .status;
    assert!(status.success());
    assert_eq!(environment.decrypt("x.yaml"), "a: 2\n");
}

/// How many times a file is decrypted while it is swapped.
const RUNS: usize = 40;

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_swapped_for_a_link_gets_no_rights_of_the_other() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    let environment = TestEnvironment::new();
    environment.encrypt("encrypted", "#!/bin/sh\necho hunter2\n");
    environment.write("program", "old");
    let program = environment.path("program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o6755))
        .expect("the permissions can be changed");
    let encrypted = environment.bytes("encrypted");
    let [file, link] = ["work/x", "work/link"].map(|name| environment.path(name));
    let is_over = AtomicBool::new(false);
    environment.write("work/x", &encrypted);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, &file, CWD, &link, RenameFlags::EXCHANGE);
            }
        });
        for _ in 0..RUNS {
            for path in [&file, &link] {
                // Between the two renames, one of the files is missing.
                let _ = fs::remove_file(path);
            }
            environment.write("work/x", &encrypted);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).ok();
            symlink(&program, &link).expect("the link can be created");
            environment.run(&["decrypt", "-i", "work/x"]);
            for path in [&file, &link] {
                let Ok(metadata) = fs::symlink_metadata(path) else {
                    continue;
                };
                let mode = metadata.permissions().mode();
                assert!(metadata.is_symlink() || mode & 0o7000 == 0, "{mode:o}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(environment.read("program"), "old");
    let mode = fs::metadata(&program)
        .expect("the file exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o6755);
}
