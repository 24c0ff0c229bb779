//! `sops-rs completion`.

use clap_complete::Shell;

use crate::command_error::CommandError;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn cmd_completion(
    ui: &Ui,
    args: &Args,
    mut command_line: clap::Command,
) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line, "sops-rs", &mut script);
    ui.output(&script)
}
