//! Reads YAML according to a [`Schema`], with `serde_yaml`. No message quotes a value, because a
//! secret may be in the wrong file.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use sops_go_compat::Regexp;
use sops_keys::identifier::{fault_of_identifier, fault_of_identifiers};

use super::glob;
use super::node::{ConfigNode, Mapping};
use super::schema::{Schema, UnknownKey, UnknownKeys, ValueKind};
use super::yaml::{YamlError, deserialize};
use crate::error::{Error, Result};
use crate::keys::MasterKey;
use crate::metadata::text::fault_of_rule;

/// How many values a file may have after its aliases are expanded.
const MAX_VALUES: usize = 100_000;

/// Reads the only document of a configuration; an empty document is an empty mapping. A byte order
/// mark is ignored.
///
/// # Errors
/// [`YamlError`] with the location: for text that is not UTF-8 or not YAML, a second document,
/// nesting deeper than 128 levels, and keys and values that the schema does not allow.
pub fn read_yaml(schema: &'static Schema, text: &[u8]) -> std::result::Result<Mapping, YamlError> {
    Ok(read_with_unknown(schema, text)?.0)
}

/// Like [`read_yaml`], for a file with a name. Also returns whether there are unknown keys to
/// [warn](super::unknown_keys::warnings) about.
pub(super) fn read(schema: &'static Schema, file: &Path, text: &[u8]) -> Result<(Mapping, bool)> {
    read_with_unknown(schema, text).map_err(|YamlError { location, message }| Error::Config {
        file: file.to_owned(),
        location,
        message,
    })
}

fn read_with_unknown(
    schema: &'static Schema,
    text: &[u8],
) -> std::result::Result<(Mapping, bool), YamlError> {
    let left = Cell::new(MAX_VALUES);
    let has_unknown = Cell::new(false);
    let seed = Seed {
        kind: ValueKind::Mapping(schema),
        left: &left,
        has_unknown: &has_unknown,
        rival: None,
        needed: false,
    };
    Ok(match deserialize(text, seed)? {
        Some(ConfigNode::Mapping(mapping)) => (mapping, has_unknown.get()),
        _ => (Mapping::default(), false),
    })
}

/// Reads one value of a given kind.
#[derive(Clone, Copy)]
struct Seed<'c> {
    kind: ValueKind,
    /// How many more values may be read.
    left: &'c Cell<usize>,
    /// Set if there is a key to warn about.
    has_unknown: &'c Cell<bool>,
    /// A key that is set and excludes this value.
    rival: Option<(&'static str, &'static str)>,
    /// Whether an empty value is an error.
    needed: bool,
}

impl Seed<'_> {
    /// The seed for an item of a list, or for a value in a mapping of strings.
    fn item(self, kind: ValueKind) -> Self {
        Self {
            kind,
            rival: None,
            needed: true,
            ..self
        }
    }

    fn nothing<E: serde::de::Error>(self) -> std::result::Result<Option<ConfigNode>, E> {
        if self.needed {
            return Err(E::custom("this value is empty; set it, or remove it"));
        }
        Ok(None)
    }

    /// A value of the wrong type.
    fn wrong_type<E: serde::de::Error>(self, found: &str) -> E {
        let expected: &dyn serde::de::Expected = &self;
        E::custom(format!("this is {found}; expected {expected}"))
    }

    fn check_rival<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        match self.rival {
            Some((first, second)) => Err(E::custom(rivals(first, second))),
            None => Ok(()),
        }
    }
}

/// The error for a string that is not safe to print.
fn refuse<E: serde::de::Error>(fault: Option<&str>) -> std::result::Result<(), E> {
    match fault {
        Some(fault) => Err(E::custom(format!("this value {fault}"))),
        None => Ok(()),
    }
}

fn rivals(first: &str, second: &str) -> String {
    format!("`{first}` and `{second}` cannot be combined; keep one of them")
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<ConfigNode>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| {
            D::Error::custom(format!(
                "the file has more than {MAX_VALUES} values after its aliases are expanded; use fewer rules, keys or aliases"
            ))
        })?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<ConfigNode>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ValueKind::Text => f.write_str("a string; write it in quotes"),
            ValueKind::Pattern => f.write_str("a regular expression; write it in quotes"),
            ValueKind::Duration => f.write_str("a length of time, such as `90d`"),
            ValueKind::Keys { text: true, .. } => {
                f.write_str("a list of strings, or a comma-separated string")
            }
            ValueKind::Keys { text: false, .. } => {
                f.write_str("a list of strings; write it as `[…]`")
            }
            ValueKind::Flag => f.write_str("`true` or `false`, without quotes"),
            ValueKind::Number { min } => {
                write!(f, "a whole number from {min} to 255, without quotes")
            }
            ValueKind::List => f.write_str("a list of strings; write it as `[…]`"),
            ValueKind::Texts => f.write_str("a mapping of strings"),
            ValueKind::Mapping(schema)
                if !schema.decisive.is_empty() && schema.unknown_keys == UnknownKeys::Ignored =>
            {
                f.write_str("a mapping with the key `creation_rules`")
            }
            ValueKind::Mapping(_) => f.write_str("a mapping"),
            ValueKind::Mappings(schema) => {
                write!(
                    f,
                    "a list in which each item begins with `- ` and is {}",
                    schema.description
                )
            }
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<Self::Value, E> {
        self.nothing()
    }

    fn visit_none<E: serde::de::Error>(self) -> std::result::Result<Self::Value, E> {
        self.nothing()
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> std::result::Result<Self::Value, E> {
        match self.kind {
            ValueKind::Flag => Ok(Some(ConfigNode::Flag(flag))),
            _ => Err(self.wrong_type(&format!("`{flag}`"))),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> std::result::Result<Self::Value, E> {
        match self.kind {
            ValueKind::Number { min } if (min..=255).contains(&number) => {
                Ok(Some(ConfigNode::Number(number)))
            }
            _ => Err(self.wrong_type(&format!("the number {number}"))),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> std::result::Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(self.wrong_type(&format!("the number {number}"))),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Err(self.wrong_type("a number with a decimal point"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
        match self.kind {
            ValueKind::Text | ValueKind::Pattern | ValueKind::Duration if text.is_empty() => {
                self.nothing()
            }
            ValueKind::Duration => match humantime::parse_duration(text) {
                Ok(_) => Ok(Some(ConfigNode::Text(text.to_owned()))),
                Err(_) => Err(self.wrong_type("a string")),
            },
            ValueKind::Text => {
                self.check_rival()?;
                refuse(fault_of_identifiers(text))?;
                Ok(Some(ConfigNode::Text(text.to_owned())))
            }
            ValueKind::Pattern => {
                self.check_rival()?;
                refuse(fault_of_rule(text))?;
                Regexp::check(text).map_err(|error| match glob::as_regex(text) {
                    Some(regex) => E::custom(format!(
                        "this is a glob, but must be a regular expression; write `{regex}`"
                    )),
                    None => E::custom(error),
                })?;
                Ok(Some(ConfigNode::Text(text.to_owned())))
            }
            ValueKind::Keys { family, text: true } => {
                let keys = MasterKey::from_list(family, text).map_err(E::custom)?;
                Ok(Some(ConfigNode::Keys(keys)))
            }
            // Go reads the booleans of YAML 1.1.
            ValueKind::Flag => match text {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => self.visit_bool(true),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => self.visit_bool(false),
                _ => Err(self.wrong_type("a string")),
            },
            _ => Err(self.wrong_type("a string")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        match self.kind {
            ValueKind::Keys { family, .. } => {
                let mut keys = Vec::new();
                while let Some(node) = list.next_element_seed(self.item(ValueKind::Text))? {
                    if let Some(ConfigNode::Text(text)) = node {
                        let found =
                            MasterKey::from_list(family, &text).map_err(A::Error::custom)?;
                        keys.extend(found);
                    }
                }
                Ok(Some(ConfigNode::Keys(keys)))
            }
            ValueKind::List => {
                let mut texts = Vec::new();
                while let Some(node) = list.next_element_seed(self.item(ValueKind::Text))? {
                    if let Some(ConfigNode::Text(text)) = node {
                        texts.push(text);
                    }
                }
                Ok(Some(ConfigNode::List(texts)))
            }
            ValueKind::Mappings(schema) => {
                let mut mappings = Vec::new();
                while let Some(node) =
                    list.next_element_seed(self.item(ValueKind::Mapping(schema)))?
                {
                    if let Some(ConfigNode::Mapping(mapping)) = node {
                        mappings.push(mapping);
                    }
                }
                Ok(Some(ConfigNode::Mappings(mappings)))
            }
            // Usually a list in a list, for example an alias of another list of keys.
            ValueKind::Text if self.needed => Err(A::Error::custom(
                "this is a list, but must be a string: a list inside a list is not flattened; write each item on its own or, for keys in `.sops.yaml`, refer to groups of them with `merge` in a key group",
            )),
            _ => Err(self.wrong_type("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        match self.kind {
            ValueKind::Mapping(schema) => self
                .mapping(schema, map)
                .map(|mapping| Some(ConfigNode::Mapping(mapping))),
            ValueKind::Texts => {
                let mut texts = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    refuse(fault_of_identifier(&key))?;
                    let value = map.next_value_seed(self.item(ValueKind::Text))?;
                    if let Some(ConfigNode::Text(text)) = value
                        && texts.insert(key.clone(), text).is_some()
                    {
                        return Err(A::Error::custom(format!(
                            "this mapping has the key `{key}` twice; keep one of them"
                        )));
                    }
                }
                Ok(Some(ConfigNode::Texts(texts)))
            }
            _ => Err(self.wrong_type("a mapping")),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> std::result::Result<Self::Value, A::Error> {
        Err(self.wrong_type("a value with a tag"))
    }
}

impl Seed<'_> {
    fn mapping<'de, A: MapAccess<'de>>(
        self,
        schema: &'static Schema,
        mut map: A,
    ) -> std::result::Result<Mapping, A::Error> {
        let mut mapping = Mapping::default();
        let mut merged = Vec::new();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key_seed(SchemaKey {
            schema,
            seen: &mut seen,
            has_unknown: self.has_unknown,
        })? {
            match key {
                KeyMatch::Known(name, kind) => {
                    let rival = if schema.at_most_one.contains(&name) {
                        mapping
                            .first_set(schema.at_most_one, name)
                            .map(|first| (first, name))
                    } else {
                        None
                    };
                    let value = map.next_value_seed(Seed {
                        kind,
                        rival,
                        needed: false,
                        ..self
                    })?;
                    mapping.entries.push((name, value));
                }
                KeyMatch::Merge => merged
                    .extend(map.next_value_seed(Merge(self.item(ValueKind::Mapping(schema))))?),
                KeyMatch::Foreign => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        for (name, value) in merged
            .into_iter()
            .flat_map(|mapping: Mapping| mapping.entries)
        {
            if mapping.entries.iter().all(|(own, _)| *own != name) {
                mapping.entries.push((name, value));
            }
        }
        if let Some(first) = mapping.first_set(schema.at_most_one, "")
            && let Some(second) = mapping.first_set(schema.at_most_one, first)
        {
            return Err(A::Error::custom(rivals(first, second)));
        }
        if let Some(missing) = schema.required.iter().find(|key| !mapping.is_set(key)) {
            return Err(A::Error::custom(format!(
                "{} needs the key `{missing}`",
                schema.description
            )));
        }
        Ok(mapping)
    }
}

/// Reads the value of the merge key: a mapping, or several; the first takes precedence.
struct Merge<'c>(Seed<'c>);

impl<'de> DeserializeSeed<'de> for Merge<'_> {
    type Value = Vec<Mapping>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Vec<Mapping>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Merge<'_> {
    type Value = Vec<Mapping>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping to merge, or a list of them")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> std::result::Result<Vec<Mapping>, E> {
        Err(unmergeable())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> std::result::Result<Vec<Mapping>, E> {
        Err(unmergeable())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> std::result::Result<Vec<Mapping>, E> {
        Err(unmergeable())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<Vec<Mapping>, E> {
        Err(unmergeable())
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> std::result::Result<Vec<Mapping>, E> {
        Err(unmergeable())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Vec<Mapping>, A::Error> {
        match self.0.kind {
            ValueKind::Mapping(schema) => Ok(vec![self.0.mapping(schema, map)?]),
            _ => Ok(Vec::new()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Vec<Mapping>, A::Error> {
        let mut mappings = Vec::new();
        while let Some(node) = list.next_element_seed(self.0)? {
            if let Some(ConfigNode::Mapping(mapping)) = node {
                mappings.push(mapping);
            }
        }
        Ok(mappings)
    }
}

/// The error about a scalar as the value of the merge key. The text of `serde` would quote it.
fn unmergeable<E: serde::de::Error>() -> E {
    E::custom("`<<` takes a mapping to merge, or a list of them")
}

/// Reads a key of a mapping.
struct SchemaKey<'s> {
    schema: &'static Schema,
    seen: &'s mut HashSet<String>,
    has_unknown: &'s Cell<bool>,
}

enum KeyMatch {
    Known(&'static str, ValueKind),
    Merge,
    Foreign,
}

impl<'de> DeserializeSeed<'de> for SchemaKey<'_> {
    type Value = KeyMatch;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<KeyMatch, D::Error> {
        // A key of any type is read as a string, since a number is an unknown key too.
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for SchemaKey<'_> {
    type Value = KeyMatch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<KeyMatch, E> {
        if !self.seen.insert(name.to_owned()) {
            return Err(E::custom(format!(
                "this mapping has the key `{name}` twice; keep one of them"
            )));
        }
        if name == "<<" {
            return Ok(KeyMatch::Merge);
        }
        if let Some((known, kind)) = self.schema.get(name) {
            return Ok(KeyMatch::Known(known, kind));
        }
        match self.schema.unknown(name) {
            UnknownKey::Foreign if self.schema.inner.is_none() => Ok(KeyMatch::Foreign),
            UnknownKey::Foreign | UnknownKey::Warning(_) => {
                self.has_unknown.set(true);
                Ok(KeyMatch::Foreign)
            }
            UnknownKey::Error(message) => Err(E::custom(message)),
        }
    }
}
