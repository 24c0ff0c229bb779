//! The URLs of objects, as AWS's SDKs make them.

use std::net::IpAddr;

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that are escaped in the name of an object: all except slashes and those in RFC
/// 3986, section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// The URL of the server, without the bucket.
pub(super) struct Endpoint {
    scheme: String,
    authority: String,
    path: String,
    is_configured: bool,
}

/// Where the bucket is in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// In the host name.
    Host,
    /// In the path, because the bucket's name can't be a part of the host name.
    Path,
}

impl Endpoint {
    /// The server that the user configured, or else that of the region.
    pub(super) fn of(config: &SdkConfig, region: &str) -> Self {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let key = key.expect("all fields are set");
        let configured = config
            .service_config()
            .and_then(|settings| settings.load_config(key))
            .or_else(|| config.endpoint_url().map(str::to_owned))
            .filter(|url| !url.is_empty());
        let is_on = |switch: Option<bool>| switch.unwrap_or_default();
        match configured {
            Some(url) => Self::configured(&url),
            None => Self::of_region(
                region,
                is_on(config.use_fips()),
                is_on(config.use_dual_stack()),
            ),
        }
    }

    fn configured(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self {
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            path: path.trim_matches('/').to_owned(),
            is_configured: true,
        }
    }

    fn of_region(region: &str, is_fips: bool, is_dual_stack: bool) -> Self {
        let fips = if is_fips { "-fips" } else { "" };
        let dual_stack = if is_dual_stack { ".dualstack" } else { "" };
        let domain = match region {
            region if region.starts_with("cn-") => "amazonaws.com.cn",
            region if region.starts_with("eusc-") => "amazonaws.eu",
            region if region.starts_with("us-iso-") => "c2s.ic.gov",
            region if region.starts_with("us-isob-") => "sc2s.sgov.gov",
            _ => "amazonaws.com",
        };
        Self {
            scheme: "https".to_owned(),
            authority: format!("s3{fips}{dual_stack}.{region}.{domain}"),
            path: String::new(),
            is_configured: false,
        }
    }

    /// Whether the user configured the server.
    pub(super) fn is_configured(&self) -> bool {
        self.is_configured
    }

    /// The URL of an object.
    pub(super) fn url(&self, bucket: &str, key: &str, style: Style) -> String {
        let Self {
            scheme,
            authority,
            path,
            ..
        } = self;
        let bucket = utf8_percent_encode(bucket, ESCAPED).to_string();
        let key = utf8_percent_encode(key, ESCAPED);
        let slash = if path.is_empty() { "" } else { "/" };
        match style {
            Style::Host => format!("{scheme}://{bucket}.{authority}/{path}{slash}{key}"),
            Style::Path => format!("{scheme}://{authority}/{path}{slash}{bucket}/{key}"),
        }
    }

    fn is_ip_address(&self) -> bool {
        let uri: Option<http::Uri> = self.authority.parse().ok();
        let host = uri.as_ref().and_then(|uri| uri.host());
        let host = host.map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        host.is_some_and(|host| host.parse::<IpAddr>().is_ok())
    }
}

impl Style {
    /// Where the bucket is in the URL of this server.
    pub(super) fn of(endpoint: &Endpoint, bucket: &str) -> Self {
        // A certificate for `*.s3.amazonaws.com` does not cover names with another dot.
        let may_have_dots = endpoint.scheme == "http";
        let is_label = |label: &str| {
            let is_allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty()
                && label.bytes().all(is_allowed)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_host_name = (3..=63).contains(&bucket.len())
            && bucket.split('.').all(is_label)
            && bucket.parse::<IpAddr>().is_err()
            && (may_have_dots || !bucket.contains('.'));
        match is_host_name && !endpoint.is_ip_address() {
            true => Self::Host,
            false => Self::Path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first three are what `sops` 3.13.3 requests, without its query; the others are from the
    /// documentation of Amazon S3.
    #[test]
    fn objects_have_the_urls_of_aws() {
        let configured = Endpoint::configured;
        let region = |region| Endpoint::of_region(region, false, false);
        for (endpoint, bucket, key, url) in [
            (
                configured("http://127.0.0.1:1"),
                "bucket",
                "p q/a.yaml",
                "http://127.0.0.1:1/bucket/p%20q/a.yaml",
            ),
            (
                configured("http://localhost:1/pre"),
                "bucket",
                "p q/a.yaml",
                "http://bucket.localhost:1/pre/p%20q/a.yaml",
            ),
            (
                configured("http://localhost:1"),
                "my.Bucket",
                "../p?é+/a.yaml",
                "http://localhost:1/my.Bucket/../p%3F%C3%A9%2B/a.yaml",
            ),
            (
                region("eu-west-1"),
                "bucket",
                "a",
                "https://bucket.s3.eu-west-1.amazonaws.com/a",
            ),
            (
                region("cn-north-1"),
                "a.bucket",
                "a",
                "https://s3.cn-north-1.amazonaws.com.cn/a.bucket/a",
            ),
            (
                Endpoint::of_region("us-east-1", true, true),
                "bucket",
                "a",
                "https://bucket.s3-fips.dualstack.us-east-1.amazonaws.com/a",
            ),
            (
                region("eu-west-1"),
                "evil.example/x?",
                "a",
                "https://s3.eu-west-1.amazonaws.com/evil.example/x%3F/a",
            ),
        ] {
            let style = Style::of(&endpoint, bucket);
            assert_eq!(endpoint.url(bucket, key, style), url);
        }
    }
}
