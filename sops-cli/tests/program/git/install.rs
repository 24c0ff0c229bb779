//! The changes that `sops-rs git install` and `uninstall` make.

use std::fs;
use std::os::unix::fs::symlink;

use sops_test_support::environment::{TestEnvironment, program};

use super::{GitClone, secret};

const BLOCK: &str = "\
# BEGIN sops-rs: `sops-rs git install` writes these lines
*.enc.yaml diff=sops merge=sops
# END sops-rs
";

#[test]
fn git_shows_values_after_git_install() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    assert_eq!(clone.attributes(), BLOCK);
    clone.set("db.enc.yaml", "battery-staple");
    let diff = clone.git(&["diff"]).succeeds().stdout;
    let changed = "-  password: correct-horse\n+  password: battery-staple\n";
    assert!(diff.contains(changed), "{diff}");
    assert!(
        !diff.contains("ENC[") && !diff.contains("lastmodified"),
        "{diff}"
    );
    clone.commit_all();
    let log = clone.git(&["log", "-p"]).succeeds().stdout;
    assert!(
        log.contains(changed) && log.contains("+  password: correct-horse\n"),
        "{log}"
    );
    // Git has never stored the text that it showed.
    let notes = clone.git(&["for-each-ref", "refs/notes"]).succeeds();
    assert_eq!(notes.stdout, "");
}

#[test]
fn all_settings_are_written_and_removed() {
    let clone = GitClone::new();
    let before = clone.environment.read(".git/config");
    clone.sops_rs(&["git", "install"]).succeeds();
    let link = clone
        .environment
        .home()
        .join(".local/share/sops-rs/clones/git-sops-textconv");
    let textconv = clone.setting("diff.sops.textconv");
    assert_eq!(textconv.as_deref(), link.to_str());
    assert_eq!(
        fs::canonicalize(&link).expect("the link exists"),
        fs::canonicalize(program()).expect("the program exists")
    );
    for (key, value) in [
        ("diff.sops.cachetextconv", "false"),
        ("merge.sops.recursive", "binary"),
        ("mergetool.sops.trustExitCode", "true"),
    ] {
        assert_eq!(clone.setting(key).as_deref(), Some(value), "{key}");
    }
    let driver = clone
        .setting("merge.sops.driver")
        .expect("the setting exists");
    let program = program().display().to_string();
    assert!(
        driver.starts_with(&format!("[ -x {program} ] || {{ "))
            && driver.contains(&format!("; exec {program} "))
            && driver.ends_with(" -- %O %A %B %P"),
        "{driver}"
    );
    assert!(
        driver.contains(" git merge-driver --marker-size %L "),
        "{driver}"
    );
    let tool = clone
        .setting("mergetool.sops.cmd")
        .expect("the setting exists");
    assert_eq!(
        tool,
        format!("{program} resolve --mergetool -- \"$MERGED\"")
    );

    let config = clone.environment.read(".git/config");
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.environment.read(".git/config"), config);
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    assert_eq!(clone.environment.read(".git/config"), before);
    assert!(!clone.path(".gitattributes").exists());
    let run = clone.sops_rs(&["git", "uninstall"]).succeeds();
    assert!(
        run.stderr
            .contains("No settings or lines of sops-rs are installed"),
        "{run}"
    );
}

#[test]
fn lines_and_settings_of_other_programs_stay() {
    for foreign in ["*.png binary\n", "# ours\r\n*.txt text\r\n", "*.png binary"] {
        let clone = GitClone::new();
        clone.environment.write(".gitattributes", foreign);
        clone
            .git(&["config", "diff.sops.xfuncname", "^a"])
            .succeeds();
        clone
            .git(&["config", "merge.other.driver", "true"])
            .succeeds();
        let before = clone.environment.read(".git/config");
        for _ in 0..2 {
            clone.sops_rs(&["git", "install"]).succeeds();
            let text = clone.attributes();
            assert!(text.starts_with(foreign), "{text}");
            assert_eq!(
                text.matches("*.enc.yaml diff=sops merge=sops\n").count(),
                1,
                "{text}"
            );
        }
        clone.sops_rs(&["git", "uninstall"]).succeeds();
        assert_eq!(clone.attributes(), foreign);
        assert_eq!(clone.environment.read(".git/config"), before);
    }
}

#[test]
fn settings_of_another_program_are_named_and_never_removed() {
    let clone = GitClone::new();
    clone
        .git(&["config", "diff.sops.textconv", "sops decrypt"])
        .succeeds();
    let run = clone.sops_rs(&["git", "install"]).succeeds();
    assert!(
        run.stderr
            .contains("replacing `diff.sops.textconv`, which was `sops decrypt`"),
        "{run}"
    );
    clone
        .git(&["config", "diff.sops.textconv", "sops decrypt"])
        .succeeds();
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    assert_eq!(
        clone.setting("diff.sops.textconv").as_deref(),
        Some("sops decrypt")
    );
    assert_eq!(
        clone.setting("diff.sops.cachetextconv").as_deref(),
        Some("false")
    );
    assert_eq!(clone.setting("merge.sops.driver"), None);
}

#[test]
fn only_encrypted_files_are_covered() {
    let clone = GitClone::new();
    let rules = clone
        .environment
        .read(".sops.yaml")
        .replace(r"\.enc\.yaml$", r"\.yaml$");
    clone.environment.write(".sops.yaml", rules);
    clone.encrypt("apps/db.yaml", &secret("a"));
    clone.encrypt("odd [1] \"name\".yaml", &secret("a"));
    clone.encrypt("--config=x.yaml.bak", &secret("a"));
    clone.environment.write("plain.yaml", "a: 1\n");
    clone.sops_rs(&["git", "install"]).succeeds();
    let expected = [
        "/--config=x.yaml.bak",
        "/apps/db.yaml",
        r#""/odd \\[1] \"name\".yaml""#,
    ];
    assert_eq!(clone.patterns(), expected);
    for (file, value) in [
        ("apps/db.yaml", "sops"),
        ("odd [1] \"name\".yaml", "sops"),
        ("--config=x.yaml.bak", "sops"),
        ("plain.yaml", "unspecified"),
        ("new.yaml", "unspecified"),
    ] {
        let run = clone
            .git(&["check-attr", "-z", "merge", "--", file])
            .succeeds();
        assert!(
            run.stdout.ends_with(&format!("\0{value}\0")),
            "{file}: {run}"
        );
    }
    // A second file is covered by the second run.
    clone.encrypt("apps/web.yaml", &secret("a"));
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.patterns().len(), 4);
}

#[test]
fn a_pattern_of_a_rule_covers_future_files_but_no_plaintext() {
    let clone = GitClone::new();
    let rule = |expression: &str| {
        let rules = clone.environment.read(".sops.yaml");
        let rules = rules.lines().map(|line| match line.contains("path_regex") {
            true => format!("- path_regex: {expression}\n"),
            false => format!("{line}\n"),
        });
        clone
            .environment
            .write(".sops.yaml", rules.collect::<String>());
        clone.sops_rs(&["git", "install"]).succeeds();
        clone.patterns()
    };
    clone.encrypt("secrets/db.yaml", &secret("a"));
    assert_eq!(rule("^secrets/"), ["/secrets/**"]);
    clone
        .environment
        .write("secrets/kustomization.yaml", "resources: [db.yaml]\n");
    assert_eq!(rule("^secrets/"), ["/secrets/db.yaml"]);
    assert_eq!(rule("^secrets/db"), ["/secrets/db*", "/secrets/db*/**"]);
    // If the user has written a line for the files, no other line is needed.
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    let own = "secrets/d*.yaml -text diff=sops merge=sops\n";
    clone.environment.write(".gitattributes", own);
    rule("^other");
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    assert_eq!(clone.attributes(), own);
}

/// The last line that matches a file counts, and ours come last.
#[test]
fn a_later_line_that_takes_the_attributes_back_is_overridden() {
    for foreign in [
        "*.yaml diff=sops merge=sops\n* -diff -merge\n",
        "*.yaml diff=sops merge=sops\n*.yaml diff=other\n",
        "* -diff -merge\n",
    ] {
        let clone = GitClone::new();
        clone.encrypt("db.yaml", &secret("a"));
        clone.environment.write(".gitattributes", foreign);
        for _ in 0..2 {
            clone.sops_rs(&["git", "install"]).succeeds();
            clone.sops_rs(&["git", "status"]).succeeds();
            assert!(clone.attributes().starts_with(foreign));
        }
        // A line after ours.
        let text = format!("{}* -diff -merge\n", clone.attributes());
        clone.environment.write(".gitattributes", text);
        clone.sops_rs(&["git", "status"]).fails_with(1);
        clone.sops_rs(&["git", "install"]).succeeds();
        clone.sops_rs(&["git", "status"]).succeeds();
    }
}

#[test]
fn attributes_of_other_files_that_override_ours_are_an_error() {
    for other in ["apps/.gitattributes", ".git/info/attributes"] {
        let clone = GitClone::new();
        clone.encrypt("apps/db.yaml", &secret("a"));
        clone.environment.write(other, "*.yaml -diff -merge\n");
        let run = clone.sops_rs(&["git", "install"]).fails_with(1);
        let message = format!(
            "lines in {other} override `diff=sops merge=sops` for encrypted files: apps/db.yaml"
        );
        assert!(run.stderr.contains(&message), "{run}");
        clone.environment.write(other, "");
        clone.sops_rs(&["git", "install"]).succeeds();
    }
}

#[test]
fn install_global_sets_up_all_clones_of_the_user() {
    let clone = GitClone::with("db.enc.yaml", &secret("correct-horse"));
    clone.sops_rs(&["git", "uninstall"]).succeeds();
    clone.git(&["checkout", "-q", ".gitattributes"]).succeeds();
    let attributes = clone.attributes();
    let before = clone.environment.read(".git/config");
    clone.set("db.enc.yaml", "battery-staple");
    clone
        .sops_rs_in(clone.environment.home(), &["git", "install", "--global"])
        .succeeds();
    assert_eq!(clone.environment.read(".git/config"), before);
    assert_eq!(clone.attributes(), attributes);
    let diff = clone.git(&["diff"]).succeeds().stdout;
    assert!(diff.contains("+  password: battery-staple\n"), "{diff}");
    clone.sops_rs(&["git", "status"]).succeeds();
    clone.sops_rs(&["git", "uninstall", "--global"]).succeeds();
    let config = fs::read_to_string(clone.environment.home().join(".gitconfig"));
    assert_eq!(config.unwrap_or_default(), "");
    // The link for clones with their own settings stays.
    let links = clone.environment.home().join(".local/share/sops-rs");
    assert!(links.join("clones").exists() && !links.join("user").exists());
}

#[test]
fn a_symbolic_link_named_gitattributes_is_refused() {
    let clone = GitClone::new();
    clone.encrypt("db.enc.yaml", &secret("a"));
    clone.environment.write("elsewhere", "*.png binary\n");
    symlink("elsewhere", clone.path(".gitattributes")).expect("the directory is writable");
    let run = clone.sops_rs(&["git", "install"]).fails_with(1);
    assert!(
        run.stderr.contains("is a symbolic link, which Git ignores"),
        "{run}"
    );
    assert_eq!(clone.environment.read("elsewhere"), "*.png binary\n");
}

#[test]
fn git_install_outside_of_a_repository_is_an_error() {
    let environment = TestEnvironment::new();
    for command in ["install", "uninstall", "status"] {
        let run = environment.run(&["git", command]).fails_with(2);
        assert!(run.stderr.contains("not a git repository"), "{run}");
    }
    assert_eq!(environment.names(), [""; 0]);
}

#[test]
fn proposals_are_not_named() {
    let clone = GitClone::with("db.enc.yaml", &secret("a"));
    let before = clone.patterns();
    let propose = [
        "propose",
        "db.enc.yaml",
        "stringData.password",
        "--generate",
        "20",
    ];
    clone.sops_rs(&propose).succeeds();
    clone.sops_rs(&["git", "install"]).succeeds();
    assert_eq!(clone.patterns(), before);
    let status = clone.sops_rs(&["git", "status"]).succeeds();
    assert!(!status.stdout.contains(".proposal"), "{status}");
}
