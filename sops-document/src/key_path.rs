//! Paths to one entry of a document, such as `["users"][0]["name"]`.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A path to an entry, such as `["users"][0]["name"]`; it has at least one component.
///
/// Keys are in double or single quotes, indexes are not. No character between the quotes is
/// special: a backslash is a backslash, and a quote needs no escape. A key ends at the first
/// matching quote that is followed by `]`. Indexes count from 0.
///
/// ```
/// # use sops_document::{Component, KeyPath};
/// let path: KeyPath = r#"["users"][0]['it"s']"#.parse()?;
/// assert_eq!(path.components()[1], Component::Index(0));
/// assert_eq!(path.to_string(), r#"["users"][0]["it"s"]"#);
/// # Ok::<(), sops_document::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPath {
    components: Vec<Component>,
}

/// One component of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// The value under this key of a mapping.
    Key(String),
    /// The item of a sequence, from 0.
    Index(usize),
}

impl KeyPath {
    /// The path with these components; `None` for an empty list.
    pub fn new(components: impl IntoIterator<Item = Component>) -> Option<Self> {
        let components: Vec<_> = components.into_iter().collect();
        (!components.is_empty()).then_some(Self { components })
    }

    /// The components, at least one.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The path for messages: keys joined with `.`, indexes in brackets, and keys that could be
    /// mistaken for several components in brackets too, as in `data["tls.crt"]`.
    pub fn dotted(&self) -> impl fmt::Display {
        Shown(|f: &mut fmt::Formatter<'_>| {
            for (depth, component) in self.components.iter().enumerate() {
                match component {
                    Component::Key(key) => write_dotted(f, key, depth == 0)?,
                    Component::Index(index) => write!(f, "[{index}]")?,
                }
            }
            Ok(())
        })
    }

    /// The first `length` components, for messages, in the form that [`FromStr`] parses.
    pub fn start(&self, length: usize) -> impl fmt::Display {
        Shown(move |f: &mut fmt::Formatter<'_>| {
            self.components[..length]
                .iter()
                .try_for_each(|component| write!(f, "{component}"))
        })
    }
}

/// Writes a key of a path for messages. `is_first` says that the key begins the path.
pub(crate) fn write_dotted(out: &mut impl fmt::Write, key: &str, is_first: bool) -> fmt::Result {
    if key.is_empty() || key.contains(['.', '[', ']', '"', '\'']) {
        write!(out, "{}", Component::Key(key.to_owned()))
    } else if is_first {
        out.write_str(key)
    } else {
        write!(out, ".{key}")
    }
}

/// Displays what a function writes, like `fmt::from_fn` of Rust 1.93 and later.
struct Shown<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Shown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

impl From<Component> for KeyPath {
    /// The path of one component.
    fn from(component: Component) -> Self {
        Self {
            components: vec![component],
        }
    }
}

impl FromStr for KeyPath {
    type Err = Error;

    /// # Errors
    /// [`Error::Path`] describes the problem and the expected form.
    fn from_str(text: &str) -> Result<Self> {
        let mut components = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (component, remainder) =
                next(rest).map_err(|problem| malformed(text, text.len() - rest.len(), problem))?;
            components.push(component);
            rest = remainder;
        }
        Self::new(components).ok_or_else(|| malformed(text, 0, "it is empty"))
    }
}

/// Parses the first component of `text` and returns it with the rest.
fn next(text: &str) -> std::result::Result<(Component, &str), &'static str> {
    let inner = text
        .strip_prefix('[')
        .ok_or("each component needs brackets")?;
    let quotes = match inner.as_bytes().first() {
        Some(b'"') => Some(("\"]", "']")),
        Some(b'\'') => Some(("']", "\"]")),
        _ => None,
    };
    if let Some((end, other)) = quotes {
        let key = &inner[1..];
        return match key.split_once(end) {
            Some((key, rest)) => Ok((Component::Key(key.to_owned()), rest)),
            None if key.contains(other) => {
                Err("the key does not end with the quote that it begins with")
            }
            None => Err("the key has no closing quote followed by `]`"),
        };
    }
    let (index, rest) = inner.split_once(']').ok_or("missing `]`")?;
    if index.is_empty() {
        return Err("there is nothing between the brackets");
    }
    // Go's `strconv.Atoi`, which `sops` uses, accepts a sign.
    match index.strip_prefix('+').unwrap_or(index).parse() {
        Ok(number) if !index.starts_with("++") => Ok((Component::Index(number), rest)),
        _ if index.starts_with('-') && index[1..].parse::<u64>().is_ok() => {
            Err("an index counts from 0 and cannot be negative")
        }
        _ => Err("a key needs quotes, and an index must be a whole number"),
    }
}

fn malformed(text: &str, offset: usize, problem: &str) -> Error {
    const SHOWN: usize = 100;
    let column = text[..offset].chars().count() + 1;
    let shown = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    Error::Path {
        message: format!(
            "the path `{shown}` is malformed at character {column}: {problem}; the form is [\"key\"][0][\"other key\"]"
        ),
    }
}

impl fmt::Display for KeyPath {
    /// Writes the form that [`FromStr`] parses. Only a key that contains both `"]` and `']` has no
    /// such form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.start(self.components.len()))
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if key.contains("\"]") => write!(f, "['{key}']"),
            Self::Key(key) => write!(f, "[\"{key}\"]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Component {
        Component::Key(key.into())
    }

    #[test]
    fn paths_are_parsed_as_in_sops() {
        use Component::Index;
        for (text, components) in [
            (r#"["a"]"#, vec![key("a")]),
            (r#"['a']"#, vec![key("a")]),
            (r#"["a"][0]["b c"]"#, vec![key("a"), Index(0), key("b c")]),
            (r#"[""]"#, vec![key("")]),
            (r#"[007][+1]"#, vec![Index(7), Index(1)]),
            // There are no escapes.
            (r#"["a\"b\n"]"#, vec![key(r#"a\"b\n"#)]),
            (r#"["it"s"]"#, vec![key(r#"it"s"#)]),
            (r#"['it's']"#, vec![key("it's")]),
            (r#"["a]"]"#, vec![key("a]")]),
            (r#"["a.b/c:d"]"#, vec![key("a.b/c:d")]),
            (r#"["é😀"]"#, vec![key("é😀")]),
            // `sops` rejects a bracket in a key.
            (r#"["a[0]"]["b"]"#, vec![key("a[0]"), key("b")]),
            (r#"['a"]["b']"#, vec![key(r#"a"]["b"#)]),
        ] {
            let path: KeyPath = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(path.components(), components, "{text}");
            let again: KeyPath = path
                .to_string()
                .parse()
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(again, path);
        }
    }

    #[test]
    fn a_malformed_path_is_rejected_with_the_problem() {
        for (text, problem) in [
            ("", "character 1: it is empty"),
            ("a", "character 1: each component needs brackets"),
            (
                r#"["a"].["b"]"#,
                "character 6: each component needs brackets",
            ),
            (
                r#"["a"] ["b"]"#,
                "character 6: each component needs brackets",
            ),
            (
                r#"["a"][0].b"#,
                "character 9: each component needs brackets",
            ),
            (
                r#"["a"]["b"]x"#,
                "character 11: each component needs brackets",
            ),
            (r#"["é"][b]"#, "character 6: a key needs quotes"),
            ("[]", "nothing between the brackets"),
            ("[0", "missing `]`"),
            (r#"["]"#, "no closing quote"),
            (r#"["a']"#, "does not end with the quote"),
            (r#"["a]"#, "no closing quote"),
            (r#"[ "a"]"#, "a key needs quotes"),
            ("[-1]", "cannot be negative"),
            ("[--1]", "a key needs quotes"),
            ("[++1]", "a key needs quotes"),
            ("[99999999999999999999]", "an index must be a whole number"),
        ] {
            let error = text.parse::<KeyPath>().expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.ends_with(r#"the form is ["key"][0]["other key"]"#));
        }
    }
}
