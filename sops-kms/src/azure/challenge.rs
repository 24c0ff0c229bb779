//! The challenge of a vault: which token a request needs.

use http::Uri;

use crate::provider::Outcome;

/// The token that a vault wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Challenge {
    /// The tenant of the vault.
    pub(super) tenant: String,
    /// The resource that the token is for, such as `https://vault.azure.net`.
    pub(super) resource: String,
}

impl Challenge {
    /// Reads the header `WWW-Authenticate` of an answer of `vault`.
    ///
    /// # Errors
    ///
    /// A resource that the vault does not belong to is refused: otherwise a server could ask for a
    /// token for another resource.
    pub(super) fn new(header: &str, vault: &Uri) -> Outcome<Self> {
        let invalid = || {
            "the server did not say which token it needs; is this an Azure Key Vault?".to_owned()
        };
        let parameters = header.strip_prefix("Bearer").ok_or_else(invalid)?;
        let value = |name: &str| {
            let mut parts = parameters
                .split([' ', ','])
                .map(|part| part.split_once('='));
            let part = parts.find_map(|part| part.filter(|(key, _)| *key == name));
            part.map(|(_, value)| value.trim_matches('"'))
        };
        let resource = value("scope")
            .or_else(|| value("resource"))
            .ok_or_else(invalid)?;
        let resource = resource.strip_suffix("/.default").unwrap_or(resource);
        let authority = value("authorization")
            .or_else(|| value("authorization_uri"))
            .ok_or_else(invalid)?;
        let tenant = authority.split('/').nth(3).ok_or_else(invalid)?;
        // The tenant becomes an argument of a program, and a part of a URL.
        let is_tenant = |tenant: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
            tenant.starts_with(|first: char| first.is_ascii_alphanumeric())
                && tenant.bytes().all(is_allowed)
        };
        if !is_tenant(tenant) {
            return Err(invalid());
        }
        let uri: Uri = resource.parse().map_err(|_| invalid())?;
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let own = vault.authority().map_or("", |authority| authority.as_str());
        let is_parent = own
            .to_ascii_lowercase()
            .strip_suffix(&host.to_ascii_lowercase())
            .is_some_and(|rest| rest.ends_with('.'));
        if uri.scheme_str() != Some("https") || host.is_empty() || !is_parent {
            return Err(format!(
                "the server asks for a token for another service; no token was sent to {own}"
            ));
        }
        Ok(Self {
            tenant: tenant.to_owned(),
            resource: resource.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    #[test]
    fn the_resource_must_be_a_parent_of_the_vault() {
        for (vault, resource, is_accepted) in [
            ("https://v.vault.azure.net", "https://vault.azure.net", true),
            (
                "https://v.vault.azure.net",
                "https://vault.azure.net/",
                true,
            ),
            ("https://V.Vault.azure.net", "https://vault.azure.net", true),
            (
                "https://h.managedhsm.azure.net",
                "https://managedhsm.azure.net",
                true,
            ),
            ("https://v.vault.azure.cn", "https://vault.azure.cn", true),
            ("https://127.0.0.1:8443", "https://0.0.1:8443", true),
            ("https://v.evil.example", "https://vault.azure.net", false),
            (
                "https://vault.azure.net.evil.example",
                "https://vault.azure.net",
                false,
            ),
            (
                "https://evilvault.azure.net",
                "https://vault.azure.net",
                false,
            ),
            ("https://v.vault.azure.net", "http://vault.azure.net", false),
            ("https://v.vault.azure.net", "https://", false),
        ] {
            let header = format!(
                "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"{resource}\""
            );
            let challenge = Challenge::new(&header, &vault.parse().unwrap());
            assert_eq!(challenge.is_ok(), is_accepted, "{vault} {resource}");
            if let Ok(challenge) = challenge {
                assert_eq!(challenge.tenant, TENANT);
            }
        }
    }

    #[test]
    fn a_challenge_that_is_not_one_of_key_vault_is_refused() {
        let vault = "https://v.vault.azure.net".parse().unwrap();
        for header in [
            "",
            "Basic realm=\"x\"",
            "Bearer resource=\"https://vault.azure.net\"",
            "Bearer authorization=\"https://login.microsoftonline.com\", resource=\"https://vault.azure.net\"",
            "Bearer authorization=\"https://l/--output=x\", resource=\"https://vault.azure.net\"",
            "Bearer authorization=\"https://l/a%2fb\", resource=\"https://vault.azure.net\"",
            "Bearer authorization=\"https://l/\", resource=\"https://vault.azure.net\"",
        ] {
            assert!(Challenge::new(header, &vault).is_err(), "{header}");
        }
    }
}
