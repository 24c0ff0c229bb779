//! A stand-in for the transit engine of Vault: the requests and answers that were observed with
//! OpenBao 2.7.2, without cryptography.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::http::{HttpReply, HttpRequest, HttpServer};

/// A token that may do everything.
pub const ROOT: &str = "hvs.root-of-the-tests";
/// A token that is valid, but whose policies allow nothing in the engine.
pub const POWERLESS: &str = "hvs.powerless-in-the-tests";
/// A token that may encrypt and decrypt, but not read keys.
pub const BLIND: &str = "hvs.blind-in-the-tests";

/// A Vault server with a transit engine at `transit` and at `deep/path`.
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
