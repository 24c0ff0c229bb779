//! How a file is laid out, so that what is added looks like what is there; and new values written that way.

use std::ops::Range;

use super::changes::Changes;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::yaml::restyle::{self, spell_in_style};
use crate::yaml::spell::{Container, Place, spell, spell_key};
use crate::yaml::{emit, source};
use crate::{Collection, Document, Item, json};

/// The layout of the blocks of a YAML file.
pub(super) struct Layout {
    /// The columns a mapping is indented by in a mapping.
    step: usize,
    /// The columns that a sequence's `-` is to the right of the key above; some files have none.
    dash: usize,
    /// The line break.
    pub(super) line_break: &'static str,
    /// The column of the comment in the next line that is not blank; a block scalar above it takes in one that is as deep as
    /// itself.
    comment_below: Option<usize>,
}

/// What separates the parts of a flow collection that is written on one line.
#[derive(Clone, Copy)]
pub(super) struct Separators<'a> {
    pub(super) comma: &'a str,
    pub(super) colon: &'a str,
}

/// As SOPS and most people write.
pub(super) const SPACED: Separators<'_> = Separators {
    comma: ", ",
    colon: ": ",
};

/// How much mappings and sequences are indented by in a mapping, where that can be seen.
#[derive(Clone, Copy, Default)]
pub(super) struct Indents {
    step: Option<usize>,
    dash: Option<usize>,
}

impl Indents {
    /// What the first of these items of the tape show that do.
    pub(super) fn of(document: &Document<'_>, parents: Range<usize>) -> Self {
        let mut indents = Self::default();
        for parent in parents {
            if !is_block(document, parent, Collection::Mapping) {
                continue;
            }
            for child in document.children(parent) {
                if let (
                    Item::Open {
                        kind,
                        flow: false,
                        span,
                        ..
                    },
                    Item::Open { span: outer, .. },
                ) = (&document.tape[child], &document.tape[parent])
                {
                    let column = |at: u32| source::column(document.text, at as usize);
                    let found = column(span.start).checked_sub(column(outer.start));
                    match kind {
                        Collection::Mapping => indents.step = indents.step.or(found),
                        Collection::Sequence => indents.dash = indents.dash.or(found),
                    }
                }
                if indents.is_complete() {
                    return indents;
                }
            }
        }
        indents
    }

    fn is_complete(self) -> bool {
        self.step.is_some() && self.dash.is_some()
    }

    fn or(self, other: Self) -> Self {
        Self {
            step: self.step.or(other.step),
            dash: self.dash.or(other.dash),
        }
    }
}

impl Layout {
    /// The layout around the container at `container` or, where that does not show it, of the whole text; what is not to be
    /// seen at all is as SOPS writes it.
    pub(super) fn of(changes: &Changes<'_, '_>, container: usize) -> Self {
        let here = Indents::of(changes.document, container..container + 1);
        let indents = match here.is_complete() {
            true => here,
            false => here.or(changes.indents()),
        };
        let step = indents
            .step
            .or(indents.dash.filter(|dash| *dash > 0))
            .unwrap_or(emit::DEFAULT_STEP);
        Self {
            step,
            dash: indents.dash.unwrap_or(step),
            line_break: source::first_line_break(changes.text()),
            comment_below: None,
        }
    }

    /// The layout of what ends in the line of the offset `at`.
    pub(super) fn above(self, text: &str, at: usize) -> Self {
        let below = &text[source::line_end(text, at)..];
        let next = below.trim_start();
        let offset = below.len() - next.len();
        Self {
            comment_below: next.starts_with('#').then(|| source::column(below, offset)),
            ..self
        }
    }

    /// The text, whose lines end with `\n`, with the file's line breaks.
    pub(super) fn with_breaks(&self, text: &str) -> String {
        match self.line_break {
            "\n" => text.to_owned(),
            other => text.replace('\n', other),
        }
    }

    /// The place behind the indicator of an entry in `column` of a block container of this kind.
    pub(super) fn place(&self, kind: Collection, column: usize) -> Place {
        let container = match kind {
            Collection::Mapping => Container::Mapping,
            Collection::Sequence => Container::Sequence,
        };
        Place {
            container,
            column,
            step: self.step,
        }
    }

    /// The column of a block collection that is the value of an entry in `column` of a block container of this kind.
    pub(super) fn content_column(&self, kind: Collection, column: usize, node: &Node) -> usize {
        match (kind, node) {
            (Collection::Mapping, Node::Sequence(_)) => column + self.dash,
            _ => self.place(kind, column).content_column(),
        }
    }

    /// Appends a block collection whose entries stand in `column`; the output stands there already. The lines end with
    /// `\n`, the last is not ended.
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
            spell_key(out, &entry.key, column, self.step);
        }
        self.write_value(out, &entry.value, Collection::Mapping, column);
    }

    /// Appends an item of a block sequence in `column`.
    pub(super) fn write_item(&self, out: &mut String, item: &Node, column: usize) {
        out.push('-');
        self.write_value(out, item, Collection::Sequence, column);
    }

    /// Appends what stands behind the `:` or `-` of an entry in `column`.
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
                let place = self.place(kind, column);
                let takes_comment = self
                    .comment_below
                    .is_some_and(|comment| comment >= place.content_column())
                    && last_text(node).contains(&b'\n');
                let is_open = takes_comment || has_open_end(node);
                if !is_open || !write_quoted(out, value.as_ref()) {
                    write_scalar(out, value.as_ref(), place);
                }
            }
        }
    }
}

const MERGE_KEY: &str = "<<";

/// Without the tag that SOPS writes, with quotes only where it would not be a merge.
fn write_merge_key(out: &mut String, value: &Node) {
    out.push_str(if can_be_merged(value) {
        MERGE_KEY
    } else {
        "\"<<\""
    });
}

/// Whether the value may stand under the merge key.
pub(super) fn can_be_merged(value: &Node) -> bool {
    match value {
        Node::Mapping(_) => true,
        Node::Sequence(items) => items.iter().all(|item| matches!(item, Node::Mapping(_))),
        Node::Scalar(_) => false,
    }
}

/// Appends a scalar as SOPS spells it, but a float such that it stays one.
fn write_scalar(out: &mut String, value: Option<&Value<'_>>, place: Place) {
    let start = out.len();
    spell(out, value, place);
    if value.is_some_and(|value| value.kind == Type::Float) {
        keep_float(out, start);
    }
}

/// Gives a float that was written from offset `start` on without any a fraction: SOPS writes `1` for `1.0`, which would be
/// an integer the next time.
fn keep_float(out: &mut String, start: usize) {
    if out[start..]
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'-'))
    {
        out.push_str(".0");
    }
}

fn is_block(document: &Document<'_>, index: usize, wanted: Collection) -> bool {
    matches!(&document.tape[index], Item::Open { kind, flow: false, .. } if *kind == wanted)
}

/// Appends `columns` spaces.
pub(super) fn indent(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

/// Whether the node is a collection that has entries, which stand on lines of their own.
pub(super) fn has_entries(node: &Node) -> bool {
    match node {
        Node::Mapping(entries) => !entries.is_empty(),
        Node::Sequence(items) => !items.is_empty(),
        Node::Scalar(_) => false,
    }
}

/// The text that the node ends with.
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

/// Whether the node is or ends in a string that would be a block scalar to which blank lines below it belong.
fn has_open_end(node: &Node) -> bool {
    let text = last_text(node);
    let break_before = [&b"\n\n"[..], b"\r\n", b"\xc2\x85\n"];
    text == b"\n" || break_before.iter().any(|end| text.ends_with(end))
}

/// Whether the node ends in a block scalar that needs the line break behind it.
pub(super) fn needs_line_break(node: &Node) -> bool {
    last_text(node).ends_with(b"\n") && !has_open_end(node)
}

/// Appends a string in double quotes, which end where it ends.
fn write_quoted(out: &mut String, value: Option<&Value<'_>>) -> bool {
    let text = value.and_then(|value| str::from_utf8(&value.bytes).ok());
    let style = restyle::Style::DoubleQuoted;
    text.is_some_and(|text| spell_in_style(out, text, Type::Str, None, style))
}

/// Appends the node on one line.
///
/// # Errors
/// In JSON, for a number that it does not have.
pub(super) fn write_flow(
    out: &mut String,
    node: &Node,
    format: Format,
    separators: Separators<'_>,
) -> Result<()> {
    match node {
        Node::Mapping(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index > 0 { separators.comma } else { "" });
                write_flow_key(out, &entry.key, &entry.value, format);
                out.push_str(separators.colon);
                write_flow(out, &entry.value, format, separators)?;
            }
            out.push('}');
        }
        Node::Sequence(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { separators.comma } else { "" });
                write_flow(out, item, format, separators)?;
            }
            out.push(']');
        }
        Node::Scalar(value) => match format {
            Format::Yaml => write_scalar(out, value.as_ref(), FLOW_PLACE),
            _ => write_json_scalar(out, value.as_ref())?,
        },
    }
    Ok(())
}

/// Appends a scalar as JSON, a float such that it stays one.
///
/// # Errors
/// For a number that JSON does not have.
pub(super) fn write_json_scalar(out: &mut String, value: Option<&Value<'_>>) -> Result<()> {
    let start = out.len();
    let written = json::emit::spell(out, value);
    written.map_err(|_| Error::Path {
        message: "JSON has no infinity and no NaN".to_owned(),
    })?;
    if value.is_some_and(|value| value.kind == Type::Float) {
        keep_float(out, start);
    }
    Ok(())
}

/// Appends the key of `value`, an entry in a flow mapping, without its `:`.
pub(super) fn write_flow_key(out: &mut String, key: &str, value: &Node, format: Format) {
    match format {
        Format::Yaml if key == MERGE_KEY => write_merge_key(out, value),
        Format::Yaml => {
            let key = Value::string(key.into());
            spell(out, Some(&key), FLOW_PLACE);
        }
        _ => json::emit::spell_string(out, key),
    }
}

/// In a flow collection columns do not matter.
const FLOW_PLACE: Place = Place {
    container: Container::Flow,
    column: 0,
    step: emit::DEFAULT_STEP,
};
