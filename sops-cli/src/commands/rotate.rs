//! `sops-rs rotate`.

use std::collections::HashSet;
use std::path::Path;
use std::time::SystemTime;

use sops_core::EncryptedDocument;
use sops_core::keys::{self, Family, MasterKey};
use sops_core::metadata::Metadata;
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KeyChangeArgs, KmsArgs, NameArg, OpeningArgs, OutputArgs,
    invocation,
};
use crate::batch::{self, Batch, BatchFile, Work};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::decrypt_file;
use crate::files::{self, Readers};
use crate::input::Input;
use crate::keys::agreement::{Agreement, Unagreed};
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs rotate -i secret.yaml
  sops-rs rotate -i --add-age age1… secret.yaml
  sops-rs rotate -i .                 # every encrypted file here";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) changes: KeyChangeArgs,
    /// Accept recipients that no creation rule names
    #[arg(long, short)]
    pub(crate) yes: bool,
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
        && let Some(files) = args.file.several(ui)
    {
        args.output.check_several(&args.name)?;
        let items = batch::items(files, batch::Leftovers::Remove)?;
        let agreement = Agreement::new(ui, globals, &services, args.yes, items.iter())?;
        let rotation = Rotation {
            ui,
            globals,
            args,
            services: &services,
            agreement: &agreement,
        };
        let rotated = rotation.rotate_all(&items);
        agreement.warn_of_rules();
        return rotated;
    }
    let file = args.file.require(ui)?;
    args.output.check(Some(file))?;
    args.file.refuse_directory("rotate")?;
    let agreement = Agreement::new(ui, globals, &services, args.yes, [].iter())?;
    let rotation = Rotation {
        ui,
        globals,
        args,
        services: &services,
        agreement: &agreement,
    };
    files::retrying(file, || {
        let (input, result) =
            rotation.rotate(file, |name, unagreed| agreement.require(name, unagreed))?;
        args.output.deliver(ui, &input, &result, Readers::Usual)?;
        if args.output.in_place {
            args.formats.of_change(input.format)?.warn(ui, file);
        }
        Ok(())
    })?;
    agreement.warn_of_rules();
    Ok(())
}

/// The context for rotating a file.
struct Rotation<'r> {
    ui: &'r Ui,
    globals: &'r GlobalArgs,
    args: &'r Args,
    services: &'r Services,
    agreement: &'r Agreement<'r>,
}

/// The new key groups of a file.
struct ChangedGroups {
    groups: Vec<Vec<MasterKey>>,
    /// The keys to remove that the file does not have.
    missing: Vec<MasterKey>,
}

impl Rotation<'_> {
    /// Rotates the files, except those with recipients that the user does not agree to.
    fn rotate_all(&self, items: &[BatchFile]) -> Result<(), CommandError> {
        let Self { ui, agreement, .. } = self;
        let unagreed = parallel::map(items, ItemsPerThread::One, |item| {
            let unagreed = item.is_meant(true).then(|| self.unagreed(&item.path));
            // Problems with a file are reported when it is rotated.
            unagreed.and_then(Result::ok)
        });
        let unagreed: Vec<(&BatchFile, &Unagreed)> = items
            .iter()
            .zip(&unagreed)
            .filter_map(|(item, unagreed)| Some((item, unagreed.as_ref()?)))
            .collect();
        agreement.name_several(unagreed.iter().map(|(item, _)| *item))?;
        let named = unagreed.iter();
        let named = named.map(|(item, unagreed)| (name_of(&item.path), (*unagreed).clone()));
        let refused = agreement.settle(named);
        let left: HashSet<&Path> = unagreed
            .iter()
            .filter(|(_, unagreed)| !agreement.is_settled(unagreed))
            .map(|(item, _)| &*item.path)
            .collect();
        let batch = Batch {
            ui,
            items,
            participle: "rotated",
            readers: Readers::Usual,
        };
        let work = |item: &BatchFile| {
            if left.contains(&*item.path) || !item.is_meant(true) {
                return Ok(Work::Ignore);
            }
            let (input, encrypted) = self.rotate(&item.path, |name, unagreed| {
                agreement.check(name, &unagreed)
            })?;
            Ok(Work::Replace(input, encrypted))
        };
        let rotated = batch.replace(work, |_| {});
        ui.errors(refused);
        match left.len() {
            0 => rotated,
            count => rotated.and(Err(CommandError::new(
                Code::Generic,
                format!("files left unchanged: {count}"),
            ))),
        }
    }

    /// Reads the file, and encrypts it under a new data key if `agree` accepts its recipients.
    fn rotate(
        &self,
        file: &Path,
        agree: impl FnOnce(&str, Unagreed) -> Result<(), CommandError>,
    ) -> Result<(Input, Zeroizing<Vec<u8>>), CommandError> {
        let Self {
            ui, args, services, ..
        } = self;
        if args.changes.any() && !file.exists() {
            return Err(CommandError::new(
                Code::CannotChangeKeysOfMissingFile,
                format!("{} does not exist", name_of(file)),
            )
            .hint("to create a new file: `sops-rs edit <FILE>`"));
        }
        let input = args.read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let (ChangedGroups { groups, missing }, unagreed) = self.judged(file, &input, &document)?;
        for key in missing {
            ui.warn(format_args!(
                "the file has no {} key `{}`",
                key.family().name(),
                key.id()
            ));
        }
        let key = services.data_key(ui, &input, &document)?;
        // Do not ask about a file that cannot be decrypted.
        agree(&input.name, unagreed)?;
        let open = decrypt_file::open(&input, &document, key, &args.opening)?;
        decrypt_file::warn_of_comments(ui, &input, open.unopened_comments());
        if args.changes.any() {
            let key_groups = KeyGroups {
                groups: &groups,
                threshold: document.metadata().shamir_threshold,
            };
            services.warn_if_closed(ui, &input.name, key_groups);
        }
        let by_name = args.name.or(Some(file)).unwrap_or(file);
        self.agreement
            .compare_rule(by_name, &input.name, document.metadata(), input.format);
        let formats = args.formats.of_change(input.format)?;
        let rotated = decrypt_file::in_new_format(ui, self.globals, formats, open)?
            .rotate(&groups, &*services.all(), SystemTime::now())
            .map_err(|error| input.error(error))?;
        Ok((input, Zeroizing::new(rotated.into_bytes())))
    }

    /// The recipients of the file that the user must approve.
    fn unagreed(&self, file: &Path) -> Result<Unagreed, CommandError> {
        let input = self.args.read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        Ok(self.judged(file, &input, &document)?.1)
    }

    /// The file's new key groups, and the recipients in them that the user must approve.
    fn judged(
        &self,
        file: &Path,
        input: &Input,
        document: &EncryptedDocument<'_>,
    ) -> Result<(ChangedGroups, Unagreed), CommandError> {
        let args = self.args;
        let changed = args.changed_groups(document.metadata())?;
        let removed = args.changes.removed(&args.kms)?;
        refuse_damaged(input, document, |group, key| {
            let is_named = removed.iter().any(|removed| is_removed(removed, key));
            is_named || !changed.groups[group].contains(key)
        })?;
        let given = args.changes.added(&args.kms)?;
        let name = args.name.or(Some(file)).unwrap_or(file);
        let key_groups = KeyGroups {
            groups: &changed.groups,
            threshold: document.metadata().shamir_threshold,
        };
        let unagreed = self.agreement.unagreed(name, key_groups, &given)?;
        Ok((changed, unagreed))
    }
}

impl Args {
    fn read(&self, file: &Path) -> Result<Input, CommandError> {
        let name = self.name.or(Some(file)).unwrap_or(file);
        let by_name = self.formats.input(Some(name));
        Input::read(Some(file), by_name, Role::Encrypted)
    }

    /// The file's master keys after removing the unwanted ones and adding the new ones to the first
    /// group. In this order, a damaged key can be replaced; `sops` removes a key that is also
    /// added.
    fn changed_groups(&self, metadata: &Metadata) -> Result<ChangedGroups, CommandError> {
        let mut groups = metadata.master_keys();
        let added = self.changes.added(&self.kms)?;
        let adds_first = invocation::is_sops();
        if adds_first {
            add(&mut groups, &added);
        }
        let mut missing = Vec::new();
        for removed in self.changes.removed(&self.kms)? {
            if removed.family() == Family::Age {
                // The text may be a private key, which no message may show.
                removed.check().map_err(CommandError::general)?;
            }
            let has = groups.iter().flatten().any(|key| is_removed(&removed, key));
            groups
                .iter_mut()
                .for_each(|group| group.retain(|key| !is_removed(&removed, key)));
            if !has {
                missing.push(removed);
            }
        }
        if !adds_first {
            add(&mut groups, &added);
        }
        if groups.iter().any(Vec::is_empty) {
            return Err(CommandError::general(keys::Error::NoRecipient));
        }
        Ok(ChangedGroups { groups, missing })
    }
}

/// Adds the keys that the first group does not have.
fn add(groups: &mut [Vec<MasterKey>], added: &[MasterKey]) {
    let Some(first) = groups.first_mut() else {
        return;
    };
    for key in added {
        if !first.iter().any(|old| key.means(old)) {
            first.push(key.clone());
        }
    }
}

/// Whether a flag removes the key. An ARN alone matches all contexts and profiles, while `sops`
/// requires their names.
fn is_removed(removed: &MasterKey, key: &MasterKey) -> bool {
    let is_family = key.family() == removed.family();
    removed.means(key) || is_family && key.id().starts_with(&format!("{}|", removed.id()))
}
