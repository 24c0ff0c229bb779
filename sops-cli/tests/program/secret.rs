//! Creating Secrets.

use std::process::Stdio;

use sops_test_support::environment::{TestEnvironment, recipient};

const SERVER_KEY: &str = include_str!("../../../testdata/tls/server.key");

/// A directory with a creation rule for manifests.
fn with_rule() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let rule = format!(
        "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rule);
    environment.write("apps/README.md", "");
    environment
}

#[test]
fn a_command_line_of_kubectl_writes_a_file() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: {}}}]\n", recipient()),
    );
    for (format, name) in [("yaml", "api.yaml"), ("json", "api.json")] {
        let run = environment
            .run(&[
                "secret",
                "create",
                "generic",
                "api",
                "--from-literal=token=correct-horse",
                "--dry-run=client",
                "-o",
                format,
            ])
            .succeeds();
        assert!(run.stderr.contains("`--dry-run` has no effect"), "{run}");
        assert!(environment.decrypt(name).contains("Y29ycmVjdC1ob3JzZQ=="));
    }
}

#[test]
fn a_secret_is_encrypted_by_the_rule_of_its_path() {
    let environment = with_rule();
    environment.write("ca.pem", "line 1\nline 2\n");
    environment.write(
        "settings.env",
        "\u{feff}# comment\n\nUSER=ann\r\n  EMPTY=\nHOME\n",
    );
    let run = environment
        .run_with_input(
            &[
                "secret",
                "create",
                "generic",
                "api",
                "--namespace",
                "shop",
                "--labels",
                "app=api,tier=1",
                "--type",
                "example.com/api",
                "--from-file",
                "ca.pem",
                "--from-file",
                "ca=ca.pem",
                "--from-env-file",
                "settings.env",
                "--from-stdin",
                "password",
                "--generate",
                "token=40:hex",
                "--output",
                "apps/api.yaml",
            ],
            "correct-horse\n",
        )
        .succeeds()
        .keeps(&["correct-horse"]);
    assert_eq!(run.stdout, "");
    let encrypted = environment.read("apps/api.yaml");
    assert!(
        encrypted.contains("ENC[") && !encrypted.contains("Y29ycmVjd"),
        "{encrypted}"
    );
    let text = environment.decrypt("apps/api.yaml");
    let home = environment.run(&["decrypt", "--extract", "data.HOME", "apps/api.yaml"]);
    let token = environment.run(&["decrypt", "--extract", "data.token", "apps/api.yaml"]);
    let (home, token) = (home.succeeds().stdout, token.succeeds().stdout);
    assert_eq!(
        text,
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: api\n  namespace: shop\n  labels:\n    app: api\n    tier: \"1\"\n\
             type: example.com/api\ndata:\n  ca.pem: bGluZSAxCmxpbmUgMgo=\n  ca: bGluZSAxCmxpbmUgMgo=\n  USER: YW5u\n  EMPTY: \"\"\n\
             \x20 HOME: {home}\n  password: Y29ycmVjdC1ob3JzZQ==\n  token: {token}\n"
        )
    );
    assert_eq!(token.len(), 56);
}

#[test]
fn a_secret_is_never_written_over_a_file_or_without_a_rule() {
    let environment = with_rule();
    let create = [
        "secret",
        "create",
        "generic",
        "api",
        "--generate",
        "token=32",
    ];
    let run = environment.run(&create);
    assert!(
        run.fails_with(1).stderr.contains("no creation rule") || environment.names().len() == 2
    );
    assert!(!environment.path("api.yaml").exists());
    environment.write("apps/api.yaml", "old");
    let run = environment.run(&[&create[..], &["--output", "apps/api.yaml"]].concat());
    assert!(run.fails_with(3).stderr.contains("already exists"));
    assert_eq!(environment.read("apps/api.yaml"), "old");
    environment.write("ca.pem", include_str!("../../../testdata/tls/ca.pem"));
    environment.write("server.key", SERVER_KEY);
    environment.write("cut.key", &SERVER_KEY[..200]);
    environment.write("apps/encrypted.yaml", "data: {a: YQ==}\n");
    let encrypt = ["encrypt", "-i", "apps/encrypted.yaml"];
    environment.run(&encrypt).succeeds();
    for (wrong, message) in [
        (
            &["generic", "Api", "--generate", "a=32"][..],
            "not a valid name",
        ),
        (
            &["generic", "api", "--generate", "a b=32"],
            "not a valid key",
        ),
        (
            &["generic", "api", "--generate", "a=32", "--generate", "a=32"],
            "given twice",
        ),
        (&["generic", "api"], "no values"),
        (&["generic", "api", "--from-literal", "a"], "needs a key"),
        (&["generic", "api", "--from-file", "missing"], "missing"),
        (
            &["tls", "api", "--cert", ".sops.yaml", "--key", ".sops.yaml"],
            "CERTIFICATE",
        ),
        (
            &["basic-auth", "api", "--username", "ann"],
            "--password-stdin",
        ),
        (
            &[
                "generic",
                "api",
                "--generate",
                "a=32",
                "--namespace",
                "Shop",
            ],
            "name for a namespace",
        ),
        (
            &["generic", "api", "--from-stdin", "a"],
            "standard input is empty",
        ),
        (
            &["tls", "api", "--cert", "ca.pem", "--key", "server.key"],
            "not the private key of the certificate in ca.pem",
        ),
        (
            &["tls", "api", "--cert", "ca.pem", "--key", "cut.key"],
            "no valid private key",
        ),
        (
            &["generic", "api", "--from-file", "apps/encrypted.yaml"],
            "is encrypted",
        ),
        (&["generic", "api", "--from-file", "apps"], "is encrypted"),
        (
            &["generic", "api", "--from-env-file", "apps/encrypted.yaml"],
            "is encrypted",
        ),
    ] {
        let words = [&["secret", "create"], wrong, &["--output", "apps/new.yaml"]].concat();
        let mut command = environment.command(&words);
        // Without a terminal, there is no prompt.
        command.stdin(Stdio::null());
        let run = environment.finish(command);
        assert!(run.code != Some(0) && run.stderr.contains(message), "{run}");
        assert!(!environment.path("apps/new.yaml").exists());
    }
}

#[test]
fn a_literal_causes_a_warning_that_does_not_repeat_it() {
    let environment = with_rule();
    for (arguments, flag) in [
        (
            &[
                "generic",
                "a",
                "--from-literal",
                "k=hunter2",
                "--from-literal",
                "l=hunter2",
            ][..],
            "--from-literal",
        ),
        (
            &[
                "basic-auth",
                "b",
                "--username",
                "ann",
                "--password",
                "hunter2",
            ],
            "--password",
        ),
        (
            &[
                "docker-registry",
                "c",
                "--docker-username",
                "ann",
                "--docker-password",
                "hunter2",
            ],
            "--docker-password",
        ),
    ] {
        let output = format!("apps/{}.yaml", arguments[1]);
        let words = [&["secret", "create"], arguments, &["--output", &output]].concat();
        let run = environment.run(&words).succeeds().keeps(&["hunter2"]);
        let warning = format!("warning: other processes can see values of `{flag}`");
        assert_eq!(run.stderr.matches(&warning).count(), 1, "{run}");
    }
}

#[test]
fn a_source_that_would_be_ignored_is_refused() {
    let environment = with_rule();
    environment.write("k", "correct-horse");
    let basic = ["basic-auth", "g", "--username", "ann"];
    let docker = ["docker-registry", "d", "--docker-username", "ann"];
    let file = ["docker-registry", "d", "--from-file", "k"];
    for (arguments, more) in [
        (&basic[..], &["--password", "x", "--generate", "32"][..]),
        (&basic, &["--password", "x", "--password-file", "k"]),
        (&basic, &["--password", "x", "--password-stdin"]),
        (&basic, &["--generate", "32", "--password-stdin"]),
        (&docker, &["--docker-password", "x", "--password-file", "k"]),
        (&file, &["--password-stdin"]),
        (&file, &["--docker-server", "ghcr.io"]),
    ] {
        let words = [
            &["secret", "create"],
            arguments,
            more,
            &["--output", "apps/a.yaml"],
        ]
        .concat();
        let run = environment.run_with_input(&words, "hunter2");
        assert!(run.stderr.contains("cannot be used with"), "{run}");
        assert!(!environment.path("apps/a.yaml").exists(), "{run}");
    }
    let words = [
        &["secret", "create"],
        &file[..],
        &["--output", "apps/a.yaml"],
    ]
    .concat();
    for text in ["correct-horse", "\"correct-horse\"", "[]"] {
        environment.write("k", text);
        let run = environment.run(&words).fails_with(1);
        assert!(run.stderr.contains("k is not a JSON object"), "{run}");
        assert!(!run.stderr.contains("correct-horse"), "{run}");
    }
    environment.write("k", "{\"auths\": {}}\n");
    environment.run(&words).succeeds();
}

#[test]
fn other_kinds_have_the_fields_that_kubernetes_expects() {
    let environment = with_rule();
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
    environment.write("key", key);
    environment.write(
        "server.pem",
        include_str!("../../../testdata/tls/server.pem"),
    );
    for (arguments, input, field, expected) in [
        (
            &["basic-auth", "a", "--username", "ann", "--password-stdin"][..],
            "hunter2\n",
            "data.password",
            "aHVudGVyMg==",
        ),
        (
            &["tls", "d", "--cert", "server.pem", "--key", "-"],
            SERVER_KEY,
            "type",
            "kubernetes.io/tls",
        ),
        (
            &["ssh-auth", "b", "--ssh-privatekey", "-"],
            key,
            "data.ssh-privatekey",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZLS0tLS0KYWJjCi0tLS0tRU5EIE9QRU5TU0ggUFJJVkFURSBLRVktLS0tLQo=",
        ),
        (
            &["docker-registry", "c", "--from-file", ".dockerconfigjson=-"],
            "{}",
            "data[\".dockerconfigjson\"]",
            "e30=",
        ),
    ] {
        let output = format!("apps/{}.yaml", arguments[1]);
        let words = [&["secret", "create"], arguments, &["--output", &output]].concat();
        environment.run_with_input(&words, input).succeeds();
        let extracted = environment.run(&["decrypt", "--extract", field, &output]);
        assert_eq!(extracted.succeeds().stdout, expected);
        let kind = environment
            .run(&["decrypt", "--extract", "type", &output])
            .succeeds();
        assert!(kind.stdout.starts_with("kubernetes.io/"), "{kind}");
    }
}
