//! The working tree, the index and commits, each with their own configuration.

use sops_test_support::environment::other_recipient;

use super::{Repository, SECRET, rules};

/// A pipe that no one writes to would be read forever.
#[test]
fn special_files_are_refused() {
    let repository = Repository::with(&["a.yaml"]);
    let pipe = repository.0.path("pipe.yaml");
    let status = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(status.expect("the program exists").success());
    for name in ["pipe.yaml", "/dev/null", "/dev/zero"] {
        let verification = repository.verify(&["a.yaml", name]);
        verification.finds(&[("SV002", name)], 2);
        verification.says("the file cannot be read: it is not a regular file");
    }
    // A directory may contain any files.
    repository.verify(&["."]).is_clean();
}

#[test]
fn each_tree_is_verified_with_its_own_standards() {
    let repository = Repository::with(&["a.yaml", "apps/b.yaml"]);
    // The index has a changed value, and the working tree another configuration.
    repository.replace("a.yaml", "name: a", "name: b");
    repository.git(&["add", "a.yaml"]);
    repository
        .0
        .write("a.yaml", repository.git(&["show", "HEAD:a.yaml"]).stdout);
    repository.verify(&[]).is_clean();
    repository
        .verify(&["--staged"])
        .finds(&[("SV001", "a.yaml")], 1);
    repository.verify(&["--staged", "apps"]).is_clean();
    repository.verify(&["--rev", "HEAD"]).is_clean();

    repository.0.write(".sops.yaml", rules(&other_recipient()));
    repository
        .verify(&[])
        .finds(&[("SL012", "a.yaml"), ("SL012", "apps/b.yaml")], 1);
    repository.verify(&["--rev", "HEAD"]).is_clean();
    repository.verify(&["--staged", "apps"]).is_clean();
}

#[test]
fn an_invalid_configuration_is_not_one_without_a_matching_rule() {
    let repository = Repository::with(&["a.yaml"]);
    repository.0.write(".sops.yaml", "creation_rules: 3\n");
    let run = repository.0.run(&["verify"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("0 errors, 0 warnings\n"), "{run}");
    assert!(!run.stderr.contains("no creation rule"), "{run}");
}

#[test]
fn a_file_outside_of_a_repository_has_no_history() {
    let repository = Repository::with(&["a.yaml"]);
    let outside = sops_test_support::environment::TestEnvironment::new();
    outside.write("a.yaml", repository.0.read("a.yaml"));
    let keys = outside.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the key is ours");
    let run = outside.run(&["verify", "a.yaml"]);
    assert!(
        run.stdout.contains("it is not in a Git repository"),
        "{run}"
    );
    assert!(!run.stdout.contains("clone"), "{run}");
}

#[test]
fn names_are_relative_to_the_working_directory() {
    let repository = Repository::with(&["a.yaml", "apps/b.yaml"]);
    repository.replace("apps/b.yaml", "name: a", "name: b");
    repository.commit();
    for arguments in [&["--staged"][..], &["--rev", "main"], &[]] {
        let mut command = repository
            .0
            .command(&[&["verify", "--format", "json"], arguments].concat());
        command.current_dir(repository.0.path("apps"));
        let verification = super::Verification::of(repository.0.finish(command));
        verification.finds(&[("SV001", "b.yaml")], 1);
    }
}

#[test]
fn a_plaintext_file_of_a_commit_is_a_finding() {
    let repository = Repository::with(&["a.yaml"]);
    repository.0.write("b.yaml", SECRET);
    repository.commit();
    std::fs::remove_file(repository.0.path("b.yaml")).expect("the file can be removed");
    repository.verify(&[]).is_clean();
    let verification = repository.verify(&["--rev", "HEAD"]);
    assert!(
        verification
            .findings
            .iter()
            .all(|found| (&*found.0, &*found.1) == ("SL010", "b.yaml"))
    );
    assert_eq!(verification.run.code, Some(1), "{}", verification.run);
}

#[test]
fn unverifiable_files_are_errors() {
    let repository = Repository::with(&["a.yaml"]);
    for arguments in [
        &["--rev", "HEAD~9"][..],
        &["--rev", "--output=x"],
        &["--rev", "no\nsuch"],
        &["missing.yaml"],
        &["--staged", "missing.yaml"],
        &["--staged", "../../outside"],
    ] {
        let run = repository.0.run(&[&["verify"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {run}");
    }
    assert!(!repository.0.path("x").exists());
}

#[test]
fn excluded_files_are_not_verified() {
    let repository = Repository::with(&["a.yaml", "broken/b.yaml"]);
    repository.replace("broken/b.yaml", "name: a", "name: b");
    repository.0.write(".sops-lint.yaml", "exclude: [broken]\n");
    repository.commit();
    for arguments in [&[][..], &["--staged"], &["--rev", "HEAD"]] {
        repository.verify(arguments).is_clean();
    }
}
