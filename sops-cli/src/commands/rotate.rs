//! `sops-rs rotate`.

use std::path::Path;
use std::time::SystemTime;

use sops_core::keys::{Family, MasterKey};
use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, Error};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KeyChangeArgs, KmsArgs, NameArg, OpeningArgs, OutputArgs,
};
use crate::batch::{self, Work};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::files::Readers;
use crate::key_services::Services;
use crate::opening;
use crate::source::Source;
use crate::ui::Ui;

#[derive(clap::Args, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) changes: KeyChangeArgs,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

pub(crate) fn cmd_rotate(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::for_opening(ui, globals, &args.opening)?;
    if args.output.in_place
        && let Some(files) = args.file.several()
    {
        args.output.check_several(&args.name)?;
        let items = batch::items(files)?;
        return batch::replace(ui, &items, "rotated", Readers::Usual, |item| {
            if !item.is_meant(true) {
                return Ok(Work::Ignore);
            }
            let (source, encrypted) = args.rotate(ui, &services, &item.path)?;
            Ok(Work::Replace(source, encrypted))
        });
    }
    let file = args.file.require(ui)?;
    args.output.check(Some(file))?;
    let (source, result) = args.rotate(ui, &services, file)?;
    args.output.deliver(ui, &source, &result, Readers::Usual)
}

impl Args {
    /// Reads the file, and encrypts it under a new data key.
    fn rotate(
        &self,
        ui: &Ui,
        services: &Services,
        file: &Path,
    ) -> Result<(Source, Zeroizing<Vec<u8>>), CommandError> {
        if self.changes.any() && !file.exists() {
            return Err(CommandError::new(
                Code::CannotChangeKeysOfMissingFile,
                format!(
                    "there is no file {} whose keys could be changed",
                    name_of(file)
                ),
            )
            .hint("to make a new file: `sops-rs edit <FILE>`"));
        }
        let format = self
            .formats
            .both(self.name.or(Some(file)).unwrap_or(file))?;
        let source = Source::read(Some(file), format, Role::Encrypted)?;
        let document = EncryptedDocument::parse(&*source.content, format)
            .map_err(|error| source.error(error))?;
        let groups = changed_groups(ui, self, document.metadata())?;
        let key = services.data_key(ui, &source, &document)?;
        let open = opening::open(&source, &document, key, &self.opening)?;
        opening::warn_of_comments(ui, &source, open.unopened_comments());
        if self.changes.any() {
            let threshold = document.metadata().shamir_threshold;
            services.warn_if_closed(ui, &source.name, &groups, threshold);
        }
        let rotated = open
            .rotate(&groups, &*services.all(), SystemTime::now())
            .map_err(|error| source.error(error))?;
        Ok((source, Zeroizing::new(rotated.into_bytes())))
    }
}

/// The file's master keys, with those added to the first group that are new, and without those that are to go.
fn changed_groups(
    ui: &Ui,
    args: &Args,
    metadata: &Metadata,
) -> Result<Vec<Vec<MasterKey>>, CommandError> {
    let mut groups = metadata.master_keys();
    for removed in args.changes.removed(&args.kms)? {
        let id = removed.id();
        // An ARN alone is for all contexts and profiles, which `sops` wants to be named.
        let with_more = format!("{id}|");
        let keeps = |key: &MasterKey| {
            key.family() != removed.family() || key.id() != id && !key.id().starts_with(&with_more)
        };
        if removed.family() == Family::Age {
            // It may be a private key, which no message shows.
            removed.check().map_err(CommandError::general)?;
        }
        if groups.iter().flatten().all(keeps) {
            ui.warn(format_args!(
                "the {} key `{id}` is none of the file's master keys",
                removed.family().name()
            ));
        }
        groups.iter_mut().for_each(|group| group.retain(keeps));
    }
    let added = args.changes.added(&args.kms)?;
    if let Some(first) = groups.first_mut() {
        for key in added {
            if !first.contains(&key) {
                first.push(key);
            }
        }
    }
    if groups.iter().any(Vec::is_empty) {
        return Err(CommandError::general(Error::NoRecipient));
    }
    Ok(groups)
}
