//! The servers of AWS. A file chooses the region, and nothing else of a host name.

use sops_keys::Environment;

use crate::provider::Outcome;
use crate::variables::{is_on, text};

/// The URL of a service in a region: that of the user's variables, or else that of AWS. `prefix` is
/// the first part of its host name, and `variable` the end of the name of its variable.
pub(super) fn endpoint(
    environment: &Environment,
    prefix: &str,
    variable: &str,
    region: &str,
) -> Outcome<String> {
    for name in [&*format!("AWS_ENDPOINT_URL_{variable}"), "AWS_ENDPOINT_URL"] {
        if let Some(url) = text(environment, name)? {
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err(format!("{name} is not a URL"));
            }
            return Ok(url.trim_end_matches('/').to_owned());
        }
    }
    let fips = match is_on(environment, "AWS_USE_FIPS_ENDPOINT")? {
        true => "-fips",
        false => "",
    };
    let (domain, dual_stack) = domains(region);
    let domain = match is_on(environment, "AWS_USE_DUALSTACK_ENDPOINT")? {
        true => dual_stack,
        false => domain,
    };
    Ok(format!("https://{prefix}{fips}.{region}.{domain}"))
}

/// The domain of the partition that a region is in, and its domain for IPv4 and IPv6.
fn domains(region: &str) -> (&'static str, &'static str) {
    let is = |prefix: &str| region.starts_with(prefix);
    if is("cn-") {
        ("amazonaws.com.cn", "api.amazonwebservices.com.cn")
    } else if is("us-iso-") {
        ("c2s.ic.gov", "c2s.ic.gov")
    } else if is("us-isob-") {
        ("sc2s.sgov.gov", "sc2s.sgov.gov")
    } else if is("eusc-") {
        ("amazonaws.eu", "api.amazonwebservices.eu")
    } else {
        ("amazonaws.com", "api.aws")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_regions_choose_the_server() {
        for (variables, region, url) in [
            (vec![], "eu-west-1", "https://kms.eu-west-1.amazonaws.com"),
            (
                vec![],
                "cn-north-1",
                "https://kms.cn-north-1.amazonaws.com.cn",
            ),
            (
                vec![],
                "us-gov-west-1",
                "https://kms.us-gov-west-1.amazonaws.com",
            ),
            (
                vec![("AWS_USE_FIPS_ENDPOINT", "true")],
                "us-east-1",
                "https://kms-fips.us-east-1.amazonaws.com",
            ),
            (
                vec![("AWS_USE_DUALSTACK_ENDPOINT", "true")],
                "us-east-1",
                "https://kms.us-east-1.api.aws",
            ),
            (
                vec![("AWS_ENDPOINT_URL", "http://h:1/")],
                "us-east-1",
                "http://h:1",
            ),
            (
                vec![
                    ("AWS_ENDPOINT_URL", "http://h:1"),
                    ("AWS_ENDPOINT_URL_KMS", "http://k:2"),
                ],
                "us-east-1",
                "http://k:2",
            ),
        ] {
            let environment = Environment::new(variables);
            assert_eq!(
                endpoint(&environment, "kms", "KMS", region).as_deref(),
                Ok(url)
            );
        }
        let environment = Environment::new([("AWS_ENDPOINT_URL_KMS", "h:1")]);
        assert!(endpoint(&environment, "kms", "KMS", "us-east-1").is_err());
    }
}
