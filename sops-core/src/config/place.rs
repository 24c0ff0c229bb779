//! Where a part of the file stands, for those who complain about it later than while reading.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::Location;

/// Where the item `index` of the list under the top-level `key` starts.
pub(super) fn of_item(text: &[u8], key: &'static str, index: usize) -> Option<Location> {
    let text = std::str::from_utf8(text).ok()?;
    // The place of a value is known to those who fail there.
    let yaml = serde_yaml::Deserializer::from_str(without_mark(text));
    of_error(text, &Item { key, index }.deserialize(yaml).err()?)
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

/// Fails at the item `index` of the list under `key`, and nowhere else.
#[derive(Clone, Copy)]
struct Item {
    key: &'static str,
    index: usize,
}

impl<'de> DeserializeSeed<'de> for Item {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                map.next_value_seed(self)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        for _ in 0..self.index {
            list.next_element::<IgnoredAny>()?;
        }
        // An item is a mapping, so what is read here is no unit.
        list.next_element::<()>().map(|_| ())
    }
}
