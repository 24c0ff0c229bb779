//! `sops-rs config schema`.

use sops_core::config::json_schema;

use crate::command_error::CommandError;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs config schema
  sops-rs config schema > sops.schema.json";

/// Print the JSON schema of `.sops.yaml`, for editors
///
/// To use it in an editor with the YAML language server, write it to a file, and add this line at
/// the top of `.sops.yaml`: `# yaml-language-server: $schema=sops.schema.json`. The schema accepts
/// every configuration that sops-rs reads without an error or a warning about unknown keys.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn cmd_schema(ui: &Ui) -> Result<(), CommandError> {
    ui.output(format!("{:#}\n", json_schema()).as_bytes())
}
