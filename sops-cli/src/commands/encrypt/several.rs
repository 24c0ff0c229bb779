//! Encrypts several files in place, or lists the files that it would encrypt.

use std::sync::Arc;

use sops_core::{Error, Format};
use zeroize::Zeroizing;

use super::plaintext::{PlaintextFile, PlaintextReader};
use super::selection::{Decision, DirectorySelection, is_candidate};
use crate::batch::{self, Batch, BatchFile, Left, LeftInPlaintext, Work};
use crate::command_error::CommandError;
use crate::config::resolve::ConfigResolver;
use crate::config::{load, nearer};
use crate::encryption_options;
use crate::files::Readers;
use crate::keys::lockout::Lockout;
use crate::lint::demand::Demand;
use crate::parallel::{self, ItemsPerThread};
use crate::recipient_edit::{NamesByConfig, RecipientNames};
use crate::ui::Ui;

/// What happens to one of many files.
enum Prepared {
    /// The command does not apply to the file.
    Ignored,
    /// The file stays in plaintext.
    Left(Left),
    /// The plaintext, its ciphertext, and the names of recipients.
    Encrypted(Box<PlaintextFile>, String, Arc<RecipientNames>),
}

/// Encrypts the files that the user named, and the selected files in directories.
pub(super) fn encrypt_all(
    reader: &PlaintextReader<'_>,
    items: &[BatchFile],
) -> Result<(), CommandError> {
    let PlaintextReader {
        ui,
        globals,
        args,
        services,
    } = reader;
    let own = load::config(ui, globals)?;
    nearer::warn_of_all(ui, globals, own.as_ref(), batch::named(items));
    let is_concerned = |item: &&BatchFile| !item.is_found || is_candidate(&item.path);
    let candidates = || items.iter().filter(is_concerned);
    let resolver = ConfigResolver::new(ui, globals, own, candidates())?;
    let is_directory = items.iter().any(|item| item.is_found);
    let selection = DirectorySelection {
        demand: is_directory.then(Demand::new).transpose()?,
        has_keys: !args.keys.keys(&args.kms)?.is_empty(),
    };
    let lockout = Lockout::new(services);
    let names = NamesByConfig::default();
    let prepare = |item: &BatchFile| {
        let resolved = resolver.of(item)?;
        match selection.decide(item, &resolved)? {
            Decision::Encrypt => {}
            Decision::Ignore => return Ok(Prepared::Ignored),
            Decision::Uncovered => {
                let config = resolved.config.as_ref();
                let file = config.map(|config| config.file().to_owned());
                return Ok(Prepared::Left(Left::Uncovered(file)));
            }
        }
        let file = Some(&*item.path);
        let plaintext = reader.read(&resolved, file)?;
        plaintext.refuse_lockout(&lockout)?;
        match plaintext.encrypt() {
            Err(Error::NothingSelected { .. }) if item.is_found => {
                Ok(Prepared::Left(Left::Unselected))
            }
            Err(error) => Err(plaintext.input.error(error)),
            Ok(encrypted) => {
                let config = resolved.config.as_ref();
                let names = config.map(|config| names.of(config)).unwrap_or_default();
                Ok(Prepared::Encrypted(Box::new(plaintext), encrypted, names))
            }
        }
    };
    let outcome = if args.dry_run {
        plan(ui, items, &lockout, prepare)
    } else {
        let work = |item: &BatchFile| {
            Ok(match prepare(item)? {
                Prepared::Ignored => Work::Ignore,
                Prepared::Left(why) => Work::Leave(why),
                Prepared::Encrypted(plaintext, encrypted, names) => {
                    let done = plaintext.done(&names, &encrypted);
                    plaintext.warn_of_parts(ui);
                    plaintext.note(&lockout);
                    let encrypted = Zeroizing::new(encrypted.into_bytes());
                    Work::Replace(plaintext.input, encrypted, done.into())
                }
            })
        };
        let batch = Batch {
            ui,
            items,
            participle: "encrypted",
            readers: Readers::Usual,
            lists_found: true,
        };
        let outcome = batch.replace(work);
        lockout.warn(ui);
        outcome
    };
    outcome?;
    let is_structured =
        |item: &BatchFile| !item.is_found || Format::from_path(&item.path) != Format::Binary;
    if !selection.has_keys && !resolver.has_any() && candidates().any(is_structured) {
        // None of the files is a Secret, and without a rule it is unclear what else to encrypt.
        return Err(encryption_options::no_rules_or_keys(None)?);
    }
    Ok(())
}

/// Prints what would be encrypted and for whom.
fn plan(
    ui: &Ui,
    items: &[BatchFile],
    lockout: &Lockout<'_>,
    prepare: impl Fn(&BatchFile) -> Result<Prepared, CommandError> + Sync,
) -> Result<(), CommandError> {
    let outcomes = parallel::map(items, ItemsPerThread::One, |item| {
        Ok(match prepare(item)? {
            Prepared::Encrypted(plaintext, _, names) => {
                plaintext.note(lockout);
                Planned::Line(plaintext.plan(&names))
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
    if planned == 0 && errors.is_empty() {
        ui.note("Nothing to encrypt");
    }
    let Some(code) = errors.first().map(CommandError::code) else {
        return Ok(());
    };
    ui.errors(errors);
    let message = format!(
        "{failed} of {} files could not be encrypted",
        failed + planned
    );
    Err(CommandError::new(code, message))
}

/// The line of a dry run for a file.
enum Planned {
    Ignored,
    Left(Left),
    Line(String),
}
