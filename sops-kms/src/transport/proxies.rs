//! Which requests go through a proxy.

use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use sops_keys::Environment;

/// The proxies of the environment: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in
/// upper or lower case.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(std::sync::Arc<Matcher>);

impl Proxies {
    pub(crate) fn from_environment(environment: &Environment) -> Self {
        let var = |name: &str| {
            let value = environment
                .var(name)
                .or_else(|| environment.var(&name.to_lowercase()));
            value.and_then(|value| value.into_string().ok())
        };
        let mut builder = Matcher::builder();
        if let Some(all) = var("ALL_PROXY") {
            builder = builder.all(all);
        }
        if let Some(http) = var("HTTP_PROXY") {
            builder = builder.http(http);
        }
        if let Some(https) = var("HTTPS_PROXY") {
            builder = builder.https(https);
        }
        if let Some(no) = var("NO_PROXY") {
            builder = builder.no(no);
        }
        Self(builder.build().into())
    }

    /// No proxy, for servers that only this machine can reach.
    #[cfg(any(feature = "azure", feature = "gcp", feature = "hckms"))]
    pub(crate) fn none() -> Self {
        Self(Matcher::builder().build().into())
    }

    /// One proxy for all requests.
    #[cfg(feature = "vault")]
    pub(crate) fn single(proxy: String) -> Self {
        Self(Matcher::builder().all(proxy).build().into())
    }

    /// The proxy for a request; `None` for this machine, as in Go, and for metadata servers: a
    /// proxy would ask the metadata server of its own machine.
    pub(super) fn of(&self, uri: &Uri) -> Option<Intercept> {
        let host = uri.host()?;
        let is_near = match host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_loopback() || is_of_ec2(address),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        };
        match is_near {
            true => None,
            false => self.0.intercept(uri),
        }
    }
}

/// Whether the address is among those of the metadata servers of EC2 and EKS.
fn is_of_ec2(address: Ipv6Addr) -> bool {
    address.segments()[..2] == [0xfd00, 0x0ec2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_choose_the_proxy() {
        let proxies = Proxies::from_environment(&Environment::new([
            ("HTTPS_PROXY", "http://p:1"),
            ("http_proxy", "http://q:2"),
            ("NO_PROXY", ".inside.example"),
        ]));
        for (uri, proxy) in [
            ("https://vault.example:8200/v1", Some("http://p:1/")),
            ("http://vault.example:8200/v1", Some("http://q:2/")),
            ("https://vault.inside.example/v1", None),
            ("https://localhost:8200/v1", None),
            ("http://127.0.0.1:8200/v1", None),
            ("https://[::1]:8200/v1", None),
            ("http://169.254.169.254/latest", None),
            ("http://[fd00:ec2::254]/latest", None),
            ("http://[fd00:ec3::254]/latest", Some("http://q:2/")),
        ] {
            let chosen = proxies.of(&uri.parse().unwrap());
            let chosen = chosen.map(|proxy| proxy.uri().to_string());
            assert_eq!(chosen.as_deref(), proxy, "{uri}");
        }
    }
}
