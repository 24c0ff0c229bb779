//! The values that `set` sets: from the command line, files, standard input, a prompt, or the
//! random generator.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use sops_core::document::{Error as DocumentError, Indentation};
use sops_core::tree::Node;
use sops_core::{Component, Document, Error, Format, KeyPath, extract};
use sops_lint::{SECRET_PARTS, secrets};
use zeroize::Zeroizing;

use super::args::{Caller, ValueArgs, key_path};
use crate::arguments::invocation;
use crate::command_error::{Code, CommandError, name_of};
use crate::commands::secret::check_key;
use crate::secret_data;
use crate::secret_input::{
    ask, note_line_break, piped, read, read_file, standard_input, without_line_break,
};
use crate::ui::Ui;

/// A key path, and the value that it gets.
pub(crate) struct Assignment {
    pub(crate) path: KeyPath,
    /// The path as the user typed it.
    pub(crate) typed: String,
    value: NewValue,
    /// Whether `--encode` is given.
    encode: bool,
    /// Whether it is only checked, so that there are no warnings.
    is_trial: bool,
}

enum NewValue {
    Json(Node),
    Text(Zeroizing<Vec<u8>>, Origin),
}

/// Where the text of a value comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Given,
    Random,
}

impl ValueArgs {
    /// The paths with their values. This may ask the user, and read standard input.
    pub(crate) fn assignments(
        &self,
        ui: &Ui,
        caller: Caller<'_>,
    ) -> Result<Vec<Assignment>, CommandError> {
        let words = self.words();
        if invocation::is_sops() || self.value_file || self.value_stdin {
            return Ok(vec![self.only_one(&words, caller)?]);
        }
        if let Some(random) = self.generate {
            random
                .weakness()
                .iter()
                .for_each(|warning| ui.warn(warning));
            return self.of_paths(&words, caller, |_, _| {
                let text = random.generate().as_bytes().to_vec();
                Ok(NewValue::Text(Zeroizing::new(text), Origin::Random))
            });
        }
        if !self.from_file.is_empty() {
            if self.from_file.len() != words.len() {
                let message = format!(
                    "the number of `--from-file` flags, {}, differs from the number of paths, {}",
                    self.from_file.len(),
                    words.len()
                );
                return Err(
                    CommandError::new(Code::NoFileSpecified, message).hint(format!(
                        "pass one file for each path: `sops-rs {} FILE PATH --from-file FILE`",
                        caller.command
                    )),
                );
            }
            return self.of_paths(&words, caller, |index, path| {
                let file = &self.from_file[index];
                let text = read(file)?;
                if text.is_empty() {
                    let message = format!("{} is empty", name_of(file));
                    return Err(CommandError::new(Code::NoFileSpecified, message).hint(
                        "for an empty value, pass `'\"\"'` after the path, without `--from-file`",
                    ));
                }
                let way_out = "pipe the value in, without `--from-file`";
                note_line_break(ui, path, file, &text, way_out);
                Ok(NewValue::Text(text, Origin::Given))
            });
        }
        if self.prompt {
            return self.of_paths(&words, caller, |_, path| {
                Ok(NewValue::Text(
                    ask(ui, &prompt(path), NO_TERMINAL)?,
                    Origin::Given,
                ))
            });
        }
        match &words[..] {
            [path] => {
                let text = match ui.can_ask() {
                    true => ask(ui, &prompt(&path.to_string_lossy()), NO_TERMINAL)?,
                    false => piped()?,
                };
                self.of_paths(&words, caller, |_, _| {
                    Ok(NewValue::Text(text.clone(), Origin::Given))
                })
            }
            _ if words.is_empty() || words.len() % 2 == 1 => Err(caller.usage()),
            _ => words
                .chunks_exact(2)
                .map(|pair| self.assignment(&pair[0], self.value(&pair[1])?))
                .collect(),
        }
    }

    /// Whether the user will be asked for values on the terminal.
    pub(crate) fn asks(&self, ui: &Ui) -> bool {
        let takes_no_answer = invocation::is_sops()
            || self.value_file
            || self.value_stdin
            || self.generate.is_some()
            || !self.from_file.is_empty();
        !takes_no_answer && (self.prompt || self.words().len() == 1 && ui.can_ask())
    }

    /// Assignments of some text to the paths, to check them.
    pub(crate) fn trial(&self, caller: Caller<'_>) -> Result<Vec<Assignment>, CommandError> {
        let mut assignments = self.of_paths(&self.words(), caller, |_, _| {
            let text = Zeroizing::new(b"text".to_vec());
            Ok(NewValue::Text(text, Origin::Given))
        })?;
        for assignment in &mut assignments {
            assignment.is_trial = true;
        }
        Ok(assignments)
    }

    /// A word after the file that names a file.
    pub(super) fn file_among_words(&self) -> Option<String> {
        let words = self.words().into_iter();
        let mut files = words.filter(|word| Path::new(word).is_file());
        files.next().map(|word| name_of(Path::new(&word)))
    }

    /// What follows the file on the command line.
    fn words(&self) -> Vec<OsString> {
        let path = self.path.iter().map(OsString::from);
        let words = path.chain(self.value.clone());
        words.chain(self.more.iter().cloned()).collect()
    }

    /// One path and one value, as `sops` takes them.
    fn only_one(&self, words: &[OsString], caller: Caller<'_>) -> Result<Assignment, CommandError> {
        let (path, value) = match words {
            [path, value] if !self.value_stdin => (path, Some(value)),
            [path] if self.value_stdin => (path, None),
            [_, _] => return Err(Caller::value_twice()),
            _ => return Err(caller.usage()),
        };
        // An invalid path is reported before standard input is read.
        key_path(&path.to_string_lossy())?;
        let bytes = match value {
            None => standard_input()?,
            Some(file) if self.value_file => read_file(Path::new(file))?,
            Some(value) => Zeroizing::new(value.as_encoded_bytes().to_vec()),
        };
        let value = match self.is_text() {
            true if self.value_raw || !self.value_stdin => NewValue::Text(bytes, Origin::Given),
            true => NewValue::Text(without_line_break(bytes), Origin::Given),
            false => NewValue::Json(from_json(utf8(&bytes)?)?),
        };
        self.assignment(path, value)
    }

    /// A value on the command line.
    fn value(&self, word: &OsStr) -> Result<NewValue, CommandError> {
        if word == "-" {
            return Ok(NewValue::Text(piped()?, Origin::Given));
        }
        let bytes = Zeroizing::new(word.as_encoded_bytes().to_vec());
        match self.is_text() {
            true => Ok(NewValue::Text(bytes, Origin::Given)),
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
        caller: Caller<'_>,
        mut value: impl FnMut(usize, &str) -> Result<NewValue, CommandError>,
    ) -> Result<Vec<Assignment>, CommandError> {
        if words.is_empty() {
            return Err(caller.usage());
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
        let path = key_path(&typed)?;
        // Under `data` of a Secret, it is encoded.
        let may_be_data = path
            .components()
            .contains(&Component::Key("data".to_owned()));
        if let NewValue::Text(bytes, _) = &value
            && !self.encode
            && !may_be_data
        {
            utf8(bytes)?;
        }
        Ok(Assignment {
            path,
            typed,
            value,
            encode: self.encode,
            is_trial: false,
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
            is_trial: false,
        }
    }

    fn is_mapping(&self) -> bool {
        matches!(&self.value, NewValue::Json(Node::Mapping(_)))
    }

    /// The value for the document. Under `data` of a Secret, text is encoded in base64, and JSON
    /// must already be base64.
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
        if let Some((field, [])) = field
            && !self.is_mapping()
            && !invocation::is_sops()
        {
            return Err(refused(format!(
                "`{field}` of a Secret is a mapping of values, so only a mapping can replace it; for one value, name the key too, as in `{}.KEY`",
                self.path.dotted()
            )));
        }
        let is_data = matches!(field, Some(("data", _))) && !invocation::is_sops();
        let is_value = matches!(field, Some((_, [_]))) && !invocation::is_sops();
        if let Some((field, [Component::Key(key)])) = field
            && !invocation::is_sops()
        {
            check_key(key).map_err(|error| refused(error.message().to_owned()))?;
            if !self.is_trial {
                self.warn_of_other_field(ui, file, document, field);
            }
        }
        let (bytes, origin) = match &self.value {
            NewValue::Json(node) if is_value && is_other_type(node) => {
                return Err(refused(format!(
                    "a value of a Secret must be text, but the one for `{}` is a number, `true`, `false` or `null` in JSON: to set it as text, add `--text`",
                    self.typed
                )));
            }
            NewValue::Json(node) if is_data && !is_base64(node) => {
                return Err(refused(format!(
                    "a value under `data` of a Secret must be base64, but the one for `{}` is not: to set it as text, add `--text` and leave out the quotes of JSON, or set it under `stringData`",
                    self.typed
                )));
            }
            NewValue::Json(node) => return Ok(node.clone()),
            NewValue::Text(bytes, origin) => (bytes, *origin),
        };
        let text = str::from_utf8(bytes).ok();
        if self.encode || is_data {
            if text.is_some_and(secret_data::is_encoded_text) && origin != Origin::Random {
                ui.warn(format_args!(
                    "{}: the value for `{}` is already base64, and was encoded again; to set base64 as it is, pass it in JSON: `'\"…\"'`",
                    name_of(file),
                    self.typed
                ));
            }
            return Ok(Node::from(secret_data::encode(bytes).as_str()));
        }
        match text {
            Some(text) => Ok(Node::from(text)),
            None => Err(refused(format!(
                "the value for `{}` is not UTF-8 text: for bytes, use `data` of a Secret, or add `--encode`",
                self.typed
            ))),
        }
    }

    /// Warns if the other of `data` and `stringData` has the key too. Kubernetes then uses the
    /// value under `stringData`.
    fn warn_of_other_field(&self, ui: &Ui, file: &Path, document: &Document<'_>, field: &str) {
        let Some((last, before)) = self.path.components().split_last() else {
            return;
        };
        let Some((_, secret)) = before.split_last() else {
            return;
        };
        let other = SECRET_PARTS.into_iter().find(|part| *part != field);
        let other = other.expect("a Secret has two fields with values");
        let path = secret
            .iter()
            .cloned()
            .chain([Component::Key(other.to_owned()), last.clone()]);
        let Some(path) = KeyPath::new(path) else {
            return;
        };
        if extract(document, &path, Format::Json, &Indentation::default()).is_err() {
            return;
        }
        let used = match field {
            "stringData" => "Kubernetes uses the new value instead",
            _ => "Kubernetes uses it instead of the new value",
        };
        let name = name_of(file);
        ui.warn(format_args!(
            "{name}: `{0}` has a value too, and {used}; to remove the other value, run `sops-rs unset {name} '{0}'`",
            path.dotted()
        ));
    }
}

/// Whether the value is a scalar that is not text.
fn is_other_type(node: &Node) -> bool {
    matches!(node, Node::Scalar(_)) && node.as_str().is_none()
}

/// Whether Kubernetes accepts the value under `data`, or the values of a mapping.
fn is_base64(node: &Node) -> bool {
    match node {
        Node::Mapping(entries) => entries.iter().all(|entry| is_base64(&entry.value)),
        // Flux fills in variables later.
        node => node
            .as_str()
            .is_none_or(|text| text.contains("${") || secret_data::decode(text).is_some()),
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

/// Whether the path is that of a value under `data` of a Secret.
pub(crate) fn is_secret_data(document: &Document<'_>, path: &KeyPath) -> bool {
    matches!(secret_field(document, path), Some(("data", [_])))
}

/// What to do without a terminal.
const NO_TERMINAL: &str = "pipe the value in, or pass a file with `--from-file`";

/// The question for a value.
fn prompt(path: &str) -> String {
    format!("New value of `{path}`")
}

fn utf8(bytes: &[u8]) -> Result<&str, CommandError> {
    str::from_utf8(bytes).map_err(|_| {
        CommandError::new(Code::InvalidSetFormat, "the value is not UTF-8 text")
            .hint("to store bytes in base64, add `--encode`")
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
    .hint("to set the text as it is, add `--text`, or pipe it in; as JSON, it needs double quotes: `'\"text\"'`")
}
