//! `sops-rs keys check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::inventory::Inventory;
use super::trial::{Trial, TrialOutcome};
use crate::arguments::GlobalArgs;
use crate::batch;
use crate::command_error::{Code, CommandError};
use crate::config::load;
use crate::config::resolve::ConfigResolver;
use crate::keys::services::Services;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs keys check
  sops-rs keys check apps
  sops-rs keys check secret.yaml";

/// Try to encrypt and decrypt with every master key
///
/// For each master key of the encrypted files and of the creation rules, this encrypts random text,
/// and decrypts the data key of a file or, if no file has the master key, that text. No file is
/// changed, and nothing asks for a passphrase. For files in directories, it contacts only servers
/// that your own settings name, such as VAULT_ADDR; to contact the servers that a file names, pass
/// that file itself.
///
/// The exit code is 1 if a key cannot encrypt, or if a key of a cloud service or of Vault cannot
/// decrypt, and 2 if a file cannot be read.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Files and directories [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn cmd_check(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let services = Services::new(ui, globals)?;
    let own = load::config(ui, globals)?;
    let paths: Vec<&Path> = match &args.paths[..] {
        [] => vec![Path::new(".")],
        paths => paths.iter().map(PathBuf::as_path).collect(),
    };
    let mut items = batch::items(paths.into_iter(), batch::Leftovers::Keep)?;
    items.retain(|item| item.is_meant(true));
    if !args.paths.is_empty() && batch::are_named(&items) {
        services.contact_servers_of_named_files();
    }
    let mut inventory = Inventory::default();
    if let Some(own) = &own {
        inventory.add_rules(own);
    }
    let resolver = ConfigResolver::new(ui, globals, own, items.iter())?;
    let mut errors = Vec::new();
    for item in &items {
        if let Some(config) = resolver.of(item)?.config.as_deref() {
            inventory.add_rules(config);
        }
        if let Err(error) = inventory.add_file(&item.path) {
            errors.push(error);
        }
    }
    let keys = inventory.keys();
    if keys.is_empty() {
        ui.note("There are no master keys");
    }
    let service = services.unprompted();
    let outcomes = parallel::map(keys, ItemsPerThread::One, |key| {
        Trial::of(key, &service, |key| services.credential_source(key))
    });
    let mut is_good = true;
    for trial in &outcomes {
        ui.print(trial)?;
        is_good &= trial.outcome() != TrialOutcome::Bad;
    }
    services.say(ui);
    if !errors.is_empty() {
        ui.errors(errors);
        return Ok(ExitCode::from(Code::CannotReadInput as u8));
    }
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
