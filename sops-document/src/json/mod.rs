//! Parses JSON objects into a tape.

mod diagnostics;
pub(crate) mod emit;

use std::borrow::Cow;
use std::sync::OnceLock;

use jiter::{Jiter, JiterError, Peek};

use crate::document::ReservedKey;
use crate::error::{Error, Location, Result};
use crate::format::Format;
use crate::key_set::KeySet;
use crate::tree::{Entry, Node};
use crate::value::{Type, Value};
use crate::{
    Collection, Document, Item, Leaf, MAX_DEPTH, PathId, Paths, ROOT, ReservedEntry, Span, Style,
    Text, canonical, yaml,
};

/// Parses a JSON object.
pub(crate) fn parse<'a>(text: &'a str, reserved_key: ReservedKey) -> Result<Document<'a>> {
    let mut parser = Parser::new(text, reserved_key)?;
    parser.object()?;
    parser
        .json
        .finish()
        .map_err(|error| parser.syntax(&error))?;
    parser.close_document(text.len());
    Ok(parser.into_document())
}

/// Parses a stream of JSON objects, each of which becomes a document.
pub(crate) fn parse_stream(text: &str) -> Result<Document<'_>> {
    let mut parser = Parser::new(text, None)?;
    loop {
        parser.object()?;
        let end = parser.at();
        parser.close_document(end);
        if text[end..].trim_start_matches(WHITE_SPACE).is_empty() {
            return Ok(parser.into_document());
        }
    }
}

/// The white space of JSON.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl Node {
    /// Converts a JSON value to a tree. Numbers are integers if they fit in 64 bits, and otherwise
    /// floats.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let scalar = |kind, bytes: String| {
            Self::Scalar(Some(Value {
                kind,
                bytes: Cow::Owned(bytes.into_bytes()),
            }))
        };
        match json {
            Json::Null => Self::Scalar(None),
            Json::Bool(truth) => {
                scalar(Type::Bool, if *truth { "True" } else { "False" }.to_owned())
            }
            Json::Number(number) => {
                let text = number.to_string();
                match self::number(&text) {
                    Some(value) => Self::Scalar(Some(value.into_owned())),
                    None => scalar(Type::Str, text),
                }
            }
            Json::String(text) => scalar(Type::Str, text.clone()),
            Json::Array(items) => Self::Sequence(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => {
                let entry = |(key, value): (&String, &Json)| Entry {
                    key: key.clone(),
                    value: Self::from_json(value),
                };
                Self::Mapping(members.iter().map(entry).collect())
            }
        }
    }
}

/// An open object or array.
struct Frame<'a> {
    kind: Collection,
    path: PathId,
    /// The index of its `Open` on the tape.
    open: usize,
    keys: KeySet<'a>,
    fresh: bool,
    /// The end of the last complete member or item, initially of the opening bracket.
    last_end: usize,
    /// If the value of the reserved member is being read, the lengths of the tape and the paths
    /// before it, and the member's offset.
    reserved: Option<(usize, usize, usize)>,
}

struct Parser<'a> {
    text: &'a str,
    json: Jiter<'a>,
    tape: Vec<Item<'a>>,
    paths: Paths<'a>,
    frames: Vec<Frame<'a>>,
    /// The index on the tape of the document that is being read.
    document: usize,
    reserved_key: ReservedKey,
    reserved: Vec<ReservedEntry>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, reserved_key: ReservedKey) -> Result<Self> {
        if text.starts_with('\u{feff}') {
            return Err(Error::Unsupported {
                location: Location::of(text, 0),
                message: "a byte order mark, which JSON does not allow; save the file as UTF-8 without it"
                    .into(),
            });
        }
        let lines = yaml::source::lines(text);
        Ok(Self {
            text,
            json: Jiter::new(text.as_bytes()),
            // Enough for a document with each entry and bracket on its own line, plus the items of
            // the document itself.
            tape: Vec::with_capacity(lines + 4),
            paths: Paths::with_capacity(lines),
            frames: Vec::new(),
            document: 0,
            reserved_key,
            reserved: Vec::new(),
        })
    }

    /// Begins a document, and reads the object at its top level.
    fn object(&mut self) -> Result<()> {
        self.document = self.tape.len();
        self.tape.push(Item::Document { close: 0, end: 0 });
        let top = self.json.peek().map_err(|error| self.syntax(&error))?;
        if diagnostics::is_comment(&self.text[self.at()..]) {
            return Err(Error::Syntax {
                location: Location::of(self.text, self.at()),
                message: diagnostics::COMMENT.to_owned(),
            });
        }
        if top != Peek::Object {
            return self.unsupported(self.at(), "the top level must be an object");
        }
        self.value(ROOT, top)?;
        while !self.frames.is_empty() {
            self.step()?;
        }
        Ok(())
    }

    /// Ends the document that ends at this offset.
    fn close_document(&mut self, end: usize) {
        self.tape[self.document] = Item::Document {
            close: self.tape.len() as u32,
            end: end as u32,
        };
        self.tape.push(Item::Close {
            open: self.document as u32,
        });
    }

    fn into_document(self) -> Document<'a> {
        Document {
            text: self.text,
            part: 0..self.text.len(),
            format: Format::Json,
            tape: self.tape,
            paths: self.paths,
            reserved_key: self.reserved_key,
            reserved: self.reserved,
            positions: OnceLock::new(),
        }
    }

    fn at(&self) -> usize {
        self.json.current_index()
    }

    fn syntax(&self, error: &JiterError) -> Error {
        Error::Syntax {
            location: Location::of(self.text, diagnostics::offset(self.text, error)),
            message: diagnostics::message(self.text, error),
        }
    }

    fn unsupported<T>(&self, at: usize, message: impl Into<String>) -> Result<T> {
        Err(Error::Unsupported {
            location: Location::of(self.text, at),
            message: message.into(),
        })
    }

    /// Reads the next member or item of the innermost container, or its end.
    fn step(&mut self) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let fresh = std::mem::replace(&mut frame.fresh, false);
        let path = frame.path;
        match frame.kind {
            Collection::Sequence => {
                let next = if fresh {
                    self.json.known_array()
                } else {
                    self.json.array_step()
                };
                match next.map_err(|error| self.syntax(&error))? {
                    Some(peek) => self.value(path, peek),
                    None => self.close(),
                }
            }
            Collection::Mapping => {
                let before = self.json.current_index();
                let next = if fresh {
                    self.json.known_object()
                } else {
                    self.json.next_key()
                };
                let Some(key) = next
                    .map(|key| key.map(str::to_owned))
                    .map_err(|error| self.syntax(&error))?
                else {
                    return self.close();
                };
                let raw = &self.text[before..self.at()];
                // `next_key` read a string, so there is a quote.
                let key_at = before + raw.find('"').unwrap_or(0);
                self.member(path, key, key_at)
            }
        }
    }

    fn member(&mut self, parent: PathId, key: String, key_at: usize) -> Result<()> {
        let key: Text<'a> = match self.text.get(key_at + 1..key_at + 1 + key.len()) {
            Some(source) if source == key => Cow::Borrowed(source),
            _ => Cow::Owned(key),
        };
        let top = self.frames.len() == 1;
        let (tape, paths) = (self.tape.len(), self.paths.len());
        if let Some(frame) = self.frames.last_mut() {
            if !frame.keys.insert(key.clone()) {
                return self.unsupported(
                    key_at,
                    format!("the key `{key}` appears twice in this object"),
                );
            }
            if top && self.reserved_key.is_some_and(|reserved| key == reserved) {
                frame.reserved = Some((tape, paths, key_at));
            }
        }
        let path = self.paths.push(parent, key, key_at as u32);
        let peek = self.json.peek().map_err(|error| self.syntax(&error))?;
        self.value(path, peek)
    }

    fn value(&mut self, path: PathId, peek: Peek) -> Result<()> {
        let start = self.at();
        let value = match peek {
            Peek::Object | Peek::Array => {
                let kind = if peek == Peek::Object {
                    Collection::Mapping
                } else {
                    Collection::Sequence
                };
                return self.open(kind, path, start);
            }
            Peek::Null => self
                .json
                .known_null()
                .map(|()| None)
                .map_err(|error| self.syntax(&error))?,
            Peek::True | Peek::False => {
                let truth = self
                    .json
                    .known_bool(peek)
                    .map_err(|error| self.syntax(&error))?;
                let bytes = if truth { &b"True"[..] } else { b"False" };
                Some(Value {
                    kind: Type::Bool,
                    bytes: Cow::Borrowed(bytes),
                })
            }
            Peek::String => {
                let text = self
                    .json
                    .known_str()
                    .map(str::len)
                    .map_err(|error| self.syntax(&error))?;
                let inner = start + 1..self.at() - 1;
                if text == inner.len() {
                    // Every escape is longer than its character, so equal lengths mean that there
                    // is no escape.
                    Some(Value::string(Cow::Borrowed(&self.text[inner])))
                } else {
                    Some(Value::string(Cow::Owned(self.unescape(start)?)))
                }
            }
            _ => {
                let read = self.json.known_number_bytes(peek).map(|_| ());
                read.map_err(|error| self.syntax(&error))?;
                let source = &self.text[start..self.at()];
                match number(source) {
                    Some(value) => Some(value),
                    None => return self.unsupported(start, "the number is too large for a 64-bit float; put it in double quotes to keep its digits as a string"),
                }
            }
        };
        let span = Span::new(start..self.at());
        let style = if peek == Peek::String {
            Style::DoubleQuoted
        } else {
            Style::Plain
        };
        self.tape.push(Item::Leaf(Leaf {
            path,
            span,
            style,
            flow: true,
            value,
        }));
        self.value_done(span.range().end)
    }

    /// Unescapes the string literal at `start`.
    fn unescape(&self, start: usize) -> Result<String> {
        let literal = &self.text[start..self.at()];
        serde_json::from_str(literal).map_err(|_| Error::Syntax {
            location: Location::of(self.text, start),
            message: "an escape in this string is malformed, or half of a surrogate pair"
                .to_owned(),
        })
    }

    fn open(&mut self, kind: Collection, path: PathId, start: usize) -> Result<()> {
        if self.frames.len() == MAX_DEPTH {
            return Err(Error::Limit {
                location: Some(Location::of(self.text, start)),
                message: format!("nested deeper than {MAX_DEPTH} levels"),
            });
        }
        let open = self.tape.len();
        self.frames.push(Frame {
            kind,
            path,
            open,
            keys: KeySet::new(),
            fresh: true,
            last_end: start + 1,
            reserved: None,
        });
        self.tape.push(Item::Open {
            kind,
            flow: true,
            path,
            span: Span::new(start..start),
            close: 0,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let end = self.at();
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let at = self.tape.len() as u32;
        if let Some(Item::Open { span, close, .. }) = self.tape.get_mut(frame.open) {
            *span = Span::new(span.range().start..end);
            *close = at;
        }
        self.tape.push(Item::Close {
            open: frame.open as u32,
        });
        self.value_done(end)
    }

    fn value_done(&mut self, end: usize) -> Result<()> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let before = std::mem::replace(&mut frame.last_end, end);
        let Some((tape, paths, key_at)) = frame.reserved.take() else {
            return Ok(());
        };
        let value = match &self.tape[tape] {
            Item::Open {
                kind: Collection::Mapping,
                span,
                ..
            } => span.range(),
            _ => {
                return Err(Error::ReservedEntry {
                    location: Some(Location::of(self.text, key_at)),
                    message: "it must be an object".into(),
                });
            }
        };
        let entry = yaml::entry_range::flow_entry(self.text, before, key_at, end);
        self.reserved.push(ReservedEntry {
            entry,
            value,
            document: 0,
        });
        self.tape.truncate(tape);
        self.paths.truncate(paths);
        Ok(())
    }
}

/// A JSON number: an integer if it fits in 64 bits, and otherwise a float; `None` if it is out of
/// range for a float.
pub(crate) fn number(source: &str) -> Option<Value<'_>> {
    if let Ok(integer) = source.parse::<i64>() {
        return Some(Value {
            kind: Type::Int,
            bytes: canonical::canonical_or_owned(source, integer),
        });
    }
    let float = sops_go_compat::parse_float(source)?;
    Some(Value {
        kind: Type::Float,
        bytes: canonical::float_bytes(source, float),
    })
}
