//! Keys in Azure Key Vault and Managed HSM. `key_url.rs` checks what a file names, `challenge.rs`
//! reads which token a vault wants, and `credentials/` gets it.

mod challenge;
mod credentials;
mod key_url;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use sops_keys::{Environment, Family, MasterKey};
use sops_printable::escaped;
use zeroize::Zeroizing;

use self::challenge::Challenge;
use self::credentials::Credentials;
use self::key_url::KeyUrl;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::access_token::AccessToken;
use crate::provider::{Outcome, Pending, Provider};
use crate::reach::Reach;
use crate::secret_text::SecretText;
use crate::transport::{Answer, HttpClient, Limits, Proxies, TlsSettings};
use crate::words::said;

/// The padding that `sops` uses.
const ALGORITHM: &str = "RSA-OAEP-256";

/// The keys of any number of vaults.
pub(crate) struct Azure {
    client: HttpClient,
    credentials: Credentials,
    /// The challenge of each vault, by its URL.
    challenges: Mutex<HashMap<String, Challenge>>,
}

/// What a vault answers about a key or an operation.
#[derive(Deserialize)]
struct KeyAnswer {
    key: KeyId,
}

#[derive(Deserialize)]
struct KeyId {
    kid: String,
}

#[derive(Deserialize)]
struct OperationAnswer {
    kid: String,
    value: SecretText,
}

#[derive(Deserialize, Default)]
struct ErrorAnswer {
    #[serde(default)]
    error: ErrorDetails,
}

#[derive(Deserialize, Default)]
struct ErrorDetails {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Azure {
    /// Creates the provider, which contacts no server yet.
    pub(crate) fn new(environment: &Environment) -> Self {
        let proxies = Proxies::from_environment(environment);
        Self {
            client: HttpClient::new(proxies, TlsSettings::default(), Limits::default()),
            credentials: Credentials::new(environment),
            challenges: Mutex::default(),
        }
    }

    /// Sends a request with the token that the vault wants. The first request to a vault has no
    /// token and no body, and only finds out which token that is.
    async fn send(
        &self,
        url: &KeyUrl,
        method: Method,
        path: &str,
        body: &str,
    ) -> Outcome<(Answer, AccessToken)> {
        let vault = url.vault().to_string();
        let known = self.challenges().get(&vault).cloned();
        let challenge = match known {
            Some(challenge) => challenge,
            None => {
                let answer = self.request(url, &method, path, "", None).await?;
                self.challenge(url, &answer)?
            }
        };
        let token = self.credentials.token(&challenge).await?;
        let answer = self.request(url, &method, path, body, Some(&token)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok((answer, token));
        }
        // The vault moved to another tenant, or the token was revoked.
        let Ok(challenge) = self.challenge(url, &answer) else {
            return Ok((answer, token));
        };
        self.credentials.forget(&challenge).await;
        let token = self.credentials.token(&challenge).await?;
        let answer = self.request(url, &method, path, body, Some(&token)).await?;
        Ok((answer, token))
    }

    async fn request(
        &self,
        url: &KeyUrl,
        method: &Method,
        path: &str,
        body: &str,
        token: Option<&AccessToken>,
    ) -> Outcome<Answer> {
        let mut request = Request::new(Bytes::from(body.to_owned()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().map_err(|_| "its URL is too long".to_owned())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, THIS_PROGRAM);
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(token) = token {
            token.add_to(headers)?;
        }
        let answer = self.client.send(&request).await;
        answer.map_err(|error| format!("{} {error}", host(url)))
    }

    /// The token that the vault wants, from its answer to a request without one.
    fn challenge(&self, url: &KeyUrl, answer: &Answer) -> Outcome<Challenge> {
        let header = answer.headers.get(WWW_AUTHENTICATE);
        let header = header.and_then(|header| header.to_str().ok());
        if answer.status != StatusCode::UNAUTHORIZED && header.is_none() {
            return Err(refused(url, answer, &[]));
        }
        let challenge = Challenge::new(header.unwrap_or_default(), url.vault())?;
        self.challenges()
            .insert(url.vault().to_string(), challenge.clone());
        Ok(challenge)
    }

    fn challenges(&self) -> std::sync::MutexGuard<'_, HashMap<String, Challenge>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Encrypts or decrypts base64 text.
    async fn operate(&self, url: &KeyUrl, operation: &str, value: &str) -> Outcome<SecretText> {
        let body = serde_json::json!({"alg": ALGORITHM, "value": value}).to_string();
        let body = Zeroizing::new(body);
        let (answer, token) = self
            .send(url, Method::POST, &url.of(operation), &body)
            .await?;
        if answer.status != StatusCode::OK {
            return Err(refused(url, &answer, &[token.value(), value]));
        }
        let answer: OperationAnswer =
            serde_json::from_slice(&answer.body).map_err(|_| not_an_answer(url))?;
        // A ciphertext of another version could not be decrypted with the version in the metadata.
        match url.version_in(&answer.kid) {
            Some(_) => Ok(answer.value),
            None => Err(format!("{} used a different key than requested", host(url))),
        }
    }
}

/// The key's URL.
fn url_of(key: &MasterKey, reach: Reach) -> Outcome<KeyUrl> {
    match key {
        MasterKey::AzureKv {
            vault_url,
            name,
            version,
        } => KeyUrl::new(vault_url, name, version, reach),
        _ => Err("this is not an Azure key".to_owned()),
    }
}

fn host(url: &KeyUrl) -> String {
    escaped(url.vault().host().unwrap_or_default()).into_owned()
}

fn not_an_answer(url: &KeyUrl) -> String {
    format!(
        "{} did not send a valid Azure Key Vault response",
        host(url)
    )
}

/// Why the vault refused, and what to do.
fn refused(url: &KeyUrl, answer: &Answer, secrets: &[&str]) -> String {
    let error = serde_json::from_slice::<ErrorAnswer>(&answer.body)
        .unwrap_or_default()
        .error;
    let message = match &*error.message {
        "" => "no reason given".to_owned(),
        message => said(message, secrets),
    };
    let host = host(url);
    match answer.status {
        StatusCode::UNAUTHORIZED => format!(
            "{host} rejects your access token: {message}; log in again with `az login`, or check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        ),
        StatusCode::FORBIDDEN => format!(
            "{host} does not allow this: {message}; you need the role `Key Vault Crypto User`, or an access policy with the permissions `encrypt`, `decrypt` and `get`"
        ),
        StatusCode::NOT_FOUND => format!("the key or this version of it does not exist: {message}"),
        StatusCode::TOO_MANY_REQUESTS => {
            format!("{host} received too many requests: {message}; try again in a minute")
        }
        status => format!(
            "{host} returned {} {}: {message}",
            status.as_u16(),
            said(&error.code, secrets)
        ),
    }
}

impl Provider for Azure {
    fn family(&self) -> Family {
        Family::AzureKv
    }

    /// Asks the vault for the latest version of a key without one.
    fn complete<'a>(&'a self, key: &'a MasterKey, reach: Reach) -> Pending<'a, MasterKey> {
        Box::pin(async move {
            let MasterKey::AzureKv {
                vault_url,
                name,
                version,
            } = key
            else {
                return Err("this is not an Azure key".to_owned());
            };
            if !version.is_empty() {
                return Ok(key.clone());
            }
            let url = url_of(key, reach)?;
            let (answer, token) = self.send(&url, Method::GET, &url.of_key(), "").await?;
            if answer.status != StatusCode::OK {
                return Err(refused(&url, &answer, &[token.value()]));
            }
            let answer: KeyAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| not_an_answer(&url))?;
            let version = url
                .version_in(&answer.key.kid)
                .ok_or_else(|| not_an_answer(&url))?;
            Ok(MasterKey::AzureKv {
                vault_url: vault_url.clone(),
                name: name.clone(),
                version,
            })
        })
    }

    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        let _ = key;
        Box::pin(self.credentials.source())
    }

    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        reach: Reach,
    ) -> Pending<'a, String> {
        Box::pin(async move {
            let url = url_of(key, reach)?;
            let plaintext = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret));
            let ciphertext = self.operate(&url, "encrypt", &plaintext).await?;
            match URL_SAFE_NO_PAD.decode(&*ciphertext) {
                Ok(bytes) if !bytes.is_empty() => Ok(ciphertext.to_string()),
                _ => Err(not_an_answer(&url)),
            }
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        enc: &'a str,
        reach: Reach,
    ) -> Pending<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let url = url_of(key, reach)?;
            let plaintext = self.operate(&url, "decrypt", enc).await?;
            let secret = URL_SAFE_NO_PAD.decode(&*plaintext);
            secret.map(Zeroizing::new).map_err(|_| not_an_answer(&url))
        })
    }
}
