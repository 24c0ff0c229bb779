//! Finds all invalid values of a configuration, not only the first one.

use std::path::Path;

use sops_document::{Document, Format, Location};

use super::configuration::Config;
use crate::error::Error;

/// More errors than anyone reads at once.
const MAX_ERRORS: usize = 20;

impl Config {
    /// Reads a configuration as [`parse`](Self::parse) does, but goes on after an invalid value.
    /// Returns all errors, and the configuration with other text in place of the invalid values;
    /// `None` if it cannot be read without them either.
    pub fn parse_with_errors(
        text: &[u8],
        file: &Path,
        working_dir: &Path,
    ) -> (Option<Self>, Vec<Error>) {
        let (mut text, mut errors) = (text.to_owned(), Vec::new());
        let mut last = None;
        while errors.len() < MAX_ERRORS {
            let error = match Self::parse(&text, file, working_dir) {
                Ok(config) => return (Some(config), errors),
                Err(error) => error,
            };
            let location = match &error {
                Error::Config { location, .. } => *location,
                _ => None,
            };
            // The other text is invalid too.
            if location.is_some() && location == last {
                break;
            }
            let next = location.and_then(|at| without_value(&text, at, errors.len()));
            errors.push(error);
            last = location;
            match next {
                Some(next) => text = next,
                None => break,
            }
        }
        (None, errors)
    }
}

/// The text with a word in place of the scalar at a location. The word has the length of the
/// scalar, and no two are equal, because equal expressions cause warnings.
fn without_value(text: &[u8], at: Location, number: usize) -> Option<Vec<u8>> {
    let document = Document::parse(text, Format::Yaml).ok()?;
    let scalar = document
        .scalars()
        .find(|node| node.span().start == at.offset)?;
    let span = scalar.span();
    let word = format!("{:x<width$}", format!("x{number}"), width = span.len());
    let is_line = !text[span.clone()].contains(&b'\n');
    (is_line && word.len() == span.len())
        .then(|| [&text[..span.start], word.as_bytes(), &text[span.end..]].concat())
}
