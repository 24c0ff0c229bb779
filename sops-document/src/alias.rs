//! Expands an alias into a flow collection that contains the values it refers to.

use std::ops::Range;

use crate::document::Document;
use crate::tape::{Collection, Item, Leaf};
use crate::value::Type;
use crate::yaml;
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::spell::{ParentKind, ScalarContext, spell};

/// A flow collection, where columns do not matter.
const FLOW: ScalarContext = ScalarContext {
    container: ParentKind::Flow,
    column: 0,
    step: yaml::emit::DEFAULT_STEP,
};

impl Document<'_> {
    /// Appends the `items` of an alias on the tape as one flow node. `in_flow` says that the alias
    /// is itself in a flow collection. `replace` appends a token for a leaf and returns true, or
    /// returns false to keep the value.
    pub fn write_alias(
        &self,
        items: Range<usize>,
        in_flow: bool,
        out: &mut String,
        mut replace: impl FnMut(usize, &Leaf<'_>, &mut String) -> bool,
    ) {
        let mut open: Vec<(Collection, bool)> = Vec::new();
        for index in items {
            let (item, path) = match &self.tape[index] {
                item @ (Item::Open { path, .. } | Item::Leaf(Leaf { path, .. })) => (item, *path),
                Item::Close { open: at }
                    if matches!(self.tape[*at as usize], Item::Open { .. }) =>
                {
                    match open.pop() {
                        Some((Collection::Mapping, _)) => out.push('}'),
                        _ => out.push(']'),
                    }
                    continue;
                }
                _ => continue,
            };
            if let Some((kind, first)) = open.last_mut() {
                if !std::mem::replace(first, false) {
                    out.push_str(", ");
                }
                if *kind == Collection::Mapping {
                    restyle(
                        out,
                        self.paths.key(path),
                        Type::Str,
                        None,
                        SourceStyle::DoubleQuoted,
                    );
                    out.push_str(": ");
                }
            }
            match item {
                Item::Open { kind, .. } => {
                    out.push(if *kind == Collection::Mapping {
                        '{'
                    } else {
                        '['
                    });
                    open.push((*kind, true));
                }
                Item::Leaf(leaf) => {
                    let quote = if open.is_empty() && !in_flow { "" } else { "'" };
                    out.push_str(quote);
                    let start = out.len();
                    if replace(index, leaf, out) {
                        out.push_str(quote);
                    } else {
                        out.truncate(start - quote.len());
                        write_value(out, leaf);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Appends the value of a leaf so that it reads as the same type.
fn write_value(out: &mut String, leaf: &Leaf<'_>) {
    let Some(value) = &leaf.value else {
        out.push_str("null");
        return;
    };
    let start = out.len();
    spell(out, Some(value), FLOW);
    // The float 1.0 is spelled `1`, which reads as an integer.
    if value.kind == Type::Float && !out[start..].contains(['.', 'e']) {
        out.push_str(".0");
    }
}
