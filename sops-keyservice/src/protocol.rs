//! The messages of `keyservice/keyservice.proto` in SOPS 3.13.3. The file has no package, and one
//! service, `KeyService`.
//!
//! Messages that contain a secret do not implement `Debug`.

use std::collections::BTreeMap;

use sops_keys::{Error, MasterKey};
use tonic::Status;

/// The path of the method that encrypts a secret.
pub(crate) const ENCRYPT: &str = "/KeyService/Encrypt";
/// The path of the method that decrypts a secret.
pub(crate) const DECRYPT: &str = "/KeyService/Decrypt";
/// The path of a method that SOPS does not have: it decrypts, and never asks the user.
pub(crate) const DECRYPT_READY: &str = "/SopsRsAgent/DecryptReady";
/// The path of a method that SOPS does not have: it controls the service itself.
pub(crate) const INSTRUCT: &str = "/SopsRsAgent/Instruct";

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct EncryptRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) key: Option<Key>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) plaintext: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct EncryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) ciphertext: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DecryptRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) key: Option<Key>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) ciphertext: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub(crate) struct DecryptResponse {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) plaintext: Vec<u8>,
}

/// An instruction for the service, and the answer to it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Instruction {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Key {
    #[prost(oneof = "KeyType", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub(crate) key_type: Option<KeyType>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum KeyType {
    #[prost(message, tag = "1")]
    Kms(KmsKey),
    #[prost(message, tag = "2")]
    Pgp(PgpKey),
    #[prost(message, tag = "3")]
    GcpKms(GcpKmsKey),
    #[prost(message, tag = "4")]
    AzureKeyVault(AzureKeyVaultKey),
    #[prost(message, tag = "5")]
    Vault(VaultKey),
    #[prost(message, tag = "6")]
    Age(AgeKey),
    #[prost(message, tag = "7")]
    Hckms(HckmsKey),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct KmsKey {
    #[prost(string, tag = "1")]
    arn: String,
    #[prost(string, tag = "2")]
    role: String,
    #[prost(btree_map = "string, string", tag = "3")]
    context: BTreeMap<String, String>,
    #[prost(string, tag = "4")]
    aws_profile: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PgpKey {
    #[prost(string, tag = "1")]
    fingerprint: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GcpKmsKey {
    #[prost(string, tag = "1")]
    resource_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AzureKeyVaultKey {
    #[prost(string, tag = "1")]
    vault_url: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct VaultKey {
    #[prost(string, tag = "1")]
    vault_address: String,
    #[prost(string, tag = "2")]
    engine_path: String,
    #[prost(string, tag = "3")]
    key_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AgeKey {
    #[prost(string, tag = "1")]
    recipient: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HckmsKey {
    #[prost(string, tag = "1")]
    key_id: String,
}

/// The key as messages name it. Keys of a family that the protocol does not have are errors.
impl TryFrom<&MasterKey> for Key {
    type Error = Error;

    fn try_from(key: &MasterKey) -> Result<Self, Error> {
        let key_type = match key.clone() {
            MasterKey::Age { recipient } => KeyType::Age(AgeKey { recipient }),
            MasterKey::Pgp { fingerprint } => KeyType::Pgp(PgpKey { fingerprint }),
            MasterKey::Kms {
                arn,
                role,
                context,
                aws_profile,
            } => KeyType::Kms(KmsKey {
                arn,
                role: role.unwrap_or_default(),
                context,
                aws_profile: aws_profile.unwrap_or_default(),
            }),
            MasterKey::GcpKms { resource_id } => KeyType::GcpKms(GcpKmsKey { resource_id }),
            MasterKey::Hckms { key_id } => KeyType::Hckms(HckmsKey { key_id }),
            MasterKey::AzureKv {
                vault_url,
                name,
                version,
            } => KeyType::AzureKeyVault(AzureKeyVaultKey {
                vault_url,
                name,
                version,
            }),
            MasterKey::HcVault {
                vault_address,
                engine_path,
                key_name,
            } => KeyType::Vault(VaultKey {
                vault_address,
                engine_path,
                key_name,
            }),
            key => return Err(Error::no_key_service(&key)),
        };
        Ok(Self {
            key_type: Some(key_type),
        })
    }
}

/// The key that a message names, not validated yet.
impl TryFrom<Key> for MasterKey {
    type Error = Status;

    fn try_from(key: Key) -> Result<Self, Status> {
        let set = |text: String| Some(text).filter(|text| !text.is_empty());
        let key_type = key
            .key_type
            .ok_or_else(|| Status::not_found("the request does not name a key"))?;
        Ok(match key_type {
            KeyType::Age(key) => MasterKey::Age {
                recipient: key.recipient,
            },
            KeyType::Pgp(key) => MasterKey::Pgp {
                fingerprint: key.fingerprint,
            },
            KeyType::Kms(key) => MasterKey::Kms {
                arn: key.arn,
                role: set(key.role),
                context: key.context,
                aws_profile: set(key.aws_profile),
            },
            KeyType::GcpKms(key) => MasterKey::GcpKms {
                resource_id: key.resource_id,
            },
            KeyType::Hckms(key) => MasterKey::Hckms { key_id: key.key_id },
            KeyType::AzureKeyVault(key) => MasterKey::AzureKv {
                vault_url: key.vault_url,
                name: key.name,
                version: key.version,
            },
            KeyType::Vault(key) => MasterKey::HcVault {
                vault_address: key.vault_address,
                engine_path: key.engine_path,
                key_name: key.key_name,
            },
        })
    }
}
