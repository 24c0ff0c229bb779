//! Files are replaced completely or not at all.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sops_test_support::environment::{TestEnvironment, program, recipient};

/// The content of a large file.
fn large() -> String {
    (0..3_000)
        .map(|number| format!("key{number}: value number {number}\n"))
        .collect()
}

#[test]
fn mode_and_symbolic_links_stay() {
    let environment = TestEnvironment::new();
    environment.write("sub/x.yaml", "a: 1\n");
    let path = environment.path("sub/x.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640))
        .expect("the permissions can be changed");
    symlink("sub/x.yaml", environment.path("link.yaml")).expect("the link can be created");
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "link.yaml"])
        .succeeds();
    assert!(environment.path("link.yaml").is_symlink());
    let metadata = fs::symlink_metadata(&path).expect("the file exists");
    assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o640);
    assert_eq!(environment.decrypt("sub/x.yaml"), "a: 1\n");
}

#[test]
fn a_name_may_be_as_long_as_the_file_system_allows() {
    let environment = TestEnvironment::new();
    let name = format!("{}.yaml", "x".repeat(250));
    environment.encrypt(&name, "a: 1\n");
    environment.run(&["rotate", "-i", &name]).succeeds();
    assert_eq!(environment.decrypt(&name), "a: 1\n");
}

#[test]
fn other_names_of_a_file_keep_the_old_content_with_a_warning() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", "a: 1\n");
    fs::hard_link(environment.path("x.yaml"), environment.path("y.yaml"))
        .expect("the link can be created");
    for warns in [true, false] {
        let run = environment.run(&["encrypt", "-i", "--age", &recipient(), "x.yaml"]);
        let run = run.succeeds();
        assert_eq!(run.stderr.contains("hard links"), warns, "{run}");
        assert_eq!(environment.read("y.yaml"), "a: 1\n");
        environment.run(&["decrypt", "-i", "x.yaml"]).succeeds();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn extended_attributes_are_kept_and_no_access_list_is_added() {
    const LIST: &str = "system.posix_acl_access";
    let environment = TestEnvironment::new();
    // As linux/posix_acl_xattr.h defines it: the version, then kind, permissions and number of each
    // entry.
    let list = |permissions: u16| {
        let none = u32::MAX;
        let entries = [
            (1, 6, none),
            (2, permissions, 1),
            (4, 4, none),
            (16, permissions, none),
            (32, 0, none),
        ];
        let mut bytes = 2_u32.to_le_bytes().to_vec();
        for (kind, permissions, number) in entries {
            bytes.extend(u16::to_le_bytes(kind));
            bytes.extend(u16::to_le_bytes(permissions));
            bytes.extend(u32::to_le_bytes(number));
        }
        bytes
    };
    let list = list(4);
    let get = |name: &str, attribute: &str| {
        xattr::get(environment.path(name), attribute).expect("the file system has attributes")
    };
    for name in ["with.yaml", "without.yaml"] {
        environment.write(name, "a: 1\n");
    }
    for (attribute, value) in [("user.note", &b"mine"[..]), (LIST, &list)] {
        xattr::set(environment.path("with.yaml"), attribute, value)
            .expect("the file system has attributes");
    }
    // Files that are created from now on have the list.
    xattr::set(environment.path(""), "system.posix_acl_default", &list)
        .expect("the attribute can be set");
    environment.write("new.yaml", "");
    assert!(get("new.yaml", LIST).is_some());
    let mode = |name: &str| {
        fs::metadata(environment.path(name)).map(|file| file.permissions().mode() & 0o777)
    };
    let before = mode("without.yaml").expect("the file exists");
    let recipient = recipient();
    let arguments = [
        "encrypt",
        "-i",
        "--age",
        &recipient,
        "with.yaml",
        "without.yaml",
    ];
    environment.run(&arguments).succeeds();
    assert_eq!(get("with.yaml", "user.note").as_deref(), Some(&b"mine"[..]));
    assert_eq!(get("with.yaml", LIST), Some(list));
    assert_eq!(get("without.yaml", LIST), None);
    assert_eq!(mode("without.yaml").expect("the file exists"), before);
}

#[test]
fn decrypted_files_that_are_new_are_for_their_owner() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    environment
        .run(&["decrypt", "--output", "new.yaml", "x.yaml"])
        .succeeds();
    let mode = |name: &str| {
        fs::metadata(environment.path(name))
            .expect("the file exists")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("new.yaml"), 0o600);
    environment.write("old.yaml", "");
    fs::set_permissions(
        environment.path("old.yaml"),
        fs::Permissions::from_mode(0o644),
    )
    .expect("the permissions can be changed");
    environment
        .run(&["decrypt", "--output", "old.yaml", "x.yaml"])
        .succeeds();
    assert_eq!(
        (mode("old.yaml"), environment.read("old.yaml").as_str()),
        (0o644, "a: 1\n")
    );
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let environment = TestEnvironment::new();
    let text = large();
    environment.write("x.yaml", &text);
    environment.write("y.yaml", "a: 1\n");
    // The shell counts in blocks of 512 or 1024 bytes.
    for (blocks, code) in [(20, 1), (0, 3)] {
        let script = format!(
            "ulimit -f {blocks}; exec '{}' encrypt -i --age {} x.yaml",
            program().display(),
            recipient()
        );
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .env("HOME", environment.home())
            .current_dir(environment.path(""));
        let run = environment.finish(command).fails_with(code);
        assert!(run.stderr.contains("cannot write x.yaml"), "{run}");
        assert_eq!(environment.read("x.yaml"), text);
        assert_eq!(
            environment.names(),
            ["x.yaml", "y.yaml"],
            "the temporary directory is gone"
        );
    }
}

#[test]
fn an_output_in_a_missing_directory_names_the_directory_and_how_to_create_it() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let no_directory = "cannot write nowhere/x.yaml: the directory nowhere does not exist";
    let commands: [&[&str]; 2] = [
        &["decrypt", "--output", "nowhere/x.yaml", "x.yaml"],
        &["keygen", "--output", "nowhere/x.yaml"],
    ];
    for command in commands {
        let run = environment.run(command).fails_with(3);
        assert!(run.stderr.contains(no_directory), "{run}");
        assert!(run.stderr.contains("`mkdir -p nowhere`"), "{run}");
    }
    environment.write("file", "");
    let run = environment
        .run(&["decrypt", "--output", "file/x.yaml", "x.yaml"])
        .fails_with(3);
    let message = "cannot write file/x.yaml: file is not a directory";
    assert!(run.stderr.contains(message), "{run}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_accepts_no_data_is_an_error() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let run = environment
        .run(&["decrypt", "--output", "/dev/full", "x.yaml"])
        .fails_with(1);
    assert!(run.stderr.contains("cannot write /dev/full"), "{run}");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = environment
        .command(&["decrypt", "x.yaml"])
        .stdout(full)
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        environment
            .run(&["decrypt", "--output", "/dev/stdout", "x.yaml"])
            .succeeds()
            .stdout,
        "a: 1\n"
    );
}

#[test]
fn output_to_a_closed_pipe_causes_no_message() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", large());
    let mut child = environment
        .command(&["decrypt", "x.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child
        .wait_with_output()
        .expect("the process can be waited for");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!output.status.success());
}

#[test]
fn a_signal_in_the_middle_leaves_the_old_file_or_the_new() {
    let environment = TestEnvironment::new();
    let text = large();
    environment.encrypt("x.yaml", &text);
    let start = Instant::now();
    environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
    let whole = start.elapsed();
    let (mut untouched, mut rotated) = (0, 0);
    for signal in ["-KILL", "-INT", "-TERM"] {
        for part in 1..=8 {
            let old = environment.read("x.yaml");
            let mut child = environment
                .command(&["rotate", "-i", "x.yaml"])
                .stderr(Stdio::null())
                .spawn()
                .expect("the program runs");
            thread::sleep(whole * part / 8);
            let id = child.id().to_string();
            // The program may have ended before.
            let _ = Command::new("kill")
                .args([signal, &id])
                .stderr(Stdio::null())
                .status();
            let status = child.wait().expect("the process can be waited for");
            let new = environment.read("x.yaml");
            if new == old {
                untouched += 1;
                assert!(status.signal().is_some(), "{signal}: {status}");
            } else {
                rotated += 1;
                assert_eq!(environment.decrypt("x.yaml"), text, "{signal}");
            }
            if signal == "-KILL" {
                // The killed run cannot clean up; the next one does it.
                environment.run(&["rotate", "-i", "x.yaml"]).succeeds();
            }
            assert_eq!(environment.names(), ["x.yaml"], "{signal}");
        }
    }
    assert!(
        untouched + rotated == 24 && untouched > 0,
        "{untouched} {rotated}"
    );
}

#[test]
fn a_reader_meanwhile_sees_the_old_file_or_the_new() {
    let environment = TestEnvironment::new();
    let text = large();
    environment.encrypt("x.yaml", &text);
    let mut child = environment
        .command(&["rotate", "-i", "x.yaml"])
        .spawn()
        .expect("the program runs");
    let start = Instant::now();
    let mut seen = vec![environment.read("x.yaml")];
    while child
        .try_wait()
        .expect("the process has a status")
        .is_none()
        && start.elapsed() < Duration::from_secs(60)
    {
        let now = environment.read("x.yaml");
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    seen.push(environment.read("x.yaml"));
    seen.dedup();
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_pipe_is_written_to_but_never_replaced() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: secret\n");
    let [pipe, source] = ["pipe.yaml", "source.yaml"].map(|name| environment.path(name));
    let made = Command::new("mkfifo").args([&pipe, &source]).status();
    assert!(made.expect("mkfifo runs").success());
    // Opened for reading and writing, so that neither side waits for the other.
    let mut open = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("the file can be opened");
    environment
        .run(&["decrypt", "--output", "pipe.yaml", "x.yaml"])
        .succeeds();
    let mut read = [0; 10];
    open.read_exact(&mut read)
        .expect("the file has the plaintext");
    assert_eq!(&read, b"a: secret\n");

    let mut command = environment.command(&["decrypt", "--in-place", "source.yaml"]);
    let child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let encrypted = environment.bytes("x.yaml");
    fs::write(&source, encrypted).expect("a process reads the pipe");
    let output = child
        .wait_with_output()
        .expect("the process can be waited for");
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("not a regular file"), "{message}");
}

#[test]
fn empty_variables_are_as_if_they_were_not_set() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: secret\n");
    let mut command = environment.command(&["decrypt", "--output", "", "x.yaml"]);
    for variable in [
        "SOPS_CONFIG",
        "SOPS_AGE_RECIPIENTS",
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
        "SOPS_DECRYPTION_ORDER",
        "SOPS_RS_ALLOW_DISK",
        "XDG_CONFIG_HOME",
    ] {
        command.env(variable, "");
    }
    let run = environment.finish(command).succeeds();
    assert_eq!(run.stdout, "a: secret\n");
}

#[test]
fn symbolic_links_in_a_loop_are_an_error() {
    let environment = TestEnvironment::new();
    symlink("two.yaml", environment.path("one.yaml")).expect("the link can be created");
    symlink("one.yaml", environment.path("two.yaml")).expect("the link can be created");
    for arguments in [["edit", "one.yaml"], ["decrypt", "one.yaml"]] {
        let mut command = environment.command(&arguments);
        command.env("EDITOR", "true");
        let run = environment.finish(command).fails_with(2);
        assert!(run.stderr.contains("cannot read one.yaml"), "{run}");
    }
}

#[test]
fn a_file_name_cannot_control_the_terminal() {
    let environment = TestEnvironment::new();
    let name = "x\u{1b}[31m\n.yaml";
    environment.write(name, "a: [\n");
    let run = environment.run(&["decrypt", name]).fails_with(1);
    assert!(run.stderr.contains("x\\u{1b}[31m\\n.yaml"), "{run}");
    let run = environment
        .run(&["decrypt", "none\u{1b}.yaml"])
        .fails_with(100);
    assert!(run.stderr.contains("none\\u{1b}.yaml"), "{run}");
}
