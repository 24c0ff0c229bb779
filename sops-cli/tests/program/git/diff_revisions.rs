//! The versions that `sops-rs diff` compares.

use super::{GitClone, secret};

impl GitClone {
    fn diff(&self, arguments: &[&str]) -> String {
        let run = self.sops_rs(&[&["diff", "--show-values"], arguments].concat());
        run.succeeds().stdout
    }
}

const FILE: &str = "db.enc.yaml";

/// The report of a changed password.
fn changed(old: &str, new: &str) -> String {
    format!("modified: {FILE}\n  ~ stringData.password\n      - {old}\n      + {new}\n")
}

#[test]
fn diff_compares_the_same_versions_as_git_diff() {
    let clone = GitClone::with(FILE, &secret("first"));
    clone.set(FILE, "second");
    clone
        .git(&["commit", "-q", "--amend", "-m", "the first version"])
        .succeeds();
    clone.commit_all();
    clone.set(FILE, "third");
    clone.git(&["add", "-A"]).succeeds();
    clone.set(FILE, "fourth");
    clone.environment.write("plain.yaml", "a: 1\n");
    for (arguments, old, new) in [
        (&[][..], "third", "fourth"),
        (&["--cached"], "second", "third"),
        (&["--staged", "HEAD^"], "first", "third"),
        (&["HEAD"], "second", "fourth"),
        (&["HEAD^"], "first", "fourth"),
        (&["HEAD^", "HEAD"], "first", "second"),
        (&["HEAD^..HEAD"], "first", "second"),
        (&["HEAD^.."], "first", "second"),
        (&["HEAD..HEAD^"], "second", "first"),
        (&["HEAD^...HEAD"], "first", "second"),
        (&["HEAD^!"], "first", "second"),
        (&[":/first", "HEAD"], "first", "second"),
        (&["HEAD", "--", FILE], "second", "fourth"),
        (&[FILE], "third", "fourth"),
        (&["."], "third", "fourth"),
    ] {
        assert_eq!(clone.diff(arguments), changed(old, new), "{arguments:?}");
    }
    assert_eq!(clone.diff(&["HEAD", "--", "plain.yaml"]), "");
    assert_eq!(clone.diff(&["HEAD", "HEAD"]), "");
    let names = clone.sops_rs(&["diff", "--names-only"]).succeeds().stdout;
    assert_eq!(
        names,
        format!("modified: {FILE}\n  ~ stringData.password\n")
    );
}

#[test]
fn the_exit_code_is_that_of_git_diff() {
    let clone = GitClone::with(FILE, &secret("first"));
    let code = |words: &[&str]| {
        let ours = clone.sops_rs(&[&["diff"], words].concat()).code;
        assert_eq!(
            ours,
            clone.git(&[&["diff"], words].concat()).code,
            "{words:?}"
        );
        ours
    };
    for flag in ["--exit-code", "--quiet"] {
        assert_eq!(code(&[flag]), Some(0));
        clone.set(FILE, flag);
        assert_eq!(code(&[flag]), Some(1));
        assert_eq!(code(&[flag, "--cached"]), Some(0));
        clone.commit_all();
        assert_eq!(code(&[flag, "HEAD^", "HEAD"]), Some(1));
        assert_eq!(code(&[flag, "HEAD"]), Some(0));
    }
}

#[test]
fn diff_shows_new_deleted_and_renamed_files() {
    let clone = GitClone::with(FILE, &secret("correct-horse"));
    clone.git(&["mv", FILE, "renamed.enc.yaml"]).succeeds();
    let renamed = format!("renamed: {FILE} -> renamed.enc.yaml\n");
    assert_eq!(clone.diff(&["--cached"]), renamed);
    clone.git(&["reset", "-q", "--hard"]).succeeds();
    clone.git(&["rm", "-q", FILE]).succeeds();
    clone.encrypt("new.enc.yaml", "stringData:\n  a: x\n");
    clone.git(&["add", "-A"]).succeeds();
    let diff = clone
        .sops_rs(&["diff", "--cached", "--names-only"])
        .succeeds()
        .stdout;
    let recipient = sops_test_support::environment::recipient();
    let expected = format!(
        "deleted: {FILE}\n  - recipient {recipient}\n  - apiVersion: v1\n  - kind: Secret\n  \
         - metadata.name: db\n  - stringData.password\n  - stringData.user\n\n\
         added: new.enc.yaml\n  + recipient {recipient}\n  + stringData.a\n"
    );
    assert_eq!(
        diff,
        expected
            .replace(": v1", "")
            .replace(": Secret", "")
            .replace("name: db", "name")
    );
}

#[test]
fn a_file_that_is_in_plaintext_now_is_reported_in_capitals() {
    let clone = GitClone::with(FILE, &secret("correct-horse"));
    let plaintext = clone.environment.decrypt(FILE);
    clone.environment.write(FILE, plaintext);
    let run = clone
        .sops_rs(&["diff"])
        .succeeds()
        .keeps(&["correct-horse"]);
    let recipient = sops_test_support::environment::recipient();
    let expected = format!(
        "modified: {FILE}\n  ! THE FILE IS IN PLAINTEXT NOW: everyone who can read the file can read its values\n  - recipient {recipient}\n"
    );
    assert_eq!(run.stdout, expected);
}

#[test]
fn conflicts_are_named() {
    let clone = GitClone::with(FILE, &secret("first"));
    clone
        .git(&["config", "--remove-section", "merge.sops"])
        .succeeds();
    clone.git(&["checkout", "-qb", "topic"]).succeeds();
    clone.set(FILE, "theirs");
    clone.commit_all();
    clone.git(&["checkout", "-q", "main"]).succeeds();
    clone.set(FILE, "ours");
    clone.commit_all();
    assert_eq!(clone.git(&["merge", "-q", "topic"]).code, Some(1));
    let expected = format!(
        "unmerged: {FILE}\n  ! the file has conflicts; `sops-rs resolve db.enc.yaml` resolves them\n"
    );
    assert_eq!(clone.diff(&[]), expected);
    let head = clone.diff(&["HEAD"]);
    assert!(head.contains("has conflict markers"), "{head}");
}

#[test]
fn subdirectories_and_odd_names() {
    let clone = GitClone::new();
    let names = [
        "apps/a b.enc.yaml",
        "--cached",
        "HEAD.enc.yaml",
        "-x.enc.yaml",
    ];
    for name in names {
        clone.encrypt(name, &secret("first"));
    }
    clone.commit_all();
    for name in names {
        clone.encrypt(name, &secret("second"));
    }
    let diff = clone.diff(&[]);
    for name in names {
        assert!(diff.contains(&format!("modified: {name}\n")), "{diff}");
    }
    let run = clone
        .sops_rs_in(clone.path("apps"), &["diff", "--names-only", "."])
        .succeeds();
    assert!(
        run.stdout.starts_with("modified: apps/a b.enc.yaml\n"),
        "{run}"
    );
    assert_eq!(run.stdout.matches("modified").count(), 1, "{run}");
    let only = clone.diff(&["--", "--cached"]);
    assert_eq!(only.matches("modified: --cached\n").count(), 1, "{only}");
}

#[test]
fn words_that_name_nothing_are_errors() {
    let clone = GitClone::with(FILE, &secret("first"));
    for words in [&["nothing"][..], &["HEAD", "nothing"], &["nothing..HEAD"]] {
        let run = clone.sops_rs(&[&["diff"], words].concat()).fails_with(2);
        assert!(
            run.stderr.contains("is neither a revision nor a file"),
            "{run}"
        );
    }
    for words in [&["HEAD", "HEAD", "HEAD"][..], &["--cached", "HEAD", "HEAD"]] {
        let run = clone.sops_rs(&[&["diff"], words].concat()).fails_with(2);
        assert!(run.stderr.contains("too many revisions"), "{run}");
    }
    // Before the first commit, the index is compared with nothing.
    let new = GitClone::new();
    new.encrypt(FILE, &secret("first"));
    new.git(&["add", "-A"]).succeeds();
    assert!(
        new.diff(&["--cached"])
            .starts_with(&format!("added: {FILE}\n"))
    );
}

/// Git prints an ID of the edited file, although it has not stored the content.
#[test]
fn a_renamed_file_that_was_edited_later_is_read_from_the_working_tree() {
    let clone = GitClone::with(FILE, &secret("first"));
    clone.git(&["mv", FILE, "new.enc.yaml"]).succeeds();
    clone.set("new.enc.yaml", "second");
    let expected = format!(
        "renamed: {FILE} -> new.enc.yaml\n  ~ stringData.password\n      - first\n      + second\n"
    );
    assert_eq!(clone.diff(&["HEAD"]), expected);
}

#[test]
fn two_unrelated_files_are_not_called_renamed() {
    let clone = GitClone::with("a.enc.yaml", &secret("first"));
    clone.encrypt("b.enc.yaml", &secret("second"));
    let files = ["--no-index", "a.enc.yaml", "b.enc.yaml"];
    let expected = "different: a.enc.yaml and b.enc.yaml\n  ~ data key: different\n  ~ stringData.password\n      - first\n      + second\n";
    assert_eq!(clone.diff(&files), expected);
    let json = clone.diff(&[&["--format", "json"], &files[..]].concat());
    assert!(
        !json.contains("renamed") && !json.contains("rotated"),
        "{json}"
    );
}
