//! What a conflict looks like: the markers, their labels, the message, and what Git keeps of it.

use super::{OTHER, OURS, Repository};

const FILE: &str = "apps/secret.yaml";

#[test]
fn a_conflict_names_the_key_path_and_the_next_command() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    let run = repository.conflicts();
    for expected in [
        "both sides changed password",
        "sops-rs resolve apps/secret.yaml",
    ] {
        assert!(run.stderr.contains(expected), "{run}");
    }
    let text = repository.is_marked(FILE);
    let plain: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("sops:"))
        .collect();
    let shape: Vec<&str> = plain
        .iter()
        .map(|line| line.split(':').next().unwrap_or_default())
        .collect();
    // Before 2.44, Git does not pass the names of the branches.
    let [ours, theirs] = match shape.get(1) {
        Some(&"<<<<<<< HEAD") => ["<<<<<<< HEAD", ">>>>>>> topic"],
        _ => ["<<<<<<< ours", ">>>>>>> theirs"],
    };
    assert_eq!(
        shape,
        [
            "user", ours, "password", "=======", "password", theirs, "port"
        ]
    );
}

#[test]
fn rerere_remembers_ciphertext_and_git_finds_the_markers() {
    let repository = Repository::with_changes(FILE, OURS, OTHER);
    repository
        .git(&["config", "rerere.enabled", "true"])
        .succeeds();
    repository.conflicts();
    let run = repository.git(&["diff", "--check"]);
    assert_eq!(run.code, Some(2), "{run}");
    repository.0.run(&["resolve", FILE, "--ours"]).succeeds();
    repository.commit_resolved(FILE);
    let cache = repository.0.path(".git/rr-cache");
    let grep = ["-rlE", "correct-horse|battery-staple|open-sesame", "."];
    let mut command = repository.0.command_of("grep".as_ref(), &grep);
    command.current_dir(&cache);
    let run = repository.0.finish(command);
    assert_eq!(run.code, Some(1), "{run}");
    let entries = std::fs::read_dir(cache).expect("Git remembers conflicts");
    assert!(entries.count() > 0);
    // The same conflict is resolved as before, and only the merge itself reports an error.
    let resolved = repository.0.read(FILE);
    repository
        .git(&["reset", "-q", "--hard", "HEAD^"])
        .succeeds();
    let run = repository.conflicts();
    assert_eq!(run.stderr.matches("error:").count(), 1, "{run}");
    assert_eq!(repository.0.read(FILE), resolved, "{run}");
}

#[test]
fn an_unknown_label_is_not_shown() {
    let repository = Repository::new();
    let files = ["o", "a", "b"];
    for name in files {
        repository.0.write(name, "x\n");
    }
    repository.0.write("a", "y\n");
    repository.0.write("b", "z\n");
    let arguments = [
        "git",
        "merge-driver",
        "--marker-size",
        "9",
        "--ours-label",
        "%X",
        "--theirs-label",
        "-x",
        "--",
        "o",
        "a",
        "b",
        "--help",
    ];
    let run = repository.0.run(&arguments);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        repository.0.read("a"),
        "<<<<<<<<< ours\ny\n=========\nz\n>>>>>>>>> -x\n"
    );
}
