//! What speaks for a secret.

/// What speaks for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// A format that only secrets have, such as that of a GitHub token.
    Format(&'static str),
    /// A name such as `PASSWORD`, and a value that is neither a reference nor a placeholder.
    Name,
}

impl Likeness {
    /// The words that follow "holds".
    pub(crate) fn description(self) -> String {
        match self {
            Self::Format(format) => format.to_owned(),
            Self::Name => "what looks like a secret".to_owned(),
        }
    }
}
