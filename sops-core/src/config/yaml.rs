//! Deserializes all configurations with `serde_yaml`, and adds locations to its errors.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny};
use sops_document::Location;
use sops_document::yaml::Outline;
use sops_printable::escaped;

/// How deep a configuration may be nested; `serde_yaml` has the same limit.
const MAX_DEPTH: usize = 128;

/// An error in a configuration, with its location.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct YamlError {
    /// The location, if the error has a single one.
    pub location: Option<Location>,
    /// What is wrong and what to do. The text is safe to print.
    pub message: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = self.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for YamlError {}

/// Deserializes the only document of a configuration, ignoring a byte order mark. The seed must not
/// quote values in its messages.
pub(super) fn deserialize<'s, S: DeserializeSeed<'s>>(
    text: &'s [u8],
    seed: S,
) -> Result<S::Value, YamlError> {
    let fault = |location, message: &str| YamlError {
        location,
        message: escaped(message).into_owned(),
    };
    let text = str::from_utf8(text).map_err(|error| {
        let valid = String::from_utf8_lossy(&text[..error.valid_up_to()]);
        let location = Location::of(&valid, valid.len());
        let message = "the file is not UTF-8; save it as UTF-8";
        fault(Some(location), message)
    })?;
    let yaml = text.strip_prefix('\u{feff}').unwrap_or(text);
    let begin = text.len() - yaml.len();
    let outline = Outline::of(text, begin, MAX_DEPTH);
    if let Some((location, message)) = outline.too_deep {
        return Err(fault(Some(location), &message));
    }
    let error = match seed.deserialize(serde_yaml::Deserializer::from_str(yaml)) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let offset = |error: &serde_yaml::Error| error.location().map(|location| location.index());
    if let Some((location, message)) = outline.malformed
        && syntax_error(yaml).is_some_and(|syntax| offset(&syntax) == offset(&error))
    {
        return Err(fault(Some(location), &message));
    }
    if offset(&error).is_none() && outline.second_document.is_some() {
        let message = "the file has a second document, which is not read; move its content into the first, and remove the `---`";
        return Err(fault(outline.second_document, message));
    }
    let location = offset(&error).map(|offset| Location::of(text, offset + begin));
    Err(fault(location, &without_location(&error)))
}

/// The syntax error in the text, if there is one. If a value of the wrong type comes first, its
/// error says more: an expression without quotes is a list in YAML, and the text after it is
/// malformed.
fn syntax_error(yaml: &str) -> Option<serde_yaml::Error> {
    serde_yaml::from_str::<IgnoredAny>(yaml).err()
}

/// The message without the location at its end, which is reported separately.
fn without_location(error: &serde_yaml::Error) -> String {
    let mut message = error.to_string();
    if let Some(at) = error.location() {
        let suffix = format!(" at line {} column {}", at.line(), at.column());
        if let Some(stripped) = message.strip_suffix(&suffix) {
            message.truncate(stripped.len());
        }
    }
    message
}
