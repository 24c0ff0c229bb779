//! The server that issues tokens for a tenant.

use sops_keys::Environment;

use super::super::challenge::Challenge;
use super::failure::Failure;
use crate::provider::Outcome;
use crate::variables::text;

/// The tenant to ask for a token: that of the vault, if the identity may use it.
pub(super) fn allowed_tenant(
    environment: &Environment,
    own: &str,
    challenge: &Challenge,
) -> Result<String, Failure> {
    let more = text(environment, "AZURE_ADDITIONALLY_ALLOWED_TENANTS")?.unwrap_or_default();
    let is_allowed = more
        .split(';')
        .any(|tenant| tenant == "*" || tenant == challenge.tenant);
    if own == challenge.tenant || is_allowed {
        return Ok(challenge.tenant.clone());
    }
    Err(Failure::Failed(format!(
        "the vault belongs to the tenant {}, but AZURE_TENANT_ID names another; to allow the vault's tenant, add it to AZURE_ADDITIONALLY_ALLOWED_TENANTS",
        challenge.tenant
    )))
}

/// The URL that issues tokens for a tenant.
pub(super) fn token_url(environment: &Environment, tenant: &str) -> Outcome<String> {
    let host = text(environment, "AZURE_AUTHORITY_HOST")?;
    let host = host
        .as_deref()
        .unwrap_or("https://login.microsoftonline.com");
    if !host.starts_with("https://") && !is_loopback(host) {
        return Err("AZURE_AUTHORITY_HOST does not begin with `https://`".to_owned());
    }
    Ok(format!(
        "{}/{tenant}/oauth2/v2.0/token",
        host.trim_end_matches('/')
    ))
}

/// Whether a URL without encryption leads to this machine.
fn is_loopback(url: &str) -> bool {
    ["http://127.0.0.1:", "http://localhost:"]
        .iter()
        .any(|start| url.starts_with(start))
}
