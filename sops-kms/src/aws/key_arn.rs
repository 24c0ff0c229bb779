//! The ARN of a key. A file chooses it, and the region in it becomes a part of a host name.

use crate::provider::Outcome;

/// A key, and the region that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyArn<'a> {
    pub(super) arn: &'a str,
    pub(super) region: &'a str,
}

impl<'a> KeyArn<'a> {
    /// Reads `arn:aws:kms:<region>:<account>:key/<id>`, or the same with `alias/<name>`.
    ///
    /// # Errors
    ///
    /// The message says what to write instead.
    pub(super) fn new(arn: &'a str) -> Outcome<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let is_label = |text: &str| {
            let is_allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !text.is_empty() && text.bytes().all(is_allowed)
        };
        match parts[..] {
            ["arn", partition, "kms", region, account, resource]
                if partition.starts_with("aws")
                    && is_label(partition)
                    && is_label(region)
                    && !account.is_empty()
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && is_resource(resource) =>
            {
                Ok(Self { arn, region })
            }
            _ => Err(
                "this is not the ARN of a key; write `arn:aws:kms:<region>:<account>:key/<id>`"
                    .to_owned(),
            ),
        }
    }

    /// Whether the ARN names the key itself, and not an alias of it.
    pub(super) fn is_key(&self) -> bool {
        self.arn.contains(":key/")
    }
}

fn is_resource(text: &str) -> bool {
    let name = text.strip_prefix("key/").or(text.strip_prefix("alias/"));
    name.is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_cannot_lead_to_another_host() {
        for (arn, region) in [
            (
                "arn:aws:kms:eu-west-1:123456789012:key/1-2",
                Some("eu-west-1"),
            ),
            (
                "arn:aws-us-gov:kms:us-gov-west-1:1:alias/a/b",
                Some("us-gov-west-1"),
            ),
            ("arn:aws:kms:evil.example/:1:key/1", None),
            ("arn:aws:kms:evil.example#:1:key/1", None),
            ("arn:aws:kms::1:key/1", None),
            ("arn:aws:kms:eu-west-1:x:key/1", None),
            ("arn:aws:kms:eu-west-1:1:key/", None),
            ("arn:aws:s3:eu-west-1:1:key/1", None),
            ("arn:gcp:kms:eu-west-1:1:key/1", None),
            ("alias/a", None),
        ] {
            let found = KeyArn::new(arn).ok().map(|key| key.region);
            assert_eq!(found, region, "{arn}");
        }
    }
}
