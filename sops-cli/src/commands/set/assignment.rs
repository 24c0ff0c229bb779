//! The values that `set` sets: from the command line, files, standard input, a prompt, or random.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use sops_core::document::Error as DocumentError;
use sops_core::tree::Node;
use sops_core::{Component, Document, Error, KeyPath};
use sops_lint::{SECRET_PARTS, secrets};
use zeroize::Zeroizing;

use super::args::{ValueArgs, key_path, usage};
use crate::arguments::invocation;
use crate::command_error::{Code, CommandError, name_of};
use crate::secret_data;
use crate::secret_input::{ask, read, read_file, standard_input, without_line_break};
use crate::ui::Ui;

/// A key path, and the value that it gets.
pub(crate) struct Assignment {
    pub(crate) path: KeyPath,
    /// The path as the user typed it.
    pub(crate) typed: String,
    value: NewValue,
    /// Whether `--encode` is given.
    encode: bool,
}

enum NewValue {
    Json(Node),
    Text(Zeroizing<Vec<u8>>, Origin),
}

/// Where a text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A flag says that it is text.
    Flag,
    /// It was read because there was no value on the command line.
    Default,
    Random,
}

impl ValueArgs {
    /// The paths with their values. This may ask the user, and read standard input.
    pub(crate) fn assignments(&self, ui: &Ui) -> Result<Vec<Assignment>, CommandError> {
        let words = self.words();
        if invocation::is_sops() || self.value_file || self.value_stdin {
            return Ok(vec![self.only_one(&words)?]);
        }
        if let Some(random) = self.generate {
            random
                .weakness()
                .iter()
                .for_each(|warning| ui.warn(warning));
            return self.of_paths(&words, |_, _| {
                let text = random.generate().as_bytes().to_vec();
                Ok(NewValue::Text(Zeroizing::new(text), Origin::Random))
            });
        }
        if !self.from_file.is_empty() {
            if self.from_file.len() != words.len() {
                let message = format!(
                    "`--from-file` is given {} times for {} paths",
                    self.from_file.len(),
                    words.len()
                );
                return Err(CommandError::new(Code::NoFileSpecified, message).hint(
                    "pass one file for each path: `sops-rs set FILE PATH --from-file FILE`",
                ));
            }
            return self.of_paths(&words, |index, _| {
                let text = read(&self.from_file[index])?;
                Ok(NewValue::Text(text, Origin::Flag))
            });
        }
        if self.prompt {
            return self.of_paths(&words, |_, path| {
                Ok(NewValue::Text(ask(ui, &prompt(path))?, Origin::Flag))
            });
        }
        match &words[..] {
            [path] => {
                let text = match ui.can_ask() {
                    true => ask(ui, &prompt(&path.to_string_lossy()))?,
                    false => without_line_break(standard_input()?),
                };
                if text.is_empty() {
                    return Err(usage());
                }
                self.of_paths(&words, |_, _| {
                    Ok(NewValue::Text(text.clone(), Origin::Default))
                })
            }
            _ if words.is_empty() || words.len() % 2 == 1 => Err(usage()),
            _ => words
                .chunks_exact(2)
                .map(|pair| self.assignment(&pair[0], self.value(&pair[1])?))
                .collect(),
        }
    }

    /// What follows the file on the command line.
    fn words(&self) -> Vec<OsString> {
        let path = self.path.iter().map(OsString::from);
        let words = path.chain(self.value.clone());
        words.chain(self.more.iter().cloned()).collect()
    }

    /// One path and one value, as `sops` takes them.
    fn only_one(&self, words: &[OsString]) -> Result<Assignment, CommandError> {
        let (path, value) = match words {
            [path, value] if !self.value_stdin => (path, Some(value)),
            [path] if self.value_stdin => (path, None),
            _ => return Err(usage()),
        };
        // Before standard input is read.
        key_path(&path.to_string_lossy())?;
        let bytes = match value {
            None => standard_input()?,
            Some(file) if self.value_file => read_file(Path::new(file))?,
            Some(value) => Zeroizing::new(value.as_encoded_bytes().to_vec()),
        };
        let value = match self.is_text() {
            true if self.value_raw || !self.value_stdin => NewValue::Text(bytes, Origin::Flag),
            true => NewValue::Text(without_line_break(bytes), Origin::Flag),
            false => NewValue::Json(from_json(utf8(&bytes)?)?),
        };
        self.assignment(path, value)
    }

    /// A value on the command line.
    fn value(&self, word: &OsStr) -> Result<NewValue, CommandError> {
        if word == "-" {
            let text = without_line_break(standard_input()?);
            return Ok(NewValue::Text(text, Origin::Flag));
        }
        let bytes = Zeroizing::new(word.as_encoded_bytes().to_vec());
        match self.is_text() {
            true => Ok(NewValue::Text(bytes, Origin::Flag)),
            false => Ok(NewValue::Json(from_json(utf8(&bytes)?)?)),
        }
    }

    fn is_text(&self) -> bool {
        self.text || self.value_raw || self.encode
    }

    /// All words are paths, and `value` finds the value for each.
    fn of_paths(
        &self,
        words: &[OsString],
        mut value: impl FnMut(usize, &str) -> Result<NewValue, CommandError>,
    ) -> Result<Vec<Assignment>, CommandError> {
        if words.is_empty() {
            return Err(usage());
        }
        let words = words.iter().enumerate();
        words
            .map(|(index, path)| {
                let value = value(index, &path.to_string_lossy())?;
                self.assignment(path, value)
            })
            .collect()
    }

    fn assignment(&self, path: &OsStr, value: NewValue) -> Result<Assignment, CommandError> {
        let typed = path.to_string_lossy().into_owned();
        if let NewValue::Text(bytes, _) = &value
            && !self.encode
        {
            utf8(bytes)?;
        }
        Ok(Assignment {
            path: key_path(&typed)?,
            typed,
            value,
            encode: self.encode,
        })
    }
}

impl Assignment {
    /// Sets the value at the path to this node.
    pub(crate) fn of_node(path: KeyPath, value: Node) -> Self {
        Self {
            typed: path.to_string(),
            path,
            value: NewValue::Json(value),
            encode: false,
        }
    }

    /// The value for the document. Under `data` of a Secret, a text must be base64.
    pub(crate) fn node(
        &self,
        ui: &Ui,
        file: &Path,
        document: &Document<'_>,
    ) -> sops_core::Result<Node> {
        let field = secret_field(document, &self.path);
        let refused = |message: String| Error::Document(DocumentError::Path { message });
        if let Some((field, rest @ [_, _, ..])) = field
            && !self.typed.starts_with("[\"")
        {
            let keys: Vec<String> = rest
                .iter()
                .map(|key| match key {
                    Component::Key(key) => key.clone(),
                    Component::Index(index) => index.to_string(),
                })
                .collect();
            return Err(refused(format!(
                "a Secret has no values at `{}`; for a key with dots, write `{field}[\"{}\"]`",
                self.typed,
                keys.join(".")
            )));
        }
        let (bytes, origin) = match &self.value {
            NewValue::Json(node) => return Ok(node.clone()),
            NewValue::Text(bytes, origin) => (bytes, *origin),
        };
        let is_data = matches!(field, Some(("data", _)));
        let text = str::from_utf8(bytes).ok();
        if self.encode || is_data && origin == Origin::Random {
            if text.is_some_and(secret_data::is_encoded_text) && origin != Origin::Random {
                ui.warn(format_args!(
                    "{}: the value for `{}` is already base64, and was encoded again",
                    name_of(file),
                    self.typed
                ));
            }
            return Ok(Node::from(secret_data::encode(bytes).as_str()));
        }
        let text = text.unwrap_or_default();
        if is_data && secret_data::decode(text).is_none() {
            return Err(refused(format!(
                "values under `data` of a Secret must be base64: add `--encode`, or set the text under `stringData` instead of `{}`",
                self.typed
            )));
        }
        if is_data && origin == Origin::Default {
            ui.warn(format_args!(
                "{}: the value for `{}` was stored as it is, because it is base64; if it is the secret itself, add `--encode`",
                name_of(file),
                self.typed
            ));
        }
        Ok(Node::from(text))
    }
}

/// `data` or `stringData` of a Secret, if the path leads into it, and the rest of the path.
fn secret_field<'p>(
    document: &Document<'_>,
    path: &'p KeyPath,
) -> Option<(&'p str, &'p [Component])> {
    let components = path.components();
    let is_part = |component: &Component| matches!(component, Component::Key(key) if SECRET_PARTS.contains(&key.as_str()));
    if !components.iter().any(is_part) {
        return None;
    }
    let secrets: Vec<_> = secrets(document)
        .iter()
        .map(|secret| secret.span())
        .collect();
    let mut node = document.tops().next()??;
    for (depth, component) in components.iter().enumerate() {
        if let Component::Key(key) = component
            && is_part(component)
            && secrets.contains(&node.span())
        {
            return Some((key, &components[depth + 1..]));
        }
        node = match component {
            Component::Key(key) => node.get(key)?,
            Component::Index(index) => node.items().nth(*index)?,
        };
    }
    None
}

/// The question for a value.
fn prompt(path: &str) -> String {
    format!("New value of `{path}`")
}

fn utf8(bytes: &[u8]) -> Result<&str, CommandError> {
    str::from_utf8(bytes).map_err(|_| {
        CommandError::new(Code::InvalidSetFormat, "the value is not UTF-8 text")
            .hint("for bytes under `data` of a Secret, add `--encode`")
    })
}

/// Parses a value in JSON.
fn from_json(json: &str) -> Result<Node, CommandError> {
    if json.trim_ascii().is_empty() {
        return Err(
            CommandError::new(Code::InvalidSetFormat, "the value is empty")
                .hint("an empty string is `'\"\"'` in JSON; to remove a value: `sops-rs unset`"),
        );
    }
    let value: serde_json::Value = serde_json::from_str(json).map_err(|error| {
        // The original error message is about the parser.
        no_json(&format!(
            "syntax error at line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    Ok(Node::from_json(&value))
}

fn no_json(reason: &str) -> CommandError {
    CommandError::new(
        Code::InvalidSetFormat,
        format!("the value is not JSON: {reason}"),
    )
    .hint("put text in double quotes: `'\"text\"'`; with `--text`, quotes are not needed")
}
