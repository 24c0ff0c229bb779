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
