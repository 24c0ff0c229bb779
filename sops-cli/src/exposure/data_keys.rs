//! The data keys of many versions, each recovered once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sops_core::EncryptedDocument;
use sops_core::keys::{DataKey, KeyService};
use sops_core::metadata::Metadata;

/// Identifies a data key: two versions with a handle in common have the same data key.
pub(super) type Handle = String;

/// The handles of a version: the encrypted data key of each master key. With several groups, each
/// master key encrypts only a share, so all shares together are one handle.
pub(super) fn handles(metadata: &Metadata) -> Vec<Handle> {
    let encrypted = metadata.key_groups.iter().map(|group| {
        let keys = group.keys.iter().map(|key| key.enc().trim().to_owned());
        keys.filter(|enc| !enc.is_empty()).collect::<Vec<Handle>>()
    });
    let mut encrypted: Vec<Vec<Handle>> = encrypted.collect();
    match encrypted.len() {
        0 => Vec::new(),
        1 => encrypted.swap_remove(0),
        _ => vec![encrypted.concat().join(" ")],
    }
}

/// The data keys that were recovered.
pub(super) struct DataKeys<'k> {
    keys: &'k dyn KeyService,
    known: Mutex<HashMap<Handle, Known>>,
}

#[derive(Clone)]
enum Known {
    Key(Arc<DataKey>),
    /// None of the keys decrypts it.
    Refused,
}

impl<'k> DataKeys<'k> {
    pub(super) fn new(keys: &'k dyn KeyService) -> Self {
        Self {
            keys,
            known: Mutex::default(),
        }
    }

    /// The data key of a version, if it is known or can be recovered.
    pub(super) fn of(&self, document: &EncryptedDocument<'_>) -> Option<Arc<DataKey>> {
        let handles = handles(document.metadata());
        if let Some(key) = self.known_by(&handles) {
            return Some(key);
        }
        let is_new = |handle: &Handle| !self.known().contains_key(handle);
        if !handles.is_empty() && !handles.iter().any(is_new) {
            return None;
        }
        let key = document.data_key(self.keys).ok().map(Arc::new);
        let known = key.clone().map_or(Known::Refused, Known::Key);
        let mut all = self.known();
        for handle in handles {
            match &known {
                Known::Key(_) => drop(all.insert(handle, known.clone())),
                Known::Refused => drop(all.entry(handle).or_insert(Known::Refused)),
            }
        }
        key
    }

    /// The data key of a version with these handles, if another version revealed it.
    pub(super) fn known_by(&self, handles: &[Handle]) -> Option<Arc<DataKey>> {
        let known = self.known();
        handles.iter().find_map(|handle| match known.get(handle) {
            Some(Known::Key(key)) => Some(Arc::clone(key)),
            _ => None,
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Handle, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
