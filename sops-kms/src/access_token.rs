//! Access tokens of OAuth 2, and the requests for them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use sops_printable::escaped;
use zeroize::Zeroizing;

use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::transport::HttpClient;
use crate::words::said;

/// A token that expires within this time is replaced.
const RESERVE: Duration = Duration::from_secs(60);

/// How long a token lasts if the server does not say.
const USUAL: Duration = Duration::from_secs(300);

/// A token that proves to a server who the user is.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    value: SecretText,
    expires: Instant,
}

impl AccessToken {
    /// A token that is valid for this time; `None` if the server does not say.
    pub(crate) fn new(value: SecretText, lasts: Option<Duration>) -> Self {
        Self {
            value,
            expires: Instant::now() + lasts.unwrap_or(USUAL),
        }
    }

    /// Whether the token can still be used.
    pub(crate) fn is_fresh(&self) -> bool {
        self.expires > Instant::now() + RESERVE
    }

    /// The token, so that it can be removed from messages.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Adds the token to a request.
    ///
    /// # Errors
    ///
    /// The token contains characters that are invalid in a header.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) -> Outcome<()> {
        let text = Zeroizing::new(format!("Bearer {}", self.value()));
        let mut header = HeaderValue::from_str(&text)
            .map_err(|_| "the access token contains invalid characters".to_owned())?;
        header.set_sensitive(true);
        headers.insert(AUTHORIZATION, header);
        Ok(())
    }
}

/// The answer of a token server. The names are those of RFC 6749 and of Azure's tools.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(alias = "accessToken", alias = "token")]
    access_token: SecretText,
    /// Seconds, as a number or a string.
    expires_in: Option<Value>,
}

/// The answer that reports an error (RFC 6749, section 5.2).
#[derive(Deserialize, Default)]
struct ErrorAnswer {
    #[serde(default)]
    error: Value,
    error_description: Option<String>,
}

/// Reads a token from JSON; `None` if it contains no token.
pub(crate) fn from_json(json: &[u8]) -> Option<AccessToken> {
    let answer: TokenAnswer = serde_json::from_slice(json).ok()?;
    let seconds = answer.expires_in.and_then(|seconds| match seconds {
        Value::Number(seconds) => seconds.as_u64(),
        Value::String(seconds) => seconds.parse().ok(),
        _ => None,
    });
    let is_empty = answer.access_token.is_empty();
    let lasts = seconds.map(Duration::from_secs);
    (!is_empty).then(|| AccessToken::new(answer.access_token, lasts))
}

/// Asks for a token with a form. `secrets` are the strings in the form that must not be shown.
///
/// # Errors
///
/// The message contains the reason that the server gave.
pub(crate) async fn request_with_form(
    client: &HttpClient,
    url: &str,
    fields: &[(&str, &str)],
    secrets: &[&str],
) -> Outcome<AccessToken> {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = [(CONTENT_TYPE, kind)];
    let body = form.into();
    request(
        client,
        Method::POST,
        url,
        headers.into_iter().collect(),
        body,
        secrets,
    )
    .await
}

/// Asks for a token.
///
/// # Errors
///
/// The message contains the reason that the server gave.
pub(crate) async fn request(
    client: &HttpClient,
    method: Method,
    url: &str,
    headers: HeaderMap,
    body: Bytes,
    secrets: &[&str],
) -> Outcome<AccessToken> {
    let uri: Uri = url
        .parse()
        .map_err(|_| format!("`{}` is not a URL", escaped(url)))?;
    let host = uri.host().unwrap_or_default().to_owned();
    let host = escaped(&host);
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request.headers_mut().insert(USER_AGENT, THIS_PROGRAM);
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(ACCEPT, json);
    let answer = client
        .send(&request)
        .await
        .map_err(|error| format!("{host} {error}"))?;
    let status = answer.status.as_u16();
    if answer.status == StatusCode::OK {
        return from_json(&answer.body)
            .ok_or_else(|| format!("the response from {host} contains no token"));
    }
    let error: ErrorAnswer = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = match (error.error_description, error.error) {
        (Some(description), _) => description,
        (None, Value::String(error)) => error,
        (None, Value::Object(error)) => match error.get("message") {
            Some(Value::String(message)) => message.clone(),
            _ => "no reason given".to_owned(),
        },
        (None, _) => "no reason given".to_owned(),
    };
    Err(format!(
        "{host} returned {status}: {}",
        said(&message, secrets)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_from_the_answers_of_all_servers() {
        for (json, is_token, is_fresh) in [
            (r#"{"access_token":"t","expires_in":3600}"#, true, true),
            (r#"{"access_token":"t","expires_in":"3600"}"#, true, true),
            (r#"{"access_token":"t","expires_in":30}"#, true, false),
            (
                r#"{"accessToken":"t","expiresOn":"2030-01-01"}"#,
                true,
                true,
            ),
            (r#"{"token":"t","expiresOn":"2030-01-01"}"#, true, true),
            (r#"{"access_token":""}"#, false, false),
            (r#"{"error":"x"}"#, false, false),
            ("", false, false),
        ] {
            let token = from_json(json.as_bytes());
            assert_eq!(token.is_some(), is_token, "{json}");
            assert_eq!(
                token.is_some_and(|token| token.is_fresh()),
                is_fresh,
                "{json}"
            );
        }
    }

    #[test]
    fn a_token_is_not_shown_for_debugging() {
        let token = from_json(br#"{"access_token":"hunter2"}"#).unwrap();
        let mut headers = HeaderMap::new();
        token.add_to(&mut headers).unwrap();
        assert_eq!(headers[AUTHORIZATION], "Bearer hunter2");
        assert!(!format!("{token:?} {headers:?}").contains("hunter2"));
    }
}
