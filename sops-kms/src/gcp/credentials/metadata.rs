//! The service account of the machine that this program runs on.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use sops_keys::Environment;
use tokio::time::timeout;

use super::file::SCOPE;
use crate::access_token::{self, AccessToken};
use crate::provider::Outcome;
use crate::transport::HttpClient;
use crate::variables::text;

/// The address of the metadata server, so that no name has to be looked up.
const HOST: &str = "169.254.169.254";

/// How long the metadata server may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A token of the machine's service account.
pub(super) async fn token(environment: &Environment, direct: &HttpClient) -> Outcome<AccessToken> {
    let absent = "no credentials for Google Cloud: GOOGLE_CREDENTIALS, GOOGLE_OAUTH_ACCESS_TOKEN and GOOGLE_APPLICATION_CREDENTIALS are not set, you are not logged in, and no metadata server gives this machine a token; run `gcloud auth application-default login`";
    let host = text(environment, "GCE_METADATA_HOST")?.unwrap_or_else(|| HOST.to_owned());
    let scope: String = form_urlencoded::byte_serialize(SCOPE.as_bytes()).collect();
    let url = format!(
        "http://{host}/computeMetadata/v1/instance/service-accounts/default/token?scopes={scope}"
    );
    let mut headers = HeaderMap::new();
    headers.insert("metadata-flavor", HeaderValue::from_static("Google"));
    let token = access_token::request(direct, Method::GET, &url, headers, Bytes::new(), &[]);
    match timeout(PATIENCE, token).await {
        Ok(Ok(token)) => Ok(token),
        Ok(Err(message)) => Err(format!("{absent} ({message})")),
        Err(_) => Err(absent.to_owned()),
    }
}
