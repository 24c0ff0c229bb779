//! Source forms: text that neither the value nor its style can restore, kept encrypted in the
//! metadata.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// How parts of a plaintext were spelled. Serialized as JSON, encrypted with the data key, bound to
/// the file's MAC.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct SourceForms {
    /// Ordered by the leaf at which they begin.
    pub(crate) nodes: Vec<SourceForm>,
    /// The documents, counted from 0 and in order, that were empty instead of the mapping `{}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) empty_documents: Vec<usize>,
    /// Whether the text had no final line break.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_final_newline: bool,
    /// The flow mappings at the top level of documents, in the order of the plaintext in block
    /// style.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) flow_tops: Vec<FlowTop>,
}

/// A flow mapping at the top level of a document.
#[derive(Serialize, Deserialize)]
pub(crate) struct FlowTop {
    /// Where it starts in the plaintext in block style, in bytes.
    pub(crate) start: usize,
    /// Where it ends in that text.
    pub(crate) end: usize,
    /// The source text.
    pub(crate) text: String,
}

/// The spelling of one node.
#[derive(Serialize, Deserialize)]
pub(crate) struct SourceForm {
    /// The node, or the first leaf in it.
    #[serde(flatten)]
    pub(crate) at: Address,
    /// How many levels the node is above that leaf; 0 means the leaf itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) up: usize,
    /// The source text; for a block scalar, the lines below its header.
    pub(crate) text: String,
    /// The indicators in the header of a block scalar, if they differ from those for the
    /// ciphertext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
}

impl SourceForm {
    /// Whether this is the form of a scalar without an anchor or a tag, whose context does not
    /// change its value.
    pub(crate) fn is_scalar(&self) -> bool {
        self.up == 0 && !self.text.starts_with(['*', '&', '!'])
    }
}

/// Identifies a leaf by its position among the others; an empty container counts as a leaf. It
/// starts before the first leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// The number of encrypted leaves up to and including this one.
    #[serde(rename = "leaf")]
    encrypted: usize,
    /// The number of plaintext leaves since the last encrypted one, up to and including this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    plain: usize,
}

impl Address {
    /// Moves to the next leaf.
    pub(crate) fn advance(&mut self, encrypted: bool) {
        if encrypted {
            self.encrypted += 1;
            self.plain = 0;
        } else {
            self.plain += 1;
        }
    }

    /// The address in a document that has more leaves before it, the last of them at `start`.
    pub(crate) fn after(self, start: Self) -> Self {
        Self {
            encrypted: start.encrypted + self.encrypted,
            plain: match self.encrypted {
                0 => start.plain + self.plain,
                _ => self.plain,
            },
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Drop for SourceForm {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl Drop for SourceForms {
    fn drop(&mut self) {
        for top in &mut self.flow_tops {
            top.text.zeroize();
        }
    }
}

impl SourceForms {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
            && self.empty_documents.is_empty()
            && !self.no_final_newline
            && self.flow_tops.is_empty()
    }

    /// The additional data that binds the source forms to a file with this MAC.
    pub(crate) fn additional_data(mac: &str) -> Vec<u8> {
        format!("sops_rs_spellings:{mac}").into_bytes()
    }
}
