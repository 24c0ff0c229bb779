//! The flags of `sops-rs encrypt`.

use crate::arguments::{
    FileArg, FormatArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs, ThresholdArg,
};

#[derive(clap::Args, Debug, Default)]
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
    /// Print which files would be encrypted and for whom, and write nothing
    #[arg(long, requires = "in_place")]
    pub(crate) dry_run: bool,
}
