//! Keys of Azure Key Vault, with a vault on the loopback interface.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sops_test_support::environment::{Run, TestEnvironment};
use sops_test_support::server::azure::{
    ASSERTION, CLIENT, IDENTITY_HEADER, LATEST, OLDER, SECRET, TENANT, TOKEN,
};
use sops_test_support::server::{AzureServer, HttpReply, HttpServer, authority_file};

const TEXT: &str = "a: hunter2\n";

/// An environment that trusts the vault, and a service principal.
struct User {
    environment: TestEnvironment,
    server: AzureServer,
}

impl User {
    fn new() -> Self {
        Self {
            environment: TestEnvironment::without_key(),
            server: AzureServer::start(),
        }
    }

    /// The variables of the service principal.
    fn principal(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AZURE_TENANT_ID", TENANT.to_owned()),
            ("AZURE_CLIENT_ID", CLIENT.to_owned()),
            ("AZURE_CLIENT_SECRET", SECRET.to_owned()),
            ("AZURE_AUTHORITY_HOST", self.server.http.url()),
        ]
    }

    fn run_with(&self, variables: &[(&str, String)], words: &[&str]) -> Run {
        let mut command = self.environment.command(words);
        command.env("SSL_CERT_FILE", authority_file());
        // A test must not find the metadata server of the machine that it runs on.
        command.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1");
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let run = self.environment.finish(command);
        run.keeps(&[SECRET, ASSERTION, IDENTITY_HEADER, TOKEN])
    }

    fn run(&self, words: &[&str]) -> Run {
        self.run_with(&self.principal(), words)
    }

    /// Writes a file that only the key `sops` decrypts.
    fn encrypt(&self, name: &str) {
        self.environment.write(name, TEXT);
        let key = self.server.key("sops");
        self.run(&["encrypt", "-i", "--azure-kv", &key, name])
            .succeeds();
    }

    /// The requests to the vault, such as `POST /keys/sops/1/encrypt`.
    fn operations(&self) -> Vec<String> {
        let requests = self.server.http.requests().into_iter();
        let requests = requests.map(|request| {
            let path = request
                .path
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned();
            format!("{} {path}", request.method)
        });
        requests.collect()
    }
}

/// The text on one line.
fn unwrapped(run: &Run) -> String {
    run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_without_a_version_gets_the_latest_one() {
    let user = User::new();
    user.encrypt("x.yaml");
    let encrypted = user.environment.read("x.yaml");
    for line in [
        "          name: sops\n".to_owned(),
        format!("          vault_url: {}\n", user.server.http.url()),
        format!("          version: \"{LATEST}\"\n"),
    ] {
        assert!(encrypted.contains(&line), "{encrypted}");
    }
    // The first request has no token and finds out which one the vault wants.
    let token = format!("POST /{TENANT}/oauth2/v2.0/token");
    let encrypt = format!("POST /keys/sops/{LATEST}/encrypt");
    let expected = ["GET /keys/sops/", &token, "GET /keys/sops/", &encrypt];
    assert_eq!(user.operations(), expected);
    let bodies = user.server.http.requests();
    assert_eq!(bodies[0].header("authorization"), None);
    let decrypted = user.run(&["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
    let check = user.run(&["keys", "check", "x.yaml"]).succeeds();
    assert!(check.stdout.contains("credentials: environment"), "{check}");
    user.run(&["set", "x.yaml", "[\"a\"]", "\"new\""])
        .succeeds();
    user.run(&["rotate", "-i", "--yes", "x.yaml"]).succeeds();
    let decrypted = user.run(&["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, "a: new\n");
}

#[test]
fn a_version_that_is_given_is_kept() {
    let user = User::new();
    let older = user.server.key(&format!("sops/{OLDER}"));
    for rule in [
        format!("azure_keyvault: {older}"),
        format!("azure_keyvault: [{older}]"),
        format!(
            "key_groups: [{{azure_keyvault: [{{vaultUrl: '{}', key: sops, version: '{OLDER}'}}]}}]",
            user.server.http.url()
        ),
    ] {
        user.environment
            .write(".sops.yaml", format!("creation_rules:\n  - {rule}\n"));
        user.environment.write("x.yaml", TEXT);
        user.run(&["encrypt", "-i", "x.yaml"]).succeeds();
        let encrypted = user.environment.read("x.yaml");
        assert!(
            encrypted.contains(OLDER) && !encrypted.contains(LATEST),
            "{rule}: {encrypted}"
        );
        let decrypted = user.run(&["decrypt", "x.yaml"]).succeeds();
        assert_eq!(decrypted.stdout, TEXT);
    }
    // A rule without a version means any version, so there is nothing to update.
    let url = user.server.key("sops");
    user.environment.write(
        ".sops.yaml",
        format!("creation_rules:\n  - azure_keyvault: {url}\n"),
    );
    let run = user.run(&["updatekeys", "-y", "x.yaml"]).succeeds();
    assert!(run.stderr.contains("already up to date"), "{run}");
}

#[test]
fn flags_and_the_variable_name_keys() {
    let user = User::new();
    let [latest, older] = ["sops", &format!("sops/{OLDER}")].map(|key| user.server.key(key));
    user.environment.write("p.yaml", TEXT);
    let mut variables = user.principal();
    variables.push(("SOPS_AZURE_KEYVAULT_URLS", older.clone()));
    let encrypted = user
        .run_with(&variables, &["encrypt", "p.yaml"])
        .succeeds()
        .stdout;
    assert!(encrypted.contains(OLDER), "{encrypted}");
    user.environment.write("x.yaml", encrypted);
    let words = [
        "rotate",
        "-i",
        "--yes",
        "--rm-azure-kv",
        &older,
        "--add-azure-kv",
        &latest,
        "x.yaml",
    ];
    user.run(&words).succeeds();
    let changed = user.environment.read("x.yaml");
    assert!(
        changed.contains(LATEST) && !changed.contains(OLDER),
        "{changed}"
    );
    let words = [
        "groups",
        "add",
        "-i",
        "--yes",
        "--azure-kv",
        &older,
        "--file",
        "x.yaml",
    ];
    user.run(&words).succeeds();
    assert!(user.environment.read("x.yaml").contains(OLDER));
    let decrypted = user.run(&["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
}

#[test]
fn tokens_come_from_the_sources_of_azure() {
    let user = User::new();
    user.encrypt("x.yaml");
    let home = user.environment.home();
    fs::write(home.join("assertion"), format!("{ASSERTION}\n")).expect("the home is writable");
    let tool = |name: &str, json: &str, arguments: &str| {
        let directory = home.join(name);
        fs::create_dir_all(&directory).expect("the home is writable");
        let script = format!("#!/bin/sh\necho \"$@\" > '{arguments}'\necho '{json}'\n");
        fs::write(directory.join(name), script).expect("the home is writable");
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o700))
            .expect("the script is writable");
        format!("{}:/usr/bin:/bin", directory.display())
    };
    let log = home.join("arguments").display().to_string();
    let az = tool(
        "az",
        &format!("{{\"accessToken\": \"{TOKEN}\", \"expiresOn\": \"x\"}}"),
        &log,
    );
    let azd = tool(
        "azd",
        &format!("{{\"token\": \"{TOKEN}\", \"expiresOn\": \"x\"}}"),
        &log,
    );
    let machine = AzureServer::start_token_server();
    let var = |name: &'static str, value: &str| (name, value.to_owned());
    let workload = vec![
        var("AZURE_TENANT_ID", TENANT),
        var("AZURE_CLIENT_ID", CLIENT),
        var(
            "AZURE_FEDERATED_TOKEN_FILE",
            &home.join("assertion").display().to_string(),
        ),
        var("AZURE_AUTHORITY_HOST", &user.server.http.url()),
    ];
    let service = vec![
        var("IDENTITY_ENDPOINT", &format!("{}/msi/token", machine.url())),
        var("IDENTITY_HEADER", IDENTITY_HEADER),
    ];
    let metadata = vec![var("AZURE_POD_IDENTITY_AUTHORITY_HOST", &machine.url())];
    for (name, variables) in [
        ("service principal", user.principal()),
        ("workload identity", workload),
        ("service", service),
        ("metadata", metadata),
        ("az", vec![var("PATH", &az)]),
        (
            "azd",
            vec![
                var("PATH", &azd),
                var("AZURE_TOKEN_CREDENTIALS", "AzureDeveloperCLICredential"),
            ],
        ),
    ] {
        let run = user.run_with(&variables, &["decrypt", "x.yaml"]);
        assert_eq!(run.succeeds().stdout, TEXT, "{name}");
    }
    let arguments = fs::read_to_string(&log).expect("the program wrote its arguments");
    let host = user.server.http.host();
    let (_, parent) = host.split_once('.').expect("the host is an address");
    let expected = format!(
        "auth token -o json --no-prompt --scope https://{parent}/.default --tenant-id {TENANT}\n"
    );
    assert_eq!(arguments, expected);
}

#[test]
fn one_token_serves_many_files() {
    let user = User::new();
    for number in 0..5 {
        user.encrypt(&format!("{number}.yaml"));
    }
    let before = user.operations().len();
    let files: Vec<String> = (0..5).map(|number| format!("{number}.yaml")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    user.run(&[&["decrypt", "-i"], &files[..]].concat())
        .succeeds();
    let after = user.operations().split_off(before);
    let tokens = after
        .iter()
        .filter(|operation| operation.ends_with("/token"))
        .count();
    let decryptions = after
        .iter()
        .filter(|operation| operation.ends_with("/decrypt"))
        .count();
    assert_eq!(tokens, 1, "{after:?}");
    // One or, with several threads, a few of them find out which token the vault wants.
    assert!((6..=10).contains(&decryptions), "{after:?}");
}

#[test]
fn every_source_that_fails_has_its_reason() {
    let user = User::new();
    user.encrypt("x.yaml");
    let no_path = ("PATH", "/nowhere".to_owned());
    let run = user
        .run_with(std::slice::from_ref(&no_path), &["decrypt", "x.yaml"])
        .fails_with(128);
    let shown = unwrapped(&run);
    for words in [
        "no Azure access token; run `az login`, or set up another source",
        "environment: AZURE_TENANT_ID is not set",
        "workload identity: AZURE_FEDERATED_TOKEN_FILE is not set",
        "managed identity: this machine has no metadata server",
        "`az`: not on the PATH",
        "`azd`: not on the PATH",
    ] {
        assert!(shown.contains(words), "{words}: {run}");
    }
    let mut wrong = user.principal();
    wrong[2].1 = "hunter3".to_owned();
    wrong.push(no_path);
    let run = user
        .run_with(&wrong, &["decrypt", "x.yaml"])
        .fails_with(128)
        .keeps(&["hunter3"]);
    let words = "another source; environment: 127.0.0.1 returned 401: AADSTS7000215";
    assert!(unwrapped(&run).contains(words), "{run}");
    for (name, value, words) in [
        (
            "AZURE_TENANT_ID",
            "other.example",
            "to allow the vault's tenant, add it to AZURE_ADDITIONALLY_ALLOWED_TENANTS",
        ),
        (
            "AZURE_TOKEN_CREDENTIALS",
            "Dev",
            "AZURE_TOKEN_CREDENTIALS is neither",
        ),
        (
            "AZURE_AUTHORITY_HOST",
            "http://login.example",
            "does not begin with `https://`",
        ),
    ] {
        let mut variables = user.principal();
        variables.push((name, value.to_owned()));
        variables.push(("PATH", "/nowhere".to_owned()));
        let run = user
            .run_with(&variables, &["decrypt", "x.yaml"])
            .fails_with(128);
        assert!(unwrapped(&run).contains(words), "{run}");
    }
}

#[test]
fn a_refusal_of_the_vault_says_what_to_do() {
    let user = User::new();
    user.environment.write("p.yaml", TEXT);
    for (key, words) in [
        ("nosuch", "the key or this version of it does not exist"),
        (
            "sops/33333333333333333333333333333333",
            "the key or this version of it does not exist",
        ),
        ("forbidden", "you need the role `Key Vault Crypto User`"),
    ] {
        let key = user.server.key(key);
        let run = user
            .run(&["encrypt", "-i", "--azure-kv", &key, "p.yaml"])
            .fails_with(1);
        assert!(unwrapped(&run).contains(words), "{run}");
        assert_eq!(user.environment.read("p.yaml"), TEXT);
    }
    user.encrypt("x.yaml");
    let original = user.environment.read("x.yaml");
    let altered = original.replace("          enc: ", "          enc: AAAA");
    user.environment.write("x.yaml", altered);
    let run = user.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        unwrapped(&run).contains("The parameter is incorrect"),
        "{run}"
    );
}

#[test]
fn a_vault_outside_of_azure_gets_no_request_from_a_found_file() {
    let user = User::new();
    user.encrypt("tree/x.yaml");
    let before = user.operations().len();
    for words in [&["decrypt", "-i", "tree"][..], &["verify"]] {
        let run = user.run(words);
        assert_ne!(run.code, Some(0), "{run}");
    }
    assert_eq!(user.operations().len(), before);
}

#[test]
fn a_server_that_asks_for_a_foreign_token_gets_none() {
    let user = User::new();
    user.encrypt("x.yaml");
    let thief = HttpServer::start_tls(|_| {
        let header = format!(
            "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"https://vault.azure.net\""
        );
        HttpReply::json(401, &serde_json::json!({})).with_header("www-authenticate", header)
    });
    let text = user
        .environment
        .read("x.yaml")
        .replace(&user.server.http.url(), &thief.url());
    user.environment.write("x.yaml", text);
    let before = user.operations().len();
    let run = user.run(&["decrypt", "x.yaml"]).fails_with(128);
    assert!(
        unwrapped(&run).contains("asks for a token for another service"),
        "{run}"
    );
    assert_eq!(user.operations().len(), before, "no token was requested");
    let requests = thief.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").is_none() && request.body.is_empty())
    );
}

#[test]
fn a_ciphertext_of_another_version_is_not_written() {
    let user = User::new();
    let liar = HttpServer::start_tls(|request| {
        let host = request.header("host").unwrap_or_default().to_owned();
        let (_, parent) = host.split_once('.').unwrap_or_default();
        if request.header("authorization").is_none() {
            let header = format!(
                "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"https://{parent}\""
            );
            return HttpReply::json(401, &serde_json::json!({}))
                .with_header("www-authenticate", header);
        }
        let id = format!("https://{host}/keys/sops/{OLDER}");
        HttpReply::json(200, &serde_json::json!({"kid": id, "value": "AAAA"}))
    });
    user.environment.write("p.yaml", TEXT);
    let key = format!("{}/keys/sops/{LATEST}", liar.url());
    let run = user
        .run(&["encrypt", "-i", "--azure-kv", &key, "p.yaml"])
        .fails_with(1);
    assert!(unwrapped(&run).contains("used a different key"), "{run}");
    assert_eq!(user.environment.read("p.yaml"), TEXT);
}
