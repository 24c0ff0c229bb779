//! `recover drill`, without a cluster.

use std::fs;
use std::path::Path;

use sops_test_support::environment::{
    Run, TestEnvironment, identity, other_identity, other_recipient, recipient,
};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: correct-horse\n";

/// A repository with an encrypted file, and backups of both test keys.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    git(&environment, &["init", "-q", "-b", "main"]);
    let rule = format!(
        "creation_rules:\n- path_regex: ^apps/\n  encrypted_regex: ^(data|stringData)$\n  age:\n  - {} # backup | `key`\n",
        recipient()
    );
    environment.write(".sops.yaml", rule);
    environment.write(".gitignore", "*.txt\n");
    environment.encrypt("apps/db.yaml", SECRET);
    environment.write("backup.txt", identity());
    environment.write("other.txt", other_identity());
    commit(&environment);
    environment
}

fn git(environment: &TestEnvironment, arguments: &[&str]) {
    let mut command = environment.command_of(Path::new("git"), arguments);
    command.envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")));
    command.envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
    environment.finish(command).succeeds();
}

fn commit(environment: &TestEnvironment) {
    git(environment, &["add", "--all"]);
    git(environment, &["commit", "-q", "-m", "x"]);
}

fn drill(environment: &TestEnvironment, backup: &str, flags: &[&str]) -> Run {
    let drill = ["recover", "drill", "--key-file", backup];
    let run = environment.run(&[&drill[..], flags].concat());
    run.keeps(&[&identity(), &other_identity(), "correct-horse"])
}

/// Checks the exit code of a run that prints its checks in any case.
fn ends_with(run: Run, code: i32) -> Run {
    assert_eq!(run.code, Some(code), "{run}");
    run
}

/// The line about a subject, with single spaces.
fn line(run: &Run, subject: &str) -> String {
    let lines = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut lines = lines.filter(|words| words.get(1) == Some(&subject));
    let words = lines
        .next()
        .unwrap_or_else(|| panic!("no {subject} in {run}"));
    words.join(" ")
}

#[test]
fn a_backup_that_opens_everything_passes() {
    let environment = repository();
    let own = environment.home().join(".config/sops/age/keys.txt");
    fs::remove_file(own).expect("the key file exists");
    let run = drill(&environment, "backup.txt", &[]).succeeds();
    assert_eq!(
        line(&run, "HEAD"),
        "ok HEAD has 1 encrypted file; the backup decrypts it, and its MAC matches"
    );
    assert_eq!(
        line(&run, "backup"),
        format!("ok backup has the key of {}", recipient())
    );
    assert!(line(&run, ".sops.yaml").starts_with("ok"), "{run}");
    let cluster = line(&run, "cluster");
    assert!(
        cluster.starts_with("- cluster was not checked, so this report covers only the repository"),
        "{cluster}"
    );
}

#[test]
fn the_keys_of_this_computer_do_not_count() {
    let environment = repository();
    let run = ends_with(drill(&environment, "other.txt", &[]), 1);
    let expected = "GAP apps/db.yaml cannot be decrypted with the backup alone";
    assert_eq!(line(&run, "apps/db.yaml"), expected);
    assert_eq!(
        line(&run, "HEAD"),
        "- HEAD has 1 encrypted file; the backup does not decrypt it with a matching MAC"
    );
    let rule = "GAP .sops.yaml rule 1 does not encrypt for the backup";
    assert_eq!(line(&run, ".sops.yaml"), rule);

    // Neither do those in variables.
    let mut command = environment.command(&["recover", "drill", "--key-file", "other.txt"]);
    command.env("SOPS_AGE_KEY", identity());
    let run = ends_with(environment.finish(command), 1);
    assert_eq!(line(&run, "apps/db.yaml"), expected);
}

#[test]
fn earlier_commits_are_checked_too() {
    let environment = repository();
    let rules = environment.read(".sops.yaml");
    environment.write(
        ".sops.yaml",
        rules.replace(&recipient(), &other_recipient()),
    );
    environment.write("apps/db.yaml", SECRET);
    environment
        .run(&["encrypt", "-i", "apps/db.yaml"])
        .succeeds();
    commit(&environment);
    git(&environment, &["tag", "v1"]);
    environment.write(".sops.yaml", rules);
    environment.encrypt("apps/db.yaml", SECRET);
    commit(&environment);
    drill(&environment, "backup.txt", &[]).succeeds();
    let run = ends_with(drill(&environment, "backup.txt", &["--rev", "v1"]), 1);
    let expected = "GAP v1:apps/db.yaml cannot be decrypted with the backup alone";
    assert_eq!(line(&run, "v1:apps/db.yaml"), expected);
    drill(&environment, "backup.txt", &["--rev", "v9"]).fails_with(2);
}

#[test]
fn recipients_of_an_earlier_commit_may_differ_if_the_backup_decrypts_it() {
    let environment = repository();
    git(&environment, &["tag", "v1"]);
    let rules = environment.read(".sops.yaml");
    environment.write(".sops.yaml", format!("{rules}  - {}\n", other_recipient()));
    environment.run(&["updatekeys", "-y", "."]).succeeds();
    commit(&environment);
    let run = drill(&environment, "backup.txt", &["--rev", "v1"]).succeeds();
    let line = line(&run, "v1");
    assert!(line.contains("the backup decrypts it"), "{run}");
    assert!(!run.stdout.contains("GAP"), "{run}");
}

#[test]
fn an_altered_file_is_a_gap() {
    let environment = repository();
    let text = environment.read("apps/db.yaml");
    environment.write("apps/db.yaml", text.replace("name: db", "name: dc"));
    commit(&environment);
    let run = ends_with(drill(&environment, "backup.txt", &[]), 1);
    assert!(line(&run, "apps/db.yaml").starts_with("GAP"), "{run}");
}

#[test]
fn a_file_that_was_only_changed_in_the_working_tree_is_as_committed() {
    let environment = repository();
    environment.write("apps/db.yaml", "stringData:\n  password: broken\n");
    let run = drill(&environment, "backup.txt", &[]);
    assert!(line(&run, "HEAD").starts_with("ok"), "{run}");
}

#[test]
fn the_runbook_has_the_facts_of_the_repository() {
    let environment = repository();
    environment.write(
        "clusters/production/apps.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
         metadata: {name: apps, namespace: flux-system}\n\
         spec:\n  path: ./apps\n  sourceRef: {kind: GitRepository, name: flux-system}\n  \
         decryption: {provider: sops, secretRef: {name: keys}}\n",
    );
    environment.write("apps/kustomization.yaml", "resources: [db.yaml]\n");
    commit(&environment);
    let run = drill(&environment, "backup.txt", &["--runbook"]).succeeds();
    assert!(run.stderr.contains("the backup decrypts it"), "{run}");
    let page = &run.stdout;
    for text in [
        "# The cluster is gone\n",
        &*format!(
            "sops-rs keys join --recipient {} --output /dev/shm/restored.txt\n",
            recipient()
        ),
        "--age-key-file /dev/shm/restored.txt --namespace flux-system --name keys\n",
        " --path=clusters/production\n",
        "1 file. Flux decrypts:\n",
        "| `apps` | `./apps` | 1 | `flux-system/keys` |\n",
        " | `backup \\| 'key'` |\n",
    ] {
        assert!(page.contains(text), "no {text:?} in {page}");
    }
    assert!(page.lines().count() < 80, "{page}");
}

#[test]
fn a_backup_without_a_key_is_an_error() {
    let environment = repository();
    environment.write("empty.txt", "# nothing\n");
    let run = drill(&environment, "empty.txt", &[]).fails_with(2);
    assert!(run.stderr.contains("contains no private age key"), "{run}");
    drill(&environment, "missing.txt", &[]).fails_with(2);
}
