//! The URLs of a key. A file chooses the vault, the name and the version.

use http::Uri;

use crate::provider::Outcome;
use crate::reach::Reach;

/// The hosts of Key Vault and Managed HSM in all clouds of Azure.
const KNOWN: [&str; 6] = [
    ".vault.azure.net",
    ".managedhsm.azure.net",
    ".vault.azure.cn",
    ".managedhsm.azure.cn",
    ".vault.usgovcloudapi.net",
    ".managedhsm.usgovcloudapi.net",
];

/// The version of the API. All vaults and HSMs have it.
const API: &str = "api-version=7.4";

/// A vault and a key in it.
#[derive(Clone, Debug)]
pub(super) struct KeyUrl {
    vault: Uri,
    name: String,
    version: String,
}

impl KeyUrl {
    /// Refuses an invalid vault, name or version, and a vault outside Azure's clouds if the user
    /// did not name the file. An empty version means the latest.
    pub(super) fn new(vault: &str, name: &str, version: &str, reach: Reach) -> Outcome<Self> {
        let is_segment = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if name.is_empty() || !is_segment(name) || !is_segment(version) {
            return Err(
                "its name or its version is invalid; both consist of letters, digits and hyphens"
                    .to_owned(),
            );
        }
        let uri: Option<Uri> = vault.trim_end_matches('/').parse().ok();
        let is_vault = |uri: &Uri| {
            let authority = uri.authority().map_or("@", |authority| authority.as_str());
            uri.scheme_str() == Some("https")
                && matches!(uri.path(), "" | "/")
                && uri.query().is_none()
                && !authority.contains('@')
        };
        let vault = uri
            .filter(is_vault)
            .ok_or("this is not the URL of a vault; write `https://<vault>.vault.azure.net`")?;
        let host = vault.host().unwrap_or_default().to_ascii_lowercase();
        if reach == Reach::KnownServers && !KNOWN.iter().any(|known| host.ends_with(known)) {
            return Err(format!(
                "{host} was not contacted, because only a file names it, and it is not a vault in one of Azure's clouds; to contact it, name the file on the command line"
            ));
        }
        Ok(Self {
            vault,
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The URL of the vault.
    pub(super) fn vault(&self) -> &Uri {
        &self.vault
    }

    /// The URL that describes the key.
    pub(super) fn of_key(&self) -> String {
        format!("{}?{API}", self.path())
    }

    /// The URL of an operation.
    pub(super) fn of(&self, operation: &str) -> String {
        format!("{}/{operation}?{API}", self.path())
    }

    fn path(&self) -> String {
        let vault = self.vault.to_string();
        let Self { name, version, .. } = self;
        format!("{}/keys/{name}/{version}", vault.trim_end_matches('/'))
    }

    /// The version in the identifier that the vault gives the key; `None` if it is another key.
    pub(super) fn version_in(&self, id: &str) -> Option<String> {
        let mut parts = id.rsplit('/');
        let (version, name, keys) = (parts.next()?, parts.next()?, parts.next()?);
        let is_this = keys == "keys" && name.eq_ignore_ascii_case(&self.name);
        let is_version = self.version.is_empty() || self.version == version;
        (is_this && is_version && !version.is_empty()).then(|| version.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_vaults_of_azure_are_known_and_names_lead_nowhere_else() {
        use Reach::{AnyServer, KnownServers};
        for (vault, name, version, reach, is_accepted) in [
            ("https://v.vault.azure.net", "k", "1", KnownServers, true),
            ("https://v.vault.azure.net/", "k", "", KnownServers, true),
            (
                "https://h.managedhsm.azure.net",
                "k",
                "1",
                KnownServers,
                true,
            ),
            (
                "https://v.vault.usgovcloudapi.net",
                "k",
                "1",
                KnownServers,
                true,
            ),
            (
                "https://v.vault.azure.net.evil.example",
                "k",
                "1",
                KnownServers,
                false,
            ),
            ("https://evil.example", "k", "1", KnownServers, false),
            ("https://inside.example:8443", "k", "1", AnyServer, true),
            ("http://v.vault.azure.net", "k", "1", AnyServer, false),
            (
                "https://ann:hunter2@v.vault.azure.net",
                "k",
                "1",
                AnyServer,
                false,
            ),
            ("https://v.vault.azure.net/x", "k", "1", AnyServer, false),
            (
                "https://v.vault.azure.net",
                "../secrets/k",
                "1",
                AnyServer,
                false,
            ),
            ("https://v.vault.azure.net", "k?x", "1", AnyServer, false),
            ("https://v.vault.azure.net", "k", "..", AnyServer, false),
            ("https://v.vault.azure.net", "", "1", AnyServer, false),
        ] {
            let url = KeyUrl::new(vault, name, version, reach);
            assert_eq!(url.is_ok(), is_accepted, "{vault} {name} {version}");
        }
    }

    #[test]
    fn the_version_of_another_key_is_not_taken() {
        let url = |version| {
            KeyUrl::new("https://v.vault.azure.net", "k", version, Reach::AnyServer).unwrap()
        };
        let id = "https://v.vault.azure.net/keys/k/7";
        assert_eq!(url("").version_in(id).as_deref(), Some("7"));
        assert_eq!(url("7").version_in(id).as_deref(), Some("7"));
        assert_eq!(url("8").version_in(id), None);
        assert_eq!(
            url("").version_in("https://v.vault.azure.net/keys/l/7"),
            None
        );
        assert_eq!(url("").version_in("https://v.vault.azure.net/keys/k"), None);
        assert_eq!(
            url("7").of("encrypt"),
            "https://v.vault.azure.net/keys/k/7/encrypt?api-version=7.4"
        );
    }
}
