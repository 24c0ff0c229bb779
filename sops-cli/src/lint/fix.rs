//! Mends what is safe to mend: edits of manifests, encryption with the creation rule, and its keys where one is at hand.

use std::path::Path;
use std::time::SystemTime;

use similar::TextDiff;
use sops_core::config::Config;
use sops_core::document::NewEntry;
use sops_core::{Document, EncryptedDocument, Encryption, Format};
use sops_lint::{Finding, Fix};

use crate::arguments::GlobalArgs;
use crate::command_error::{CommandError, Role, name_of};
use crate::creation;
use crate::files::{self, Expected, Readers};
use crate::key_services::Services;
use crate::source::Source;
use crate::ui::Ui;

/// What is done with the repairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// The files are written.
    Write,
    /// The edits are shown; of what is encrypted only that it would be.
    Show,
}

/// The files, and what their keys need.
pub(crate) struct Mender<'m> {
    pub(crate) ui: &'m Ui,
    pub(crate) globals: &'m GlobalArgs,
    pub(crate) repair: Repair,
}

impl Mender<'_> {
    /// Mends one file, whose findings these are. Gives how many are mended, or would be.
    pub(crate) fn mend(
        &self,
        path: &Path,
        findings: &[&Finding],
        config: Option<&Config>,
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
        let mut mended = 0;
        if !entries.is_empty() {
            mended += self.set(path, &entries)?;
        }
        let rule = config.zip(of_config(config, path));
        for (fix, what) in [
            (Fix::Encrypt, "encrypted"),
            (Fix::UpdateKeys, "given the keys of its creation rule"),
        ] {
            let Some((config, rule)) = rule.filter(|_| of(&fix) > 0) else {
                continue;
            };
            if self.repair == Repair::Show {
                self.ui
                    .output(format!("{}: would be {what}\n", name_of(path)).as_bytes())?;
            } else {
                let groups = creation::groups(rule, Some(config))?;
                let services = Services::new(self.ui, self.globals)?;
                let format = Format::from_path(path);
                let source = Source::read(Some(path), format, Role::Plaintext)?;
                let threshold = rule.shamir_threshold.map(usize::from);
                let text = match fix {
                    Fix::Encrypt => {
                        services.check(&groups)?;
                        let how = Encryption {
                            key_groups: groups,
                            shamir_threshold: threshold,
                            rule: rule.rule.clone().unwrap_or_default(),
                            mac_only_encrypted: rule.mac_only_encrypted,
                            stores: config.stores(),
                            allow_plaintext: false,
                            now: SystemTime::now(),
                            key_service: services.all(),
                        };
                        sops_core::encrypt(&*source.content, format, &how)
                    }
                    _ => {
                        let document = EncryptedDocument::parse(&*source.content, format)
                            .map_err(|error| source.error(error))?;
                        let key = services.data_key(self.ui, &source, &document)?;
                        document.with_key_groups(
                            &key,
                            &groups,
                            threshold,
                            &*services.all(),
                            SystemTime::now(),
                        )
                    }
                };
                let text = text.map_err(|error| source.error(error))?;
                files::write(
                    self.ui,
                    path,
                    text.as_bytes(),
                    Expected::Content(&source.content),
                    Readers::Usual,
                )?;
                self.ui.note(format_args!("{}: {what}", name_of(path)));
            }
            mended += of(&fix);
        }
        Ok(mended)
    }

    fn set(&self, path: &Path, entries: &[&NewEntry]) -> Result<usize, CommandError> {
        let format = Format::from_path(path);
        let source = Source::read(Some(path), format, Role::Plaintext)?;
        let document =
            Document::parse(&*source.content, format).map_err(|error| source.error(error))?;
        let text = document.text();
        let (mended, is_set) = document.with_entries(entries);
        let count = is_set.into_iter().filter(|is_set| *is_set).count();
        if count == 0 {
            return Ok(0);
        }
        match self.repair {
            Repair::Write => {
                files::write(
                    self.ui,
                    path,
                    mended.as_bytes(),
                    Expected::Content(&source.content),
                    Readers::Usual,
                )?;
            }
            Repair::Show => {
                let name = name_of(path);
                let diff = TextDiff::from_lines(text, mended.as_str());
                // Without context: lines that stay may hold values.
                let diff = diff
                    .unified_diff()
                    .context_radius(0)
                    .header(&name, &name)
                    .to_string();
                self.ui.output(diff.as_bytes())?;
            }
        }
        Ok(count)
    }
}

fn of_config<'c>(
    config: Option<&'c Config>,
    path: &Path,
) -> Option<&'c sops_core::config::CreationRule> {
    config?.creation_rule_for(path).ok()?
}
