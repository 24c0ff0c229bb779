//! An alias whose values are encrypted cannot stay an alias, for each path has its own additional data: it is written out.

use std::ops::Range;

use crate::document::yaml::in_style::{self, spell_in_style};
use crate::document::yaml::spell::{Container, Place, spell};
use crate::document::{Collection, Document, Item, Leaf, yaml};
use crate::pipeline::encrypt::is_encryptable;
use crate::pipeline::selection::Selected;
use crate::value::Type;

/// A flow collection, where columns do not matter.
const FLOW: Place = Place {
    container: Container::Flow,
    column: 0,
    step: yaml::emit::DEFAULT_STEP,
};

/// Whether an alias cannot stay: a value or a comment in it is encrypted here, or where it is anchored.
pub(super) fn is_written_out(document: &Document<'_>, selection: &Selected, index: usize) -> bool {
    let Item::Alias { target, close, .. } = &document.tape[index] else {
        return false;
    };
    let mut copies = (index + 1..*close as usize).zip(*target as usize..);
    copies.any(|(copy, original)| {
        let can_be_encrypted = match &document.tape[copy] {
            Item::Leaf(leaf) => is_encryptable(leaf.value.as_ref()),
            Item::Comment { .. } => true,
            _ => false,
        };
        can_be_encrypted && (selection.contains(copy) || selection.contains(original))
    })
}

/// Writes the items of an alias, which stands in a flow collection or not, as one flow node. `encrypt` writes a leaf encrypted,
/// or says that it is to stay as it is.
pub(super) fn write(
    document: &Document<'_>,
    items: Range<usize>,
    in_flow: bool,
    out: &mut String,
    mut encrypt: impl FnMut(usize, &Leaf<'_>, &mut String) -> bool,
) {
    let mut open: Vec<(Collection, bool)> = Vec::new();
    for index in items {
        let (item, path) = match &document.tape[index] {
            item @ (Item::Open { path, .. } | Item::Leaf(Leaf { path, .. })) => (item, *path),
            Item::Close { open: at }
                if matches!(document.tape[*at as usize], Item::Open { .. }) =>
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
                spell_in_style(
                    out,
                    document.paths.key(path),
                    Type::Str,
                    None,
                    in_style::Style::DoubleQuoted,
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
                if encrypt(index, leaf, out) {
                    out.push_str(quote);
                } else {
                    out.truncate(start - quote.len());
                    match &leaf.value {
                        Some(value) => {
                            let start = out.len();
                            spell(out, Some(value), FLOW);
                            // SOPS writes the float 1.0 as `1`, which reads as an integer.
                            if value.kind == Type::Float && !out[start..].contains(['.', 'e']) {
                                out.push_str(".0");
                            }
                        }
                        None => out.push_str("null"),
                    }
                }
            }
            _ => {}
        }
    }
}
