//! `sops-rs completion`.

use clap_complete::Shell;

use crate::arguments::invocation;
use crate::command_error::CommandError;
use crate::completion;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs completion bash > ~/.local/share/bash-completion/completions/sops-rs
  sops-rs completion zsh > ~/.local/share/zsh/site-functions/_sops-rs
  sops-rs completion fish > ~/.config/fish/completions/sops-rs.fish";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
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
    let name = invocation::name();
    if let Some(script) = completion::script(&args.shell.to_string(), name) {
        return ui.output(script.as_bytes());
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command_line, name, &mut script);
    ui.output(&script)
}
