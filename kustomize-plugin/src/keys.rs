//! Data keys, each of which is asked for once: a file of many documents has one, and programs may have to be run for it.

use std::collections::HashMap;

use sops_core::keys::{DataKey, KeyService};
use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, EncryptedTree, Result};

/// Where data keys come from, and those that came.
pub(crate) struct DataKeyCache {
    service: Box<dyn KeyService>,
    /// By what is encrypted for the master keys.
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
