//! Finds the key path of a position in text, to distinguish several values named `password`.

use std::cell::OnceCell;
use std::ops::Range;

use sops_core::parse_document;
use sops_document::{Format, NodeRef, Shape};

use super::found::FoundSecret;
use super::named_keys::KeyName;
use super::token;

/// Larger strings are not parsed for the names in them.
const MAX_PARSED: usize = 1 << 20;

/// The key paths in `text`, which is parsed when the first path is requested.
pub(super) struct KeyPaths<'t> {
    text: &'t str,
    scalars: OnceCell<Vec<TextScalar>>,
}

/// A scalar in text that parses as a document.
struct TextScalar {
    span: Range<usize>,
    path: String,
    /// Whether the scalar is the name of a key of a Secret.
    key_name: KeyName,
}

impl<'t> KeyPaths<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self {
            text,
            scalars: OnceCell::new(),
        }
    }

    /// Removes the names of keys of Secrets.
    pub(super) fn retain_values(&self, secrets: &mut Vec<FoundSecret>) {
        secrets.retain(|secret| {
            let scalar = self.scalar(&secret.range);
            scalar.is_none_or(|scalar| scalar.key_name.allows(secret.likeness))
        });
    }

    /// Whether a position is in a document.
    pub(super) fn has(&self, secret: &FoundSecret) -> bool {
        self.scalar(&secret.range).is_some()
    }

    /// Replaces each name with its key path. The secrets are in the order of the text.
    pub(super) fn name(&self, secrets: &mut [FoundSecret]) {
        let is_file = self.text.trim().contains('\n') || self.text.trim_start().starts_with('{');
        let mut section = None;
        let mut read = 0;
        for secret in secrets.iter_mut().filter(|_| is_file) {
            let before = self.text.get(read..secret.range.start).unwrap_or_default();
            section = before.lines().rev().find_map(header).or(section);
            read = secret.range.start;
            if let Some(path) = self.scalar(&secret.range).map(|scalar| scalar.path.clone()) {
                let is_same = secret.name.is_empty()
                    || path.ends_with(&secret.name)
                    || path.ends_with(".value");
                // A file in a value has its own names.
                secret.name = match is_same {
                    true => path,
                    false => format!("{path}.{}", secret.name),
                };
            } else if let Some(section) = section.filter(|_| !secret.name.is_empty()) {
                secret.name = format!("{section}.{}", secret.name);
            }
        }
    }

    fn scalar(&self, range: &Range<usize>) -> Option<&TextScalar> {
        let scalars = self.scalars.get_or_init(|| scalars(self.text));
        let next = scalars.partition_point(|scalar| scalar.span.start <= range.start);
        let scalar = scalars.get(next.checked_sub(1)?)?;
        (range.start < scalar.span.end).then_some(scalar)
    }
}

/// Whether a value is shown as the name of an item: it is short, and not a token instead of a
/// name.
pub(crate) fn is_shown(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || "-_./@".contains(c);
    (1..=100).contains(&name.len()) && name.chars().all(is_part) && token::find(name).is_none()
}

/// The section of INI or TOML that a line begins.
fn header(line: &str) -> Option<&str> {
    let name = line
        .trim_end()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.: ".contains(c);
    let is_header = line.starts_with('[') && line.trim_end().ends_with(']');
    (is_header && !name.is_empty() && name.chars().all(is_part)).then_some(name)
}

/// The scalars of the text in order, each with its key path; empty if the text is not a document.
fn scalars(text: &str) -> Vec<TextScalar> {
    let format = match text.trim_start().starts_with('{') {
        true => Format::Json,
        false => Format::Yaml,
    };
    if text.len() > MAX_PARSED {
        return Vec::new();
    }
    let Ok(document) = parse_document(text, format) else {
        return Vec::new();
    };
    let mut scalars = Vec::new();
    let mut open: Vec<_> = document
        .tops()
        .flatten()
        .map(|top| (top, String::new(), KeyName::No))
        .collect();
    while let Some((node, path, key_name)) = open.pop() {
        let below = |step: &str| match path.as_str() {
            "" => step.to_owned(),
            path => format!("{path}.{step}"),
        };
        match node.shape() {
            Shape::Scalar => {
                // Several lines without quotes that form one value are a file in another format.
                let source = text.get(node.span()).unwrap_or_default();
                if !source.contains('\n') || source.starts_with(['|', '>', '"', '\'']) {
                    scalars.push(TextScalar {
                        span: node.span(),
                        path,
                        key_name,
                    });
                }
            }
            Shape::Mapping => {
                open.extend(node.entries().map(|(key, child)| {
                    let inner = key_name.of_entry(node, key).below(key, child);
                    (child, below(key), inner)
                }));
            }
            Shape::Sequence => open.extend(node.items().enumerate().map(|(number, item)| {
                let name = item.get("name").and_then(NodeRef::as_str);
                let name = name.filter(|name| is_shown(name));
                let step = name.map_or_else(|| format!("{number}"), str::to_owned);
                (item, below(&step), key_name)
            })),
        }
    }
    scalars.sort_by_key(|scalar| scalar.span.start);
    scalars
}
