//! The layout of a flow collection, so that new text looks like the existing text.

use crate::edit::flow_text::{SPACED, Separators, write_flow, write_flow_key, write_json_scalar};
use crate::edit::site::{Site, content_end};
use crate::error::Result;
use crate::format::Format;
use crate::tree::Node;
use crate::yaml::lexical::{begins_line, key_end};
use crate::yaml::source;
use crate::{Collection, Document, Item};

/// The layout of a flow collection.
pub(super) struct FlowStyle<'a> {
    format: Format,
    pub(super) separators: Separators<'a>,
    /// Set if entries are on their own lines.
    pub(super) lines: Option<EntryLines>,
}

/// The white space of a collection whose entries are on their own lines.
pub(super) struct EntryLines {
    /// Before an entry: a line break and the indentation.
    pub(super) entry: String,
    /// Before the closing bracket.
    pub(super) close: String,
    /// The indentation of one level.
    unit: String,
}

impl<'a> FlowStyle<'a> {
    /// The style of the entry at `entry` in the collection at `container`.
    pub(super) fn of(document: &Document<'a>, container: usize, entry: usize) -> Self {
        let text = document.text;
        let lines = begins_line(text, entry).then(|| {
            let inner = indentation(text, entry);
            let outer = match &document.tape[container] {
                Item::Open { span, .. } => indentation(text, span.range().start),
                _ => "",
            };
            let unit = inner
                .strip_prefix(outer)
                .filter(|unit| !unit.is_empty())
                .unwrap_or("\t");
            let line_break = line_break(text);
            EntryLines {
                entry: format!("{line_break}{inner}"),
                close: format!("{line_break}{outer}"),
                unit: unit.to_owned(),
            }
        });
        Self {
            format: document.format,
            separators: separators(document, container),
            lines,
        }
    }

    /// The style for the first entry of the empty collection at `container`.
    pub(super) fn of_first(document: &Document<'a>, container: usize) -> Self {
        let text = document.text;
        let outermost = container == document.top(0).unwrap_or(0);
        let around = if outermost {
            None
        } else {
            Some(Site::of(document, container))
        };
        let style = around
            .as_ref()
            .map(|site| Self::of(document, site.container, site.entry));
        let lines = match (
            document.format,
            style.as_ref().map(|style| style.lines.as_ref()),
        ) {
            (Format::Yaml, _) | (_, Some(None)) => None,
            (_, None) => {
                let line_break = line_break(text);
                Some(EntryLines {
                    entry: format!("{line_break}\t"),
                    close: line_break.to_owned(),
                    unit: "\t".to_owned(),
                })
            }
            (_, Some(Some(lines))) => Some(EntryLines {
                entry: format!("{}{}", lines.entry, lines.unit),
                close: lines.entry.clone(),
                unit: lines.unit.clone(),
            }),
        };
        let separators = style.map_or(SPACED, |style| style.separators);
        Self {
            format: document.format,
            separators,
            lines,
        }
    }

    /// Appends an item or, with a key, an entry.
    pub(super) fn write_entry(
        &self,
        out: &mut String,
        key: Option<&str>,
        value: &Node,
    ) -> Result<()> {
        if let Some(key) = key {
            write_flow_key(out, key, value, self.format);
            out.push_str(self.separators.colon);
        }
        self.write(out, value)
    }

    /// Appends the value of an entry. In JSON, it spans several lines if entries are on their own
    /// lines.
    pub(super) fn write(&self, out: &mut String, value: &Node) -> Result<()> {
        let (Format::Json, Some(lines)) = (self.format, &self.lines) else {
            return write_flow(out, value, self.format, self.separators);
        };
        lines.write(out, value, 0)
    }
}

impl EntryLines {
    /// Appends a JSON value that spans several lines, `depth` levels below the entry.
    fn write(&self, out: &mut String, value: &Node, depth: usize) -> Result<()> {
        let break_line = |out: &mut String, depth: usize| {
            out.push_str(&self.entry);
            for _ in 0..depth {
                out.push_str(&self.unit);
            }
        };
        let begin = |out: &mut String, index: usize| {
            out.push_str(if index > 0 { "," } else { "" });
            break_line(out, depth + 1);
        };
        let end = |out: &mut String, empty: bool| {
            if !empty {
                break_line(out, depth);
            }
        };
        match value {
            Node::Mapping(entries) => {
                out.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    begin(out, index);
                    write_flow_key(out, &entry.key, &entry.value, Format::Json);
                    out.push_str(": ");
                    self.write(out, &entry.value, depth + 1)?;
                }
                end(out, entries.is_empty());
                out.push('}');
            }
            Node::Sequence(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    begin(out, index);
                    self.write(out, item, depth + 1)?;
                }
                end(out, items.is_empty());
                out.push(']');
            }
            Node::Scalar(value) => write_json_scalar(out, value.as_ref())?,
        }
        Ok(())
    }
}

/// The white space at the start of the line of `at`.
fn indentation(text: &str, at: usize) -> &str {
    let line = &text[source::line_start(text, at)..at];
    let line = line.trim_start_matches('\u{feff}');
    &line[..line.len() - line.trim_start().len()]
}

/// The line break that the text uses.
pub(super) fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The separators in the collection at `container` or, if it does not show them, those at the top
/// of the document.
fn separators<'a>(document: &Document<'a>, container: usize) -> Separators<'a> {
    let text = document.text;
    let on_one_line = |part: &str| !part.contains(['\n', '\r', '#']);
    let mut found = SPACED;
    let containers = [Some(container), document.top(0)];
    let flow = |kind: Option<Collection>| {
        let is_meant = move |at: &usize| matches!(&document.tape[*at], Item::Open { kind: found, flow: true, .. } if kind.is_none_or(|kind| kind == *found));
        containers.into_iter().flatten().filter(is_meant)
    };
    // In YAML, an unquoted key requires a space after its colon.
    let mut objects = flow(Some(Collection::Mapping)).filter(|_| document.format == Format::Json);
    if let Some(first) = objects.find_map(|container| document.children(container).next()) {
        let site = Site::of(document, first);
        let colon = &text[key_end(text, site.entry, true)..site.content.start];
        if on_one_line(colon) {
            found.colon = colon;
        }
        if colon == ":" {
            found.comma = ",";
        }
    }
    for container in flow(None) {
        let mut children = document.children(container);
        let (Some(first), Some(second)) = (children.next(), children.next()) else {
            continue;
        };
        let comma = &text[content_end(document, first)..Site::of(document, second).entry];
        if on_one_line(comma) && comma.starts_with(',') {
            found.comma = comma;
            break;
        }
    }
    found
}
