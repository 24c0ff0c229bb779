//! A stand-in for AWS KMS, Amazon S3 and the servers that give access keys, which checks
//! signatures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::http::{HttpReply, HttpRequest, HttpServer};
use super::objects::{Objects, StoredObject, unescaped};

/// The ARN of a key.
pub const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// The ARN of an alias of the key.
pub const ALIAS: &str = "arn:aws:kms:eu-west-1:123456789012:alias/sops";
/// The role that the user may assume.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/sops";
/// The user's access key, and its secret half.
pub const USER: (&str, &str) = ("AKIAUSEROFTHETESTS00", "secret-of-the-user-of-the-tests");
/// The access key of the role, and its secret half.
pub const ASSUMED: (&str, &str) = ("ASIAROLEOFTHETESTS00", "secret-of-the-role-of-the-tests");
/// The token of the role's access key.
pub const SESSION: &str = "session-token-of-the-tests";
/// The token of a login, of a container and of another provider.
pub const LOGIN: &str = "login-token-of-the-tests";
/// The token that renews a login.
pub const REFRESH: &str = "refresh-token-of-the-tests";

/// A server for keys, access keys and objects.
pub struct AwsServer {
    /// The server itself.
    pub http: HttpServer,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// The plaintexts and contexts of the ciphertexts.
    sealed: Mutex<HashMap<String, (String, Value)>>,
    objects: Objects,
}

impl AwsServer {
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
        let path = request.path.split('?').next().unwrap_or_default();
        match (&*request.method, path) {
            ("GET", "/federation/credentials") => portal(request),
            ("POST", "/token") => renewal(request),
            ("GET", "/container") => match request.header("authorization") {
                Some(LOGIN) => temporary(),
                _ => HttpReply::json(403, &json!({})),
            },
            ("PUT", "/latest/api/token") => {
                let lifetime = ("x-aws-ec2-metadata-token-ttl-seconds", "21600".to_owned());
                HttpReply::Answer(200, vec![lifetime], LOGIN.into())
            }
            ("GET", path) if path.starts_with("/latest/meta-data/iam/security-credentials/") => {
                let role = path.rsplit('/').next().unwrap_or_default();
                match (request.header("x-aws-ec2-metadata-token"), role) {
                    (Some(LOGIN), "") => HttpReply::Answer(200, Vec::new(), "sops".into()),
                    (Some(LOGIN), "sops") => temporary(),
                    _ => HttpReply::json(401, &json!({})),
                }
            }
            ("POST", "/") if request.header("x-amz-target").is_some() => self.operate(request),
            ("POST", "/") => assume(request),
            ("PUT", path) => self.store(request, path.trim_start_matches('/')),
            _ => HttpReply::json(404, &json!({})),
        }
    }

    /// Stores an object. The name of the bucket decides what happens.
    fn store(&self, request: &HttpRequest, path: &str) -> HttpReply {
        let name = unescaped(path, false);
        let is_damaged = request.header("x-amz-content-sha256") != Some(&*hash(&request.body));
        match name.split('/').next() {
            _ if !is_signed(request, "s3") => bucket_refusal(403, "SignatureDoesNotMatch", ""),
            _ if is_damaged => bucket_refusal(400, "XAmzContentSHA256Mismatch", ""),
            Some("missing") => bucket_refusal(404, "NoSuchBucket", ""),
            Some("forbidden") => bucket_refusal(403, "AccessDenied", ""),
            Some("expired") => bucket_refusal(400, "ExpiredToken", ""),
            Some("elsewhere") => bucket_refusal(301, "PermanentRedirect", "")
                .with_header("x-amz-bucket-region", "eu-north-1"),
            Some("busy") => bucket_refusal(503, "SlowDown", ""),
            _ => {
                let kind = request
                    .header("content-type")
                    .unwrap_or_default()
                    .to_owned();
                let content = request.body.clone();
                self.objects.put(name, StoredObject { content, kind });
                HttpReply::Answer(200, Vec::new(), Vec::new())
            }
        }
    }

    fn operate(&self, request: &HttpRequest) -> HttpReply {
        if !is_signed(request, "kms") {
            return refusal(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            );
        }
        let body = request.json();
        match body["KeyId"].as_str() {
            Some(KEY | ALIAS) => {}
            Some(arn) if arn.contains("/denied") => {
                return refusal(
                    "AccessDeniedException",
                    "User is not authorized to perform this.",
                );
            }
            Some(arn) if arn.contains("/expired") => return refusal("ExpiredTokenException", ""),
            _ => return refusal("NotFoundException", "Key does not exist"),
        }
        let mut sealed = lock(&self.sealed);
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match request.header("x-amz-target") {
            Some("TrentService.Encrypt") => {
                let ciphertext = STANDARD.encode([(); 150].map(|()| rand::random::<u8>()));
                sealed.insert(ciphertext.clone(), (text("Plaintext"), context(&body)));
                HttpReply::json(200, &json!({"CiphertextBlob": ciphertext, "KeyId": KEY}))
            }
            Some("TrentService.Decrypt") => match sealed.get(&text("CiphertextBlob")) {
                Some((plaintext, sealed_context)) if *sealed_context == context(&body) => {
                    HttpReply::json(200, &json!({"Plaintext": plaintext, "KeyId": KEY}))
                }
                _ => refusal("InvalidCiphertextException", ""),
            },
            _ => refusal("UnknownOperationException", ""),
        }
    }
}

/// The error of Amazon S3.
fn bucket_refusal(status: u16, code: &str, more: &str) -> HttpReply {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>Said by the server</Message>{more}</Error>"
    );
    let kind = ("content-type", "application/xml".to_owned());
    HttpReply::Answer(status, vec![kind], xml.into_bytes())
}

/// The encryption context; an empty one is the same as none.
fn context(body: &Value) -> Value {
    match &body["EncryptionContext"] {
        Value::Null => json!({}),
        context => context.clone(),
    }
}

/// The servers of IAM Identity Center.
fn portal(request: &HttpRequest) -> HttpReply {
    let is_known = request.header("x-amz-sso_bearer_token") == Some(LOGIN)
        && request.path.contains("account_id=123456789012")
        && request.path.contains("role_name=sops");
    match is_known {
        true => HttpReply::json(
            200,
            &json!({"roleCredentials": {
                "accessKeyId": ASSUMED.0,
                "secretAccessKey": ASSUMED.1,
                "sessionToken": SESSION,
                "expiration": 4_102_444_800_000_u64,
            }}),
        ),
        false => HttpReply::json(
            401,
            &json!({"message": "Session token not found or invalid"}),
        )
        .with_header("x-amzn-errortype", "UnauthorizedException"),
    }
}

/// A new token for a login.
fn renewal(request: &HttpRequest) -> HttpReply {
    let body = request.json();
    match body["grantType"] == "refresh_token" && body["refreshToken"] == REFRESH {
        true => HttpReply::json(
            200,
            &json!({"accessToken": LOGIN, "expiresIn": 3600, "tokenType": "Bearer"}),
        ),
        false => HttpReply::json(400, &json!({"error": "invalid_grant"})),
    }
}

/// A temporary access key, as containers and machines get it.
fn temporary() -> HttpReply {
    HttpReply::json(
        200,
        &json!({
            "Code": "Success",
            "AccessKeyId": ASSUMED.0,
            "SecretAccessKey": ASSUMED.1,
            "Token": SESSION,
            "Expiration": "2100-01-01T00:00:00Z",
        }),
    )
}

/// The Security Token Service, which speaks XML.
fn assume(request: &HttpRequest) -> HttpReply {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let has = |field: &str| body.split('&').any(|part| part == field);
    let role = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fsops";
    let (action, is_allowed) = match has("Action=AssumeRole") {
        true => ("AssumeRole", is_signed(request, "sts")),
        false => (
            "AssumeRoleWithWebIdentity",
            has("Action=AssumeRoleWithWebIdentity") && has(&format!("WebIdentityToken={LOGIN}")),
        ),
    };
    let is_named = body.contains("RoleSessionName=") && has("Version=2011-06-15");
    let xml = match is_allowed && is_named && has(role) {
        true => format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{SESSION}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>",
            ASSUMED.0, ASSUMED.1
        ),
        false => "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>".to_owned(),
    };
    let status = if xml.starts_with("<A") { 200 } else { 403 };
    HttpReply::Answer(
        status,
        vec![("content-type", "text/xml".to_owned())],
        xml.into_bytes(),
    )
}

/// Whether the request has the signature that AWS's documentation describes, by a known key.
fn is_signed(request: &HttpRequest, service: &str) -> bool {
    let authorization = request.header("authorization").unwrap_or_default();
    let Some(parameters) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
        return false;
    };
    let parameter = |name: &str| {
        let mut parts = parameters
            .split(',')
            .filter_map(|part| part.trim().split_once('='));
        parts
            .find_map(|(key, value)| (key == name).then_some(value))
            .unwrap_or_default()
    };
    let credential: Vec<&str> = parameter("Credential").split('/').collect();
    let [id, day, region, signed_service, "aws4_request"] = credential[..] else {
        return false;
    };
    let token = request.header("x-amz-security-token");
    let secret = match (id, token) {
        (id, None) if id == USER.0 => USER.1,
        (id, Some(SESSION)) if id == ASSUMED.0 => ASSUMED.1,
        _ => return false,
    };
    // No request has more than one parameter, so none must be sorted.
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut canonical = format!("{}\n{path}\n{query}\n", request.method);
    let names = parameter("SignedHeaders");
    for name in names.split(';') {
        canonical += &format!("{name}:{}\n", request.header(name).unwrap_or_default());
    }
    canonical += &format!("\n{names}\n{}", hash(&request.body));
    let date = request.header("x-amz-date").unwrap_or_default();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [day, region, service, "aws4_request"] {
        key = sign(&key, part);
    }
    let required = ["host", "x-amz-date", "x-amz-target", "x-amz-security-token"];
    let is_complete = required.iter().all(|name| {
        request.header(name).is_none() || names.split(';').any(|signed| signed == *name)
    });
    date.starts_with(day)
        && region == "eu-west-1"
        && signed_service == service
        && is_complete
        && parameter("Signature") == hex(&sign(&key, &text))
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refusal(kind: &str, message: &str) -> HttpReply {
    HttpReply::json(400, &json!({"__type": kind, "message": message}))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
