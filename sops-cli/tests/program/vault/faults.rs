//! Servers that fail in every way that a network offers.

use sops_test_support::environment::TestEnvironment;
use sops_test_support::server::vault::ROOT;
use sops_test_support::server::{HttpReply, HttpServer, VaultServer, silent_port};

use super::{TEXT, encrypt, run_with};

/// A server that replies to each request in this way.
fn server(reply: HttpReply) -> String {
    HttpServer::start(move |_| reply.clone()).url()
}

fn answer(status: u16, body: &str) -> String {
    server(HttpReply::Answer(
        status,
        Vec::new(),
        body.as_bytes().to_vec(),
    ))
}

#[test]
fn every_failure_has_its_message_and_changes_nothing() {
    let environment = TestEnvironment::without_key();
    let vault = VaultServer::start();
    encrypt(&environment, &vault, "x.yaml");
    let original = environment.read("x.yaml");
    let echo = HttpServer::start(|request| {
        let token = request.header("x-vault-token").unwrap_or_default();
        let body = String::from_utf8_lossy(&request.body);
        let text = format!("token {token} and body {body}");
        HttpReply::json(400, &serde_json::json!({"errors": [text]}))
    });
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec();
    let long = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n".to_vec(),
        vec![b' '; 9_000_000],
    ];
    let drip = [&b"HTTP/1.1 200 OK\r\nx: "[..], &[b'x'; 99_999]].concat();
    let secret = |bytes: usize| {
        use base64::Engine;
        let plaintext = base64::engine::general_purpose::STANDARD.encode(vec![b's'; bytes]);
        answer(
            200,
            &format!("{{\"data\": {{\"plaintext\": \"{plaintext}\"}}}}"),
        )
    };
    for (address, words) in [
        (
            "http://127.0.0.1:1".to_owned(),
            "cannot be reached: Connection refused",
        ),
        (
            "http://no-such-host.invalid".to_owned(),
            "the host name cannot be resolved",
        ),
        (format!("https://{}", silent_port()), "does not answer"),
        (
            server(HttpReply::Silence),
            "accepts connections, but does not answer",
        ),
        (
            server(HttpReply::Drip(drip)),
            "accepts connections, but does not answer",
        ),
        (
            server(HttpReply::Bytes(short)),
            "sent an incomplete response",
        ),
        (
            server(HttpReply::Bytes(long.concat())),
            "sent a response that is too long",
        ),
        (
            server(HttpReply::Bytes(b"garbage\r\n\r\n".to_vec())),
            "sent an incomplete response",
        ),
        (answer(200, "<html>"), "did not send a valid Vault response"),
        (
            answer(200, "{\"data\": {\"plaintext\": \"!\"}}"),
            "did not send a valid Vault response",
        ),
        (
            secret(31),
            "the server decrypted 31 bytes, but a data key has 32",
        ),
        (
            secret(64),
            "the server decrypted 64 bytes, but a data key has 32",
        ),
        (
            answer(500, "{\"errors\": [\"out of order\"]}"),
            "returned 500: out of order",
        ),
        (
            answer(503, "{\"errors\": [\"Vault is sealed\"]}"),
            "is sealed",
        ),
        (
            answer(429, "{\"errors\": [\"quota\"]}"),
            "too many requests: quota",
        ),
        (answer(418, "x"), "returned 418: no reason given"),
        (echo.url(), "token *** and body"),
    ] {
        let text = original.replace(&vault.http.url(), &address);
        environment.write("x.yaml", &text);
        let variables = [
            ("VAULT_TOKEN", ROOT),
            ("VAULT_CLIENT_TIMEOUT", "1"),
            ("VAULT_MAX_RETRIES", "0"),
        ];
        for command in [&["decrypt", "-i"][..], &["rotate", "-i", "--yes"]] {
            let words_of_line = [command, &["x.yaml"]].concat();
            let run = run_with(&environment, &variables, &words_of_line);
            let run = run.fails_with(128).keeps(&[ROOT]);
            let shown = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(words), "{words}: {run}");
            assert_eq!(environment.read("x.yaml"), text);
        }
    }
    assert_eq!(environment.names(), ["x.yaml"]);
}

#[test]
fn a_server_that_hangs_does_not_hold_up_another_key() {
    let environment = TestEnvironment::without_key();
    let vault = VaultServer::start();
    let hanging = server(HttpReply::Silence);
    encrypt(&environment, &vault, "x.yaml");
    let keys = format!(
        "{},{}",
        vault.key("transit/other"),
        vault.key("transit/sops")
    );
    environment.write("x.yaml", TEXT);
    let words = ["encrypt", "-i", "--hc-vault-transit", &keys, "x.yaml"];
    let forever = [("VAULT_TOKEN", ROOT), ("VAULT_CLIENT_TIMEOUT", "3600")];
    run_with(&environment, &forever, &words).succeeds();
    // The first key of the file is on the server that hangs.
    let text = environment
        .read("x.yaml")
        .replacen(&vault.http.url(), &hanging, 1);
    environment.write("x.yaml", text);
    let run = run_with(&environment, &forever, &["decrypt", "x.yaml"]);
    assert_eq!(run.succeeds().stdout, TEXT);
}

#[test]
fn a_data_key_is_not_written_if_the_server_answers_with_anything_else() {
    let environment = TestEnvironment::without_key();
    for body in ["{}", "{\"data\": {\"ciphertext\": \"\"}}", "[]"] {
        let address = answer(200, body);
        environment.write("p.yaml", TEXT);
        let key = format!("{address}/v1/transit/keys/sops");
        let words = ["encrypt", "-i", "--hc-vault-transit", &key, "p.yaml"];
        let run = run_with(&environment, &[("VAULT_TOKEN", ROOT)], &words).fails_with(1);
        assert!(
            run.stderr.contains("did not send a valid Vault response"),
            "{run}"
        );
        assert_eq!(environment.read("p.yaml"), TEXT);
    }
}

/// A hostile server must not be able to bring the data key into a log.
#[test]
fn a_server_that_repeats_the_data_key_does_not_bring_it_into_a_message() {
    let environment = TestEnvironment::without_key();
    let echo = HttpServer::start(|request| match &*request.method {
        "GET" => HttpReply::json(200, &serde_json::json!({"data": {}})),
        _ => {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            HttpReply::json(400, &serde_json::json!({"errors": [text]}))
        }
    });
    environment.write("p.yaml", TEXT);
    let key = format!("{}/v1/transit/keys/sops", echo.url());
    let words = ["encrypt", "-i", "--hc-vault-transit", &key, "p.yaml"];
    let run = run_with(&environment, &[("VAULT_TOKEN", ROOT)], &words).fails_with(1);
    let request = echo.requests().pop().expect("there was a request");
    let secret = request.json()["plaintext"].as_str().map(str::to_owned);
    run.keeps(&[&secret.expect("the request has a plaintext"), ROOT]);
}

#[test]
fn a_limit_for_the_run_ends_the_wait_for_all_servers() {
    let environment = TestEnvironment::without_key();
    let vault = VaultServer::start();
    encrypt(&environment, &vault, "x.yaml");
    let text = environment.read("x.yaml");
    let hanging = server(HttpReply::Silence);
    environment.write("x.yaml", text.replace(&vault.http.url(), &hanging));
    let words = ["decrypt", "--cloud-timeout", "10ms", "x.yaml"];
    let run = run_with(&environment, &[("VAULT_TOKEN", ROOT)], &words).fails_with(128);
    let message = "the limit for all requests to servers is 0.01 s";
    let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(stderr.contains(message), "{run}");
}
