//! Where a part of the file stands, for those who complain about it later than while reading.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::read;
use crate::keys::{Family, MasterKey};
use sops_document::Location;

/// Where the creation rule `index` starts.
pub(super) fn of_rule(text: &[u8], index: usize) -> Option<Location> {
    let text = std::str::from_utf8(text).ok()?;
    let search = Search {
        level: Level::Top,
        index,
        wanted: None,
    };
    of_error(text, &search.fault(text)?)
}

/// What is said of a key in the creation rule `index`, which is there as the key path in front, and where it stands: at the anchor where
/// the rule has an alias. `None` where no text of the rule is this key.
pub(super) fn fault_of_key(
    text: &str,
    index: usize,
    key: &MasterKey,
    message: &str,
) -> Option<(Option<Location>, String)> {
    let part = RefCell::new(None);
    let search = Search {
        level: Level::Top,
        index,
        wanted: Some(Wanted {
            key,
            message,
            part: &part,
        }),
    };
    let error = search.fault(text)?;
    let location = of_error(text, &error);
    let location = match (location, part.take()) {
        (Some(at), Some(part)) => Some(of_part(text, at, &part).unwrap_or(at)),
        (location, _) => location,
    };
    Some((location, read::message(&error)))
}

/// Where a part of a list stands that is one text and begins at the place.
fn of_part(text: &str, at: Location, part: &str) -> Option<Location> {
    let rest = &text[at.offset..];
    let is_of_key = |character: char| character.is_alphanumeric() || character == '-';
    let (offset, _) = rest.match_indices(part).find(|(start, part)| {
        let before = rest[..*start].chars().next_back();
        let behind = rest[start + part.len()..].chars().next();
        !before.is_some_and(is_of_key) && !behind.is_some_and(is_of_key)
    })?;
    Some(Location::of(text, at.offset + offset))
}

/// The place of an error in the YAML of `text`.
pub(super) fn of_error(text: &str, error: &serde_yaml::Error) -> Option<Location> {
    let skipped = text.len() - without_mark(text).len();
    error
        .location()
        .map(|at| Location::of(text, at.index() + skipped))
}

/// The text behind the byte order mark, which the parser does not always pass over.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Fails at what is looked for, since the place of a value is known to those who fail there, and nowhere else.
#[derive(Clone, Copy)]
struct Search<'s> {
    level: Level,
    /// The creation rule that is searched.
    index: usize,
    /// What is looked for in it; the rule itself, if this is none.
    wanted: Option<Wanted<'s>>,
}

/// The text that is the key, or has it among others.
#[derive(Clone, Copy)]
struct Wanted<'s> {
    key: &'s MasterKey,
    message: &'s str,
    /// The key as it is spelled, where the text has others too.
    part: &'s RefCell<Option<String>>,
}

/// Where the search has come to.
#[derive(Clone, Copy)]
enum Level {
    Top,
    Rules,
    /// In the rule, or in one of its groups.
    Rule,
    /// At the keys of a family.
    Keys(Family),
}

impl Search<'_> {
    /// The error with which the search of the text ends where it finds something.
    fn fault(self, text: &str) -> Option<serde_yaml::Error> {
        let yaml = serde_yaml::Deserializer::from_str(without_mark(text));
        self.deserialize(yaml).err()
    }

    /// The search behind a key of a mapping, if it goes on there.
    fn behind(self, name: &str) -> Option<Self> {
        let level = match (self.level, name) {
            (Level::Top, "creation_rules") => Level::Rules,
            (Level::Rule, "key_groups" | "merge" | "<<") => Level::Rule,
            (Level::Rule, "age") => Level::Keys(Family::Age),
            (Level::Rule, "pgp") => Level::Keys(Family::Pgp),
            (Level::Rule, "azure_keyvault") => Level::Keys(Family::AzureKv),
            _ => return None,
        };
        Some(Self { level, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the schema has")
    }

    fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<(), E> {
        let (Level::Keys(family), Some(wanted)) = (self.level, self.wanted) else {
            return Ok(());
        };
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let parts: Vec<_> = parts.collect();
        let is_key = |part: &&str| {
            let keys = MasterKey::from_list(family, part);
            keys.is_ok_and(|keys| keys.contains(wanted.key))
        };
        let Some(at) = parts.iter().position(is_key) else {
            return Ok(());
        };
        if parts.len() == 1 {
            return Err(E::custom(wanted.message));
        }
        wanted.part.replace(Some(parts[at].to_owned()));
        let (number, count) = (at + 1, parts.len());
        Err(E::custom(format!(
            "key {number} of {count}: {}",
            wanted.message
        )))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        if matches!(self.level, Level::Rule) && self.wanted.is_none() {
            return Err(serde::de::Error::custom("the rule"));
        }
        while let Some(key) = map.next_key::<String>()? {
            match self.behind(&key) {
                Some(search) => map.next_value_seed(search)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        if matches!(self.level, Level::Rules) {
            for _ in 0..self.index {
                list.next_element::<IgnoredAny>()?;
            }
            let level = Level::Rule;
            list.next_element_seed(Self { level, ..self })?;
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }
}
