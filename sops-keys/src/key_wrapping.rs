//! Encrypts the data key for key groups.

use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::data_key::DataKey;
use crate::error::{Error, Result};
use crate::master_key::MasterKey;
use crate::service::KeyService;
use crate::shamir;
use crate::wrapped_key::{KeyGroup, WrappedKey};

/// Encrypts `data_key` for groups of master keys.
///
/// The keys of a single group each encrypt the data key. With several groups, the keys of each
/// group encrypt a share of it by Shamir's scheme, and `threshold` is the number of groups needed
/// to recover it (`None` means all). `now` becomes `created_at` in the metadata, which age keys do
/// not have.
///
/// # Errors
///
/// [`Error::NoRecipient`] for no group or an empty one, [`Error::KeyGroups`] for a threshold that
/// does not match the groups, [`Error::Recipient`] and [`Error::MasterKey`] for an unusable key,
/// [`Error::PrivateKey`] for a private key, and [`Error::NoKeyService`] for a family that `service`
/// does not support.
///
/// ```
/// use std::time::SystemTime;
///
/// use sops_keys::age::generate_x25519;
/// use sops_keys::{DataKey, Identities, recover_data_key, wrap_data_key};
///
/// let (alice, bob) = (generate_x25519(), generate_x25519());
/// let key = DataKey::generate();
/// let groups = [vec![alice.recipient.clone().into()], vec![bob.recipient.clone().into()]];
/// let wrapped = wrap_data_key(&key, &groups, Some(2), &Identities::new(), SystemTime::now())?;
///
/// let mut identities = Identities::new();
/// identities.add_identity(alice.identity);
/// assert!(recover_data_key(&wrapped, Some(2), &identities).is_err());
/// identities.add_identity(bob.identity);
/// assert_eq!(recover_data_key(&wrapped, Some(2), &identities)?.as_bytes(), key.as_bytes());
/// # Ok::<(), sops_keys::Error>(())
/// ```
pub fn wrap_data_key(
    data_key: &DataKey,
    groups: &[Vec<MasterKey>],
    threshold: Option<usize>,
    service: &dyn KeyService,
    now: SystemTime,
) -> Result<Vec<KeyGroup>> {
    if groups.is_empty() || groups.iter().any(Vec::is_empty) {
        return Err(Error::NoRecipient);
    }
    // No service is called before all keys have been checked.
    for key in groups.iter().flatten() {
        key.check()?;
        if !service.serves(key.family()) {
            return Err(Error::no_key_service(key));
        }
    }
    let secrets = match groups {
        [_] => vec![Zeroizing::new(data_key.as_bytes().to_vec())],
        _ => shamir::split(
            data_key.as_bytes(),
            groups.len(),
            threshold.unwrap_or(groups.len()),
        )?,
    };
    let wrap = |(keys, secret): (&Vec<MasterKey>, &Zeroizing<Vec<u8>>)| {
        let keys = keys.iter().map(|key| {
            let key = service.complete(key)?;
            require_version(&key)?;
            let enc = service.encrypt(&key, secret)?;
            Ok(WrappedKey::new(key, enc, now))
        });
        Ok(KeyGroup {
            keys: keys.collect::<Result<_>>()?,
        })
    };
    groups.iter().zip(&secrets).map(wrap).collect()
}

/// Refuses an Azure key without a version: `sops` could not decrypt with it once the key has a
/// newer version.
fn require_version(key: &MasterKey) -> Result<()> {
    match key {
        MasterKey::AzureKv { version, .. } if version.is_empty() => Err(Error::MasterKey {
            key: key.to_string(),
            message: "it has no version; add the version to encrypt with".to_owned(),
        }),
        _ => Ok(()),
    }
}
