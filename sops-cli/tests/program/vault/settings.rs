//! The variables that Vault's own tool has.

use std::fs;

use sops_test_support::environment::TestEnvironment;
use sops_test_support::server::vault::ROOT;
use sops_test_support::server::{HttpReply, HttpServer, VaultServer, authority_file};

use super::{TEXT, encrypt, operations, run_with};

#[test]
fn the_token_comes_from_the_variable_or_the_file() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    fs::write(environment.home().join(".vault-token"), format!("{ROOT}\n"))
        .expect("the home is writable");
    let decrypted = run_with(&environment, &[], &["decrypt", "x.yaml"]).succeeds();
    assert_eq!(decrypted.stdout, TEXT);
    let bad = [("VAULT_TOKEN", "hvs.bad")];
    run_with(&environment, &bad, &["decrypt", "x.yaml"]).fails_with(128);
}

#[test]
fn headers_carry_the_token_the_namespace_and_those_of_the_user() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let variables = [
        ("VAULT_TOKEN", ROOT),
        ("VAULT_NAMESPACE", "team/a"),
        ("VAULT_HEADERS", "{\"X-Proxy\": \"yes\"}"),
    ];
    run_with(&environment, &variables, &["decrypt", "x.yaml"]).succeeds();
    let request = server.http.requests().pop().expect("there was a request");
    for (name, value) in [
        ("x-vault-token", ROOT),
        ("x-vault-namespace", "team/a"),
        ("x-vault-request", "true"),
        ("x-proxy", "yes"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
}

#[test]
fn all_requests_go_to_the_agent() {
    let environment = TestEnvironment::without_key();
    let (server, agent) = (VaultServer::start(), VaultServer::start());
    environment.write("p.yaml", TEXT);
    let key = server.key("transit/sops");
    let variables = [
        ("VAULT_TOKEN", ROOT),
        ("VAULT_AGENT_ADDR", &agent.http.url()),
    ];
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, "p.yaml"];
    run_with(&environment, &variables, &words).succeeds();
    run_with(&environment, &variables, &["decrypt", "-i", "."]).succeeds();
    assert_eq!(operations(&server), [""; 0]);
    assert_eq!(operations(&agent).len(), 3);
    assert_eq!(environment.read("p.yaml"), TEXT);
}

#[test]
fn the_certificate_of_the_server_is_verified() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start_tls();
    environment.write("p.yaml", TEXT);
    let key = server.key("transit/sops");
    let words = ["encrypt", "--hc-vault-transit", &key, "p.yaml"];
    let authority = authority_file();
    let authority = authority.to_str().expect("the path is UTF-8");
    let pem = fs::read_to_string(authority).expect("the authority is in the test data");
    for (name, value) in [
        ("VAULT_CACERT", authority),
        ("VAULT_CACERT_BYTES", &pem),
        ("SSL_CERT_FILE", authority),
        ("VAULT_SKIP_VERIFY", "true"),
    ] {
        let variables = [("VAULT_TOKEN", ROOT), (name, value)];
        run_with(&environment, &variables, &words).succeeds();
    }
    let asked = operations(&server).len();
    for (name, value, message) in [
        (
            "VAULT_SKIP_VERIFY",
            "false",
            "no trusted authority signed its certificate",
        ),
        (
            "VAULT_CACERT",
            "/nowhere.pem",
            "VAULT_CACERT: /nowhere.pem: No such file or directory",
        ),
    ] {
        let variables = [("VAULT_TOKEN", ROOT), (name, value)];
        let run = run_with(&environment, &variables, &words).fails_with(1);
        assert!(run.stderr.contains(message), "{run}");
    }
    let variables = [
        ("VAULT_TOKEN", ROOT),
        ("VAULT_CACERT", authority),
        ("VAULT_TLS_SERVER_NAME", "other.example.com"),
    ];
    let run = run_with(&environment, &variables, &words).fails_with(1);
    assert!(run.stderr.contains("for another host name"), "{run}");
    assert_eq!(operations(&server).len(), asked);
}

#[test]
fn one_redirect_is_followed_unless_it_gives_up_encryption() {
    let environment = TestEnvironment::without_key();
    let (server, secure) = (VaultServer::start(), VaultServer::start_tls());
    encrypt(&environment, &server, "x.yaml");
    let original = environment.read("x.yaml");
    let redirecting = |to: String| {
        move |request: &sops_test_support::server::HttpRequest| {
            let target = format!("{to}{}", request.path);
            HttpReply::Answer(307, vec![("location", target)], Vec::new())
        }
    };
    let standby = HttpServer::start(redirecting(server.http.url()));
    let secure_standby = HttpServer::start_tls(redirecting(server.http.url()));
    let authority = authority_file();
    let decrypt = |from: &HttpServer, more: &[(&str, &str)]| {
        let text = original.replace(&server.http.url(), &from.url());
        environment.write("x.yaml", text);
        let authority = authority.to_str().expect("the path is UTF-8");
        let variables = [("VAULT_TOKEN", ROOT), ("VAULT_CACERT", authority)];
        run_with(
            &environment,
            &[&variables, more].concat(),
            &["decrypt", "x.yaml"],
        )
    };
    assert_eq!(decrypt(&standby, &[]).succeeds().stdout, TEXT);
    let asked = operations(&server).len();
    let run = decrypt(&secure_standby, &[]).fails_with(128);
    assert!(
        run.stderr.contains("redirects to an invalid address"),
        "{run}"
    );
    let off = [("VAULT_DISABLE_REDIRECTS", "true")];
    decrypt(&standby, &off).fails_with(128);
    assert_eq!(operations(&server).len(), asked);
    drop(secure);
}

#[test]
fn the_proxy_for_vault_has_precedence_over_that_of_the_environment() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let far = environment
        .read("x.yaml")
        .replace(&server.http.url(), "http://vault.invalid:8200");
    environment.write("x.yaml", far);
    let used = HttpServer::start(|_| HttpReply::Answer(502, Vec::new(), Vec::new()));
    for (name, number) in [
        ("VAULT_PROXY_ADDR", 1),
        ("VAULT_HTTP_PROXY", 2),
        ("HTTP_PROXY", 3),
    ] {
        let variables = [
            ("VAULT_TOKEN", ROOT),
            ("ALL_PROXY", "http://127.0.0.1:1"),
            (name, &*used.url()),
        ];
        let run = run_with(&environment, &variables, &["decrypt", "x.yaml"]).fails_with(128);
        assert!(run.stderr.contains("the proxy:"), "{run}");
        assert_eq!(used.requests().len(), number, "{name}");
    }
    let request = used.requests().remove(0);
    assert_eq!(
        (&*request.method, &*request.path),
        ("CONNECT", "vault.invalid:8200")
    );
    assert_eq!(request.header("x-vault-token"), None);
}

#[test]
fn an_invalid_setting_is_named_without_its_value() {
    let environment = TestEnvironment::without_key();
    let server = VaultServer::start();
    encrypt(&environment, &server, "x.yaml");
    let asked = operations(&server).len();
    for name in [
        "VAULT_AGENT_ADDR",
        "VAULT_HEADERS",
        "VAULT_CLIENT_TIMEOUT",
        "VAULT_MAX_RETRIES",
        "VAULT_SKIP_VERIFY",
        "VAULT_DISABLE_REDIRECTS",
    ] {
        let variables = [("VAULT_TOKEN", ROOT), (name, "hunter3")];
        let run = run_with(&environment, &variables, &["decrypt", "x.yaml"]).fails_with(128);
        let run = run.keeps(&["hunter3", ROOT]);
        assert!(run.stderr.contains(&format!("{name} is ")), "{run}");
    }
    assert_eq!(operations(&server).len(), asked);
}
