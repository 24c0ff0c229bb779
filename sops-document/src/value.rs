//! The value of a scalar: a type, and bytes in a canonical form.

use std::borrow::Cow;
use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// UTF-8 text.
    Str,
    /// A 64-bit signed integer.
    Int,
    /// A 64-bit floating point number.
    Float,
    /// `True` or `False`.
    Bool,
    /// An instant in RFC 3339 with nanoseconds as needed. Only YAML has this type.
    Time,
    /// Raw bytes. No parser produces this type.
    Bytes,
    /// The text of a comment. No leaf has this type.
    Comment,
}

impl Type {
    /// The name: `str`, `int`, `float`, `bool`, `time`, `bytes` or `comment`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Bytes => "bytes",
            Self::Comment => "comment",
        }
    }

    /// The type with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Str,
            Self::Int,
            Self::Float,
            Self::Bool,
            Self::Time,
            Self::Bytes,
            Self::Comment,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// A value in its canonical form.
///
/// An `Int` is decimal, as Go's `strconv.Itoa` writes it; a `Float` is as `strconv.FormatFloat(v,
/// 'f', -1, 64)` writes it; a `Bool` is `True` or `False`; a `Time` is RFC 3339 with nanoseconds as
/// needed. Where a value is optional, `None` is null.
#[derive(Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// The type.
    pub kind: Type,
    /// The canonical form. It is UTF-8, except that strings tagged `!!binary` and in the binary
    /// format may be any bytes.
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Value<'a> {
    /// A string value.
    pub fn string(text: Cow<'a, str>) -> Self {
        let bytes = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self {
            kind: Type::Str,
            bytes,
        }
    }

    /// Whether the value is a string.
    pub fn is_str(&self) -> bool {
        self.kind == Type::Str
    }

    /// The value with an owned copy of its bytes.
    pub fn into_owned(self) -> Value<'static> {
        Value {
            kind: self.kind,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }
}

/// Shows the type, never the value.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.kind.name())
    }
}
