//! Writes a tree like `yaml.v3`: always in block style, with sequences indented in mappings.

use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::spell::{ParentKind, ScalarContext, break_line, indent, spell, spell_key};
use crate::tree::{Entry, Node};

/// The default number of spaces per level.
pub(crate) const DEFAULT_STEP: usize = 4;

/// The numbers of spaces per level that `yaml.v3` supports.
pub(crate) const STEPS: RangeInclusive<usize> = 2..=9;

/// The number of spaces per level that `yaml.v3` writes if this many are requested.
pub(crate) fn step(asked_for: usize) -> usize {
    match STEPS.contains(&asked_for) {
        true => asked_for,
        false => 2,
    }
}

impl Node {
    /// The tree as a YAML document: `yaml.v3` reads this tree from it.
    ///
    /// ```
    /// use sops_document::tree::Node;
    ///
    /// let tree = Node::from_json(&serde_json::json!({"items": [{"on": "yes"}]}));
    /// assert_eq!(*tree.to_yaml(), "items:\n    - \"on\": \"yes\"\n");
    /// ```
    pub fn to_yaml(&self) -> Zeroizing<String> {
        Zeroizing::new(emit(self, DEFAULT_STEP))
    }
}

/// One document without `---` and with a final line break, with about `step` spaces per level.
pub(crate) fn emit(node: &Node, step: usize) -> String {
    let step = self::step(step);
    let mut out = String::new();
    match node {
        Node::Mapping(entries) if !entries.is_empty() => emit_mapping(&mut out, entries, 0, step),
        Node::Sequence(items) if !items.is_empty() => emit_sequence(&mut out, items, 0, step),
        Node::Mapping(_) => out.push_str("{}"),
        Node::Sequence(_) => out.push_str("[]"),
        Node::Scalar(value) => {
            spell(
                &mut out,
                value.as_ref(),
                ScalarContext {
                    container: ParentKind::Document,
                    column: 0,
                    step,
                },
            );
        }
    }
    out.push('\n');
    out
}

/// Appends the value after the `:` of a key or the `-` of an item in a block collection: a space
/// and a scalar, or a collection on its own lines. The last line has no line break.
pub(crate) fn emit_value(out: &mut String, node: &Node, context: ScalarContext) {
    emit_after_indicator(out, node, context, false);
}

/// Appends the entries of a mapping in block style in `column`, where the output must already be.
/// The last line has no line break.
pub(crate) fn emit_top(out: &mut String, node: &Node, column: usize) {
    if let Node::Mapping(entries) = node {
        emit_mapping(out, entries, column, DEFAULT_STEP);
    }
}

/// Appends `key:` and its value as an entry of a block mapping in `column`, where the output must
/// already be. The last line has no line break.
pub(crate) fn emit_entry(out: &mut String, entry: &Entry, column: usize, step: usize) {
    let explicit = if entry.key == MERGE_KEY && !can_be_merged(&entry.value) {
        // `spell_key` would write a merge key, which no reader accepts here.
        out.push_str("\"<<\":");
        false
    } else {
        spell_key(out, &entry.key, column, step)
    };
    emit_after_indicator(
        out,
        &entry.value,
        ScalarContext {
            container: ParentKind::Mapping,
            column,
            step,
        },
        explicit,
    );
}

const MERGE_KEY: &str = "<<";

/// Whether `value` is valid under a merge key.
fn can_be_merged(value: &Node) -> bool {
    match value {
        Node::Mapping(_) => true,
        Node::Sequence(items) => items.iter().all(|item| matches!(item, Node::Mapping(_))),
        Node::Scalar(_) => false,
    }
}

fn emit_mapping(out: &mut String, entries: &[Entry], column: usize, step: usize) {
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            break_line(out, column);
        }
        emit_entry(out, entry, column, step);
    }
}

fn emit_sequence(out: &mut String, items: &[Node], column: usize, step: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            break_line(out, column);
        }
        out.push('-');
        emit_value(
            out,
            item,
            ScalarContext {
                container: ParentKind::Sequence,
                column,
                step,
            },
        );
    }
}

/// Appends a value after its indicator. `explicit` says that the `:` is on its own line, where a
/// collection can begin.
fn emit_after_indicator(out: &mut String, node: &Node, context: ScalarContext, explicit: bool) {
    let column = context.content_column();
    let begin_collection = |out: &mut String| {
        let after_indicator = context.column + 1;
        let on_this_line = explicit || context.container == ParentKind::Sequence;
        if on_this_line && column > after_indicator {
            indent(out, column - after_indicator);
        } else {
            break_line(out, column);
        }
    };
    match node {
        Node::Mapping(entries) if !entries.is_empty() => {
            begin_collection(out);
            emit_mapping(out, entries, column, context.step);
        }
        Node::Sequence(items) if !items.is_empty() => {
            begin_collection(out);
            emit_sequence(out, items, column, context.step);
        }
        Node::Mapping(_) => out.push_str(" {}"),
        Node::Sequence(_) => out.push_str(" []"),
        Node::Scalar(value) => {
            out.push(' ');
            spell(out, value.as_ref(), context);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tree::tests::from_vector;
    use sops_test_support::vectors;

    #[derive(serde::Deserialize)]
    struct Vector {
        tree: serde_json::Value,
        indent: usize,
        yaml: String,
    }

    #[test]
    fn trees_are_written_as_sops_writes_them() {
        for vector in vectors::read::<Vector>("emit-yaml.jsonl") {
            assert_eq!(emit(&from_vector(&vector.tree), vector.indent), vector.yaml);
        }
    }

    #[test]
    fn odd_documents_and_steps() {
        let nested = json!({"map": [["a", {"map": [["b", {"seq": [{"seq": [{"int": "1"}]}]}]]}]]});
        for (tree, step, yaml) in [
            (json!({"map": []}), 4, "{}\n"),
            (json!({"seq": []}), 4, "[]\n"),
            (json!(null), 4, "null\n"),
            (json!({"str": "a\nb"}), 4, "|-\n    a\n    b\n"),
            (
                json!({"seq": [{"map": [["a", {"seq": []}], ["b", null]]}]}),
                4,
                "- a: []\n  b: null\n",
            ),
            (nested.clone(), DEFAULT_STEP, "a:\n    b:\n        - - 1\n"),
            // Steps that `yaml.v3` does not support.
            (nested.clone(), 1, "a:\n  b:\n    - - 1\n"),
            (nested, 10, "a:\n  b:\n    - - 1\n"),
            (
                json!({"map": [["<<", {"map": [["a", {"int": "1"}]]}]]}),
                4,
                "!!merge <<:\n    a: 1\n",
            ),
            (json!({"map": [["<<", {"str": "a"}]]}), 4, "\"<<\": a\n"),
        ] {
            assert_eq!(emit(&from_vector(&tree), step), yaml);
        }
    }

    #[test]
    fn a_subtree_takes_the_layout_of_its_new_position() {
        let tree = from_vector(
            &json!({"map": [["a", {"int": "1"}], ["b", {"seq": [{"str": "x\ny\n"}]}]]}),
        );
        let (mapping, sequence) = (ParentKind::Mapping, ParentKind::Sequence);
        for (container, column, step, yaml) in [
            (mapping, 0, 2, "\n  a: 1\n  b:\n    - |\n      x\n      y"),
            (
                mapping,
                2,
                2,
                "\n    a: 1\n    b:\n      - |\n        x\n        y",
            ),
            (
                mapping,
                3,
                4,
                "\n    a: 1\n    b:\n        - |\n          x\n          y",
            ),
            (
                sequence,
                4,
                4,
                " a: 1\n      b:\n        - |\n          x\n          y",
            ),
        ] {
            let mut out = String::new();
            emit_value(
                &mut out,
                &tree,
                ScalarContext {
                    container,
                    column,
                    step,
                },
            );
            assert_eq!(out, yaml);
        }
    }
}
