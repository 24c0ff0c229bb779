//! A stand-in for the REST APIs of Google Cloud KMS and Google Cloud Storage, and for the servers
//! that issue its tokens, with checksums and without encryption.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::http::{HttpReply, HttpRequest, HttpServer};
use super::objects::{Objects, StoredObject, unescaped};

/// The key that exists.
pub const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
/// The access token that all sources except a service account's key give.
pub const TOKEN: &str = "google-token-of-the-tests";
/// A user's refresh token.
pub const REFRESH: &str = "refresh-token-of-the-tests";
/// The token of another provider.
pub const SUBJECT: &str = "subject-token-of-the-tests";
/// The name of the service account.
pub const ACCOUNT: &str = "sops@p.iam.gserviceaccount.com";
/// The private key of the service account, in PEM.
pub const PRIVATE_KEY: &str = include_str!("../../../testdata/keys/google_service_account.pem");

/// A server for keys, tokens and objects.
pub struct GcpServer {
    /// The server itself.
    pub http: HttpServer,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The plaintexts of the ciphertexts.
    sealed: Mutex<HashMap<String, String>>,
    objects: Objects,
}

impl GcpServer {
    /// Starts the server.
    pub fn start() -> Self {
        let state = Arc::new(State::default());
        let answering = Arc::clone(&state);
        let http = HttpServer::start(move |request| answering.answer(request));
        Self { http, state }
    }

    /// The object with the name of its bucket and its own, such as `bucket/a.yaml`.
    pub fn object(&self, name: &str) -> Option<StoredObject> {
        self.state.objects.get(name)
    }
}

impl State {
    fn answer(&self, request: &HttpRequest) -> HttpReply {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let has = |field: &str| body.split('&').any(|part| part == field);
        let path = request.path.split('?').next().unwrap_or_default();
        match (&*request.method, path) {
            // `sops` exchanges the token that it signed for another.
            ("POST", "/token") if body.contains("grant-type%3Ajwt-bearer") => {
                let assertion = body
                    .split('&')
                    .find_map(|field| field.strip_prefix("assertion="));
                token(assertion.and_then(claims).is_some())
            }
            ("POST", "/token") => {
                token(has(&format!("refresh_token={REFRESH}")) && has("grant_type=refresh_token"))
            }
            ("POST", "/sts") => token(
                has(&format!("subject_token={SUBJECT}"))
                    && has("audience=the-audience")
                    && body.contains("token-exchange"),
            ),
            ("POST", "/impersonate") => {
                match is_authorized(request) && body.contains("cloud-platform") {
                    true => HttpReply::json(
                        200,
                        &json!({"accessToken": TOKEN, "expireTime": "2100-01-01T00:00:00Z"}),
                    ),
                    false => refusal(
                        403,
                        "Permission 'iam.serviceAccounts.getAccessToken' denied",
                        "IAM_PERMISSION_DENIED",
                    ),
                }
            }
            ("GET", "/subject") => match request.header("authorization") {
                Some("Bearer request-token") => HttpReply::json(200, &json!({"value": SUBJECT})),
                _ => HttpReply::json(401, &json!({})),
            },
            ("GET", "/computeMetadata/v1/instance/service-accounts/default/token") => {
                token(request.header("metadata-flavor") == Some("Google"))
            }
            ("POST", path) if path.starts_with("/upload/storage/v1/b/") => self.store(request),
            ("POST", path) => self.operate(request, path.strip_prefix("/v1/").unwrap_or_default()),
            _ => refusal(404, "Not found", ""),
        }
    }

    /// Stores an object: `sops` sends it with its description in several parts. The name of the
    /// bucket decides what happens.
    fn store(&self, request: &HttpRequest) -> HttpReply {
        let (path, query) = request.path.split_once('?').unwrap_or_default();
        let bucket = path
            .trim_start_matches("/upload/storage/v1/b/")
            .trim_end_matches("/o");
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then(|| unescaped(value, true)))
        };
        match bucket {
            "missing" => return refusal(404, "The specified bucket does not exist.", "notFound"),
            "forbidden" => return refusal(403, "Access denied.", "forbidden"),
            "expired" => return refusal(401, "Invalid Credentials", "authError"),
            _ => {}
        }
        let kind = request.header("content-type").unwrap_or_default();
        let object = match parameter("uploadType").as_deref() {
            Some("media") => Some(StoredObject {
                content: request.body.clone(),
                kind: kind.to_owned(),
            }),
            Some("multipart") => kind
                .split_once("boundary=")
                .and_then(|(_, boundary)| last_part(&request.body, boundary)),
            _ => None,
        };
        let (Some(object), Some(name)) = (object, parameter("name")) else {
            return refusal(400, "Not an upload.", "invalid");
        };
        let content = match bucket {
            "damaging" => b"damaged",
            _ => &object.content[..],
        };
        let checksum = STANDARD.encode(crc32c(content).to_be_bytes());
        self.objects.put(format!("{bucket}/{name}"), object);
        HttpReply::json(
            200,
            &json!({"bucket": bucket, "name": name, "crc32c": checksum}),
        )
    }

    fn operate(&self, request: &HttpRequest, path: &str) -> HttpReply {
        if !is_authorized(request) {
            return refusal(
                401,
                "Request had invalid authentication credentials.",
                "ACCESS_TOKEN_TYPE_UNSUPPORTED",
            );
        }
        let (name, operation) = path.rsplit_once(':').unwrap_or_default();
        match name {
            KEY => {}
            _ if name.contains("/disabled/") => {
                return refusal(
                    403,
                    "Cloud KMS API has not been used in project disabled.",
                    "SERVICE_DISABLED",
                );
            }
            _ if name.contains("/forbidden/") => {
                return refusal(403, "Permission denied.", "IAM_PERMISSION_DENIED");
            }
            _ => return refusal(404, &format!("CryptoKey {name} not found."), ""),
        }
        if request.header("x-goog-user-project") == Some("denied") {
            return refusal(
                403,
                "Caller does not have required permission.",
                "USER_PROJECT_DENIED",
            );
        }
        let body = request.json();
        let mut sealed = lock(&self.sealed);
        match operation {
            "encrypt" => {
                let Some(plaintext) = checked(&body, "plaintext") else {
                    return refusal(400, "The checksum does not match.", "");
                };
                let ciphertext = [(); 80].map(|()| rand::random::<u8>());
                let text = STANDARD.encode(ciphertext);
                sealed.insert(text.clone(), STANDARD.encode(plaintext));
                HttpReply::json(
                    200,
                    &json!({
                        "name": format!("{KEY}/cryptoKeyVersions/1"),
                        "ciphertext": text,
                        "ciphertextCrc32c": crc32c(&ciphertext).to_string(),
                        "verifiedPlaintextCrc32c": !body["plaintextCrc32c"].is_null(),
                        "protectionLevel": "SOFTWARE",
                    }),
                )
            }
            "decrypt" => {
                let ciphertext = checked(&body, "ciphertext").map(|bytes| STANDARD.encode(bytes));
                match ciphertext.and_then(|text| sealed.get(&text).cloned()) {
                    Some(plaintext) => {
                        let bytes = STANDARD.decode(&plaintext).unwrap_or_default();
                        let checksum = crc32c(&bytes).to_string();
                        HttpReply::json(
                            200,
                            &json!({"plaintext": plaintext, "plaintextCrc32c": checksum}),
                        )
                    }
                    None => refusal(
                        400,
                        "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
                        "",
                    ),
                }
            }
            _ => refusal(404, "Not found", ""),
        }
    }
}

/// The bytes of a field, unless the checksum next to it is another. `sops` sends none.
fn checked(body: &Value, name: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(body[name].as_str()?).ok()?;
    let checksum = &body[format!("{name}Crc32c")];
    let is_right = checksum.is_null() || checksum.as_str()?.parse() == Ok(crc32c(&bytes));
    is_right.then_some(bytes)
}

/// The last part of a body in several parts, with its media type.
fn last_part(body: &[u8], boundary: &str) -> Option<StoredObject> {
    let text = std::str::from_utf8(body).ok()?;
    let (text, _) = text.rsplit_once(&format!("\r\n--{boundary}--"))?;
    let (_, part) = text.rsplit_once(&format!("--{boundary}\r\n"))?;
    let (head, content) = part.split_once("\r\n\r\n")?;
    Some(StoredObject {
        content: content.as_bytes().to_vec(),
        kind: head.strip_prefix("Content-Type: ")?.to_owned(),
    })
}

/// CRC-32C, bit by bit in the order of transmission.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for bit in bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |at| u32::from(byte >> at & 1)))
    {
        let is_odd = (register ^ bit) & 1 == 1;
        register >>= 1;
        if is_odd {
            register ^= 0x1EDC_6F41_u32.reverse_bits();
        }
    }
    !register
}

/// Whether the token is one that this server gave, or one that the service account signed.
fn is_authorized(request: &HttpRequest) -> bool {
    let token = request.header("authorization").unwrap_or_default();
    let token = token.strip_prefix("Bearer ").unwrap_or_default();
    token == TOKEN || is_signed(token)
}

fn is_signed(token: &str) -> bool {
    let claims = claims(token).unwrap_or_default();
    let scopes = claims["scope"].as_str().unwrap_or_default();
    claims["sub"] == ACCOUNT
        && scopes.contains("https://www.googleapis.com/auth/cloud-platform")
        && claims["exp"].as_u64() == claims["iat"].as_u64().map(|seconds| seconds + 3600)
}

/// The claims of a token that the service account signed.
fn claims(token: &str) -> Option<Value> {
    let (text, signature) = token.rsplit_once('.')?;
    let key = PrivateKeyDer::from_pem_slice(PRIVATE_KEY.as_bytes()).expect("the key is PEM");
    let PrivateKeyDer::Pkcs8(key) = key else {
        return None;
    };
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("the key is an RSA key");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref());
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    public.verify(text.as_bytes(), &signature).ok()?;
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    (claims["iss"] == ACCOUNT).then_some(claims)
}

fn token(is_granted: bool) -> HttpReply {
    match is_granted {
        true => HttpReply::json(
            200,
            &json!({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}),
        ),
        false => HttpReply::json(
            400,
            &json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
        ),
    }
}

fn refusal(status: u16, message: &str, reason: &str) -> HttpReply {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]);
    HttpReply::json(
        status,
        &json!({"error": {"code": status, "message": message, "details": details}}),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
