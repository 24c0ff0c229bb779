//! The commands of pages in `docs/` that need only Git, run as they are written. Other pages are
//! tested with the peers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, other_recipient, recipient};
use sops_test_support::page::PageTest;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\n\
                      stringData:\n  password: correct-horse  # of the database\n  old: unused\n";

/// A repository with the encrypted `secret.yaml`, committed.
fn with_secret(page: &str) -> PageTest {
    let page = PageTest::new(page, TestEnvironment::new());
    let rules = format!(
        "creation_rules:\n  - encrypted_regex: ^(data|stringData)$\n    age:\n      - {}\n",
        recipient()
    );
    page.environment.write(".sops.yaml", rules);
    page.environment.write("secret.yaml", SECRET);
    page.shell("sops-rs encrypt -i secret.yaml; git add --all; git commit --quiet -m x")
        .succeeds();
    page
}

#[test]
fn the_quick_start_ends_with_an_encrypted_secret() {
    let page = PageTest::new("quick-start.md", TestEnvironment::without_key());
    page.run(
        |title| {
            if title == "Encrypt the files that you already have" {
                page.environment.write("apps/web/secret.yaml", SECRET);
                // `lint` ends with 1 because of it.
                page.environment.write("apps/.keep", "");
                page.shell("sops-rs encrypt -i apps/web/secret.yaml")
                    .succeeds();
            }
        },
        |title, run| match title {
            "Write a Secret" => {
                let plaintext = "stringData:\n  password: secret-of-the-page\n";
                assert!(run.stdout.contains(plaintext), "{run}");
            }
            "Change a value" => {
                let change = "-  password: secret-of-the-page\n+  password: new\n";
                assert!(run.stdout.contains(change), "{run}");
            }
            _ => {}
        },
    );
    let search = "git grep -e correct-horse -e secret-of-the-page -e AGE-SECRET HEAD || true";
    assert_eq!(page.shell(search).succeeds().stdout, "");
}

/// The commands of a `console` block and their output. `SOPS_RS_WRITE_DOCS=1` writes the pages.
#[test]
fn the_walkthroughs_print_what_the_pages_show() {
    for name in ["../README.md", "everyday.md"] {
        let page = PageTest::new(name, TestEnvironment::without_key());
        // `init` writes it next to the recipient.
        page.shell("git config user.name ann").succeeds();
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs")
            .join(name);
        let text = fs::read_to_string(&path).expect("the page exists");
        let (before, rest) = text
            .split_once("```console\n")
            .expect("the page has a block");
        let (block, after) = rest.split_once("```").expect("the block ends");
        let mut shown = String::new();
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            // A command may end with a comment.
            let run = page.shell(&format!("{{ {command}\n}} 2>&1"));
            assert_eq!(run.code, Some(0), "{command}: {run}");
            assert!(!run.stdout.contains("AGE-SECRET-KEY"), "{command}");
            shown += &format!("$ {command}\n{}", without_random_parts(&page, &run.stdout));
        }
        match std::env::var_os("SOPS_RS_WRITE_DOCS") {
            Some(_) => fs::write(&path, format!("{before}```console\n{shown}```{after}"))
                .expect("the page is writable"),
            None => assert_eq!(block, shown, "{name}: write it with SOPS_RS_WRITE_DOCS=1"),
        }
    }
}

/// An output without the parts that differ in each run: recipients, times and directories.
fn without_random_parts(page: &PageTest, output: &str) -> String {
    let home = page.environment.home();
    let output = output.replace(&*home.to_string_lossy(), "~");
    let is_key = |character: char| character.is_ascii_alphanumeric() || character == '…';
    let is_time = |character: char| character.is_ascii_digit() || "-T:Z".contains(character);
    let mut shown = String::new();
    let mut rest = output.as_str();
    while let Some(at) = rest.find(|character: char| character.is_ascii_alphanumeric()) {
        shown += &rest[..at];
        rest = &rest[at..];
        let end = |is_part: &dyn Fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let length = if rest.starts_with("age1") {
            shown += "age1…";
            end(&is_key)
        } else if rest.starts_with("20") && rest[..end(&is_time)].ends_with('Z') {
            shown += "2026-01-31T12:00:00Z";
            end(&is_time)
        } else {
            let length = end(&|character| character.is_ascii_alphanumeric());
            shown += &rest[..length];
            length
        };
        rest = &rest[length..];
    }
    shown + rest
}

#[test]
fn everyday_tasks_run() {
    let page = with_secret("everyday.md");
    page.environment.write("password.txt", "from-pipe\n");
    page.environment.write("tls.key", "from-file\n");
    page.environment
        .write(".gitignore", "password.txt\ntls.key\nserve\n");
    page.environment.write("settings.yaml", "port: \"80\"\n");
    page.environment.write(".env", "TOKEN=abc\n");
    page.script("serve", "test \"$port\" = 80 || grep port \"$2\"");
    page.run(
        |title| match title {
            "Encrypt other files" => page.add_rule(r"(settings\.yaml|\.env)$"),
            "Add a teammate" => {
                page.shell("git add --all; git commit --quiet -m x")
                    .succeeds();
            }
            _ => {}
        },
        |title, run| match title {
            "Read and change values" => {
                let decrypted = page.environment.decrypt("secret.yaml");
                for value in ["password: from-pipe", "tls.key: |", "from-file", "token: "] {
                    assert!(decrypted.contains(value), "{decrypted}");
                }
                assert!(!decrypted.contains("unused"), "{decrypted}");
            }
            "Type a passphrase or PIN once" => {
                page.shell("sops-rs agent stop").succeeds();
            }
            "Add a teammate" => {
                assert!(run.stdout.contains("+ recipient ben (age1"), "{run}");
                let rules = page.environment.read(".sops.yaml");
                assert!(rules.contains(&other_recipient()), "{rules}");
            }
            "Remove a teammate, or replace a lost key" => {
                for file in [".sops.yaml", "secret.yaml", "settings.yaml"] {
                    let text = page.environment.read(file);
                    assert!(!text.contains(&other_recipient()), "{text}");
                }
            }
            _ => {}
        },
    );
    let recipients = page.shell("sops-rs diff --recipients HEAD~1").succeeds();
    assert!(!recipients.stdout.is_empty());
}

#[test]
fn moving_from_sops_keeps_the_files() {
    let page = with_secret("migrate/sops.md");
    page.run(
        |_| {},
        |title, run| {
            if title == "What you will notice" {
                let changed = SECRET.replace("correct-horse", "new");
                assert!(run.stdout.ends_with(&changed), "{run}");
            }
        },
    );
    let version = page.shell("sops --version").succeeds();
    assert!(version.stdout.starts_with("sops 3."), "{version}");
}

#[test]
fn moving_from_plaintext_encrypts_every_secret() {
    let page = PageTest::new("migrate/plaintext.md", TestEnvironment::without_key());
    page.environment.write("apps/web/secret.yaml", SECRET);
    page.environment.write(".env", "API_TOKEN=tok-4f9a8c7e21\n");
    page.environment.write("new-password", "replaced");
    page.environment
        .write(".gitignore", "new-password\nserve\n");
    page.script("serve", "test \"$API_TOKEN\" = tok-4f9a8c7e21");
    page.shell("git add --all; git commit --quiet -m x")
        .succeeds();
    page.run(
        |title| {
            if title == "Encrypt them" {
                page.shell("sops-rs init").succeeds();
                page.add_rule(r"(^|/)\.env$");
            }
        },
        |title, run| {
            if title == "Find them" {
                assert!(run.stdout.contains("plaintext-secret"), "{run}");
            }
        },
    );
    let search = "git grep -e correct-horse -e tok-4f9a HEAD || true";
    assert_eq!(page.shell(search).succeeds().stdout, "");
    let decrypted = page.environment.decrypt("apps/web/secret.yaml");
    assert!(decrypted.contains("password: replaced"), "{decrypted}");
}

/// The others are in `tests/peers/pages.rs`.
#[test]
fn each_page_about_moving_is_tested() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migrate");
    let pages: BTreeSet<_> = fs::read_dir(directory)
        .expect("the directory exists")
        .map(|entry| entry.expect("the entry can be read").file_name())
        .map(|name| name.into_string().expect("names are UTF-8"))
        .collect();
    let tested = ["git-crypt", "ksops", "plaintext", "sealed-secrets", "sops"];
    let tested = tested.map(|name| format!("{name}.md"));
    let expected: BTreeSet<_> = tested.into_iter().chain(["README.md".into()]).collect();
    assert_eq!(pages, expected);
}
