//! Collects the edits that make up one change, in any order.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::indentation::Indents;
use super::site::Site;
use crate::tree::Node;
use crate::value::{Type, Value};
use crate::{Document, Item, Splices};

/// Splices for a document's text.
pub(super) struct TextEdits<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    edits: Vec<(Range<usize>, Zeroizing<String>)>,
    /// The aliases in the text with the nodes that they refer to, in the order of the tape.
    aliases: Vec<(usize, usize)>,
    /// Other nodes that change at the same time.
    also: HashSet<usize>,
    /// The indentation of the whole text, computed on first use.
    indents: OnceCell<Indents>,
}

/// What to do with the anchor of a node that is replaced.
#[derive(Clone, Copy)]
pub(super) enum Anchor<'a> {
    /// Keeps the anchor, if there is one.
    Keep,
    /// Drops the anchor, because an alias takes it over.
    Drop,
    /// Adds an anchor to a node that was an alias.
    Add(&'a str),
}

impl<'d, 'a> TextEdits<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>) -> Self {
        let aliases = document.written_items();
        let aliases = aliases.filter_map(|(index, item)| match item {
            Item::Alias { target, .. } => Some((index, *target as usize)),
            _ => None,
        });
        Self {
            document,
            edits: Vec::new(),
            aliases: aliases.collect(),
            also: HashSet::new(),
            indents: OnceCell::new(),
        }
    }

    /// Also marks these tape nodes as changed, each by its own change.
    pub(super) fn also_in(mut self, nodes: HashSet<usize>) -> Self {
        self.also = nodes;
        self
    }

    /// The aliases in the text with the nodes that they refer to.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (usize, usize)> {
        self.aliases.iter().copied()
    }

    /// Whether the node is only a copy in an alias.
    pub(super) fn is_copy(&self, node: usize) -> bool {
        let before = self.aliases.partition_point(|(alias, _)| *alias < node);
        let last = before.checked_sub(1).map(|last| self.aliases[last].0);
        last.is_some_and(|alias| self.document.node_items(alias).contains(&node))
    }

    /// Whether the alias's copy of `node`, which is inside `target`, changes too.
    pub(super) fn follows(&self, alias: usize, target: usize, node: usize) -> bool {
        let copy = node.checked_sub(target).map(|within| alias + 1 + within);
        copy.is_some_and(|copy| self.also.contains(&copy))
    }

    /// The indentation of the whole text.
    pub(super) fn indents(&self) -> Indents {
        let whole = || Indents::of(self.document, 0..self.document.tape.len());
        *self.indents.get_or_init(whole)
    }

    pub(super) fn text(&self) -> &'a str {
        self.document.text
    }

    pub(super) fn replace(&mut self, range: Range<usize>, with: impl Into<String>) {
        self.edits.push((range, Zeroizing::new(with.into())));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.replace(range, String::new());
    }

    /// Removes the anchor or tag of a node if it does not match the new value.
    pub(super) fn remove_properties(&mut self, site: &Site, new: &Node, anchor: Anchor<'_>) {
        if let (Anchor::Drop, Some(range)) = (anchor, &site.properties.anchor) {
            self.remove_property(range.clone());
        }
        // Bytes that are not UTF-8 and the string `<<` are written with a tag of their own.
        let keeps_tag = matches!(
            (new, &self.document.tape[site.node]),
            (Node::Scalar(Some(Value { kind: Type::Str, bytes })), Item::Leaf(_))
                if **bytes != *b"<<" && str::from_utf8(bytes).is_ok()
        );
        if let (false, Some(range)) = (keeps_tag, &site.properties.tag) {
            self.remove_property(range.clone());
        }
    }

    /// Removes an anchor or a tag, and the spaces before it or, if nothing precedes it, after it.
    pub(super) fn remove_property(&mut self, range: Range<usize>) {
        let text = self.text();
        let start = text[..range.start].trim_end_matches([' ', '\t']).len();
        if start < range.start {
            self.remove(start..range.end);
        } else {
            let rest = text[range.end..].trim_start_matches([' ', '\t']);
            self.remove(range.start..text.len() - rest.len());
        }
    }

    /// The changed text.
    pub(super) fn apply(mut self) -> Zeroizing<String> {
        self.edits.sort_by_key(|(range, _)| range.start);
        let added: usize = self.edits.iter().map(|(_, with)| with.len()).sum();
        let text = self.text();
        let mut edits = Splices::new(text, text.len() + added);
        for (range, with) in self.edits {
            edits.replace(range).push_str(&with);
        }
        Zeroizing::new(edits.finish())
    }
}
