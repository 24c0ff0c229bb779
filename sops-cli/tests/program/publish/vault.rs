//! Publishing to the key-value engine of Vault. The tests with the real OpenBao are in
//! `peers/publish.rs`.

use std::time::{Duration, Instant};

use serde_json::json;
use sops_test_support::environment::{Run, TestEnvironment, recipient};
use sops_test_support::server::vault::{BLIND, POWERLESS, ROOT};
use sops_test_support::server::{HttpReply, HttpServer, VaultServer};

const TEXT: &str = "# c\npassword: hunter2\nlist:\n  - {a: 1}\n";

struct User {
    environment: TestEnvironment,
    server: VaultServer,
}

impl User {
    fn new() -> Self {
        let environment = TestEnvironment::new();
        environment.encrypt("a.yaml", TEXT);
        Self {
            environment,
            server: VaultServer::start(),
        }
    }

    /// Publishes with this rule and these variables.
    fn publish(&self, rule: &str, variables: &[(&str, &str)], words: &[&str]) -> Run {
        let rules = format!("destination_rules:\n- {rule}\n");
        self.environment.write(".sops.yaml", rules);
        let mut command = self
            .environment
            .command(&[&["publish", "-y"], words].concat());
        command
            .env("VAULT_ADDR", self.server.http.url())
            .env("VAULT_TOKEN", ROOT)
            .envs(variables.iter().copied());
        self.environment
            .finish(command)
            .keeps(&[ROOT, POWERLESS, BLIND, "hunter2"])
    }
}

fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_decrypted_values_are_written_once() {
    let user = User::new();
    let content = json!({"password": "hunter2", "list": [{"a": 1}]});
    for (rule, path) in [
        ("{vault_path: v/x/}", "secret/data/v/x/a.yaml"),
        ("{vault_path: /v, omit_extensions: true}", "secret/data/v/a"),
        (
            "{vault_path: v, vault_kv_mount_name: old/kv/, vault_kv_version: 1}",
            "old/kv/v/a.yaml",
        ),
    ] {
        let run = user.publish(rule, &[], &["a.yaml"]).succeeds();
        let url = format!("{}/v1/{path}", user.server.http.url());
        assert_eq!(unwrapped(&run), format!("published a.yaml to {url}"));
        assert_eq!(
            user.server.secret(path),
            Some((content.clone(), 1)),
            "{rule}"
        );
        let run = user.publish(rule, &[], &["a.yaml"]).succeeds();
        assert_eq!(unwrapped(&run), format!("{url} is already up to date"));
        assert_eq!(
            user.server.secret(path),
            Some((content.clone(), 1)),
            "{rule}"
        );
    }
    user.environment
        .run(&["set", "a.yaml", "[\"password\"]", "\"new1\""])
        .succeeds();
    user.publish("{vault_path: v/x}", &[], &["a.yaml"])
        .succeeds();
    let (content, written) = user.server.secret("secret/data/v/x/a.yaml").unwrap();
    assert_eq!((&content["password"], written), (&json!("new1"), 2));
}

#[test]
fn every_format_becomes_an_object() {
    let user = User::new();
    for (name, text, content) in [
        ("b.json", "{\"a\": {\"b\": 1.50}}", json!({"a": {"b": 1.5}})),
        ("c.env", "A=1\n", json!({"A": "1"})),
        (
            "d.ini",
            "[s]\na = 1\n",
            json!({"DEFAULT": {}, "s": {"a": "1"}}),
        ),
        ("e.bin", "text\n", json!({"data": "text\n"})),
    ] {
        user.environment.encrypt(name, text);
        user.publish("{vault_path: v}", &[], &[name]).succeeds();
        let secret = user.server.secret(&format!("secret/data/v/{name}"));
        assert_eq!(secret, Some((content, 1)), "{name}");
    }
    user.environment.encrypt("f.yaml", "a: 1\n---\nb: 2\n");
    let run = user.publish("{vault_path: v}", &[], &["f.yaml"]);
    assert!(unwrapped(&run.fails_with(1)).contains("another document begins here"));
}

#[test]
fn a_secret_that_cannot_be_read_is_written_with_a_warning() {
    let user = User::new();
    for written in [1, 2] {
        let run = user.publish("{vault_path: v}", &[("VAULT_TOKEN", BLIND)], &["a.yaml"]);
        assert!(unwrapped(&run.succeeds()).contains(
            "did not let sops-rs read `secret/data/v/a.yaml`, so it was written even if"
        ));
        let secret = user.server.secret("secret/data/v/a.yaml");
        assert_eq!(secret.unwrap().1, written);
    }
}

#[test]
fn a_directory_is_published_below_the_path() {
    let user = User::new();
    user.environment.encrypt("apps/b/c.yaml", "a: hunter2\n");
    user.publish("{vault_path: v}", &[], &["--recursive", "apps"])
        .succeeds();
    let secret = user.server.secret("secret/data/v/b/c.yaml").unwrap();
    assert_eq!(secret.0, json!({"a": "hunter2"}));
}

#[test]
fn a_server_that_only_the_configuration_names_must_be_allowed() {
    let user = User::new();
    user.environment.encrypt("apps/b.yaml", TEXT);
    let url = user.server.http.url();
    let rule = format!("{{vault_path: v, vault_address: '{url}/'}}");
    let other = ("VAULT_ADDR", "https://vault.example");
    let asked = user.server.http.requests().len();
    let words = ["--recursive", "apps"];
    for words in [&["a.yaml"][..], &words] {
        let run = user.publish(&rule, &[other], words).fails_with(1);
        assert!(
            unwrapped(&run)
                .contains("was not contacted, because only a file names it; set VAULT_ADDR=")
        );
    }
    let denied = [other, ("SOPS_HC_VAULT_ALLOWLIST", "none")];
    let run = user.publish(&rule, &denied, &["a.yaml"]).fails_with(1);
    assert!(unwrapped(&run).contains("SOPS_HC_VAULT_ALLOWLIST does not allow"));
    assert_eq!(user.server.http.requests().len(), asked);
    let allowed = [other, ("SOPS_HC_VAULT_ALLOWLIST", &*url)];
    user.publish(&rule, &allowed, &words).succeeds();
    assert!(user.server.secret("secret/data/v/b.yaml").is_some());
}

#[test]
fn a_refusal_says_what_to_do() {
    let user = User::new();
    let v2 = "{vault_path: v}";
    for (rule, variables, wanted) in [
        (
            v2,
            &[("VAULT_TOKEN", "hvs.unknown")][..],
            "rejects the token in VAULT_TOKEN",
        ),
        (
            v2,
            &[("VAULT_TOKEN", POWERLESS)],
            "(default, of-the-tests) do not allow `create` and `update` on `secret/data/v/a.yaml`",
        ),
        (
            v2,
            &[("VAULT_NAMESPACE", "missing")],
            "has no namespace `missing`; check VAULT_NAMESPACE",
        ),
        (
            "{vault_path: v, vault_kv_mount_name: nope}",
            &[],
            "no key-value engine at `nope`; check `vault_kv_mount_name`",
        ),
        (
            "{vault_path: v, vault_kv_version: 1}",
            &[],
            "remove `vault_kv_version: 1`",
        ),
        (
            "{vault_path: ../../sys}",
            &[],
            "`.` and `..` cannot be parts of the path",
        ),
        (
            v2,
            &[("VAULT_ADDR", "http://127.0.0.1:1")],
            "cannot be reached: Connection refused",
        ),
        (
            "{vault_path: v, vault_address: 'http://h/x'}",
            &[],
            "`http://h/x` is not the address of a Vault server",
        ),
    ] {
        let run = user.publish(rule, variables, &["a.yaml"]).fails_with(1);
        let shown = unwrapped(&run);
        assert!(
            shown.starts_with("error: cannot publish a.yaml to http"),
            "{run}"
        );
        assert!(shown.contains(wanted), "{wanted}: {run}");
    }
}

#[test]
fn a_slow_server_is_given_up() {
    let user = User::new();
    for (reply, wanted) in [
        (
            HttpReply::Silence,
            "accepts connections, but does not answer",
        ),
        (
            HttpReply::Drip(b"HTTP/1.1 200 X\r\n".repeat(100)),
            "accepts connections, but does not answer",
        ),
        (
            HttpReply::Bytes(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{".to_vec()),
            "sent an incomplete response",
        ),
    ] {
        let server = HttpServer::start(move |_| reply.clone());
        let url = server.url();
        let variables = [("VAULT_ADDR", &*url), ("VAULT_CLIENT_TIMEOUT", "1")];
        let start = Instant::now();
        let run = user
            .publish("{vault_path: v}", &variables, &["a.yaml"])
            .fails_with(1);
        assert!(start.elapsed() < Duration::from_secs(8), "{run}");
        assert!(unwrapped(&run).contains(wanted), "{run}");
    }
}

#[test]
fn a_recreation_rule_has_no_effect() {
    let user = User::new();
    let rule = format!(
        "{{vault_path: v, recreation_rule: {{age: {}}}}}",
        recipient()
    );
    let run = user.publish(&rule, &[], &["a.yaml"]).succeeds();
    assert!(
        unwrapped(&run).contains("the `recreation_rule` has no effect"),
        "{run}"
    );
    assert_eq!(run.stdout, "");
}
