//! Creates a Secret from encrypted files, as ksops does: text under `stringData`, and base64 of
//! binary files under `data`.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::tree::{Entry, Node};
use zeroize::Zeroizing;

use crate::config::{ObjectMetadata, SecretFrom};
use crate::encrypted_file::{DecryptedFile, decrypt};
use crate::function::Function;
use crate::generate::env;
use crate::problem::Problem;
use crate::secret_rules::check_key;

/// Creates the Secret of `secretFrom[index]`.
///
/// # Errors
/// The error has the field, and the file if there is one. kustomize refuses a Secret without a
/// name, but its error does not say which file the Secret is from.
pub(crate) fn generate(
    function: &mut Function,
    index: usize,
    from: &SecretFrom,
    envs: env::Style,
) -> Result<Node, Problem> {
    if from.metadata.name.as_deref().unwrap_or_default().is_empty() {
        let message = match first_file(from) {
            Some(path) => format!("missing; the Secret from `{path}` needs a name"),
            None => "missing; the Secret needs a name".to_owned(),
        };
        let field = format!("secretFrom[{index}].metadata.name");
        return Err(Problem::new(message).at_field(&field));
    }
    let field = |list, number| format!("secretFrom[{index}].{list}[{number}]");
    let mut texts = BTreeMap::new();
    let mut bytes = BTreeMap::new();
    for (number, item) in from.files.iter().flatten().enumerate() {
        let source = Source::keyed(item, field("files", number))?;
        let text = source.read(function, |plaintext| plaintext.text().map(Node::from))?;
        source.insert(function, &mut texts, source.key, text);
    }
    for (number, item) in from.binary_files.iter().flatten().enumerate() {
        let source = Source::keyed(item, field("binaryFiles", number))?;
        let encode = |plaintext: &DecryptedFile| Zeroizing::new(STANDARD.encode(plaintext.bytes()));
        let text = source.read(function, |plaintext| {
            Ok(Node::from(encode(plaintext).as_str()))
        })?;
        source.insert(function, &mut bytes, source.key, text);
    }
    for (number, path) in from.envs.iter().flatten().enumerate() {
        let source = Source {
            key: "",
            path,
            field: field("envs", number),
        };
        let values = source.read(function, |plaintext| envs.read(plaintext.text()?))?;
        for (key, value) in values {
            check_key(&key).map_err(|problem| source.locate(problem))?;
            source.insert(function, &mut texts, &key, value.as_str().into());
        }
    }
    let mut secret = vec![
        entry("apiVersion", "v1".into()),
        entry("kind", "Secret".into()),
        entry("metadata", metadata(&from.metadata)),
    ];
    secret.extend(
        from.r#type
            .as_deref()
            .map(|kind| entry("type", kind.into())),
    );
    for (key, values) in [("stringData", texts), ("data", bytes)] {
        if !values.is_empty() {
            let values = values.into_iter().map(|(key, value)| Entry { key, value });
            secret.push(entry(key, Node::Mapping(values.collect())));
        }
    }
    Ok(Node::Mapping(secret))
}

/// One item of a list of files.
struct Source<'c> {
    /// The key of the Secret.
    key: &'c str,
    path: &'c str,
    /// The field of the configuration that names the file.
    field: String,
}

impl<'c> Source<'c> {
    /// Parses `key=path`, or a path, whose last part is the key.
    fn keyed(item: &'c str, field: String) -> Result<Self, Problem> {
        let (key, path) = match item.split_once('=') {
            Some((_, path)) if path.contains('=') => {
                return Err(Problem::new("more than one `=`; write `key=path`").at_field(&field));
            }
            Some(parts) => parts,
            None => {
                let name = Path::new(item).file_name().and_then(|name| name.to_str());
                (name.unwrap_or_default(), item)
            }
        };
        check_key(key).map_err(|problem| problem.at_field(&field))?;
        Ok(Self { key, path, field })
    }

    fn read<T>(
        &self,
        function: &mut Function,
        work: impl FnOnce(&DecryptedFile) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let plaintext = decrypt(function, self.path, self.key);
        plaintext
            .and_then(|plaintext| work(&plaintext))
            .map_err(|problem| self.locate(problem))
    }

    fn locate(&self, problem: Problem) -> Problem {
        problem.in_file(self.path).at_field(&self.field)
    }

    /// Inserts a value. If the key has one, the new value replaces it, as in ksops, with a warning.
    fn insert(
        &self,
        function: &mut Function,
        values: &mut BTreeMap<String, Node>,
        key: &str,
        value: Node,
    ) {
        if values.insert(key.to_owned(), value).is_some() {
            let problem = Problem::new(format!(
                "the key `{key}` appears twice; the last value is used"
            ));
            function.report.warn(self.locate(problem));
        }
    }
}

/// The first file that the Secret is made from, as the configuration names it.
fn first_file(from: &SecretFrom) -> Option<&str> {
    let lists = [&from.files, &from.binary_files, &from.envs];
    let item = lists.into_iter().flatten().flatten().next()?;
    Some(item.split_once('=').map_or(item.as_str(), |(_, path)| path))
}

fn metadata(metadata: &ObjectMetadata) -> Node {
    let mut entries = Vec::new();
    for (key, value) in [("name", &metadata.name), ("namespace", &metadata.namespace)] {
        entries.extend(value.as_deref().map(|value| entry(key, value.into())));
    }
    for (key, values) in [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ] {
        if let Some(values) = values {
            let values = values
                .iter()
                .map(|(key, value)| entry(key, value.as_str().into()));
            entries.push(entry(key, Node::Mapping(values.collect())));
        }
    }
    Node::Mapping(entries)
}

fn entry(key: &str, value: Node) -> Entry {
    Entry {
        key: key.to_owned(),
        value,
    }
}
