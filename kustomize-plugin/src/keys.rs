//! Data keys, each recovered only once: a file of many documents has one data key, and recovering
//! it may run programs.

use std::collections::HashMap;

use sops_core::keys::{DataKey, KeyService};
use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, EncryptedTree, Result};

/// The key service, and the data keys recovered so far.
pub(crate) struct DataKeyCache {
    service: Box<dyn KeyService>,
    /// The data keys by their encrypted forms.
    opened: HashMap<String, DataKey>,
}

impl DataKeyCache {
    pub(crate) fn new(service: Box<dyn KeyService>) -> Self {
        Self {
            service,
            opened: HashMap::new(),
        }
    }

    pub(crate) fn of_tree(&mut self, tree: &EncryptedTree) -> Result<DataKey> {
        self.get(tree.metadata(), |service| tree.data_key(service))
    }

    pub(crate) fn of_document(&mut self, document: &EncryptedDocument<'_>) -> Result<DataKey> {
        self.get(document.metadata(), |service| document.data_key(service))
    }

    fn get(
        &mut self,
        metadata: &Metadata,
        open: impl FnOnce(&dyn KeyService) -> Result<DataKey>,
    ) -> Result<DataKey> {
        let mut groups = format!("{:?}", metadata.shamir_threshold);
        for group in &metadata.key_groups {
            groups.push_str("\n--");
            for key in &group.keys {
                groups.extend(["\n", key.enc()]);
            }
        }
        if let Some(key) = self.opened.get(&groups) {
            return Ok(key.clone());
        }
        let key = open(&*self.service)?;
        self.opened.insert(groups, key.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use sops_core::keys::{Effort, Family, Identities, MasterKey};
    use sops_core::{Format, MacCheck};
    use zeroize::Zeroizing;

    use super::*;
    use crate::sample::{KEY, encrypted};

    /// Counts how many times a key was decrypted.
    struct Counting {
        identities: Identities,
        count: Arc<AtomicUsize>,
    }

    impl KeyService for Counting {
        fn serves(&self, family: Family) -> bool {
            self.identities.serves(family)
        }

        fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> sops_core::keys::Result<String> {
            self.identities.encrypt(key, secret)
        }

        fn decrypt(
            &self,
            key: &MasterKey,
            enc: &str,
            effort: Effort,
        ) -> sops_core::keys::Result<Option<Zeroizing<Vec<u8>>>> {
            let decrypted = self.identities.decrypt(key, enc, effort)?;
            self.count
                .fetch_add(usize::from(decrypted.is_some()), Ordering::Relaxed);
            Ok(decrypted)
        }
    }

    #[test]
    fn each_data_key_is_recovered_once() {
        let mut identities = Identities::new();
        let added = identities.add_keys("the test key", KEY.as_bytes());
        added.expect("the test key is valid");
        let count = Arc::new(AtomicUsize::new(0));
        let mut keys = DataKeyCache::new(Box::new(Counting {
            identities,
            count: Arc::clone(&count),
        }));
        let texts = ["stringData: {a: b}\n", "stringData: {c: d}\n"].map(encrypted);
        for text in texts.iter().cycle().take(10) {
            let document = EncryptedDocument::parse(text, Format::Yaml).expect("it is encrypted");
            let key = keys
                .of_document(&document)
                .expect("the test key decrypts it");
            let decrypted = document.decrypt(&key, MacCheck::Require);
            assert!(decrypted.is_ok());
        }
        assert_eq!(count.load(Ordering::Relaxed), texts.len());
    }
}
