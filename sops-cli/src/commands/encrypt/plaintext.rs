//! A plaintext file, the keys and rule to encrypt it with, and the checks before that.

use std::io;
use std::path::Path;

use sops_core::config::Stores;
use sops_core::document::Error as DocumentError;
use sops_core::rules::EncryptionRule;
use sops_core::tree::Node;
use sops_core::{
    CIPHERTEXT_PREFIX, Document, EncryptedDocument, Encryption, Error, Format, convert,
    encrypted_format, is_encrypted, parse_document, refuse_ciphertext,
};
use zeroize::Zeroizing;

use super::args::Args;
use crate::arguments::{GlobalArgs, invocation, require_existing};
use crate::carriage_returns::warn_of_returns;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::resolve::ResolvedConfig;
use crate::encryption_options::{self, Wanted};
use crate::input::Input;
use crate::input_format::has_format;
use crate::keys::groups::KeyGroups;
use crate::keys::lockout::Lockout;
use crate::keys::services::Services;
use crate::recipient_edit::RecipientNames;
use crate::secret_parts::SecretParts;
use crate::ui::Ui;

/// The hint to encrypt a file as binary, although its name has another format.
const AS_WHOLE: &str =
    "to encrypt the file as a whole, add `--output-type binary` too, here and to `decrypt`";

/// Reads plaintext files.
pub(super) struct PlaintextReader<'a> {
    pub(super) ui: &'a Ui,
    pub(super) globals: &'a GlobalArgs,
    pub(super) args: &'a Args,
    pub(super) services: &'a Services,
}

impl PlaintextReader<'_> {
    /// Reads the file, or standard input, and determines the keys and rule to encrypt it with.
    pub(super) fn read(
        &self,
        resolved: &ResolvedConfig,
        file: Option<&Path>,
    ) -> Result<PlaintextFile, CommandError> {
        let Self {
            ui,
            globals,
            args,
            services,
        } = self;
        let ResolvedConfig { config, path: name } = resolved;
        if let Some(file) = file {
            require_existing(file)?;
        }
        let format = args.formats.input(Some(name)).of_plaintext()?;
        let wanted = Wanted {
            rules: &args.rules,
            keys: &args.keys,
            kms: &args.kms,
            threshold: &args.threshold,
        };
        let mut encryption =
            encryption_options::encryption(globals, config.as_deref(), &wanted, services, name)?;
        if format == Format::Binary {
            encryption_options::encrypt_all(ui, &mut encryption);
        }
        let input = Input::read(file, format, Role::Plaintext)?;
        if input.content.is_empty() && format == Format::Yaml {
            return Err(CommandError::new(
                Code::NeedsOneDocument,
                format!("{} is empty; it must contain a document", input.name),
            ));
        }
        if input.is_utf16() {
            ui.warn(format!(
                "{} is in UTF-16; `decrypt` prints it in UTF-8",
                input.name
            ));
        }
        if format == Format::Dotenv {
            warn_of_returns(ui, &input.name, &input.content);
        }
        if format == Format::Binary && may_be_encrypted(&input.content) {
            ui.warn(format_args!(
                "{} is already encrypted, and will be encrypted a second time; to change who can decrypt it, use `sops-rs updatekeys` or `sops-rs rotate`",
                input.name
            ));
        }
        let to = self.output_format(name, format)?;
        let converted = match to == format {
            true => None,
            false => {
                let (rule, stores) = (&encryption.rule, encryption.stores);
                Some(self.converted(name, &input, to, rule, stores)?)
            }
        };
        let mut plaintext = PlaintextFile {
            input,
            converted,
            format: to,
            encryption,
            parts: SecretParts::default(),
        };
        plaintext.parts = SecretParts::of(plaintext.text(), to, &plaintext.encryption.rule);
        plaintext.refuse_leak()?;
        Ok(plaintext)
    }

    /// The plaintext that was read, in another format. `name` determines the format of the file.
    pub(super) fn converted(
        &self,
        name: &Path,
        input: &Input,
        to: Format,
        rule: &EncryptionRule,
        stores: Stores,
    ) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        let format = input.format;
        let plaintext =
            parse_document(&*input.content, format).map_err(|error| input.error(error))?;
        if is_encrypted(&plaintext) {
            return Err(input.error(Error::AlreadyEncrypted));
        }
        let rule = (format != Format::Binary).then_some(rule);
        refuse_ciphertext(&plaintext, rule).map_err(|error| input.error(error))?;
        if to == Format::Binary {
            refuse_other_keys(&plaintext).map_err(|error| input.error(error))?;
        }
        let converted = convert(&plaintext, to, &stores.indentation());
        let converted = converted.map_err(|error| match format {
            Format::Binary => input.error(error).hint(AS_WHOLE),
            _ => input.error(error),
        })?;
        if format == Format::Binary && !self.args.formats.has_output() {
            self.ui.warn(format_args!(
                "{} is written as one value under `data`, and `decrypt` prints it in that form; {AS_WHOLE}",
                name_of(name)
            ));
        }
        Ok(converted)
    }

    /// The format of the encrypted file. If neither a flag nor the file's name determines it, it is
    /// the input format, while `sops` writes JSON.
    fn output_format(&self, name: &Path, format: Format) -> Result<Format, CommandError> {
        let Self { ui, args, .. } = self;
        let output = args.formats.output(Some(name), format);
        let is_told = args.formats.has_output() || has_format(name);
        if is_told || !invocation::is_sops() || matches!(output, Format::Binary | Format::Json) {
            return Ok(output);
        }
        ui.warn(format!(
            "{} is written as JSON, because its name does not show its format; to keep the format, add `--output-type {}`",
            name_of(name),
            output.name()
        ));
        Ok(Format::Json)
    }
}

/// A file to encrypt.
pub(super) struct PlaintextFile {
    pub(super) input: Input,
    /// Its text in the output format, if that differs.
    converted: Option<Zeroizing<Vec<u8>>>,
    format: Format,
    encryption: Encryption,
    /// The problems with the Secrets in it.
    parts: SecretParts,
}

impl PlaintextFile {
    /// The line of a dry run: the recipients that the file would be encrypted for.
    pub(super) fn plan(&self, names: &RecipientNames) -> String {
        let recipients = names.shown_groups(&self.encryption.key_groups);
        format!("{}: would be encrypted for {recipients}\n", self.input.name)
    }

    /// What was done to the file: for whom it was encrypted.
    pub(super) fn done(&self, names: &RecipientNames, encrypted: &str) -> String {
        // The MAC is always encrypted.
        let is_plain = || encrypted.matches(CIPHERTEXT_PREFIX).nth(1).is_none();
        let recipients = names.shown_groups(&self.encryption.key_groups);
        match self.encryption.allow_plaintext && is_plain() {
            true => format!("left in plaintext, with a data key for {recipients}"),
            false => format!("encrypted for {recipients}"),
        }
    }

    fn text(&self) -> &[u8] {
        match &self.converted {
            Some(converted) => converted,
            None => &self.input.content,
        }
    }

    pub(super) fn encrypt(&self) -> sops_core::Result<String> {
        sops_core::encrypt(self.text(), self.format, &self.encryption)
    }

    /// Refuses to encrypt the file in place if that would make it impossible to decrypt.
    pub(super) fn refuse_lockout(&self, lockout: &Lockout<'_>) -> Result<(), CommandError> {
        lockout.check(&self.input, KeyGroups::of(&self.encryption))
    }

    /// Records for the lockout check that the file is encrypted in place.
    pub(super) fn note(&self, lockout: &Lockout<'_>) {
        lockout.note(&self.input.name, KeyGroups::of(&self.encryption));
    }

    /// Warns about the parts of a Secret that stay in plaintext or that Kubernetes rejects.
    pub(super) fn warn_of_parts(&self, ui: &Ui) {
        for warning in &self.parts.warnings {
            ui.warn(format!("{}: {warning}", self.input.name));
        }
    }

    /// Refuses a Secret if one of its values would stay in plaintext by mistake.
    fn refuse_leak(&mut self) -> Result<(), CommandError> {
        let leak = self.parts.leak.take();
        let Some(leak) = leak.filter(|_| !self.encryption.allow_plaintext) else {
            return Ok(());
        };
        let name = &self.input.name;
        let error = CommandError::in_text(leak, name, self.text(), self.format, Role::Plaintext);
        Err(error.hint("if this value is meant to be public, use `--allow-plaintext`"))
    }

    pub(super) fn encrypt_to(&self, out: &mut dyn io::Write) -> sops_core::Result<()> {
        sops_core::encrypt_to(self.text(), self.format, &self.encryption, out)
    }
}

/// Whether a file is a complete encrypted file. A very large file counts as not encrypted, so that
/// it need not be parsed.
pub(super) fn may_be_encrypted(content: &[u8]) -> bool {
    const LIMIT: usize = 1 << 24;
    let format = encrypted_format(content).filter(|_| content.len() <= LIMIT);
    format.is_some_and(|format| EncryptedDocument::parse(content, format).is_ok())
}

/// Refuses a document with values besides that of a binary file, because they would be lost.
fn refuse_other_keys(plaintext: &Document<'_>) -> sops_core::Result<()> {
    let Some(Node::Mapping(entries)) = plaintext.to_tree(0) else {
        return Ok(());
    };
    let has_data = entries.iter().any(|entry| entry.key == "data");
    match entries.into_iter().find(|entry| entry.key != "data") {
        Some(key) if has_data => Err(Error::Document(DocumentError::Unwritable {
            path: key.key,
            message:
                "a binary file contains only the string under `data`, and this key would be lost"
                    .to_owned(),
        })),
        _ => Ok(()),
    }
}
