//! Source forms: text that neither the value nor its style can restore, kept encrypted in the
//! metadata.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// How places of a plaintext were spelled. Serialised as JSON, encrypted with the data key, bound to the file's MAC.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct SourceForms {
    /// In the order of the leaves they begin at.
    pub(crate) nodes: Vec<SourceForm>,
    /// The documents, counted from 0 and in order, that were empty and not the mapping `{}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) empty_documents: Vec<usize>,
    /// The text had no line break at its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_final_newline: bool,
    /// The mappings at the top of documents that were in flow style, in the order of the plaintext in block style.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) flow_tops: Vec<FlowTop>,
}

/// A mapping in flow style at the top of a document.
#[derive(Serialize, Deserialize)]
pub(crate) struct FlowTop {
    /// Where it starts in the plaintext in block style, in bytes.
    pub(crate) start: usize,
    /// Where it ends there.
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
    /// How many containers up from that leaf the node is; 0 is the leaf itself.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) up: usize,
    /// The source text; of a block scalar the lines below its header.
    pub(crate) text: String,
    /// The indicators in the header of a block scalar, if they differ from those over the ciphertext.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
}

/// Tells a leaf by its place among the others, where an empty container is one too. It starts before the first leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// How many encrypted leaves there are up to it, itself included.
    #[serde(rename = "leaf")]
    encrypted: usize,
    /// How many plaintext leaves there are up to it since the last encrypted one.
    #[serde(default, skip_serializing_if = "is_zero")]
    plain: usize,
}

impl Address {
    /// Goes on to the next leaf.
    pub(crate) fn advance(&mut self, encrypted: bool) {
        if encrypted {
            self.encrypted += 1;
            self.plain = 0;
        } else {
            self.plain += 1;
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Drop for SourceForms {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.text.zeroize();
        }
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

    /// The additional data that binds them to a file with this MAC.
    pub(crate) fn additional_data(mac: &str) -> Vec<u8> {
        format!("sops_rs_spellings:{mac}").into_bytes()
    }
}
