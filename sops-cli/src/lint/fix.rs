//! Fixes findings that are safe to fix: edits manifests, encrypts files with the creation rule, and
//! gives encrypted files the keys of the rule.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::time::SystemTime;

use sops_core::config::{Config, CreationRule};
use sops_core::document::NewEntry;
use sops_core::{EncryptedDocument, Encryption, Format, parse_document, unencrypted_values};
use sops_lint::{Finding, Fix};
use sops_printable::one_line;
use zeroize::Zeroizing;

use super::diff::masked_diff;
use crate::arguments::{GlobalArgs, OpeningArgs};
use crate::command_error::{Code, CommandError, Role, files_named, name_of};
use crate::files::{self, Readers};
use crate::input::Input;
use crate::input_format::InputFormat;
use crate::keys::changes::KeyChanges;
use crate::keys::damaged::refuse_damaged;
use crate::keys::groups::KeyGroups;
use crate::keys::lockout::Lockout;
use crate::keys::names::recipients;
use crate::keys::services::Services;
use crate::ui::Ui;
use crate::{decrypt_file, encryption_options};

/// Whether fixes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// The files are written.
    Write,
    /// The edits are shown. For a file that would be encrypted, only a note is shown.
    Show,
}

/// Fixes the findings in files.
pub(crate) struct Fixer<'m> {
    pub(crate) ui: &'m Ui,
    pub(crate) globals: &'m GlobalArgs,
    pub(crate) repair: Repair,
    /// Whether the user approved all recipients in creation rules in advance.
    pub(crate) yes: bool,
    /// The key changes that the user approved.
    pub(crate) agreed: BTreeSet<Vec<String>>,
}

impl Fixer<'_> {
    /// Lists the key changes that the creation rules require, each set of changes once, and leaves
    /// out those that the user does not approve. If a recipient could decrypt a file for the first
    /// time, asks once for all files, because a pull request may have added the recipient to the
    /// rule.
    pub(crate) fn agree<'f>(
        &mut self,
        files: impl Iterator<Item = (&'f Path, &'f [&'f Finding], &'f CreationRule)>,
    ) {
        let mut sets: BTreeMap<Vec<String>, (bool, Vec<String>)> = BTreeMap::new();
        for (path, findings, rule) in files {
            let is_meant = |finding: &&Finding| finding.fix == Some(Fix::UpdateKeys);
            if !findings.iter().any(is_meant) {
                continue;
            }
            // Problems with a file are reported when it is fixed.
            let Ok(changes) = key_changes(path, rule) else {
                continue;
            };
            let set = sets.entry(changes.lines().to_vec()).or_default();
            set.0 |= changes.grants();
            set.1.push(name_of(path));
        }
        let needs_answer = |grants: bool| grants && !self.yes;
        let can_ask = self.ui.can_ask();
        let mut open = Vec::new();
        for (lines, (grants, names)) in sets {
            let files = files_named(&names);
            if needs_answer(grants) && !can_ask {
                let heading = "these key changes need your approval:";
                let message = shown_lines(heading, &lines);
                let error = CommandError::with_lines(Code::Generic, &message).in_file(&files);
                self.ui.error(&error.hint(
                    "check who made these changes to `.sops.yaml`; then run `sops-rs lint --fix --yes`, or `sops-rs updatekeys` for one file",
                ));
                continue;
            }
            self.ui.note(format_args!(
                "{files} will get the keys of the creation rule:"
            ));
            for line in &lines {
                self.ui.note(line);
            }
            match needs_answer(grants) {
                true => open.push(lines),
                false => drop(self.agreed.insert(lines)),
            }
        }
        if open.is_empty() {
            return;
        }
        match self.ui.confirm("Is this okay?") {
            Ok(true) => self.agreed.extend(open),
            _ => self.ui.note("The keys were not changed."),
        }
    }

    /// Fixes the findings in one file. Returns how many are fixed, or would be.
    pub(crate) fn fix(
        &self,
        path: &Path,
        findings: &[&Finding],
        rule: Option<(&Config, &CreationRule)>,
    ) -> Result<usize, CommandError> {
        let of = |wanted: &Fix| {
            findings
                .iter()
                .filter(|finding| finding.fix.as_ref() == Some(wanted))
                .count()
        };
        let entries: Vec<&NewEntry> = findings
            .iter()
            .filter_map(|finding| match &finding.fix {
                Some(Fix::Entry(entry)) => Some(entry),
                _ => None,
            })
            .collect();
        let mut fixed = 0;
        if !entries.is_empty() {
            fixed += self.set(path, &entries)?;
        }
        let Some((config, rule)) = rule else {
            return Ok(fixed);
        };
        for fix in [Fix::Encrypt, Fix::UpdateKeys, Fix::UpdateRule] {
            if of(&fix) == 0 {
                continue;
            }
            let mut changes = Vec::new();
            let (would, done) = match fix {
                Fix::Encrypt => {
                    let done = format!("encrypted for {}", recipients(&rule.key_groups));
                    (format!("be {done}"), done)
                }
                Fix::UpdateKeys => {
                    changes = key_changes(path, rule)?.lines().to_vec();
                    let keys = "the keys of its creation rule";
                    (format!("get {keys}"), format!("now has {keys}"))
                }
                _ => {
                    let rule = "the selection rule of its creation rule";
                    (format!("get {rule}"), format!("now has {rule}"))
                }
            };
            let name = name_of(path);
            match self.repair {
                Repair::Show => {
                    self.ui.print(format_args!("{name}: would {would}"))?;
                    for line in &changes {
                        self.ui.print(line)?;
                    }
                }
                // The keys were shown with the question.
                Repair::Write if fix == Fix::UpdateKeys && !self.agreed.contains(&changes) => {
                    continue;
                }
                Repair::Write => {
                    self.encrypt(path, &fix, config, rule)?;
                    self.ui.note(format_args!("{name}: {done}"));
                }
            }
            fixed += of(&fix);
        }
        Ok(fixed)
    }

    /// Writes the file as the creation rule requires.
    fn encrypt(
        &self,
        path: &Path,
        fix: &Fix,
        config: &Config,
        rule: &CreationRule,
    ) -> Result<(), CommandError> {
        let groups = encryption_options::groups(rule, Some(config))?;
        let services = Services::new(self.ui, self.globals)?;
        let role = match fix {
            Fix::Encrypt => Role::Plaintext,
            _ => Role::Encrypted,
        };
        let input = Input::read(Some(path), InputFormat::of_name(path), role)?;
        let format = input.format;
        let threshold = rule.shamir_threshold.map(usize::from);
        let text = if role == Role::Plaintext {
            services.check(&groups)?;
            let lockout = Lockout::new(&services);
            let key_groups = KeyGroups {
                groups: &groups,
                threshold,
            };
            lockout.check(&input, key_groups)?;
            lockout.note(&input.name, key_groups);
            lockout.warn(self.ui);
            let encryption = Encryption::to_key_groups(groups, threshold)
                .with_rule(rule.rule.clone().unwrap_or_default())
                .with_mac_only_encrypted(rule.mac_only_encrypted)
                .with_stores(config.stores())
                .with_key_service(services.all());
            sops_core::encrypt(&*input.content, format, &encryption)
                .map_err(|error| input.error(error))?
        } else {
            let document = EncryptedDocument::parse(&*input.content, format)
                .map_err(|error| input.error(error))?;
            refuse_damaged(&input, &document, |_, _| false)?;
            match fix {
                Fix::UpdateRule => self.with_rule(&services, &input, &document, rule)?,
                _ => {
                    let changes = KeyChanges::between(document.metadata(), rule);
                    let key_groups = KeyGroups {
                        groups: &groups,
                        threshold: changes.threshold,
                    };
                    services.with_key_groups(self.ui, &input, &document, key_groups)?
                }
            }
        };
        files::write(
            self.ui,
            path,
            text.as_bytes(),
            input.expected(),
            Readers::Usual,
        )
    }

    /// The document, encrypted with the selection rule of its creation rule. A value that would
    /// change from encrypted to plaintext is an error.
    fn with_rule(
        &self,
        services: &Services,
        input: &Input,
        document: &EncryptedDocument<'_>,
        creation: &CreationRule,
    ) -> Result<String, CommandError> {
        let key = services.data_key(self.ui, input, document)?;
        let open = decrypt_file::open(input, document, key, &OpeningArgs::default())?;
        decrypt_file::warn_of_comments(self.ui, input, open.unopened_comments());
        let rule = creation.rule.clone().unwrap_or_default();
        let failed = |error: sops_core::Error| input.error(error);
        let plaintext =
            parse_document(open.plaintext(), input.format).map_err(|error| input.error(error))?;
        let covered = unencrypted_values(&plaintext, Some(&rule)).map_err(failed)?;
        let covered: HashSet<_> = covered.into_iter().map(|value| value.span).collect();
        let now = document.metadata().rule.as_ref();
        let mut now = unencrypted_values(&plaintext, now)
            .map_err(failed)?
            .into_iter();
        if let Some(left) = now.find(|value| !covered.contains(&value.span)) {
            let message = format!(
                "`{}` is encrypted, but the creation rule would leave it in plaintext: `{rule}`",
                left.path
            );
            return Err(CommandError::new(Code::Generic, message)
                .in_file(&input.name)
                .hint("change the rule in `.sops.yaml`; if the value is meant to be public, run `sops-rs decrypt -i <FILE>` and then `sops-rs encrypt -i <FILE>`"));
        }
        open.with_rule(rule, creation.mac_only_encrypted, SystemTime::now())
            .map_err(failed)
    }

    fn set(&self, path: &Path, entries: &[&NewEntry]) -> Result<usize, CommandError> {
        let format = Format::from_path(path);
        let input = Input::read(Some(path), format, Role::Plaintext)?;
        let document =
            parse_document(&*input.content, format).map_err(|error| input.error(error))?;
        let text = document.text();
        let (fixed, is_set) = document.with_entries(entries);
        let count = is_set.into_iter().filter(|is_set| *is_set).count();
        if count == 0 {
            return Ok(0);
        }
        match self.repair {
            Repair::Write => {
                let encrypted = EncryptedDocument::parse(&*input.content, format).ok();
                // The MAC may cover the values in plaintext.
                let fixed = match encrypted.filter(|file| !file.metadata().mac_only_encrypted) {
                    Some(file) => Zeroizing::new(self.encrypted_with(&input, &file, entries)?),
                    None => fixed,
                };
                files::write(
                    self.ui,
                    path,
                    fixed.as_bytes(),
                    input.expected(),
                    Readers::Usual,
                )?;
            }
            Repair::Show => {
                let name = name_of(path);
                let diff = masked_diff(&name, text, &fixed, format);
                self.ui.output(diff.as_bytes())?;
            }
        }
        Ok(count)
    }

    /// The encrypted file with new entries in plaintext, and with a MAC that covers them.
    fn encrypted_with(
        &self,
        input: &Input,
        document: &EncryptedDocument<'_>,
        entries: &[&NewEntry],
    ) -> Result<String, CommandError> {
        let services = Services::new(self.ui, self.globals)?;
        let key = services.data_key(self.ui, input, document)?;
        let open = decrypt_file::open(input, document, key, &OpeningArgs::default())?;
        decrypt_file::warn_of_comments(self.ui, input, open.unopened_comments());
        let plaintext =
            parse_document(open.plaintext(), input.format).map_err(|error| input.error(error))?;
        let fixed = Zeroizing::new(plaintext.with_entries(entries).0);
        open.encrypt(fixed.as_bytes(), SystemTime::now())
            .map_err(|error| input.error(error))
    }
}

/// How a creation rule changes the keys of an encrypted file. A file with a damaged key is refused.
fn key_changes(path: &Path, rule: &CreationRule) -> Result<KeyChanges, CommandError> {
    let input = Input::read(Some(path), InputFormat::of_name(path), Role::Encrypted)?;
    let document = EncryptedDocument::parse(&*input.content, input.format)
        .map_err(|error| input.error(error))?;
    refuse_damaged(&input, &document, |_, _| false)?;
    Ok(KeyChanges::between(document.metadata(), rule))
}

/// A heading with lines below it; identifiers in them are escaped.
fn shown_lines(heading: &str, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| one_line(line));
    [heading.into()]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}
