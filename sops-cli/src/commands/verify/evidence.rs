//! Compares a file that no key decrypts with other versions.

use sops_core::{Alteration, EncryptedDocument, Format};

use super::verifier::ClosedFile;

/// The verdict of a file's history.
pub(super) enum Verdict {
    Clean,
    /// A value differs from a version with the same MAC.
    Altered {
        alteration: Alteration,
        /// The commit, preceded by the path if that differs.
        version: String,
    },
    Unknown(&'static str),
}

/// The verdict of a file's history, and the versions that it is based on.
pub(super) struct Evidence {
    pub(super) verdict: Verdict,
    /// How many versions have the same MAC.
    pub(super) same_mac: usize,
    /// The abbreviated ID of the first commit that has the same MAC at this path.
    pub(super) first_commit: Option<String>,
}

/// What a file and an old version have in common.
pub(super) enum Resemblance {
    OtherMac,
    /// The MAC and everything that it covers are the same.
    Same,
    /// The MAC is the same, but something that it covers differs.
    Altered(Alteration),
}

impl ClosedFile {
    /// The longest word of the MAC. Text without it cannot have the same MAC, and searching for it
    /// takes much less time than parsing.
    pub(super) fn word_of_mac(&self) -> Option<String> {
        let document = EncryptedDocument::parse(&*self.content, self.format).ok()?;
        let word = words(&document.metadata().mac).max_by_key(|word| word.len())?;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// Compares the file with an old version.
    pub(super) fn compare(&self, old: &[u8]) -> Resemblance {
        compare(&self.content, old, self.format)
    }
}

/// Compares two versions of a file.
fn compare(now: &[u8], old: &[u8], format: Format) -> Resemblance {
    if old == now {
        return Resemblance::Same;
    }
    compare_different(now, old, format).unwrap_or(Resemblance::OtherMac)
}

fn compare_different(now: &[u8], old: &[u8], format: Format) -> Option<Resemblance> {
    let now = EncryptedDocument::parse(now, format).ok()?;
    let word = words(&now.metadata().mac).max_by_key(|word| word.len())?;
    if word.is_empty() || !str::from_utf8(old).ok()?.contains(word) {
        return None;
    }
    let before = EncryptedDocument::parse(old, format).ok()?;
    if before.metadata().mac != now.metadata().mac {
        return None;
    }
    Some(match now.altered_since(&before) {
        Some(alteration) => Resemblance::Altered(alteration),
        None => Resemblance::Same,
    })
}

/// The message that a file has the MAC of an old version, called `version`, but not its values;
/// `None` if that is not so. This check needs no key.
pub(crate) fn altered_without_key(
    now: &[u8],
    old: &[u8],
    format: Format,
    version: &str,
) -> Option<String> {
    match compare(now, old, format) {
        Resemblance::Altered(alteration) => Some(altered_since(&alteration, version)),
        Resemblance::OtherMac | Resemblance::Same => None,
    }
}

/// The message that a file differs from an old version with the same MAC.
pub(super) fn altered_since(alteration: &Alteration, version: &str) -> String {
    let subject = match alteration {
        Alteration::Value(path) if path.is_empty() => "a value".to_owned(),
        Alteration::Value(path) => format!("`{path}`"),
        Alteration::Metadata(field) => format!("`{field}` in the metadata"),
        _ => "the file".to_owned(),
    };
    format!(
        "{subject} differs from {version}, which has the same MAC: the file was changed by hand or merged as text"
    )
}

/// The words of `text`.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric())
}
