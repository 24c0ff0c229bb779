//! Writes objects to Google Cloud Storage, over its JSON API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use sops_keys::Environment;
use sops_printable::escaped;

use super::crc32c::{DAMAGED, crc32c};
use super::credentials::{Authorization, Credentials};
use super::refusal;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::Outcome;
use crate::publishing::Published;
use crate::transport::HttpClient;
use crate::variables::text;

/// The variable that names another server, which gets no credentials.
const EMULATOR: &str = "STORAGE_EMULATOR_HOST";

/// What the server reports about a written object.
#[derive(Deserialize)]
struct Object {
    /// The checksum, as four bytes in base64.
    crc32c: Option<String>,
}

/// Writes objects with the user's credentials.
pub(super) struct Service<'a> {
    pub(super) environment: &'a Environment,
    pub(super) credentials: &'a Credentials,
    pub(super) client: &'a HttpClient,
}

impl Service<'_> {
    /// Writes an object, and replaces an existing one.
    pub(super) async fn put(
        &self,
        bucket: &str,
        object: &str,
        content: &[u8],
    ) -> Outcome<Published> {
        let emulator = text(self.environment, EMULATOR)?;
        let authorization = match emulator {
            Some(_) => None,
            None => Some(self.credentials.authorization().await?),
        };
        let server = match &emulator {
            Some(host) => server_of(host),
            None => "https://storage.googleapis.com".to_owned(),
        };
        let upload = Upload {
            server,
            authorization,
            bucket,
            object,
        };
        upload.send(self.client, content).await
    }
}

/// A request that writes an object.
struct Upload<'a> {
    server: String,
    /// The credentials; `None` for an emulator.
    authorization: Option<Authorization>,
    bucket: &'a str,
    object: &'a str,
}

impl Upload<'_> {
    async fn send(&self, client: &HttpClient, content: &[u8]) -> Outcome<Published> {
        let Self {
            server,
            authorization,
            bucket,
            object,
        } = self;
        // A slash in the bucket's name must not lead to another path.
        let segment: String = byte_serialize(bucket.as_bytes()).collect();
        let query = Serializer::new(String::new())
            .append_pair("name", object)
            .append_pair("uploadType", "media")
            .finish();
        let mut request = Request::new(Bytes::copy_from_slice(content));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("{server}/upload/storage/v1/b/{segment}/o?{query}")
            .parse()
            .map_err(|_| format!("the server's URL is invalid; check {EMULATOR}"))?;
        let host = escaped(request.uri().host().unwrap_or_default()).into_owned();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, THIS_PROGRAM);
        // What the client library of `sops` finds in any encrypted file.
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(CONTENT_TYPE, kind);
        if let Some(authorization) = authorization {
            authorization.add_to(headers)?;
        }
        let answer = client.send(&request).await;
        let answer = answer.map_err(|error| format!("{host} {error}"))?;
        if answer.status != StatusCode::OK {
            let authorization = authorization.as_ref();
            let source = authorization.map_or(EMULATOR, |authorization| &authorization.source);
            let token = authorization.map_or("", |authorization| authorization.token.value());
            return Err(refusal::explain_upload(&answer, bucket, source, &[token]));
        }
        let written: Object = serde_json::from_slice(&answer.body)
            .map_err(|_| format!("{host} did not send a valid Google Cloud Storage response"))?;
        let checksum = STANDARD.encode(crc32c(content).to_be_bytes());
        match written.crc32c {
            Some(reported) if reported != checksum => Err(DAMAGED.to_owned()),
            _ => Ok(Published::Written),
        }
    }
}

/// The URL of a server that `STORAGE_EMULATOR_HOST` names. As in Google's client libraries, the
/// scheme is optional, and a path has no effect.
fn server_of(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{authority}")
}

#[cfg(test)]
mod tests {
    use sops_test_support::server::{HttpReply, HttpServer};

    use super::*;
    use crate::transport::{Limits, Proxies, TlsSettings};

    #[test]
    fn a_request_has_the_token_and_the_project_and_a_refusal_shows_neither() {
        let server = HttpServer::start(|request| {
            let message = format!("denied: {:?}", request.header("authorization"));
            let body = serde_json::json!({"error": {"message": message}});
            HttpReply::json(
                if request.path.contains("/b/open/") {
                    200
                } else {
                    403
                },
                &body,
            )
        });
        let credentials = Credentials::new(&Environment::new([
            ("GOOGLE_OAUTH_ACCESS_TOKEN", "hunter2"),
            ("GOOGLE_CLOUD_QUOTA_PROJECT", "paying"),
        ]));
        let client = HttpClient::new(Proxies::none(), TlsSettings::default(), Limits::default());
        let put = |bucket: &'static str| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let upload = Upload {
                    server: server.url(),
                    authorization: Some(credentials.authorization().await?),
                    bucket,
                    object: "a",
                };
                upload.send(&client, b"x").await
            })
        };
        assert_eq!(put("open"), Ok(Published::Written));
        let message = put("closed").unwrap_err();
        assert!(
            message.contains("denied: Some(\"Bearer ***\")"),
            "{message}"
        );
        assert!(
            message.contains("from GOOGLE_OAUTH_ACCESS_TOKEN"),
            "{message}"
        );
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some("Bearer hunter2"));
            assert_eq!(request.header("x-goog-user-project"), Some("paying"));
        }
    }

    #[test]
    fn an_emulator_is_named_with_or_without_a_scheme() {
        for (host, url) in [
            ("127.0.0.1:9", "http://127.0.0.1:9"),
            ("https://a.example/x/", "https://a.example"),
        ] {
            assert_eq!(server_of(host), url);
        }
    }
}
