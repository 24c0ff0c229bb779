//! Deserializes documents into a program's own types.

mod problem;

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use self::problem::{PathStep, Problem};
use crate::edit::find;
use crate::error::Result;
use crate::format::Format;
use crate::key_path::KeyPath;
use crate::value::{Type, Value};
use crate::{Collection, Document, Item};

/// Deserializes the first document in `text`.
///
/// Scalars have the types that Go's YAML library gives them, so `yes` is a string and `010` is 8;
/// timestamps are RFC 3339 strings. An alias reads as the node that it refers to. The entries under
/// a merge key `<<` become entries of the mapping, unless the mapping has the same key itself. An
/// empty document is an empty mapping.
///
/// # Errors
/// The errors of [`Document::parse`]; [`Error::Value`](crate::Error::Value) if a value does not fit
/// the type, with its key path and location but without the value. Messages from the type's own
/// `Deserialize` are dropped, because they might quote the value.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Database {
///     host: String,
///     port: u16,
/// }
///
/// let text = "host: db\nport: 5432\n";
/// let database: Database = sops_document::from_document(text, sops_document::Format::Yaml)?;
/// assert_eq!((database.host.as_str(), database.port), ("db", 5432));
/// # Ok::<(), sops_document::Error>(())
/// ```
pub fn from_document<T: DeserializeOwned>(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
) -> Result<T> {
    let document = Document::parse(text, format)?;
    read(&document, document.top(0))
}

/// Deserializes every document in `text`, like [`from_document`].
///
/// # Errors
/// The errors of [`from_document`].
pub fn from_documents<T: DeserializeOwned>(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
) -> Result<Vec<T>> {
    let document = Document::parse(text, format)?;
    document
        .document_indexes()
        .map(|index| read(&document, document.top(index)))
        .collect()
}

impl Document<'_> {
    /// Deserializes the value at `path` in the first document, like [`from_document`].
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) and [`Path`](crate::Error::Path) if the document has no
    /// value there, and the errors of [`from_document`].
    pub fn read_at<T: DeserializeOwned>(&self, path: &KeyPath) -> Result<T> {
        read(self, Some(find(self, path)?))
    }
}

fn read<T: DeserializeOwned>(document: &Document<'_>, top: Option<usize>) -> Result<T> {
    let reader = NodeReader {
        document,
        node: top,
    };
    T::deserialize(reader).map_err(|problem| problem.into_error(document))
}

/// A node to deserialize; `None` stands for an empty mapping.
#[derive(Clone, Copy)]
struct NodeReader<'d, 'a> {
    document: &'d Document<'a>,
    node: Option<usize>,
}

impl<'d, 'a> NodeReader<'d, 'a> {
    /// The node's item or, for an alias, the item that it refers to.
    fn item(self) -> Option<(usize, &'d Item<'a>)> {
        let node = self.document.dereferenced(self.node?);
        Some((node, &self.document.tape[node]))
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        match self.item() {
            Some((_, Item::Leaf(leaf))) => visit_scalar(leaf.value.as_ref(), visitor),
            Some((
                node,
                Item::Open {
                    kind: Collection::Sequence,
                    ..
                },
            )) => {
                let items: Vec<usize> = self.document.children(node).collect();
                visitor.visit_seq(Items {
                    document: self.document,
                    items: items.into_iter().enumerate(),
                })
            }
            container => {
                let mut entries = Vec::new();
                if let Some((node, _)) = container {
                    self.document
                        .merged_entries(node, &mut HashSet::new(), &mut entries);
                }
                visitor.visit_map(Entries {
                    document: self.document,
                    entries: entries.into_iter(),
                    value: None,
                })
            }
        }
    }
}

fn visit_scalar<'de, V: Visitor<'de>>(
    value: Option<&Value<'_>>,
    visitor: V,
) -> std::result::Result<V::Value, Problem> {
    let Some(value) = value else {
        return visitor.visit_unit();
    };
    let Ok(text) = str::from_utf8(&value.bytes) else {
        return visitor.visit_bytes(&value.bytes);
    };
    match value.kind {
        Type::Bool => visitor.visit_bool(text == "True"),
        Type::Int => match text.parse() {
            Ok(integer) => visitor.visit_i64(integer),
            Err(_) => visitor.visit_str(text),
        },
        Type::Float => match sops_go_compat::parse_float(text) {
            Some(float) => visitor.visit_f64(float),
            None => visitor.visit_str(text),
        },
        Type::Str | Type::Time | Type::Bytes | Type::Comment => visitor.visit_str(text),
    }
}

impl<'a> Document<'a> {
    /// Adds the entries of the mapping at `node` whose keys are not in `seen`: its own, then those
    /// of its merge keys. The parser allows only mappings under a merge key.
    fn merged_entries<'d>(
        &'d self,
        node: usize,
        seen: &mut HashSet<&'d str>,
        entries: &mut Vec<usize>,
    ) {
        let mut merged = Vec::new();
        for child in self.children(node) {
            if self.is_merge(child) {
                merged.push(child);
            } else if seen.insert(self.key(child)) {
                entries.push(child);
            }
        }
        for value in merged {
            let target = self.dereferenced(value);
            let sources = match &self.tape[target] {
                Item::Open {
                    kind: Collection::Sequence,
                    ..
                } => self
                    .children(target)
                    .map(|item| self.dereferenced(item))
                    .collect(),
                _ => vec![target],
            };
            for source in sources {
                self.merged_entries(source, seen, entries);
            }
        }
    }
}

impl<'de> Deserializer<'de> for NodeReader<'_, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        self.visit(visitor).map_err(|problem| problem.at(self.node))
    }

    fn deserialize_option<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        match self.item() {
            Some((_, Item::Leaf(leaf))) if leaf.value.is_none() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
        .map_err(|problem| problem.at(self.node))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        visitor
            .visit_newtype_struct(self)
            .map_err(|problem| problem.at(self.node))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        let result = match self.item() {
            Some((_, Item::Leaf(leaf))) => match &leaf.value {
                Some(Value {
                    kind: Type::Str,
                    bytes,
                }) => {
                    let name = String::from_utf8_lossy(bytes);
                    visitor.visit_enum(Variant {
                        name,
                        content: None,
                    })
                }
                value => visit_scalar(value.as_ref(), visitor),
            },
            Some((
                node,
                Item::Open {
                    kind: Collection::Mapping,
                    ..
                },
            )) => {
                let mut children = self.document.children(node);
                match (children.next(), children.next()) {
                    (Some(child), None) => {
                        let name = self.document.key(child);
                        let content = NodeReader {
                            document: self.document,
                            node: Some(child),
                        };
                        visitor
                            .visit_enum(Variant {
                                name: name.into(),
                                content: Some(content),
                            })
                            .map_err(|problem| problem.under(PathStep::Key(name.to_owned())))
                    }
                    _ => Err(Problem::new(
                        "expected a mapping with one key, the name of the variant",
                    )),
                }
            }
            _ => self.visit(visitor),
        };
        result.map_err(|problem| problem.at(self.node))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct Items<'d, 'a> {
    document: &'d Document<'a>,
    items: std::iter::Enumerate<std::vec::IntoIter<usize>>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> std::result::Result<Option<T::Value>, Problem> {
        let Some((index, node)) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(NodeReader {
            document: self.document,
            node: Some(node),
        })
        .map(Some)
        .map_err(|problem| problem.at(Some(node)).under(PathStep::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'d, 'a> {
    document: &'d Document<'a>,
    entries: std::vec::IntoIter<usize>,
    /// The value of the last key that was read.
    value: Option<usize>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> std::result::Result<Option<K::Value>, Problem> {
        let Some(node) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(node);
        let key = Cow::Borrowed(self.document.key(node)).into_deserializer();
        seed.deserialize(key).map(Some).map_err(|problem: Problem| {
            problem
                .at(Some(node))
                .under(PathStep::Key(self.document.key(node).to_owned()))
        })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> std::result::Result<T::Value, Problem> {
        let node = self.value.take();
        seed.deserialize(NodeReader {
            document: self.document,
            node,
        })
        .map_err(|problem| {
            let key = node.map_or("", |node| self.document.key(node));
            problem.at(node).under(PathStep::Key(key.to_owned()))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A variant of an enum: its name, optionally with its content.
struct Variant<'d, 'a> {
    name: Cow<'d, str>,
    content: Option<NodeReader<'d, 'a>>,
}

impl<'de, 'd, 'a> EnumAccess<'de> for Variant<'d, 'a> {
    type Error = Problem;
    type Variant = Content<'d, 'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> std::result::Result<(V::Value, Content<'d, 'a>), Problem> {
        let name = seed.deserialize(IntoDeserializer::<Problem>::into_deserializer(self.name))?;
        Ok((name, Content(self.content)))
    }
}

struct Content<'d, 'a>(Option<NodeReader<'d, 'a>>);

impl Content<'_, '_> {
    fn missing() -> Problem {
        Problem::new("the variant's value is missing")
    }
}

impl<'de> VariantAccess<'de> for Content<'_, '_> {
    type Error = Problem;

    fn unit_variant(self) -> std::result::Result<(), Problem> {
        match self.0 {
            Some(content) => de::Deserialize::deserialize(content),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> std::result::Result<T::Value, Problem> {
        seed.deserialize(self.0.ok_or_else(Self::missing)?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        self.0.ok_or_else(Self::missing)?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        self.0.ok_or_else(Self::missing)?.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests;
