//! The position of a node in the text: its entry, anchor, tag, content and surrounding comments.

use std::ops::Range;

use crate::yaml::lexical::{after_colon, key_end, property_end, skip_space_and_comments};
use crate::yaml::source;
use crate::{Collection, Document, Item, Leaf, Style};

/// The text of a node that is the value of an entry or an item of a sequence.
pub(crate) struct Site {
    /// The index of the node on the tape.
    pub(super) node: usize,
    /// The index of its container.
    pub(super) container: usize,
    /// The kind of the container, and whether it is in flow style.
    pub(super) kind: Collection,
    pub(super) flow: bool,
    /// The start of the entry: its key, including the key's `?` and properties, or its `-`.
    pub(crate) entry: usize,
    /// The offset after the `:`, `-`, bracket or comma that the node follows; `None` if the key has
    /// no `:`.
    pub(crate) indicator: Option<usize>,
    /// The properties between the indicator and the content.
    pub(crate) properties: Properties,
    /// The range that another value replaces. It excludes the line break that ends a block scalar,
    /// and is empty for an omitted null.
    pub(crate) content: Range<usize>,
}

/// The anchor, the tag and the comments before a node's content.
#[derive(Default)]
pub(crate) struct Properties {
    pub(crate) anchor: Option<Range<usize>>,
    pub(crate) tag: Option<Range<usize>>,
    pub(crate) comments: Vec<Range<usize>>,
    /// The end of the last anchor or tag, or the start of the search if there is no anchor or tag.
    pub(crate) end: usize,
}

impl Site {
    /// The site of the node at `node`, which must not be the top of its document.
    pub(crate) fn of(document: &Document<'_>, node: usize) -> Self {
        let text = document.text;
        let container = container(document, node);
        let (kind, flow) = collection(document, container);
        let indicator = indicator(document, node, container);
        let entry = match (kind, flow) {
            (Collection::Mapping, _) => entry_start(document, node, container),
            (Collection::Sequence, true) => {
                skip_space_and_comments(text, after_separator(document, node, container))
            }
            (Collection::Sequence, false) => indicator.map_or(0, |end| end - 1),
        };
        let from = indicator.unwrap_or_else(|| key_end(text, key_offset(document, node), flow));
        let (start, end) = match &document.tape[node] {
            Item::Leaf(leaf) => (leaf.span.range().start, leaf_end(document, leaf)),
            Item::Open {
                kind: Collection::Sequence,
                flow: false,
                ..
            } => (
                first_dash(document, node, from),
                content_end(document, node),
            ),
            Item::Open { span, .. } | Item::Alias { span, .. } => {
                (span.range().start, content_end(document, node))
            }
            _ => (from, from),
        };
        let properties = Properties::of(text, from, start, flow);
        let content = if start == end {
            properties.end..properties.end
        } else {
            start..end
        };
        Self {
            node,
            container,
            kind,
            flow,
            entry,
            indicator,
            properties,
            content,
        }
    }

    /// The column of the entry: of its key or its `-`.
    pub(super) fn column(&self, text: &str) -> usize {
        source::column(text, self.entry)
    }
}

impl Properties {
    /// Whether there is only white space.
    pub(super) fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none() && self.comments.is_empty()
    }

    /// Parses `text` from `from` up to the content at `to`.
    fn of(text: &str, from: usize, to: usize, flow: bool) -> Self {
        let mut properties = Self {
            end: from,
            ..Self::default()
        };
        let bytes = text.as_bytes();
        let mut at = from;
        while at < to {
            match bytes[at] {
                b'&' | b'!' => {
                    let end = property_end(text, at, flow).min(to);
                    let which = if bytes[at] == b'&' {
                        &mut properties.anchor
                    } else {
                        &mut properties.tag
                    };
                    *which = Some(at..end);
                    properties.end = end;
                    at = end;
                }
                b'#' => {
                    let end = source::line_end(text, at);
                    properties.comments.push(at..end);
                    at = end;
                }
                _ => at += 1,
            }
        }
        properties
    }
}

/// The node before `node` in its container.
pub(super) fn previous(document: &Document<'_>, node: usize) -> Option<usize> {
    let mut at = node;
    loop {
        at = at.checked_sub(1)?;
        match document.tape[at] {
            Item::Comment { .. } => {}
            Item::Leaf(_) => return Some(at),
            Item::Close { open } => return Some(open as usize),
            _ => return None,
        }
    }
}

/// The node after `node` in its container.
pub(super) fn next(document: &Document<'_>, node: usize) -> Option<usize> {
    let end = document.node_items(node).end;
    let mut items = (end..).map_while(|at| Some((at, document.tape.get(at)?)));
    let (at, item) = items.find(|(_, item)| !matches!(item, Item::Comment { .. }))?;
    (!matches!(item, Item::Close { .. })).then_some(at)
}

/// The container or document that contains `node`.
pub(super) fn container(document: &Document<'_>, node: usize) -> usize {
    document.parent(node)
}

/// The last node in the container at `container`, which must not be empty.
pub(crate) fn last_child(document: &Document<'_>, container: usize) -> usize {
    let close = document.node_items(container).end - 1;
    previous(document, close).unwrap_or(container)
}

/// The end of the content of the node at `node`.
pub(crate) fn content_end(document: &Document<'_>, node: usize) -> usize {
    let innermost = innermost_last(document, node);
    match &document.tape[innermost] {
        Item::Leaf(leaf) if leaf.span.start == leaf.span.end => {
            // An omitted null ends with its anchor and tag, or with its indicator.
            Site::of(document, innermost).content.end
        }
        Item::Leaf(leaf) => leaf_end(document, leaf),
        Item::Open { span, .. } | Item::Alias { span, .. } => span.range().end,
        _ => 0,
    }
}

/// The last scalar, alias or bracketed collection in the node at `node`.
pub(super) fn innermost_last(document: &Document<'_>, node: usize) -> usize {
    let mut node = node;
    while !has_brackets(document, node) && document.children(node).next().is_some() {
        node = last_child(document, node);
    }
    node
}

/// Whether the span of the node includes its end. That is not so for block collections, and for
/// pairs, which are single-entry mappings in a flow sequence.
pub(super) fn has_brackets(document: &Document<'_>, node: usize) -> bool {
    match document.tape[node] {
        Item::Open { flow, span, .. } => {
            flow && document.text[span.range().start..].starts_with(['[', '{'])
        }
        _ => true,
    }
}

/// The end of a scalar, without the line break that ends a block scalar.
fn leaf_end(document: &Document<'_>, leaf: &Leaf<'_>) -> usize {
    let text = document.text;
    let mut end = leaf.span.range().end;
    if !matches!(leaf.style, Style::Literal | Style::Folded) {
        return end;
    }
    let header = source::header(document.source(leaf.span)).len();
    let value = leaf.value.as_ref().map_or(&b""[..], |value| &value.bytes);
    if leaf.span.range().len() == header && !value.is_empty() {
        // Lines of white space count if the scalar contains nothing else.
        for _ in value.split(|byte| *byte == b'\n').skip(1) {
            end = source::after_break(text, source::line_end(text, end));
        }
    }
    end - source::line_break(&text[..end]).len()
}

fn collection(document: &Document<'_>, container: usize) -> (Collection, bool) {
    match document.tape[container] {
        Item::Open { kind, flow, .. } => (kind, flow),
        _ => (Collection::Mapping, false),
    }
}

fn key_offset(document: &Document<'_>, node: usize) -> usize {
    document
        .node_path(node)
        .map_or(0, |path| document.paths.key_offset(path) as usize)
}

/// An offset between the end of the node at `node` and the next item in `container`.
fn after_node(document: &Document<'_>, node: usize, container: usize) -> usize {
    let innermost = innermost_last(document, node);
    match &document.tape[innermost] {
        Item::Leaf(leaf) if leaf.span.start == leaf.span.end => {
            // The span of an omitted null may be before its `:`.
            let container = if innermost == node {
                container
            } else {
                self::container(document, innermost)
            };
            let colon = match collection(document, container) {
                (Collection::Mapping, flow) => {
                    after_colon(document.text, key_offset(document, innermost), flow)
                }
                _ => None,
            };
            leaf.span.range().end.max(colon.unwrap_or(0))
        }
        _ => content_end(document, innermost),
    }
}

/// The offset after the `:`, `-`, bracket or comma that the node follows.
fn indicator(document: &Document<'_>, node: usize, container: usize) -> Option<usize> {
    match collection(document, container) {
        (Collection::Mapping, flow) => after_colon(document.text, key_offset(document, node), flow),
        (Collection::Sequence, true) => Some(after_separator(document, node, container)),
        (Collection::Sequence, false) => Some(dash(document, node, container) + 1),
    }
}

/// The start of the entry of `node` in a mapping.
fn entry_start(document: &Document<'_>, node: usize, container: usize) -> usize {
    let key = key_offset(document, node);
    let start = match (previous(document, node), &document.tape[container]) {
        (_, Item::Open { flow: true, .. }) => {
            skip_space_and_comments(document.text, after_separator(document, node, container))
        }
        (Some(before), _) => {
            skip_space_and_comments(document.text, after_node(document, before, container))
        }
        (None, Item::Open { span, .. }) => span.range().start,
        _ => key,
    };
    start.min(key)
}

/// The offset after the bracket or comma before `node` in a flow container.
fn after_separator(document: &Document<'_>, node: usize, container: usize) -> usize {
    let text = document.text;
    match (previous(document, node), &document.tape[container]) {
        (Some(before), _) => {
            let comma = skip_space_and_comments(text, after_node(document, before, container));
            comma + usize::from(text[comma..].starts_with(','))
        }
        (None, Item::Open { span, .. }) => {
            let start = span.range().start;
            // A pair in a sequence is a mapping without braces.
            start + usize::from(text[start..].starts_with(['[', '{']))
        }
        _ => 0,
    }
}

/// The offset of the `-` of an item of a block sequence.
fn dash(document: &Document<'_>, node: usize, container: usize) -> usize {
    match previous(document, node) {
        Some(before) => first_dash(document, node, after_node(document, before, container)),
        None => {
            let around = self::container(document, container);
            let from = indicator(document, container, around).unwrap_or(0);
            first_dash(document, node, from)
        }
    }
}

/// The offset of the first `-` at or after `from`.
fn first_dash(document: &Document<'_>, node: usize, from: usize) -> usize {
    source::find_indicator(document.text, from, b"-").unwrap_or_else(|| {
        match &document.tape[node] {
            Item::Open { span, .. } | Item::Alias { span, .. } | Item::Leaf(Leaf { span, .. }) => {
                span.range().start
            }
            _ => from,
        }
    })
}
