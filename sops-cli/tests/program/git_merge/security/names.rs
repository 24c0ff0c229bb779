//! File names that look like flags or revisions, or that a shell or a terminal would read
//! differently.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sops_test_support::environment::program;

use crate::git_merge::{OTHER, OURS, Repository, SECRETS};

#[test]
fn names_that_look_like_flags_or_have_any_characters_are_merged() {
    for name in [
        "--config=x.yaml",
        "-d.yaml",
        "a b'\"$(x).yaml",
        "é\tß.yaml",
        "secret",
        "x.env",
        "--upload-pack=touch pwned.yaml",
        "HEAD",
        "@{u}.yaml",
        "-",
        "--",
    ] {
        let texts = match Path::new(name).extension().and_then(OsStr::to_str) {
            Some("yaml") => [
                "A: 1\nB: 1\n",
                "A: 2\nB: 1\n",
                "A: 1\nB: 2\n",
                "A: 2\nB: 2\n",
            ],
            Some(_) => ["A=1\nB=1\n", "A=2\nB=1\n", "A=1\nB=2\n", "A=2\nB=2\n"],
            // Without an extension, a file is one value.
            None => ["1", "1", "2", "2"],
        };
        let repository = Repository::new();
        repository.0.write(".git/info/attributes", "* merge=sops\n");
        repository.commit_secret(name, texts[0]);
        repository.branch("topic");
        repository.commit_secret(name, texts[2]);
        repository.checkout("main");
        repository.commit_secret(name, texts[1]);
        repository.merges();
        repository.is_merged(name, texts[3]);
    }
}

#[test]
fn files_with_odd_names_are_resolved() {
    for name in [
        &b"a\nb.yaml"[..],
        b"\x1b[2J\x07.yaml",
        b"--ours.yaml",
        b":(top)*.yaml",
        b"[\"a\"].yaml",
        b"%P %A.yaml",
        b"$(touch pwned)`touch pwned`\";touch pwned.yaml",
        b"\xff\xfe.yaml",
    ] {
        // Everything but the name is made with a plain name.
        let repository = Repository::with_changes("plain.yaml", OURS, OTHER);
        let odd = OsStr::from_bytes(name);
        for branch in ["topic", "main"] {
            repository.checkout(branch);
            let (from, to) = (
                repository.0.path("plain.yaml"),
                repository.0.path("").join(odd),
            );
            fs::rename(from, to).expect("the directory is writable");
            repository.commit_all();
        }
        // Git prints the name as it is, on standard output.
        let alias = "alias.quiet=!git merge -q --no-edit topic > /dev/null";
        let run = repository.git(&["-c", alias, "quiet"]);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
        assert!(run.stderr.contains("both sides changed password"), "{run}");
        // The command in the message runs as it is shown, whatever the name.
        let hint = run.stderr.split('`').nth(1).expect("it has a command");
        if name.is_ascii()
            && !name
                .iter()
                .any(|byte| byte.is_ascii_control() || *byte == b'`')
        {
            let program = format!("'{}'", program().display());
            let hint = hint.replacen("sops-rs", &program, 1);
            let mut command = repository.0.command_of("sh".as_ref(), &["-c", &hint]);
            command.env("EDITOR", repository.0.editor("touch ../opened"));
            repository.0.finish(command);
            let opened = repository.0.path("../opened");
            fs::remove_file(opened).expect("the editor opened the conflict");
        }
        let resolve = |side: &str| {
            let mut command = repository.0.command(&["resolve", side, "--"]);
            command.arg(odd);
            repository.0.finish(command).keeps(&SECRETS)
        };
        let run = resolve("--theirs").succeeds();
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
        let mut decrypt = repository.0.command(&["decrypt", "--"]);
        decrypt.arg(odd);
        assert_eq!(repository.0.finish(decrypt).succeeds().stdout, OTHER);
        repository.git(&["add", "--all"]).succeeds();
        assert_eq!(repository.git(&["ls-files", "--unmerged"]).stdout, "");
        assert!(!repository.0.path("pwned").exists());
    }
}
