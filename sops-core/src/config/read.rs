//! Reads YAML by a schema: what the schema does not have is an error with its place in the file.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use sops_go_compat::Regexp;
use sops_keys::identifier::{fault_of_identifier, fault_of_identifiers};

use super::node::{Mapping, Node};
use super::schema::{self, Kind, Schema};
use super::yaml::{YamlError, read_yaml_with};
use crate::error::{Error, Result};
use crate::keys::MasterKey;
use crate::metadata::text::fault_of_rule;

/// How many values a file may have once its aliases are expanded.
const MAX_VALUES: usize = 100_000;

/// Reads the only document of `text`; an empty one is an empty mapping.
pub(super) fn read(schema: &'static Schema, file: &Path, text: &[u8]) -> Result<Mapping> {
    let left = Cell::new(MAX_VALUES);
    let seed = Seed {
        kind: Kind::Mapping(schema),
        left: &left,
        rival: None,
        needed: false,
    };
    match read_yaml_with(text, seed) {
        Ok(Some(Node::Mapping(mapping))) => Ok(mapping),
        Ok(_) => Ok(Mapping::default()),
        Err(YamlError { location, message }) => Err(Error::Config {
            file: file.to_owned(),
            location,
            message,
        }),
    }
}

/// Reads one value of a kind.
#[derive(Clone, Copy)]
struct Seed<'c> {
    kind: Kind,
    /// How many more values may be read.
    left: &'c Cell<usize>,
    /// A key that is set, and that excludes this value from being set.
    rival: Option<(&'static str, &'static str)>,
    /// Whether something must stand here.
    needed: bool,
}

impl Seed<'_> {
    /// For an item of a list, or a value in a mapping of texts.
    fn item(self, kind: Kind) -> Self {
        Self {
            kind,
            rival: None,
            needed: true,
            ..self
        }
    }

    fn nothing<E: serde::de::Error>(self) -> std::result::Result<Option<Node>, E> {
        if self.needed {
            return Err(E::custom("nothing stands here; take it out"));
        }
        Ok(None)
    }

    /// A value of another type than is asked for.
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

/// The error for a text that is not safe to show.
fn refuse<E: serde::de::Error>(fault: Option<&str>) -> std::result::Result<(), E> {
    match fault {
        Some(fault) => Err(E::custom(format!("this value {fault}"))),
        None => Ok(()),
    }
}

fn rivals(first: &str, second: &str) -> String {
    format!("`{first}` and `{second}` exclude each other; keep one of them")
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Option<Node>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| {
            D::Error::custom(format!(
                "the aliases expand to more than {MAX_VALUES} values"
            ))
        })?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Option<Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Text => f.write_str("text; write it in quotes"),
            Kind::Pattern => f.write_str("a regular expression; write it in quotes"),
            Kind::Keys { text: true, .. } => {
                f.write_str("a list of texts, or a text that divides them with commas")
            }
            Kind::Keys { text: false, .. } => f.write_str("a list of texts; write it as `[…]`"),
            Kind::Flag => f.write_str("`true` or `false`, without quotes"),
            Kind::Number { min } => write!(f, "a whole number from {min} to 255, without quotes"),
            Kind::Texts => f.write_str("a mapping of texts"),
            Kind::Mapping(schema) if schema.open => write!(
                f,
                "{}, a mapping with the key `creation_rules`",
                schema.what
            ),
            Kind::Mapping(schema) => write!(f, "{}, a mapping", schema.what),
            Kind::Mappings(schema) => {
                write!(f, "a list, each item {}; begin each with `- `", schema.what)
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
            Kind::Flag => Ok(Some(Node::Flag(flag))),
            _ => Err(self.wrong_type(&format!("`{flag}`"))),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> std::result::Result<Self::Value, E> {
        match self.kind {
            Kind::Number { min } if (min..=255).contains(&number) => Ok(Some(Node::Number(number))),
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
        Err(self.wrong_type("a number with a point"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
        match self.kind {
            Kind::Text | Kind::Pattern if text.is_empty() => self.nothing(),
            Kind::Text => {
                self.check_rival()?;
                refuse(fault_of_identifiers(text))?;
                Ok(Some(Node::Text(text.to_owned())))
            }
            Kind::Pattern => {
                self.check_rival()?;
                refuse(fault_of_rule(text))?;
                Regexp::check(text).map_err(E::custom)?;
                Ok(Some(Node::Text(text.to_owned())))
            }
            Kind::Keys { family, text: true } => {
                let keys = MasterKey::from_list(family, text).map_err(E::custom)?;
                Ok(Some(Node::Keys(keys)))
            }
            // Go reads the spellings of YAML 1.1 where it looks for a truth value.
            Kind::Flag => match text {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => self.visit_bool(true),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => self.visit_bool(false),
                _ => Err(self.wrong_type("text")),
            },
            _ => Err(self.wrong_type("text")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        match self.kind {
            Kind::Keys { family, .. } => {
                let mut keys = Vec::new();
                while let Some(node) = list.next_element_seed(self.item(Kind::Text))? {
                    if let Some(Node::Text(text)) = node {
                        let found =
                            MasterKey::from_list(family, &text).map_err(A::Error::custom)?;
                        keys.extend(found);
                    }
                }
                Ok(Some(Node::Keys(keys)))
            }
            Kind::Mappings(schema) => {
                let mut mappings = Vec::new();
                while let Some(node) = list.next_element_seed(self.item(Kind::Mapping(schema)))? {
                    if let Some(Node::Mapping(mapping)) = node {
                        mappings.push(mapping);
                    }
                }
                Ok(Some(Node::Mappings(mappings)))
            }
            _ => Err(self.wrong_type("a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        match self.kind {
            Kind::Mapping(schema) => self
                .mapping(schema, map)
                .map(|mapping| Some(Node::Mapping(mapping))),
            Kind::Texts => {
                let mut texts = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    refuse(fault_of_identifier(&key))?;
                    let value = map.next_value_seed(self.item(Kind::Text))?;
                    if let Some(Node::Text(text)) = value
                        && texts.insert(key, text).is_some()
                    {
                        return Err(A::Error::custom(
                            "a key stands twice in this mapping; keep one",
                        ));
                    }
                }
                Ok(Some(Node::Texts(texts)))
            }
            _ => Err(self.wrong_type("a mapping")),
        }
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
        while let Some(key) = map.next_key_seed(Key {
            schema,
            seen: &mut seen,
        })? {
            match key {
                Found::Known(name, kind) => {
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
                        left: self.left,
                    })?;
                    mapping.entries.push((name, value));
                }
                Found::Merge => {
                    merged.extend(map.next_value_seed(Merge(self.item(Kind::Mapping(schema))))?)
                }
                Found::Foreign => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        for (name, value) in merged.into_iter().flat_map(|other: Mapping| other.entries) {
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
                schema.what
            )));
        }
        Ok(mapping)
    }
}

/// Reads the value of the merge key: a mapping or several, of which the first comes first.
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

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Vec<Mapping>, A::Error> {
        match self.0.kind {
            Kind::Mapping(schema) => Ok(vec![self.0.mapping(schema, map)?]),
            _ => Ok(Vec::new()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut list: A,
    ) -> std::result::Result<Vec<Mapping>, A::Error> {
        let mut mappings = Vec::new();
        while let Some(node) = list.next_element_seed(self.0)? {
            if let Some(Node::Mapping(mapping)) = node {
                mappings.push(mapping);
            }
        }
        Ok(mappings)
    }
}

/// Reads a key of a mapping.
struct Key<'s> {
    schema: &'static Schema,
    seen: &'s mut HashSet<String>,
}

enum Found {
    Known(&'static str, Kind),
    Merge,
    Foreign,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Found, D::Error> {
        // As text whatever its type, since a number is no known key either.
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<Found, E> {
        if !self.seen.insert(name.to_owned()) {
            return Err(E::custom(format!(
                "the key `{name}` stands twice in one mapping; keep one"
            )));
        }
        if name == "<<" {
            return Ok(Found::Merge);
        }
        let Schema {
            what, keys, open, ..
        } = self.schema;
        if let Some((known, kind)) = keys.iter().find(|(known, _)| *known == name) {
            return Ok(Found::Known(known, *kind));
        }
        let names: Vec<_> = keys.iter().map(|(known, _)| *known).collect();
        let close = names.iter().find(|known| schema::is_close(name, known));
        Err(E::custom(match close {
            Some(close) => format!("{what} has no key `{name}`; did you mean `{close}`?"),
            None if *open => return Ok(Found::Foreign),
            None => format!(
                "{what} has no key `{name}`; there are: {}",
                names.join(", ")
            ),
        }))
    }
}
