//! Aliases, which put a copy of the anchored node on the tape.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::{OPEN, Parser};
use crate::error::{Error, Location, Result};
use crate::value::Value;
use crate::yaml::go_incompatibilities;
use crate::{Collection, Item, Leaf, MAX_DEPTH, MAX_EXPANDED, PathId, Span, Style, Text};

impl<'a> Parser<'a> {
    pub(super) fn alias(&mut self, anchor: usize, range: Range<usize>) -> Result<()> {
        let start = range.start;
        if !self.lenient {
            go_incompatibilities::refuse_foreign_name(self.text, range.clone())?;
        }
        self.last_end = range.end;
        if let Some(key) = self.key_anchors.get(&anchor).cloned() {
            return self.alias_of_key(key, range);
        }
        if self.lenient
            && let Some(text) = self.lenient_alias(anchor)
        {
            return self.alias_of_key(text, range);
        }
        let Some(&original) = self.anchors.get(&anchor) else {
            return self.unsupported(
                start,
                "the alias refers to the `sops` metadata; write the value itself",
            );
        };
        let Some(path) = self.node_path() else {
            // Once the anchored value is encrypted, the key would be its ciphertext.
            return self.unsupported(start, "an alias is used as a key; write the key itself");
        };
        let is_mapping = matches!(
            self.tape[original],
            Item::Open {
                kind: Collection::Mapping,
                ..
            }
        );
        if self.is_merged() && !is_mapping && !self.lenient {
            return self.unmergeable(start);
        }
        let end = match self.tape[original] {
            Item::Open { close: OPEN, .. } => {
                return self.unsupported(start, "the alias refers to a node that contains it");
            }
            Item::Open { close, .. } => close as usize + 1,
            _ => original + 1,
        };
        self.expanded += end - original;
        if self.expanded > MAX_EXPANDED {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, start)),
                message: format!("aliases expand to more than {MAX_EXPANDED} nodes"),
            });
        }
        if self.frames.len() + self.height(original..end) > MAX_DEPTH {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, start)),
                message: format!("aliases nest values deeper than {MAX_DEPTH} levels"),
            });
        }
        let site = self.tape.len();
        self.tape.push(Item::Alias {
            path,
            span: Span::new(range),
            target: original as u32,
            close: OPEN,
        });
        self.expand(original..end, path);
        let close = self.tape.len() as u32;
        self.tape.push(Item::Close { open: site as u32 });
        if let Item::Alias { close: at, .. } = &mut self.tape[site] {
            *at = close;
        }
        self.value_done()
    }

    /// How many levels of containers a node has, itself included.
    fn height(&self, node: Range<usize>) -> usize {
        let (mut depth, mut height) = (0, 0);
        for item in &self.tape[node] {
            match item {
                Item::Open { .. } => {
                    depth += 1;
                    height = height.max(depth);
                }
                Item::Close { open } if matches!(self.tape[*open as usize], Item::Open { .. }) => {
                    depth -= 1;
                }
                _ => {}
            }
        }
        height
    }

    /// The text of an alias that the tape cannot represent: as a key, or inside the node that it
    /// refers to.
    pub(super) fn lenient_alias(&self, anchor: usize) -> Option<Text<'a>> {
        let original = self.anchors.get(&anchor).map(|at| &self.tape[*at]);
        match original {
            None | Some(Item::Open { close: OPEN, .. }) => Some(Cow::Borrowed("")),
            Some(Item::Leaf(Leaf { value, .. })) if self.node_path().is_none() => {
                let value = value.as_ref();
                let text = value.map(|value| String::from_utf8_lossy(&value.bytes).into_owned());
                Some(Cow::Owned(text.unwrap_or_default()))
            }
            Some(_) if self.node_path().is_none() => Some(Cow::Borrowed("")),
            Some(_) => None,
        }
    }

    /// Reads an alias of a key, which is a key or a string like any other.
    pub(super) fn alias_of_key(&mut self, key: Text<'a>, range: Range<usize>) -> Result<()> {
        let Some(path) = self.node_path() else {
            return self.push_key(key, range.start, false);
        };
        if self.frames.is_empty() {
            return Ok(());
        }
        if self.is_merged() && !self.lenient {
            return self.unmergeable(range.start);
        }
        let (site, span) = (self.tape.len() as u32, Span::new(range));
        self.tape.push(Item::Alias {
            path,
            span,
            target: site + 1,
            close: site + 2,
        });
        let value = Some(Value::string(key));
        self.tape.push(Item::Leaf(Leaf {
            path,
            span,
            style: Style::Plain,
            flow: true,
            value,
        }));
        self.tape.push(Item::Close { open: site });
        self.value_done()
    }

    /// Copies the items of the node at `original` to the end of the tape, as if it were at `path`.
    pub(super) fn expand(&mut self, original: Range<usize>, path: PathId) {
        let shift = (self.tape.len() - original.start) as u32;
        let mut renamed: HashMap<PathId, PathId> = HashMap::new();
        if let Item::Open { path: from, .. } | Item::Leaf(Leaf { path: from, .. }) =
            &self.tape[original.start]
        {
            renamed.insert(*from, path);
        }
        for index in original {
            let mut item = self.tape[index].clone();
            match &mut item {
                Item::Open { path, close, .. } | Item::Alias { path, close, .. } => {
                    *path = self.rename(*path, &mut renamed);
                    *close += shift;
                }
                Item::Document { close, .. } => *close += shift,
                Item::Close { open } => *open += shift,
                Item::Leaf(Leaf { path, .. }) | Item::Comment { path, .. } => {
                    *path = self.rename(*path, &mut renamed)
                }
            }
            self.tape.push(item);
        }
    }

    /// The path in the copy for a path in the original. The root of the original is already mapped.
    pub(super) fn rename(&mut self, path: PathId, renamed: &mut HashMap<PathId, PathId>) -> PathId {
        if let Some(&known) = renamed.get(&path) {
            return known;
        }
        // A path's parent comes before it, so a parent in the original is already renamed.
        let parent = self.paths.parent(path);
        let parent = renamed.get(&parent).copied().unwrap_or(parent);
        let (key, at) = (self.paths.key(path).clone(), self.paths.key_offset(path));
        let new = self.paths.push(parent, key, at);
        renamed.insert(path, new);
        new
    }
}

#[cfg(test)]
mod tests {
    use crate::{Document, Error, Format, MAX_DEPTH};

    /// Sequences nested `levels` deep around a value.
    fn nested(levels: usize, value: &str) -> String {
        format!("{}{value}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn expanded_aliases_are_not_nested_deeper_than_text() {
        // The mapping at the top is a level too.
        for (outer, inner, is_allowed) in [
            (499, 500, true),
            (500, 500, false),
            (0, MAX_DEPTH - 1, true),
            (MAX_DEPTH - 1, 0, true),
        ] {
            let inner = nested(inner, "1");
            let outer = nested(outer, "*x");
            let text = format!("a: &x {inner}\nb: {outer}\n");
            let parsed = Document::parse(&text, Format::Yaml);
            match is_allowed {
                true => drop(parsed.expect("the nesting is allowed")),
                false => assert!(matches!(parsed, Err(Error::Limit { .. }))),
            }
        }
    }
}
