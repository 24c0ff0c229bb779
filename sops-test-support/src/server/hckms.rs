//! A stand-in for Huawei Cloud KMS and its identity server, which checks signatures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use serde_json::json;

use super::http::{HttpReply, HttpRequest, HttpServer};

/// The public half of the access key.
pub const ACCESS: &str = "access-key-of-the-tests";
/// The secret half.
pub const SECRET: &str = "secret-key-of-the-tests";
/// The project.
pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";
/// The key.
pub const KEY: &str = "0d0466b0-e727-4d9c-b35d-f84bb474a37f";

/// A server for the region that a variable gives it.
pub struct HckmsServer {
    /// The server itself.
    pub http: HttpServer,
}

#[derive(Default)]
struct State {
    /// The plaintext of each ciphertext.
    sealed: Mutex<HashMap<String, String>>,
}

impl HckmsServer {
    /// Starts the server.
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let http = HttpServer::start(move |request| state.answer(request));
        Self { http }
    }
}

impl State {
    fn answer(&self, request: &HttpRequest) -> HttpReply {
        if !is_signed(request) {
            return refusal(
                401,
                "APIGW.0301",
                "Incorrect IAM authentication information",
            );
        }
        if request.path == "/v3/projects?name=tr-west-1" {
            return HttpReply::json(
                200,
                &json!({"projects": [{"id": PROJECT, "name": "tr-west-1"}]}),
            );
        }
        let body = request.json();
        if body["key_id"] != KEY || body["encryption_algorithm"] != "SYMMETRIC_DEFAULT" {
            return refusal(404, "KMS.0302", "The key does not exist.");
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let operation = request.path.strip_prefix(&format!("/v1.0/{PROJECT}/kms/"));
        match operation {
            Some("encrypt-data") if STANDARD.decode(text("plain_text")).is_ok() => {
                let ciphertext = STANDARD.encode([(); 80].map(|()| rand::random::<u8>()));
                lock(&self.sealed).insert(ciphertext.clone(), text("plain_text"));
                HttpReply::json(200, &json!({"key_id": KEY, "cipher_text": ciphertext}))
            }
            Some("decrypt-data") => match lock(&self.sealed).get(&text("cipher_text")) {
                Some(plaintext) => {
                    HttpReply::json(200, &json!({"key_id": KEY, "plain_text": plaintext}))
                }
                None => refusal(400, "KMS.0306", "Invalid cipher text."),
            },
            _ => refusal(403, "KMS.0308", "No permission."),
        }
    }
}

/// Whether the request has the signature that Huawei's documentation describes.
fn is_signed(request: &HttpRequest) -> bool {
    let authorization = request.header("authorization").unwrap_or_default();
    let Some(parameters) = authorization.strip_prefix("SDK-HMAC-SHA256 ") else {
        return false;
    };
    let parameter = |name: &str| {
        let mut parts = parameters
            .split(", ")
            .filter_map(|part| part.split_once('='));
        parts
            .find_map(|(key, value)| (key == name).then_some(value))
            .unwrap_or_default()
    };
    let date = request.header("x-sdk-date").unwrap_or_default();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut canonical = format!(
        "{}\n{}/\n{query}\n",
        request.method,
        path.trim_end_matches('/')
    );
    for name in parameter("SignedHeaders").split(';') {
        canonical += &format!("{name}:{}\n", request.header(name).unwrap_or_default());
    }
    canonical += &format!("\n{}\n{}", parameter("SignedHeaders"), hash(&request.body));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let text = format!("SDK-HMAC-SHA256\n{date}\n{}", hash(canonical.as_bytes()));
    let expected = hex(hmac::sign(&key, text.as_bytes()).as_ref());
    let is_complete = ["x-sdk-date", "x-project-id", "x-security-token"]
        .iter()
        .all(|name| {
            request.header(name).is_none()
                || parameter("SignedHeaders")
                    .split(';')
                    .any(|signed| signed == *name)
        });
    !date.is_empty()
        && is_complete
        && parameter("Access") == ACCESS
        && parameter("Signature") == expected
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refusal(status: u16, code: &str, message: &str) -> HttpReply {
    HttpReply::json(
        status,
        &json!({"error": {"error_code": code, "error_msg": message}}),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
