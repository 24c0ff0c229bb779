//! The address of a server: scheme, host and port.

use std::fmt;

use http::Uri;

/// The address of a server. Two addresses of one server compare equal, whether they name the
/// default port or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Reads `https://host:port`, where the port and a slash at the end are optional; `None` if it
    /// is anything else, such as a URL with a path or a password.
    pub(super) fn new(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let is_whole = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|_| is_whole)?;
        let host = authority.host().to_ascii_lowercase();
        if authority.as_str().contains('@') || host.is_empty() {
            return None;
        }
        let default = if is_https { 443 } else { 80 };
        Some(Self {
            is_https,
            host,
            port: authority.port_u16().unwrap_or(default),
        })
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        match (self.is_https, port) {
            (true, 443) => write!(f, "https://{host}"),
            (true, port) => write!(f, "https://{host}:{port}"),
            (false, 80) => write!(f, "http://{host}"),
            (false, port) => write!(f, "http://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_without_a_path_is_the_address_of_a_server() {
        for (address, shown) in [
            (
                "https://vault.example:8200",
                Some("https://vault.example:8200"),
            ),
            ("https://Vault.Example/", Some("https://vault.example")),
            ("https://vault.example:443", Some("https://vault.example")),
            ("http://127.0.0.1:8200", Some("http://127.0.0.1:8200")),
            ("http://[::1]:8200", Some("http://[::1]:8200")),
            ("https://vault.example/prefix", None),
            ("https://vault.example?a=b", None),
            ("https://ann:hunter2@vault.example", None),
            ("https://", None),
            ("ftp://vault.example", None),
            ("vault.example:8200", None),
            ("", None),
        ] {
            let origin = Origin::new(address).map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), shown, "{address}");
        }
    }
}
