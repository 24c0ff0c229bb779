//! Scalars that are values.

use std::borrow::Cow;
use std::ops::Range;

use super::Parser;
use crate::error::Result;
use crate::value::{Type, Value};
use crate::yaml::events::Scalar;
use crate::yaml::resolve::Refusal;
use crate::yaml::{go_incompatibilities, resolve, source};
use crate::{Item, Leaf, Span, Style};

/// How many characters a key may have without a `? ` before it.
const LONGEST_KEY: usize = 1_024;

impl<'a> Parser<'a> {
    pub(super) fn scalar(&mut self, scalar: Scalar<'a>) -> Result<()> {
        // Without an escape or a fold, the text is borrowed.
        if !self.lenient
            && scalar.style == Style::DoubleQuoted
            && matches!(scalar.text, Cow::Owned(_))
        {
            go_incompatibilities::refuse_foreign_escapes(self.text, scalar.range.clone())?;
        }
        let span = self.scalar_span(&scalar);
        let flow = self.frames.last().is_some_and(|frame| frame.flow);
        if flow && !self.lenient {
            go_incompatibilities::refuse_foreign_in_flow(self.text, &scalar)?;
        }
        let Some(path) = self.node_path() else {
            if flow && !self.lenient {
                go_incompatibilities::refuse_foreign_flow_key(self.text, self.last_end, &scalar)?;
            }
            self.last_end = span.end;
            return self.key(scalar, span);
        };
        if self.is_merged() && !self.lenient {
            return self.unmergeable(span.start);
        }
        let core = scalar
            .tag
            .as_deref()
            .and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:"));
        let style = if core.is_some_and(|tag| tag != "str") {
            Style::Tagged
        } else {
            scalar.style
        };
        let start = match (style, scalar.tag_at) {
            (Style::Tagged, Some(tag_at)) => tag_at.min(span.start),
            _ => span.start,
        };
        let value = self.resolve(&scalar, span.start)?;
        if self.frames.is_empty() {
            self.last_end = span.end;
            return match value {
                _ if self.lenient => Ok(()),
                None if span.is_empty() && scalar.tag.is_none() && scalar.anchor == 0 => Ok(()),
                None => self.unsupported(
                    span.start,
                    "a null document cannot hold the `sops` metadata; write `{}`, or nothing after its `---`",
                ),
                Some(_)
                    if self.text[span.end..].starts_with(':')
                        && self.text[span.clone()].chars().count() > LONGEST_KEY =>
                {
                    self.unsupported(
                    span.start,
                    "a key of more than 1,024 characters; write `? ` before it, and its `:` on the next line",
                )}
                Some(_) if self.text[span.end..].starts_with(':') => self.unsupported(
                    span.start,
                    "missing `: ` after the first key, so its line is read as text",
                ),
                Some(_) => self.unsupported(
                    span.start,
                    "the top level of a document must be a mapping, not a value; write `key: value`, with a space after the colon",
                ),
            };
        }
        self.last_end = span.end;
        if scalar.anchor != 0 {
            self.anchors.insert(scalar.anchor, self.tape.len());
        }
        self.tape.push(Item::Leaf(Leaf {
            path,
            span: Span::new(start..span.end),
            style,
            flow,
            value,
        }));
        self.value_done()
    }

    /// The span of a scalar, including a block scalar's header, but without trailing blank lines
    /// that are not content.
    pub(super) fn scalar_span(&self, scalar: &Scalar<'a>) -> Range<usize> {
        if !matches!(scalar.style, Style::Literal | Style::Folded) {
            return scalar.range.clone();
        }
        let Some(start) = source::find_indicator(self.text, self.last_end, b"|>") else {
            return scalar.range.clone();
        };
        let header = source::header(&self.text[start..]);
        let end = scalar.range.end.max(start + header.len());
        if header.keeps() {
            start..source::trim_indentation(self.text, start + header.len(), end)
        } else {
            start..source::trim_blank_lines(self.text, start + header.len(), end)
        }
    }

    pub(super) fn resolve(&self, scalar: &Scalar<'a>, at: usize) -> Result<Option<Value<'a>>> {
        let plain = scalar.style == Style::Plain;
        let tag = scalar.tag.as_deref();
        // An omitted plain scalar is reported as `~`, which means null as well.
        let resolved = match &scalar.text {
            Cow::Borrowed(text) => resolve::resolve(text, plain, tag),
            Cow::Owned(text) if !plain && tag.is_none() => {
                return Ok(Some(Value::string(Cow::Owned(text.clone()))));
            }
            Cow::Owned(text) => resolve::resolve(text, plain, tag).map(|value| {
                value.map(|value| Value {
                    kind: value.kind,
                    bytes: Cow::Owned(value.bytes.into_owned()),
                })
            }),
        };
        match resolved {
            Ok(value) => Ok(value),
            Err(_) if self.lenient => Ok(Some(Value::string(scalar.text.clone()))),
            Err(Refusal::BeyondInt64(value)) if self.to_read => Ok(Some(Value {
                kind: Type::Int,
                bytes: Cow::Owned(value.0.to_string().into_bytes()),
            })),
            Err(problem @ (Refusal::BeyondInt64(_) | Refusal::OffsetBeyondDay)) => {
                self.unencryptable(at, problem.to_string())
            }
            Err(problem) => self.unsupported(at, problem.to_string()),
        }
    }
}
