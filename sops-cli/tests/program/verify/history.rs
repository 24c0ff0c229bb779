//! What is found without a private key, by comparing a file with its history.

use std::path::Path;

use super::{Repository, SECRET, Verification};

/// A repository with a history, and the key that made it gone.
fn without_key() -> Repository {
    let repository = Repository::with(&["a.yaml", "b.yaml"]);
    for value in ["\"one\"", "\"two\""] {
        let set = ["set", "a.yaml", "[\"stringData\"][\"password\"]", value];
        repository.0.run(&set).succeeds();
        repository.commit();
    }
    repository.forget_key();
    repository
}

#[test]
fn files_that_only_programs_wrote_have_a_clean_history() {
    let repository = without_key();
    let verification = repository.verify(&[]);
    verification.is_clean();
    let summary = "2 encrypted files: 0 decrypted with a matching MAC, 2 without a key but with a clean history";
    assert!(
        verification.run.stderr.contains(summary),
        "{}",
        verification.run
    );
    // A version from before may come back as a whole.
    repository.git(&["checkout", "-q", "HEAD~2", "--", "a.yaml"]);
    repository.verify(&[]).is_clean();
    // Comments and the layout are not covered by the MAC.
    repository.replace(
        "a.yaml",
        "metadata:\n  name: a",
        "# who?\nmetadata: {name: a}",
    );
    repository.verify(&[]).is_clean();
}

#[test]
fn a_value_that_was_changed_by_hand_is_found() {
    let repository = without_key();
    repository.replace("a.yaml", "name: a", "name: b");
    let verification = repository.verify(&[]);
    verification.finds(&[("SV001", "a.yaml")], 1);
    verification.says("`metadata.name` is not as in commit");
    // Also after the commit, and after others.
    repository.commit();
    repository.verify(&[]).finds(&[("SV001", "a.yaml")], 1);
    repository
        .verify(&["--rev", "HEAD"])
        .finds(&[("SV001", "a.yaml")], 1);
    repository.verify(&["--rev", "HEAD~"]).is_clean();
}

#[test]
fn a_value_from_an_older_version_is_found() {
    let repository = without_key();
    let old = repository.git(&["show", "HEAD~2:a.yaml"]).stdout;
    let line = |text: &str| {
        let line = text.lines().find(|line| line.contains("password: ENC"));
        line.expect("it is encrypted").to_owned()
    };
    let now = repository.0.read("a.yaml");
    repository.replace("a.yaml", &line(&now), &line(&old));
    let verification = repository.verify(&[]);
    verification.finds(&[("SV001", "a.yaml")], 1);
    verification.says("`stringData.password` is not as in commit");
}

#[test]
fn a_merge_as_text_is_found() {
    let repository = Repository::with(&["a.yaml"]);
    let set = |key: &str| {
        let path = format!("[\"stringData\"][\"{key}\"]");
        repository
            .0
            .run(&["set", "a.yaml", &path, "\"new\""])
            .succeeds();
        repository.commit();
    };
    repository.git(&["checkout", "-q", "-b", "other"]);
    set("password");
    repository.git(&["checkout", "-q", "main"]);
    set("user");
    let merge = repository.try_git(&["merge", "-q", "other"]);
    assert_ne!(merge.code, Some(0), "{merge}");
    repository.forget_key();
    // The conflict is resolved by taking both values, and the metadata of one side.
    let (ours, theirs) = (
        repository.git(&["show", "HEAD:a.yaml"]).stdout,
        repository.git(&["show", "other:a.yaml"]).stdout,
    );
    let line = |text: &str| {
        let line = text.lines().find(|line| line.contains("password: ENC"));
        line.expect("it is encrypted").to_owned()
    };
    repository
        .0
        .write("a.yaml", ours.replace(&line(&ours), &line(&theirs)));
    repository.commit();
    repository.verify(&[]).finds(&[("SV001", "a.yaml")], 1);
}

#[test]
fn an_incomplete_history_is_no_proof() {
    let repository = without_key();
    let origin = format!("file://{}", repository.0.path("").display());
    for (flags, reason) in [
        (&["--depth", "1"][..], "shallow clone"),
        (&["--filter=blob:none"], "partial clone"),
    ] {
        let _ = std::fs::remove_dir_all(repository.0.path("../clone"));
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        repository.git(&[&["clone", "-q"], flags, &[&*origin, "../clone"]].concat());
        let run = |arguments: &[&str]| {
            let mut command = repository
                .0
                .command(&[&["verify", "--format", "json"], arguments].concat());
            command.current_dir(repository.0.path("../clone"));
            Verification::of(repository.0.finish(command))
        };
        let verification = run(&[]);
        verification.finds(&[("SV002", "a.yaml"), ("SV002", "b.yaml")], 2);
        verification.says(reason);
        run(&["--staged"]).finds(&[("SV002", "a.yaml"), ("SV002", "b.yaml")], 2);
    }
    // Not even a history.
    std::fs::remove_dir_all(repository.0.path(".git")).expect("the test owns it");
    repository
        .verify(&["b.yaml"])
        .finds(&[("SV002", "b.yaml")], 2);
}

#[test]
fn many_files_with_a_long_name_are_compared_with_their_history() {
    let names: Vec<String> = (0..120)
        .map(|number| format!("apps/{number}/s \u{e9}[*]:.yaml"))
        .collect();
    let repository = Repository::with(&["a.yaml"]);
    let encrypted = repository.0.read("a.yaml");
    for name in &names {
        repository.0.write(name, &encrypted);
    }
    repository.commit();
    repository.forget_key();
    repository.verify(&[]).is_clean();
    for directory in ["apps/7", "apps/119"] {
        let name = format!("{directory}/s \u{e9}[*]:.yaml");
        repository.replace(&name, "name: a", "name: b");
        repository
            .verify(&[directory])
            .finds(&[("SV001", &name)], 1);
    }
    let verification = repository.verify(&[]);
    assert_eq!(verification.findings.len(), 2, "{}", verification.run);
}

#[test]
fn a_new_file_is_compared_with_nothing() {
    let repository = Repository::with(&[]);
    repository.0.write("a.yaml", SECRET);
    repository.0.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.forget_key();
    repository.verify(&[]).is_clean();
    assert!(Path::new(&repository.0.path("a.yaml")).exists());
}
