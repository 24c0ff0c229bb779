//! For whom a file is encrypted.

use clap::Args;

use super::unsupported;
use crate::command_error::CommandError;

/// For whom a new file is encrypted.
#[derive(Args, Debug, Default)]
pub(crate) struct RecipientArgs {
    /// The age recipients, divided by commas; a creation rule's otherwise
    #[arg(
        long,
        short,
        value_name = "RECIPIENTS",
        env = "SOPS_AGE_RECIPIENTS",
        hide_env_values = true
    )]
    pub(crate) age: Option<String>,
    /// How many key groups are needed to open the file
    #[arg(long, value_name = "NUMBER")]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,
    #[command(flatten)]
    foreign: ForeignKeyArgs,
}

impl RecipientArgs {
    /// The list of recipients, if there is one.
    pub(crate) fn age(&self) -> Result<Option<&str>, CommandError> {
        self.foreign.check()?;
        Ok(self.age.as_deref().filter(|list| !list.is_empty()))
    }

    pub(crate) fn threshold(&self) -> Option<usize> {
        self.shamir_secret_sharing_threshold
            .filter(|threshold| *threshold > 0)
    }
}

/// Keys of the families that are not built yet.
#[derive(Args, Debug, Default)]
struct ForeignKeyArgs {
    #[arg(long, short, hide = true, env = "SOPS_PGP_FP", hide_env_values = true)]
    pgp: Option<String>,
    #[arg(long, short, hide = true, env = "SOPS_KMS_ARN", hide_env_values = true)]
    kms: Option<String>,
    #[arg(long, hide = true, env = "SOPS_GCP_KMS_IDS", hide_env_values = true)]
    gcp_kms: Option<String>,
    #[arg(
        long,
        hide = true,
        env = "SOPS_HUAWEICLOUD_KMS_IDS",
        hide_env_values = true
    )]
    hckms: Option<String>,
    #[arg(
        long,
        hide = true,
        env = "SOPS_AZURE_KEYVAULT_URLS",
        hide_env_values = true
    )]
    azure_kv: Option<String>,
    #[arg(long, hide = true, env = "SOPS_VAULT_URIS", hide_env_values = true)]
    hc_vault_transit: Option<String>,
    /// Only of use with keys of AWS KMS, so it does not matter by itself.
    #[arg(long, hide = true)]
    aws_profile: Option<String>,
    /// As above.
    #[arg(long, hide = true)]
    encryption_context: Option<String>,
}

impl ForeignKeyArgs {
    fn check(&self) -> Result<(), CommandError> {
        let all = [
            ("--pgp", "SOPS_PGP_FP", &self.pgp),
            ("--kms", "SOPS_KMS_ARN", &self.kms),
            ("--gcp-kms", "SOPS_GCP_KMS_IDS", &self.gcp_kms),
            ("--hckms", "SOPS_HUAWEICLOUD_KMS_IDS", &self.hckms),
            ("--azure-kv", "SOPS_AZURE_KEYVAULT_URLS", &self.azure_kv),
            (
                "--hc-vault-transit",
                "SOPS_VAULT_URIS",
                &self.hc_vault_transit,
            ),
        ];
        for (flag, variable, keys) in all {
            if keys.as_ref().is_some_and(|keys| !keys.is_empty()) {
                return Err(unsupported(&format!("keys from `{flag}` or {variable}"))
                    .hint(format!("leave out `{flag}` and {variable}, and encrypt for age recipients: `--age <RECIPIENTS>`")));
            }
        }
        Ok(())
    }
}

/// Flags of `rotate` that change a file's master keys.
#[derive(Args, Debug, Default)]
pub(crate) struct KeyChangeArgs {
    /// Add these age recipients, divided by commas
    #[arg(long, value_name = "RECIPIENTS")]
    pub(crate) add_age: Option<String>,
    /// Remove these age recipients, divided by commas
    #[arg(long, value_name = "RECIPIENTS")]
    pub(crate) rm_age: Option<String>,
    #[arg(long, hide = true)]
    add_pgp: Option<String>,
    #[arg(long, hide = true)]
    add_kms: Option<String>,
    #[arg(long, hide = true)]
    add_gcp_kms: Option<String>,
    #[arg(long, hide = true)]
    add_hckms: Option<String>,
    #[arg(long, hide = true)]
    add_azure_kv: Option<String>,
    #[arg(long, hide = true)]
    add_hc_vault_transit: Option<String>,
    /// Remove these PGP fingerprints, divided by commas
    #[arg(long, value_name = "FINGERPRINTS")]
    rm_pgp: Option<String>,
    /// Remove these AWS KMS ARNs, divided by commas
    #[arg(long, value_name = "ARNS")]
    rm_kms: Option<String>,
    /// Remove these GCP KMS resource IDs, divided by commas
    #[arg(long, value_name = "IDS")]
    rm_gcp_kms: Option<String>,
    /// Remove these HuaweiCloud KMS key IDs, divided by commas
    #[arg(long, value_name = "IDS")]
    rm_hckms: Option<String>,
    /// Remove these Azure Key Vault URLs, divided by commas
    #[arg(long, value_name = "URLS")]
    rm_azure_kv: Option<String>,
    /// Remove these Vault key URIs, divided by commas
    #[arg(long, value_name = "URIS")]
    rm_hc_vault_transit: Option<String>,
}

impl KeyChangeArgs {
    /// Refuses to add keys that cannot be used yet.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let foreign = [
            ("--add-pgp", &self.add_pgp),
            ("--add-kms", &self.add_kms),
            ("--add-gcp-kms", &self.add_gcp_kms),
            ("--add-hckms", &self.add_hckms),
            ("--add-azure-kv", &self.add_azure_kv),
            ("--add-hc-vault-transit", &self.add_hc_vault_transit),
        ];
        for (flag, keys) in foreign {
            if items(keys).next().is_some() {
                return Err(unsupported(&format!("`{flag}`"))
                    .hint("add an age recipient: `--add-age <RECIPIENTS>`"));
            }
        }
        Ok(())
    }

    /// Whether any key is to be added or removed.
    pub(crate) fn any(&self) -> bool {
        items(&self.add_age).next().is_some() || self.removed().next().is_some()
    }

    /// The age recipients to add.
    pub(crate) fn added(&self) -> impl Iterator<Item = &str> {
        items(&self.add_age)
    }

    /// The age recipients to remove.
    pub(crate) fn removed_age(&self) -> impl Iterator<Item = &str> {
        items(&self.rm_age)
    }

    /// The names of all keys to remove, with the name of their family in the metadata.
    pub(crate) fn removed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let families = [
            ("age", &self.rm_age),
            ("pgp", &self.rm_pgp),
            ("kms", &self.rm_kms),
            ("gcp_kms", &self.rm_gcp_kms),
            ("hckms", &self.rm_hckms),
            ("azure_kv", &self.rm_azure_kv),
            ("hc_vault", &self.rm_hc_vault_transit),
        ];
        families
            .into_iter()
            .flat_map(|(family, list)| items(list).map(move |item| (family, item)))
    }
}

/// The items of a list that commas divide.
fn items(list: &Option<String>) -> impl Iterator<Item = &str> {
    list.iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|item| !item.is_empty())
}
