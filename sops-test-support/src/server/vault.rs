//! A stand-in for the transit and key-value engines of Vault: the requests and answers that were
//! observed with OpenBao 2.7.2, without cryptography.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::{HttpReply, HttpRequest, HttpServer};

/// A token that may do everything.
pub const ROOT: &str = "hvs.root-of-the-tests";
/// A token that is valid, but whose policies allow nothing in the engine.
pub const POWERLESS: &str = "hvs.powerless-in-the-tests";
/// A token that may encrypt and decrypt, but not read keys.
pub const BLIND: &str = "hvs.blind-in-the-tests";

/// A Vault server with a transit engine at `transit` and at `deep/path`, and a key-value engine of
/// version 2 at `secret` and of version 1 at `old/kv`.
pub struct VaultServer {
    /// The server itself.
    pub http: HttpServer,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The paths of the keys, such as `transit/sops`.
    keys: Mutex<HashSet<String>>,
    /// The plaintexts of the ciphertexts of each key.
    sealed: Mutex<HashMap<(String, String), String>>,
    /// The contents of secrets, and how often they were written.
    secrets: Mutex<HashMap<String, (Value, u32)>>,
}

impl VaultServer {
    /// Starts a server whose engine `transit` has the keys `sops` and `other`.
    pub fn start() -> Self {
        Self::begin(false, |_| {})
    }

    /// Like [`Self::start`], but calls `before` before it answers a request.
    pub fn start_with(before: impl Fn(&HttpRequest) + Send + Sync + 'static) -> Self {
        Self::begin(false, before)
    }

    /// Like [`Self::start`], with TLS.
    pub fn start_tls() -> Self {
        Self::begin(true, |_| {})
    }

    fn begin(is_tls: bool, before: impl Fn(&HttpRequest) + Send + Sync + 'static) -> Self {
        let state = Arc::new(State::default());
        let keys = ["transit/sops", "transit/other", "deep/path/sops"].map(str::to_owned);
        *lock(&state.keys) = keys.into();
        let answering = Arc::clone(&state);
        let answer = move |request: &HttpRequest| {
            before(request);
            answering.answer(request)
        };
        let http = match is_tls {
            true => HttpServer::start_tls(answer),
            false => HttpServer::start(answer),
        };
        Self { http, state }
    }

    /// The URI of a key, as flags and `.sops.yaml` name it.
    pub fn key(&self, path: &str) -> String {
        let (engine, name) = path.rsplit_once('/').expect("a path has an engine");
        format!("{}/v1/{engine}/keys/{name}", self.http.url())
    }

    /// The content of a secret, such as `secret/data/a`, and how often it was written.
    pub fn secret(&self, path: &str) -> Option<(Value, u32)> {
        lock(&self.state.secrets).get(path).cloned()
    }

    /// Whether the engine has the key.
    pub fn has_key(&self, path: &str) -> bool {
        lock(&self.state.keys).contains(path)
    }
}

impl State {
    fn answer(&self, request: &HttpRequest) -> HttpReply {
        if request.header("x-vault-request") != Some("true") {
            return refusal(412, "missing required request header");
        }
        let path = request.path.strip_prefix("/v1/").unwrap_or_default();
        let token = request.header("x-vault-token").unwrap_or_default();
        if ![ROOT, POWERLESS, BLIND].contains(&token) {
            return refusal(403, "permission denied");
        }
        if (&*request.method, path) == ("GET", "auth/token/lookup-self") {
            let policies = json!(["default", "of-the-tests"]);
            return HttpReply::json(200, &json!({"data": {"policies": policies}}));
        }
        if request.header("x-vault-namespace") == Some("missing") {
            return refusal(404, "namespace not found");
        }
        if path.starts_with("secret/") || path.starts_with("old/kv/") {
            return self.store(request, path, token);
        }
        let parts: Vec<&str> = path.rsplitn(3, '/').collect();
        let [name, operation, engine] = parts[..] else {
            return refusal(
                404,
                &format!("no handler for route \"{path}\". route entry not found."),
            );
        };
        if !["transit", "deep/path"].contains(&engine) {
            return refusal(
                404,
                &format!("no handler for route \"{path}\". route entry not found."),
            );
        }
        let is_allowed = token == ROOT || token == BLIND && operation != "keys";
        if !is_allowed {
            return refusal(403, "1 error occurred:\n\t* permission denied\n\n");
        }
        self.operate(request, operation, format!("{engine}/{name}"))
    }

    /// Reads and writes secrets.
    fn store(&self, request: &HttpRequest, path: &str, token: &str) -> HttpReply {
        let has_versions = path.starts_with("secret/");
        if token == POWERLESS || token == BLIND && request.method == "GET" {
            return refusal(403, "1 error occurred:\n\t* permission denied\n\n");
        }
        if has_versions && !path.starts_with("secret/data/") {
            let warning = "Invalid path for a versioned K/V secrets engine.";
            return HttpReply::json(404, &json!({"data": null, "warnings": [warning]}));
        }
        let mut secrets = lock(&self.secrets);
        let body = request.json();
        match (&*request.method, secrets.get(path)) {
            ("GET", None) => HttpReply::json(404, &json!({"errors": []})),
            ("GET", Some((content, _))) if has_versions => {
                HttpReply::json(200, &json!({"data": {"data": content, "metadata": {}}}))
            }
            ("GET", Some((content, _))) => HttpReply::json(200, &json!({"data": content})),
            ("PUT", old) => {
                let content = match has_versions {
                    true => &body["data"],
                    false => &body,
                };
                if !content.is_object() {
                    return refusal(400, "no data provided");
                }
                let written = old.map_or(0, |(_, written)| *written) + 1;
                secrets.insert(path.to_owned(), (content.clone(), written));
                match has_versions {
                    true => HttpReply::json(200, &json!({"data": {"version": written}})),
                    false => HttpReply::Answer(204, Vec::new(), Vec::new()),
                }
            }
            _ => refusal(405, "unsupported operation"),
        }
    }

    fn operate(&self, request: &HttpRequest, operation: &str, key: String) -> HttpReply {
        let exists = lock(&self.keys).contains(&key);
        match (&*request.method, operation) {
            ("GET", "keys") if !exists => HttpReply::json(404, &json!({"errors": []})),
            ("GET", "keys") => {
                let data = json!({"name": key, "type": "aes256-gcm96", "derived": false});
                HttpReply::json(200, &json!({"data": data}))
            }
            ("PUT", "encrypt") => {
                // As in Vault, encryption creates the key.
                lock(&self.keys).insert(key.clone());
                let plaintext = request.json()["plaintext"].as_str().map(str::to_owned);
                let Some(plaintext) = plaintext.filter(|text| STANDARD.decode(text).is_ok()) else {
                    return refusal(400, "failed to base64-decode plaintext");
                };
                let ciphertext =
                    format!("vault:v1:{}", STANDARD.encode(rand::random::<[u8; 60]>()));
                lock(&self.sealed).insert((key, ciphertext.clone()), plaintext);
                HttpReply::json(
                    200,
                    &json!({"data": {"ciphertext": ciphertext, "key_version": 1}}),
                )
            }
            ("PUT", "decrypt") if !exists => refusal(400, "encryption key not found"),
            ("PUT", "decrypt") => {
                let ciphertext = request.json()["ciphertext"].as_str().map(str::to_owned);
                let sealed = (key, ciphertext.unwrap_or_default());
                match lock(&self.sealed).get(&sealed) {
                    Some(plaintext) => {
                        HttpReply::json(200, &json!({"data": {"plaintext": plaintext}}))
                    }
                    None => refusal(400, "cipher: message authentication failed"),
                }
            }
            _ => refusal(405, "unsupported operation"),
        }
    }
}

fn refusal(status: u16, message: &str) -> HttpReply {
    HttpReply::json(status, &json!({"errors": [message]}))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
