//! The signature of a request to AWS, version 4.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use ring::{digest, hmac};

use super::access_key::AccessKey;
use crate::provider::Outcome;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The service and region that a request is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) service: &'a str,
    pub(super) region: &'a str,
}

/// Signs a request to the path `/` without a query, with all of its headers.
///
/// # Errors
///
/// The access key contains characters that no header may have.
pub(super) fn sign(
    request: &mut Request<Bytes>,
    key: &AccessKey,
    scope: Scope<'_>,
    now: SystemTime,
) -> Outcome<()> {
    let date = humantime::format_rfc3339_seconds(now)
        .to_string()
        .replace(['-', ':'], "");
    let day = date.get(..8).unwrap_or_default().to_owned();
    let invalid = |_| "the access key or its token contains invalid characters".to_owned();
    let host = request
        .uri()
        .authority()
        .map_or("", |authority| authority.as_str())
        .to_owned();
    let headers = request.headers_mut();
    headers.insert(
        http::header::HOST,
        HeaderValue::from_str(&host).map_err(invalid)?,
    );
    headers.insert(DATE, HeaderValue::from_str(&date).map_err(invalid)?);
    if let Some(token) = &key.token {
        let mut header = HeaderValue::from_str(token).map_err(invalid)?;
        header.set_sensitive(true);
        headers.insert(TOKEN, header);
    }
    let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    // Proxies may change it.
    names.retain(|name| *name != "user-agent");
    names.sort_unstable();
    let lines: String = names
        .iter()
        .map(|name| {
            let value = headers.get(*name).map_or(&b""[..], HeaderValue::as_bytes);
            format!("{name}:{}\n", String::from_utf8_lossy(value).trim())
        })
        .collect();
    let names = names.join(";");
    let canonical = format!(
        "{}\n/\n\n{lines}\n{names}\n{}",
        request.method(),
        hash(request.body())
    );
    let Scope { service, region } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!(
        "{ALGORITHM}\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let secret = zeroize::Zeroizing::new(format!("AWS4{}", &*key.secret));
    let mut signing = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    for part in [&*day, region, service, "aws4_request"] {
        signing = hmac::Key::new(
            hmac::HMAC_SHA256,
            hmac::sign(&signing, part.as_bytes()).as_ref(),
        );
    }
    let signature = hex(hmac::sign(&signing, text.as_bytes()).as_ref());
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        key.id
    );
    let header = HeaderValue::from_str(&authorization).map_err(invalid)?;
    request
        .headers_mut()
        .insert(http::header::AUTHORIZATION, header);
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The case `post-vanilla` of the test suite that AWS publishes for Signature Version 4.
    #[test]
    fn the_signature_is_that_of_the_test_suite() {
        let key = AccessKey {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned().into(),
            token: None,
            expires: None,
            source: String::new(),
        };
        let mut request = Request::post("https://example.amazonaws.com/")
            .body(Bytes::new())
            .unwrap();
        let scope = Scope {
            service: "service",
            region: "us-east-1",
        };
        // 2015-08-30T12:36:00Z
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        sign(&mut request, &key, scope, now).unwrap();
        assert_eq!(
            request.headers()["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }
}
