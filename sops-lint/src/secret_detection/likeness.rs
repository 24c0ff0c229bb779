//! The reason why a value counts as a secret.

use crate::rule::Confidence;

/// The reason why a value counts as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// A format that only secrets have, such as that of a GitHub token.
    Format(&'static str),
    /// A name such as `PASSWORD`, and a value that is neither a reference nor a placeholder.
    Name(Confidence),
}

impl Likeness {
    /// How certain it is that the text is a secret.
    pub(crate) fn confidence(self) -> Confidence {
        match self {
            Self::Format(_) => Confidence::High,
            Self::Name(confidence) => confidence,
        }
    }

    /// The description of the secret, to follow "contains".
    pub(crate) fn description(self) -> String {
        match self {
            Self::Format(format) => format.to_owned(),
            Self::Name(_) => "what looks like a secret".to_owned(),
        }
    }
}
