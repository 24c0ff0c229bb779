//! Changes in flow collections, of which all of JSON is made: commas separate what belongs together.

use std::ops::Range;

use super::layout::{SPACED, Separators, write_flow, write_flow_key, write_json_scalar};
use super::site::{
    Site, begins_line, content_end, key_end, last_child, next, previous, skip_blanks,
    trailing_comment,
};
use super::{Anchor, Changes, scalar};
use crate::document::yaml::source;
use crate::document::{Collection, Document, Item};
use crate::error::Result;
use crate::format::Format;
use crate::tree::Node;

/// Puts `new` in the place of a node in a flow collection.
pub(super) fn replace(
    document: &Document<'_>,
    site: &Site,
    new: &Node,
    anchor: Anchor<'_>,
    changes: &mut Changes,
) -> Result<()> {
    let text = document.text;
    changes.properties(document, site, new, anchor);
    let mut written = String::new();
    if let Anchor::Add(name) = anchor {
        written = format!("&{name} ");
    }
    if let (Node::Scalar(Some(value)), Anchor::Keep | Anchor::Drop) = (new, anchor)
        && scalar::replace(document, site, value, changes)
    {
        return Ok(());
    }
    let style = Style::of(document, site.container, site.entry);
    style.write(&mut written, new)?;
    if !site.content.is_empty() {
        changes.replace(site.content.clone(), written);
        return Ok(());
    }
    let at = site.content.end;
    let blanks = text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len();
    let end = if text[at + blanks..].starts_with([',', ']', '}']) {
        at + blanks
    } else {
        at
    };
    let lead = if site.indicator.is_some() { " " } else { ": " };
    changes.replace(at..end, format!("{lead}{written}"));
    Ok(())
}

/// Appends an entry or item to the flow collection at `container`.
pub(super) fn append(
    document: &Document<'_>,
    container: usize,
    key: Option<&str>,
    value: &Node,
    changes: &mut Changes,
) -> Result<()> {
    let text = document.text;
    let Item::Open { span, .. } = &document.tape[container] else {
        return Ok(());
    };
    let span = span.range();
    let last = document
        .children(container)
        .next()
        .map(|_| last_child(document, container));
    let Some(last) = last else {
        return append_first(document, container, span, key, value, changes);
    };
    let entry = Site::of(document, last).entry;
    let style = Style::of(document, container, entry);
    let mut written = String::new();
    style.write_entry(&mut written, key, value, document.format)?;
    let end = content_end(document, last);
    if !text[span.start..].starts_with(['[', '{']) {
        // A pair in a sequence gets the brackets that a mapping of two entries needs.
        changes.replace(span.start..span.start, "{".to_owned());
        changes.replace(end..end, format!("{}{written}}}", style.separators.comma));
        return Ok(());
    }
    let comma = skip_blanks(text, end);
    let comma = text[comma..].starts_with(',').then_some(comma + 1);
    let close = if comma.is_some() { "," } else { "" };
    // To Go's YAML library the `:` before a comma would be part of the key.
    let gap = if text[..end].ends_with(':') { " " } else { "" };
    if let Some(lines) = &style.lines {
        let bracket = span.end - 1;
        let at = text[..bracket].trim_end().len();
        if comma.is_none() {
            changes.replace(end..end, format!("{gap},"));
        }
        changes.replace(at..at, format!("{}{written}{close}", lines.entry));
    } else {
        let separator = style.separators.comma;
        match comma {
            Some(comma) => changes.replace(comma..comma, format!("{}{written},", &separator[1..])),
            None => changes.replace(end..end, format!("{gap}{separator}{written}")),
        }
    }
    Ok(())
}

/// Puts the first entry or item into an empty collection.
fn append_first(
    document: &Document<'_>,
    container: usize,
    span: Range<usize>,
    key: Option<&str>,
    value: &Node,
    changes: &mut Changes,
) -> Result<()> {
    let text = document.text;
    let inner = span.start + 1..span.end - 1;
    let style = Style::of_first(document, container);
    let mut written = String::new();
    style.write_entry(&mut written, key, value, document.format)?;
    if !text[inner.clone()].trim().is_empty() {
        // Comments, which end with a line break.
        changes.replace(inner.end..inner.end, written);
    } else if let Some(lines) = &style.lines {
        changes.replace(inner, format!("{}{written}{}", lines.entry, lines.close));
    } else {
        changes.replace(inner, written);
    }
    Ok(())
}

/// Takes an entry or item out of its flow collection.
pub(super) fn remove(document: &Document<'_>, site: &Site, changes: &mut Changes) {
    let text = document.text;
    let Item::Open { span, .. } = &document.tape[site.container] else {
        return;
    };
    let span = span.range();
    let end = site.content.end;
    let behind = skip_blanks(text, end);
    let comma = text[behind..].starts_with(',').then_some(behind + 1);
    let before = previous(document, site.node);
    let kept = inner_comments(text, site);
    if before.is_none() && next(document, site.node).is_none() {
        let bracketed = text[span.start..].starts_with(['[', '{']);
        let inner = span.start + 1..span.end - 1;
        if !bracketed {
            return changes.replace(span.start..end, "{}".to_owned());
        }
        let rest = [
            inner.start..site.entry,
            end..behind,
            comma.unwrap_or(end)..inner.end,
        ];
        let blank = rest.into_iter().all(|part| text[part].trim().is_empty());
        if blank && kept.is_empty() {
            return changes.replace(inner, String::new());
        }
    }
    let own_line = begins_line(text, site.entry);
    let Some(comma) = comma else {
        return remove_last(document, site, before, kept, own_line, changes);
    };
    let rest = skip_spaces(text, comma);
    let line_ends = text[rest..].is_empty() || text[rest..].starts_with(['\n', '\r']);
    if behind + 1 != comma || !kept.is_empty() || !text[end..behind].trim().is_empty() {
        // Comments within stay where they are.
        changes.replace(site.entry..end, kept);
        changes.replace(comma - 1..comma, String::new());
    } else if own_line && line_ends {
        changes.replace(
            source::line_start(text, site.entry)..source::after_break(text, rest),
            String::new(),
        );
    } else if !own_line && before.is_some() && (line_ends || next(document, site.node).is_none()) {
        let start = text[..site.entry].trim_end_matches([' ', '\t']).len();
        changes.replace(start..comma, String::new());
    } else if line_ends {
        let to = skip_white(text, rest);
        changes.replace(site.entry..to, String::new());
    } else {
        changes.replace(site.entry..rest, String::new());
    }
}

/// The comments between the key and the value of an entry, each with a line break, to stand where the entry began.
fn inner_comments(text: &str, site: &Site) -> String {
    let mut kept = String::new();
    for comment in &site.properties.comments {
        if comment.start > site.entry {
            if kept.is_empty() && !text[..site.entry].ends_with([' ', '\t', '\n']) {
                kept.push(' ');
            }
            kept.push_str(&text[comment.clone()]);
            kept.push_str(line_break(text));
        }
    }
    kept
}

/// Takes the last entry out, which no comma follows.
fn remove_last(
    document: &Document<'_>,
    site: &Site,
    before: Option<usize>,
    kept: String,
    own_line: bool,
    changes: &mut Changes,
) {
    let text = document.text;
    let end = site.content.end;
    let Some(before) = before else {
        return changes.replace(site.entry..end, kept);
    };
    let comma = skip_blanks(text, content_end(document, before));
    let between = &text[(comma + 1).min(site.entry)..site.entry];
    if between.trim().is_empty() && kept.is_empty() {
        return changes.replace(comma..end, String::new());
    }
    // JSON, which has no comments, does not come here; YAML allows the comma to stay, but it would look odd.
    changes.replace(comma..comma + 1, String::new());
    match trailing_comment(text, end) {
        Some(comment) => changes.replace(site.entry..comment.start, kept),
        None if own_line && kept.is_empty() => {
            let line = source::line_start(text, site.entry);
            let start = line - source::line_break(&text[..line]).len();
            changes.replace(start..end, String::new());
        }
        None => changes.replace(site.entry..end, kept),
    }
}

fn skip_spaces(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t']).len()
}

fn skip_white(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start().len()
}

/// How a flow collection is laid out.
struct Style<'a> {
    format: Format,
    separators: Separators<'a>,
    /// Where entries stand on lines of their own.
    lines: Option<Lines>,
}

/// The white space of a collection whose entries stand on lines of their own.
struct Lines {
    /// Before an entry: a line break and the indentation.
    entry: String,
    /// Before the closing bracket.
    close: String,
    /// What a level is indented by.
    unit: String,
}

impl<'a> Style<'a> {
    /// The style in which the entry at `entry`, of the collection at `container`, stands.
    fn of(document: &Document<'a>, container: usize, entry: usize) -> Self {
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
            Lines {
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
    fn of_first(document: &Document<'a>, container: usize) -> Self {
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
            (Format::Json, None) => {
                let line_break = line_break(text);
                Some(Lines {
                    entry: format!("{line_break}\t"),
                    close: line_break.to_owned(),
                    unit: "\t".to_owned(),
                })
            }
            (Format::Json, Some(Some(lines))) => Some(Lines {
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

    fn write_entry(
        &self,
        out: &mut String,
        key: Option<&str>,
        value: &Node,
        format: Format,
    ) -> Result<()> {
        if let Some(key) = key {
            write_flow_key(out, key, value, format);
            out.push_str(self.separators.colon);
        }
        self.write(out, value)
    }

    /// Appends the value of an entry: in JSON over several lines where entries have lines of their own.
    fn write(&self, out: &mut String, value: &Node) -> Result<()> {
        let (Format::Json, Some(lines)) = (self.format, &self.lines) else {
            return write_flow(out, value, self.format, self.separators);
        };
        lines.write(out, value, 0)
    }
}

impl Lines {
    /// Appends a JSON value over several lines, `depth` levels below the entry.
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

/// The white space that the line of `at` begins with.
fn indentation(text: &str, at: usize) -> &str {
    let line = &text[source::line_start(text, at)..at];
    let line = line.trim_start_matches('\u{feff}');
    &line[..line.len() - line.trim_start().len()]
}

fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The separators between the parts of the collection at `container` or, where it does not show them, as they are at the
/// top of the document.
fn separators<'a>(document: &Document<'a>, container: usize) -> Separators<'a> {
    let text = document.text;
    let on_one_line = |part: &str| !part.contains(['\n', '\r', '#']);
    let mut found = SPACED;
    let containers = [Some(container), document.top(0)];
    let flow = |kind: Option<Collection>| {
        let is_meant = move |at: &usize| matches!(&document.tape[*at], Item::Open { kind: found, flow: true, .. } if kind.is_none_or(|kind| kind == *found));
        containers.into_iter().flatten().filter(is_meant)
    };
    // In YAML the colon needs a space behind keys that have no quotes.
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
