//! Keys of Google Cloud KMS, with a server on the loopback interface.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};
use sops_test_support::server::gcp::{ACCOUNT, KEY, PRIVATE_KEY, REFRESH, SUBJECT, TOKEN};
use sops_test_support::server::{GcpServer, HttpReply, HttpServer};

const TEXT: &str = "a: hunter2\n";
const CLIENT_SECRET: &str = "client-secret-of-the-tests";

struct User {
    environment: TestEnvironment,
    server: GcpServer,
}

impl User {
    fn new() -> Self {
        Self {
            environment: TestEnvironment::new(),
            server: GcpServer::start(),
        }
    }

    fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Run {
        let mut command = self.environment.command(words);
        command
            .env("SOPS_GCP_KMS_ENDPOINT", self.server.http.url())
            // A test must not find the metadata server of the machine that it runs on.
            .env("GCE_METADATA_HOST", "127.0.0.1:1")
            .envs(variables.iter().copied());
        let run = self.environment.finish(command);
        let line = PRIVATE_KEY.lines().nth(3).expect("the key has lines");
        run.keeps(&[TOKEN, REFRESH, SUBJECT, CLIENT_SECRET, line])
    }

    fn run(&self, words: &[&str]) -> Run {
        self.run_with(&[("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)], words)
    }

    /// Writes a file that only the key decrypts.
    fn encrypt(&self, name: &str) {
        self.environment.write(name, TEXT);
        self.run(&["encrypt", "-i", "--gcp-kms", KEY, name])
            .succeeds();
    }

    /// A file with credentials.
    fn file(&self, name: &str, json: &Value) -> PathBuf {
        let path = self.environment.home().join(name);
        fs::create_dir_all(path.parent().expect("the path has a parent"))
            .expect("the home is writable");
        fs::write(&path, json.to_string()).expect("the home is writable");
        path
    }

    fn service_account() -> Value {
        json!({"type": "service_account", "client_email": ACCOUNT, "private_key": PRIVATE_KEY, "private_key_id": "1"})
    }

    fn login(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH,
            "quota_project_id": "paying",
            "token_uri": format!("{}/token", self.server.http.url()),
        })
    }

    /// Workload identity federation, with the token of the other provider from this source.
    fn federated(&self, source: &Value, is_impersonated: bool) -> Value {
        let url = self.server.http.url();
        let mut file = json!({
            "type": "external_account",
            "audience": "the-audience",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{url}/sts"),
            "credential_source": source,
        });
        if is_impersonated {
            file["service_account_impersonation_url"] = format!("{url}/impersonate").into();
        }
        file
    }
}

/// The text on one line.
fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_is_encrypted_changed_and_decrypted() {
    let user = User::new();
    user.encrypt("x.yaml");
    let encrypted = user.environment.read("x.yaml");
    assert!(
        encrypted.contains(&format!("resource_id: {KEY}\n")),
        "{encrypted}"
    );
    assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    let check = user.run(&["keys", "check", "x.yaml"]).succeeds();
    assert!(
        check
            .stdout
            .contains("credentials: GOOGLE_OAUTH_ACCESS_TOKEN"),
        "{check}"
    );
    user.run(&["rotate", "-i", "--yes", "--add-age", &recipient(), "x.yaml"])
        .succeeds();
    user.run(&["rotate", "-i", "--yes", "--rm-gcp-kms", KEY, "x.yaml"])
        .succeeds();
    assert!(!user.environment.read("x.yaml").contains(KEY));
    user.run(&["rotate", "-i", "--yes", "--add-gcp-kms", KEY, "x.yaml"])
        .succeeds();
    let words = [
        "groups",
        "add",
        "-i",
        "--yes",
        "--gcp-kms",
        KEY,
        "--file",
        "x.yaml",
    ];
    user.run(&words).succeeds();
    assert_eq!(user.run(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
}

#[test]
fn the_variable_and_every_form_of_a_creation_rule_name_keys() {
    let user = User::new();
    user.environment.write("p.yaml", TEXT);
    let variables = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN),
        ("SOPS_GCP_KMS_IDS", KEY),
    ];
    let encrypted = user
        .run_with(&variables, &["encrypt", "p.yaml"])
        .succeeds()
        .stdout;
    assert!(encrypted.contains(KEY), "{encrypted}");
    for rule in [
        format!("gcp_kms: {KEY}"),
        format!("gcp_kms: [{KEY}]"),
        format!("key_groups: [{{gcp_kms: [{{resource_id: {KEY}}}]}}]"),
        format!(
            "shamir_threshold: 2\n    key_groups: [{{gcp_kms: [{{resource_id: {KEY}}}]}}, {{age: [{}]}}, {{age: [{}]}}]",
            recipient(),
            other_recipient()
        ),
    ] {
        let config = format!("creation_rules:\n  - path_regex: yaml$\n    {rule}\n");
        user.environment.write(".sops.yaml", config);
        user.environment.write("x.yaml", TEXT);
        user.run(&["encrypt", "-i", "x.yaml"]).succeeds();
        assert!(user.environment.read("x.yaml").contains(KEY), "{rule}");
        assert_eq!(
            user.run(&["decrypt", "x.yaml"]).succeeds().stdout,
            TEXT,
            "{rule}"
        );
    }
}

#[test]
fn tokens_come_from_the_sources_of_google() {
    let user = User::new();
    user.encrypt("x.yaml");
    let url = user.server.http.url();
    let subject_file = user.environment.home().join("subject");
    fs::write(&subject_file, format!("{SUBJECT}\n")).expect("the home is writable");
    let of_url = json!({
        "url": format!("{url}/subject"),
        "headers": {"Authorization": "Bearer request-token"},
        "format": {"type": "json", "subject_token_field_name": "value"},
    });
    let impersonated = json!({
        "type": "impersonated_service_account",
        "service_account_impersonation_url": format!("{url}/impersonate"),
        "delegates": [],
        "source_credentials": user.login(),
    });
    let files = [
        ("service account", User::service_account()),
        ("login", user.login()),
        (
            "federation by file",
            user.federated(&json!({"file": subject_file}), false),
        ),
        ("federation by URL", user.federated(&of_url, true)),
        ("impersonation", impersonated),
    ];
    for (name, json) in files {
        let path = user.file(name, &json).display().to_string();
        for (variable, value) in [
            ("GOOGLE_CREDENTIALS", &*path),
            ("GOOGLE_CREDENTIALS", &json.to_string()),
            ("GOOGLE_APPLICATION_CREDENTIALS", &path),
        ] {
            let run = user.run_with(&[(variable, value)], &["decrypt", "x.yaml"]);
            assert_eq!(run.succeeds().stdout, TEXT, "{name} {variable}");
        }
    }
    let host = user.server.http.host();
    let machine = [("GCE_METADATA_HOST", &*host)];
    let run = user.run_with(&machine, &["decrypt", "x.yaml"]);
    assert_eq!(run.succeeds().stdout, TEXT);
    user.file(
        ".config/gcloud/application_default_credentials.json",
        &user.login(),
    );
    assert_eq!(
        user.run_with(&[], &["decrypt", "x.yaml"]).succeeds().stdout,
        TEXT
    );
}

#[test]
fn the_variables_of_sops_have_precedence() {
    let user = User::new();
    user.encrypt("x.yaml");
    let login = user.file("login", &user.login()).display().to_string();
    let bad = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "bad"),
        ("GOOGLE_APPLICATION_CREDENTIALS", &*login),
    ];
    let run = user.run_with(&bad, &["decrypt", "x.yaml"]).fails_with(128);
    let words = "rejects the access token from GOOGLE_OAUTH_ACCESS_TOKEN";
    assert!(unwrapped(&run).contains(words), "{run}");
    let good = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", "bad"),
        ("GOOGLE_CREDENTIALS", &*login),
    ];
    user.run_with(&good, &["decrypt", "x.yaml"]).succeeds();
}

#[test]
fn only_the_users_quota_project_is_sent() {
    let user = User::new();
    user.encrypt("x.yaml");
    let login = user.file("login", &user.login()).display().to_string();
    let login = ("GOOGLE_APPLICATION_CREDENTIALS", &*login);
    for (variables, project) in [
        (vec![("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)], None),
        (vec![login], Some("paying")),
        (
            vec![login, ("GOOGLE_CLOUD_QUOTA_PROJECT", "other")],
            Some("other"),
        ),
    ] {
        user.run_with(&variables, &["decrypt", "x.yaml"]).succeeds();
        let request = user
            .server
            .http
            .requests()
            .pop()
            .expect("there was a request");
        assert_eq!(request.header("x-goog-user-project"), project);
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let user = User::new();
    user.environment.write("p.yaml", TEXT);
    let token = ("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN);
    let expired = user.login().to_string().replace(REFRESH, "expired-token");
    let wrong_key =
        json!({"type": "service_account", "client_email": "x", "private_key": "hunter3"});
    let wrong_key = wrong_key.to_string();
    let of_project = |project: &str| KEY.replace("/p/", &format!("/{project}/"));
    for (variables, key, words) in [
        (
            vec![token],
            format!("{KEY}x"),
            "the key does not exist: CryptoKey",
        ),
        (
            vec![token],
            format!("{KEY}/cryptoKeyVersions/1"),
            "without a version",
        ),
        (
            vec![token],
            of_project("disabled"),
            "run `gcloud services enable cloudkms.googleapis.com --project PROJECT`",
        ),
        (
            vec![token],
            of_project("forbidden"),
            "you need the role `roles/cloudkms.cryptoKeyEncrypterDecrypter`",
        ),
        (
            vec![token, ("GOOGLE_CLOUD_QUOTA_PROJECT", "denied")],
            KEY.to_owned(),
            "you are not allowed to use the quota project",
        ),
        (
            vec![("GOOGLE_CREDENTIALS", &*expired)],
            KEY.to_owned(),
            "Token has been expired or revoked.; run `gcloud auth application-default login`",
        ),
        (
            vec![("GOOGLE_CREDENTIALS", &*wrong_key)],
            KEY.to_owned(),
            "its `private_key` is not an RSA key in PEM",
        ),
        (
            vec![("GOOGLE_CREDENTIALS", "/nowhere.json")],
            KEY.to_owned(),
            "GOOGLE_CREDENTIALS: no credentials in JSON; check the JSON, or",
        ),
        (
            vec![("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")],
            KEY.to_owned(),
            "GOOGLE_APPLICATION_CREDENTIALS: /nowhere.json: No such file",
        ),
        (vec![], KEY.to_owned(), "no credentials for Google Cloud"),
    ] {
        let run = user.run_with(&variables, &["encrypt", "-i", "--gcp-kms", &key, "p.yaml"]);
        let run = run.fails_with(1).keeps(&["hunter3", "expired-token"]);
        assert!(unwrapped(&run).contains(words), "{words}: {run}");
        assert_eq!(user.environment.read("p.yaml"), TEXT);
    }
}

#[test]
fn a_checksum_that_does_not_match_is_an_error() {
    let user = User::new();
    user.encrypt("x.yaml");
    let answer = json!({
        "name": format!("{KEY}/cryptoKeyVersions/1"),
        "ciphertext": "AAAA",
        "ciphertextCrc32c": "1614907703",
        "verifiedPlaintextCrc32c": true,
        "plaintext": "AAAA",
        "plaintextCrc32c": "1",
    });
    let with = |name: &str, value: Value| {
        let mut answer = answer.clone();
        answer[name] = value;
        answer
    };
    for (answer, words) in [
        (
            with("ciphertextCrc32c", "1".into()),
            "a checksum does not match",
        ),
        (
            with("verifiedPlaintextCrc32c", false.into()),
            "a checksum does not match",
        ),
        (
            with("name", format!("{KEY}x/cryptoKeyVersions/1").into()),
            "used a different key",
        ),
    ] {
        let server = HttpServer::start(move |_| HttpReply::json(200, &answer));
        user.environment.write("p.yaml", TEXT);
        let url = server.url();
        let variables = [
            ("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN),
            ("SOPS_GCP_KMS_ENDPOINT", &*url),
        ];
        let run = user.run_with(&variables, &["encrypt", "-i", "--gcp-kms", KEY, "p.yaml"]);
        assert!(unwrapped(&run.fails_with(1)).contains(words), "{words}");
        assert_eq!(user.environment.read("p.yaml"), TEXT);
    }
    let server = HttpServer::start(move |_| HttpReply::json(200, &answer));
    let url = server.url();
    let variables = [
        ("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN),
        ("SOPS_GCP_KMS_ENDPOINT", &*url),
    ];
    let run = user
        .run_with(&variables, &["decrypt", "x.yaml"])
        .fails_with(128);
    assert!(
        unwrapped(&run).contains("a checksum does not match"),
        "{run}"
    );
}
