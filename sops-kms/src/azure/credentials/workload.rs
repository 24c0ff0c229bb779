//! The token that Kubernetes issues for a service account, exchanged for one of Azure.

use std::path::Path;

use sops_keys::Environment;

use super::super::challenge::Challenge;
use super::authority::{allowed_tenant, token_url};
use super::failure::Failure;
use crate::access_token::{AccessToken, request_with_form};
use crate::secret_text::SecretText;
use crate::transport::{HttpClient, read};
use crate::variables::text;

/// A token for `AZURE_CLIENT_ID` with the assertion in `AZURE_FEDERATED_TOKEN_FILE`.
pub(super) async fn token(
    environment: &Environment,
    client: &HttpClient,
    challenge: &Challenge,
) -> Result<AccessToken, Failure> {
    let required = |name: &str| {
        text(environment, name)?.ok_or_else(|| Failure::Absent(format!("{name} is not set")))
    };
    let file = required("AZURE_FEDERATED_TOKEN_FILE")?;
    let (tenant, id) = (required("AZURE_TENANT_ID")?, required("AZURE_CLIENT_ID")?);
    let assertion = String::from_utf8(read(Path::new(&file))?)
        .map_err(|_| format!("{file} contains no valid token"))?;
    let assertion = SecretText::from(assertion.trim().to_owned());
    let tenant = allowed_tenant(environment, &tenant, challenge)?;
    let url = token_url(environment, &tenant)?;
    let scope = format!("{}/.default", challenge.resource);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*id),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &*assertion),
        ("scope", &*scope),
    ];
    let token = request_with_form(client, &url, &fields, &[&*assertion]).await?;
    Ok(token)
}
