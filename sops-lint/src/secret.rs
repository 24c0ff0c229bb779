//! The fields of a Secret of the core API: which of them hold values, and which ones Kubernetes
//! does not know.

use std::ops::Range;

use sops_document::{NodeRef, Shape};

/// The fields that hold the values of a Secret.
pub const SECRET_PARTS: [&str; 2] = ["data", "stringData"];

/// Every other field that a Secret can have, and the field for SOPS metadata.
const OTHER_FIELDS: [&str; 6] = [
    "apiVersion",
    "kind",
    "metadata",
    "type",
    "immutable",
    "sops",
];

/// Fields of `metadata` and of the server that users put one level too high by mistake. They do not
/// contain values of a Secret.
const MISPLACED: [&str; 6] = [
    "name",
    "namespace",
    "labels",
    "annotations",
    "status",
    "creationTimestamp",
];

/// Whether the key is one of [`SECRET_PARTS`] in any letter case, such as `stringdata`.
pub(crate) fn is_secret_part(key: &str) -> bool {
    SECRET_PARTS
        .iter()
        .any(|part| part.eq_ignore_ascii_case(key))
}

fn is_known(field: &str) -> bool {
    SECRET_PARTS.contains(&field) || OTHER_FIELDS.contains(&field) || field.starts_with('$')
}

/// Whether values of a Secret may be under a field with that name, on purpose or by mistake.
pub(crate) fn may_hold_values(field: &str) -> bool {
    SECRET_PARTS.contains(&field) || !is_known(field) && !MISPLACED.contains(&field)
}

/// A field at the top of a Secret, its own or one that it merges with `<<`.
#[derive(Clone, Debug)]
pub struct SecretField<'d, 'a> {
    /// The name of the field.
    pub name: &'d str,
    /// The value of the field.
    pub node: NodeRef<'d, 'a>,
    /// The alias that the field comes from, if any.
    alias: Option<Range<usize>>,
}

/// One scalar under a field of a Secret, at any depth.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecretValue<'d, 'a> {
    /// The name of the field that the value is under.
    pub field: &'d str,
    /// The nearest key above the value.
    pub key: &'d str,
    /// The node of the value; for an alias, the alias.
    pub node: NodeRef<'d, 'a>,
    /// The byte range of the value in the Secret, as [`sops_core::unencrypted_values`] returns it.
    /// For a value from an alias, the range of the alias.
    pub place: Range<usize>,
    /// The byte range of the source text; for an alias, at the anchor.
    pub origin: Range<usize>,
}

/// The fields of a Secret, in order, including fields with values that are under `metadata` because
/// of wrong indentation.
pub fn secret_fields<'d, 'a>(secret: NodeRef<'d, 'a>) -> Vec<SecretField<'d, 'a>> {
    let mut fields = Vec::new();
    let mut open = vec![(secret, None)];
    while let Some((mapping, alias)) = open.pop() {
        for (name, node) in mapping.entries() {
            let alias = alias.clone().or_else(|| alias_of(node));
            match (name, node.shape()) {
                ("<<", Shape::Mapping) => open.push((node, alias)),
                ("<<", Shape::Sequence) => open.extend(node.items().map(|item| {
                    let alias = alias.clone().or_else(|| alias_of(item));
                    (item, alias)
                })),
                _ => {
                    let is_metadata = name == "metadata" && mapping.span() == secret.span();
                    let inner = node.entries().filter(|_| is_metadata);
                    let misplaced = inner.filter(|(name, node)| {
                        SECRET_PARTS.contains(name) && node.shape() == Shape::Mapping
                    });
                    let misplaced = misplaced.map(|(name, node)| SecretField {
                        name,
                        node,
                        alias: alias.clone(),
                    });
                    let misplaced: Vec<_> = misplaced.collect();
                    fields.push(SecretField { name, node, alias });
                    fields.extend(misplaced);
                }
            }
        }
    }
    fields
}

/// The range of a node that is an alias.
fn alias_of(node: NodeRef<'_, '_>) -> Option<Range<usize>> {
    let span = node.span();
    (node.origin().span() != span).then_some(span)
}

impl<'d, 'a> SecretField<'d, 'a> {
    /// Whether the field is `data` or `stringData`, in any letter case.
    pub fn is_part(&self) -> bool {
        is_secret_part(self.name)
    }

    /// Whether Secrets, or patches of kustomize and of the API, have a field with exactly this
    /// name.
    pub fn is_known(&self) -> bool {
        is_known(self.name)
    }

    /// Whether values of a Secret may be under the field, on purpose or by mistake.
    pub fn holds_values(&self) -> bool {
        let is_single = ["type", "immutable"].contains(&self.name);
        may_hold_values(self.name) || is_single && self.node.shape() == Shape::Mapping
    }

    /// The first node under `data` or `stringData` that Kubernetes does not accept: a list, a
    /// nested mapping, or a string instead of the mapping.
    pub fn misfit(&self) -> Option<NodeRef<'d, 'a>> {
        if !self.is_part() {
            return None;
        }
        let is_null = self.node.shape() == Shape::Scalar && self.node.value().is_none();
        match self.node.shape() {
            Shape::Mapping => self
                .node
                .entries()
                .find(|(key, node)| *key != "<<" && node.shape() != Shape::Scalar)
                .map(|(_, node)| node),
            _ if is_null => None,
            _ => Some(self.node),
        }
    }

    /// The scalars under the field that are not null, at any depth.
    pub fn values(&self) -> Vec<SecretValue<'d, 'a>> {
        let mut values = Vec::new();
        let mut open = vec![(self.name, self.node, self.alias.clone())];
        while let Some((key, node, alias)) = open.pop() {
            let begin = open.len();
            let of = |child| alias.clone().or_else(|| alias_of(child));
            match node.shape() {
                Shape::Scalar if node.value().is_some() => {
                    let origin = node.origin().span();
                    values.push(SecretValue {
                        field: self.name,
                        key,
                        node,
                        place: alias.unwrap_or_else(|| node.span()),
                        origin,
                    });
                }
                Shape::Scalar => {}
                Shape::Sequence => open.extend(node.items().map(|item| (key, item, of(item)))),
                Shape::Mapping => {
                    open.extend(node.entries().map(|(key, child)| (key, child, of(child))))
                }
            }
            // In the order of the text.
            open[begin..].reverse();
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use sops_document::Format;

    use sops_core::parse_document;

    use super::*;
    use crate::object::secrets;

    fn fields(text: &str) -> Vec<(String, bool, bool, usize)> {
        let document = parse_document(text, Format::Yaml).expect("the text is YAML");
        let secret = secrets(&document)[0];
        let fields = secret_fields(secret).into_iter();
        fields
            .map(|field| {
                let name = field.name.to_owned();
                let misfits = field.misfit().is_some();
                (name, field.holds_values(), misfits, field.values().len())
            })
            .skip(2)
            .collect()
    }

    #[test]
    fn fields_are_recognized_by_name_and_shape() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n$patch: merge\nnamespace: b\ntype: Opaque\nimmutable: {a: b}\ndata: {a: [b]}\nstringdata: x\n\
                    <<: {stringData: {a: 1, b: null}}\n";
        let field = |name: &str, values, misfit, count| (name.to_owned(), values, misfit, count);
        assert_eq!(
            fields(text),
            [
                field("metadata", false, false, 1),
                field("$patch", false, false, 1),
                field("namespace", false, false, 1),
                field("type", false, false, 1),
                field("immutable", true, false, 1),
                field("data", true, true, 1),
                field("stringdata", true, true, 1),
                field("stringData", true, false, 1),
            ]
        );
    }
}
