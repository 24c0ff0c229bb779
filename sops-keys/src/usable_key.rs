//! Checks whether a master key can be encrypted for, as far as possible without a key service.

use crate::age::Recipient;
use crate::error::{Error, Result};
use crate::master_key::MasterKey;
use crate::spelling::{holds_private_key, is_fingerprint};

impl MasterKey {
    /// Rejects a key that cannot be encrypted for with any key service.
    ///
    /// # Errors
    /// [`Error::PrivateKey`] for a private key, [`Error::Recipient`] for a malformed age recipient,
    /// [`Error::MasterKey`] for other families and for an identifier that files must not contain.
    pub fn check(&self) -> Result<()> {
        let problem = match self {
            key if !key.is_readable() => {
                "it contains a control character, a line break or an invisible character, has more than four spaces or combining marks in a row, or is too long"
            }
            Self::Age { recipient } => return recipient.parse::<Recipient>().map(drop),
            Self::Pgp { fingerprint } if holds_private_key(fingerprint) => {
                return Err(Error::PrivateKey);
            }
            Self::Pgp { fingerprint } if !is_fingerprint(fingerprint) => {
                "not a fingerprint; a fingerprint has 40 hexadecimal digits"
            }
            _ => return Ok(()),
        };
        Err(Error::MasterKey {
            key: self.to_string(),
            message: problem.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;

    #[test]
    fn a_key_that_files_must_not_contain_is_rejected_and_shown_escaped() {
        let bad = || "a\u{1b}\u{202e}\nb".to_owned();
        let kms = |key: String, aws_profile| MasterKey::Kms {
            arn: "arn:a".into(),
            role: None,
            context: [(key, String::new())].into(),
            aws_profile,
        };
        for key in [
            MasterKey::Age { recipient: bad() },
            MasterKey::Pgp { fingerprint: bad() },
            MasterKey::GcpKms { resource_id: bad() },
            MasterKey::Hckms { key_id: bad() },
            kms(bad(), None),
            kms(String::new(), Some(bad())),
            MasterKey::AzureKv {
                vault_url: "https://v".into(),
                name: bad(),
                version: "1".into(),
            },
            MasterKey::HcVault {
                vault_address: "https://v".into(),
                engine_path: bad(),
                key_name: "k".into(),
            },
        ] {
            assert!(matches!(key.check(), Err(Error::MasterKey { .. })), "{key}");
            let shown = key.to_string();
            assert!(shown.contains(r"\u{1b}\u{202e}\nb"), "{shown}");
        }
    }

    #[test]
    fn an_unusable_key_is_rejected() {
        let fingerprint = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";
        for (family, text, is_usable) in [
            (Family::Pgp, fingerprint, true),
            (Family::Pgp, "0xbc17301b491b3f21!", true),
            (Family::Pgp, "491B3F21", false),
            (Family::Pgp, "--output=/tmp/x", false),
            (Family::Pgp, "ann@example.com", false),
            (Family::AzureKv, "https://v/keys/k/1", true),
            (Family::AzureKv, "https://v/keys/k", true),
            (Family::Age, "age1x", false),
            (Family::Kms, "arn:aws:kms:x", true),
        ] {
            let key = MasterKey::from_list(family, text).unwrap().remove(0);
            assert_eq!(key.check().is_ok(), is_usable, "{text}");
        }
    }
}
