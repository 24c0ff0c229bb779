//! The reports of `sops-rs git status`, the hooks and the lint.

use std::fs;

use serde_json::{Value as Json, json};
use sops_test_support::environment::other_recipient;

use super::{GitClone, secret};

impl GitClone {
    /// The kinds of problems that the status reports.
    fn problems(&self) -> Vec<String> {
        let run = self.sops_rs(&["git", "status", "--json"]);
        let report: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
        let problems = report["problems"].as_array().expect("the value is a list");
        let kinds = problems
            .iter()
            .map(|problem| problem["kind"].as_str().expect("the value is a string"));
        let kinds: Vec<String> = kinds.map(str::to_owned).collect();
        assert_eq!(run.code, Some(i32::from(!kinds.is_empty())), "{run}");
        kinds
    }
}

#[test]
fn a_clone_is_complete_or_not() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let run = clone.sops_rs(&["git", "status"]).succeeds();
    assert_eq!(
        run.stdout,
        "This clone is set up: the encrypted file has its line in .gitattributes, and your keys can decrypt it\n"
    );
    assert_eq!(clone.problems(), [""; 0]);
    clone.git(&["clone", "-q", ".", "../second"]).succeeds();
    let run = clone.sops_rs_in(clone.path("../second"), &["git", "status"]);
    assert_eq!(run.code, Some(1), "{run}");
    let said = [
        "error: this clone is not set up: Git shows and merges ciphertext as text",
        "help: run `sops-rs git install`",
    ];
    assert!(said.iter().all(|said| run.stderr.contains(said)), "{run}");
}

#[test]
fn a_file_that_was_decrypted_is_a_warning() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    clone.sops_rs(&["decrypt", "-i", "db.enc.yaml"]).succeeds();
    for is_committed in [false, true] {
        if is_committed {
            clone.git(&["commit", "-q", "-a", "-m", "x"]).succeeds();
        }
        let run = clone.sops_rs(&["git", "status"]).succeeds();
        let said = run.stderr.replace('\n', " ");
        assert!(
            said.contains("files with `diff=sops` are in plaintext: db.enc.yaml"),
            "{run}"
        );
    }
}

#[test]
fn committed_conflict_markers_are_a_warning() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let file = clone.path("db.enc.yaml");
    let text = fs::read_to_string(&file).expect("the file exists");
    fs::write(
        &file,
        format!("<<<<<<< HEAD\n{text}=======\n>>>>>>> topic\n"),
    )
    .expect("the file can be written");
    clone.git(&["commit", "-q", "-a", "-m", "x"]).succeeds();
    let run = clone.sops_rs(&["git", "status"]).succeeds();
    assert!(
        run.stderr
            .replace('\n', " ")
            .contains("encrypted files have conflicts: db.enc.yaml"),
        "{run}"
    );
}

#[test]
fn conflict_markers_in_the_attributes_are_a_problem_that_install_fixes() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let attributes = clone.path(".gitattributes");
    let text = fs::read_to_string(&attributes).expect("the file exists");
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(1, "<<<<<<< HEAD");
    lines.insert(2, "/a.yaml diff=sops merge=sops");
    lines.insert(3, "=======");
    lines.insert(5, ">>>>>>> topic");
    fs::write(&attributes, lines.join("\n") + "\n").expect("the file can be written");
    assert_eq!(clone.problems(), ["attributes-conflict"]);
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.problems(), [""; 0]);
    let repaired = fs::read_to_string(&attributes).expect("the file exists");
    assert_eq!(repaired, text);
}

#[test]
fn missing_settings_and_other_programs_are_reported() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    clone
        .git(&["config", "--unset", "merge.sops.recursive"])
        .succeeds();
    assert_eq!(clone.problems(), ["missing-settings"]);
    clone.sops_rs(&["git", "install"]).succeeds();
    clone
        .git(&[
            "config",
            "merge.sops.driver",
            "/gone/sops-rs git merge-driver -- %A",
        ])
        .succeeds();
    assert_eq!(clone.problems(), ["outdated-program"]);
    clone
        .git(&["config", "merge.sops.driver", "true"])
        .succeeds();
    assert_eq!(clone.problems(), ["other-program"]);
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.problems(), [""; 0]);
    let link = clone
        .setting("diff.sops.textconv")
        .expect("the setting exists");
    fs::remove_file(link).expect("the file can be removed");
    assert_eq!(clone.problems(), ["outdated-program"]);
}

#[test]
fn files_without_attributes_are_named() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    clone.encrypt("other name.yaml", &secret("a"));
    assert_eq!(clone.problems(), ["uncovered-files"]);
    let run = clone.sops_rs(&["git", "status"]);
    assert!(
        run.stderr
            .contains("`diff=sops merge=sops` for encrypted files: other name.yaml"),
        "{run}"
    );
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.problems(), [""; 0]);
    // Git prefers the attributes of a directory.
    clone.encrypt("apps/db.enc.yaml", &secret("a"));
    clone
        .environment
        .write("apps/.gitattributes", "*.yaml -merge\n");
    assert_eq!(clone.problems(), ["uncovered-files"]);
    let run = clone.sops_rs(&["git", "status"]);
    let named = "remove the lines in apps/.gitattributes that override them";
    assert!(run.stderr.replace('\n', " ").contains(named), "{run}");
    fs::remove_file(clone.path("apps/.gitattributes")).expect("the file can be removed");
    clone
        .environment
        .write(".git/info/attributes", "*.yaml -diff\n");
    let run = clone.sops_rs(&["git", "status"]);
    let named = "remove the lines in .git/info/attributes that override them";
    assert!(run.stderr.replace('\n', " ").contains(named), "{run}");
}

#[test]
fn ciphertext_that_git_shows_for_other_reasons_is_a_warning() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let warnings = |variable: Option<&str>| {
        let mut command = clone.environment.command(&["git", "status", "--json"]);
        command.envs(variable.map(|value| ("CI", value)));
        let run = clone.environment.finish(command).succeeds();
        let report: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
        let warnings = report["warnings"].as_array().expect("it is a list").iter();
        let kinds = warnings.map(|warning| warning["kind"].as_str().expect("it is a string"));
        kinds.map(str::to_owned).collect::<Vec<String>>()
    };
    assert_eq!(warnings(None), [""; 0]);
    assert_eq!(warnings(Some("true")), ["ci"]);
    clone
        .git(&["config", "sops.textconvInCI", "true"])
        .succeeds();
    assert_eq!(warnings(Some("true")), [""; 0]);
    let text = clone.environment.read("db.enc.yaml");
    let altered = text.replace("name: db", "name: other");
    clone.environment.write("db.enc.yaml", altered);
    assert_eq!(warnings(None), ["wrong-mac"]);
}

#[test]
fn encrypted_files_with_conflicts_are_named() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    clone.git(&["checkout", "-q", "-b", "topic"]).succeeds();
    clone.set("db.enc.yaml", "b");
    clone.commit_all();
    clone.git(&["checkout", "-q", "main"]).succeeds();
    clone.set("db.enc.yaml", "c");
    clone.commit_all();
    let run = clone.git(&["merge", "-q", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    for command in [["git", "status"], ["git", "install"]] {
        let run = clone.sops_rs(&command).succeeds();
        assert!(
            run.stderr.contains("`sops-rs resolve db.enc.yaml`"),
            "{run}"
        );
    }
}

#[test]
fn hooks_and_lint_warn_about_files_without_a_line() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let warning = "1 encrypted file has no line in .gitattributes";
    clone.encrypt("other.yaml", &secret("a"));
    clone.git(&["add", "-A"]).succeeds();
    for words in [&["lint"][..], &["hook", "run"]] {
        let run = clone.sops_rs(words);
        assert!(run.stderr.replace('\n', " ").contains(warning), "{run}");
    }
    clone.sops_rs(&["git", "install"]).succeeds();
    clone.git(&["add", "-A"]).succeeds();
    for words in [&["lint"][..], &["hook", "run"]] {
        let run = clone.sops_rs(words);
        assert!(!run.stderr.contains("no line in"), "{run}");
    }
}

#[test]
fn plaintext_that_git_stores_is_reported_everywhere() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    let warns = |words: &[&str]| {
        let run = clone.sops_rs(words);
        run.stderr
            .contains("warning: `refs/notes/textconv/sops` holds plaintext")
    };
    assert!(!warns(&["lint"]));
    clone
        .git(&["config", "diff.sops.cachetextconv", "true"])
        .succeeds();
    assert_eq!(clone.problems(), ["cached-plaintext"]);
    clone.set("db.enc.yaml", "battery-staple");
    clone.commit_all();
    clone.git(&["log", "-p"]).succeeds();
    assert_eq!(clone.problems(), ["cached-plaintext"; 2]);
    clone
        .git(&["config", "diff.sops.cachetextconv", "false"])
        .succeeds();
    assert_eq!(clone.problems(), ["cached-plaintext"]);
    assert!(warns(&["lint"]));
    clone.set("db.enc.yaml", "correct-horse");
    clone.git(&["add", "-A"]).succeeds();
    assert!(warns(&["hook", "run"]));
    clone
        .git(&["update-ref", "-d", "refs/notes/textconv/sops"])
        .succeeds();
    assert_eq!(clone.problems(), [""; 0]);
    assert!(!warns(&["lint"]));
    // A driver with another name that decrypts counts, and one that does not decrypt does not.
    for (name, command, kinds) in [("x", "sops decrypt", 1), ("pdf", "pdftotext", 0)] {
        clone
            .git(&["config", &format!("diff.{name}.textconv"), command])
            .succeeds();
        clone
            .git(&["config", &format!("diff.{name}.cachetextconv"), "yes"])
            .succeeds();
        assert_eq!(clone.problems().len(), kinds, "{name}");
        clone
            .git(&["config", "--remove-section", &format!("diff.{name}")])
            .succeeds();
    }
}

#[test]
fn hooks_and_lint_warn_about_a_clone_that_is_not_set_up() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let warning = "warning: this clone is not set up";
    clone.environment.write("a.md", "a\n");
    clone.git(&["add", "-A"]).succeeds();
    for words in [&["lint"][..], &["hook", "run"]] {
        assert!(!clone.sops_rs(words).stderr.contains(warning));
    }
    clone
        .git(&["config", "--remove-section", "diff.sops"])
        .succeeds();
    clone
        .git(&["config", "--remove-section", "merge.sops"])
        .succeeds();
    for words in [&["lint"][..], &["hook", "run"]] {
        let run = clone.sops_rs(words).succeeds();
        assert!(run.stderr.contains(warning), "{run}");
        // CI does not merge, so it needs no driver.
        let mut command = clone.environment.command(words);
        command.env("CI", "true");
        let run = clone.environment.finish(command).succeeds();
        assert!(!run.stderr.contains(warning), "{run}");
    }
    // A repository without the attributes has not asked for it.
    clone.environment.write(".gitattributes", "");
    assert!(!clone.sops_rs(&["lint"]).stderr.contains(warning));
}

#[test]
fn a_clone_without_a_key_is_set_up_with_a_warning() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let report = || -> Json {
        let run = clone.sops_rs(&["git", "status", "--json"]);
        serde_json::from_str(&run.stdout).expect("the text is JSON")
    };
    assert_eq!(report()["decryptable_files"], 1);
    // A file for someone else.
    clone.environment.write("theirs.enc.yaml", secret("a"));
    let encrypt = ["--config", "/dev/null", "encrypt", "-i", "--age"];
    clone
        .sops_rs(&[&encrypt[..], &[&other_recipient(), "theirs.enc.yaml"]].concat())
        .succeeds();
    let run = clone.sops_rs(&["git", "status"]).succeeds();
    assert_eq!(
        run.stdout,
        "This clone is set up: all 2 encrypted files have their lines in .gitattributes; your keys cannot decrypt theirs.enc.yaml\n"
    );
    assert_eq!(report()["decryptable_files"], 1);
    assert_eq!(report()["warnings"], json!([]));
    // A clone without a key, as in CI, lacks nothing that `install` could add.
    fs::remove_dir_all(clone.environment.home().join(".config")).expect("the key can be removed");
    assert_eq!(clone.problems(), [""; 0]);
    let without_key = report();
    assert_eq!(without_key["decryptable_files"], 0);
    assert_eq!(without_key["warnings"][0]["kind"], "no-key");
    let files = json!(["db.enc.yaml", "theirs.enc.yaml"]);
    assert_eq!(without_key["warnings"][0]["files"], files);
    let run = clone.sops_rs(&["git", "status"]).succeeds();
    assert_eq!(
        run.stdout,
        "This clone is set up: all 2 encrypted files have their lines in .gitattributes\n"
    );
    for said in [
        "warning: none of your private keys can decrypt the encrypted files",
        "`sops-rs whoami`",
    ] {
        assert!(run.stderr.contains(said), "{run}");
    }
}

/// The `enc` of a file can be damaged, so one file does not speak for all.
#[test]
fn a_damaged_file_does_not_hide_that_the_keys_decrypt_the_others() {
    let clone = GitClone::with("a.enc.yaml", &secret("a"));
    clone.encrypt("b.enc.yaml", &secret("b"));
    let text = clone.environment.read("a.enc.yaml");
    let line = text.lines().find(|line| line.contains("-----BEGIN AGE"));
    let line = line.expect("the file has an age key");
    let next = text.split_once(line).expect("the file has the line").1;
    let first = next.trim_start().lines().next().expect("the key has lines");
    let damaged = text.replace(first, &first.chars().rev().collect::<String>());
    clone.environment.write("a.enc.yaml", damaged);
    assert_eq!(clone.problems(), [""; 0]);
}
