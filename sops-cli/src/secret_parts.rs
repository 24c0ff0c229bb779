//! Parts of Kubernetes Secrets that a rule leaves in plaintext as a whole.

use sops_core::rules::EncryptionRule;
use sops_core::{Document, Format};
use sops_lint::is_secret_part;

/// The first key of a Secret that holds values of which the rule selects none: `data`, `stringData`, or one that is meant for these. A
/// rule that names what stays in plaintext means it.
pub(crate) fn left_in_plaintext(
    text: &[u8],
    format: Format,
    rule: &EncryptionRule,
) -> Option<String> {
    let is_manifest = matches!(format, Format::Yaml | Format::Json);
    // To find the word is faster than to read the document.
    let has_secret = || str::from_utf8(text).is_ok_and(|text| text.contains("Secret"));
    if !rule.names_what_is_encrypted() || !is_manifest || !has_secret() {
        return None;
    }
    let document = Document::parse(text, format).ok()?;
    let selected = document.unencrypted(Some(rule)).ok()?;
    let secrets = document.tops().flatten().filter(|top| {
        let kind = top.get("kind").and_then(|kind| kind.as_str());
        kind == Some("Secret")
    });
    let mut parts = secrets
        .flat_map(|secret| secret.entries())
        .filter(|(key, part)| {
            let has_values = part.entries().any(|(_, value)| {
                let text = value.scalar_text();
                text.is_some_and(|text| !text.is_empty())
            });
            let span = part.span();
            is_secret_part(key)
                && has_values
                && !selected.iter().any(|one| span.contains(&one.span.start))
        });
    parts.next().map(|(key, _)| key.to_owned())
}
