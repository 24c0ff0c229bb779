//! A problem, and where it is: the file, the field, the resource.

use sops_core::Error;
use sops_core::document::Error as DocumentError;
use sops_core::keys::{Family, MasterKey};
use sops_core::tree::Node;

/// A message for the user. It contains no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// The file, as named in the configuration or the resource.
    pub(crate) file: Option<String>,
    /// The field of the resource or the file, as keys joined with dots.
    pub(crate) field: Option<String>,
    pub(crate) resource: Option<Box<ResourceRef>>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    pub(crate) fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.to_owned());
        self
    }

    pub(crate) fn at_field(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }

    /// A problem with a resource.
    pub(crate) fn of_resource(mut self, resource: &Node) -> Self {
        self.resource
            .get_or_insert_with(|| Box::new(ResourceRef::of(resource)));
        self
    }
}

impl From<sops_core::document::Error> for Problem {
    fn from(error: sops_core::document::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Value { path, message, .. }
            | Error::Document(DocumentError::Value { path, message, .. }) => {
                Self::new(message).at_field(&path)
            }
            Error::NoDataKey {
                message, missing, ..
            } => Self::new(closed(&message, &missing)),
            error => Self::new(error.to_string()),
        }
    }
}

/// The message about a file that no key can decrypt, on one line, with what to do about keys that
/// this program does not support.
fn closed(message: &str, missing: &[MasterKey]) -> String {
    let mut line = String::new();
    for part in message.lines().map(str::trim) {
        let separator = match line.ends_with(':') {
            _ if line.is_empty() => "",
            true => " ",
            false => "; ",
        };
        line.extend([separator, part]);
    }
    let is_supported = |key: &MasterKey| matches!(key.family(), Family::Age | Family::Pgp);
    if !missing.iter().all(is_supported) {
        line += "; sops-rs-krm decrypts only with keys of age and PGP: add one to the file, as with `sops-rs rotate -i --add-age RECIPIENT FILE`";
    }
    line
}

/// Identifies a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResourceRef {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl ResourceRef {
    pub(crate) fn of(resource: &Node) -> Self {
        let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
        let metadata = resource.get("metadata");
        let in_metadata = |key| text(metadata.and_then(|metadata| metadata.get(key)));
        Self {
            api_version: text(resource.get("apiVersion")).unwrap_or_default(),
            kind: text(resource.get("kind")).unwrap_or_default(),
            namespace: in_metadata("namespace"),
            name: in_metadata("name").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sops_core::keys::Identities;
    use sops_core::{EncryptedDocument, Format};

    use super::*;

    #[test]
    fn a_key_that_is_not_supported_is_reported_on_one_line_with_advice() {
        let text = "a: ENC[AES256_GCM,data:eA==,iv:AAAA,tag:AAAA,type:str]\n\
            sops:\n    hc_vault:\n        - vault_address: https://vault.example\n          engine_path: transit\n          key_name: k\n          created_at: \"2024-01-01T00:00:00Z\"\n          enc: vault:v1:x\n    lastmodified: \"2024-01-01T00:00:00Z\"\n    mac: x\n    version: 3.13.3\n";
        let document = EncryptedDocument::parse(text, Format::Yaml).expect("it has metadata");
        let error = document.data_key(&Identities::new()).unwrap_err();
        let message = Problem::from(error).message;
        let expected = "no private key can decrypt this; one of these master keys is needed: hc_vault https://vault.example/v1/transit/keys/k (needs a key service for HashiCorp Vault); sops-rs-krm decrypts only with keys of age and PGP: add one to the file, as with `sops-rs rotate -i --add-age RECIPIENT FILE`";
        assert_eq!(message, expected);
    }

    #[test]
    fn a_list_of_keys_and_sources_becomes_one_line() {
        let message = "these are needed:\n  age1a\n  age1b (why)\nno keys in x";
        assert_eq!(
            closed(message, &[]),
            "these are needed: age1a; age1b (why); no keys in x"
        );
    }
}
