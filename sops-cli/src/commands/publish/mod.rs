//! `sops-rs publish`: `target.rs` says where a file is published, `local.rs` writes to a directory,
//! and `secret.rs` makes the content of a secret in Vault.

mod local;
mod secret;
mod target;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use sops_core::config::{Config, CreationRule, Destination, DestinationRule};
use sops_core::{EncryptedDocument, Encryption, Format};

use self::target::Target;

use crate::arguments::{GlobalArgs, OpeningArgs, no_file};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::load;
use crate::config::stores::stores_of;
use crate::decrypt_file::{self, Use};
use crate::encryption_options::encrypt_all;
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
    /// The targets written so far.
    targets: RefCell<HashSet<Target>>,
}

impl Publication<'_> {
    /// All files in a directory and those below it, by name. Git's own directory and directories
    /// that files are published to are left out, as are links to directories and out of this one.
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
                if !path.is_dir() && !self.leads_out(&path) {
                    files.push(path);
                }
            } else if entry.file_name() != ".git" && !self.is_destination(&path) {
                files.extend(self.files_in(&path)?);
            }
        }
        Ok(files)
    }

    /// Whether a link leads to a file outside the published directory.
    fn leads_out(&self, path: &Path) -> bool {
        let root = self.args.file.as_deref().map(Path::canonicalize);
        match (root, path.canonicalize()) {
            (Some(Ok(root)), Ok(file)) => !file.starts_with(root),
            // Reading the file reports the error.
            _ => false,
        }
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
        let target = Target::of(self.config, rule, file, &name)?;
        if !self.targets.borrow_mut().insert(target.clone()) {
            let message = format!(
                "{} would replace another published file, {target}",
                name_of(file)
            );
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("leave out `--omit-extensions`, or `omit_extensions` in the rule, or rename one of the files"));
        }
        let content = self.content(&input, &document, rule, &target)?;
        if !self.agrees(file, &target)? {
            return Ok(());
        }
        match &target {
            Target::File(path) => local::write(self.ui, path, &content)?,
            #[cfg(feature = "cloud-keys")]
            Target::Server(destination) => {
                let published = self.services.publish(destination, &content);
                let published = published.map_err(|error| {
                    let message = format!("cannot publish {} to {target}: {error}", input.name);
                    CommandError::new(Code::Generic, message)
                })?;
                if published == sops_kms::Published::Unchanged {
                    self.ui.note(format_args!("{target} is already up to date"));
                    return Ok(());
                }
            }
        }
        self.ui
            .note(format_args!("published {} to {target}", input.name));
        Ok(())
    }

    /// What is published: the encrypted file, or in Vault its decrypted values.
    fn content<'i>(
        &self,
        input: &'i Input,
        document: &EncryptedDocument<'_>,
        rule: &DestinationRule,
        target: &Target,
    ) -> Result<Cow<'i, [u8]>, CommandError> {
        let recreation = &rule.recreation_rule;
        let has_keys = !recreation.key_groups.iter().all(Vec::is_empty);
        if target.is_plaintext() {
            if has_keys || recreation.rule.is_some() {
                self.ui.warn(format!(
                    "{}: the `recreation_rule` has no effect, because Vault gets the decrypted values",
                    input.name
                ));
            }
            let decrypted =
                decrypt_file::decrypt(self.ui, self.services, input, self.opening, Use::Values)?;
            let json = secret::json_of(input, &decrypted.plaintext)?;
            return Ok(Cow::Owned(json.to_vec()));
        }
        if has_keys {
            let recreated = self.recreated(input, document, recreation)?;
            return Ok(Cow::Owned(recreated.into_bytes()));
        }
        if recreation.rule.is_some() {
            self.ui.warn(format!(
                "{}: the `recreation_rule` has no keys, so the file is published as it is",
                input.name
            ));
        }
        Ok(Cow::Borrowed(&input.content))
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
    fn agrees(&self, file: &Path, target: &Target) -> Result<bool, CommandError> {
        if self.args.yes {
            return Ok(true);
        }
        let content = match target.is_plaintext() {
            true => "the decrypted values of ",
            false => "",
        };
        let question = format!("Publish {content}{} to {target}?", name_of(file));
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
}
