//! `sops-rs groups`. For several files, `planned.rs` shows all changes first.

mod planned;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Subcommand;
use sops_core::EncryptedDocument;
use sops_core::keys::{DataKey, MasterKey};

use crate::arguments::{GlobalArgs, GroupArgs, OutputArgs, ThresholdArg, invocation};
use crate::command_error::{Code, CommandError, Role};
use crate::files::Readers;
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::agreement::Agreement;
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::services::Services;
use crate::ui::Ui;

/// What was done to a file.
const DONE: &str = "key groups changed";

const EXAMPLES: &str = "\
Examples:
  sops-rs groups add --file secret.yaml --age age1… --in-place
  sops-rs groups delete --file secret.yaml --in-place 1";

const ADD_EXAMPLES: &str = "\
Examples:
  sops-rs groups add --file secret.yaml --age age1… --in-place
  sops-rs groups add --file secret.yaml --age age1… > changed.yaml
  sops-rs groups add --file apps --age age1… --in-place --dry-run";

const DELETE_EXAMPLES: &str = "\
Examples:
  sops-rs groups delete --file secret.yaml --in-place 1
  sops-rs groups delete 1 --file secret.yaml > changed.yaml";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: GroupAction,
}

#[derive(Subcommand, Debug)]
enum GroupAction {
    /// Add a key group and print the result
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        #[command(flatten)]
        target: FileArgs,
        #[command(flatten)]
        group: Box<GroupArgs>,
        #[command(flatten)]
        threshold: ThresholdArg,
    },
    /// Delete a key group and print the result
    #[command(after_help = DELETE_EXAMPLES)]
    Delete {
        #[command(flatten)]
        target: FileArgs,
        /// Index of the group; the first, `Group 1` in messages, is 0
        #[arg(value_name = "INDEX", value_parser = index)]
        index: usize,
        #[command(flatten)]
        threshold: ThresholdArg,
    },
}

/// The file and the destination of the result.
#[derive(clap::Args, Debug)]
#[group(skip)]
struct FileArgs {
    /// The encrypted file; with `--in-place`, you can repeat this flag and name directories
    #[arg(long = "file", short, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the result back to the file
    #[arg(long, short)]
    in_place: bool,
    /// Don't ask, and accept recipients that no rule names
    #[arg(long, short)]
    yes: bool,
    /// Print the changes to several files without making them; requires `--in-place`
    #[arg(long, requires = "in_place")]
    dry_run: bool,
}

impl FileArgs {
    /// Whether there are several files or a directory. Under the name `sops`, the last flag counts.
    fn are_several(&self) -> bool {
        let is_directory = || self.files.iter().any(|file| file.is_dir());
        !invocation::is_sops() && (self.files.len() > 1 || is_directory())
    }
}

/// Reads an index. As in `sops`, it consists of digits only.
fn index(text: &str) -> Result<usize, &'static str> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or("expected a whole number, 0 or greater")
}

pub(crate) fn cmd_groups(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    match &args.action {
        GroupAction::Add {
            target,
            group,
            threshold,
        } => {
            let group = group.keys()?;
            change(ui, globals, target, threshold, GroupChange::Add(group))
        }
        GroupAction::Delete {
            target,
            index,
            threshold,
        } => change(ui, globals, target, threshold, GroupChange::Delete(*index)),
    }
}

/// A change to the key groups of a file.
enum GroupChange {
    Add(Vec<MasterKey>),
    /// The group with this index is deleted.
    Delete(usize),
}

impl GroupChange {
    fn apply(&self, groups: &mut Vec<Vec<MasterKey>>) -> Result<(), String> {
        match self {
            Self::Add(group) if group.is_empty() => {
                return Err(
                    "the new group has no keys; add them, for example with `--age`".to_owned(),
                );
            }
            Self::Add(group) => groups.push(group.clone()),
            Self::Delete(index) if *index >= groups.len() => {
                return Err(format!(
                    "key group {index} does not exist: the file has {} key group{}, and numbering starts at 0",
                    groups.len(),
                    if groups.len() == 1 { "" } else { "s" }
                ));
            }
            Self::Delete(index) => {
                groups.remove(*index);
            }
        }
        match groups.is_empty() {
            true => Err(
                "this is the file's only key group; without it, no one could decrypt the file"
                    .to_owned(),
            ),
            false => Ok(()),
        }
    }

    /// The keys that the command line names.
    fn given(&self) -> &[MasterKey] {
        match self {
            Self::Add(group) => group,
            Self::Delete(_) => &[],
        }
    }
}

/// Changes the key groups of one file or several.
fn change(
    ui: &Ui,
    globals: &GlobalArgs,
    target: &FileArgs,
    threshold: &ThresholdArg,
    change: GroupChange,
) -> Result<(), CommandError> {
    let Some(file) = target.files.last() else {
        let error = CommandError::new(Code::CannotReadInput, "no file was given");
        return Err(error.hint("pass it with `--file`"));
    };
    let change = FileChange {
        ui,
        globals,
        target,
        threshold: threshold.get(),
        change,
    };
    if target.are_several() {
        return change.planned();
    }
    if target.dry_run {
        let message = "`--dry-run` works only with several files or a directory";
        return Err(CommandError::new(Code::ConflictingParameters, message)
            .hint("to see the result for one file, run the command without `--dry-run` and `--in-place`"));
    }
    change.one(file)
}

/// The context for changing files.
struct FileChange<'c> {
    ui: &'c Ui,
    globals: &'c GlobalArgs,
    target: &'c FileArgs,
    threshold: Option<usize>,
    change: GroupChange,
}

/// The key groups that a file gets, and its threshold.
struct ChangedGroups {
    groups: Vec<Vec<MasterKey>>,
    threshold: Option<usize>,
}

impl ChangedGroups {
    fn key_groups(&self) -> KeyGroups<'_> {
        KeyGroups {
            groups: &self.groups,
            threshold: self.threshold,
        }
    }
}

impl FileChange<'_> {
    /// Changes one file, and writes the result to its destination.
    fn one(&self, file: &Path) -> Result<(), CommandError> {
        let Self {
            ui,
            globals,
            target,
            change,
            ..
        } = self;
        let input = read(file)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let changed = self.changed(&input, &document)?;
        let services = Services::new(ui, globals)?;
        services.contact_servers_of_named_files();
        let key = services.data_key(ui, &input, &document)?;
        let agreement = Agreement::new(ui, globals, &services, target.yes, [].iter())?;
        let unagreed = agreement.unagreed(file, changed.key_groups(), change.given())?;
        agreement.require(&input.name, unagreed)?;
        services.warn_if_closed(ui, &input.name, changed.key_groups());
        let result = encrypt(&services, &input, &document, &key, &changed)?;
        let output = OutputArgs {
            in_place: target.in_place,
            output: None,
        };
        output.deliver(ui, &input, result.as_bytes(), Readers::Usual, DONE)
    }

    /// The key groups after the change.
    fn changed(
        &self,
        input: &Input,
        document: &EncryptedDocument<'_>,
    ) -> Result<ChangedGroups, CommandError> {
        let mut groups = document.metadata().master_keys();
        let refused =
            |message: String| CommandError::new(Code::Generic, message).in_file(&input.name);
        self.change.apply(&mut groups).map_err(refused)?;
        let old = document.metadata().shamir_threshold;
        // A file with one group may have a threshold of 1, which Shamir's scheme does not support.
        let threshold = self
            .threshold
            .or(old.filter(|old| *old > 1 || groups.len() == 1));
        if let Some(threshold) = threshold.filter(|threshold| *threshold > groups.len()) {
            let message = format!(
                "the threshold, {threshold}, would be greater than the number of key groups, {}",
                groups.len()
            );
            return Err(refused(message)
                .hint("pass a lower threshold with `--shamir-secret-sharing-threshold`"));
        }
        if threshold == Some(1) && groups.len() > 1 {
            let message = "several key groups need a threshold of 2 or more";
            return Err(refused(message.to_owned())
                .hint("to let each key decrypt on its own, put all keys into one group"));
        }
        refuse_damaged(
            input,
            document,
            |group, _| matches!(self.change, GroupChange::Delete(index) if index == group),
        )?;
        Ok(ChangedGroups { groups, threshold })
    }
}

fn read(file: &Path) -> Result<Input, CommandError> {
    Input::read(Some(file), InputFormat::of_name(file), Role::Encrypted)
}

/// The file with its data key encrypted for the changed groups.
fn encrypt(
    services: &Services,
    input: &Input,
    document: &EncryptedDocument<'_>,
    key: &DataKey,
    ChangedGroups { groups, threshold }: &ChangedGroups,
) -> Result<String, CommandError> {
    let (all, now) = (services.all(), SystemTime::now());
    document
        .with_key_groups(key, groups, *threshold, &*all, now)
        .map_err(|error| input.error(error))
}
