//! The interface of a family of keys.

use std::pin::Pin;
use std::sync::Arc;

use sops_keys::{Family, MasterKey};
use zeroize::Zeroizing;

use crate::publishing::{Destination, Published};
use crate::reach::Reach;

/// The result of a request. The message says why the key can't be used and what to do; it follows
/// the name of the key.
pub(crate) type Outcome<T> = Result<T, String>;

/// A running request.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// Takes a warning for the user.
pub(crate) type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// A family of keys on servers. No method does anything before its future is polled.
pub(crate) trait Provider: Send + Sync {
    fn family(&self) -> Family;

    /// The key with everything that its metadata needs, such as a version.
    fn complete<'a>(&'a self, key: &'a MasterKey, reach: Reach) -> Pending<'a, MasterKey> {
        let _ = reach;
        Box::pin(async { Ok(key.clone()) })
    }

    /// Where the credentials for the key come from, after a request with it.
    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String>;

    /// Encrypts a data key or a share of one. Returns the text for the metadata.
    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        reach: Reach,
    ) -> Pending<'a, String>;

    /// Decrypts the text from the metadata.
    fn decrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        enc: &'a str,
        reach: Reach,
    ) -> Pending<'a, Zeroizing<Vec<u8>>>;

    /// Writes content to a destination that belongs to the family.
    fn publish<'a>(
        &'a self,
        destination: &'a Destination,
        content: &'a [u8],
        reach: Reach,
    ) -> Pending<'a, Published> {
        let _ = (destination, content, reach);
        Box::pin(async { Err("files cannot be published there".to_owned()) })
    }
}
