//! A stand-in for Azure Key Vault and for the servers that issue its tokens: the requests and
//! answers of the documentation, without cryptography.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::http::{HttpReply, HttpRequest, HttpServer};

/// The tenant of the vault.
pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";
/// The client ID of the identity.
pub const CLIENT: &str = "66666666-7777-8888-9999-000000000000";
/// The client's secret.
pub const SECRET: &str = "client-secret-of-the-tests";
/// The header for the token endpoint of a service.
pub const IDENTITY_HEADER: &str = "identity-header-of-the-tests";
/// The assertion that Kubernetes issues.
pub const ASSERTION: &str = "assertion-of-the-tests";
/// The token that all sources give.
pub const TOKEN: &str = "azure-token-of-the-tests";
/// The latest version of the key `sops`.
pub const LATEST: &str = "22222222222222222222222222222222";
/// The version before it.
pub const OLDER: &str = "11111111111111111111111111111111";

/// A vault over TLS with the key `sops` in two versions. The same server issues tokens.
pub struct AzureServer {
    /// The server itself.
    pub http: HttpServer,
}

#[derive(Default)]
struct State {
    /// The plaintexts of the ciphertexts of each version.
    sealed: Mutex<HashMap<(String, String), String>>,
}

impl AzureServer {
    /// Starts the server.
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let http = HttpServer::start_tls(move |request| state.answer(request));
        Self { http }
    }

    /// Starts a server without TLS that issues tokens, as the one for a machine's identity.
    pub fn start_token_server() -> HttpServer {
        let state = State::default();
        HttpServer::start(move |request| state.answer(request))
    }

    /// The URL of a key, with `/` and the version or without.
    pub fn key(&self, path: &str) -> String {
        format!("{}/keys/{path}", self.http.url())
    }
}

impl State {
    fn answer(&self, request: &HttpRequest) -> HttpReply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let path = path.trim_matches('/');
        if path == format!("{TENANT}/oauth2/v2.0/token") {
            return token_for_form(request);
        }
        if path == "msi/token" || path == "metadata/identity/oauth2/token" {
            return token_for_machine(request, path, query);
        }
        let Some(token) = request.header("authorization") else {
            return challenge(request);
        };
        if token != format!("Bearer {TOKEN}") {
            return challenge(request);
        }
        if query != "api-version=7.4" && query != "api-version=2025-07-01" {
            return refusal(
                400,
                "BadParameter",
                "the version of the API is not supported",
            );
        }
        let parts: Vec<&str> = path.split('/').collect();
        let (name, version, operation) = match parts[..] {
            ["keys", name] => (name, LATEST, None),
            ["keys", name, version] => (name, version, None),
            ["keys", name, version, operation] => (name, version, Some(operation)),
            _ => return refusal(404, "NotFound", "no such path"),
        };
        if name == "forbidden" {
            return refusal(
                403,
                "Forbidden",
                "Caller is not authorized to perform action on resource.",
            );
        }
        if name != "sops" || ![LATEST, OLDER].contains(&version) {
            let message =
                format!("A key with (name/id) {name}/{version} was not found in this key vault.");
            return refusal(404, "KeyNotFound", &message);
        }
        let host = request.header("host").unwrap_or_default();
        let id = format!("https://{host}/keys/{name}/{version}");
        match operation {
            None => HttpReply::json(200, &json!({"key": {"kid": id, "kty": "RSA"}})),
            Some(operation) => self.operate(request, operation, version, &id),
        }
    }

    fn operate(
        &self,
        request: &HttpRequest,
        operation: &str,
        version: &str,
        id: &str,
    ) -> HttpReply {
        let body = request.json();
        let value = body["value"].as_str().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(value).unwrap_or_default();
        if body["alg"] != "RSA-OAEP-256" || bytes.is_empty() {
            return refusal(400, "BadParameter", "Property  has invalid value");
        }
        let mut sealed = lock(&self.sealed);
        let result = match operation {
            // The most that fits into a key of 2,048 bits.
            "encrypt" if bytes.len() <= 190 => {
                let ciphertext = URL_SAFE_NO_PAD.encode([(); 256].map(|()| rand::random::<u8>()));
                sealed.insert((version.to_owned(), ciphertext.clone()), value.to_owned());
                Some(ciphertext)
            }
            "decrypt" => sealed.get(&(version.to_owned(), value.to_owned())).cloned(),
            _ => None,
        };
        match result {
            Some(value) => HttpReply::json(200, &json!({"kid": id, "value": value})),
            None => refusal(400, "BadParameter", "The parameter is incorrect."),
        }
    }
}

/// Says which token the vault wants. Its host must belong to the resource, and addresses have no
/// parent, so the resource is one that clients accept without looking it up.
fn challenge(request: &HttpRequest) -> HttpReply {
    let host = request.header("host").unwrap_or_default();
    let parent = host.split_once('.').map_or(host, |(_, parent)| parent);
    let header = format!(
        "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"https://{parent}\""
    );
    refusal(
        401,
        "Unauthorized",
        "AKV10000: Request is missing a Bearer or PoP token.",
    )
    .with_header("www-authenticate", header)
}

fn token_for_form(request: &HttpRequest) -> HttpReply {
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let has = |name: &str, value: &str| {
        form.split('&')
            .any(|field| field == format!("{name}={value}"))
    };
    let is_known = has("grant_type", "client_credentials")
        && has("client_id", CLIENT)
        && (has("client_secret", SECRET) || has("client_assertion", ASSERTION))
        && form.contains("scope=https%3A%2F%2F");
    match is_known {
        true => token(),
        false => {
            let text = "AADSTS7000215: Invalid client secret provided.";
            HttpReply::json(
                401,
                &json!({"error": "invalid_client", "error_description": text}),
            )
        }
    }
}

fn token_for_machine(request: &HttpRequest, path: &str, query: &str) -> HttpReply {
    let has_header = match path {
        "msi/token" => request.header("x-identity-header") == Some(IDENTITY_HEADER),
        _ => request.header("metadata") == Some("true"),
    };
    match has_header && query.contains("resource=https%3A%2F%2F") {
        true => token(),
        false => HttpReply::json(400, &json!({"error": "invalid_request"})),
    }
}

fn token() -> HttpReply {
    HttpReply::json(
        200,
        &json!({"access_token": TOKEN, "expires_in": "3600", "token_type": "Bearer"}),
    )
}

fn refusal(status: u16, code: &str, message: &str) -> HttpReply {
    HttpReply::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
