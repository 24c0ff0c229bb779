//! `sops-rs encrypt`.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sops_core::tree::Node;
use sops_core::{Document, Encryption, Error, Format, convert};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs,
    ThresholdArg, require_existing,
};
use crate::batch::{self, Work};
use crate::command_error::{Code, CommandError, Role};
use crate::creation::{self, Wanted};
use crate::files::Readers;
use crate::governing::{Governed, Governing};
use crate::key_services::Services;
use crate::secret_parts::SecretParts;
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
        let own = creation::config(ui, globals)?;
        let items = batch::items(files)?;
        let candidates = items.iter().filter(|item| is_candidate(&item.path));
        let governing = Governing::new(ui, globals, own, candidates)?;
        return batch::replace(ui, &items, "encrypted", Readers::Usual, |item| {
            if !item.is_meant(false) {
                return Ok(Work::Ignore);
            }
            let governed = governing.of(item)?;
            if item.is_found && !(is_candidate(&item.path) && governed.is_covered()) {
                return Ok(Work::Ignore);
            }
            let file = Some(&*item.path);
            let plaintext = args.plaintext(ui, globals, &governed, &services, file)?;
            match plaintext.encrypt() {
                Err(Error::NothingSelected { .. }) if item.is_found => Ok(Work::Unselected),
                Err(error) => Err(plaintext.source.error(error)),
                Ok(encrypted) => {
                    plaintext.warn_of_parts(ui);
                    Ok(Work::Replace(
                        plaintext.source,
                        Zeroizing::new(encrypted.into_bytes()),
                    ))
                }
            }
        });
    }
    let file = args.file.get(ui);
    args.output.check(file)?;
    let config = creation::config(ui, globals)?;
    let Some(name) = args.name.or(file) else {
        return Err(CommandError::new(
            Code::ConflictingParameters,
            "standard input has no name: tell with `--filename-override` what the file will be called",
        ));
    };
    let governed = Governed {
        config: config.map(Arc::new),
        path: name.to_owned(),
    };
    let plaintext = args.plaintext(ui, globals, &governed, &services, file)?;
    let source = &plaintext.source;
    if args.output.is_standard() {
        ui.output_while(|out| plaintext.encrypt_to(out))
            .map_err(|error| source.error(error))?;
        plaintext.warn_of_parts(ui);
        return Ok(());
    }
    let encrypted = plaintext.encrypt().map_err(|error| source.error(error))?;
    plaintext.warn_of_parts(ui);
    args.output
        .deliver(ui, source, encrypted.as_bytes(), Readers::Usual)
}

/// Whether a file that was found can be encrypted, as far as its name tells: it has a format, and is no configuration.
fn is_candidate(path: &Path) -> bool {
    path.file_name() != Some(OsStr::new(".sops.yaml")) && Format::from_path(path) != Format::Binary
}

/// A file that is to be encrypted.
struct Plaintext {
    source: Source,
    /// Its text in the format that is written, where that is another one.
    converted: Option<Zeroizing<Vec<u8>>>,
    format: Format,
    encryption: Encryption,
    /// What is to be said of the Secrets in it.
    parts: SecretParts,
}

impl Plaintext {
    fn text(&self) -> &[u8] {
        self.converted.as_ref().unwrap_or(&self.source.content)
    }

    fn encrypt(&self) -> sops_core::Result<String> {
        sops_core::encrypt(self.text(), self.format, &self.encryption)
    }

    /// Says what of a Secret stays in plaintext, and what Kubernetes does not take.
    fn warn_of_parts(&self, ui: &Ui) {
        for warning in &self.parts.warnings {
            ui.warn(format!("{}: {warning}", self.source.name));
        }
    }

    /// Refuses a Secret of which a value would stay in plaintext by mistake.
    fn refuse_leak(&mut self) -> Result<(), CommandError> {
        let leak = self.parts.leak.take();
        let Some(leak) = leak.filter(|_| !self.encryption.allow_plaintext) else {
            return Ok(());
        };
        let name = &self.source.name;
        let error = CommandError::in_text(leak, name, self.text(), self.format, Role::Plaintext);
        Err(error.hint("if it is meant to be readable by everyone, use `--allow-plaintext`"))
    }

    fn encrypt_to(&self, out: &mut dyn io::Write) -> sops_core::Result<()> {
        sops_core::encrypt_to(self.text(), self.format, &self.encryption, out)
    }
}

impl Args {
    /// Reads the file, or standard input, and what it is to be encrypted with.
    fn plaintext(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        governed: &Governed,
        services: &Services,
        file: Option<&Path>,
    ) -> Result<Plaintext, CommandError> {
        let Governed { config, path: name } = governed;
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
        let mut encryption =
            creation::encryption(globals, config.as_deref(), &wanted, services, name)?;
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
            let plaintext =
                Document::parse(&*source.content, format).map_err(|error| source.error(error))?;
            if plaintext.is_encrypted() {
                return Err(source.error(Error::AlreadyEncrypted));
            }
            let rule = (format != Format::Binary).then_some(&encryption.rule);
            plaintext
                .refuse_ciphertext(rule)
                .map_err(|error| source.error(error))?;
            if to == Format::Binary {
                refuse_other_keys(&plaintext).map_err(|error| source.error(error))?;
            }
            Some(convert(&plaintext, to, &encryption.stores).map_err(|error| source.error(error))?)
        };
        let mut plaintext = Plaintext {
            source,
            converted,
            format: to,
            encryption,
            parts: SecretParts::default(),
        };
        plaintext.parts = SecretParts::of(plaintext.text(), to, &plaintext.encryption.rule);
        plaintext.refuse_leak()?;
        Ok(plaintext)
    }
}

/// Refuses a document with more than the one value of a binary file, for the others would be lost.
fn refuse_other_keys(plaintext: &Document<'_>) -> sops_core::Result<()> {
    let Some(Node::Mapping(entries)) = plaintext.to_tree(0) else {
        return Ok(());
    };
    let has_data = entries.iter().any(|entry| entry.key == "data");
    match entries.into_iter().find(|entry| entry.key != "data") {
        Some(other) if has_data => Err(Error::Unwritable {
            path: other.key,
            message: "a binary file is the string under `data`, and has no other key".to_owned(),
        }),
        _ => Ok(()),
    }
}
