//! A value in a manifest that is quoted in other text.

use std::ops::Range;

use crate::unparsed::LiteralValue;

/// A value that looks like a secret, in an object that is quoted in other text.
pub(super) struct QuotedValue {
    /// The range in the text; for encoded text, the range of the encoded form.
    pub(super) span: Range<usize>,
    pub(super) key: String,
    /// Whether the object is a kubeconfig, and not a Secret.
    pub(super) is_kubeconfig: bool,
}

impl From<LiteralValue> for QuotedValue {
    fn from(LiteralValue { span, key }: LiteralValue) -> Self {
        let is_kubeconfig = false;
        Self {
            span,
            key,
            is_kubeconfig,
        }
    }
}
