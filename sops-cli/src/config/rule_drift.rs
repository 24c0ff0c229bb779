//! Finds files whose selection rule differs from their creation rule. Nothing authenticates the
//! rule in a file: anyone who can change the file can replace the rule, so that new values would
//! stay in plaintext.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sops_core::config::CreationRule;
use sops_core::document::Error as DocumentError;
use sops_core::metadata::Metadata;
use sops_core::rules::EncryptionRule;
use sops_core::{
    Document, Error, Format, Location, Unencrypted, parse_document, unencrypted_values,
};
use sops_lint::shell_path;

use crate::arguments::{GlobalArgs, invocation};
use crate::command_error::{CommandError, files_named, name_of};
use crate::config::load;
use crate::config::resolve::{ConfigResolver, ResolvedConfig};
use crate::ui::Ui;

/// The selection rule of a file that differs from that of its creation rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleDrift {
    own: EncryptionRule,
    wanted: EncryptionRule,
}

impl RuleDrift {
    /// How the rule of a file differs from that of its creation rule, if it does. A file without a
    /// rule is encrypted as a whole, and so is a binary file.
    pub(crate) fn between(
        metadata: &Metadata,
        creation: &CreationRule,
        format: Format,
    ) -> Option<Self> {
        let own = metadata.rule.clone()?;
        let wanted = creation.rule.clone().unwrap_or_default();
        (own != wanted && format != Format::Binary).then_some(Self { own, wanted })
    }

    /// Compares an encrypted file with its creation rule. A configuration that cannot be read only
    /// causes a warning, because the file does not need one.
    pub(crate) fn of(
        ui: &Ui,
        globals: &GlobalArgs,
        file: &Path,
        metadata: &Metadata,
        format: Format,
    ) -> Option<Self> {
        let resolved = creation_config(ui, globals, file)?;
        Self::between(metadata, resolved.rule()?, format)
    }

    /// Whether the file's rule may leave in plaintext what the creation rule encrypts. A file that
    /// is encrypted as a whole may stay as it is.
    fn can_leak(&self) -> bool {
        self.own != EncryptionRule::default() || !self.wanted.names_what_is_encrypted()
    }

    /// Refuses content with a plaintext value that the creation rule would have encrypted, unless
    /// the content before the change had that value too.
    ///
    /// # Errors
    /// [`DocumentError::Unrepresentable`] with the first such value.
    pub(crate) fn check(
        &self,
        file: &Path,
        before: &[u8],
        after: &[u8],
        format: Format,
    ) -> sops_core::Result<()> {
        let Some((location, value)) = self.first_left(before, after, format)? else {
            return Ok(());
        };
        let name = name_of(file);
        Err(Error::Document(DocumentError::Unrepresentable {
            location,
            message: format!(
                "{value} would be written in plaintext: {self}; {}, or write the value in plaintext with `sops-rs edit --allow-plaintext {}`",
                fix(&name),
                shell_path(&name)
            ),
        }))
    }

    /// The warning for content that [`check`](Self::check) would refuse.
    pub(crate) fn warning(
        &self,
        file: &Path,
        before: &[u8],
        after: &[u8],
        format: Format,
    ) -> sops_core::Result<Option<String>> {
        let left = self.first_left(before, after, format)?;
        Ok(left.map(|(_, value)| match invocation::is_sops() {
            // `sops` has no `lint`.
            true => format!("{value} is in plaintext: {self}"),
            false => format!("{value} is in plaintext: {self}; {}", fix(&name_of(file))),
        }))
    }

    /// The location and the name of the first plaintext value that the creation rule would have
    /// encrypted and that the content before the change did not have.
    fn first_left(
        &self,
        before: &[u8],
        after: &[u8],
        format: Format,
    ) -> sops_core::Result<Option<(Location, String)>> {
        let after = parse_document(after, format)?;
        let left = self.left(&after)?;
        if left.is_empty() {
            return Ok(None);
        }
        let before = parse_document(before, format)?;
        let known = self.left(&before)?;
        let known: HashSet<&str> = known.iter().map(|value| text_of(&before, value)).collect();
        let new = left
            .iter()
            .find(|value| !known.contains(text_of(&after, value)));
        Ok(new.map(|new| {
            let value = match (new.is_comment, new.path.as_str()) {
                (false, path) => format!("`{path}`"),
                (true, "") => "a comment".to_owned(),
                (true, path) => format!("a comment in `{path}`"),
            };
            (Location::of(after.text(), new.span.start), value)
        }))
    }

    /// The values that the creation rule covers and the file's rule does not.
    fn left(&self, document: &Document<'_>) -> sops_core::Result<Vec<Unencrypted>> {
        let own = unencrypted_values(document, Some(&self.own))?;
        let own: HashSet<_> = own.into_iter().map(|value| value.span).collect();
        let mut left = unencrypted_values(document, Some(&self.wanted))?;
        left.retain(|value| !own.contains(&value.span));
        Ok(left)
    }
}

/// The configuration to compare an encrypted file with. If it cannot be read, a warning is enough,
/// because decryption does not need it.
pub(crate) fn creation_config(
    ui: &Ui,
    globals: &GlobalArgs,
    file: &Path,
) -> Option<ResolvedConfig> {
    let resolved = load::config(ui, globals)
        .and_then(|own| ConfigResolver::new(ui, globals, own, [].iter()))
        .and_then(|resolver| resolver.of_encrypted(file));
    let warn = |error: &CommandError| {
        ui.warn(format_args!(
            "cannot compare the selection rule of {} with a creation rule: {}",
            name_of(file),
            error.with_place()
        ));
    };
    resolved.inspect_err(warn).ok()
}

impl std::fmt::Display for RuleDrift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { own, wanted } = self;
        write!(
            f,
            "the file was encrypted with `{own}`, but the creation rule says `{wanted}`"
        )
    }
}

fn text_of<'t>(document: &'t Document<'_>, value: &Unencrypted) -> &'t str {
    document.text().get(value.span.clone()).unwrap_or_default()
}

fn fix(name: &str) -> String {
    format!(
        "apply the creation rule to the file with `sops-rs lint --fix --select SL013 {}`",
        shell_path(name)
    )
}

/// The files of a run whose rule differs, for one warning about each difference.
#[derive(Default)]
pub(crate) struct RuleDrifts(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl RuleDrifts {
    pub(crate) fn add(&self, name: &str, drift: Option<RuleDrift>) {
        if let Some(drift) = drift.filter(RuleDrift::can_leak) {
            let mut files_by_drift = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let names = files_by_drift.entry(drift.to_string()).or_default();
            names.insert(name.to_owned());
        }
    }

    pub(crate) fn warn(&self, ui: &Ui) {
        if invocation::is_sops() {
            return;
        }
        let files_by_drift = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (drift, names) in &*files_by_drift {
            let names: Vec<String> = names.iter().cloned().collect();
            let fix = match &names[..] {
                [name] => fix(name),
                _ => {
                    "apply the creation rule to the files with `sops-rs lint --fix --select SL013`"
                        .to_owned()
                }
            };
            ui.warn(format_args!("{}: {drift}; {fix}", files_named(&names)));
        }
    }
}
