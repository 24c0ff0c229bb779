//! `sops-rs encrypt --over`: encrypts a new plaintext of an encrypted file.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use sops_core::document::Item;
use sops_core::keys::MasterKey;
use sops_core::metadata::Metadata;
use sops_core::rules::EncryptionRule;
use sops_core::{
    EncryptedDocument, Error, Format, is_encrypted, parse_document, refuse_ciphertext,
};
use sops_lint::{Input as LintInput, Linter, Settings};
use zeroize::Zeroizing;

use super::plaintext::{PlaintextReader, may_be_encrypted};
use crate::arguments::{OpeningArgs, invocation, require_existing};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::resolve::ResolvedConfig;
use crate::config::rule_drift::{RuleDrift, creation_config};
use crate::config::stores::stores_of;
use crate::config::working_dir::working_dir;
use crate::config::{load, nearer};
use crate::decrypt_file;
use crate::files::{self, Expected, Readers};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::lockout::Lockout;
use crate::lint::settings::linter;
use crate::lint::walk::absolute;
use crate::text_guard::TextGuard;

/// Makes the plaintext the new content of the file.
pub(super) fn encrypt_over(reader: &PlaintextReader<'_>, file: &Path) -> Result<(), CommandError> {
    let source = reader.args.file.input(reader.ui);
    if let Some(source) = source {
        require_existing(source)?;
    }
    let exists = file
        .try_exists()
        .map_err(|error| CommandError::input(name_of(file), &error))?;
    match exists {
        true => replace(reader, file, source),
        false => create(reader, file, source),
    }
}

/// Creates the file by its creation rule.
fn create(
    reader: &PlaintextReader<'_>,
    file: &Path,
    source: Option<&Path>,
) -> Result<(), CommandError> {
    let config = load::config(reader.ui, reader.globals)?;
    nearer::warn(reader.ui, reader.globals, config.as_ref(), file);
    let resolved = ResolvedConfig {
        config: config.map(Arc::new),
        path: file.to_owned(),
    };
    let plaintext = reader.read(&resolved, source)?;
    let input = &plaintext.input;
    if is_blank(&input.content, input.format) {
        return Err(is_empty(&input.name));
    }
    let lockout = Lockout::new(reader.services);
    plaintext.note(&lockout);
    let encrypted = plaintext.encrypt().map_err(|error| input.error(error))?;
    plaintext.warn_of_parts(reader.ui);
    let bytes = encrypted.as_bytes();
    files::write(reader.ui, file, bytes, Expected::Nothing, Readers::Usual)?;
    reader.ui.log_written();
    reader.ui.done(file, "created");
    lockout.warn(reader.ui);
    Ok(())
}

/// Replaces the content of an encrypted file, if it changes.
fn replace(
    reader: &PlaintextReader<'_>,
    file: &Path,
    source: Option<&Path>,
) -> Result<(), CommandError> {
    let formats = &reader.args.formats;
    let format = formats.input(Some(file)).of_plaintext()?;
    let plaintext = Input::read(source, format, Role::Plaintext)?;
    let is_written = files::retrying(file, || {
        let by_name = match formats.has_output() {
            true => formats.output(Some(file), format).into(),
            false => InputFormat::of_name(file),
        };
        let encrypted = Input::read(Some(file), by_name, Role::Encrypted)?;
        Replacement {
            reader,
            file,
            encrypted: &encrypted,
            plaintext: &plaintext,
        }
        .write()
    })?;
    if is_written {
        reader.ui.log_written();
        reader.ui.done(file, "changed");
    }
    Ok(())
}

/// An encrypted file and its new plaintext.
struct Replacement<'r> {
    reader: &'r PlaintextReader<'r>,
    file: &'r Path,
    encrypted: &'r Input,
    plaintext: &'r Input,
}

impl Replacement<'_> {
    /// Writes the file, and returns whether it changed.
    fn write(&self) -> Result<bool, CommandError> {
        let PlaintextReader { ui, services, .. } = *self.reader;
        let input = self.encrypted;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let key = services.data_key(ui, input, &document)?;
        let open = decrypt_file::open(input, &document, key.clone(), &OpeningArgs::default())?;
        decrypt_file::warn_of_comments(ui, input, open.unopened_comments());
        let rule = document.metadata().rule.clone().unwrap_or_default();
        let text = self.text(&rule)?;
        let creation = creation_config(ui, self.reader.globals, self.file);
        if *text == open.plaintext() {
            self.warn_of_drift(creation.as_ref(), &input.content);
            self.warn_of_flags(document.metadata())?;
            return Ok(false);
        }
        if is_blank(&text, input.format) {
            return Err(is_empty(&self.plaintext.name));
        }
        let is_lacking = |text| lacks_values(text, input.format);
        if is_lacking(&text) && !is_lacking(open.plaintext()) {
            return Err(loses_all(&self.plaintext.name, "has no values"));
        }
        let creation_rule = creation.as_ref().and_then(ResolvedConfig::rule);
        let drift = creation_rule
            .and_then(|rule| RuleDrift::between(document.metadata(), rule, input.format));
        let allows_plaintext = self.reader.args.rules.allow_plaintext || invocation::is_sops();
        let guard = TextGuard::new(
            &document,
            self.file,
            open.plaintext(),
            drift,
            allows_plaintext,
        );
        let refused = |error| self.error(error, &text);
        let warnings = guard.check(&text).map_err(refused)?;
        let open = decrypt_file::open(input, &document, key, &OpeningArgs::default())?;
        let encrypted = open.encrypt(&*text, SystemTime::now()).map_err(refused)?;
        let bytes = encrypted.as_bytes();
        files::write(ui, self.file, bytes, input.expected(), Readers::Usual)?;
        for warning in warnings {
            ui.warn(format_args!("{}: {warning}", input.name));
        }
        self.warn_of_drift(creation.as_ref(), bytes);
        self.warn_of_flags(document.metadata())?;
        Ok(true)
    }

    /// Warns about flags for a new file that differ from the settings of the existing file.
    fn warn_of_flags(&self, metadata: &Metadata) -> Result<(), CommandError> {
        let args = self.reader.args;
        let listed = args.keys.keys(&args.kms)?;
        let identity = |key: &MasterKey| (key.family(), key.id());
        let groups = metadata.master_keys();
        let kept: HashSet<_> = groups.iter().flatten().map(identity).collect();
        let wanted: HashSet<_> = listed.iter().map(identity).collect();
        let threshold = args.threshold.get();
        let rules = args.rules.given();
        let rule = metadata.rule.clone().unwrap_or_default();
        let ignored = [
            (
                !wanted.is_empty() && wanted != kept,
                "recipients",
                "`sops-rs rotate` and `sops-rs updatekeys` change them",
            ),
            (
                threshold.is_some() && threshold != metadata.shamir_threshold,
                "key group threshold",
                "to change it, edit `shamir_threshold` in `.sops.yaml`, and run `sops-rs updatekeys`",
            ),
            (
                rules.iter().any(|wanted| *wanted != rule),
                "selection rule",
                "to change it, decrypt the file and encrypt it again",
            ),
            (
                self.reader.globals.mac_only_encrypted && !metadata.mac_only_encrypted,
                "`mac_only_encrypted` setting",
                "to change it, decrypt the file and encrypt it again",
            ),
        ];
        for (_, kept, help) in ignored.iter().filter(|(is_ignored, _, _)| *is_ignored) {
            self.reader.ui.warn(format_args!(
                "{}: the file exists, so it keeps its {kept}, and flags that differ are ignored; {help}",
                self.encrypted.name
            ));
        }
        Ok(())
    }

    /// The new plaintext, converted to the format of the file.
    fn text(&self, rule: &EncryptionRule) -> Result<Zeroizing<Vec<u8>>, CommandError> {
        let input = self.plaintext;
        let format = self.encrypted.format;
        if input.format == Format::Binary && may_be_encrypted(&input.content) {
            return Err(input.error(Error::AlreadyEncrypted));
        }
        if input.format != format {
            let config = load::config(self.reader.ui, self.reader.globals)?;
            let stores = stores_of(self.reader.globals, config.as_ref());
            return self
                .reader
                .converted(self.file, input, format, rule, stores);
        }
        let document =
            parse_document(&*input.content, format).map_err(|error| input.error(error))?;
        if is_encrypted(&document) {
            return Err(input.error(Error::AlreadyEncrypted));
        }
        refuse_ciphertext(&document, Some(rule)).map_err(|error| input.error(error))?;
        Ok(Zeroizing::new(input.content.clone()))
    }

    /// An error about the text to encrypt.
    fn error(&self, error: Error, text: &[u8]) -> CommandError {
        let format = self.encrypted.format;
        // The user never sees the lines of converted text.
        let is_shown = self.plaintext.format == format;
        let text = if is_shown { text } else { &[] };
        CommandError::in_text(error, &self.plaintext.name, text, format, Role::Plaintext)
    }

    /// Warns if the recipients or the rule of the file differ from its creation rule.
    fn warn_of_drift(&self, creation: Option<&ResolvedConfig>, content: &[u8]) {
        let Some(creation) = creation else {
            return;
        };
        let (Ok(linter), Ok(working_dir)) = (drift_linter(), working_dir()) else {
            return;
        };
        let path = absolute(&working_dir, &creation.path);
        let input = LintInput::new(&self.encrypted.name, &path, content)
            .with_config(creation.config.as_deref());
        for finding in linter.lint(&input).findings {
            let help = finding.help.map(|help| match help.starts_with("sops-rs ") {
                true => format!("; to change that, run `{help}`"),
                false => format!("; {help}"),
            });
            self.reader.ui.warn(format_args!(
                "{}: {}{}",
                self.encrypted.name,
                finding.message,
                help.unwrap_or_default()
            ));
        }
    }
}

/// A linter with only the rules about differences from the creation rule.
fn drift_linter() -> Result<Linter, CommandError> {
    let mut settings = Settings::default();
    settings.select = ["SL012", "SL013"].map(str::to_owned).to_vec();
    linter(settings)
}

/// Whether `text` is empty, as when the program that wrote it failed.
fn is_blank(text: &[u8], format: Format) -> bool {
    match format {
        Format::Binary => text.is_empty(),
        _ => text.trim_ascii().is_empty(),
    }
}

/// Whether `text` in a format with keys has no values except null.
fn lacks_values(text: &[u8], format: Format) -> bool {
    let is_value = |item: &Item<'_>| matches!(item, Item::Leaf(leaf) if leaf.value.is_some());
    format != Format::Binary
        && parse_document(text, format).is_ok_and(|document| !document.tape().iter().any(is_value))
}

fn is_empty(name: &str) -> CommandError {
    loses_all(name, "is empty")
}

fn loses_all(name: &str, reason: &str) -> CommandError {
    let message = format!("{name} {reason}, so the file would lose all its values");
    CommandError::new(Code::NeedsOneDocument, message)
        .hint("check the program that writes the plaintext; nothing was written")
}
