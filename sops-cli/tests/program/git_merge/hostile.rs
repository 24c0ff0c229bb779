//! Repositories of strangers: odd names, links, hosts in the metadata, and crafted contents.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use sops_test_support::environment::program;

use super::{OTHER, OURS, Repository, SECRETS, THEIRS};

const FILE: &str = "apps/secret.yaml";

/// A repository with a conflict of the passwords in this file.
fn in_conflict(name: &str) -> Repository {
    let repository = Repository::with_changes(name, OURS, OTHER);
    let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
    assert_eq!(run.code, Some(1), "{run}");
    repository
}

/// Fetched branches could collect the tokens of whoever looks at them.
#[test]
fn hosts_that_only_the_repository_names_are_not_contacted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("it is a socket");
    let address = format!(
        "http://{}",
        listener.local_addr().expect("the socket is bound")
    );
    let keys = format!(
        "sops:\n    hc_vault:\n        - vault_address: {address}\n          engine_path: transit\n          key_name: k\n          created_at: \"2024-01-01T00:00:00Z\"\n          enc: vault:v1:AAAA\n    azure_kv:\n        - vault_url: {address}\n          name: k\n          version: v\n          created_at: \"2024-01-01T00:00:00Z\"\n          enc: AAAA\n"
    );
    // With a private key, and without one for any of the master keys.
    for has_key in [true, false] {
        let repository = Repository::with_changes(FILE, OURS, OTHER);
        for branch in ["topic", "main"] {
            repository.git(&["checkout", "-q", branch]).succeeds();
            let text = repository.0.read(FILE).replace("sops:\n", &keys);
            repository.0.write(FILE, text);
            repository.commit_all();
        }
        let textconv = format!("'{}' git textconv --", program().display());
        repository
            .git(&["config", "diff.sops.textconv", &textconv])
            .succeeds();
        repository
            .0
            .write(".git/info/attributes", "*.yaml diff=sops\n");
        if !has_key {
            fs::remove_dir_all(repository.0.home().join(".config")).expect("the key is ours");
        }
        repository.git(&["merge", "-q", "--no-edit", "topic"]);
        repository.is_marked(FILE);
        for words in [
            &["diff", "main", "topic"][..],
            &["verify"],
            &["lint"],
            &["status"],
            &["render", FILE],
            &["hook", "run"],
            &["resolve", FILE, "--ours"],
        ] {
            let run = repository.0.run(words).keeps(&SECRETS);
            assert!(run.code.is_some(), "{words:?}: {run}");
        }
        let log = repository.0.command_of(
            Path::new("git"),
            &["--no-pager", "log", "-p", "--all", "--", FILE],
        );
        let log = repository.0.finish(log).succeeds();
        assert_eq!(log.stdout.contains("battery-staple"), has_key, "{log}");
        let connection = listener.accept();
        let error = connection.expect_err("nothing connects");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
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
        let repository = in_conflict("plain.yaml");
        // Everything but the name is made with a plain name.
        let odd = OsStr::from_bytes(name);
        repository.git(&["merge", "--abort"]).succeeds();
        for branch in ["topic", "main"] {
            repository.git(&["checkout", "-q", branch]).succeeds();
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
        assert!(
            run.stderr.contains("both sides changed [\"password\"]"),
            "{run}"
        );
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

#[test]
fn a_file_below_a_link_is_not_resolved() {
    let repository = in_conflict(FILE);
    let elsewhere = repository.0.path("../elsewhere");
    fs::rename(repository.0.path("apps"), &elsewhere).expect("the directory is ours");
    symlink(&elsewhere, repository.0.path("apps")).expect("the directory is writable");
    let before = fs::read(elsewhere.join("secret.yaml")).expect("the file was moved");
    let run = repository.0.run(&["resolve", FILE, "--ours"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("is a symbolic link"), "{run}");
    let after = fs::read(elsewhere.join("secret.yaml")).expect("the file exists");
    assert_eq!(before, after);
    // A link to the repository is fine.
    fs::remove_file(repository.0.path("apps")).expect("the link is ours");
    fs::rename(&elsewhere, repository.0.path("apps")).expect("the directory is ours");
    let link = repository.0.path("../link");
    symlink(repository.0.path(""), &link).expect("the directory is writable");
    let mut resolve = repository.0.command(&["resolve", "secret.yaml", "--ours"]);
    resolve
        .current_dir(link.join("apps"))
        .env("PWD", link.join("apps"));
    repository.0.finish(resolve).succeeds();
}

#[test]
fn attributes_of_any_kind_break_no_merge() {
    for attributes in [
        "*.yaml conflict-marker-size=2147483647",
        "*.yaml conflict-marker-size=-5",
        "*.yaml conflict-marker-size=99999999999999999999",
        "*.yaml text eol=crlf",
        "*.yaml ident",
        "*.yaml binary merge=sops",
        "*.yaml filter=missing diff=missing",
        "* merge=sops",
    ] {
        let repository = Repository::with_changes(FILE, OURS, OTHER);
        repository
            .0
            .write(".git/info/attributes", format!("{attributes}\n"));
        let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{attributes}: {run}");
        let marked = repository.is_marked(FILE);
        assert!(marked.len() < 20_000, "{attributes}");
        repository
            .0
            .run(&["resolve", FILE, "--theirs"])
            .keeps(&SECRETS)
            .succeeds();
        repository.git(&["add", FILE]).succeeds();
        repository.git(&["commit", "-q", "--no-edit"]).succeeds();
        assert_eq!(repository.0.decrypt(FILE), OTHER, "{attributes}");
    }
}

/// Values that look like the markers of a conflict.
#[test]
fn markers_inside_values_are_values() {
    let value = "|\n  <<<<<<< HEAD\n  a\n  =======\n  b\n  >>>>>>> topic\n";
    let text = |user: &str, port: &str| format!("user: {user}\nkey: {value}port: {port}\n");
    let repository = Repository::with_changes(
        FILE,
        &format!("{OURS}key: {value}"),
        &format!("{THEIRS}other: {value}"),
    );
    repository
        .git(&["merge", "-q", "--no-edit", "topic"])
        .succeeds();
    let merged = repository.0.decrypt(FILE);
    assert_eq!(merged.matches("<<<<<<< HEAD").count(), 2, "{merged}");
    // They stay when another value is resolved, with or without an editor.
    for script in ["exit 1", "sed -i '/^<<<</d; /^====/,/^>>>>/d' \"$1\""] {
        let repository = Repository::with_changes(FILE, &text("a", "1"), &text("b", "1"));
        let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
        assert_eq!(run.code, Some(1), "{run}");
        let flags = match script {
            "exit 1" => &["resolve", FILE, "--ours"][..],
            _ => &["resolve", FILE],
        };
        let mut resolve = repository.0.command(flags);
        resolve.env("EDITOR", repository.0.editor(script));
        repository.0.finish(resolve).succeeds();
        assert_eq!(repository.0.decrypt(FILE), text("a", "1"));
    }
}

/// Every format, with plaintext in place of one version or two.
#[test]
fn plaintext_in_any_version_and_format_conflicts() {
    for (name, texts) in [
        (
            "a.env",
            ["A=correct-horse\n", "A=battery-staple\n", "A=open-sesame\n"],
        ),
        (
            "a.ini",
            [
                "[s]\na = correct-horse\n",
                "[s]\na = battery-staple\n",
                "[s]\na = open-sesame\n",
            ],
        ),
        ("secret", ["correct-horse", "battery-staple", "open-sesame"]),
        (
            "a.json",
            [
                "{\"a\": \"correct-horse\"}",
                "{\"a\": \"battery-staple\"}",
                "{\"a\": \"open-sesame\"}",
            ],
        ),
    ] {
        for plain in [&[0][..], &[1], &[2], &[0, 1], &[0, 2]] {
            let repository = Repository::new();
            repository
                .0
                .write(".git/info/attributes", format!("{name} merge=sops\n"));
            let write = |number: usize| {
                repository.0.write(name, texts[number]);
                if !plain.contains(&number) {
                    repository.0.run(&["encrypt", "-i", name]).succeeds();
                }
                repository.commit_all();
            };
            write(0);
            repository
                .git(&["checkout", "-q", "-b", "topic"])
                .succeeds();
            write(2);
            repository.git(&["checkout", "-q", "main"]).succeeds();
            write(1);
            let run = repository.git(&["merge", "-q", "--no-edit", "topic"]);
            assert_eq!(run.code, Some(1), "{name} {plain:?}: {run}");
            let text = repository.0.read(name);
            // What a branch committed in plaintext does not get into the working tree.
            assert!(!text.contains("open-sesame"), "{name} {plain:?}: {text}");
        }
    }
}
