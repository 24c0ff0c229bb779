//! Parses text in a given format.

use std::ops::Range;

use crate::document::{Document, ReservedKey};
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::{binary, dotenv, ini, json, yaml};

impl<'a> Document<'a> {
    /// Parses `text` as `format`. All of it is content; see
    /// [`parse_reserving`](Self::parse_reserving) to reserve a key. The binary format accepts any
    /// bytes as one value.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Unsupported`] and [`Error::Unrepresentable`] with the location;
    /// [`Error::Limit`] for text of 4 GiB or more, for nesting deeper than
    /// [`MAX_DEPTH`](crate::MAX_DEPTH), and for aliases that expand to more than
    /// [`MAX_EXPANDED`](crate::MAX_EXPANDED) nodes.
    pub fn parse(text: &'a (impl AsRef<[u8]> + ?Sized), format: Format) -> Result<Self> {
        Self::parse_with(text.as_ref(), format, None)
    }

    /// Parses `text`, whose key `reserved` is not content: the top-level key in YAML and JSON, the
    /// section of that name in INI, and in dotenv the variables that begin with the name and `_`.
    /// [`reserved_entries`](Self::reserved_entries) lists these entries.
    ///
    /// # Errors
    /// The errors of [`parse`](Self::parse), and [`Error::ReservedEntry`] if the value of the key
    /// is not a mapping.
    pub fn parse_reserving(
        text: &'a (impl AsRef<[u8]> + ?Sized),
        format: Format,
        reserved: &'static str,
    ) -> Result<Self> {
        Self::parse_with(text.as_ref(), format, Some(reserved))
    }

    /// Like [`parse_reserving`](Self::parse_reserving), but the tape may lack comments. Finding out
    /// which containers they belong to takes a large part of the time.
    ///
    /// # Errors
    /// The errors of [`parse_reserving`](Self::parse_reserving).
    pub fn parse_values_reserving(
        text: &'a str,
        format: Format,
        reserved: &'static str,
    ) -> Result<Self> {
        if format == Format::Yaml && u32::try_from(text.len()).is_ok() {
            return yaml::parse_without_comments(text, Some(reserved));
        }
        Self::parse_with(text.as_bytes(), format, Some(reserved))
    }

    /// Like [`parse_reserving`](Self::parse_reserving). In YAML with comments, another thread finds
    /// out which containers they belong to, and `meanwhile` is called with the document without
    /// them. Also returns the result of `meanwhile`.
    ///
    /// # Errors
    /// The errors of [`parse_reserving`](Self::parse_reserving).
    pub fn parse_reserving_while<T>(
        text: &'a (impl AsRef<[u8]> + ?Sized),
        format: Format,
        reserved: &'static str,
        meanwhile: impl FnOnce(&Self) -> T,
    ) -> Result<(Self, Option<T>)> {
        let bytes = text.as_ref();
        if format == Format::Yaml && u32::try_from(bytes.len()).is_ok() {
            return yaml::parse_while(utf8(bytes)?, reserved, meanwhile);
        }
        Ok((Self::parse_with(bytes, format, Some(reserved))?, None))
    }

    /// Divides YAML into parts of about `length` bytes, so that the tape of the whole text is never
    /// in memory. Empty if the text must be parsed as a whole.
    pub fn parts(
        text: &str,
        format: Format,
        reserved: &'static str,
        length: usize,
    ) -> Vec<Range<usize>> {
        match format {
            Format::Yaml if u32::try_from(text.len()).is_ok() => {
                yaml::parts(text, reserved, length)
            }
            _ => Vec::new(),
        }
    }

    /// Parses one of the [`parts`](Self::parts) of `text`. If all parts parse and none has a
    /// reserved entry, the text is one document with the entries of all parts, unless two parts
    /// have the same key or aliases expand to too many nodes. `None` if the text must be parsed as
    /// a whole.
    ///
    /// A comment that belongs to the first entry of the next part is the last item of this one,
    /// which is in the same container.
    pub fn parse_part(text: &'a str, part: Range<usize>, reserved: &'static str) -> Option<Self> {
        yaml::parse_part(text, part, Some(reserved), yaml::Tail::Reserved)
    }

    /// Like [`parse_part`](Self::parse_part), without comments, as in
    /// [`parse_values_reserving`](Self::parse_values_reserving).
    pub fn parse_part_values(
        text: &'a str,
        part: Range<usize>,
        reserved: &'static str,
    ) -> Option<Self> {
        yaml::parse_part_values(text, part, Some(reserved))
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

    /// Parses `text` with the format and the reserved key of this document. One-line tokens may
    /// already have replaced some of its values.
    ///
    /// # Errors
    /// The errors of [`parse`](Self::parse).
    pub fn parse_with_tokens<'t>(&self, text: &'t str) -> Result<Document<'t>> {
        match self.format {
            Format::Yaml => yaml::parse_as_written(text, self.reserved_key),
            format => Document::parse_with(text.as_bytes(), format, self.reserved_key),
        }
    }

    /// Parses YAML, which includes JSON, as leniently as the most lenient reader: it accepts
    /// duplicate keys, keys that are not strings, sequences and scalars at the top level, and an
    /// alias inside the node that it refers to. For linters and other programs that examine text
    /// without changing it. No key is reserved.
    ///
    /// # Errors
    /// [`Error::Syntax`] for text that no YAML 1.2 parser accepts, and [`Error::Limit`] as in
    /// [`parse`](Self::parse).
    pub fn parse_leniently(text: &'a str) -> Result<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        yaml::parse_leniently(text)
    }

    /// Parses a stream of JSON objects with only white space between them, as `kubectl` reads a
    /// file; each object is a document. For linters and other programs that examine text without
    /// changing it. No key is reserved.
    ///
    /// ```
    /// # use sops_document::Document;
    /// let text = "{\"a\": 1}\n{\"a\": 2}";
    /// let document = Document::parse_json_stream(text)?;
    /// let values = document.tops().flatten().filter_map(|top| top.get("a"));
    /// assert_eq!(values.map(|value| &text[value.span()]).collect::<Vec<_>>(), ["1", "2"]);
    /// # Ok::<(), sops_document::Error>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`parse`](Self::parse). Arrays and scalars at the top level are
    /// [`Error::Unsupported`].
    pub fn parse_json_stream(text: &'a str) -> Result<Self> {
        if u32::try_from(text.len()).is_err() {
            return Err(Error::Limit {
                location: None,
                message: "the document is 4 GiB or larger".into(),
            });
        }
        json::parse_stream(text)
    }
}

/// The bytes as text. Every format except binary requires UTF-8.
fn utf8(bytes: &[u8]) -> Result<&str> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        Error::Syntax {
            location: Location::of(
                str::from_utf8(&bytes[..valid]).expect("the text is valid up to there"),
                valid,
            ),
            message: match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this is UTF-16; save it as UTF-8",
                _ => "this is not valid UTF-8; save the file as UTF-8",
            }
            .to_owned(),
        }
    })
}
