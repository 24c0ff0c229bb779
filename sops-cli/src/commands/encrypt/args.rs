//! The flags of `sops-rs encrypt`.

use std::path::PathBuf;

use crate::arguments::{
    FileArg, FormatArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs, ThresholdArg,
};

const EXAMPLES: &str = "\
Examples:
  sops-rs encrypt -i secret.yaml      # for the recipients in .sops.yaml
  sops-rs encrypt -i apps             # every plaintext Secret in apps
  ./generate | sops-rs encrypt --over settings.yaml";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Update the encrypted FILE with this plaintext
    ///
    /// FILE keeps its data key, recipients, rule and options, and unchanged values keep their
    /// ciphertext. Its MAC is verified first; flags that differ from its settings cause a warning.
    /// If FILE does not exist, the creation rule and the flags apply, as for any new file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["in_place", "output", "dry_run", "filename_override"])]
    pub(crate) over: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) keys: MasterKeyArgs,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) threshold: ThresholdArg,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// With `-i`, list the files to encrypt and their recipients, and change nothing
    #[arg(long, hide_short_help = true, requires = "in_place")]
    pub(crate) dry_run: bool,
}
