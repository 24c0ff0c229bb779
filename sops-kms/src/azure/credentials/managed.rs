//! The identity of the machine or the service that this program runs on.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use sops_keys::Environment;
use tokio::time::timeout;

use super::super::challenge::Challenge;
use super::failure::Failure;
use crate::access_token::{self, AccessToken};
use crate::provider::Outcome;
use crate::transport::HttpClient;
use crate::variables::text;

/// The address of the metadata server, which Azure's libraries let a variable change.
const METADATA_HOST: (&str, &str) = (
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "http://169.254.169.254",
);

/// How long a machine may take to show that it has a metadata server.
const PROBE: Duration = Duration::from_secs(1);

/// A token for the identity of the service (`IDENTITY_ENDPOINT`), or else of the machine.
pub(super) async fn token(
    environment: &Environment,
    client: &HttpClient,
    challenge: &Challenge,
) -> Result<AccessToken, Failure> {
    let var = |name: &str| text(environment, name);
    let mut fields = vec![("resource", challenge.resource.clone())];
    if let Some(id) = var("AZURE_CLIENT_ID")? {
        fields.push(("client_id", id));
    }
    let endpoint = (var("IDENTITY_ENDPOINT")?, var("IDENTITY_HEADER")?);
    if let (Some(endpoint), Some(header)) = endpoint {
        if var("IDENTITY_SERVER_THUMBPRINT")?.is_some() {
            return Err(Failure::Failed(
                "sops-rs does not support tokens from Service Fabric".to_owned(),
            ));
        }
        fields.push(("api-version", "2019-08-01".to_owned()));
        return Ok(get(client, &endpoint, &fields, "x-identity-header", &header).await?);
    }
    for name in ["IMDS_ENDPOINT", "MSI_ENDPOINT"] {
        if var(name)?.is_some() {
            let message =
                format!("sops-rs does not support tokens from the service that {name} names");
            return Err(Failure::Failed(message));
        }
    }
    let host = var(METADATA_HOST.0)?.unwrap_or_else(|| METADATA_HOST.1.to_owned());
    let url = format!(
        "{}/metadata/identity/oauth2/token",
        host.trim_end_matches('/')
    );
    probe(client, &url).await?;
    fields.push(("api-version", "2018-02-01".to_owned()));
    Ok(get(client, &url, &fields, "metadata", "true").await?)
}

/// Finds out within a second whether there is a metadata server, with a request that it refuses.
async fn probe(client: &HttpClient, url: &str) -> Result<(), Failure> {
    let uri: Uri = url
        .parse()
        .map_err(|_| format!("{} is not a URL", METADATA_HOST.0))?;
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri;
    let absent = "this machine has no metadata server (set AZURE_TOKEN_CREDENTIALS=dev to skip it)";
    match timeout(PROBE, client.send(&request)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Failure::Absent(absent.to_owned())),
    }
}

async fn get(
    client: &HttpClient,
    url: &str,
    fields: &[(&str, String)],
    header: &'static str,
    value: &str,
) -> Outcome<AccessToken> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut header_value = HeaderValue::from_str(value)
        .map_err(|_| "IDENTITY_HEADER contains invalid characters".to_owned())?;
    header_value.set_sensitive(true);
    let headers = HeaderMap::from_iter([(HeaderName::from_static(header), header_value)]);
    let url = format!("{url}?{query}");
    access_token::request(client, Method::GET, &url, headers, Bytes::new(), &[value]).await
}
