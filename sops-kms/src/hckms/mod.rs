//! Keys of Huawei Cloud KMS. `credentials.rs` finds an access key, and `signature.rs` signs
//! requests with it.

mod credentials;
mod signature;

use std::collections::HashMap;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use sops_keys::{Environment, Family, MasterKey};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use self::credentials::Credentials;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::{Outcome, Pending, Provider};
use crate::reach::Reach;
use crate::secret_text::SecretText;
use crate::transport::{Answer, HttpClient, Limits, Proxies, TlsSettings};
use crate::variables::text;
use crate::words::said;

/// Regions without an identity server of their own.
const WITHOUT_IDENTITY_SERVER: [&str; 6] = [
    "af-north-1",
    "ap-southeast-5",
    "cn-north-11",
    "cn-south-4",
    "cn-southwest-3",
    "eu-west-101",
];

/// The keys of any number of regions.
pub(crate) struct Hckms {
    environment: Environment,
    client: HttpClient,
    /// Requests to this machine's metadata server, which no proxy can answer.
    direct: HttpClient,
    /// Locked during the search for an access key, so that there is only one search.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    credentials: Option<Outcome<Credentials>>,
    /// The projects of the regions that were used so far.
    projects: HashMap<String, String>,
}

/// A region, and a key in it.
struct Key<'a> {
    region: &'a str,
    id: &'a str,
}

#[derive(Deserialize)]
struct EncryptAnswer {
    cipher_text: String,
}

#[derive(Deserialize)]
struct DecryptAnswer {
    plain_text: SecretText,
}

#[derive(Deserialize)]
struct ProjectsAnswer {
    projects: Vec<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
}

/// An error, which some services nest in another object.
#[derive(Deserialize, Default)]
struct ErrorAnswer {
    error: Option<ErrorDetails>,
    #[serde(flatten)]
    details: ErrorDetails,
}

#[derive(Deserialize, Default)]
struct ErrorDetails {
    #[serde(default)]
    error_code: String,
    #[serde(default, alias = "message")]
    error_msg: String,
}

impl Hckms {
    /// Creates the provider, which contacts no server yet.
    pub(crate) fn new(environment: Environment) -> Self {
        let client = |proxies| HttpClient::new(proxies, TlsSettings::default(), Limits::default());
        Self {
            client: client(Proxies::from_environment(&environment)),
            direct: client(Proxies::none()),
            state: Mutex::default(),
            environment,
        }
    }

    /// The access key, and the project of the region.
    async fn credentials(&self, region: &str) -> Outcome<(Credentials, String)> {
        let mut state = self.state.lock().await;
        let credentials = match &state.credentials {
            Some(credentials) => credentials.clone(),
            None => {
                let outcome = credentials::find(&self.environment, &self.direct).await;
                state.credentials.insert(outcome).clone()
            }
        }?;
        if let Some(project) = credentials.project.as_ref().or(state.projects.get(region)) {
            let project = project.clone();
            return Ok((credentials, project));
        }
        let project = self.project(&credentials, region).await?;
        state.projects.insert(region.to_owned(), project.clone());
        Ok((credentials, project))
    }

    /// Asks the identity server for the project of a region.
    async fn project(&self, credentials: &Credentials, region: &str) -> Outcome<String> {
        let advice = &credentials.project_advice;
        let server = match text(&self.environment, "HUAWEICLOUD_SDK_IAM_ENDPOINT")? {
            Some(server) if server.contains("://") => server,
            Some(server) => format!("https://{server}"),
            None if WITHOUT_IDENTITY_SERVER.contains(&region) => {
                "https://iam.myhuaweicloud.com".to_owned()
            }
            None => format!("https://iam.{region}.myhuaweicloud.com"),
        };
        let url = format!("{}/v3/projects?name={region}", server.trim_end_matches('/'));
        let answer = self.send(Method::GET, &url, "", None, credentials).await?;
        if answer.status != StatusCode::OK {
            return Err(refused(&answer, &[]));
        }
        let projects = serde_json::from_slice::<ProjectsAnswer>(&answer.body);
        let mut projects = projects.map_err(|_| NOT_AN_ANSWER)?.projects;
        match (projects.pop(), projects.is_empty()) {
            (Some(project), true) => Ok(project.id),
            (None, _) => Err(format!("your account has no project in {region}; {advice}")),
            (Some(_), false) => Err(format!(
                "your account has several projects in {region}; {advice}"
            )),
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        body: &str,
        project: Option<&str>,
        credentials: &Credentials,
    ) -> Outcome<Answer> {
        let mut request = Request::new(Bytes::from(body.to_owned()));
        *request.method_mut() = method;
        *request.uri_mut() = url.parse().map_err(|_| "the server's URL is invalid; check HUAWEICLOUD_SDK_REGION_KMS_<REGION>, which needs `https://`, and HUAWEICLOUD_SDK_IAM_ENDPOINT".to_owned())?;
        request.headers_mut().insert(USER_AGENT, THIS_PROGRAM);
        if let Some(project) = project {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
            let project = HeaderValue::from_str(project).map_err(|_| INVALID_PROJECT.to_owned())?;
            request.headers_mut().insert("x-project-id", project);
        }
        signature::sign(&mut request, credentials, SystemTime::now())?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answer = self.client.send(&request).await;
        answer.map_err(|error| format!("{host} {error}"))
    }

    /// Encrypts or decrypts.
    async fn operate(
        &self,
        key: &Key<'_>,
        operation: &str,
        body: &serde_json::Value,
        secret: &str,
    ) -> Outcome<Answer> {
        let (credentials, project) = self.credentials(key.region).await?;
        let is_project = project
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if project.is_empty() || !is_project {
            return Err(INVALID_PROJECT.to_owned());
        }
        let url = format!(
            "{}/v1.0/{project}/kms/{operation}",
            self.endpoint(key.region)?
        );
        let body = Zeroizing::new(body.to_string());
        let answer = self
            .send(Method::POST, &url, &body, Some(&project), &credentials)
            .await?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            _ => Err(refused(&answer, &[&credentials.secret, secret])),
        }
    }

    /// The server of a region, which a variable can change, as in Huawei's library.
    fn endpoint(&self, region: &str) -> Outcome<String> {
        let suffix = region.to_ascii_uppercase().replace('-', "_");
        let name = format!("HUAWEICLOUD_SDK_REGION_KMS_{suffix}");
        if let Some(endpoints) = text(&self.environment, &name)? {
            let first = endpoints.split(',').next().unwrap_or_default();
            return Ok(first.trim().trim_end_matches('/').to_owned());
        }
        let domain = if region == "eu-west-101" { "eu" } else { "com" };
        Ok(format!("https://kms.{region}.myhuaweicloud.{domain}"))
    }
}

const INVALID_PROJECT: &str = "the project ID is invalid; check HUAWEICLOUD_SDK_PROJECT_ID, or `project_id` in the credentials file";

const NOT_AN_ANSWER: &str = "the server did not send a valid Huawei Cloud KMS response";

/// Reads `<region>:<id>`. A file chooses both, so the region must be one part of a host name.
fn key_of(key: &MasterKey) -> Outcome<Key<'_>> {
    let MasterKey::Hckms { key_id } = key else {
        return Err("this is not a Huawei Cloud key".to_owned());
    };
    let (region, id) = key_id.split_once(':').unwrap_or_default();
    let (region, id) = (region.trim(), id.trim());
    let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || id.is_empty() || !region.bytes().all(is_region) {
        return Err("this is not a Huawei Cloud KMS key; write `<region>:<key-uuid>`".to_owned());
    }
    Ok(Key { region, id })
}

/// Why the service refused, and what to do.
fn refused(answer: &Answer, secrets: &[&str]) -> String {
    let error = serde_json::from_slice::<ErrorAnswer>(&answer.body).unwrap_or_default();
    let details = error.error.unwrap_or(error.details);
    let message = format!("{} {}", details.error_code, details.error_msg);
    let message = match message.trim() {
        "" => "no reason given".to_owned(),
        message => said(message, secrets),
    };
    match answer.status {
        StatusCode::UNAUTHORIZED => format!(
            "Huawei Cloud rejects your access key: {message}; check it in HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK or in the credentials file, and check the time of this computer"
        ),
        StatusCode::FORBIDDEN => {
            format!(
                "Huawei Cloud does not allow this: {message}; you need the permission `kms:cmk:crypto`"
            )
        }
        StatusCode::NOT_FOUND => format!("the key does not exist in this region: {message}"),
        status => format!("Huawei Cloud returned {}: {message}", status.as_u16()),
    }
}

impl Provider for Hckms {
    fn family(&self) -> Family {
        Family::Hckms
    }

    /// The servers are those of Huawei or of the user, so every reach is the same.
    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        let _ = key;
        Box::pin(async {
            let state = self.state.lock().await;
            let credentials = state.credentials.clone();
            Ok(credentials.ok_or("no request was sent")??.source)
        })
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
                "key_id": key.id,
                "plain_text": &*plaintext,
                "encryption_algorithm": "SYMMETRIC_DEFAULT",
            });
            let answer = self
                .operate(&key, "encrypt-data", &body, &plaintext)
                .await?;
            match serde_json::from_slice::<EncryptAnswer>(&answer.body) {
                Ok(answer) if !answer.cipher_text.is_empty() => Ok(answer.cipher_text),
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
                "key_id": key.id,
                "cipher_text": enc,
                "encryption_algorithm": "SYMMETRIC_DEFAULT",
            });
            let answer = self.operate(&key, "decrypt-data", &body, "").await?;
            let answer = serde_json::from_slice::<DecryptAnswer>(&answer.body).ok();
            let secret = answer.and_then(|answer| STANDARD.decode(&*answer.plain_text).ok());
            secret
                .map(Zeroizing::new)
                .ok_or_else(|| NOT_AN_ANSWER.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_cannot_lead_to_another_host() {
        for (key_id, is_accepted) in [
            ("tr-west-1:0d0466b0", true),
            (" tr-west-1 : 0d0466b0 ", true),
            ("evil.example/:0d0466b0", false),
            ("evil.example#:0d0466b0", false),
            ("a.b:0d0466b0", false),
            (":0d0466b0", false),
            ("tr-west-1:", false),
            ("tr-west-1", false),
        ] {
            let key = MasterKey::Hckms {
                key_id: key_id.to_owned(),
            };
            assert_eq!(key_of(&key).is_ok(), is_accepted, "{key_id}");
        }
    }
}
