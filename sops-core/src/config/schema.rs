//! Describes which keys and values a configuration in YAML may contain.

use crate::keys::Family;

/// The keys and values that a mapping may have.
pub struct Schema {
    /// The description of the mapping in messages: `a creation rule`.
    pub description: &'static str,
    /// The keys, and the kind of value of each.
    pub keys: &'static [(&'static str, ValueKind)],
    /// How unknown keys are treated.
    pub unknown_keys: UnknownKeys,
    /// At most one of these keys may be set.
    pub at_most_one: &'static [&'static str],
    /// Keys that must be set.
    pub required: &'static [&'static str],
    /// Keys that decide what is encrypted or for whom: a misspelling of one is an error.
    pub decisive: &'static [&'static str],
    /// Whether any other key that looks like one of these is an error too.
    pub judges_by_look: bool,
    /// The mapping below this one that some of the other keys belong to.
    pub inner: Option<Inner>,
}

/// A list of mappings in a mapping. Users write keys of the inner mappings into the outer one by
/// mistake.
#[derive(Clone, Copy)]
pub struct Inner {
    /// The key of the list: `creation_rules`.
    pub list: &'static str,
    /// The schema of its mappings.
    pub schema: &'static Schema,
}

/// How keys that a schema does not have are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownKeys {
    /// Ignored, unless the key resembles one of the schema's: users keep their own data there.
    Ignored,
    /// A warning.
    Warned,
    /// An error.
    Refused,
}

/// What to do about a key that a mapping has but its schema does not.
pub(super) enum UnknownKey {
    /// Nothing: users keep their own data there.
    Foreign,
    /// Warn: the key has no effect, and the file is probably wrong.
    Warning(String),
    /// Fail: the key looks as if it decided what is encrypted or for whom, and the user may rely on
    /// it.
    Error(String),
}

impl Schema {
    /// A mapping without keys, for struct updates: `Schema { keys: …, ..Schema::CLOSED }`.
    pub const CLOSED: Self = Self {
        description: "",
        keys: &[],
        unknown_keys: UnknownKeys::Warned,
        at_most_one: &[],
        required: &[],
        decisive: &[],
        judges_by_look: false,
        inner: None,
    };

    /// The kind of a known key's value.
    pub(super) fn get(&self, name: &str) -> Option<(&'static str, ValueKind)> {
        let mut keys = self.keys.iter().copied();
        keys.find(|(known, _)| *known == name)
    }

    /// What to do about a key that is not [known](Self::get).
    pub(super) fn unknown(&self, name: &str) -> UnknownKey {
        let Self {
            description,
            keys,
            unknown_keys,
            decisive,
            judges_by_look,
            ..
        } = self;
        let names = || keys.iter().map(|(known, _)| *known);
        let close = names().find(|known| is_close(name, known));
        let is_decisive = match close {
            Some(close) => decisive.contains(&close),
            None => *judges_by_look && looks_decisive(name),
        };
        let suggested = close.or_else(|| similar(name, names()));
        let advice = match suggested {
            Some(known) => format!("did you mean `{known}`?"),
            None if keys.is_empty() => "remove it".to_owned(),
            None => format!(
                "the known keys are: {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        match close {
            _ if is_decisive || *unknown_keys == UnknownKeys::Refused => {
                UnknownKey::Error(format!("unknown key `{name}` in {description}; {advice}"))
            }
            None if *unknown_keys == UnknownKeys::Ignored => UnknownKey::Foreign,
            _ => UnknownKey::Warning(format!(
                "unknown key `{name}` in {description} has no effect; {advice}"
            )),
        }
    }
}

/// Parts of the names of keys that decide what is encrypted or for whom.
const DECISIVE_PARTS: [&str; 25] = [
    "arn",
    "encrypt",
    "file",
    "fingerprint",
    "glob",
    "gpg",
    "group",
    "key",
    "kms",
    "master",
    "match",
    "path",
    "pattern",
    "pgp",
    "prefix",
    "readers",
    "recep",
    "recip",
    "regex",
    "regexp",
    "secret",
    "shamir",
    "suffix",
    "threshold",
    "vault",
];

/// Whether a name looks like that of a key that decides what is encrypted or for whom. `age` must
/// be a separate word, since many other words contain it.
fn looks_decisive(name: &str) -> bool {
    let lower = name.to_lowercase();
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            words.push('_');
        }
        words.extend(character.to_lowercase());
    }
    let mut words = words
        .split(|c: char| !c.is_alphanumeric())
        .chain(lower.split(|c: char| !c.is_alphanumeric()));
    words.any(|word| word == "age") || DECISIVE_PARTS.iter().any(|part| lower.contains(part))
}

/// The known name that is most similar to an unknown one, if any. The known names are in lower
/// case.
pub fn similar(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let limit = name.chars().count() / 3;
    let distances = known.map(|known| (distance(name, known), known));
    let (found, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (found <= limit).then_some(known)
}

/// The kind of a key's value. An empty value is always valid, and the same as no value.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum ValueKind {
    /// A string.
    Text,
    /// A regular expression.
    Pattern,
    /// Keys of a family: a list or, if `text` is set, a comma-separated string.
    Keys {
        /// The family of the keys.
        family: Family,
        /// Whether a comma-separated string is valid too.
        text: bool,
    },
    /// A length of time, such as `90d`.
    Duration,
    /// `true` or `false`.
    Flag,
    /// A whole number from `min` to 255.
    Number {
        /// The smallest valid number.
        min: i64,
    },
    /// A list of strings.
    List,
    /// Any strings under any keys.
    Texts,
    /// A mapping.
    Mapping(&'static Schema),
    /// A list of mappings.
    Mappings(&'static Schema),
}

/// Whether `name` is `known` with a typo: at most two letters, or one in short names, were added,
/// left out, replaced or swapped.
fn is_close(name: &str, known: &str) -> bool {
    let limit = match known.len() {
        0..3 => return false,
        3 => 1,
        _ => 2,
    };
    distance(name, known) <= limit
}

/// How many letters were added, left out, replaced or swapped with their neighbor, ignoring case.
fn distance(name: &str, known: &str) -> usize {
    // A much longer name always differs, and comparing it could take long.
    match name.len() > 4 * known.len() {
        true => name.len(),
        false => strsim::osa_distance(&name.to_lowercase(), known),
    }
}
