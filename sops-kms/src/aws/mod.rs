//! Keys of AWS KMS. `key_arn.rs` checks what a file names, `credentials/` finds an access key,
//! `endpoint.rs` has the servers, `signature.rs` signs requests, and `refusal.rs` explains answers.

mod access_key;
mod context;
mod credentials;
mod endpoint;
mod key_arn;
mod refusal;
mod signature;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use sops_keys::{Environment, Family, MasterKey};
use tokio::time::sleep;
use zeroize::Zeroizing;

use self::access_key::AccessKey;
use self::context::Context;
use self::credentials::{Credentials, Wanted};
use self::key_arn::KeyArn;
use self::signature::{Scope, sign};
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::{Outcome, Pending, Provider};
use crate::reach::Reach;
use crate::secret_text::SecretText;
use crate::transport::{Answer, HttpClient, Limits, Proxies, TlsSettings, read};

/// The pauses before a request is repeated because there were too many.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// The keys of any number of accounts and regions.
pub(crate) struct Aws {
    environment: Environment,
    client: OnceLock<Outcome<HttpClient>>,
    direct: HttpClient,
    credentials: Credentials,
}

/// A key as a file names it.
struct Key<'a> {
    arn: KeyArn<'a>,
    role: Option<&'a String>,
    context: &'a BTreeMap<String, String>,
    profile: Option<&'a String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptAnswer {
    ciphertext_blob: String,
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DecryptAnswer {
    plaintext: SecretText,
    key_id: String,
}

impl Aws {
    /// Contacts no server yet.
    pub(crate) fn new(environment: Environment) -> Self {
        Self {
            client: OnceLock::new(),
            direct: HttpClient::new(Proxies::none(), TlsSettings::default(), Limits::default()),
            credentials: Credentials::default(),
            environment,
        }
    }

    fn client(&self) -> Outcome<&HttpClient> {
        let client = self.client.get_or_init(|| {
            let mut tls = TlsSettings::default();
            if let Some(file) = self.environment.var("AWS_CA_BUNDLE").map(PathBuf::from) {
                tls.authorities = vec![(file.display().to_string(), read(&file)?)];
            }
            let proxies = Proxies::from_environment(&self.environment);
            Ok(HttpClient::new(proxies, tls, Limits::default()))
        });
        client.as_ref().map_err(Clone::clone)
    }

    async fn access_key(&self, key: &Key<'_>) -> Outcome<AccessKey> {
        let region = key.arn.region;
        let context = Context {
            environment: &self.environment,
            client: self.client()?,
            direct: &self.direct,
            region,
        };
        let wanted = Wanted {
            profile: key.profile.cloned(),
            role: key.role.cloned(),
            region: region.to_owned(),
        };
        self.credentials.find(&context, &wanted).await
    }

    /// Encrypts or decrypts. `secret` is a text in the request that must not be shown.
    async fn operate(
        &self,
        key: &Key<'_>,
        operation: &str,
        body: &serde_json::Value,
        secret: &str,
    ) -> Outcome<Answer> {
        let region = key.arn.region;
        let access = self.access_key(key).await?;
        let url = endpoint::endpoint(&self.environment, "kms", "KMS", region)?;
        let body = Zeroizing::new(body.to_string());
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{url}/")
            .parse()
            .map_err(|_| "AWS_ENDPOINT_URL_KMS is not a URL".to_owned())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, THIS_PROGRAM);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-amz-json-1.1"),
        );
        let target = HeaderValue::from_str(&format!("TrentService.{operation}"))
            .expect("the names of operations are letters");
        headers.insert("x-amz-target", target);
        sign(
            &mut request,
            &access,
            Scope {
                service: "kms",
                region,
            },
            SystemTime::now(),
        )?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let mut pauses = PAUSES.iter();
        loop {
            let answer = self.client()?.send(&request).await;
            let answer = answer.map_err(|error| format!("{host} {error}"))?;
            if answer.status == StatusCode::OK {
                return Ok(answer);
            }
            match pauses
                .next()
                .filter(|_| refusal::kind(&answer) == "ThrottlingException")
            {
                Some(pause) => sleep(*pause).await,
                None => {
                    return Err(refusal::explain(
                        &answer,
                        operation,
                        &access.source,
                        key.context,
                        secret,
                    ));
                }
            }
        }
    }
}

const NOT_AN_ANSWER: &str = "the server did not send a valid AWS KMS response";

fn key_of(key: &MasterKey) -> Outcome<Key<'_>> {
    match key {
        MasterKey::Kms {
            arn,
            role,
            context,
            aws_profile,
        } => Ok(Key {
            arn: KeyArn::new(arn)?,
            role: role.as_ref(),
            context,
            profile: aws_profile.as_ref(),
        }),
        _ => Err("this is not an AWS key".to_owned()),
    }
}

/// Refuses an answer about another key. An alias stands for the key that AWS names.
fn check(arn: KeyArn<'_>, answered: &str) -> Outcome<()> {
    match !arn.is_key() || arn.arn == answered {
        true => Ok(()),
        false => Err("AWS used a different key than requested".to_owned()),
    }
}

impl Provider for Aws {
    fn family(&self) -> Family {
        Family::Kms
    }

    /// The servers are those of AWS or of the user, so every reach is the same.
    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        Box::pin(async move { Ok(self.access_key(&key_of(key)?).await?.source) })
    }

    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        _: Reach,
    ) -> Pending<'a, String> {
        Box::pin(async move {
            let key = key_of(key)?;
            let plaintext = Zeroizing::new(STANDARD.encode(secret));
            let body = serde_json::json!({
                "KeyId": key.arn.arn,
                "Plaintext": &*plaintext,
                "EncryptionContext": key.context,
            });
            let answer = self.operate(&key, "Encrypt", &body, &plaintext).await?;
            let answer: EncryptAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| NOT_AN_ANSWER.to_owned())?;
            check(key.arn, &answer.key_id)?;
            match STANDARD.decode(&answer.ciphertext_blob) {
                Ok(ciphertext) if !ciphertext.is_empty() => Ok(answer.ciphertext_blob),
                _ => Err(NOT_AN_ANSWER.to_owned()),
            }
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        enc: &'a str,
        _: Reach,
    ) -> Pending<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let key = key_of(key)?;
            let body = serde_json::json!({
                "KeyId": key.arn.arn,
                "CiphertextBlob": enc,
                "EncryptionContext": key.context,
            });
            let answer = self.operate(&key, "Decrypt", &body, "").await?;
            let answer: DecryptAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| NOT_AN_ANSWER.to_owned())?;
            check(key.arn, &answer.key_id)?;
            let secret = STANDARD.decode(&*answer.plaintext).map(Zeroizing::new);
            secret.map_err(|_| NOT_AN_ANSWER.to_owned())
        })
    }
}
