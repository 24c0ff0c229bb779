//! Access keys of a task in ECS or a pod in EKS.

use std::path::Path;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode, Uri};

use crate::provider::Outcome;
use crate::transport::read;
use crate::variables::text;

use super::super::access_key::AccessKey;
use super::super::context::Context;

/// The servers to which a token may be sent without encryption: those of ECS and EKS.
const HOSTS: [&str; 5] = [
    "169.254.170.2",
    "169.254.170.23",
    "[fd00:ec2::23]",
    "127.0.0.1",
    "localhost",
];

/// The access key of the container; `None` outside one.
pub(super) async fn key(context: &Context<'_>) -> Outcome<Option<AccessKey>> {
    let var = |name: &str| text(context.environment, name);
    let (name, url) = if let Some(path) = var("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")? {
        (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            format!("http://{}{path}", HOSTS[0]),
        )
    } else if let Some(url) = var("AWS_CONTAINER_CREDENTIALS_FULL_URI")? {
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    } else {
        return Ok(None);
    };
    let uri: Option<Uri> = url.parse().ok();
    let is_allowed = |uri: &Uri| {
        let is_known = uri.host().is_some_and(|host| HOSTS.contains(&host));
        uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && is_known
    };
    let uri = uri.filter(is_allowed).ok_or_else(|| {
        format!("{name} is neither an `https://` URL nor the server of ECS or EKS")
    })?;
    let host = uri.host().unwrap_or_default().to_owned();
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri;
    let token = match var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")? {
        Some(path) => Some(
            String::from_utf8_lossy(&read(Path::new(&path))?)
                .trim()
                .to_owned(),
        ),
        None => var("AWS_CONTAINER_AUTHORIZATION_TOKEN")?,
    };
    if let Some(token) = token {
        let mut header = HeaderValue::from_str(&token)
            .map_err(|_| "the token of the container contains invalid characters".to_owned())?;
        header.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    let answer = context.direct.send(&request).await;
    let answer = answer.map_err(|error| format!("{name}: {host} {error}"))?;
    if answer.status != StatusCode::OK {
        return Err(format!(
            "{name}: {host} returned {}",
            answer.status.as_u16()
        ));
    }
    let key = AccessKey::from_json(&answer.body, "the container");
    key.map(Some)
        .ok_or_else(|| format!("{name}: the response from {host} contains no access key"))
}
