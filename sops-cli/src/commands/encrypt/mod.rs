//! `sops-rs encrypt` for one file; `several.rs` encrypts several files in place, and `over.rs` a
//! new plaintext of an encrypted file.

mod args;
mod over;
mod plaintext;
mod selection;
mod several;

use std::sync::Arc;

use self::plaintext::PlaintextReader;
use crate::arguments::GlobalArgs;
use crate::batch;
use crate::command_error::{Code, CommandError};
use crate::config::resolve::ResolvedConfig;
use crate::config::{load, nearer};
use crate::files::Readers;
use crate::keys::lockout::Lockout;
use crate::keys::services::Services;
use crate::recipient_edit::RecipientNames;
use crate::ui::Ui;

pub(crate) use self::args::Args;

pub(crate) fn cmd_encrypt(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    let reader = PlaintextReader {
        ui,
        globals,
        args,
        services: &services,
    };
    if let Some(file) = &args.over {
        services.contact_servers_of_named_files();
        return over::encrypt_over(&reader, file);
    }
    if args.output.in_place
        && let Some(files) = args.file.several(ui)
    {
        args.output.check_several(&args.name)?;
        let leftovers = match args.dry_run {
            true => batch::Leftovers::Keep,
            false => batch::Leftovers::Remove,
        };
        let items = batch::items(files, leftovers)?;
        if batch::are_named(&items) {
            services.contact_servers_of_named_files();
        }
        return several::encrypt_all(&reader, &items);
    }
    services.contact_servers_of_named_files();
    let file = args.file.input(ui);
    args.output.check(file)?;
    args.file.refuse_directory("encrypt")?;
    let config = load::config(ui, globals)?;
    let Some(name) = args.name.or(file) else {
        return Err(CommandError::new(
            Code::ConflictingParameters,
            "standard input has no name: pass the name of the file with `--filename-override`",
        ));
    };
    nearer::warn(ui, globals, config.as_ref(), name);
    let resolved = ResolvedConfig {
        config: config.map(Arc::new),
        path: name.to_owned(),
    };
    let plaintext = reader.read(&resolved, file)?;
    let input = &plaintext.input;
    let lockout = Lockout::new(&services);
    let is_replaced = args.output.replaces(file);
    if is_replaced {
        plaintext.refuse_lockout(&lockout)?;
        plaintext.note(&lockout);
    }
    let config = resolved.config.as_deref();
    let names = config.map(RecipientNames::of).unwrap_or_default();
    if args.dry_run {
        plaintext.encrypt().map_err(|error| input.error(error))?;
        lockout.warn(ui);
        return ui.output(plaintext.plan(&names).as_bytes());
    }
    if args.output.is_standard() {
        ui.output_while(|out| plaintext.encrypt_to(out))
            .map_err(|error| input.error(error))?;
        plaintext.warn_of_parts(ui);
        return Ok(());
    }
    let encrypted = plaintext.encrypt().map_err(|error| input.error(error))?;
    plaintext.warn_of_parts(ui);
    let done = plaintext.done(&names, &encrypted);
    args.output
        .deliver(ui, input, encrypted.as_bytes(), Readers::Usual, &done)?;
    lockout.warn(ui);
    Ok(())
}
