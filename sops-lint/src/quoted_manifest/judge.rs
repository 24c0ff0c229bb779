//! Decides which values of a Secret that is quoted in other text are secrets.

use std::cell::Cell;
use std::path::Path;

use base64::Engine as _;
use sops_core::CIPHERTEXT_PREFIX;

use super::markup;
use crate::base64_text::LENIENT;
use crate::plaintext_values::extends_ciphertext;
use crate::sample::is_to_be_filled_in;
use crate::scrutiny::is_open_reference;
use crate::secret_detection::{FoundSecret, in_text, is_credential, is_random, judge};
use crate::{action, template};

/// Extensions of source code, whose tests have Secrets with worthless passwords, and of HTML pages,
/// which show such Secrets too.
const SOURCES: [&str; 35] = [
    "go",
    "py",
    "rs",
    "ts",
    "tsx",
    "js",
    "jsx",
    "mjs",
    "cjs",
    "java",
    "kt",
    "rb",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "cs",
    "php",
    "swift",
    "scala",
    "dart",
    "ex",
    "exs",
    "lua",
    "groovy",
    "jsonnet",
    "libsonnet",
    "cue",
    "star",
    "bzl",
    "dhall",
    "bicep",
    "nix",
    "proto",
];

/// The number of bytes of manifests that may be read in one file is `BYTES`, plus `TIMES` for each
/// byte of the file. Otherwise, a file with the kind of a Secret in every line would be read once
/// for each line.
const BYTES: usize = 256 * 1024;
const TIMES: usize = 8;

/// The minimum cost of reading a manifest.
const LEAST: usize = 32;

/// How values are judged, and how much may still be read.
pub(super) struct ValueJudge {
    is_source: bool,
    /// Whether the file is a sample, in which secrets must still be filled in.
    is_sample: bool,
    /// The remaining budget; `None` once it was exceeded.
    left: Cell<Option<usize>>,
}

/// Whether the file is a template of prose, such as `README.md.gotmpl`.
pub(super) fn is_prose(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    [".md.", ".adoc.", ".rst."]
        .iter()
        .any(|part| name.contains(part))
}

impl ValueJudge {
    /// Creates the judge for a file.
    pub(super) fn of(path: &Path, text: &str) -> Self {
        let length = text.len();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_source = extension.is_some_and(|extension| SOURCES.contains(&extension));
        let is_source = is_source || markup::is_page(path);
        let left = Cell::new(Some(BYTES + TIMES * length));
        Self {
            is_source,
            is_sample: is_to_be_filled_in(path, text),
            left,
        }
    }

    /// Whether a manifest of that length may be read.
    pub(super) fn may_read(&self, length: usize) -> bool {
        let left = self.left.get();
        let left = left.and_then(|left| left.checked_sub(length.max(LEAST)));
        self.left.set(left);
        left.is_some()
    }

    /// Whether there was more to read than the budget allows.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left.get().is_none()
    }

    /// Whether a value of a Secret looks like a secret, in base64 or not.
    pub(super) fn is_secret(&self, key: &str, value: &str) -> bool {
        let packed: String = value.split_whitespace().collect();
        let decoded = LENIENT.decode(packed).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let is_control = |c: char| c.is_control() && !c.is_whitespace();
        let decoded = decoded.filter(|text| !text.contains(is_control));
        self.is_text(key, decoded.as_deref().unwrap_or(value))
    }

    fn is_text(&self, key: &str, text: &str) -> bool {
        let text = text.trim();
        let is_encrypted_file = || text.starts_with('{') && text.contains(CIPHERTEXT_PREFIX);
        let is_encrypted = text.starts_with(CIPHERTEXT_PREFIX) && !extends_ciphertext(text);
        if is_encrypted || is_encrypted_file() {
            return false;
        }
        if template::has_action(text) {
            return action::holds_secret(key, text);
        }
        if text.contains('\n') {
            let is_value = |secret: &FoundSecret| !is_example(&text[secret.range.clone()]);
            return !self.is_source && in_text(key, text).iter().any(is_value);
        }
        let is_word = !text.contains(|c: char| c.is_whitespace() || ":/".contains(c));
        // A program may compute the value.
        let is_code = text.contains('(') && text.ends_with(')')
            || self.is_source && text.contains(|c: char| "()[]{}.,$`+".contains(c));
        let is_word = is_word && !is_code;
        let is_strong = || is_word && (is_credential(text) || is_random(text));
        if self.is_sample {
            return judge(key, text).is_some();
        }
        !is_open_reference(text)
            && !is_example(text)
            && (is_strong() || !self.is_source && judge(key, text).is_some())
    }
}

/// Whether a value calls itself an example, such as `test-password`.
fn is_example(text: &str) -> bool {
    const FIRST: [&str; 6] = ["test", "my", "some", "demo", "sample", "the"];
    const LAST: [&str; 8] = [
        "password", "passwd", "pass", "token", "secret", "key", "user", "username",
    ];
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split(['-', '_', ' ']);
    let is_first = words.next().is_some_and(|word| FIRST.contains(&word));
    let is_last = words.next_back().is_some_and(|word| LAST.contains(&word));
    is_first && is_last && words.all(|word| word.chars().all(|c| c.is_ascii_lowercase()))
}
