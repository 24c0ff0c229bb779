//! Findings without a private key, from comparing a file with its history.

use std::path::Path;

use super::{Repository, SECRET, Verification};

/// A repository with a history, without the key that encrypted its files.
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
    let summary = "2 encrypted files: 0 decrypted with a matching MAC, 2 not decrypted and without an earlier version to compare with";
    assert!(
        verification.run.stderr.contains(summary),
        "{}",
        verification.run
    );
    // A complete earlier version is clean.
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
    verification.says("`metadata.name` differs from commit");
    // The finding stays after the commit, and after further commits.
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
        line.expect("the document has an encrypted value")
            .to_owned()
    };
    let now = repository.0.read("a.yaml");
    repository.replace("a.yaml", &line(&now), &line(&old));
    let verification = repository.verify(&[]);
    verification.finds(&[("SV001", "a.yaml")], 1);
    verification.says("`stringData.password` differs from commit");
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
        line.expect("the document has an encrypted value")
            .to_owned()
    };
    repository
        .0
        .write("a.yaml", ours.replace(&line(&ours), &line(&theirs)));
    repository.commit();
    repository.verify(&[]).finds(&[("SV001", "a.yaml")], 1);
}

#[test]
fn an_incomplete_history_proves_nothing() {
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
    // Without `.git`, there is no history either.
    std::fs::remove_dir_all(repository.0.path(".git")).expect("the directory can be removed");
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

/// 50,000 commits are searched.
#[test]
fn a_history_that_is_too_long_proves_nothing() {
    let repository = without_key();
    let head = repository.git(&["rev-parse", "HEAD"]).stdout;
    let add_commits = |count: usize| {
        let commit =
            "commit refs/heads/main\ncommitter t <t@example.com> 1700000000 +0000\ndata 1\nx\n";
        let from = format!("{commit}from refs/heads/main^0\n");
        repository
            .0
            .write("../commits", from + &commit.repeat(count - 1));
        let script = "git fast-import --quiet < ../commits";
        let shell = repository.0.command_of(Path::new("sh"), &["-c", script]);
        repository.0.finish(shell).succeeds();
    };
    let commits = repository.git(&["rev-list", "--count", "HEAD"]).stdout;
    let commits: usize = commits.trim().parse().expect("the text is a number");
    add_commits(49_999 - commits);
    repository.verify(&[]).is_clean();
    add_commits(1);
    let verification = repository.verify(&[]);
    verification.finds(&[("SV002", "a.yaml"), ("SV002", "b.yaml")], 2);
    verification.says("the history is too long to search");
    // Problems in the searched part are still found.
    repository.git(&["update-ref", "refs/heads/main", head.trim()]);
    repository.replace("a.yaml", "name: a", "name: b");
    repository.verify(&[]).finds(&[("SV001", "a.yaml")], 1);
}

/// 2,000 deleted files are compared with a file, the latest deletions first.
#[test]
fn an_original_among_many_deleted_files_is_found() {
    for (others, is_found) in [(1_500, true), (2_500, false)] {
        let repository = Repository::with(&["original.yaml"]);
        for number in 0..others {
            repository
                .0
                .write(&format!("many/{number}.yaml"), format!("a: {number}\n"));
        }
        repository.commit();
        std::fs::rename(
            repository.0.path("original.yaml"),
            repository.0.path("copy.yaml"),
        )
        .expect("the file can be renamed");
        repository.replace("copy.yaml", "name: a", "name: b");
        repository.commit();
        std::fs::remove_dir_all(repository.0.path("many")).expect("the directory can be removed");
        repository.commit();
        repository.forget_key();
        let verification = repository.verify(&["copy.yaml"]);
        match is_found {
            true => verification.finds(&[("SV001", "copy.yaml")], 1),
            false => verification.is_clean(),
        }
    }
}

#[test]
fn a_file_that_ends_in_its_first_value_is_found() {
    let repository = Repository::with(&["a.yaml"]);
    let text = repository.0.read("a.yaml");
    let value = text
        .find("ENC[")
        .expect("the document has an encrypted value");
    for length in [
        "ENC[".len(),
        "ENC[AES256_GCM".len(),
        "ENC[AES256_GCM,da".len(),
        40,
    ] {
        repository.0.write("a.yaml", &text[..value + length]);
        let verification = repository.verify(&[]);
        assert_eq!(verification.findings.len(), 1, "{}", verification.run);
        assert_eq!(verification.run.code, Some(1), "{}", verification.run);
    }
}

#[test]
fn a_new_file_is_compared_with_nothing() {
    let repository = Repository::with(&[]);
    repository.0.write("a.yaml", SECRET);
    repository.0.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    repository.forget_key();
    let verification = repository.verify(&[]);
    verification.is_clean();
    let alone = "1 not decrypted and without an earlier version to compare with";
    assert!(
        verification.run.stderr.contains(alone),
        "{}",
        verification.run
    );
    repository
        .verify(&["--require-key"])
        .finds(&[("SV002", "a.yaml")], 2);
    // The history is not the cause, so fetching more of it cannot help.
    let run = repository.0.run(&["verify", "--require-key"]);
    assert!(!run.stdout.contains("full history"), "{run}");
    assert!(Path::new(&repository.0.path("a.yaml")).exists());
}

/// A way to alter a file.
type Scenario<'s> = (&'s str, &'s dyn Fn(&Repository));

/// A file that is altered while it gets another name is compared with the one it comes from.
#[test]
fn a_file_that_was_altered_at_another_path_is_found() {
    let alter =
        |repository: &Repository, name: &str| repository.replace(name, "name: a", "name: b");
    let remove = |repository: &Repository| {
        repository.git(&["rm", "-q", "b.yaml"]);
        repository.commit();
    };
    let copy = |repository: &Repository| {
        let text = repository.0.read("b.yaml");
        repository.0.write("apps/c.yaml", text);
        alter(repository, "apps/c.yaml");
    };
    let scenarios: [Scenario<'_>; 6] = [
        ("not committed", &|repository| {
            copy(repository);
            std::fs::remove_file(repository.0.path("b.yaml")).expect("the file can be removed");
        }),
        ("renamed in one commit", &|repository| {
            copy(repository);
            remove(repository);
        }),
        ("deleted first", &|repository| {
            copy(repository);
            std::fs::rename(
                repository.0.path("apps/c.yaml"),
                repository.0.path("../c.yaml"),
            )
            .expect("the file can be renamed");
            remove(repository);
            std::fs::rename(
                repository.0.path("../c.yaml"),
                repository.0.path("apps/c.yaml"),
            )
            .expect("the file can be renamed");
            repository.commit();
        }),
        ("altered first", &|repository| {
            repository.replace("b.yaml", "name: a", "name: b");
            repository.commit();
            std::fs::create_dir(repository.0.path("apps")).expect("the directory can be created");
            repository.git(&["mv", "b.yaml", "apps/c.yaml"]);
            repository.commit();
        }),
        ("deleted later", &|repository| {
            copy(repository);
            repository.commit();
            remove(repository);
        }),
        ("copied", &|repository| {
            copy(repository);
            repository.commit();
        }),
    ];
    for (name, scenario) in scenarios {
        let repository = without_key();
        scenario(&repository);
        for paths in [&[][..], &["apps/c.yaml"]] {
            let verification = repository.verify(paths);
            let findings = verification.findings.iter();
            let reported: Vec<_> = findings.map(|(code, file, _)| (&**code, &**file)).collect();
            assert_eq!(
                reported,
                [("SV001", "apps/c.yaml")],
                "{name}: {}",
                verification.run
            );
            verification.says("`metadata.name` differs from b.yaml of commit");
        }
        if name != "not committed" {
            repository
                .verify(&["--rev", "HEAD"])
                .finds(&[("SV001", "apps/c.yaml")], 1);
        }
        repository.git(&["add", "--all"]);
        repository
            .verify(&["--staged"])
            .finds(&[("SV001", "apps/c.yaml")], 1);
    }
}

/// The file that was there first is not blamed for a copy that someone altered.
#[test]
fn the_original_of_an_altered_copy_is_clean() {
    let repository = without_key();
    let text = repository.0.read("b.yaml");
    repository.0.write("c.yaml", text);
    repository.replace("c.yaml", "name: a", "name: b");
    repository.commit();
    repository.verify(&["b.yaml"]).is_clean();
    repository.git(&["rm", "-q", "c.yaml"]);
    repository.commit();
    repository.verify(&[]).is_clean();
}

#[test]
fn renamed_files_without_changes_are_clean() {
    let repository = without_key();
    repository.git(&["mv", "b.yaml", "c.yaml"]);
    let summary = |name: &str| {
        let verification = repository.verify(&[name]);
        verification.is_clean();
        verification.run.stderr
    };
    assert!(!summary("c.yaml").contains("an earlier version"));
    repository.commit();
    assert!(!summary("c.yaml").contains("an earlier version"));
    // The last value of the other file is in one commit.
    let alone = "1 not decrypted and without an earlier version to compare with";
    assert!(summary("a.yaml").contains(alone), "{}", summary("a.yaml"));
}
