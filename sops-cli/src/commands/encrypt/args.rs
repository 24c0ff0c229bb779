//! The flags of `sops-rs encrypt`.

use crate::arguments::{
    FileArg, FormatArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs, ThresholdArg,
};

const EXAMPLES: &str = "\
Examples:
  sops-rs encrypt -i secret.yaml      # for the recipients in .sops.yaml
  sops-rs encrypt -i apps             # every plaintext Secret in apps
  sops-rs encrypt --age age1… settings.yaml > settings.enc.yaml";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
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
    /// With `-i`, print what would be encrypted
    ///
    /// This lists the files and their recipients.
    #[arg(long, requires = "in_place")]
    pub(crate) dry_run: bool,
}
