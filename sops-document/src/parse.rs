//! Parses a text in the format that the caller names.

use crate::document::{Document, ReservedKey};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::{binary, dotenv, ini, json, yaml};

impl<'a> Document<'a> {
    /// Parses `text` as `format`. The binary format's plaintext is one value, its encrypted form a document in JSON.
    ///
    /// # Errors
    /// [`Error::Syntax`] and [`Error::Unsupported`] with the place; [`Error::Limit`] for 4 GiB and more, for nesting deeper
    /// than [`MAX_DEPTH`] and for aliases that expand to more than [`MAX_EXPANDED`] nodes.
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized), format: Format) -> Result<Self> {
        Self::parse_with(text.as_ref(), format, None)
    }

    /// The same, with a key at the top level that does not belong to the contents: `reserved` in YAML and JSON, the section of that name in INI,
    /// and the variables that begin with it and `_` in dotenv. What stands there is listed in [`reserved_entries`](Self::reserved_entries).
    ///
    /// # Errors
    /// As for [`parse`](Self::parse); [`Error::ReservedEntry`] if the value of the key is not a mapping.
    pub fn parse_reserving(
        text: &'a (impl AsRef<[u8]> + ?Sized),
        format: Format,
        reserved: &'static str,
    ) -> Result<Self> {
        Self::parse_with(text.as_ref(), format, Some(reserved))
    }

    pub(crate) fn parse_with(
        bytes: &'a [u8],
        format: Format,
        reserved: ReservedKey,
    ) -> Result<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        match format {
            Format::Yaml => yaml::parse(utf8(bytes)?, reserved),
            Format::Json => json::parse(utf8(bytes)?, reserved),
            Format::Dotenv => dotenv::parse(utf8(bytes)?, reserved),
            Format::Ini => ini::parse(utf8(bytes)?, reserved),
            Format::Binary => Ok(binary::plaintext(bytes)),
        }
    }

    /// Parses a text in the format of this document, with the same reserved key, in which values have tokens in their places already.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_with_tokens<'t>(&self, text: &'t str) -> Result<Document<'t>> {
        match self.format {
            Format::Yaml => yaml::parse_as_written(text, self.reserved_key),
            format => Document::parse_with(text.as_bytes(), format, self.reserved_key),
        }
    }

    /// Parses YAML, and so JSON, as loosely as the loosest of its readers: duplicate keys, keys that are not strings, lists and scalars
    /// at the top level, and an alias inside the node that it points to are accepted. For programs that judge a text which
    /// [`parse`](Self::parse) refuses; such a document is never encrypted. The `sops` entry is an entry like any other.
    ///
    /// # Errors
    /// [`Error::Syntax`] for what no parser of YAML 1.2 reads, and [`Error::Limit`] as for [`parse`](Self::parse).
    pub fn parse_leniently(text: &'a str) -> Result<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        yaml::parse_leniently(text)
    }
}

/// The bytes as the text that all formats but the binary one are.
fn utf8(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        Error::Syntax {
            location: Location::of(
                str::from_utf8(&bytes[..valid]).expect("the text is valid up to there"),
                valid,
            ),
            message: "this is not valid UTF-8".to_owned(),
        }
    })
}
