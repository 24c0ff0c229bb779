//! Keys of mappings.

use std::borrow::Cow;
use std::ops::Range;

use super::{Parser, PendingEntry, ReservedMark};
use crate::error::Result;
use crate::value::{Type, Value};
use crate::yaml::events::Scalar;
use crate::yaml::lexical::key_end;
use crate::{Item, Style, Text};

impl<'a> Parser<'a> {
    pub(super) fn key(&mut self, scalar: Scalar<'a>, span: Range<usize>) -> Result<()> {
        let at = span.start;
        let text: Text<'a> = match self.resolve(&scalar, at)? {
            value if self.lenient => match value {
                Some(value) if value.is_str() => {
                    String::from_utf8_lossy(&value.bytes).into_owned().into()
                }
                _ => scalar.text.clone(),
            },
            // Without a tag, the value of a string is its text.
            Some(value) if value.is_str() && scalar.tag.is_none() => scalar.text.clone(),
            Some(Value {
                kind: Type::Str,
                bytes,
            }) => match bytes {
                Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
                Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
            }
            .map_or_else(|| self.unsupported(at, "a key must be UTF-8 text"), Ok)?,
            None => return self.unencryptable(at, "a key must be a string, not null; write a key before the `:`, or put a key such as `null` in quotes"),
            Some(Value { kind, .. }) => {
                return self.unencryptable(
                    at,
                    format!(
                        "a key must be a string, but YAML reads this one as {}; put it in quotes",
                        description(kind)
                    ),
                );
            }
        };
        if scalar.anchor != 0 {
            self.key_anchors.insert(scalar.anchor, text.clone());
        }
        // A quoted `<<`, or one with a string tag, is an ordinary key.
        let merges = text == "<<"
            && match scalar.tag.as_deref() {
                None => scalar.style == Style::Plain,
                Some(tag) => tag == "tag:yaml.org,2002:merge",
            };
        self.push_key(text, at, merges)
    }

    pub(super) fn push_key(&mut self, key: Text<'a>, at: usize, merges: bool) -> Result<()> {
        let is_reserved =
            self.frames.len() == 1 && self.reserved_key.is_some_and(|reserved| key == reserved);
        let reserved = is_reserved.then(|| ReservedMark {
            tape: self.tape.len(),
            paths: self.paths.len(),
            before: self.previous_end(at),
        });
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        if !frame.keys.insert(key.clone()) && !self.lenient {
            let message = format!("the key `{key}` appears twice in this mapping");
            return self.unsupported(at, message);
        }
        let path = self.paths.push(frame.path, key, at as u32);
        frame.entry = Some(PendingEntry {
            path,
            merges,
            reserved,
        });
        Ok(())
    }

    /// The end of the text before the key at `at`, in a flow collection.
    pub(super) fn previous_end(&self, at: usize) -> usize {
        match self.tape.last() {
            Some(Item::Open { span, flow, .. }) => span.range().start + usize::from(*flow),
            // An omitted value may be after comments.
            Some(Item::Leaf(leaf)) if leaf.span.range().is_empty() => {
                let key = self.paths.key_offset(leaf.path) as usize;
                key_end(self.text, key, true)
            }
            Some(Item::Leaf(leaf)) => leaf.span.range().end,
            Some(Item::Close { open }) => match &self.tape[*open as usize] {
                Item::Open { span, .. } | Item::Alias { span, .. } => span.range().end,
                _ => at,
            },
            _ => at,
        }
    }
}

/// A type, as messages name it.
fn description(kind: Type) -> &'static str {
    match kind {
        Type::Int => "an integer",
        Type::Float => "a float",
        Type::Bool => "a boolean",
        Type::Time => "a date",
        Type::Bytes => "binary data",
        Type::Str | Type::Comment => "text",
    }
}
