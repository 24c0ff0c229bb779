//! `sops-rs encrypt`.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;

use sops_core::tree::Node;
use sops_core::{Document, Encryption, Error, Format, convert};
use zeroize::Zeroizing;

use crate::arguments::{
    FileArg, FormatArgs, GlobalArgs, KmsArgs, MasterKeyArgs, NameArg, OutputArgs, RuleArgs,
    ThresholdArg, require_existing,
};
use crate::batch::{self, Batch, Item, Left, LeftInPlaintext, Work};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::creation::{self, Wanted};
use crate::files::Readers;
use crate::governing::{Governed, Governing};
use crate::key_names::recipients;
use crate::key_services::Services;
use crate::lint::demand::Demand;
use crate::lockout::Lockout;
use crate::parallel::{self, ItemsPerThread};
use crate::secret_parts::SecretParts;
use crate::source::Source;
use crate::ui::Ui;

#[derive(clap::Args, Debug, Default)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) file: FileArg,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) keys: MasterKeyArgs,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    #[command(flatten)]
    pub(crate) threshold: ThresholdArg,
    #[command(flatten)]
    pub(crate) formats: FormatArgs,
    #[command(flatten)]
    pub(crate) name: NameArg,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Print which files would be encrypted and for whom, and write nothing
    #[arg(long, requires = "in_place")]
    pub(crate) dry_run: bool,
}

pub(crate) fn cmd_encrypt(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let services = Services::new(ui, globals)?;
    if args.output.in_place
        && let Some(files) = args.file.several()
    {
        args.output.check_several(&args.name)?;
        let leftovers = match args.dry_run {
            true => batch::Leftovers::Keep,
            false => batch::Leftovers::Remove,
        };
        let items = batch::items(files, leftovers)?;
        return args.encrypt_all(ui, globals, &services, &items);
    }
    let file = args.file.get(ui);
    args.output.check(file)?;
    args.file.refuse_directory("encrypt")?;
    let config = creation::config(ui, globals)?;
    let Some(name) = args.name.or(file) else {
        return Err(CommandError::new(
            Code::ConflictingParameters,
            "standard input has no name: tell with `--filename-override` what the file will be called",
        ));
    };
    let governed = Governed {
        config: config.map(Arc::new),
        path: name.to_owned(),
    };
    let plaintext = args.plaintext(ui, globals, &governed, &services, file)?;
    let source = &plaintext.source;
    let lockout = Lockout::new(&services);
    let is_replaced = args.output.replaces(file);
    if is_replaced {
        plaintext.refuse_lockout(&lockout)?;
        plaintext.note(&lockout);
    }
    if args.dry_run {
        plaintext.encrypt().map_err(|error| source.error(error))?;
        lockout.warn(ui);
        return ui.output(plaintext.plan().as_bytes());
    }
    if args.output.is_standard() {
        ui.output_while(|out| plaintext.encrypt_to(out))
            .map_err(|error| source.error(error))?;
        plaintext.warn_of_parts(ui);
        return Ok(());
    }
    let encrypted = plaintext.encrypt().map_err(|error| source.error(error))?;
    plaintext.warn_of_parts(ui);
    args.output
        .deliver(ui, source, encrypted.as_bytes(), Readers::Usual)?;
    lockout.warn(ui);
    Ok(())
}

/// Whether a file that was found can be encrypted, as far as its name tells: it has a format, and is no configuration.
fn is_candidate(path: &Path) -> bool {
    let is_config = [".sops.yaml", ".sops.yml"].map(OsStr::new).map(Some);
    !is_config.contains(&path.file_name()) && Format::from_path(path) != Format::Binary
}

/// What is to be done with a file.
enum Meaning {
    Encrypt,
    Ignore,
    /// It has to be encrypted, but there is no creation rule for it.
    Uncovered,
}

/// What is to be done with the files of a call.
struct Meanings {
    /// Finds the plaintext Secrets in directories.
    demand: Option<Demand>,
    /// Whether the command line names master keys, so that no creation rule has to.
    has_keys: bool,
}

impl Meanings {
    /// A file that was named is always encrypted. One that was found is if a rule singles it out, or if `lint` wants it encrypted.
    fn of(&self, item: &Item, governed: &Governed) -> Result<Meaning, CommandError> {
        let config = governed.config.as_deref();
        if !item.is_found {
            return Ok(match config {
                None if !self.has_keys => Meaning::Uncovered,
                _ => Meaning::Encrypt,
            });
        }
        if !is_candidate(&item.path) || !item.is_meant(false) {
            return Ok(Meaning::Ignore);
        }
        let rule = governed.singles_out();
        let is_demanded = || match &self.demand {
            Some(demand) => demand.covers(&item.path, &governed.path, config),
            None => Ok(true),
        };
        let (is_covered, is_demanded) = match rule {
            Ok(Some(true)) => (true, true),
            Ok(Some(false)) => (true, is_demanded()?),
            Ok(None) => (self.has_keys, is_demanded()?),
            Err(_) => (false, is_demanded()?),
        };
        Ok(match (is_demanded, is_covered) {
            (true, true) => Meaning::Encrypt,
            (true, false) => Meaning::Uncovered,
            (false, _) => Meaning::Ignore,
        })
    }
}

/// Prints what would be encrypted and for whom.
fn plan(
    ui: &Ui,
    items: &[Item],
    lockout: &Lockout<'_>,
    prepare: impl Fn(&Item) -> Result<Prepared, CommandError> + Sync,
) -> Result<(), CommandError> {
    let outcomes = parallel::map(items, ItemsPerThread::One, |item| {
        Ok(match prepare(item)? {
            Prepared::Encrypted(plaintext, _) => {
                plaintext.note(lockout);
                Planned::Line(plaintext.plan())
            }
            Prepared::Ignored => Planned::Ignored,
            Prepared::Left(why) => Planned::Left(why),
        })
    });
    let (mut left, mut errors, mut planned) = (LeftInPlaintext::default(), Vec::new(), 0);
    for (outcome, item) in outcomes.into_iter().zip(items) {
        match outcome {
            Ok(Planned::Ignored) => {}
            Ok(Planned::Left(why)) => left.add(&item.path, why),
            Ok(Planned::Line(line)) => {
                planned += 1;
                ui.output(line.as_bytes())?;
            }
            Err(error) => errors.push(error),
        }
    }
    left.note(ui);
    lockout.warn(ui);
    let failed = errors.len() + left.uncovered_count();
    errors.extend(left.errors()?);
    let Some(code) = errors.first().map(CommandError::code) else {
        return Ok(());
    };
    errors.iter().for_each(|error| ui.error(error));
    let message = format!(
        "{failed} of {} files could not be encrypted",
        failed + planned
    );
    Err(CommandError::new(code, message))
}

/// What a dry run says of a file.
enum Planned {
    Ignored,
    Left(Left),
    Line(String),
}

/// A file that is to be encrypted.
struct Plaintext {
    source: Source,
    /// Its text in the format that is written, where that is another one.
    converted: Option<Zeroizing<Vec<u8>>>,
    format: Format,
    encryption: Encryption,
    /// The problems with the Secrets in it.
    parts: SecretParts,
}

/// What happens to one of many files.
enum Prepared {
    /// The command does not apply to it.
    Ignored,
    /// It stays in plaintext.
    Left(Left),
    Encrypted(Box<Plaintext>, String),
}

impl Plaintext {
    /// The line that says for whom the file would be encrypted.
    fn plan(&self) -> String {
        let recipients = recipients(&self.encryption.key_groups);
        format!(
            "{}: would be encrypted for {recipients}\n",
            self.source.name
        )
    }

    fn text(&self) -> &[u8] {
        self.converted.as_ref().unwrap_or(&self.source.content)
    }

    fn encrypt(&self) -> sops_core::Result<String> {
        sops_core::encrypt(self.text(), self.format, &self.encryption)
    }

    /// Refuses to encrypt the file in place if that would make it impossible to decrypt.
    fn refuse_lockout(&self, lockout: &Lockout<'_>) -> Result<(), CommandError> {
        let Encryption {
            key_groups,
            shamir_threshold,
            ..
        } = &self.encryption;
        lockout.check(&self.source, key_groups, *shamir_threshold)
    }

    /// Has the lockout know that the file is encrypted in place.
    fn note(&self, lockout: &Lockout<'_>) {
        let Encryption {
            key_groups,
            shamir_threshold,
            ..
        } = &self.encryption;
        lockout.note(&self.source.name, key_groups, *shamir_threshold);
    }

    /// Says what of a Secret stays in plaintext, and what Kubernetes does not take.
    fn warn_of_parts(&self, ui: &Ui) {
        for warning in &self.parts.warnings {
            ui.warn(format!("{}: {warning}", self.source.name));
        }
    }

    /// Refuses a Secret of which a value would stay in plaintext by mistake.
    fn refuse_leak(&mut self) -> Result<(), CommandError> {
        let leak = self.parts.leak.take();
        let Some(leak) = leak.filter(|_| !self.encryption.allow_plaintext) else {
            return Ok(());
        };
        let name = &self.source.name;
        let error = CommandError::in_text(leak, name, self.text(), self.format, Role::Plaintext);
        Err(error.hint("if it is meant to be readable by everyone, use `--allow-plaintext`"))
    }

    fn encrypt_to(&self, out: &mut dyn io::Write) -> sops_core::Result<()> {
        sops_core::encrypt_to(self.text(), self.format, &self.encryption, out)
    }
}

impl Args {
    /// Encrypts the files that are named, and those in directories that are meant.
    fn encrypt_all(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        services: &Services,
        items: &[Item],
    ) -> Result<(), CommandError> {
        let own = creation::config(ui, globals)?;
        let is_concerned = |item: &&Item| !item.is_found || is_candidate(&item.path);
        let candidates = || items.iter().filter(is_concerned);
        let governing = Governing::new(ui, globals, own, candidates())?;
        let is_directory = items.iter().any(|item| item.is_found);
        let meanings = Meanings {
            demand: is_directory.then(Demand::new).transpose()?,
            has_keys: !self.keys.keys(&self.kms)?.is_empty(),
        };
        let lockout = Lockout::new(services);
        let prepare = |item: &Item| {
            let governed = governing.of(item)?;
            match meanings.of(item, &governed)? {
                Meaning::Encrypt => {}
                Meaning::Ignore => return Ok(Prepared::Ignored),
                Meaning::Uncovered => {
                    let config = governed.config.as_ref();
                    let file = config.map(|config| config.file().to_owned());
                    return Ok(Prepared::Left(Left::Uncovered(file)));
                }
            }
            let file = Some(&*item.path);
            let plaintext = self.plaintext(ui, globals, &governed, services, file)?;
            plaintext.refuse_lockout(&lockout)?;
            match plaintext.encrypt() {
                Err(Error::NothingSelected { .. }) if item.is_found => {
                    Ok(Prepared::Left(Left::Unselected))
                }
                Err(error) => Err(plaintext.source.error(error)),
                Ok(encrypted) => Ok(Prepared::Encrypted(Box::new(plaintext), encrypted)),
            }
        };
        let outcome = if self.dry_run {
            plan(ui, items, &lockout, prepare)
        } else {
            let work = |item: &Item| {
                Ok(match prepare(item)? {
                    Prepared::Ignored => Work::Ignore,
                    Prepared::Left(why) => Work::Leave(why),
                    Prepared::Encrypted(plaintext, encrypted) => {
                        plaintext.warn_of_parts(ui);
                        plaintext.note(&lockout);
                        Work::Replace(plaintext.source, Zeroizing::new(encrypted.into_bytes()))
                    }
                })
            };
            let batch = Batch {
                ui,
                items,
                participle: "encrypted",
                readers: Readers::Usual,
            };
            let outcome = batch.replace(work, |file| {
                if is_directory {
                    ui.note(format_args!("Encrypted {}", name_of(file)));
                }
            });
            lockout.warn(ui);
            outcome
        };
        outcome?;
        if !meanings.has_keys && !governing.has_any() && candidates().next().is_some() {
            // None of the files is a Secret, and nothing says what else to encrypt.
            return Err(creation::no_rules_or_keys(None)?);
        }
        Ok(())
    }

    /// Reads the file, or standard input, and what it is to be encrypted with.
    fn plaintext(
        &self,
        ui: &Ui,
        globals: &GlobalArgs,
        governed: &Governed,
        services: &Services,
        file: Option<&Path>,
    ) -> Result<Plaintext, CommandError> {
        let Governed { config, path: name } = governed;
        if let Some(file) = file {
            require_existing(file)?;
        }
        let format = self.formats.input(Some(name))?;
        let wanted = Wanted {
            rules: &self.rules,
            keys: &self.keys,
            kms: &self.kms,
            threshold: &self.threshold,
        };
        let mut encryption =
            creation::encryption(globals, config.as_deref(), &wanted, services, name)?;
        if format == Format::Binary {
            creation::encrypt_all(ui, &mut encryption);
        }
        let source = Source::read(file, format, Role::Plaintext)?;
        if source.content.is_empty() && format == Format::Yaml {
            return Err(CommandError::new(
                Code::NeedsOneDocument,
                format!("{} is empty: there has to be a document", source.name),
            ));
        }
        let to = self.formats.output(Some(name), format)?;
        let converted = if to == format {
            None
        } else {
            let plaintext =
                Document::parse(&*source.content, format).map_err(|error| source.error(error))?;
            if plaintext.is_encrypted() {
                return Err(source.error(Error::AlreadyEncrypted));
            }
            let rule = (format != Format::Binary).then_some(&encryption.rule);
            plaintext
                .refuse_ciphertext(rule)
                .map_err(|error| source.error(error))?;
            if to == Format::Binary {
                refuse_other_keys(&plaintext).map_err(|error| source.error(error))?;
            }
            Some(convert(&plaintext, to, &encryption.stores).map_err(|error| source.error(error))?)
        };
        let mut plaintext = Plaintext {
            source,
            converted,
            format: to,
            encryption,
            parts: SecretParts::default(),
        };
        plaintext.parts = SecretParts::of(plaintext.text(), to, &plaintext.encryption.rule);
        plaintext.refuse_leak()?;
        Ok(plaintext)
    }
}

/// Refuses a document with more than the one value of a binary file, for the others would be lost.
fn refuse_other_keys(plaintext: &Document<'_>) -> sops_core::Result<()> {
    let Some(Node::Mapping(entries)) = plaintext.to_tree(0) else {
        return Ok(());
    };
    let has_data = entries.iter().any(|entry| entry.key == "data");
    match entries.into_iter().find(|entry| entry.key != "data") {
        Some(other) if has_data => Err(Error::Unwritable {
            path: other.key,
            message: "a binary file is the string under `data`, and has no other key".to_owned(),
        }),
        _ => Ok(()),
    }
}
