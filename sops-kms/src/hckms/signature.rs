//! The signature of a request to Huawei Cloud, `SDK-HMAC-SHA256`.

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use ring::{digest, hmac};

use super::credentials::Credentials;
use crate::provider::Outcome;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-sdk-date");
const TOKEN: HeaderName = HeaderName::from_static("x-security-token");

/// Signs a request. All of its headers are part of the signature, except the type of the content,
/// as in Huawei's library.
///
/// # Errors
///
/// The access key contains characters that are invalid in a header.
pub(super) fn sign(
    request: &mut Request<bytes::Bytes>,
    credentials: &Credentials,
    now: SystemTime,
) -> Outcome<()> {
    let date = humantime::format_rfc3339_seconds(now)
        .to_string()
        .replace(['-', ':'], "");
    let invalid = |_| "the access key or its token contains invalid characters".to_owned();
    let header = HeaderValue::from_str(&date).map_err(invalid)?;
    request.headers_mut().insert(DATE, header);
    if let Some(token) = &credentials.token {
        let mut header = HeaderValue::from_str(token).map_err(invalid)?;
        header.set_sensitive(true);
        request.headers_mut().insert(TOKEN, header);
    }
    let mut names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
    names.retain(|name| *name != "content-type");
    names.sort_unstable();
    let names = names.join(";");
    let canonical = format!(
        "{}\n{}\n{}\n{}\n{names}\n{}",
        request.method(),
        path(request.uri()),
        request.uri().query().unwrap_or_default(),
        lines(request.headers(), &names),
        hex(digest::digest(&digest::SHA256, request.body()).as_ref()),
    );
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let key = hmac::Key::new(hmac::HMAC_SHA256, credentials.secret.as_bytes());
    let signature = hmac::sign(&key, format!("{ALGORITHM}\n{date}\n{hash}").as_bytes());
    let authorization = format!(
        "{ALGORITHM} Access={}, SignedHeaders={names}, Signature={}",
        credentials.access,
        hex(signature.as_ref())
    );
    let header = HeaderValue::from_str(&authorization).map_err(invalid)?;
    request
        .headers_mut()
        .insert(http::header::AUTHORIZATION, header);
    Ok(())
}

/// The path, which always ends with a slash in the signature.
fn path(uri: &Uri) -> String {
    let path = uri.path();
    match path.ends_with('/') {
        true => path.to_owned(),
        false => format!("{path}/"),
    }
}

/// The lines of the headers with these names, each with its line break.
fn lines(headers: &HeaderMap, names: &str) -> String {
    let lines = names.split(';').map(|name| {
        let value = headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
        format!("{name}:{}\n", String::from_utf8_lossy(value).trim())
    });
    lines.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
