//! Repositories of other kinds, and many files at once.

use std::fs;

use super::{BASE, MERGED, OTHER, OURS, Repository, THEIRS};

const FILE: &str = "apps/secret.yaml";

#[test]
fn a_repository_with_long_object_names_is_merged_and_resolved() {
    let repository = Repository::initialized(&["--object-format=sha256"]);
    let repository = repository.changed(FILE, OURS, OTHER);
    repository.conflicts();
    repository.is_marked(FILE);
    repository.0.run(&["resolve", FILE, "--theirs"]).succeeds();
    repository.commit_resolved(FILE);
    repository.is_merged(FILE, OTHER);
    repository.0.run(&["verify"]).succeeds();
}

/// The configuration at HEAD approves the recipients of a new data key, without a working tree too.
#[test]
fn a_bare_repository_merges_branches_with_a_new_data_key() {
    let repository = Repository::new().changed(FILE, OURS, THEIRS);
    repository.checkout("topic");
    repository.0.run(&["rotate", "-i", FILE]).succeeds();
    repository.commit_all();
    repository.checkout("main");
    let bare = repository.0.path("../bare.git");
    let path = bare.to_str().expect("the path is UTF-8");
    repository
        .git(&["clone", "-q", "--bare", ".", path])
        .succeeds();
    let driver = repository.git(&["config", "merge.sops.driver"]).stdout;
    let git = |arguments: &[&str]| repository.git_in(&bare, arguments).succeeds();
    git(&["config", "merge.sops.driver", driver.trim()]);
    fs::create_dir_all(bare.join("info")).expect("the directory is writable");
    fs::write(bare.join("info/attributes"), "*.yaml merge=sops\n").expect("it is writable");
    let run = git(&["merge-tree", "--write-tree", "main", "topic"]);
    let tree = run.stdout.lines().next().expect("Git prints the tree");
    let merged = git(&["show", &format!("{tree}:{FILE}")]).stdout;
    let decrypt = ["decrypt", "--filename-override", FILE];
    let run = repository.0.run_with_input(&decrypt, &merged);
    assert_eq!(run.succeeds().stdout, MERGED);
}

#[test]
fn many_merged_files_are_verified() {
    const FILES: usize = 40;
    let repository = Repository::new();
    let names: Vec<String> = (0..FILES)
        .map(|number| format!("apps/{number}.yaml"))
        .collect();
    for name in &names {
        repository.0.write(name, BASE);
    }
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    repository
        .0
        .run(&[&["encrypt", "-i"], &files[..]].concat())
        .succeeds();
    repository.commit_all();
    let change = |key: &str, value: &str| {
        for name in &names {
            let path = format!("[\"{key}\"]");
            repository.0.run(&["set", name, &path, value]).succeeds();
        }
        repository.0.run(&["rotate", "-i", "apps"]).succeeds();
        repository.commit_all();
    };
    repository.branch("topic");
    change("port", "8080");
    repository.checkout("main");
    change("password", "\"battery-staple\"");
    repository.merges();
    for name in &names {
        let expected = "user: web\npassword: battery-staple\nport: 8080\n";
        assert_eq!(repository.0.decrypt(name), expected);
    }
    let run = repository.0.run(&["verify"]).succeeds();
    let counted =
        format!("{FILES} encrypted files: {FILES} decrypted with a matching MAC; 0 errors");
    assert!(run.stderr.contains(&counted), "{run}");
    // By their history alone, they are clean too.
    fs::remove_dir_all(repository.0.home().join(".config")).expect("the key can be removed");
    let run = repository.0.run(&["verify"]).succeeds();
    let counted = format!("{FILES} not decrypted and without an earlier version to compare with");
    assert!(run.stderr.contains(&counted), "{run}");
}
