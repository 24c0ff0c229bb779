//! Access keys of IAM Identity Center, with the token that `aws sso login` stores.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode};
use ring::digest;
use serde::Deserialize;
use sops_printable::escaped;

use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::words::said;

use super::super::access_key::AccessKey;
use super::super::context::Context;
use super::super::endpoint::endpoint;
use super::profile::Profile;

/// The token of a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    access_token: SecretText,
    expires_at: String,
}

/// The answer of the portal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PortalAnswer {
    role_credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: SecretText,
    session_token: SecretText,
    /// Milliseconds since 1970.
    expiration: u64,
}

#[derive(Deserialize, Default)]
struct PortalError {
    #[serde(default)]
    message: String,
}

/// Whether the profile uses IAM Identity Center.
pub(super) fn is_configured(profile: Profile<'_>) -> bool {
    profile.value("sso_account_id").is_some() || profile.value("sso_session").is_some()
}

/// The access key of the profile's account and role.
pub(super) async fn key(context: &Context<'_>, profile: Profile<'_>) -> Outcome<AccessKey> {
    let (account, role) = (
        profile.required("sso_account_id")?,
        profile.required("sso_role_name")?,
    );
    let (cached_as, region) = match profile.value("sso_session") {
        Some(session) => {
            let region = profile.files().of_session(session, "sso_region");
            let name = escaped(session);
            (
                session,
                region.ok_or_else(|| format!("the SSO session `{name}` has no `sso_region`"))?,
            )
        }
        None => (
            profile.required("sso_start_url")?,
            profile.required("sso_region")?,
        ),
    };
    let login = login(context, profile, cached_as)?;
    let url = endpoint(context.environment, "portal.sso", "SSO", region)?;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("account_id", account), ("role_name", role)])
        .finish();
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = format!("{url}/federation/credentials?{query}")
        .parse()
        .map_err(|_| "the SSO region is invalid".to_owned())?;
    let mut token = HeaderValue::from_str(&login.access_token)
        .map_err(|_| "the token of the SSO login is invalid".to_owned())?;
    token.set_sensitive(true);
    request
        .headers_mut()
        .insert("x-amz-sso_bearer_token", token);
    let host = request.uri().host().unwrap_or_default().to_owned();
    let answer = context.client.send(&request).await;
    let answer = answer.map_err(|error| format!("{host} {error}"))?;
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => return Err(expired(profile)),
        status => {
            let error = serde_json::from_slice::<PortalError>(&answer.body).unwrap_or_default();
            let message = said(&error.message, &[&login.access_token]);
            return Err(format!("{host} returned {}: {message}", status.as_u16()));
        }
    }
    let answer: PortalAnswer = serde_json::from_slice(&answer.body)
        .map_err(|_| format!("the response from {host} contains no access key"))?;
    let key = answer.role_credentials;
    Ok(AccessKey {
        id: key.access_key_id,
        secret: key.secret_access_key,
        token: Some(key.session_token),
        expires: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(key.expiration)),
        source: format!("the profile `{}`", escaped(profile.name)),
    })
}

/// The token of the user's login, from the file that `aws sso login` writes.
fn login(context: &Context<'_>, profile: Profile<'_>, cached_as: &str) -> Outcome<Login> {
    let home = context.environment.home()?;
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, cached_as.as_bytes());
    let name: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let content = std::fs::read(home.join(".aws/sso/cache").join(name + ".json"));
    let content = content.map(zeroize::Zeroizing::new).map_err(|_| {
        let name = escaped(profile.name);
        format!(
            "you are not logged in for the profile `{name}`; run `{}`",
            command(profile)
        )
    })?;
    let login: Login = serde_json::from_slice(&content).map_err(|_| expired(profile))?;
    let expires = humantime::parse_rfc3339_weak(login.expires_at.trim_end_matches("UTC"));
    match expires {
        Ok(expires) if expires > SystemTime::now() => Ok(login),
        _ => Err(expired(profile)),
    }
}

fn expired(profile: Profile<'_>) -> String {
    let name = escaped(profile.name);
    format!(
        "the SSO login of the profile `{name}` has expired; run `{}`",
        command(profile)
    )
}

fn command(profile: Profile<'_>) -> String {
    match profile.name {
        "default" => "aws sso login".to_owned(),
        name => format!("aws sso login --profile {}", escaped(name)),
    }
}
