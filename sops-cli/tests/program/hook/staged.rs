//! Before a commit: what is staged.

use std::fs;
use std::os::unix::fs::symlink;

use sops_test_support::environment::{other_recipient, recipient};

use super::{HARMLESS, PLAIN, Repository, both, refused, rules};

#[test]
fn plaintext_is_refused_and_encrypted_files_are_not() {
    let repository = Repository::new();
    // The first commit has no parent.
    repository.add("a.yaml", PLAIN);
    repository.refuses("SL010");
    repository.sops_rs(&["encrypt", "-i", "a.yaml"]).succeeds();
    // The file is encrypted, but not added.
    repository.refuses("run `git add a.yaml`");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    // A value that is added by hand, and a second document.
    let encrypted = repository.0.read("a.yaml");
    let by_hand = encrypted.replace("stringData:\n", "stringData:\n  more: correct-horse\n");
    repository.add("a.yaml", &by_hand);
    repository.refuses("`stringData.more` is in plaintext");
    repository.add("a.yaml", &format!("{encrypted}---\n{PLAIN}"));
    repository.refuses("SL011");
    repository.add("a.yaml", &encrypted);
    repository.add("key.txt", &sops_test_support::environment::identity());
    repository.refuses("SL014");
}

#[test]
fn the_index_counts_and_not_the_working_tree() {
    let repository = Repository::new();
    repository.add("a.yaml", PLAIN);
    repository.0.write("a.yaml", HARMLESS);
    repository.refuses("a.yaml:6");
    repository.git(&["add", "a.yaml"]).succeeds();
    repository.0.write("a.yaml", PLAIN);
    repository.commit().succeeds();
    // `commit -a` has an index of its own.
    let run = repository.git(&["commit", "-q", "-a", "-m", "x"]);
    repository.is_refused(run, "a.yaml:6");
    // The staged rule counts.
    repository
        .git(&["checkout", "-q", "--", "a.yaml"])
        .succeeds();
    repository.add("values.yaml", "stringData:\n  a: correct-horse\n");
    repository.git(&["add", ".sops.yaml"]).succeeds();
    repository.0.write(".sops.yaml", "creation_rules: []\n");
    repository.refuses("a creation rule covers this file");
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused_with_its_error() {
    let rules = rules(&recipient());
    for (text, said) in [
        (rules.replace("path_regex", "path_regexp"), ".sops.yaml:2:3"),
        (rules.replace("  age", "\tage"), ".sops.yaml:3:20"),
        ("creation_rules: [".to_owned(), ".sops.yaml:1:"),
    ] {
        let repository = Repository::new();
        repository.add(".sops.yaml", &text);
        repository.refuses(said);
        repository.add("values.yaml", "stringData:\n  a: correct-horse\n");
        repository.add("more.yaml", "stringData:\n  a: correct-horse\n");
        // The working tree does not matter.
        repository.0.write(".sops.yaml", &rules);
        let run = repository.commit();
        assert_eq!(run.stderr.matches("error: ").count(), 1, "{run}");
        repository.is_refused(run, said);
        repository.git(&["add", ".sops.yaml"]).succeeds();
        repository.refuses("a creation rule covers this file");
    }
}

#[test]
fn only_configurations_for_staged_files_are_needed() {
    let repository = Repository::new();
    repository.add("sub/.sops.yaml", "creation_rules: [");
    let no_hook = ["commit", "-q", "--no-verify", "-m", "x"];
    repository.git(&no_hook).succeeds();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.add("sub/b.yaml", HARMLESS);
    repository.refuses("sub/.sops.yaml:1:");
    repository.add(".sops-lint.yaml", "exclude: ['sub/**']\n");
    repository.add("sub/.sops.yaml", "creation_rules: {");
    repository.commit().succeeds();
}

#[test]
fn a_configuration_may_be_a_symbolic_link() {
    let repository = Repository::new();
    let link = |target: &str| {
        let path = repository.0.path("sub/.sops.yaml");
        let _ = fs::remove_file(&path);
        symlink(target, path).expect("the link can be created");
        repository.git(&["add", "sub/.sops.yaml"]).succeeds();
    };
    repository.add("sub/values.yml", "stringData:\n  a: correct-horse\n");
    let other = rules(&recipient()).replace("yaml$", "yml$");
    repository.0.write("rules/sops.yaml", &other);
    for target in [
        "../rules/sops.yaml",
        "/etc/hostname",
        "../../outside.yaml",
        ".sops.yaml",
        "nowhere",
    ] {
        link(target);
        repository.refuses("sub/.sops.yaml");
        repository.refuses("the symbolic link points to a file that is not in Git's index");
    }
    link("../rules/more");
    symlink("./sops.yaml", repository.0.path("rules/more")).expect("the link can be created");
    repository.git(&["add", "rules"]).succeeds();
    repository.refuses("a creation rule covers this file");

    // A change of the link's target affects the governed files like a change of the file itself.
    repository.add("rules/sops.yaml", &rules(&recipient()));
    repository.commit().succeeds();
    repository.add("rules/sops.yaml", &other);
    repository.refuses("sub/values.yml:2");
    let no_hook = ["commit", "-q", "--no-verify", "-m", "x"];
    repository.git(&no_hook).succeeds();
    repository.add("rules/sops.yaml", &format!("# more\n{other}"));
    repository.commit().succeeds();
}

#[test]
fn the_staged_baseline_counts() {
    let repository = Repository::new();
    repository.add("a.yaml", PLAIN);
    repository.add(".sops-lint.yaml", "baseline: known.json\n");
    let write = ["lint", "--settings", "/dev/null", "--write-baseline"];
    let write = [&write[..], &["known.json"]].concat();
    repository.sops_rs(&write).succeeds();
    let run = repository.commit().fails_with(1);
    assert!(run.stderr.contains("not in Git's index"), "{run}");

    let known = repository.0.read("known.json");
    repository.add("known.json", "{\"findings\": []}\n");
    repository.0.write("known.json", &known);
    repository.refuses("SL010");
    repository.git(&["add", "known.json"]).succeeds();
    repository.0.write("known.json", "{\"findings\": []}\n");
    repository.commit().succeeds();
}

#[test]
fn plaintext_that_cannot_be_encrypted_is_refused_with_the_reason() {
    let repository = Repository::new();
    let rules = rules(&recipient()).replace("yaml$", "(yaml|env|ini)$");
    let all = rules.replace("  encrypted_regex: ^(data|stringData)$\n", "");
    repository.add(".sops.yaml", &all);
    for (name, text, said) in [
        ("a.ini", "[db]\na = correct-horse\n", "in plaintext: `db.a`"),
        ("a.env", "A=b\ncorrect-horse\n", "missing `=`"),
        ("a.yaml", "a: correct-horse\na: b\n", "appears twice"),
        ("a.yaml", "- correct-horse\n", "must be a mapping"),
        ("a.yaml", "5: correct-horse\n", "a key must be a string"),
    ] {
        repository.add(name, text);
        repository.refuses(said);
        repository.git(&["rm", "-q", "-f", name]).succeeds();
    }
}

#[test]
fn a_configuration_change_is_checked_for_unchanged_files() {
    let repository = Repository::with_encrypted(&["a.yaml", "sub/b.yaml"]);
    repository.add(".sops.yaml", &rules(&both()));
    repository.refuses("run `sops-rs updatekeys a.yaml`");
    repository.refuses("run `sops-rs updatekeys sub/b.yaml`");
    // Staged files count.
    let update = ["updatekeys", "-y", "a.yaml", "sub/b.yaml"];
    repository.sops_rs(&update).succeeds();
    repository.refuses("SL012");
    repository.git(&["add", "a.yaml"]).succeeds();
    repository.refuses("sub/b.yaml");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();

    let other_rule = rules(&both()).replace("(data|stringData)", "(data|stringData|more)");
    repository.add(".sops.yaml", &other_rule);
    repository.refuses("SL013");

    // If a configuration is removed or renamed, another configuration governs its files.
    repository.add(".sops.yaml", &rules(&both()));
    repository.add("sub/.sops.yaml", &rules(&recipient()));
    repository.refuses("sub/b.yaml");
    let no_hook = ["commit", "-q", "--no-verify", "-m", "x"];
    repository.git(&no_hook).succeeds();
    let own = ["--config", "sub/.sops.yaml"];
    let update = ["updatekeys", "-y", "sub/b.yaml"];
    repository.sops_rs(&[&own[..], &update].concat()).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    let moved = ["mv", "sub/.sops.yaml", "sub/old.sops.yaml"];
    repository.git(&moved).succeeds();
    repository.refuses("run `sops-rs updatekeys sub/b.yaml`");
}

#[test]
fn plaintext_that_a_new_rule_covers_is_refused() {
    let repository = Repository::new();
    repository.add("values.yml", "stringData:\n  a: correct-horse\n");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository.add(
        ".sops.yaml",
        &rules(&recipient()).replace("yaml$", "ya?ml$"),
    );
    repository.refuses("a creation rule covers this file");
    // If files are named, no others are checked.
    repository
        .0
        .write(".sops-lint.yaml", "exclude: ['*.yml']\n");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
}

#[test]
fn a_configuration_change_without_effect_on_a_file_is_not_reported_for_it() {
    let repository = Repository::with_encrypted(&["a.yaml"]);
    repository.add(".sops.yaml", &rules(&both()));
    let no_hook = ["commit", "-q", "--no-verify", "-m", "x"];
    repository.git(&no_hook).succeeds();
    // The file had other keys before.
    repository.add(".sops.yaml", &format!("# more\n{}", rules(&both())));
    repository.commit().succeeds();
    repository.add(".sops.yaml", &rules(&other_recipient()));
    repository.refuses("a.yaml");
}

#[test]
fn a_file_that_encrypts_more_than_its_rule_selects_passes() {
    let repository = Repository::new();
    let everything = format!("creation_rules:\n- age: {}\n", recipient());
    repository.0.write("all/.sops.yaml", everything);
    let files = [
        ("all.env", "DB_PASSWORD=correct-horse\n"),
        ("all.json", "{\"password\": \"correct-horse\"}\n"),
        ("all.ini", "[db]\npassword = correct-horse\n"),
        ("all.yaml", PLAIN),
    ];
    for (name, text) in files {
        repository.0.write(name, text);
        let config = ["--config", "all/.sops.yaml", "encrypt", "-i", name];
        repository.sops_rs(&config).succeeds();
    }
    let init = format!(
        "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    repository.0.write(".sops.yaml", &init);
    repository
        .git(&[
            "add",
            ".sops.yaml",
            "all.env",
            "all.json",
            "all.ini",
            "all.yaml",
        ])
        .succeeds();
    repository.commit().succeeds();
    let run = repository.sops_rs(&["lint", "--select", "SL013"]);
    assert_eq!(run.stdout.matches("encrypts more than").count(), 4, "{run}");
    // A file with some of the values in plaintext is refused.
    repository
        .0
        .write("all.yaml", format!("{PLAIN}data: {{a: YQ==}}\n"));
    let config = [
        "--config",
        "all/.sops.yaml",
        "encrypt",
        "-i",
        "--encrypted-regex",
        "^stringData$",
        "all.yaml",
    ];
    repository.sops_rs(&config).succeeds();
    repository.git(&["add", "all.yaml"]).succeeds();
    repository.refuses("SL013");
}

#[test]
fn a_secret_in_the_metadata_is_refused_and_another_unknown_key_is_not() {
    let repository = Repository::with_encrypted(&["a.yaml"]);
    let text = repository.0.read("a.yaml");
    let mac = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("mac: "));
    let mac = mac.expect("the file has a MAC");
    let later =
        "    later_kms:\n        - enc: CiQAkPVmx8gZ2b7Qj3Yw9TnRb5HcXs2dLgUe7oMaQiPkV4x6y0\n";
    for lines in ["    note: hello\n", &format!("    MAC: {mac}\n"), later] {
        repository.add("a.yaml", &format!("{text}{lines}"));
        repository.commit().succeeds();
    }
    for line in ["password: correct-horse", "note: S3cr3tP4ss-prod9"] {
        repository.add("a.yaml", &format!("{text}    {line}\n"));
        repository.refuses("in the metadata is in plaintext");
    }
}

#[test]
fn names_are_taken_as_they_are() {
    let repository = Repository::new();
    for name in [
        "with space.yaml",
        "with 'quote\".yaml",
        "with\nnewline.yaml",
        "é.yaml",
        "-n.yaml",
        "deep/er/a.yaml",
    ] {
        repository.add(name, PLAIN);
        let shown = name.replace('\n', "\\n");
        repository.refuses(&shown);
        repository
            .git(&["rm", "-q", "--cached", "--", name])
            .succeeds();
    }
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
}

#[test]
fn renames_and_deletions_are_followed() {
    let repository = Repository::without_hook();
    repository.add("a.yaml", PLAIN);
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.sops_rs(&["hook", "install"]).succeeds();
    repository.git(&["mv", "a.yaml", "c.yaml"]).succeeds();
    repository.refuses("c.yaml");
    repository.git(&["rm", "-q", "-f", "c.yaml"]).succeeds();
    repository.git(&["mv", "b.yaml", "d.yaml"]).succeeds();
    repository.commit().succeeds();
}

#[test]
fn links_submodules_and_binary_files_cause_no_error() {
    let repository = Repository::new();
    symlink("nowhere", repository.0.path("link.yaml")).expect("the link can be created");
    repository
        .0
        .write("binary.png", b"\xff\xfe\x00stringData: a\n");
    repository.0.write("empty.yaml", "");
    let inner = repository.0.path("inner");
    fs::create_dir(&inner).expect("the directory can be created");
    repository.git_in(&inner, &["init", "-q"]).succeeds();
    let empty = ["commit", "-q", "--allow-empty", "-m", "x"];
    repository.git_in(&inner, &empty).succeeds();
    repository.git(&["add", "."]).succeeds();
    let staged = repository
        .git(&["ls-files", "-s", "inner"])
        .succeeds()
        .stdout;
    assert!(staged.starts_with("160000"), "{staged}");
    repository.commit().succeeds();
}

#[test]
fn plaintext_in_another_encoding_is_refused() {
    let repository = Repository::new();
    repository.git(&["add", ".sops.yaml"]).succeeds();
    let utf16: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1 = PLAIN.as_bytes().iter().map(|byte| match byte {
        b'-' => 0xFC,
        byte => *byte,
    });
    for (name, bytes) in [
        ("utf16.yaml", [&b"\xff\xfe"[..], &utf16].concat()),
        ("latin1.yaml", latin1.collect()),
    ] {
        repository.0.write(name, bytes);
        repository.git(&["add", name]).succeeds();
        repository.refuses(name);
        repository.git(&["rm", "-q", "-f", name]).succeeds();
    }
}

#[test]
fn a_worktree_has_the_hook_too() {
    let repository = Repository::new();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository
        .git(&["worktree", "add", "-q", "../other"])
        .succeeds();
    let other = repository.0.path("../other");
    fs::write(other.join("a.yaml"), PLAIN).expect("the file can be written");
    repository.git_in(&other, &["add", "a.yaml"]).succeeds();
    let run = repository.git_in(&other, &["commit", "-q", "-m", "x"]);
    repository.is_refused(run, "a.yaml");
}

#[test]
fn from_a_subdirectory_the_same_files_are_checked() {
    let repository = Repository::new();
    repository.add("sub/a.yaml", PLAIN);
    repository.add("other/b.yaml", PLAIN);
    repository.git(&["add", ".sops.yaml"]).succeeds();
    for help in ["a.yaml", "../other/b.yaml"] {
        let help = format!("help: sops-rs encrypt -i {help}\n");
        let run = repository.git_in(&repository.0.path("sub"), &["commit", "-q", "-m", "x"]);
        repository.is_refused(run, &help);
        let mut command = repository.0.command(&["hook", "run"]);
        command.current_dir(repository.0.path("sub"));
        repository.is_refused(repository.0.finish(command), &help);
    }
    repository.refuses("help: sops-rs encrypt -i sub/a.yaml\n");
}

#[test]
fn a_merge_is_checked_like_a_commit() {
    let repository = Repository::new();
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository
        .git(&["checkout", "-q", "-b", "feature"])
        .succeeds();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    let run = repository.git(&["merge", "-q", "--no-edit", "feature"]);
    repository.is_refused(run, "a.yaml:6");
    // `git commit` concludes a merge after a conflict.
    repository.refuses("a.yaml:6");
}

#[test]
fn a_merge_may_take_files_that_are_on_a_remote() {
    let repository = Repository::new();
    repository.add_remote("origin");
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository
        .git(&["checkout", "-q", "-b", "feature"])
        .succeeds();
    repository.add("a.yaml", PLAIN);
    repository.commit_unchecked();
    let push = ["push", "-q", "--no-verify", "origin", "feature"];
    repository.git(&push).succeeds();
    repository.git(&["checkout", "-q", "main"]).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
    let merge = ["merge", "-q", "--no-edit", "--no-commit", "feature"];
    repository.git(&merge).succeeds();
    // Changes of the merge itself are still checked.
    repository.add("more.yaml", PLAIN);
    repository.refuses("more.yaml:6");
    repository.git(&["rm", "-q", "-f", "more.yaml"]).succeeds();
    repository.commit().succeeds();
    repository
        .git(&["reset", "-q", "--hard", "HEAD~1"])
        .succeeds();
    let merge = ["merge", "-q", "--no-edit", "feature"];
    repository.git(&merge).succeeds();
}

#[test]
fn a_configuration_is_found_in_a_directory_of_any_name() {
    for directory in [
        "line\nbreak",
        "0:x",
        "1:.sops.yaml",
        "HEAD:x",
        ":",
        "tab\tx",
        "-n",
        "é",
    ] {
        let repository = Repository::new();
        repository.add(".sops.yaml", "creation_rules: []\n");
        let name = |file: &str| format!("{directory}/{file}");
        repository.add(&name(".sops.yaml"), &rules(&recipient()));
        repository.add(&name("values.yaml"), "stringData:\n  a: correct-horse\n");
        repository.refuses("a creation rule covers this file");
    }
}

#[test]
fn a_configuration_that_is_a_link_is_followed_through_linked_directories() {
    let repository = Repository::new();
    repository.add(
        "rules/sops.yaml",
        &rules(&recipient()).replace("yaml$", "yml$"),
    );
    symlink("rules", repository.0.path("current")).expect("the link can be created");
    fs::create_dir(repository.0.path("sub")).expect("the directory can be created");
    symlink("../current/sops.yaml", repository.0.path("sub/.sops.yaml"))
        .expect("the link can be created");
    repository.add("sub/values.yml", "stringData:\n  a: correct-horse\n");
    repository.git(&["add", "."]).succeeds();
    repository.refuses("a creation rule covers this file");
}

#[test]
fn a_configuration_whose_target_is_deleted_is_refused() {
    let repository = Repository::new();
    repository.0.write("rules/sops.yaml", rules(&recipient()));
    symlink("rules/more", repository.0.path("more")).expect("the link can be created");
    symlink("sops.yaml", repository.0.path("rules/more")).expect("the link can be created");
    fs::create_dir(repository.0.path("sub")).expect("the directory can be created");
    symlink("../more", repository.0.path("sub/.sops.yaml")).expect("the link can be created");
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    for target in ["rules/sops.yaml", "rules/more", "more"] {
        repository.git(&["rm", "-q", "--cached", target]).succeeds();
        repository.refuses("the symbolic link points to a file that is not in Git's index");
        repository.git(&["reset", "-q"]).succeeds();
    }
}

#[test]
fn git_settings_do_not_change_the_checked_files() {
    for (name, value) in [
        ("diff.relative", "true"),
        ("diff.renames", "copies"),
        ("diff.noprefix", "true"),
        ("diff.external", "true"),
        ("core.quotePath", "false"),
        ("color.ui", "always"),
        ("diff.ignoreSubmodules", "all"),
    ] {
        let repository = Repository::new();
        repository.git(&["config", name, value]).succeeds();
        repository.add("a.yaml", PLAIN);
        repository.0.write("sub/b.yaml", HARMLESS);
        let mut command = repository.0.command(&["hook", "run"]);
        command.current_dir(repository.0.path("sub"));
        repository.is_refused(repository.0.finish(command), "../a.yaml:6");
    }
}

#[test]
fn a_replaced_object_hides_nothing() {
    let repository = Repository::new();
    repository.add("a.yaml", PLAIN);
    repository.add("b.yaml", HARMLESS);
    let blob = |name: &str| {
        let id = repository.git(&["rev-parse", name]).succeeds().stdout;
        id.trim().to_owned()
    };
    let replace = ["replace", &blob(":a.yaml"), &blob(":b.yaml")];
    repository.git(&replace).succeeds();
    repository.refuses("a.yaml:6");
}

#[test]
fn a_partial_commit_is_checked_for_what_it_contains() {
    let repository = Repository::new();
    repository.add("a.yaml", HARMLESS);
    repository.add("b.yaml", HARMLESS);
    repository.commit().succeeds();
    repository.0.write("a.yaml", PLAIN);
    repository.0.write("b.yaml", format!("{HARMLESS}  c: d\n"));
    // `git commit FILE` uses a temporary index.
    let run = repository.git(&["commit", "-q", "-m", "x", "a.yaml"]);
    repository.is_refused(run, "a.yaml:6");
    repository
        .git(&["commit", "-q", "-m", "x", "b.yaml"])
        .succeeds();
    // A file with intent-to-add is not part of the commit.
    repository.0.write("later.yaml", PLAIN);
    repository.git(&["add", "-N", "later.yaml"]).succeeds();
    repository.add("c.yaml", HARMLESS);
    repository.commit().succeeds();
}

#[test]
fn a_sha_256_repository_is_checked() {
    let repository = Repository(sops_test_support::environment::TestEnvironment::new());
    let init = ["init", "-q", "-b", "main", "--object-format=sha256"];
    repository.git(&init).succeeds();
    repository.sops_rs(&["hook", "install"]).succeeds();
    repository.add("a.yaml", PLAIN);
    repository.refuses("a.yaml:6");
    repository.commit_unchecked();
    refused(
        &repository.sops_rs(&["hook", "run", "--from-ref", &"0".repeat(64)]),
        &["a.yaml:6"],
    );
}

#[test]
fn a_commit_in_a_submodule_is_checked() {
    let repository = Repository::without_hook();
    repository
        .git(&["init", "-q", "-b", "main", "../inner"])
        .succeeds();
    let inner = repository.0.path("../inner");
    repository
        .git_in(&inner, &["commit", "-q", "--allow-empty", "-m", "x"])
        .succeeds();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "../inner",
        "sub",
    ];
    repository.git(&add).succeeds();
    let sub = repository.0.path("sub");
    repository.install_in(&sub);
    assert!(
        repository
            .0
            .path(".git/modules/sub/hooks/pre-push")
            .exists()
    );
    fs::write(sub.join("a.yaml"), PLAIN).expect("the file can be written");
    repository.git_in(&sub, &["add", "."]).succeeds();
    let run = repository.git_in(&sub, &["commit", "-q", "-m", "x"]);
    repository.is_refused(run, "a.yaml:6");
}

#[test]
fn a_configuration_with_intent_to_add_does_not_count() {
    let repository = Repository::new();
    repository.add(".sops.yaml", &rules(&recipient()));
    repository.0.write("sub/.sops.yaml", "creation_rules: []\n");
    repository.git(&["add", "-N", "sub/.sops.yaml"]).succeeds();
    repository.add("sub/values.yaml", "stringData:\n  a: correct-horse\n");
    repository.refuses("a creation rule covers this file");
    // A staged configuration with a rule for the file counts.
    let own = format!(
        "creation_rules:\n- encrypted_regex: ^none$\n  age: {}\n",
        recipient()
    );
    repository.add("sub/.sops.yaml", &own);
    repository.commit().succeeds();
}

#[test]
fn one_command_is_shown_for_many_plaintext_files() {
    let repository = Repository::new();
    let names = ["a.yaml", "sub/b.yaml", "sub/c.yaml", "d.yaml"];
    for name in names {
        repository.add(name, PLAIN);
    }
    // Without a configuration, all files need the same step.
    let configuration = repository.0.read(".sops.yaml");
    fs::remove_file(repository.0.path(".sops.yaml")).expect("the file can be removed");
    let run = repository.commit();
    refused(&run, &names);
    let add_rule = "add a creation rule for the file";
    assert_eq!(run.stderr.matches(add_rule).count(), 1, "{run}");
    assert!(!run.stdout.contains(add_rule), "{run}");
    repository.add(".sops.yaml", &configuration);
    repository.git(&["reset", "-q", "--", "d.yaml"]);
    let run = repository.commit();
    refused(&run, &["help: sops-rs encrypt -i a.yaml"]);
    repository.git(&["add", "d.yaml"]).succeeds();
    let run = repository.commit();
    refused(&run, &names);
    assert!(!run.stdout.contains("encrypt -i"), "{run}");
    assert!(!run.stderr.contains("encrypt -i"), "{run}");
    let command = "run `sops-rs lint --fix --select SL010`";
    assert!(run.stderr.contains(command), "{run}");
    // The command finds all files, whatever directory Git was called in.
    let commit = ["commit", "-q", "-m", "x"];
    let run = repository.git_in(&repository.0.path("sub"), &commit);
    let command = "run `sops-rs lint --fix --select SL010 ..`";
    assert!(run.stderr.contains(command), "{run}");
    let mut fix = repository
        .0
        .command(&["lint", "--fix", "--select", "SL010", ".."]);
    fix.current_dir(repository.0.path("sub"));
    repository.0.finish(fix).succeeds();
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
}

#[test]
fn passwords_in_other_manifests_and_in_copies_are_refused() {
    let repository = Repository::new();
    let rules = format!(
        "creation_rules:\n- path_regex: ^secrets/\n  age: {}\n",
        recipient()
    );
    repository.add(".sops.yaml", &rules);
    repository.add("secrets/generate.sh", "#!/bin/sh\nopenssl rand -hex 32\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  app.ini: |\n    host = db\n";
    repository.add("secrets/map.yaml", map);
    repository.commit().succeeds();
    let password = format!("{map}    password = Xk9$vTq2!mLpzR7w\n");
    let other_version = PLAIN.replace("apiVersion: v1", "apiVersion: apps/v1");
    let misspelt = "apiVersion: v1\nkind: Sercet\nmetadata: {name: a}\ndata: {a: aHVudGVyMg==}\n";
    for (path, text) in [
        ("secrets/map.yaml", &*password),
        ("secrets/map.yaml.bak", &password),
        ("secrets/app.json.bak", "DB_PASSWORD=Xk9$vTq2!mLpzR7w\n"),
        (
            "secrets/README.md",
            "# DB\n\n- password: Xk9$vTq2!mLpzR7w\n",
        ),
        ("other.yaml", &other_version),
        ("misspelt.yaml", misspelt),
    ] {
        repository.add(path, text);
        repository.refuses(path);
        repository
            .git(&["rm", "-q", "-f", "--cached", path])
            .succeeds();
    }
}
