//! Comments of the form `sops-rs: allow RULE -- reason`, and the annotation that replaces them.

use std::path::Path;

use sops_document::Format;

use crate::dockerfile::is_dockerfile;
use crate::secret_detection::arguments::without_comment;
use crate::secret_detection::in_text;

/// The beginning of a comment that allows findings.
pub(crate) const MARK: &str = "sops-rs: allow";
/// The annotation, in the form `RULE -- reason`; several are separated by `;`.
pub(crate) const ANNOTATION: &str = "lint.sops-rs/allow";
/// The characters that begin a comment.
const SIGNS: [&str; 3] = ["#", "//", "<!--"];

/// Whether `text` begins like a comment.
pub(crate) fn is_comment(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.starts_with(sign))
}

/// Whether `text` is a comment that allows findings, without a secret in its reason.
pub(crate) fn is_harmless_comment(text: &str) -> bool {
    let comment = text.trim();
    let statement = SIGNS.iter().find_map(|sign| comment.strip_prefix(sign));
    let is_statement = statement.is_some_and(|text| text.trim_start().starts_with(MARK));
    is_statement && in_text("", comment).is_empty()
}

/// Where the lines of a file have comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommentStyle {
    /// Anywhere on the line.
    Anywhere,
    /// Outside of quotes, as in dotenv.
    OutsideQuotes,
    /// Only on lines of their own, as in a Dockerfile.
    WholeLine,
}

impl CommentStyle {
    pub(crate) fn of(path: &Path, format: Format) -> Self {
        match format {
            _ if is_dockerfile(path) => Self::WholeLine,
            Format::Dotenv => Self::OutsideQuotes,
            _ => Self::Anywhere,
        }
    }

    /// The allowance in a comment on the line.
    pub(crate) fn allowing(self, line: &str) -> Option<&str> {
        let (before, statement) = line.split_once(MARK)?;
        let is_comment = match self {
            Self::WholeLine => SIGNS.contains(&before.trim()),
            Self::OutsideQuotes => without_comment(line).len() < before.len(),
            Self::Anywhere => SIGNS.iter().any(|sign| before.trim_end().ends_with(sign)),
        };
        is_comment.then(|| statement.trim().trim_end_matches("-->"))
    }
}
