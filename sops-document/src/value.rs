//! A leaf's value as SOPS sees it: a type and the bytes that are encrypted and hashed.

use std::borrow::Cow;
use std::fmt;

/// The type of a value, the `type` of `ENC[…,type:…]`.
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
    /// An instant, RFC 3339 with nanoseconds as needed; only YAML has it.
    Time,
    /// Raw bytes; read, never written.
    Bytes,
    /// A comment's text after its `#`; outside the MAC.
    Comment,
}

impl Type {
    /// The name in an encrypted value.
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

    /// The type of that name.
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

/// A resolved value in its canonical form, the bytes that the MAC is taken over.
///
/// An `Int` is in decimal as Go's `strconv.Itoa` writes it, a `Float` as `FormatFloat(v, 'f', -1, 64)`, a `Bool` is
/// `True` or `False`, a `Time` RFC 3339 with nanoseconds as needed. `None` in place of a value stands for `null`.
#[derive(Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// The type.
    pub kind: Type,
    /// The canonical form; UTF-8 but for `!!binary` and the binary format, whose strings are any bytes.
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

    /// Whether it is text.
    pub fn is_str(&self) -> bool {
        self.kind == Type::Str
    }

    /// The value with a copy of what it borrows.
    pub fn into_owned(self) -> Value<'static> {
        Value {
            kind: self.kind,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }
}

/// Shows the type; never the value.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.kind.name())
    }
}
