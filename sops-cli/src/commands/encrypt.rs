//! `sops-rs encrypt`.

use std::path::Path;

use sops_core::config::Config;
use sops_core::{Document, Error, Format, convert};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs,
    ThresholdArg, require_existing,
};
use crate::batch;
use crate::command_error::{Code, CommandError, Role};
use crate::creation::{self, Wanted};
use crate::files::Readers;
use crate::key_services::Services;
use crate::source::Source;
use crate::ui::Ui;

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
    let services = Services::new(ui, globals)?;
    if args.output.in_place
        && let Some(files) = args.file.several()
    {
        args.output.check_several(&args.name)?;
        let config = creation::config(ui, globals)?;
        return batch::replace(ui, files, "encrypted", Readers::Usual, |item| {
            if !item.is_meant(false) || item.is_found && !is_covered(config.as_ref(), &item.path) {
                return Ok(None);
            }
            args.encrypt(ui, globals, config.as_ref(), &services, Some(&item.path))
                .map(Some)
        });
    }
    let file = args.file.get(ui);
    args.output.check(file)?;
    let config = creation::config(ui, globals);
    let (source, result) = args.encrypt(ui, globals, config?.as_ref(), &services, file)?;
    args.output.deliver(ui, &source, &result, Readers::Usual)
}

/// Whether the configuration has a rule for the file and is not the file itself.
fn is_covered(config: Option<&Config>, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name != ".sops.yaml" && config.is_none_or(|config| config.creation_rule_for(path).is_ok())
}

impl Args {
    /// Reads the file, or standard input, and encrypts it.
    fn encrypt(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        config: Option<&Config>,
        services: &Services,
        file: Option<&Path>,
    ) -> Result<(Source, Zeroizing<Vec<u8>>), CommandError> {
        let Some(name) = self.name.or(file) else {
            return Err(CommandError::new(
                Code::ConflictingParameters,
                "standard input has no name: tell with `--filename-override` what the file will be called",
            ));
        };
        if let Some(file) = file {
            require_existing(file)?;
        }
        let format = self.formats.input(Some(name))?;
        let wanted = Wanted {
            rules: &self.rules,
            keys: &self.keys,
            kms: &self.kms,
            threshold: &self.threshold,
        };
        let mut encryption = creation::encryption(globals, config, &wanted, services, name)?;
        if format == Format::Binary {
            creation::encrypt_all(ui, &mut encryption);
        }
        let source = Source::read(file, format, Role::Plaintext)?;
        if source.content.is_empty() && format == Format::Yaml {
            return Err(CommandError::new(
                Code::NeedsOneDocument,
                format!("{} is empty: there has to be a document", source.name),
            ));
        }
        let to = self.formats.output(Some(name), format)?;
        let converted = if to == format {
            None
        } else {
            let stores = creation::stores(ui, globals)?;
            let plaintext =
                Document::parse(&*source.content, format).map_err(|error| source.error(error))?;
            if plaintext.is_encrypted() {
                return Err(source.error(Error::AlreadyEncrypted));
            }
            Some(convert(&plaintext, to, &stores).map_err(|error| source.error(error))?)
        };
        let plaintext = converted.as_ref().unwrap_or(&source.content);
        let encrypted = sops_core::encrypt(&**plaintext, to, &encryption)
            .map_err(|error| source.error(error))?;
        Ok((source, Zeroizing::new(encrypted.into_bytes())))
    }
}
