//! The commands of `docs/git.md`, run as they are written.

use std::fs;
use std::path::Path;

use sops_test_support::environment::Run;
use sops_test_support::page::{Section, sections};

use super::{GitClone, secret};

#[test]
fn every_command_of_the_page_runs() {
    // Ann's clone.
    let clone = GitClone::new();
    clone.encrypt("ann/secret.yaml", &secret("old"));
    let ann = clone.path("ann");
    fs::rename(clone.path(".git"), ann.join(".git")).expect("the file can be renamed");
    fs::rename(clone.path(".sops.yaml"), ann.join(".sops.yaml")).expect("the file can be renamed");
    clone.git_in(&ann, &["add", "-A"]).succeeds();
    clone.git_in(&ann, &["commit", "-q", "-m", "x"]).succeeds();
    // The driver for merges may be missing in this build.
    let merges = clone.sops_rs(&["git", "merge-driver", "--help"]).code == Some(0);
    let mut number = 0;
    for Section { title, commands } in sections("git.md") {
        if commands.is_empty() || title == "Merge" && !merges {
            continue;
        }
        number += 1;
        let run = run(&clone, &ann, &commands);
        assert_eq!(run.code, Some(0), "{title}: {run}");
        match title.as_str() {
            "Set up your clone" => {
                assert_eq!(
                    run.stdout
                        .matches("-  password: old\n+  password: new\n")
                        .count(),
                    1,
                    "{run}"
                );
                assert!(run.stdout.contains("+  password: old\n"), "{run}");
            }
            "Review changes" => {
                let changed = "modified: secret.yaml\n  ~ stringData.password: ***\n";
                assert!(run.stdout.contains(changed), "{run}");
                assert!(
                    run.stdout.ends_with("encrypted files have changed\n"),
                    "{run}"
                );
            }
            "Merge" => {
                let merged = "stringData:\n  password: new\n  user: shop\n";
                assert!(run.stdout.contains(merged), "{run}");
            }
            _ => {}
        }
    }
    assert!(number >= 5, "{number}");
}

fn run(clone: &GitClone, directory: &Path, commands: &str) -> Run {
    let mut command = clone.git_command(directory, &[]);
    let environment: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    // Other programs use the same directory for temporary files.
    let commands = commands.replace("/tmp/", "./../");
    command = clone
        .environment
        .command_of(Path::new("sh"), &["-euc", &commands]);
    command.current_dir(directory).envs(environment);
    clone.environment.finish(command)
}
