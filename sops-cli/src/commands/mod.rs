//! The commands: one file for each.

#[cfg(feature = "kube")]
mod apply;
mod completion;
mod decrypt;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod filestatus;
#[cfg(feature = "kube")]
mod flux;
mod groups;
mod hook;
mod init;
mod keygen;
#[cfg(feature = "keyservice")]
mod keyservice;
mod lint;
mod man;
pub(crate) mod old_form;
mod rotate;
mod set;
mod unset;
mod updatekeys;

use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::CommandError;
use crate::ui::Ui;

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Encrypt(encrypt::Args),
    Decrypt(decrypt::Args),
    Edit(edit::Args),
    Set(set::Args),
    Unset(unset::Args),
    Rotate(rotate::Args),
    Updatekeys(updatekeys::Args),
    Groups(groups::Args),
    ExecEnv(exec_env::Args),
    ExecFile(exec_file::Args),
    Filestatus(filestatus::Args),
    #[cfg(feature = "keyservice")]
    Keyservice(keyservice::Args),
    Lint(lint::Args),
    Hook(hook::Args),
    Init(init::Args),
    Keygen(keygen::Args),
    #[cfg(feature = "kube")]
    Apply(apply::Args),
    #[cfg(feature = "kube")]
    Flux(flux::Args),
    Completion(completion::Args),
    Man(man::Args),
}

/// Runs a command; gives the exit code that another program has to say.
pub(crate) fn run(
    ui: &Ui,
    globals: &GlobalArgs,
    command: &Command,
) -> Result<ExitCode, CommandError> {
    match command {
        Command::Encrypt(args) => encrypt::cmd_encrypt(ui, globals, args),
        Command::Decrypt(args) => decrypt::cmd_decrypt(ui, globals, args),
        Command::Edit(args) => edit::cmd_edit(ui, globals, args),
        Command::Set(args) => set::cmd_set(ui, globals, args),
        Command::Unset(args) => unset::cmd_unset(ui, globals, args),
        Command::Rotate(args) => rotate::cmd_rotate(ui, globals, args),
        Command::Updatekeys(args) => updatekeys::cmd_updatekeys(ui, globals, args),
        Command::Groups(args) => groups::cmd_groups(ui, globals, args),
        Command::ExecEnv(args) => return exec_env::cmd_exec_env(ui, globals, args),
        Command::ExecFile(args) => return exec_file::cmd_exec_file(ui, globals, args),
        Command::Filestatus(args) => filestatus::cmd_filestatus(ui, args),
        #[cfg(feature = "keyservice")]
        Command::Keyservice(args) => keyservice::cmd_keyservice(ui, globals, args),
        Command::Lint(args) => return lint::cmd_lint(ui, globals, args),
        Command::Hook(args) => return hook::cmd_hook(ui, globals, args),
        Command::Init(args) => init::cmd_init(ui, globals, args),
        Command::Keygen(args) => keygen::cmd_keygen(ui, args),
        #[cfg(feature = "kube")]
        Command::Apply(args) => apply::cmd_apply(ui, globals, args),
        #[cfg(feature = "kube")]
        Command::Flux(args) => return flux::cmd_flux(ui, globals, args),
        Command::Completion(args) => completion::cmd_completion(ui, args),
        Command::Man(args) => man::cmd_man(ui, args),
    }?;
    Ok(ExitCode::SUCCESS)
}
