//! `sops-rs publish`.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use sops_core::config::{Config, CreationRule, Destination, DestinationRule};
use sops_core::{EncryptedDocument, Encryption, Format};

use crate::arguments::{GlobalArgs, OpeningArgs, no_file};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::load;
use crate::config::stores::stores_of;
use crate::decrypt_file::{self, Use};
use crate::encryption_options::encrypt_all;
use crate::files::{self, Expected, Readers};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::changes::KeyChanges;
use crate::keys::services::Services;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs publish -y apps/secret.yaml
  sops-rs publish --recursive -y apps";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file, or with `--recursive` a directory
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[arg(hide = true)]
    more: Vec<PathBuf>,
    /// Publish without asking
    #[arg(long, short)]
    yes: bool,
    /// Omit the file extensions from the published names
    #[arg(long)]
    omit_extensions: bool,
    /// Publish all files in a directory and its subdirectories
    #[arg(long)]
    recursive: bool,
    /// Kinds of keys to try first, comma-separated, such as `pgp,age`
    #[arg(
        long,
        value_name = "KINDS",
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true
    )]
    decryption_order: Option<String>,
}

/// The hint if there are no destination rules.
const WHERE: &str = "`destination_rules` in `.sops.yaml` say where files are published; `sops-rs config schema` describes them";

pub(crate) fn cmd_publish(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let config = load::config(ui, globals)?
        .ok_or_else(|| CommandError::new(Code::Generic, "config file not found").hint(WHERE))?;
    for warning in config.destination_warnings() {
        ui.warn(warning);
    }
    let file = args.file.as_deref().ok_or_else(no_file)?;
    if !args.more.is_empty() {
        ui.warn("publish takes one file; the others are ignored");
    }
    let metadata = file
        .metadata()
        .map_err(|error| CommandError::input(name_of(file), &error).with_code(Code::Generic))?;
    let opening = OpeningArgs {
        ignore_mac: false,
        decryption_order: args.decryption_order.clone(),
    };
    let services = Services::for_opening(ui, globals, &opening)?;
    let publication = Publication {
        ui,
        globals,
        args,
        config: &config,
        opening: &opening,
        services: &services,
        targets: RefCell::default(),
    };
    if !metadata.is_dir() {
        services.contact_servers_of_named_files();
        let name = file.file_name().unwrap_or_default();
        return publication.publish(file, Path::new(name));
    }
    if !args.recursive {
        let message = format!("{} is a directory", name_of(file));
        return Err(CommandError::new(Code::Generic, message)
            .hint("`--recursive` publishes all files in it"));
    }
    // List the files before publishing any, so that no published file is among them.
    for path in publication.files_in(file)? {
        let name = path.strip_prefix(file).unwrap_or(&path);
        publication.publish(&path, name)?;
    }
    Ok(())
}

/// The context for publishing files.
struct Publication<'a> {
    ui: &'a Ui,
    globals: &'a GlobalArgs,
    args: &'a Args,
    config: &'a Config,
    opening: &'a OpeningArgs,
    services: &'a Services,
    /// The files written so far.
    targets: RefCell<HashSet<PathBuf>>,
}

impl Publication<'_> {
    /// All files in a directory and those below it, by name. Git's own directory and directories
    /// that files are published to are left out, and links to directories are not followed.
    fn files_in(&self, directory: &Path) -> Result<Vec<PathBuf>, CommandError> {
        let failed = |error| CommandError::input(name_of(directory), &error);
        let mut entries: Vec<_> = fs::read_dir(directory)
            .and_then(Iterator::collect)
            .map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.path();
            if !entry.file_type().map_err(failed)?.is_dir() {
                if !path.is_dir() {
                    files.push(path);
                }
            } else if entry.file_name() != ".git" && !self.is_destination(&path) {
                files.extend(self.files_in(&path)?);
            }
        }
        Ok(files)
    }

    /// Whether files are published to the directory.
    fn is_destination(&self, directory: &Path) -> bool {
        let rules = self.config.destination_rules().iter();
        let mut directories = rules
            .flat_map(|rule| &rule.destinations)
            .filter_map(|destination| match destination {
                Destination::Directory { path } => {
                    self.config.directory().join(path).canonicalize().ok()
                }
                _ => None,
            });
        let directory = directory.canonicalize().ok();
        directory.is_some_and(|directory| directories.any(|destination| destination == directory))
    }

    /// Publishes a file under a name, without its extension with `--omit-extensions`.
    fn publish(&self, file: &Path, name: &Path) -> Result<(), CommandError> {
        let in_config = |error| CommandError::in_config(error, self.config);
        let rule = self.config.destination_rule_for(file);
        let rule = rule.map_err(in_config).map_err(|error| {
            match self.config.destination_rules().is_empty() {
                true => error.hint(WHERE),
                false => error,
            }
        })?;
        let omits_extension = self.args.omit_extensions || rule.omit_extensions;
        let name = match omits_extension {
            true => name.with_extension(""),
            false => name.to_owned(),
        };
        let input = Input::read(Some(file), InputFormat::of_name(file), Role::Encrypted)?;
        let document = EncryptedDocument::parse(&*input.content, input.format)
            .map_err(|error| input.error(error))?;
        let target = self.target(rule, file, &name)?;
        if !self.targets.borrow_mut().insert(target.clone()) {
            let message = format!(
                "{} would replace another published file, {}",
                name_of(file),
                name_of(&target)
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("leave out `--omit-extensions`, or `omit_extensions` in the rule, or rename one of the files"));
        }
        let recreation = &rule.recreation_rule;
        let recreated = match recreation.key_groups.iter().all(Vec::is_empty) {
            true => {
                if recreation.rule.is_some() {
                    self.ui.warn(format!(
                        "{}: the `recreation_rule` has no keys, so the file is published as it is",
                        input.name
                    ));
                }
                None
            }
            false => Some(self.recreated(&input, &document, recreation)?),
        };
        if !self.agrees(file, &target)? {
            return Ok(());
        }
        let content = recreated
            .as_deref()
            .map_or(&input.content[..], str::as_bytes);
        self.write(&target, content)?;
        self.ui.note(format_args!(
            "published {} to {}",
            input.name,
            name_of(&target)
        ));
        Ok(())
    }

    /// The file that is written.
    fn target(
        &self,
        rule: &DestinationRule,
        file: &Path,
        name: &Path,
    ) -> Result<PathBuf, CommandError> {
        let refused = |message: &str| {
            Err(CommandError::new(Code::Generic, message).in_file(&name_of(self.config.file())))
        };
        let shown = name.display();
        let (service, place) = match &rule.destinations[..] {
            [] => {
                return refused(&format!(
                    "no destination configured for this file: the destination rule for {} has none; add `directory` to it",
                    name_of(file)
                ));
            }
            [Destination::Directory { path }] => {
                let target = self.config.directory().join(path).join(name);
                let is_same = |target: &Path| match (target.canonicalize(), file.canonicalize()) {
                    (Ok(target), Ok(file)) => target == file,
                    _ => false,
                };
                return match is_same(&target) {
                    true => refused(&format!(
                        "{} would be published to itself; change `directory` in its destination rule",
                        name_of(file)
                    )),
                    false => Ok(target),
                };
            }
            [Destination::S3 { bucket, prefix }] => {
                ("Amazon S3", format!("s3://{bucket}/{prefix}{shown}"))
            }
            [Destination::Gcs { bucket, prefix }] => (
                "Google Cloud Storage",
                format!("gcs://{bucket}/{prefix}{shown}"),
            ),
            [Destination::Vault { path, .. }] => (
                "HashiCorp Vault",
                format!("{}/{shown}", path.trim_end_matches('/')),
            ),
            [_] => return refused("unknown destination"),
            [_, _, ..] => {
                return refused(&format!(
                    "more than one destination in a destination rule: keep only one in the rule for {}",
                    name_of(file)
                ));
            }
        };
        let message = format!(
            "cannot publish {} to {place}: sops-rs does not support {service} yet",
            name_of(file)
        );
        Err(CommandError::new(Code::Generic, message)
            .hint("use `sops publish`, or a rule with `directory`"))
    }

    /// The file, encrypted again with the keys and the rule of its destination.
    fn recreated(
        &self,
        input: &Input,
        document: &EncryptedDocument<'_>,
        rule: &CreationRule,
    ) -> Result<String, CommandError> {
        let in_config = |error| CommandError::in_config(error, self.config);
        self.config.check_keys(rule).map_err(in_config)?;
        self.services.check(&rule.key_groups)?;
        let decrypted =
            decrypt_file::decrypt(self.ui, self.services, input, self.opening, Use::File)?;
        let changes = KeyChanges::between(document.metadata(), rule);
        if changes.is_change() {
            self.ui
                .print("The following changes will be made to the file's key groups:")?;
            for line in changes.lines() {
                self.ui.print(line)?;
            }
        }
        let threshold = rule.shamir_threshold.map(usize::from);
        let mut encryption = Encryption::to_key_groups(rule.key_groups.clone(), threshold)
            .with_rule(rule.rule.clone().unwrap_or_default())
            .with_stores(stores_of(self.globals, Some(self.config)))
            .with_mac_only_encrypted(rule.mac_only_encrypted)
            .with_key_service(self.services.all());
        if input.format == Format::Binary {
            encrypt_all(self.ui, &mut encryption);
        }
        sops_core::encrypt(&decrypted.plaintext, input.format, &encryption)
            .map_err(|error| input.plaintext_error(error))
    }

    /// Asks the user whether to publish a file. In a directory, a refused file is skipped.
    fn agrees(&self, file: &Path, target: &Path) -> Result<bool, CommandError> {
        if self.args.yes {
            return Ok(true);
        }
        let question = format!("Publish {} to {}?", name_of(file), name_of(target));
        let canceled = || format!("publication of {} canceled", name_of(file));
        match self.ui.confirm(&question) {
            Ok(true) => Ok(true),
            Ok(false) if self.args.recursive => {
                self.ui.note(canceled());
                Ok(false)
            }
            Ok(false) => Err(CommandError::new(Code::Generic, canceled())),
            Err(error) => Err(CommandError::input("the answer", &error)
                .with_code(Code::Generic)
                .hint("to skip the question, add `--yes`")),
        }
    }

    /// Writes the published file. It replaces an existing file only if that file is encrypted.
    fn write(&self, target: &Path, content: &[u8]) -> Result<(), CommandError> {
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| CommandError::output(name_of(parent), &error))?;
        }
        let is_special = fs::metadata(target).is_ok_and(|metadata| !metadata.is_file());
        if is_special {
            let message = format!("{} is not a regular file", name_of(target));
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("move it away, or publish to another directory"));
        }
        let old = match fs::read(target) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(CommandError::input(name_of(target), &error)),
        };
        let expected = match &old {
            Some(old) if !is_encrypted(old) => {
                let message = format!(
                    "{} already exists and is not an encrypted file",
                    name_of(target)
                );
                return Err(CommandError::new(Code::CannotWriteOutput, message)
                    .hint("move it away, or publish to another directory"));
            }
            Some(old) => Expected::Content(old),
            None => Expected::Nothing,
        };
        files::write(self.ui, target, content, expected, Readers::Usual)
    }
}

/// Whether the content is an encrypted file of any format.
fn is_encrypted(content: &[u8]) -> bool {
    let formats = [
        Format::Binary,
        Format::Json,
        Format::Yaml,
        Format::Dotenv,
        Format::Ini,
    ];
    let mut formats = formats.into_iter();
    formats.any(|format| EncryptedDocument::parse(content, format).is_ok())
}
