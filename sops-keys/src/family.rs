//! The families of master keys in SOPS.

use std::fmt;

/// A family of master keys. SOPS has no others; adding one would change the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// age and OpenSSH keys.
    Age,
    /// OpenPGP keys.
    Pgp,
    /// AWS KMS.
    Kms,
    /// Google Cloud KMS.
    GcpKms,
    /// Huawei Cloud KMS.
    Hckms,
    /// Azure Key Vault.
    AzureKv,
    /// The transit engine of HashiCorp Vault.
    HcVault,
}

impl Family {
    /// All families, in the order in which `sops` reads a group's lists.
    pub const ALL: [Self; 7] = [
        Self::Kms,
        Self::GcpKms,
        Self::Hckms,
        Self::AzureKv,
        Self::HcVault,
        Self::Pgp,
        Self::Age,
    ];

    /// The name of the family's list in the metadata, which `--decryption-order` of `sops` accepts
    /// too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Pgp => "pgp",
            Self::Kms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::Hckms => "hckms",
            Self::AzureKv => "azure_kv",
            Self::HcVault => "hc_vault",
        }
    }

    /// The family with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// The common name of the family.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Age => "age",
            Self::Pgp => "PGP",
            Self::Kms => "AWS KMS",
            Self::GcpKms => "Google Cloud KMS",
            Self::Hckms => "Huawei Cloud KMS",
            Self::AzureKv => "Azure Key Vault",
            Self::HcVault => "HashiCorp Vault",
        })
    }
}
