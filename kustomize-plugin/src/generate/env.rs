//! Reads a file with lines `KEY=VALUE`.

use zeroize::Zeroizing;

use super::godotenv::{self, Entries};
use crate::problem::Problem;

/// How to read a file with lines `KEY=VALUE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As SOPS and kustomize read it: everything after the first `=` is the value, including quotes
    /// and dollar signs.
    Lines,
    /// As ksops reads it: quotes, escapes, comments after values and `$VARIABLES` have their
    /// special meaning.
    Godotenv,
}

impl Style {
    /// Reads the entries of a file.
    ///
    /// # Errors
    /// The error names the invalid line, without its content.
    pub(crate) fn read(self, text: &str) -> Result<Entries, Problem> {
        match self {
            Self::Lines => lines(text),
            Self::Godotenv => godotenv::parse(text)
                .map_err(|line| Problem::new(format!("line {line} is not `KEY=VALUE`"))),
        }
    }
}

fn lines(text: &str) -> Result<Entries, Problem> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| Problem::new(format!("line {} is not `KEY=VALUE`", index + 1)))?;
        entries.push((key.to_owned(), Zeroizing::new(value.to_owned())));
    }
    Ok(entries)
}
