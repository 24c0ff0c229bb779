//! What speaks for a secret.

use crate::rule::Confidence;

/// What speaks for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// A format that only secrets have, such as that of a GitHub token.
    Format(&'static str),
    /// A name such as `PASSWORD`, and a value that is neither a reference nor a placeholder.
    Name(Confidence),
}

impl Likeness {
    /// How sure it is to be a secret.
    pub(crate) fn confidence(self) -> Confidence {
        match self {
            Self::Format(_) => Confidence::High,
            Self::Name(confidence) => confidence,
        }
    }

    /// The words that follow "contains".
    pub(crate) fn description(self) -> String {
        match self {
            Self::Format(format) => format.to_owned(),
            Self::Name(_) => "what looks like a secret".to_owned(),
        }
    }
}
