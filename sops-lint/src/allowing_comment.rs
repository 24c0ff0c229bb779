//! Comments of the form `sops-rs: allow RULE -- reason`.

use crate::secret_detection::in_text;

/// What such a comment begins with.
pub(crate) const MARK: &str = "sops-rs: allow";
/// What comments begin with.
const SIGNS: [&str; 3] = ["#", "//", "<!--"];

/// Whether a text begins as a comment.
pub(crate) fn is_comment(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.starts_with(sign))
}

/// Whether a text is a comment that allows findings, without a secret in its reason.
pub(crate) fn is_harmless_comment(text: &str) -> bool {
    let comment = text.trim();
    let statement = SIGNS.iter().find_map(|sign| comment.strip_prefix(sign));
    let is_statement = statement.is_some_and(|text| text.trim_start().starts_with(MARK));
    is_statement && in_text("", comment).is_empty()
}

/// What a comment of the line allows.
pub(crate) fn allowing(line: &str) -> Option<&str> {
    let (before, statement) = line.split_once(MARK)?;
    let is_comment = SIGNS.iter().any(|sign| before.trim_end().ends_with(sign));
    is_comment.then(|| statement.trim().trim_end_matches("-->"))
}
