//! Keys of Google Cloud KMS, over its REST API. `credentials/` gets access tokens, `crc32c.rs`
//! computes checksums, and `refusal.rs` explains answers. `bucket.rs` publishes to Google Cloud
//! Storage.

mod bucket;
mod crc32c;
mod credentials;
mod refusal;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use sops_keys::{Environment, Family, MasterKey};
use zeroize::Zeroizing;

use self::bucket::Service;
use self::crc32c::{DAMAGED, crc32c};
use self::credentials::Credentials;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::{Outcome, Pending, Provider};
use crate::publishing::{Destination, Published};
use crate::reach::Reach;
use crate::secret_text::SecretText;
use crate::transport::{Answer, HttpClient, Limits, Proxies, TlsSettings};
use crate::variables::text;

/// The keys of any number of projects.
pub(crate) struct Gcp {
    environment: Environment,
    client: HttpClient,
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncryptAnswer {
    name: String,
    ciphertext: String,
    ciphertext_crc32c: String,
    #[serde(default)]
    verified_plaintext_crc32c: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DecryptAnswer {
    plaintext: SecretText,
    plaintext_crc32c: String,
}

impl Gcp {
    /// Creates the provider, which contacts no server yet.
    pub(crate) fn new(environment: Environment) -> Self {
        let proxies = Proxies::from_environment(&environment);
        Self {
            client: HttpClient::new(proxies, TlsSettings::default(), Limits::default()),
            credentials: Credentials::new(&environment),
            environment,
        }
    }

    /// The server, which variables of `sops` can change.
    fn endpoint(&self) -> Outcome<String> {
        if let Some(endpoint) = text(&self.environment, "SOPS_GCP_KMS_ENDPOINT")? {
            let endpoint = endpoint.trim_end_matches('/');
            return Ok(match endpoint.contains("://") {
                true => endpoint.to_owned(),
                false => format!("https://{endpoint}"),
            });
        }
        let domain = text(&self.environment, "SOPS_GCP_KMS_UNIVERSE_DOMAIN")?;
        let domain = domain.as_deref().unwrap_or("googleapis.com");
        Ok(format!("https://cloudkms.{domain}"))
    }

    /// Sends a request for the key. `secret` is a value in it that must not be shown.
    async fn send(
        &self,
        resource: &str,
        operation: &str,
        body: &serde_json::Value,
        secret: &str,
    ) -> Outcome<Answer> {
        let url = format!("{}/v1/{resource}:{operation}", self.endpoint()?);
        let authorization = self.credentials.authorization().await?;
        let body = Zeroizing::new(body.to_string());
        let mut request = Request::new(Bytes::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url
            .parse()
            .map_err(|_| "the server's URL is invalid; check SOPS_GCP_KMS_ENDPOINT and SOPS_GCP_KMS_UNIVERSE_DOMAIN".to_owned())?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, THIS_PROGRAM);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        authorization.add_to(headers)?;
        let answer = self.client.send(&request).await;
        let answer = answer.map_err(|error| format!("{host} {error}"))?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            _ => {
                let secrets = [authorization.token.value(), secret];
                let source = &authorization.source;
                Err(refusal::explain(&answer, resource, source, &secrets))
            }
        }
    }
}

const NOT_AN_ANSWER: &str = "the server did not send a valid Google Cloud KMS response";

/// The resource ID. A file chooses it, so it must be the path of a key and nothing else.
fn resource_of(key: &MasterKey) -> Outcome<&str> {
    let MasterKey::GcpKms { resource_id } = key else {
        return Err("this is not a Google Cloud key".to_owned());
    };
    let parts: Vec<&str> = resource_id.split('/').collect();
    let is_name = |text: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        !text.is_empty() && text != "." && text != ".." && text.bytes().all(is_allowed)
    };
    match parts[..] {
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", name]
            if [project, location, ring, name].into_iter().all(is_name) => Ok(resource_id),
        _ => Err("this is not a key of Google Cloud KMS; write `projects/<project>/locations/<location>/keyRings/<ring>/cryptoKeys/<key>`, without a version".to_owned()),
    }
}

/// Checks a checksum, which is a string in JSON.
fn check(bytes: &[u8], checksum: &str) -> Outcome<()> {
    match checksum.parse() == Ok(crc32c(bytes)) {
        true => Ok(()),
        false => Err(DAMAGED.to_owned()),
    }
}

impl Provider for Gcp {
    fn family(&self) -> Family {
        Family::GcpKms
    }

    /// The server is that of Google or of the user, so every reach is the same.
    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        let _ = key;
        Box::pin(async { Ok(self.credentials.authorization().await?.source) })
    }

    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        _: Reach,
    ) -> Pending<'a, String> {
        Box::pin(async move {
            let resource = resource_of(key)?;
            let plaintext = Zeroizing::new(STANDARD.encode(secret));
            let body = serde_json::json!({
                "plaintext": &*plaintext,
                "plaintextCrc32c": crc32c(secret).to_string(),
            });
            let answer = self.send(resource, "encrypt", &body, &plaintext).await?;
            let answer: EncryptAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| NOT_AN_ANSWER.to_owned())?;
            if !answer
                .name
                .starts_with(&format!("{resource}/cryptoKeyVersions/"))
            {
                return Err("Google used a different key than requested".to_owned());
            }
            let ciphertext = STANDARD
                .decode(&answer.ciphertext)
                .map_err(|_| NOT_AN_ANSWER.to_owned())?;
            check(&ciphertext, &answer.ciphertext_crc32c)?;
            match answer.verified_plaintext_crc32c && !ciphertext.is_empty() {
                true => Ok(STANDARD.encode(ciphertext)),
                false => Err(DAMAGED.to_owned()),
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
            let resource = resource_of(key)?;
            let ciphertext = STANDARD
                .decode(enc)
                .map_err(|_| "`enc` is not base64".to_owned())?;
            let body = serde_json::json!({
                "ciphertext": enc,
                "ciphertextCrc32c": crc32c(&ciphertext).to_string(),
            });
            let answer = self.send(resource, "decrypt", &body, "").await?;
            let answer: DecryptAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| NOT_AN_ANSWER.to_owned())?;
            let secret = STANDARD.decode(&*answer.plaintext).map(Zeroizing::new);
            let secret = secret.map_err(|_| NOT_AN_ANSWER.to_owned())?;
            check(&secret, &answer.plaintext_crc32c)?;
            Ok(secret)
        })
    }

    fn publish<'a>(
        &'a self,
        destination: &'a Destination,
        content: &'a [u8],
        _: Reach,
    ) -> Pending<'a, Published> {
        Box::pin(async move {
            match destination {
                Destination::Gcs { bucket, object } => {
                    let service = Service {
                        environment: &self.environment,
                        credentials: &self.credentials,
                        client: &self.client,
                    };
                    service.put(bucket, object, content).await
                }
                _ => Err("this is not in Google Cloud Storage".to_owned()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_a_key_is_a_resource() {
        let good = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
        for (resource, is_accepted) in [
            (good.to_owned(), true),
            (good.replace("/p/", "/example.com:p/"), true),
            (format!("{good}/cryptoKeyVersions/1"), false),
            (good.replace("/k", "/.."), false),
            (good.replace("/p/", "/p?x/"), false),
            (good.replace("/p/", "/p%2f/"), false),
            (good.replace("/r/", "//"), false),
            ("k".to_owned(), false),
        ] {
            let key = MasterKey::GcpKms {
                resource_id: resource.clone(),
            };
            assert_eq!(resource_of(&key).is_ok(), is_accepted, "{resource}");
        }
    }
}
