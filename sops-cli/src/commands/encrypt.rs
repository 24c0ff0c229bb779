//! `sops-rs encrypt`.

use sops_core::{Document, Error, Format, convert};

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs,
    ThresholdArg, require_existing,
};
use crate::command_error::{Code, CommandError, Role};
use crate::creation::{self, Wanted};
use crate::files::Readers;
use crate::key_services::Services;
use crate::source::Source;
use crate::ui::Ui;

/// Encrypt a file and print the result
///
/// Without a file, standard input is encrypted. For whom, and which values, is told by the first creation rule of `.sops.yaml` that fits
/// the file's name, and by flags, which come before it. Nothing but the values changes: comments, order and layout stay.
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
}

pub(crate) fn cmd_encrypt(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let file = args.file.get(ui);
    args.output.check(file)?;
    let Some(name) = args.name.or(file) else {
        return Err(CommandError::new(
            Code::ConflictingParameters,
            "standard input has no name: tell with `--filename-override` what the file will be called",
        ));
    };
    if let Some(file) = file {
        require_existing(file)?;
    }
    let format = args.formats.input(Some(name))?;
    let wanted = Wanted {
        rules: &args.rules,
        keys: &args.keys,
        kms: &args.kms,
        threshold: &args.threshold,
    };
    let services = Services::new(ui, globals);
    let encryption = creation::encryption(ui, globals, &wanted, &services, name)?;
    let source = Source::read(file, format, Role::Plaintext)?;
    if source.text.is_empty() && format == Format::Yaml {
        return Err(CommandError::new(
            Code::NeedsOneDocument,
            format!("{} is empty: there has to be a document", source.name),
        ));
    }
    let to = args.formats.output(Some(name), format)?;
    let converted = if to == format {
        None
    } else {
        let stores = creation::stores(ui, globals)?;
        let plaintext =
            Document::parse(&source.text, format).map_err(|error| source.error(error))?;
        if plaintext.is_encrypted() {
            return Err(source.error(Error::AlreadyEncrypted));
        }
        Some(convert(&plaintext, to, &stores).map_err(|error| source.error(error))?)
    };
    let plaintext = converted.as_ref().unwrap_or(&source.text);
    let encrypted =
        sops_core::encrypt(plaintext, to, &encryption).map_err(|error| source.error(error))?;
    args.output
        .deliver(ui, &source, encrypted.as_bytes(), Readers::Usual)
}
