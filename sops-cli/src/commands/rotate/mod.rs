//! `sops-rs rotate`. For several files, `planned.rs` shows how their recipients change first.

mod planned;

use std::path::Path;
use std::time::SystemTime;

use sops_core::EncryptedDocument;
use sops_core::keys::{self, Family, MasterKey};
use sops_core::metadata::Metadata;
use sops_lint::shell_path;
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KeyChangeArgs, KmsArgs, NameArg, OpeningArgs, OutputArgs,
    invocation, no_file_to_change,
};
use crate::batch;
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::decrypt_file;
use crate::files::{self, Readers};
use crate::input::Input;
use crate::keys::agreement::{Agreement, Unagreed};
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::recipient_edit::{NamesByConfig, RecipientNames};
use crate::ui::Ui;

/// What was done to a rotated file.
const DONE: &str = "encrypted with a new data key";

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
    /// Don't ask, and accept recipients that no rule names
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Print the changes to several files without making them; requires `--in-place`
    #[arg(long, requires = "in_place", hide_short_help = true)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) opening: OpeningArgs,
    /// A recipient that was removed from the creation rules. It also loses access to files that no
    /// rule covers; files that must keep it are left as they are.
    #[arg(skip)]
    pub(crate) leaving: Option<MasterKey>,
    /// The names of recipients before that.
    #[arg(skip)]
    pub(crate) former_names: RecipientNames,
}

pub(crate) fn cmd_rotate(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    rotate(
        ui,
        globals,
        &Services::for_opening(ui, globals, &args.opening)?,
        args,
    )
}

/// Rotates the files with private keys that may already be unlocked.
pub(super) fn rotate(
    ui: &Ui,
    globals: &GlobalArgs,
    services: &Services,
    args: &Args,
) -> Result<(), CommandError> {
    if args.output.in_place
        && let Some(files) = args.file.several(ui)
    {
        args.output.check_several(&args.name)?;
        let leftovers = match args.dry_run {
            true => batch::Leftovers::Keep,
            false => batch::Leftovers::Remove,
        };
        let items = batch::meant(batch::items(files, leftovers)?, true);
        if batch::are_named(&items) {
            services.contact_servers_of_named_files();
        }
        let agreement = Agreement::new(ui, globals, services, args.yes, items.iter())?
            .with_former(args.former_names.clone());
        let rotation = Rotation {
            ui,
            globals,
            args,
            services,
            agreement: &agreement,
            names: NamesByConfig::with_former(args.former_names.clone()),
            is_planned: true,
        };
        let rotated = rotation.rotate_all(&items);
        agreement.warn_of_rules();
        return rotated;
    }
    services.contact_servers_of_named_files();
    let file = args.file.get(ui);
    let file = file.ok_or_else(|| no_file_to_change("sops-rs rotate -i ."))?;
    if args.dry_run {
        let message = "`--dry-run` works only with several files or a directory";
        return Err(CommandError::new(Code::ConflictingParameters, message)
            .hint("to see the result for one file, run `rotate` without `--in-place`"));
    }
    args.output.check(Some(file))?;
    args.file.refuse_directory("rotate")?;
    let agreement = Agreement::new(ui, globals, services, args.yes, [].iter())?;
    let rotation = Rotation {
        ui,
        globals,
        args,
        services,
        agreement: &agreement,
        names: NamesByConfig::default(),
        is_planned: false,
    };
    files::retrying(file, || {
        let (input, result) =
            rotation.rotate(file, |name, unagreed| agreement.require(name, unagreed))?;
        args.output
            .deliver(ui, &input, &result, Readers::Usual, DONE)?;
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
    names: NamesByConfig,
    /// Whether the changes of all files were shown before.
    is_planned: bool,
}

/// The new key groups of a file.
struct ChangedGroups {
    groups: Vec<Vec<MasterKey>>,
    /// The keys to remove that the file does not have.
    missing: Vec<MasterKey>,
}

impl Rotation<'_> {
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
            .hint(format!(
                "to create a new file: `sops-rs edit {}`",
                shell_path(&name_of(file))
            )));
        }
        let input = args.read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let (ChangedGroups { groups, missing }, unagreed) = self.judged(file, &input, &document)?;
        for key in missing {
            ui.warn(format_args!(
                "{}: the file has no {} key `{}`",
                input.name,
                key.family().name(),
                key.id()
            ));
        }
        let key = services.data_key(ui, &input, &document)?;
        // Do not ask about a file that cannot be decrypted.
        agree(&input.name, unagreed)?;
        let open = decrypt_file::open(&input, &document, key, &args.opening)?;
        decrypt_file::warn_of_comments(ui, &input, open.unopened_comments());
        if args.changes.any() && !self.is_planned {
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

    /// The file's new key groups, and the recipients in them that the user must approve.
    fn judged(
        &self,
        file: &Path,
        input: &Input,
        document: &EncryptedDocument<'_>,
    ) -> Result<(ChangedGroups, Unagreed), CommandError> {
        let args = self.args;
        let mut changed = args.changed_groups(&input.name, document.metadata())?;
        if let Some(leaving) = &args.leaving
            && !self.agreement.is_covered(file)?
        {
            remove_leaving(&mut changed.groups, leaving);
        }
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
    fn changed_groups(
        &self,
        name: &str,
        metadata: &Metadata,
    ) -> Result<ChangedGroups, CommandError> {
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
            let message = keys::Error::NoRecipient.to_string();
            let error = CommandError::new(Code::Generic, message).in_file(name);
            return Err(error.hint(match groups.len() {
                1 => "to replace the last key, add another one in the same command, for example with `--add-age`",
                _ => "a key group would have no keys; to delete a whole group, use `sops-rs groups delete`",
            }));
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

/// Removes a key that is leaving, unless a group would be empty without it.
fn remove_leaving(groups: &mut [Vec<MasterKey>], leaving: &MasterKey) {
    let is_only = |group: &Vec<MasterKey>| group.iter().all(|key| leaving.means(key));
    if !groups.iter().any(is_only) {
        for group in groups {
            group.retain(|key| !leaving.means(key));
        }
    }
}

/// Whether a flag removes the key. An ARN alone matches all contexts and profiles, while `sops`
/// requires their names.
fn is_removed(removed: &MasterKey, key: &MasterKey) -> bool {
    let is_family = key.family() == removed.family();
    removed.means(key) || is_family && key.id().starts_with(&format!("{}|", removed.id()))
}
