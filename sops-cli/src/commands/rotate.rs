//! `sops-rs rotate`.

use std::time::SystemTime;

use sops_core::keys::{KeyGroup, Recipient};
use sops_core::metadata::Metadata;
use sops_core::{EncryptedDocument, Error};

use crate::arguments::{FileArg, FormatArgs, KeyChangeArgs, NameArg, OpeningArgs, OutputArgs};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::files::Readers;
use crate::opening;
use crate::source::Source;
use crate::ui::Ui;

/// Encrypt a file anew under a new data key, and print the result
///
/// The file stays readable for the same master keys, but for those that are added and removed.
#[derive(clap::Args, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) changes: KeyChangeArgs,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
}

pub(crate) fn cmd_rotate(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let file = args.file.require(ui)?;
    args.output.check(Some(file))?;
    args.changes.check()?;
    args.opening.check()?;
    if args.changes.any() && !file.exists() {
        return Err(CommandError::new(
            Code::CannotChangeKeysOfMissingFile,
            format!(
                "there is no file {} whose keys could be changed",
                name_of(file)
            ),
        )
        .hint("to make a new file: `sops-rs edit <FILE>`"));
    }
    let format = args
        .formats
        .both(args.name.or(Some(file)).unwrap_or(file))?;
    let source = Source::read(Some(file), format, Role::Encrypted)?;
    let document =
        EncryptedDocument::parse(&source.text, format).map_err(|error| source.error(error))?;
    let groups = changed_groups(ui, &args.changes, document.metadata())?;
    let key = opening::data_key(ui, &source, &document)?;
    let open = opening::open(&source, &document, key, &args.opening)?;
    opening::warn_of_comments(ui, &source, open.unopened_comments());
    let rotated = open
        .rotate(&groups, SystemTime::now(), &ui.prompt())
        .map_err(|error| source.error(error))?;
    args.output
        .deliver(ui, &source, rotated.as_bytes(), Readers::Usual)
}

/// The file's recipients, with those added to the first group that are new, and without those that are to go.
fn changed_groups(
    ui: &Ui,
    changes: &KeyChangeArgs,
    metadata: &Metadata,
) -> Result<Vec<Vec<Recipient>>, CommandError> {
    for recipient in changes.removed_age() {
        recipient
            .parse::<Recipient>()
            .map_err(CommandError::general)?;
    }
    let mut kept = metadata.clone();
    for (family, id) in changes.removed() {
        let mut found = false;
        let mut leave = |group: &mut KeyGroup| {
            let before = group.keys.len();
            group
                .keys
                .retain(|key| key.family() != family || key.id() != id);
            found |= group.keys.len() < before;
        };
        kept.key_groups.iter_mut().for_each(&mut leave);
        if !found {
            ui.warn(format_args!(
                "the {family} key `{id}` is none of the file's master keys"
            ));
        }
    }
    let mut groups = sops_core::recipients(&kept).map_err(|error| {
        CommandError::general(error).hint(
            "keys that cannot be used yet are removed with `--rm-pgp`, `--rm-kms` and the like",
        )
    })?;
    if let Some(first) = groups.first_mut() {
        for recipient in changes.added() {
            let recipient: Recipient = recipient.parse().map_err(CommandError::general)?;
            if !first.contains(&recipient) {
                first.push(recipient);
            }
        }
    }
    if groups.iter().any(Vec::is_empty) {
        return Err(CommandError::general(Error::NoRecipient));
    }
    Ok(groups)
}
