//! Computes the MAC of a plaintext document, and collects the source forms that decryption would
//! not restore by itself.

use sops_document::{Containers, Document, Item, Leaf, ScalarSlot, Spelled};
use zeroize::Zeroizing;

use crate::mac::Mac;
use crate::pipeline::parallel::{BYTES_A_VALUE, threads};
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::pipeline::source_forms::{Address, SourceForm, SourceForms};
use crate::pipeline::{alias, is_empty_container};
use crate::rules::EncryptionRule;

/// The document's MAC, and the source forms that decryption would not restore by itself.
pub(crate) struct HashedValues {
    pub(super) mac: String,
    pub(super) source_forms: SourceForms,
}

impl HashedValues {
    /// Whether to hash the values of `text` while its comments are parsed. That pays off only for
    /// large files, and is impossible for a rule on comments, which needs them to select values.
    pub(crate) fn come_first(text: &[u8], rule: &EncryptionRule) -> bool {
        !rule.looks_at_comments() && threads(text.len() / BYTES_A_VALUE) > 1
    }

    /// Hashes the values of a document whose comments may be missing. `None` if the rule is
    /// invalid.
    pub(crate) fn of(
        document: &Document<'_>,
        rule: &EncryptionRule,
        mac_only_encrypted: bool,
    ) -> Option<Self> {
        let selection = Selection::of(document, Some(rule)).ok()?;
        Some(mac_pass(document, &selection, mac_only_encrypted))
    }
}

/// Hashes the values of a document.
pub(super) fn mac_pass(
    document: &Document<'_>,
    selection: &Selection,
    mac_only_encrypted: bool,
) -> HashedValues {
    let mut mac = Mac::new(mac_only_encrypted);
    let passed = pass_values(document, selection, |value, is_encrypted| {
        mac.add(value, is_encrypted);
    });
    HashedValues {
        mac: mac.finish(),
        source_forms: SourceForms {
            nodes: passed.nodes,
            empty_documents: document.empty_documents(),
            no_final_newline: document.lacks_final_newline(),
            flow_tops: Vec::new(),
        },
    }
}

/// The result of a pass over the values.
pub(super) struct PassedValues {
    pub(super) nodes: Vec<SourceForm>,
    /// The address of the last leaf.
    pub(super) end: Address,
}

/// Calls `add` for each value, in its canonical form, with whether it is selected, and collects the
/// source forms.
pub(super) fn pass_values(
    document: &Document<'_>,
    selection: &Selection,
    mut add: impl FnMut(&[u8], bool),
) -> PassedValues {
    let mut nodes = Vec::new();
    let mut containers = Containers::new(document);
    let mut scratch = Zeroizing::new(String::new());
    let mut at = Address::default();
    // The outermost expanded alias at this point: the index of its close, its source, and the
    // number of containers around it.
    let mut alias: Option<(usize, Option<&str>, usize)> = None;
    for (index, item) in document.tape().iter().enumerate() {
        containers.pass(item);
        if alias.is_some_and(|(close, ..)| close == index) {
            alias = None;
        }
        match item {
            Item::Alias { span, close, .. }
                if alias.is_none() && alias::is_written_out(document, selection.items(), index) =>
            {
                alias = Some((
                    *close as usize,
                    Some(document.source(*span)),
                    containers.depth(),
                ));
            }
            Item::Open { .. } if is_empty_container(document, index) => {
                at.advance(false);
                if let Some((_, source, depth)) = &mut alias
                    && let Some(source) = source.take()
                {
                    nodes.push(SourceForm {
                        at,
                        up: containers.depth() - *depth,
                        text: source.to_owned(),
                        header: None,
                    });
                }
            }
            Item::Leaf(leaf) => {
                let selected = selection.contains(index);
                if let Some(value) = &leaf.value {
                    add(&value.bytes, selected);
                }
                let encrypted = selected && is_encryptable(leaf.value.as_ref());
                at.advance(encrypted);
                let kept = match &mut alias {
                    Some((_, source, depth)) => source.take().map(|source| SourceForm {
                        at,
                        up: containers.depth() - *depth,
                        text: source.to_owned(),
                        header: None,
                    }),
                    None if encrypted => {
                        unusual_source(document, leaf, &containers, at, &mut scratch)
                    }
                    None => None,
                };
                nodes.extend(kept);
            }
            _ => {}
        }
    }
    PassedValues { nodes, end: at }
}

/// The source form of the leaf at an address, unless decryption will spell the value like this
/// anyway.
fn unusual_source(
    document: &Document<'_>,
    leaf: &Leaf<'_>,
    containers: &Containers<'_, '_>,
    at: Address,
    scratch: &mut String,
) -> Option<SourceForm> {
    let value = leaf.value.as_ref()?;
    let slot = ScalarSlot::of_value(document, leaf, containers.innermost());
    let plaintext = slot.plaintext(value, scratch);
    scratch.clear();
    let spelled = slot.spell(plaintext, value, scratch);
    let source = slot.source();
    (spelled != Spelled::InPlace || scratch != source).then(|| SourceForm {
        at,
        up: 0,
        text: source.to_owned(),
        header: ScalarSlot::header_of_token(document, leaf)
            .map(|(at, _)| document.text()[at].to_owned()),
    })
}
