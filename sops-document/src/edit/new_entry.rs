//! Sets entries of many mappings in one pass.

use std::collections::HashSet;
use std::ops::Range;
use std::ptr;

use zeroize::Zeroizing;

use super::change::Change;
use super::check;
use super::path_target::{child, kind};
use super::text_edits::TextEdits;
use super::tree_edit::NodeKind;
use crate::key_path::Component;
use crate::tree::Node;
use crate::{Document, Item, NodeRef};

/// An entry to set in one mapping of a document. [`NodeRef::new_entry`] creates it, and
/// [`Document::with_entries`] sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEntry {
    pub(crate) mapping: usize,
    /// The span of the mapping, which detects an entry that was created for another document.
    pub(crate) span: Range<usize>,
    pub(crate) key: String,
    pub(crate) value: Node,
    pub(crate) spelling: Option<String>,
}

impl NewEntry {
    /// The same entry with a spelling: if it replaces a scalar, `text` is written verbatim. `text`
    /// must read as the value.
    #[must_use]
    pub fn spelled(mut self, text: String) -> Self {
        self.spelling = Some(text);
        self
    }

    fn change(&self, document: &Document<'_>) -> Option<Change<'_>> {
        let is_there = matches!(document.tape.get(self.mapping), Some(Item::Open { span, .. }) if span.range() == self.span);
        if !is_there || !matches!(kind(document, self.mapping), NodeKind::Mapping) {
            return None;
        }
        let key = Component::Key(self.key.clone());
        let change = match (child(document, self.mapping, &key), &self.spelling) {
            (Some(node), Some(text)) if matches!(document.tape[node], Item::Leaf(_)) => {
                Change::Spell(node, self.value.clone(), text)
            }
            (Some(node), _) => Change::Replace(node, self.value.clone()),
            (None, _) => Change::Append(self.mapping, Some(&self.key), self.value.clone()),
        };
        Some(change).filter(|change| change.is_mergeable(document))
    }
}

impl Document<'_> {
    /// Sets entries of many mappings at once. Returns the new text, in which everything else is
    /// unchanged, and for each of `entries`, in order, whether it was set.
    ///
    /// Aliases keep their values, except those whose copies get the same entry.
    ///
    /// The new text is parsed once for all entries, and again only if one of them can't be set.
    pub fn with_entries(&self, entries: &[&NewEntry]) -> (Zeroizing<String>, Vec<bool>) {
        set_entries(self, entries)
    }
}

impl NodeRef<'_, '_> {
    /// An entry that sets `key` of this mapping to `value`. It replaces the value of an existing
    /// key and otherwise comes last. If this node is an alias, the mapping is the one that the
    /// alias refers to.
    pub fn new_entry(self, key: &str, value: Node) -> NewEntry {
        let mapping = self.target();
        let span = match &self.document().tape[mapping] {
            Item::Open { span, .. } => span.range(),
            _ => 0..0,
        };
        NewEntry {
            mapping,
            span,
            key: key.to_owned(),
            value,
            spelling: None,
        }
    }
}

/// The text with as many of the entries as can be set, and whether each was set. If all copies of
/// an anchored mapping get an entry too, it is set once, in the anchored text.
fn set_entries(document: &Document<'_>, entries: &[&NewEntry]) -> (Zeroizing<String>, Vec<bool>) {
    let mut wanted: Vec<_> = (0..entries.len())
        .filter_map(|number| Some((number, entries[number].change(document)?)))
        .collect();
    // A change inside a node comes before one that appends after the node.
    wanted.sort_by_key(|(number, change)| (change.effect(document).0.start, *number));
    let key = |number: usize| (entries[number].mapping, &entries[number].key);
    let mut distinct: Vec<(Vec<usize>, Change<'_>)> = Vec::new();
    for (number, change) in wanted {
        match distinct.last_mut() {
            Some((same, _)) if entries[same[0]] == entries[number] => same.push(number),
            // A second value for the same entry is dropped.
            Some((same, _)) if key(same[0]) == key(number) => {}
            _ => distinct.push((vec![number], change)),
        }
    }
    let all: Vec<_> = distinct.iter().map(|(_, change)| change).collect();
    let mut applied = AppliedChanges {
        document,
        changes: Vec::new(),
        text: Zeroizing::new(document.text.to_owned()),
    };
    applied.add(&all);
    let mut is_set = vec![false; entries.len()];
    let done: HashSet<_> = applied
        .changes
        .iter()
        .map(|change| ptr::from_ref(*change))
        .collect();
    for (numbers, change) in &distinct {
        let is_done = done.contains(&ptr::from_ref(change));
        numbers.iter().for_each(|number| is_set[*number] = is_done);
    }
    (applied.text, is_set)
}

/// The changes that can be combined, in the order of the text, and the text with them.
struct AppliedChanges<'c, 'd, 'a> {
    document: &'d Document<'a>,
    changes: Vec<&'c Change<'c>>,
    text: Zeroizing<String>,
}

impl<'c> AppliedChanges<'c, '_, '_> {
    /// Adds the changes that can be combined with the current ones. If not all can be added
    /// together, each half is tried.
    fn add(&mut self, more: &[&'c Change<'c>]) {
        if more.is_empty() {
            return;
        }
        let mut all = self.changes.clone();
        all.extend(more);
        if let Some(text) = together(self.document, &all) {
            self.text = text;
            self.changes = all;
        } else if more.len() > 1 {
            let (first, second) = more.split_at(more.len() / 2);
            self.add(first);
            self.add(second);
        }
    }
}

/// The text with all changes, which are in the order of the text; `None` if it does not have the
/// intended meaning.
fn together(document: &Document<'_>, all: &[&Change<'_>]) -> Option<Zeroizing<String>> {
    let nodes: HashSet<_> = all.iter().map(|change| change.node()).collect();
    let mut edits = TextEdits::new(document).also_in(nodes);
    for change in all {
        // A copy changes with its anchored original.
        if !edits.is_copy(change.node()) {
            change.edits(&mut edits).ok()?;
        }
    }
    let text = edits.apply();
    let effects = all.iter().map(|change| change.effect(document));
    check::is_changed(&text, document, effects).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;

    /// Sets `k: true` in every mapping with a key `id`, including the copies of aliases. Returns
    /// the text, the number of entries set, and the number of mappings.
    fn set(text: &str, format: Format) -> (String, usize, usize) {
        let document = Document::parse(text, format).unwrap_or_else(|error| panic!("{error}"));
        let mut entries = Vec::new();
        let mut open: Vec<_> = document.tops().flatten().collect();
        while let Some(node) = open.pop() {
            open.extend(node.items().chain(node.entries().map(|(_, node)| node)));
            if node.get("id").is_some() {
                entries.push(node.new_entry("k", Node::from_json(&true.into())));
            }
        }
        let entries: Vec<_> = entries.iter().collect();
        let (changed, is_set) = document.with_entries(&entries);
        let count = is_set.iter().filter(|is_set| **is_set).count();
        (changed.to_string(), count, is_set.len())
    }

    #[test]
    fn entries_are_set_in_every_mapping_that_can_have_them() {
        for (format, text, expected, counts) in [
            (
                Format::Yaml,
                "a: 1\n---\nb:\n  - id: x # why\n  - {id: y}\n  - {id: z, k: false} # c\n",
                "a: 1\n---\nb:\n  - id: x # why\n    k: true\n  - {id: y, k: true}\n  - {id: z, k: true} # c\n",
                (3, 3),
            ),
            // An entry inside the last entry of another mapping.
            (
                Format::Yaml,
                "id: 1\na:\n  id: 2\n",
                "id: 1\na:\n  id: 2\n  k: true\nk: true\n",
                (2, 2),
            ),
            (
                Format::Yaml,
                "l:\n- id: 1\n  a: {b: {id: 2}}\n- id: 3",
                "l:\n- id: 1\n  a: {b: {id: 2, k: true}}\n  k: true\n- id: 3\n  k: true",
                (3, 3),
            ),
            // An alias stays if its copy gets the entry too. Another alias keeps its value.
            (
                Format::Yaml,
                "a: &x\n  - id: 1\n  - id: 2\nb: *x\nc: *x\n",
                "a: &x\n  - id: 1\n    k: true\n  - id: 2\n    k: true\nb: *x\nc: *x\n",
                (6, 6),
            ),
            (
                Format::Yaml,
                "a: &x {id: 1}\nb:\n  <<: *x\n  c: 2\n",
                "a: &x {id: 1, k: true}\nb:\n  <<: *x\n  c: 2\n  k: true\n",
                (3, 3),
            ),
            (
                Format::Json,
                "{\"a\": [\n  {\"id\": 1},\n  {\"id\": 2, \"k\": 0}\n]}",
                "{\"a\": [\n  {\"id\": 1, \"k\": true},\n  {\"id\": 2, \"k\": true}\n]}",
                (2, 2),
            ),
        ] {
            let (changed, set, all) = set(text, format);
            assert_eq!(changed, expected);
            assert_eq!((set, all), counts, "{text}");
        }
    }

    fn item<'d, 'a>(document: &'d Document<'a>, list: &str, number: usize) -> NodeRef<'d, 'a> {
        let top = document.tops().next().flatten();
        let item = top.and_then(|top| top.get(list)?.items().nth(number));
        item.expect("the item exists")
    }

    #[test]
    fn an_alias_keeps_its_value_unless_its_copy_is_changed_too() {
        let text = "a: &x [{id: 1}]\nb: *x\nc: *x\n";
        let document =
            Document::parse(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        let entry = item(&document, "a", 0).new_entry("k", "v".into());
        let (changed, is_set) = document.with_entries(&[&entry]);
        let wanted = "a: &x [{id: 1, k: v}]\nb:\n    - id: 1\nc:\n    - id: 1\n";
        assert_eq!(*changed, wanted);
        assert_eq!(is_set, [true]);
        // A copy has no source text to change.
        let copy = item(&document, "b", 0).new_entry("k", "v".into());
        let (changed, is_set) = document.with_entries(&[&copy]);
        assert_eq!((&**changed, &is_set[..]), (text, &[false][..]));
    }

    #[test]
    fn entries_that_cannot_be_set_do_not_affect_the_others() {
        let text: String = (0..20).map(|number| format!("- id: {number}\n")).collect();
        let text = format!("a:\n{text}");
        let document =
            Document::parse(&text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        let mut entries: Vec<_> = (0..20)
            .map(|number| item(&document, "a", number).new_entry("k", Node::from_json(&1.into())))
            .collect();
        // A second value for one entry, a spelling that reads as another value, a scalar, and a
        // position in another document.
        entries[3] = item(&document, "a", 2).new_entry("k", Node::from_json(&2.into()));
        entries[7] = item(&document, "a", 7)
            .new_entry("id", Node::from_json(&1.into()))
            .spelled("2".to_owned());
        entries[11] = item(&document, "a", 11)
            .get("id")
            .expect("the item exists")
            .new_entry("k", Node::from_json(&1.into()));
        entries[13].span.end += 1;
        let entries: Vec<_> = entries.iter().collect();
        let (changed, is_set) = document.with_entries(&entries);
        for (number, is_set) in is_set.iter().enumerate() {
            assert_eq!(*is_set, ![3, 7, 11, 13].contains(&number), "{number}");
        }
        assert_eq!(changed.matches("k: 1").count(), 16);
    }

    #[test]
    fn a_scalar_is_written_with_the_given_spelling() {
        let text = "a: [{mode: 0644}] # c\n";
        let document =
            Document::parse(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        let value = Node::from_json(&0o640.into());
        let entry = item(&document, "a", 0)
            .new_entry("mode", value)
            .spelled("0640".to_owned());
        let (changed, _) = document.with_entries(&[&entry]);
        assert_eq!(*changed, "a: [{mode: 0640}] # c\n");
    }
}
