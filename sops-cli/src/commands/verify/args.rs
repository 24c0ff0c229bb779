//! The flags of `sops-rs verify`.

use std::path::PathBuf;

use crate::lint::output::OutputFormat;

const EXAMPLES: &str = "\
Examples:
  sops-rs verify
  sops-rs verify --staged apps        # as they are in Git's index
  sops-rs verify --rev HEAD --format junit > verify.xml";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files and directories [default: the working directory]
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Check the files, and their `.sops.yaml`, as they are in Git's index
    #[arg(long, conflicts_with = "rev")]
    pub(super) staged: bool,
    /// Check the files, and their `.sops.yaml`, as they are in this commit
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    /// Treat a file that no private key can decrypt as unverified, even if its history is clean
    #[arg(long)]
    pub(super) require_key: bool,
    /// Output format: text, json, sarif, github or junit
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub(super) format: OutputFormat,
}
