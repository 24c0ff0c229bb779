//! Files that were encrypted and that a commit contains in plaintext.

use sops_test_support::environment::recipient;

use super::{HARMLESS, Repository, refused};

const VALUES: &str = "db:\n  user: app\n  password: correct-horse\n";
const NOW: &str = "is encrypted in HEAD";

/// A repository with the configuration that `sops-rs init` writes, and these files encrypted.
fn repository(files: &[(&str, &str)]) -> Repository {
    let repository = Repository::new();
    repository.0.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    for (name, text) in files {
        repository.0.write(name, *text);
        repository.sops_rs(&["encrypt", "-i", name]).succeeds();
    }
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
    repository
}

#[test]
fn a_decrypted_file_is_refused_without_a_rule_that_names_it() {
    let map = HARMLESS.replace("a: b", "a: correct-horse");
    for (name, text) in [
        ("values.yaml", VALUES),
        ("map.yaml", &map),
        ("a.env", "A=correct-horse\n"),
        ("a.json", "{\"a\": \"correct-horse\"}"),
        ("a.ini", "[a]\nb = correct-horse\n"),
        ("notes.txt", "correct-horse\n"),
    ] {
        let repository = repository(&[(name, text)]);
        repository.sops_rs(&["decrypt", "-i", name]).succeeds();
        repository.git(&["add", "."]).succeeds();
        repository.refuses(NOW);
        repository.refuses(&format!("sops-rs encrypt -i {name}"));
        repository.sops_rs(&["encrypt", "-i", name]).succeeds();
        repository.git(&["add", "."]).succeeds();
        repository.commit();
        // Other text at the same path is refused too.
        repository.add(name, "a text that has correct-horse in it\n");
        repository.refuses(NOW);
    }
}

#[test]
fn a_decrypted_file_without_a_known_extension_is_refused() {
    let dotenv = "A=app\nB=correct-horse\n";
    for (name, format, text, copy) in [
        (".env.production", "dotenv", dotenv, "env.txt"),
        (".envrc", "dotenv", dotenv, "copy.env"),
        ("kubeconfig", "yaml", VALUES, "admin.yaml"),
        ("values.yaml.gotmpl", "yaml", VALUES, "x.yaml"),
        ("app.yaml.enc", "yaml", VALUES, "x.yaml"),
        ("db.cfg", "ini", "[a]\nb = correct-horse\n", "x.ini"),
        ("a.conf", "json", "{\"a\": \"correct-horse\"}", "x.json"),
        ("a.yaml.old", "yaml", VALUES, "x.yaml"),
    ] {
        let repository = repository(&[]);
        repository.0.write(name, text);
        let of = |command: &str| {
            let types = ["--input-type", format, "--output-type", format];
            let run = repository.sops_rs(&[&[command, "-i", name][..], &types].concat());
            run.succeeds();
        };
        of("encrypt");
        repository.git(&["add", "."]).succeeds();
        repository.commit().succeeds();
        repository.add(copy, text);
        repository.refuses(&format!("`{name}`"));
        repository.git(&["rm", "-qf", copy]).succeeds();
        of("decrypt");
        repository.git(&["add", "."]).succeeds();
        repository.refuses(NOW);
    }
}

#[test]
fn a_decrypted_copy_in_another_directory_is_refused() {
    let repository = repository(&[
        ("secrets/app.yaml", VALUES),
        ("secrets/.env", "A=correct-horse\n"),
        ("secrets/a.toml", "a = \"correct-horse\"\n"),
    ]);
    for (name, text) in [
        ("app.yaml", VALUES),
        ("other/app.yaml", VALUES),
        ("other/app.dec.yaml", VALUES),
        ("other/App.yaml.bak", VALUES),
        (
            "other/app.json",
            "{\"db\": {\"user\": \"app\", \"password\": \"correct-horse\"}}",
        ),
        ("other/a.toml", "a = \"correct-horse\"\n"),
        ("other/app-copy.yaml", VALUES),
        ("other/app2.yaml", VALUES),
        ("other/App (1).yaml", VALUES),
        ("secrets2/app-old.yaml", VALUES),
        (".history/secrets/app_20260101120000.yaml", VALUES),
        (".history/app_20260101120000.yaml.txt", VALUES),
        ("a/b/.env", "A=correct-horse\n"),
        ("a/b/.env_old", "A=correct-horse\n"),
        ("a/b/.env.local", "A=correct-horse\n"),
    ] {
        repository.add(name, text);
        repository.refuses("this looks like a decrypted copy");
        repository.git(&["rm", "-qf", name]).succeeds();
    }
    for (name, text) in [
        (
            "dev/app.yaml",
            "db:\n  user: dev\n  password: development\n",
        ),
        ("docs/app.yaml", "db:\n  user: ''\n  password: ''\n"),
        ("b/.env", "A=${PASSWORD}\n"),
        ("b/a.toml", "a = \"horse\"\n"),
        ("c/.env", "A=correct\n"),
        ("d/app.yaml", "image: nginx\n"),
        (
            "d/app-dev.yaml",
            "db:\n  user: dev\n  password: development\n",
        ),
    ] {
        repository.add(name, text);
    }
    repository.commit().succeeds();
}

#[test]
fn a_decrypted_copy_next_to_the_encrypted_file_is_refused() {
    for (encrypted, copy, text) in [
        ("settings.enc.yaml", "settings.yaml", VALUES),
        ("settings.sops.yaml", "settings.yaml", VALUES),
        ("a/x.enc.env", "a/x.env", "A=correct-horse\n"),
        ("x.env.enc", "x.env", "A=correct-horse\n"),
        ("x.sops.json", "x.json", "{\"a\": \"correct-horse\"}"),
    ] {
        let repository = repository(&[(encrypted, text)]);
        repository.add(copy, text);
        repository.refuses(&format!("`{encrypted}`"));
    }
    // A file with other keys is not a copy, and neither is a file with references.
    let repository = repository(&[("settings.enc.yaml", VALUES)]);
    for text in [
        "b: c\n",
        "db: {user: '${USER}', password: '${PASSWORD}'}\n",
        "db: {user: app}\n",
        "db: {user: app, password: changeme}\n",
    ] {
        repository.add("settings.yaml", text);
        repository.sops_rs(&["hook", "run"]).succeeds();
    }
}

#[test]
fn an_edited_copy_is_refused_if_its_name_is_that_of_the_encrypted_file() {
    let edited = "db:\n  user: root\n  password: battery-staple-2\n";
    for encrypted in [
        "settings.enc.yaml",
        "settings.sops.yaml",
        "settings-enc.yml",
    ] {
        let repository = repository(&[(encrypted, VALUES)]);
        for copy in [
            "settings.yaml",
            "settings.dec.yaml",
            "settings-copy.yaml",
            "settings.decrypted.yaml",
            "settings.plain.yaml",
            "settings.clear.yaml",
            "settings.new.yaml",
            "settings.yaml.dec",
            "settings.yaml.bak",
            "settings.yml",
        ] {
            repository.add(copy, edited);
            repository.refuses(&format!("`{encrypted}`"));
            repository.git(&["rm", "-qf", copy]).succeeds();
        }
        for (name, text) in [
            ("settings.plain.yaml", "db:\n  user: root\n"),
            (
                "settings.new.yaml",
                "db:\n  user: USER\n  password: changeme\n",
            ),
            ("settings-prod.yaml", edited),
            ("settings.local.yaml", edited),
        ] {
            repository.add(name, text);
        }
        repository.commit().succeeds();
    }
}

#[test]
fn a_decrypted_copy_of_any_name_is_refused() {
    for (encrypted, text, copies) in [
        (
            "settings.yaml",
            VALUES,
            &[
                "settings2.yaml",
                "settings.yaml.md",
                "settings (1).yaml",
                "settings-copy.yaml",
                "settings.local.yaml",
                "settings-decrypted.yaml",
                "settings",
                "backup.yaml",
            ][..],
        ),
        (
            "a/.env",
            "A=correct-horse\nB=\"a b c\"\nC=5432\n",
            &["a/.env.out", "a/.env.HEAD", "a/env"],
        ),
        (
            "a.json",
            "{\"a\": \"correct-horse\", \"b\": [1.5, true, null]}",
            &["b.json", "b.yaml"],
        ),
        ("a.ini", "[a]\nb = correct-horse\n", &["b.ini", "b.conf"]),
    ] {
        let repository = repository(&[(encrypted, text)]);
        for copy in copies {
            let decrypted = repository.sops_rs(&["decrypt", encrypted]).succeeds();
            repository.add(copy, &decrypted.stdout);
            repository.refuses(&format!("`{encrypted}`"));
            repository.git(&["rm", "-qf", copy]).succeeds();
        }
    }
    let repository = repository(&[("settings.yaml", VALUES)]);
    let decrypt = [
        "decrypt",
        "--output-type",
        "json",
        "settings.yaml",
        "--output",
        "settings.json",
    ];
    repository.sops_rs(&decrypt).succeeds();
    repository.git(&["add", "settings.json"]).succeeds();
    repository.refuses("encrypted in `settings.yaml` of this commit");
    repository.git(&["rm", "-qf", "settings.json"]).succeeds();
    // A file for another environment, a sample, and a copy in another directory.
    for (name, text) in [
        ("dev.yaml", "db:\n  user: app\n  password: dev\n"),
        (
            "settings.example.yaml",
            "db: {user: USER, password: CHANGEME}\n",
        ),
        ("other/dev.yaml", "db: {user: app}\n"),
    ] {
        repository.add(name, text);
        repository.sops_rs(&["hook", "run"]).succeeds();
    }
    repository.git(&["add", "."]).succeeds();
    repository.commit().succeeds();
}

#[test]
fn a_decrypted_binary_file_is_refused_next_to_the_encrypted_one() {
    let repository = repository(&[]);
    repository.0.write("a.bin", "\u{1}correct-horse");
    let encrypted = repository.sops_rs(&["encrypt", "a.bin"]).succeeds();
    repository.add("keys/a-enc.bin", &encrypted.stdout);
    repository.commit().succeeds();
    for (name, content) in [
        ("keys/A.bin", "\u{1}other"),
        ("keys/other.dat", "\u{1}correct-horse"),
    ] {
        repository.add(name, content);
        repository
            .refuses("a decrypted copy of `keys/a-enc.bin`, which is encrypted in this commit");
        repository.git(&["rm", "-qf", name]).succeeds();
    }
    repository.add("keys/other.dat", "\u{1}other");
    repository.sops_rs(&["hook", "run"]).succeeds();
}

#[test]
fn a_secret_may_become_empty() {
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    let repository = repository(&[(
        "secret.yaml",
        &format!("{head}stringData: {{password: correct-horse}}\n"),
    )]);
    for (text, passes) in [
        ("stringData: {password: '${DB_PASSWORD}'}\n", true),
        ("type: kubernetes.io/service-account-token\n", true),
        ("stringData: {password: correct-horse}\n", false),
        ("stringData: {passwd: correct-horse}\n", false),
    ] {
        repository.add("secret.yaml", &format!("{head}{text}"));
        let run = repository.sops_rs(&["hook", "run"]);
        assert_eq!(run.code, Some(i32::from(!passes)), "{text}: {run}");
    }
}

#[test]
fn a_decrypted_file_is_refused_under_another_name() {
    for (to, edited) in [
        ("app.yaml", VALUES.to_owned()),
        ("app.yaml", VALUES.replace("user: app", "other: x")),
        ("public.yaml", VALUES.to_owned() + "more: x\n"),
        ("public.txt", VALUES.to_owned()),
    ] {
        let repository = repository(&[("secrets/app.yaml", VALUES)]);
        repository.git(&["mv", "secrets/app.yaml", to]).succeeds();
        repository.commit().succeeds();
        repository
            .git(&["reset", "-q", "--hard", "HEAD^"])
            .succeeds();
        repository.git(&["mv", "secrets/app.yaml", to]).succeeds();
        repository.add(to, &edited);
        repository.refuses("in HEAD as `secrets/app.yaml`");
    }
}

#[test]
fn files_without_values_of_an_encrypted_file_pass() {
    let secret = super::PLAIN;
    for (name, text) in [
        ("secrets/app.yaml", ""),
        ("secrets/app.yaml", "# moved to Vault\n"),
        (
            "secrets/app.yaml",
            "db:\n  user: ${USER}\n  password: ${PASSWORD}\n",
        ),
        (
            "a.yaml",
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  data: [{secretKey: password, remoteRef: {key: a}}]\n",
        ),
        ("other.yaml", "db: {user: app}\n"),
    ] {
        let repository = repository(&[("secrets/app.yaml", VALUES), ("a.yaml", secret)]);
        repository.add(name, text);
        repository.commit().succeeds();
    }
    let repository = repository(&[("secrets/app.yaml", VALUES)]);
    repository.git(&["rm", "-q", "secrets/app.yaml"]).succeeds();
    repository.add("settings.yaml", "a: b\n");
    repository.add("other/app.yaml", "image: nginx\n");
    repository.commit().succeeds();
}

#[test]
fn a_file_that_is_meant_to_be_public_can_be_allowed() {
    let repository = repository(&[("values.yaml", VALUES)]);
    let allowed = VALUES.replace(
        "  user",
        "  # sops-rs: allow plaintext-secret -- the password of the demo\n  user",
    );
    repository.add("values.yaml", VALUES);
    repository.refuses(NOW);
    repository.add("values.yaml", &allowed);
    repository.commit().succeeds();
    repository.add("values.yaml", VALUES);
    repository.commit().succeeds();
}

#[test]
fn a_push_of_a_decrypted_file_is_refused() {
    for to in ["values.yaml", "public/values.yaml"] {
        let repository = repository(&[("values.yaml", VALUES)]);
        repository
            .git(&["init", "-q", "--bare", "../remote"])
            .succeeds();
        repository
            .git(&["remote", "add", "origin", "../remote"])
            .succeeds();
        repository.git(&["push", "-q", "origin", "main"]).succeeds();
        repository.git(&["rm", "-q", "values.yaml"]).succeeds();
        repository.add(to, VALUES);
        let commit = repository.commit_unchecked();
        repository.git(&["rm", "-q", to]).succeeds();
        repository.commit_unchecked();
        let run = repository.git(&["push", "-q", "origin", "main"]);
        refused(
            &run,
            &[
                "is encrypted in the previous commit",
                &commit,
                "The push is refused",
            ],
        );
        let run = repository.git(&["push", "-q", "--no-verify", "origin", "main"]);
        run.succeeds();
    }
}

#[test]
fn a_push_of_a_decrypted_file_is_refused_even_if_the_file_was_deleted_meanwhile() {
    let repository = repository(&[("values.yaml", VALUES)]);
    repository.add_remote("origin");
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
    repository.git(&["rm", "-q", "values.yaml"]).succeeds();
    repository.commit().succeeds();
    repository.add("values.yaml", VALUES);
    repository.commit().succeeds();
    let run = repository.git(&["push", "-q", "origin", "main"]);
    refused(&run, &["an earlier commit", "The push is refused"]);
    // Content that shows none of the values may be added again.
    repository
        .git(&["reset", "-q", "--hard", "HEAD^"])
        .succeeds();
    repository.add("values.yaml", "db: {user: '${USER}'}\n");
    repository.commit().succeeds();
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
}

#[test]
fn a_decrypted_binary_file_is_refused_without_the_mark_in_its_name() {
    let repository = repository(&[]);
    repository.0.write("a.bin", "\u{1}correct-horse");
    let encrypted = repository.sops_rs(&["encrypt", "a.bin"]).succeeds();
    repository.add("a.bin.enc", &encrypted.stdout);
    repository.commit().succeeds();
    repository.git(&["rm", "-q", "a.bin.enc"]).succeeds();
    repository.add("a.bin", "\u{1}correct-horse");
    repository.refuses("in HEAD as `a.bin.enc`");
}

#[test]
fn a_forced_push_is_compared_with_the_commits_that_it_replaces() {
    for (to, text) in [
        ("values.yaml", VALUES),
        ("values.yaml", "other: correct-horse\n"),
        ("public.yaml", VALUES),
    ] {
        let repository = repository(&[]);
        repository.add_remote("origin");
        repository.0.write("values.yaml", VALUES);
        repository
            .sops_rs(&["encrypt", "-i", "values.yaml"])
            .succeeds();
        repository.git(&["add", "."]).succeeds();
        repository.commit().succeeds();
        repository
            .git(&["push", "-q", "-u", "origin", "main"])
            .succeeds();
        let amend = ["commit", "-q", "--amend", "--no-verify", "-m", "x"];
        let force = || repository.git(&["push", "-q", "-f", "origin", "main"]);
        // Another version that is encrypted, or none.
        repository.add("b.yaml", HARMLESS);
        repository.git(&["rm", "-q", "values.yaml"]).succeeds();
        repository.git(&amend).succeeds();
        force().succeeds();
        repository
            .git(&["reset", "-q", "--hard", "HEAD@{1}"])
            .succeeds();
        force().succeeds();

        repository.git(&["rm", "-q", "values.yaml"]).succeeds();
        repository.add(to, text);
        repository.git(&amend).succeeds();
        refused(
            &force(),
            &[
                &format!("{}:{to}:", repository.head()),
                "an earlier commit",
                "The push is refused",
            ],
        );
    }
}

#[test]
fn a_push_of_a_file_that_an_earlier_commit_deleted_is_refused() {
    let other = VALUES.replace("user", "name");
    for is_pushed in [false, true] {
        for (to, text, is_refused) in [
            ("a/q.yaml", VALUES, true),
            ("a/q.yaml", &*other, true),
            ("a/q.yaml.bak", VALUES, true),
            ("a/q2.yaml", VALUES, true),
            // A file with other keys is another file.
            ("a/q2.yaml", &*other, false),
            ("b/q.yaml", &*other, false),
            ("a/q.yaml", "db: {user: '${USER}', password: ''}\n", false),
        ] {
            let repository = repository(&[("a/q.yaml", VALUES)]);
            repository.add_remote("origin");
            let push = || repository.git(&["push", "-q", "origin", "main"]);
            push().succeeds();
            repository.git(&["rm", "-q", "a/q.yaml"]).succeeds();
            repository.commit().succeeds();
            if is_pushed {
                push().succeeds();
            }
            repository.add("c.yaml", HARMLESS);
            repository.commit().succeeds();
            repository.add(to, text);
            repository.commit().succeeds();
            let run = push();
            match is_refused {
                true => refused(&run, &["an earlier commit", "The push is refused"]),
                false => assert_eq!(run.code, Some(0), "{to}: {run}"),
            }
        }
    }
}

#[test]
fn a_file_in_the_root_is_compared_with_files_deleted_there() {
    let repository = repository(&[("q.env", "A=correct-horse\nB=correct-horse\n")]);
    repository.add_remote("origin");
    repository.git(&["rm", "-q", "q.env"]).succeeds();
    repository.commit().succeeds();
    repository.git(&["push", "-q", "origin", "main"]).succeeds();
    for name in ["q.env", "q.env.bak", "q2.env"] {
        repository.add(name, "A=correct-horse\nB=correct-horse\n");
        repository.commit().succeeds();
        let run = repository.git(&["push", "-q", "origin", "main"]);
        refused(&run, &[&format!("{name}:1"), "an earlier commit"]);
        repository
            .git(&["reset", "-q", "--hard", "HEAD^"])
            .succeeds();
    }
}

/// The command in the help must work.
#[test]
fn the_help_depends_on_the_creation_rule() {
    let repository = repository(&[]);
    let encrypt = |name: &str| {
        let recipient = sops_test_support::environment::recipient();
        let words = [
            "--config",
            "/dev/null",
            "encrypt",
            "-i",
            "--age",
            &recipient,
            name,
        ];
        repository.sops_rs(&words).succeeds();
        repository.git(&["add", name]).succeeds();
        repository.commit().succeeds();
    };
    repository.0.write("s.yaml", VALUES);
    repository.add(".sops.yaml", "stores: {}\n");
    encrypt("s.yaml");
    repository.add("copy.yaml", VALUES);
    let rule = "add a creation rule for it to `.sops.yaml`, and run `sops-rs encrypt -i copy.yaml`";
    repository.refuses(rule);
    let recipient = sops_test_support::environment::recipient();
    let rules =
        format!("creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {recipient}\n");
    repository.add(".sops.yaml", &rules);
    repository.refuses("add a creation rule to `.sops.yaml` that selects this value, which `encrypted_regex: ^(data|stringData)$` does not");
    let rules = rules.replace("data|stringData", "db");
    repository.add(".sops.yaml", &rules);
    repository.refuses("otherwise, encrypt it with `sops-rs encrypt -i copy.yaml`");
    repository
        .sops_rs(&["encrypt", "-i", "copy.yaml"])
        .succeeds();
}
