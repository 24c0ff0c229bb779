//! Temporary access keys of roles.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use sops_printable::escaped;

use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::Outcome;
use crate::words::said;

use super::super::access_key::AccessKey;
use super::super::context::Context;
use super::super::endpoint::endpoint;
use super::super::signature::{Scope, sign};

/// A role to assume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    pub(super) session: &'a str,
    pub(super) external_id: Option<&'a str>,
}

/// An access key of the role, for the owner of another key.
pub(super) async fn assume(
    context: &Context<'_>,
    role: Role<'_>,
    key: &AccessKey,
) -> Outcome<AccessKey> {
    let mut fields = vec![("Action", "AssumeRole"), ("DurationSeconds", "3600")];
    fields.extend(role.external_id.map(|id| ("ExternalId", id)));
    request(context, role, fields, Some(key)).await
}

/// An access key of the role, for the owner of a token of another provider.
pub(super) async fn assume_with_token(
    context: &Context<'_>,
    role: Role<'_>,
    token: &str,
) -> Outcome<AccessKey> {
    let fields = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("WebIdentityToken", token),
    ];
    request(context, role, fields, None).await
}

async fn request(
    context: &Context<'_>,
    role: Role<'_>,
    mut fields: Vec<(&str, &str)>,
    key: Option<&AccessKey>,
) -> Outcome<AccessKey> {
    fields.extend([
        ("Version", "2011-06-15"),
        ("RoleArn", role.arn),
        ("RoleSessionName", role.session),
    ]);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let url = endpoint(context.environment, "sts", "STS", context.region)?;
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{url}/")
        .parse()
        .map_err(|_| "AWS_ENDPOINT_URL_STS is not a URL".to_owned())?;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    request.headers_mut().insert(USER_AGENT, THIS_PROGRAM);
    if let Some(key) = key {
        let scope = Scope {
            service: "sts",
            region: context.region,
        };
        sign(&mut request, key, scope, SystemTime::now())?;
    }
    let host = request.uri().host().unwrap_or_default().to_owned();
    let answer = context.client.send(&request).await;
    let answer = answer.map_err(|error| format!("{host} {error}"))?;
    let text = String::from_utf8_lossy(&answer.body);
    let arn = escaped(role.arn);
    if answer.status != StatusCode::OK {
        let (code, message) = (element(&text, "Code"), element(&text, "Message"));
        let token = fields.iter().find(|(name, _)| *name == "WebIdentityToken");
        let message = said(
            message.unwrap_or("no reason given"),
            &[token.map_or("", |(_, token)| token)],
        );
        let code = said(code.unwrap_or_default(), &[]);
        return Err(format!(
            "the role `{arn}` cannot be assumed: {code}: {message}"
        ));
    }
    let value = |name: &str| element(&text, name).map(str::to_owned);
    let key = (
        value("AccessKeyId"),
        value("SecretAccessKey"),
        value("SessionToken"),
    );
    let (Some(id), Some(secret), Some(token)) = key else {
        return Err(format!("the response from {host} contains no access key"));
    };
    Ok(AccessKey {
        id,
        secret: secret.into(),
        token: Some(token.into()),
        expires: value("Expiration").and_then(|time| humantime::parse_rfc3339_weak(&time).ok()),
        source: format!("the role `{arn}`"),
    })
}

/// The text of the first XML element with this name. Access keys and codes need no unescaping.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}
