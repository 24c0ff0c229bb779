//! Servers that misbehave.

use std::fmt::Write;
use std::time::Duration;

use sops_keys::Environment;
use sops_test_support::server::{HttpReply, HttpServer, authority_file, silent_port};

use super::tls::read;
use super::*;

const SHORT: Duration = Duration::from_millis(200);

fn client(tls: TlsSettings, limits: Limits) -> HttpClient {
    let proxies = Proxies::from_environment(&Environment::new([("", ""); 0]));
    HttpClient::new(proxies, tls, limits)
}

fn limits() -> Limits {
    Limits {
        pause: Duration::from_millis(1),
        ..Limits::default()
    }
}

fn get(client: &HttpClient, url: &str) -> Result<Answer, HttpError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let request = ::http::Request::get(url).body(bytes::Bytes::new()).unwrap();
    runtime.block_on(client.send(&request))
}

fn trusting() -> TlsSettings {
    let file = authority_file();
    TlsSettings {
        authorities: vec![(file.display().to_string(), read(&file).unwrap())],
        ..TlsSettings::default()
    }
}

fn ok() -> HttpReply {
    HttpReply::Answer(200, Vec::new(), b"yes".to_vec())
}

#[test]
fn answers_that_are_broken_or_too_long_are_errors() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_vec();
    let long = b"HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n".to_vec();
    let long = [long, vec![b'x'; 2_000_000]].concat();
    for (bytes, words) in [
        (head, "sent an incomplete response"),
        (
            b"220 mail.example ESMTP\r\n".to_vec(),
            "sent an incomplete response",
        ),
        (Vec::new(), "sent an incomplete response"),
        (long, "sent a response that is too long"),
    ] {
        let server = HttpServer::start(move |_| HttpReply::Bytes(bytes.clone()));
        let error = get(&client(TlsSettings::default(), limits()), &server.url()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_server_that_does_not_answer_in_time_is_not_asked_again() {
    let endless = [&b"HTTP/1.1 200 OK\r\nx-filler: "[..], &[b'x'; 9999]].concat();
    for reply in [HttpReply::Silence, HttpReply::Drip(endless)] {
        let server = HttpServer::start(move |_| reply.clone());
        let limits = Limits {
            answer: SHORT,
            ..limits()
        };
        let client = client(TlsSettings::default(), limits);
        for _ in 0..2 {
            let error = get(&client, &server.url()).unwrap_err();
            assert_eq!(error, HttpError::NoAnswer);
        }
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_cannot_be_reached_says_why() {
    let tls = HttpServer::start_tls(|_| ok());
    let plain = HttpServer::start(|_| ok());
    let hangs = format!("https://{}", silent_port());
    let limits = Limits {
        connection: SHORT,
        ..limits()
    };
    let of_other_host = TlsSettings {
        server_name: Some("other.example".to_owned()),
        ..trusting()
    };
    let closed = "http://127.0.0.1:1".to_owned();
    for (tls, url, words) in [
        (TlsSettings::default(), &closed, "Connection refused"),
        (trusting(), &hangs, "no connection within the time limit"),
        (
            TlsSettings::default(),
            &tls.url(),
            "no trusted authority signed its certificate",
        ),
        (of_other_host, &tls.url(), "for another host name"),
        (trusting(), &plain.url().replace("http:", "https:"), "TLS:"),
        (
            TlsSettings::default(),
            &"http://no-such-host.invalid".to_owned(),
            "the host name cannot be resolved",
        ),
    ] {
        let client = client(tls, limits);
        let errors = [(); 2].map(|()| get(&client, url).unwrap_err());
        assert!(errors[0].to_string().contains(words), "{}", errors[0]);
        assert_eq!(errors[0], errors[1]);
    }
    assert_eq!((tls.requests().len(), plain.requests().len()), (0, 0));
}

#[test]
fn certificates_of_the_settings_are_trusted() {
    let server = HttpServer::start_tls(|_| ok());
    let unverified = TlsSettings {
        is_unverified: true,
        ..TlsSettings::default()
    };
    let named = TlsSettings {
        server_name: Some("vault.example.com".to_owned()),
        ..trusting()
    };
    for settings in [trusting(), unverified, named] {
        let answer = get(&client(settings, limits()), &server.url()).unwrap();
        assert_eq!(&**answer.body, b"yes");
    }
    let mut unusable = trusting();
    unusable.authorities[0].1 = b"none".to_vec();
    let error = get(&client(unusable, limits()), &server.url()).unwrap_err();
    assert!(
        error.to_string().contains("contains no PEM certificate"),
        "{error}"
    );
}

#[test]
fn a_busy_server_is_asked_again_a_limited_number_of_times() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    for (statuses, expected) in [
        (vec![503, 429, 200], 200),
        (vec![500, 412, 502, 200], 502),
        (vec![404, 200], 404),
        (vec![403, 200], 403),
    ] {
        let number = AtomicUsize::new(0);
        let script = statuses.clone();
        let server = HttpServer::start(move |_| {
            let status = script[number.fetch_add(1, Ordering::Relaxed)];
            HttpReply::Answer(status, vec![("retry-after", "0".to_owned())], Vec::new())
        });
        let answer = get(&client(TlsSettings::default(), limits()), &server.url()).unwrap();
        assert_eq!(answer.status.as_u16(), expected, "{statuses:?}");
    }
}

#[test]
fn one_connection_serves_several_requests() {
    let server = HttpServer::start(|_| ok());
    let client = client(TlsSettings::default(), limits());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for _ in 0..3 {
        let request = ::http::Request::get(server.url())
            .body(bytes::Bytes::new())
            .unwrap();
        runtime.block_on(client.send(&request)).unwrap();
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
}

/// A proxy that answers `CONNECT` and then speaks for the server.
#[test]
fn requests_go_through_the_proxy_of_the_environment() {
    let server = HttpServer::start(|request| match &*request.method {
        "CONNECT" => HttpReply::Answer(200, Vec::new(), Vec::new()),
        _ => ok(),
    });
    let proxy = format!("http://ann:hunter2@{}", server.host());
    for (name, is_used) in [("HTTP_PROXY", true), ("HTTPS_PROXY", false)] {
        let proxies = Proxies::from_environment(&Environment::new([(name, &proxy)]));
        let client = HttpClient::new(proxies, TlsSettings::default(), limits());
        let answer = get(&client, "http://vault.invalid/v1");
        assert_eq!(answer.is_ok(), is_used);
    }
    let requests = server.requests();
    let mut seen = String::new();
    for request in &requests {
        let auth = request.header("proxy-authorization").unwrap_or("none");
        writeln!(seen, "{} {} {auth}", request.method, request.path).unwrap();
    }
    let expected = "CONNECT vault.invalid:80 Basic YW5uOmh1bnRlcjI=\nGET /v1 none\n";
    assert_eq!(seen, expected);
}

#[test]
fn the_password_of_a_proxy_is_not_shown() {
    let proxies = Proxies::single("http://ann:hunter2@127.0.0.1:1".to_owned());
    let client = HttpClient::new(proxies, TlsSettings::default(), limits());
    let error = get(&client, "http://vault.invalid/v1")
        .unwrap_err()
        .to_string();
    assert!(error.contains("the proxy: Connection refused"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}
