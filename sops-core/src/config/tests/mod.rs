//! Tests of configurations as a whole, by topic.

mod keys;
mod reading;
mod rules;
mod warnings;

use std::path::{Path, PathBuf};

use sops_document::Location;

use super::*;
use crate::error::{Error, Result};

fn parse(text: &str) -> Result<Config> {
    Config::parse(
        text.as_bytes(),
        Path::new("/repo/.sops.yaml"),
        Path::new("/repo"),
    )
}

/// The error in `text`, as `line:column message`.
fn complaint(text: &str) -> String {
    match parse(text) {
        Err(Error::Config {
            location, message, ..
        }) => {
            let position = location.map(|at| format!("{}:{} ", at.line, at.column));
            format!("{}{message}", position.unwrap_or_default())
        }
        other => format!("{other:?}"),
    }
}
