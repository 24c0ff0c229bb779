//! A value in a manifest that other text quotes.

use std::ops::Range;

use crate::unparsed::Literal;

/// A value that looks like a secret, in an object that a text shows.
pub(super) struct QuotedValue {
    /// Where it is in the text; of encoded text, the place of the code.
    pub(super) span: Range<usize>,
    pub(super) key: String,
    /// Whether the object is a kubeconfig, and not a Secret.
    pub(super) is_kubeconfig: bool,
}

impl From<Literal> for QuotedValue {
    fn from(Literal { span, key }: Literal) -> Self {
        let is_kubeconfig = false;
        Self {
            span,
            key,
            is_kubeconfig,
        }
    }
}
