//! The one way in which configurations are read: YAML into a type, by `serde_yaml`, with the place of what is wrong.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny};
use sops_document::Location;
use sops_document::yaml::Outline;
use sops_printable::escaped;

use crate::serde_message::without_value;

/// How deep a configuration may be nested. `serde_yaml` reads no more either.
const MAX_DEPTH: usize = 128;

/// What is wrong with a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct YamlError {
    /// Where, if it is one place.
    pub location: Option<Location>,
    /// What is wrong, and what to do. It is safe to show.
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

/// Reads the only document of a configuration into a type. A byte order mark before it does not count.
///
/// # Errors
/// [`YamlError`] with the place: for what is not UTF-8 or not YAML, for a second document, for nesting deeper than 128 levels, and for what the type
/// does not have.
pub fn read_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, YamlError> {
    read_yaml_with(text, PhantomData)
}

/// The same with a seed.
pub(super) fn read_yaml_with<'s, S: DeserializeSeed<'s>>(
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
        let message = "the file is not UTF-8; save it in this encoding";
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
    let offset = |error: &serde_yaml::Error| error.location().map(|place| place.index());
    if let Some((location, message)) = outline.malformed
        && syntax_error(yaml).is_some_and(|syntax| offset(&syntax) == offset(&error))
    {
        return Err(fault(Some(location), &message));
    }
    if offset(&error).is_none() && outline.second_document.is_some() {
        let message = "there is a second document, which sops does not read; take the `---` out";
        return Err(fault(outline.second_document, message));
    }
    let location = offset(&error).map(|offset| Location::of(text, offset + begin));
    Err(fault(location, &without_place(&error)))
}

/// What is wrong with the text whatever it is read into. A value of the wrong type may come before it, and says more: an
/// expression without quotes is a list to YAML, and what follows it is malformed.
fn syntax_error(yaml: &str) -> Option<serde_yaml::Error> {
    serde_yaml::from_str::<IgnoredAny>(yaml).err()
}

/// What is wrong, without the value, which may be a secret, and the place, which goes beside it.
fn without_place(error: &serde_yaml::Error) -> String {
    let message = without_value(&error.to_string());
    match error.location() {
        Some(at) => {
            let place = format!(" at line {} column {}", at.line(), at.column());
            message.replacen(&place, "", 1)
        }
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Settings {
        names: Vec<String>,
    }

    #[test]
    fn a_configuration_without_content_has_the_defaults() {
        for text in ["", "# nothing yet\n", "---\n", "\u{feff}", "{}"] {
            let settings = read_yaml::<Settings>(text.as_bytes());
            assert_eq!(settings, Ok(Settings::default()), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, message) in [
            ("names: [a\n", "line 1, column 8: "),
            (
                "\u{feff}nmes: []\n",
                "line 1, column 2: unknown field `nmes`",
            ),
            (
                "names: hunter2\n",
                "line 1, column 8: names: invalid type: string, expected a sequence",
            ),
            (
                "names: []\n---\n",
                "line 2, column 1: there is a second document",
            ),
        ] {
            let error = read_yaml::<Settings>(text.as_bytes()).expect_err(text);
            assert!(error.to_string().starts_with(message), "{text:?}: {error}");
        }
    }
}
