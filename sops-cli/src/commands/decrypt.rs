//! `sops-rs decrypt`.

use std::io::Read as _;
use std::path::Path;

use sops_core::reading::{self, FileKind};
use sops_core::{
    Component, EncryptedDocument, Format, KeyPath, encrypted_format, extract, parse_document,
};
use sops_lint::{shell_path, shell_word};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, NameArg, OpeningArgs, OutputArgs, invocation, key_path,
    require_existing,
};
use crate::batch::{self, Batch, BatchFile, Work};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::stores;
use crate::decoded_data::{decoded, decoded_mapping, to_string_data};
use crate::decrypt_file::{self, Use};
use crate::files::Readers;
use crate::input::Input;
use crate::keys::services::Services;
use crate::similar_path::with_suggestion;
use crate::sops_dates;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs decrypt secret.yaml
  sops-rs decrypt -i apps             # every encrypted file in apps
  sops-rs decrypt --extract stringData.password secret.yaml";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Print only the value at this key path: `a.b[0]`, `.a["b.c"]` or `["a"]["b"]`
    #[arg(long, value_name = "PATH")]
    pub(crate) extract: Option<String>,
    /// Print base64 under `data` of Secrets as text under `stringData`
    ///
    /// Values that are not text stay under `data`. With `--extract`, print the bytes of the value,
    /// or the mapping `data` with decoded values.
    #[arg(long, hide_short_help = true, conflicts_with = "in_place")]
    pub(crate) decode: bool,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

pub(crate) fn cmd_decrypt(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::for_opening(ui, globals, &args.opening)?;
    if args.output.in_place
        && let Some(files) = args.file.several(ui)
    {
        args.output.check_several(&args.name)?;
        let items = batch::items(files, batch::Leftovers::Remove)?;
        if batch::are_named(&items) {
            services.contact_servers_of_named_files();
        }
        let batch = Batch {
            ui,
            items: &items,
            participle: "decrypted",
            readers: Readers::Owner,
            lists_found: true,
        };
        let work = |item: &BatchFile| {
            if !item.is_meant(true) {
                return Ok(Work::Ignore);
            }
            let (input, plaintext) =
                args.decrypt(ui, globals, &services, Some(&item.path), false)?;
            Ok(Work::Replace(input, plaintext, "decrypted".into()))
        };
        return batch.replace(work);
    }
    services.contact_servers_of_named_files();
    args.refuse_path()?;
    let file = args.file.input(ui);
    args.output.check(file)?;
    args.refuse_directory()?;
    let (input, result) = args.decrypt(ui, globals, &services, file, true)?;
    args.refuse_other_encrypted(file)?;
    args.output
        .deliver(ui, &input, &result, Readers::Owner, "decrypted")?;
    // Not wiped, like the document in `decrypt`, because it was encrypted.
    std::mem::forget(input);
    Ok(())
}

impl Args {
    /// Refuses to write plaintext over another encrypted file, whose values would be lost. `sops`
    /// replaces it.
    fn refuse_other_encrypted(&self, file: Option<&Path>) -> Result<(), CommandError> {
        let output = self.output.output().filter(|_| !invocation::is_sops());
        let Some(output) = output.filter(|_| !self.output.replaces(file)) else {
            return Ok(());
        };
        let mut content = Vec::new();
        let read = reading::open(output, FileKind::Regular)
            .and_then(|mut file| file.read_to_end(&mut content));
        if let Err(error) = read {
            // Only a regular file has values to lose; a pipe or a terminal does not.
            return match output.is_file() {
                true => Err(CommandError::input(name_of(output), &error)
                    .with_code(Code::CannotWriteOutput)
                    .hint("it may be another encrypted file; choose another name, or delete the file first")),
                false => Ok(()),
            };
        }
        let is_encrypted = encrypted_format(&content)
            .is_some_and(|format| EncryptedDocument::parse(&*content, format).is_ok());
        if !is_encrypted {
            return Ok(());
        }
        let message = "this is another encrypted file, and the plaintext would replace its values";
        Err(CommandError::new(Code::CannotWriteOutput, message)
            .in_file(&name_of(output))
            .hint("choose another name, or delete the file first"))
    }

    /// Reads the file, or standard input, and decrypts it.
    fn decrypt(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        services: &Services,
        file: Option<&Path>,
        is_only_file: bool,
    ) -> Result<(Input, Zeroizing<Vec<u8>>), CommandError> {
        if let Some(file) = file {
            require_existing(file)?;
        }
        let name = self.name.or(file);
        let by_name = self.formats.input(name);
        let path = self.path()?;
        let input = Input::read(file, by_name, Role::Encrypted)?;
        let format = input.format;
        let to = self.formats.decrypted(name, format, &input.content);
        let purpose = Use::in_format(format, to);
        let document = decrypt_file::parse(&input)?;
        let opening = &self.opening;
        let decrypted =
            decrypt_file::decrypt_document(ui, services, &input, &document, opening, purpose)?;
        if is_only_file {
            // Wiping the document would take time, although it was encrypted and the program ends
            // soon.
            std::mem::forget(document);
        }
        let Some(path) = path else {
            let result = decrypt_file::in_format(ui, globals, &input, decrypted, to)?;
            if self.decode {
                let decoded = to_string_data(&result, to);
                let decoded = decoded.map_err(|error| input.plaintext_error(error))?;
                return Ok((input, decoded));
            }
            let result = match to {
                Format::Yaml if invocation::is_sops() => sops_dates::as_in_sops(result),
                _ => result,
            };
            return Ok((input, result));
        };
        let stores = stores::stores(ui, globals)?;
        let result = parse_document(&*decrypted.plaintext, format).and_then(|plaintext| {
            if let Some(mapping) = self
                .decode
                .then(|| decoded_mapping(&plaintext, &path))
                .flatten()
            {
                if !mapping.kept.is_empty() {
                    ui.warn(format_args!(
                        "these values are still in base64, because they are not text: {}",
                        mapping.kept.join(", ")
                    ));
                }
                let plaintext = parse_document(&*mapping.text, format)?;
                return extract(&plaintext, &path, to, &stores.indentation());
            }
            let value = extract(&plaintext, &path, to, &stores.indentation());
            let value = value.map_err(|error| with_suggestion(error, &plaintext, &path))?;
            Ok(match self.decode {
                true => decoded(&plaintext, &path, value),
                false => value,
            })
        });
        let result = result.map_err(|error| input.plaintext_error(error))?;
        Ok((input, result))
    }

    /// Refuses a key path after the file, because all values would be printed.
    fn refuse_path(&self) -> Result<(), CommandError> {
        let (Some(file), Some(word)) = (self.file.first(), self.file.misplaced_word()) else {
            return Ok(());
        };
        if invocation::is_sops() || self.extract.is_some() || !file.is_file() {
            return Ok(());
        }
        let input = Input::read(Some(file), self.formats.input(Some(file)), Role::Encrypted)?;
        let path = key_path(word).ok();
        let first = path.as_ref().and_then(|path| path.components().first());
        let Some(Component::Key(first)) = first else {
            return Ok(());
        };
        let is_key = parse_document(&*input.content, input.format).is_ok_and(|document| {
            let mut tops = document.tops().flatten();
            tops.any(|top| top.get(first).is_some())
        });
        if !is_key {
            return Ok(());
        }
        let message = format!("`{word}` is not a file");
        Err(
            CommandError::new(Code::ConflictingParameters, message).hint(format!(
                "to print only this value: `sops-rs decrypt --extract {} {}`",
                shell_word(word),
                shell_path(&input.name)
            )),
        )
    }

    /// Refuses a directory. Most users want to see a value, and not to have all files in plaintext.
    fn refuse_directory(&self) -> Result<(), CommandError> {
        let Some(directory) = self.file.first().filter(|file| file.is_dir()) else {
            return Ok(());
        };
        let name = name_of(directory);
        let message = format!("{name} is a directory");
        Err(CommandError::new(Code::CannotReadInput, message)
            .hint(format!(
                "to see what is in it: `sops-rs status {}`; to print a file: `sops-rs decrypt FILE`",
                shell_path(&name)
            ))
            .hint("to replace every encrypted file in it by its plaintext, add `--in-place`"))
    }

    /// The path to print, unless it is empty.
    fn path(&self) -> Result<Option<KeyPath>, CommandError> {
        let text = self.extract.as_deref().filter(|path| !path.is_empty());
        let path = text.map(key_path).transpose();
        path.map_err(|error| CommandError::general(error).with_code(Code::InvalidTreePath))
    }
}
