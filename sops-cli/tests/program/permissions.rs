//! Which files may be written, and who can read them afterwards. Root has all permissions, so
//! another user runs the program here.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use rustix::process::{geteuid, getgroups};
use sops_test_support::environment::{Run, TestEnvironment, recipient};

/// A group of the system that users are not in.
const OTHER_GROUP: u32 = 1;

fn set_mode(environment: &TestEnvironment, name: &str, mode: u32) {
    fs::set_permissions(environment.path(name), fs::Permissions::from_mode(mode))
        .expect("the permissions can be changed");
}

fn run(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = environment.command_as_user(arguments);
    command.env("EDITOR", "touch seen; echo 'a: 2' >");
    environment.finish(command)
}

#[test]
fn a_file_that_may_not_be_written_or_replaced_is_refused() {
    let environment = TestEnvironment::new();
    environment.write("read-only/x.yaml", "");
    environment.write("directory/x.yaml", "");
    environment.write("sticky/x.yaml", "");
    for directory in ["read-only", "directory", "sticky"] {
        environment.encrypt(&format!("{directory}/x.yaml"), "a: 1\n");
    }
    environment.hand_over();
    set_mode(&environment, "read-only/x.yaml", 0o444);
    set_mode(&environment, "directory", 0o555);
    let mut cases = vec![
        ("read-only", "Permission denied", "cannot write"),
        ("directory", "does not allow it", "work on a copy"),
    ];
    if geteuid().is_root() {
        // Only root can create a file that belongs to someone else.
        chown(environment.path("sticky"), Some(0), None).expect("root can change the owner");
        chown(environment.path("sticky/x.yaml"), Some(0), None).expect("root can change the owner");
        set_mode(&environment, "sticky", 0o1777);
        set_mode(&environment, "sticky/x.yaml", 0o666);
        cases.push(("sticky", "does not allow it", "work on a copy"));
    }
    for (directory, reason, more) in cases {
        let name = &*format!("{directory}/x.yaml");
        let old = environment.read(name);
        for arguments in [
            &["decrypt", "--in-place", name][..],
            &["rotate", "--in-place", name],
            &["set", name, r#"["a"]"#, "2"],
            &["decrypt", "--output", name, name],
            &["edit", name],
        ] {
            let run = run(&environment, arguments).fails_with(3);
            assert!(
                run.stderr.contains(reason) && run.stderr.contains(more),
                "{run}"
            );
            assert_eq!(environment.read(name), old, "{arguments:?}");
        }
    }
    assert!(!environment.path("seen").exists(), "no editor was opened");
    set_mode(&environment, "directory", 0o755);
    for directory in ["read-only", "directory", "sticky"] {
        let entries = fs::read_dir(environment.path(directory)).expect("the directory can be read");
        assert_eq!(entries.count(), 1, "no temporary file stays in {directory}");
    }
}

#[test]
fn a_replaced_file_keeps_its_group_or_grants_no_group_permissions() {
    let environment = TestEnvironment::new();
    environment.write("x.yaml", "a: 1\n");
    let group = match geteuid().is_root() {
        true => OTHER_GROUP,
        false => {
            let groups = getgroups().expect("the system tells");
            groups.last().expect("a user has a group").as_raw()
        }
    };
    chown(environment.path("x.yaml"), None, Some(group)).expect("the owner can be changed");
    set_mode(&environment, "x.yaml", 0o2660);
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "x.yaml"])
        .succeeds();
    let new = fs::metadata(environment.path("x.yaml")).expect("the file exists");
    assert_eq!((new.gid(), new.mode() & 0o7777), (group, 0o660));

    if geteuid().is_root() {
        // Only root can give a file to a group that its owner is not in.
        environment.write("y.yaml", "a: 1\n");
        environment.hand_over();
        chown(environment.path("y.yaml"), None, Some(OTHER_GROUP))
            .expect("root can change the owner");
        set_mode(&environment, "y.yaml", 0o664);
        let arguments = ["encrypt", "-i", "--age", &recipient(), "y.yaml"];
        run(&environment, &arguments).succeeds();
        let new = fs::metadata(environment.path("y.yaml")).expect("the file exists");
        assert_ne!(new.gid(), OTHER_GROUP);
        assert_eq!(new.mode() & 0o7777, 0o604);
    }
}

#[test]
fn a_file_can_be_created_in_a_directory_that_cannot_be_listed() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    environment.write("drop/old.yaml", "");
    environment.hand_over();
    set_mode(&environment, "drop", 0o300);
    for name in ["drop/new.yaml", "drop/old.yaml"] {
        run(&environment, &["decrypt", "--output", name, "x.yaml"]).succeeds();
        assert_eq!(environment.read(name), "a: 1\n");
    }
    set_mode(&environment, "drop", 0o700);
    let entries = fs::read_dir(environment.path("drop")).expect("the directory can be read");
    assert_eq!(entries.count(), 2, "nothing is left next to them");
}
