//! The variables of a service principal.

use sops_keys::Environment;

use super::super::challenge::Challenge;
use super::authority::{allowed_tenant, token_url};
use super::failure::Failure;
use crate::access_token::{AccessToken, request_with_form};
use crate::secret_text::SecretText;
use crate::transport::HttpClient;
use crate::variables::text;

/// A token for `AZURE_CLIENT_ID` with `AZURE_CLIENT_SECRET`.
pub(super) async fn token(
    environment: &Environment,
    client: &HttpClient,
    challenge: &Challenge,
) -> Result<AccessToken, Failure> {
    let required = |name: &str| {
        text(environment, name)?.ok_or_else(|| Failure::Absent(format!("{name} is not set")))
    };
    let (tenant, id) = (required("AZURE_TENANT_ID")?, required("AZURE_CLIENT_ID")?);
    let Some(secret) = text(environment, "AZURE_CLIENT_SECRET")? else {
        return Err(match text(environment, "AZURE_CLIENT_CERTIFICATE_PATH")? {
            Some(_) => Failure::Failed(
                "sops-rs does not support AZURE_CLIENT_CERTIFICATE_PATH; run `az login --service-principal --username <CLIENT-ID> --tenant <TENANT> --certificate <FILE>`, or set AZURE_CLIENT_SECRET".to_owned(),
            ),
            None => Failure::Absent("AZURE_CLIENT_SECRET is not set".to_owned()),
        });
    };
    let secret = SecretText::from(secret);
    let tenant = allowed_tenant(environment, &tenant, challenge)?;
    let url = token_url(environment, &tenant)?;
    let scope = format!("{}/.default", challenge.resource);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*id),
        ("client_secret", &*secret),
        ("scope", &*scope),
    ];
    let token = request_with_form(client, &url, &fields, &[&*secret]).await?;
    Ok(token)
}
