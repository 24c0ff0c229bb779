//! The flags that choose whom a file is encrypted for.

use std::collections::BTreeMap;

use clap::Args;
use sops_core::keys::{Family, MasterKey};

use crate::command_error::{Code, CommandError};

/// The master keys of a new file.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct MasterKeyArgs {
    /// Comma-separated age recipients [default: from the creation rule]
    #[arg(
        long,
        short,
        value_name = "RECIPIENTS",
        env = "SOPS_AGE_RECIPIENTS",
        hide_env_values = true,
        help_heading = HEADING
    )]
    pub(crate) age: Option<String>,
    /// Comma-separated PGP fingerprints
    #[arg(
        long,
        hide_short_help = true,
        short,
        value_name = "FINGERPRINTS",
        env = "SOPS_PGP_FP",
        hide_env_values = true,
        help_heading = HEADING
    )]
    pgp: Option<String>,
    /// Comma-separated ARNs of AWS KMS keys
    #[arg(
        long,
        hide_short_help = true,
        short,
        value_name = "ARNS",
        env = "SOPS_KMS_ARN",
        hide_env_values = true,
        help_heading = HEADING
    )]
    kms: Option<String>,
    /// Comma-separated resource IDs of Google Cloud KMS keys
    #[arg(
        long,
        hide_short_help = true,
        value_name = "IDS",
        env = "SOPS_GCP_KMS_IDS",
        hide_env_values = true,
        help_heading = HEADING
    )]
    gcp_kms: Option<String>,
    /// Comma-separated IDs of Huawei Cloud KMS keys
    #[arg(
        long,
        hide_short_help = true,
        value_name = "IDS",
        env = "SOPS_HUAWEICLOUD_KMS_IDS",
        hide_env_values = true,
        help_heading = HEADING
    )]
    hckms: Option<String>,
    /// Comma-separated URLs of Azure Key Vault keys
    #[arg(
        long,
        hide_short_help = true,
        value_name = "URLS",
        env = "SOPS_AZURE_KEYVAULT_URLS",
        hide_env_values = true,
        help_heading = HEADING
    )]
    azure_kv: Option<String>,
    /// Comma-separated URIs of HashiCorp Vault keys
    #[arg(
        long,
        hide_short_help = true,
        value_name = "URIS",
        env = "SOPS_VAULT_URIS",
        hide_env_values = true,
        help_heading = HEADING
    )]
    hc_vault_transit: Option<String>,
}

const HEADING: &str = "Master keys";

impl MasterKeyArgs {
    /// The keys, in the order of `sops`; empty if neither a flag nor a variable names any.
    pub(crate) fn keys(&self, kms: &KmsArgs) -> Result<Vec<MasterKey>, CommandError> {
        listed(
            [
                ("--kms", Family::Kms, &self.kms),
                ("--gcp-kms", Family::GcpKms, &self.gcp_kms),
                ("--hckms", Family::Hckms, &self.hckms),
                ("--azure-kv", Family::AzureKv, &self.azure_kv),
                ("--pgp", Family::Pgp, &self.pgp),
                (
                    "--hc-vault-transit",
                    Family::HcVault,
                    &self.hc_vault_transit,
                ),
                ("--age", Family::Age, &self.age),
            ],
            kms,
        )
    }
}

/// How many key groups are needed to decrypt a file.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct ThresholdArg {
    /// Number of key groups needed to decrypt [default: from the file or creation rule, or all]
    #[arg(long, hide_short_help = true, value_name = "NUMBER", value_parser = super::go_count, help_heading = HEADING)]
    pub(crate) shamir_secret_sharing_threshold: Option<usize>,
}

impl ThresholdArg {
    pub(crate) fn get(&self) -> Option<usize> {
        self.shamir_secret_sharing_threshold
            .filter(|threshold| *threshold > 0)
    }
}

/// The flags that apply to AWS KMS keys only.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct KmsArgs {
    /// AWS profile for AWS KMS keys
    #[arg(long, hide_short_help = true, value_name = "NAME", help_heading = HEADING)]
    aws_profile: Option<String>,
    /// Encryption context for AWS KMS keys: comma-separated `key:value` pairs
    #[arg(long, hide_short_help = true, value_name = "CONTEXT", help_heading = HEADING)]
    encryption_context: Option<String>,
}

impl KmsArgs {
    fn context(&self) -> Result<BTreeMap<String, String>, CommandError> {
        let text = self.encryption_context.as_deref().unwrap_or_default();
        let pairs = text.split(',').filter(|_| !text.is_empty());
        let pairs = pairs.map(|pair| match pair.split_once(':') {
            Some((key, value)) if !value.contains(':') => Ok((key.to_owned(), value.to_owned())),
            _ => Err(CommandError::new(
                Code::InvalidKmsContext,
                "`--encryption-context` is not a comma-separated list of `key:value` pairs",
            )),
        });
        pairs.collect()
    }
}

/// The keys of one new group.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct GroupArgs {
    /// age recipient of the new group; you can repeat this flag and the flags for other keys
    #[arg(long, value_name = "RECIPIENT", help_heading = HEADING)]
    age: Vec<String>,
    /// Fingerprint of a PGP key
    #[arg(long, hide_short_help = true, value_name = "FINGERPRINT", help_heading = HEADING)]
    pgp: Vec<String>,
    /// ARN of an AWS KMS key
    #[arg(long, hide_short_help = true, value_name = "ARN", help_heading = HEADING)]
    kms: Vec<String>,
    /// Resource ID of a Google Cloud KMS key
    #[arg(long, hide_short_help = true, value_name = "ID", help_heading = HEADING)]
    gcp_kms: Vec<String>,
    /// ID of a Huawei Cloud KMS key
    #[arg(long, hide_short_help = true, value_name = "ID", help_heading = HEADING)]
    hckms: Vec<String>,
    /// URL of an Azure Key Vault key
    #[arg(long, hide_short_help = true, value_name = "URL", help_heading = HEADING)]
    azure_kv: Vec<String>,
    /// URI of a HashiCorp Vault key
    #[arg(long, hide_short_help = true, value_name = "URI", help_heading = HEADING)]
    hc_vault_transit: Vec<String>,
    #[command(flatten)]
    belongings: KmsArgs,
}

impl GroupArgs {
    pub(crate) fn keys(&self) -> Result<Vec<MasterKey>, CommandError> {
        let all = [
            ("--pgp", Family::Pgp, &self.pgp),
            ("--kms", Family::Kms, &self.kms),
            ("--gcp-kms", Family::GcpKms, &self.gcp_kms),
            ("--hckms", Family::Hckms, &self.hckms),
            (
                "--hc-vault-transit",
                Family::HcVault,
                &self.hc_vault_transit,
            ),
            ("--azure-kv", Family::AzureKv, &self.azure_kv),
            ("--age", Family::Age, &self.age),
        ];
        let lists = all.map(|(flag, family, keys)| (flag, family, Some(keys.join(","))));
        let lists = lists
            .each_ref()
            .map(|(flag, family, list)| (*flag, *family, list));
        listed(lists, &self.belongings)
    }
}

/// Flags of `rotate` that change a file's master keys.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct KeyChangeArgs {
    /// Add age recipients to the first key group
    #[arg(long, value_name = "RECIPIENTS", help_heading = HEADING)]
    add_age: Option<String>,
    /// Remove age recipients
    #[arg(long, value_name = "RECIPIENTS", help_heading = HEADING)]
    rm_age: Option<String>,
    /// Add PGP fingerprints
    #[arg(long, hide_short_help = true, value_name = "FINGERPRINTS", help_heading = HEADING)]
    add_pgp: Option<String>,
    /// Remove PGP fingerprints
    #[arg(long, hide_short_help = true, value_name = "FINGERPRINTS", help_heading = HEADING)]
    rm_pgp: Option<String>,
    /// Add AWS KMS ARNs
    #[arg(long, hide_short_help = true, value_name = "ARNS", help_heading = HEADING)]
    add_kms: Option<String>,
    /// Remove AWS KMS ARNs
    #[arg(long, hide_short_help = true, value_name = "ARNS", help_heading = HEADING)]
    rm_kms: Option<String>,
    /// Add Google Cloud KMS resource IDs
    #[arg(long, hide_short_help = true, value_name = "IDS", help_heading = HEADING)]
    add_gcp_kms: Option<String>,
    /// Remove Google Cloud KMS resource IDs
    #[arg(long, hide_short_help = true, value_name = "IDS", help_heading = HEADING)]
    rm_gcp_kms: Option<String>,
    /// Add Huawei Cloud KMS key IDs
    #[arg(long, hide_short_help = true, value_name = "IDS", help_heading = HEADING)]
    add_hckms: Option<String>,
    /// Remove Huawei Cloud KMS key IDs
    #[arg(long, hide_short_help = true, value_name = "IDS", help_heading = HEADING)]
    rm_hckms: Option<String>,
    /// Add Azure Key Vault URLs
    #[arg(long, hide_short_help = true, value_name = "URLS", help_heading = HEADING)]
    add_azure_kv: Option<String>,
    /// Remove Azure Key Vault URLs
    #[arg(long, hide_short_help = true, value_name = "URLS", help_heading = HEADING)]
    rm_azure_kv: Option<String>,
    /// Add HashiCorp Vault key URIs
    #[arg(long, hide_short_help = true, value_name = "URIS", help_heading = HEADING)]
    add_hc_vault_transit: Option<String>,
    /// Remove HashiCorp Vault key URIs
    #[arg(long, hide_short_help = true, value_name = "URIS", help_heading = HEADING)]
    rm_hc_vault_transit: Option<String>,
}

impl KeyChangeArgs {
    /// Whether any key is added or removed.
    pub(crate) fn any(&self) -> bool {
        let lists = self.additions().into_iter().chain(self.removals());
        lists
            .filter_map(|(_, _, list)| list.as_ref())
            .any(|list| !list.trim_matches([',', ' ']).is_empty())
    }

    /// The keys to add.
    pub(crate) fn added(&self, kms: &KmsArgs) -> Result<Vec<MasterKey>, CommandError> {
        listed(self.additions(), kms)
    }

    /// The keys to remove.
    pub(crate) fn removed(&self, kms: &KmsArgs) -> Result<Vec<MasterKey>, CommandError> {
        unchecked(self.removals(), kms)
    }

    fn additions(&self) -> [Listed<'_>; 7] {
        [
            ("--add-kms", Family::Kms, &self.add_kms),
            ("--add-pgp", Family::Pgp, &self.add_pgp),
            ("--add-gcp-kms", Family::GcpKms, &self.add_gcp_kms),
            ("--add-hckms", Family::Hckms, &self.add_hckms),
            ("--add-azure-kv", Family::AzureKv, &self.add_azure_kv),
            (
                "--add-hc-vault-transit",
                Family::HcVault,
                &self.add_hc_vault_transit,
            ),
            ("--add-age", Family::Age, &self.add_age),
        ]
    }

    fn removals(&self) -> [Listed<'_>; 7] {
        [
            ("--rm-kms", Family::Kms, &self.rm_kms),
            ("--rm-pgp", Family::Pgp, &self.rm_pgp),
            ("--rm-gcp-kms", Family::GcpKms, &self.rm_gcp_kms),
            ("--rm-hckms", Family::Hckms, &self.rm_hckms),
            ("--rm-azure-kv", Family::AzureKv, &self.rm_azure_kv),
            (
                "--rm-hc-vault-transit",
                Family::HcVault,
                &self.rm_hc_vault_transit,
            ),
            ("--rm-age", Family::Age, &self.rm_age),
        ]
    }
}

/// A flag, the family of its keys, and its value.
type Listed<'a> = (&'static str, Family, &'a Option<String>);

/// The keys from the flags; an unusable key is an error.
fn listed(lists: [Listed<'_>; 7], kms: &KmsArgs) -> Result<Vec<MasterKey>, CommandError> {
    parsed(lists, kms, |key, source| {
        key.check().map_err(|error| {
            let error = CommandError::general(error);
            match source.starts_with("--") {
                true => error,
                false => error.hint(format!("the value comes from {source}")),
            }
        })
    })
}

/// The keys from the flags, including unusable ones.
fn unchecked(lists: [Listed<'_>; 7], kms: &KmsArgs) -> Result<Vec<MasterKey>, CommandError> {
    parsed(lists, kms, |_, _| Ok(()))
}

/// The environment variables that flags take their values from.
const VARIABLES: [(&str, &str); 7] = [
    ("--kms", "SOPS_KMS_ARN"),
    ("--gcp-kms", "SOPS_GCP_KMS_IDS"),
    ("--hckms", "SOPS_HUAWEICLOUD_KMS_IDS"),
    ("--azure-kv", "SOPS_AZURE_KEYVAULT_URLS"),
    ("--pgp", "SOPS_PGP_FP"),
    ("--hc-vault-transit", "SOPS_VAULT_URIS"),
    ("--age", "SOPS_AGE_RECIPIENTS"),
];

/// The source of a list of keys: the variable if it has this value, or else the flag.
fn source(flag: &'static str, list: &str) -> &'static str {
    let mut variables = VARIABLES.iter();
    let variable = variables.find(|(name, variable)| {
        *name == flag && std::env::var_os(variable).is_some_and(|value| value == list)
    });
    variable.map_or(flag, |(_, variable)| variable)
}

fn parsed(
    lists: [Listed<'_>; 7],
    kms: &KmsArgs,
    check: impl Fn(&MasterKey, &str) -> Result<(), CommandError>,
) -> Result<Vec<MasterKey>, CommandError> {
    let given = kms.context()?;
    let mut all = Vec::new();
    for (flag, family, list) in lists {
        let list = list.as_deref().unwrap_or_default();
        let source = source(flag, list);
        let keys = MasterKey::from_list(family, list).map_err(|message| {
            CommandError::new(Code::Generic, format!("`{source}`: {message}"))
        })?;
        keys.iter().try_for_each(|key| check(key, source))?;
        all.extend(keys);
    }
    for key in &mut all {
        if let MasterKey::Kms {
            context,
            aws_profile,
            ..
        } = key
        {
            context.clone_from(&given);
            aws_profile.clone_from(&kms.aws_profile);
        }
    }
    Ok(all)
}
