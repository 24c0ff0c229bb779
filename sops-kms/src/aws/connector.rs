//! Sends the requests of AWS's SDK over this crate's transport, with its limits, its proxies and
//! its certificates.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{HttpClient as SdkHttpClient, RuntimeComponents, SharedHttpClient};
use aws_sdk_kms::error::{BoxError, ConnectorError};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use sops_keys::Environment;

use crate::provider::Outcome;
use crate::transport::{HttpClient, Limits, Proxies, TlsSettings, read_of};

/// The client for the SDK. It does not retry requests, because the SDK does.
///
/// # Errors
///
/// The file in `AWS_CA_BUNDLE` can't be read.
pub(super) fn client(environment: &Environment) -> Outcome<SharedHttpClient> {
    let limits = Limits {
        retries: 0,
        ..Limits::default()
    };
    let client = transport(environment, limits)?;
    Ok(SharedHttpClient::new(Connector(Arc::new(client))))
}

/// The client for requests that the SDK does not send.
///
/// # Errors
///
/// The file in `AWS_CA_BUNDLE` can't be read.
pub(super) fn transport(environment: &Environment, limits: Limits) -> Outcome<HttpClient> {
    let mut tls = TlsSettings::default();
    if let Some(file) = environment.var("AWS_CA_BUNDLE").map(PathBuf::from) {
        let pem = read_of("AWS_CA_BUNDLE", &file)?;
        tls.authorities = vec![(file.display().to_string(), pem)];
    }
    let proxies = Proxies::from_environment(environment);
    Ok(HttpClient::new(proxies, tls, limits))
}

#[derive(Clone, Debug)]
struct Connector(Arc<HttpClient>);

/// The error if a server gives no answer.
#[derive(Debug)]
pub(super) struct Unanswered(String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unanswered {}

impl SdkHttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = Arc::clone(&self.0);
        // The SDK does not retry requests that fail with an error of this kind: the transport
        // remembers servers that cannot be reached.
        HttpConnectorFuture::new(async move {
            answer(&client, request).await.map_err(ConnectorError::user)
        })
    }
}

async fn answer(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, BoxError> {
    let request = request.try_into_http1x()?;
    let body = request.body().bytes();
    let body = Bytes::copy_from_slice(body.ok_or("the body is not in memory")?);
    let request = request.map(|_| body);
    let answer = client.send(&request).await.map_err(|error| {
        let host = request.uri().host().unwrap_or_default();
        Unanswered(format!("{host} {error}"))
    })?;
    let mut response = http::Response::new(SdkBody::from(answer.body.as_slice()));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(HttpResponse::try_from(response)?)
}
