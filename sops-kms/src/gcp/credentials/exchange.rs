//! Exchanges the credentials in a file for an access token.

use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde_json::Value;
use sops_printable::escaped;

use super::file::{
    AuthorizedUser, CredentialSource, Credentials, CredentialsFile, ExternalAccount, SCOPE,
};
use super::service_account;
use crate::access_token::{self, AccessToken, request_with_form};
use crate::provider::{Outcome, Pending};
use crate::secret_text::SecretText;
use crate::transport::{HttpClient, read};

/// Where users' logins are refreshed.
const TOKEN_SERVER: &str = "https://oauth2.googleapis.com/token";

/// A token for the credentials in a file.
pub(super) async fn token_of(client: &HttpClient, file: &CredentialsFile) -> Outcome<AccessToken> {
    token(client, &file.credentials).await
}

fn token<'a>(client: &'a HttpClient, credentials: &'a Credentials) -> Pending<'a, AccessToken> {
    Box::pin(async move {
        match credentials {
            Credentials::ServiceAccount(account) => {
                service_account::token(account, SystemTime::now())
            }
            Credentials::AuthorizedUser(user) => refreshed(client, user).await,
            Credentials::ExternalAccount(account) => federated(client, account).await,
            Credentials::ImpersonatedServiceAccount(account) => {
                let source = token(client, &account.source_credentials).await?;
                let url = &account.service_account_impersonation_url;
                impersonated(client, url, &account.delegates, &source).await
            }
        }
    })
}

async fn refreshed(client: &HttpClient, user: &AuthorizedUser) -> Outcome<AccessToken> {
    let url = secure(user.token_uri.as_deref().unwrap_or(TOKEN_SERVER))?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", &*user.client_id),
        ("client_secret", &*user.client_secret),
        ("refresh_token", &*user.refresh_token),
    ];
    let secrets = [&*user.client_secret, &*user.refresh_token];
    let token = request_with_form(client, url, &fields, &secrets).await;
    token.map_err(|message| {
        format!(
            "your login cannot be refreshed: {message}; run `gcloud auth application-default login`"
        )
    })
}

/// Exchanges the token of another provider for a Google token, and the Google token for one of a
/// service account if the file names one.
async fn federated(client: &HttpClient, account: &ExternalAccount) -> Outcome<AccessToken> {
    let subject = subject_token(client, &account.credential_source).await?;
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("audience", &*account.audience),
        ("scope", SCOPE),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", &*subject),
        ("subject_token_type", &*account.subject_token_type),
    ];
    let url = secure(&account.token_url)?;
    let token = request_with_form(client, url, &fields, &[&*subject]).await?;
    match &account.service_account_impersonation_url {
        Some(url) => impersonated(client, url, &[], &token).await,
        None => Ok(token),
    }
}

async fn subject_token(client: &HttpClient, source: &CredentialSource) -> Outcome<SecretText> {
    let content = match (&source.file, &source.url) {
        (Some(file), _) => zeroize::Zeroizing::new(read(Path::new(file))?),
        (None, Some(url)) => {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = url
                .parse()
                .map_err(|_| "`credential_source.url` is not a URL".to_owned())?;
            for (name, value) in &source.headers {
                let name: Option<HeaderName> = name.parse().ok();
                let value = HeaderValue::from_str(value).ok();
                let (Some(name), Some(mut value)) = (name, value) else {
                    return Err("`credential_source.headers` are invalid".to_owned());
                };
                value.set_sensitive(true);
                request.headers_mut().insert(name, value);
            }
            let host = request.uri().host().unwrap_or_default().to_owned();
            let answer = client.send(&request).await;
            let answer = answer.map_err(|error| format!("{} {error}", escaped(&host)))?;
            match answer.status {
                StatusCode::OK => answer.body,
                status => return Err(format!("{} returned {}", escaped(&host), status.as_u16())),
            }
        }
        (None, None) => {
            return Err(
                "sops-rs can read the token of another provider only from a `file` or a `url`; change `credential_source`"
                    .to_owned(),
            );
        }
    };
    let format = &source.format;
    let token = match &*format.kind {
        "json" => serde_json::from_slice::<Value>(&content)
            .ok()
            .and_then(|json| {
                Some(
                    json.get(&format.subject_token_field_name)?
                        .as_str()?
                        .to_owned(),
                )
            }),
        _ => std::str::from_utf8(&content)
            .ok()
            .map(|text| text.trim().to_owned()),
    };
    let token = token.filter(|token| !token.is_empty());
    token.map(SecretText::from).ok_or_else(|| {
        let from = match source.file {
            Some(_) => "file",
            None => "url",
        };
        format!(
            "the `{from}` under `credential_source` contains no token; check it and its `format`"
        )
    })
}

/// A token of a service account, for someone who may impersonate it.
async fn impersonated(
    client: &HttpClient,
    url: &str,
    delegates: &[String],
    source: &AccessToken,
) -> Outcome<AccessToken> {
    let body = serde_json::json!({"scope": [SCOPE], "lifetime": "3600s", "delegates": delegates});
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
    source.add_to(&mut headers)?;
    let body = body.to_string().into();
    let url = secure(url)?;
    access_token::request(client, Method::POST, url, headers, body, &[source.value()])
        .await
        .map_err(|message| format!(
                "the service account cannot be impersonated: {message}; you need the role `roles/iam.serviceAccountTokenCreator` on it"
            ))
}

/// Refuses a URL to which tokens would go without encryption, except on this machine.
fn secure(url: &str) -> Outcome<&str> {
    let is_here = ["http://127.0.0.1:", "http://localhost:"]
        .iter()
        .any(|start| url.starts_with(start));
    match url.starts_with("https://") || is_here {
        true => Ok(url),
        false => Err(format!("`{}` does not begin with `https://`", escaped(url))),
    }
}
