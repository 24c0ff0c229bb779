//! The layout of a file, and new values in that layout.

use super::as_given::{spell_yaml, spell_yaml_key};
use super::indentation::Indents;
use super::text_edits::TextEdits;
use crate::Collection;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::yaml::restyle::{SourceStyle, restyle};
use crate::yaml::spell::{ParentKind, ScalarContext};
use crate::yaml::{emit, source};

/// The layout of the blocks of a YAML file.
pub(super) struct BlockLayout {
    /// The columns by which a mapping in a mapping is indented.
    step: usize,
    /// The columns between a key and the `-` of a sequence below it, which may be 0.
    dash: usize,
    /// The line break.
    pub(super) line_break: &'static str,
    /// The column of the comment on the next line that is not blank. A block scalar above would
    /// include a comment that is as deep as itself.
    comment_below: Option<usize>,
}

impl BlockLayout {
    /// The layout of the container at `container`. Properties that the container does not show are
    /// taken from the whole text, or else from the defaults of `yaml.v3`.
    pub(super) fn of(edits: &TextEdits<'_, '_>, container: usize) -> Self {
        let here = Indents::of(edits.document, container..container + 1);
        let indents = match here.is_complete() {
            true => here,
            false => here.or(edits.indents()),
        };
        let step = indents
            .step
            .or(indents.dash.filter(|dash| *dash > 0))
            .unwrap_or(emit::DEFAULT_STEP);
        Self {
            step,
            dash: indents.dash.unwrap_or(step),
            line_break: source::first_line_break(edits.text()),
            comment_below: None,
        }
    }

    /// The layout for text that ends in the line of offset `at`.
    pub(super) fn above(self, text: &str, at: usize) -> Self {
        let below = &text[source::line_end(text, at)..];
        let next = below.trim_start();
        let offset = below.len() - next.len();
        Self {
            comment_below: next.starts_with('#').then(|| source::column(below, offset)),
            ..self
        }
    }

    /// Converts the `\n` line breaks of `text` to the file's line breaks.
    pub(super) fn with_breaks(&self, text: &str) -> String {
        match self.line_break {
            "\n" => text.to_owned(),
            line_break => text.replace('\n', line_break),
        }
    }

    /// The scalar context after the indicator of an entry in `column` of a block container of this
    /// kind.
    pub(super) fn context(&self, kind: Collection, column: usize) -> ScalarContext {
        let container = match kind {
            Collection::Mapping => ParentKind::Mapping,
            Collection::Sequence => ParentKind::Sequence,
        };
        ScalarContext {
            container,
            column,
            step: self.step,
        }
    }

    /// The column of a block collection that is the value of an entry in `column` of a block
    /// container of this kind.
    pub(super) fn content_column(&self, kind: Collection, column: usize, node: &Node) -> usize {
        match (kind, node) {
            (Collection::Mapping, Node::Sequence(_)) => column + self.dash,
            _ => self.context(kind, column).content_column(),
        }
    }

    /// Appends a block collection whose entries are in `column`, where the output must already be.
    /// Lines end with `\n`, except for the last.
    pub(super) fn write_block(&self, out: &mut String, node: &Node, column: usize) {
        let begin = |out: &mut String, index: usize| {
            if index > 0 {
                out.push('\n');
                indent(out, column);
            }
        };
        match node {
            Node::Mapping(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    begin(out, index);
                    self.write_entry(out, entry, column);
                }
            }
            Node::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    begin(out, index);
                    self.write_item(out, item, column);
                }
            }
            Node::Scalar(_) => {}
        }
    }

    /// Appends an entry of a block mapping in `column`.
    pub(super) fn write_entry(&self, out: &mut String, entry: &Entry, column: usize) {
        if entry.key == MERGE_KEY {
            write_merge_key(out, &entry.value);
            out.push(':');
        } else {
            spell_yaml_key(out, &entry.key, column, self.step);
        }
        self.write_value(out, &entry.value, Collection::Mapping, column);
    }

    /// Appends an item of a block sequence in `column`.
    pub(super) fn write_item(&self, out: &mut String, item: &Node, column: usize) {
        out.push('-');
        self.write_value(out, item, Collection::Sequence, column);
    }

    /// Appends the value of an entry in `column`, after its `:` or `-`.
    fn write_value(&self, out: &mut String, node: &Node, kind: Collection, column: usize) {
        match node {
            _ if !has_entries(node) => {
                out.push(' ');
                self.write_inline(out, node, kind, column);
            }
            _ => {
                let inner = self.content_column(kind, column, node);
                match kind {
                    Collection::Mapping => {
                        out.push('\n');
                        indent(out, inner);
                    }
                    Collection::Sequence => indent(out, inner - column - 1),
                }
                self.write_block(out, node, inner);
            }
        }
    }

    /// Appends a scalar or an empty collection as the value of an entry in `column`.
    pub(super) fn write_inline(
        &self,
        out: &mut String,
        node: &Node,
        kind: Collection,
        column: usize,
    ) {
        match node {
            Node::Mapping(_) => out.push_str("{}"),
            Node::Sequence(_) => out.push_str("[]"),
            Node::Scalar(value) => {
                let context = self.context(kind, column);
                let takes_comment = self
                    .comment_below
                    .is_some_and(|comment| comment >= context.content_column())
                    && last_text(node).contains(&b'\n');
                let is_open = takes_comment || has_open_end(node);
                if !is_open || !write_quoted(out, value.as_ref()) {
                    write_scalar(out, value.as_ref(), context);
                }
            }
        }
    }
}

pub(super) const MERGE_KEY: &str = "<<";

/// Appends `<<` without the tag that `yaml.v3` writes. It is quoted only if the value can't be
/// merged.
pub(super) fn write_merge_key(out: &mut String, value: &Node) {
    out.push_str(if can_be_merged(value) {
        MERGE_KEY
    } else {
        "\"<<\""
    });
}

/// Whether the value is valid under the merge key.
pub(super) fn can_be_merged(value: &Node) -> bool {
    match value {
        Node::Mapping(_) => true,
        Node::Sequence(items) => items.iter().all(|item| matches!(item, Node::Mapping(_))),
        Node::Scalar(_) => false,
    }
}

/// Appends a scalar in its usual spelling, but so that a float reads as a float.
pub(super) fn write_scalar(out: &mut String, value: Option<&Value<'_>>, context: ScalarContext) {
    let start = out.len();
    spell_yaml(out, value, context);
    if value.is_some_and(|value| value.kind == Type::Float) {
        keep_float(out, start);
    }
}

/// Adds `.0` to a float that was written without a fraction, starting at offset `start`. Otherwise,
/// it would read as an integer.
pub(super) fn keep_float(out: &mut String, start: usize) {
    if out[start..]
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'-'))
    {
        out.push_str(".0");
    }
}

/// Appends `columns` spaces.
pub(super) fn indent(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

/// Whether the node is a collection with entries, which are written on their own lines.
pub(super) fn has_entries(node: &Node) -> bool {
    match node {
        Node::Mapping(entries) => !entries.is_empty(),
        Node::Sequence(items) => !items.is_empty(),
        Node::Scalar(_) => false,
    }
}

/// The last text of the node.
fn last_text(node: &Node) -> &[u8] {
    match node {
        Node::Mapping(entries) => entries.last().map_or(b"", |entry| last_text(&entry.value)),
        Node::Sequence(items) => items.last().map_or(b"", last_text),
        Node::Scalar(Some(Value {
            kind: Type::Str,
            bytes,
        })) => bytes,
        Node::Scalar(_) => b"",
    }
}

/// Whether the node ends with a string that would be written as a block scalar and include the
/// blank lines below it.
fn has_open_end(node: &Node) -> bool {
    let text = last_text(node);
    let break_before = [&b"\n\n"[..], b"\r\n", b"\xc2\x85\n"];
    text == b"\n" || break_before.iter().any(|end| text.ends_with(end))
}

/// Whether the node ends with a block scalar that requires a line break after it.
pub(super) fn needs_line_break(node: &Node) -> bool {
    last_text(node).ends_with(b"\n") && !has_open_end(node)
}

/// Appends a string in double quotes, so that it does not include text below it.
fn write_quoted(out: &mut String, value: Option<&Value<'_>>) -> bool {
    let text = value.and_then(|value| str::from_utf8(&value.bytes).ok());
    let style = SourceStyle::DoubleQuoted;
    text.is_some_and(|text| restyle(out, text, Type::Str, None, style))
}
