//! YAML documents with a flow mapping at the top level are encrypted in block style, because
//! programs such as Flux look for the metadata there. The source forms restore their text.

use std::collections::HashMap;

use sops_document::{BlockTops, Document, Format, Item, ROOT, Splices, TopEntries};
use zeroize::Zeroizing;

use crate::pipeline::comment_moves;
use crate::pipeline::content_digest::ContentDigest;
use crate::pipeline::plan::Plan;
use crate::pipeline::source_forms::FlowTop;
use crate::rules::EncryptionRule;

/// The text that is encrypted instead of a document's, and the source forms that restore the
/// original.
pub(super) struct InBlockStyle {
    pub(super) text: Zeroizing<String>,
    pub(super) tops: Vec<FlowTop>,
}

/// The document with all top levels in block style. `None` if they already are, or if the rule
/// would then select other values or fewer comments: in that case the document keeps its style.
pub(super) fn in_block_style(
    document: &Document<'_>,
    plan: &Plan,
    rule: Option<&EncryptionRule>,
) -> Option<InBlockStyle> {
    if !document.has_flow_top() {
        return None;
    }
    // In block style, the comments of a document without entries follow the metadata, where SOPS
    // sees a different set of them.
    if plan.selection.looks_at_comments() && has_empty_top(document) {
        return None;
    }
    let content = ContentDigest::of_document(document);
    TopEntries::ALL.into_iter().find_map(|entries| {
        let BlockTops {
            text, tops, flow, ..
        } = document.with_block_tops(entries)?;
        let tops = tops.into_iter().zip(flow).map(|(top, flow)| FlowTop {
            start: top.start,
            end: top.end,
            text: document.text()[flow].to_owned(),
        });
        let block = InBlockStyle {
            tops: tops.collect(),
            text,
        };
        let is_same = {
            let mut parsed = crate::parse_document(&*block.text, Format::Yaml).ok()?;
            let mut block_plan = Plan::of(&parsed, rule).ok()?;
            ContentDigest::of_document(&parsed) == content
                && selects_as_much(document, plan, &parsed, &block_plan)
                && block_plan.check_for_go(&parsed).is_ok()
                && comment_moves::settle(&mut parsed, &mut block_plan, rule).is_ok()
        };
        let comes_back = || {
            let back = restore(block.text.clone(), &block.tops);
            *back == document.text()
        };
        (is_same && comes_back()).then_some(block)
    })
}

/// The plaintext with its original flow mappings at the top level, unless it has changed since.
pub(super) fn restore(text: Zeroizing<String>, tops: &[FlowTop]) -> Zeroizing<String> {
    let in_flow = || {
        let length = tops.iter().map(|top| top.text.len()).sum::<usize>();
        let mut splices = Splices::new(&text, text.len() + length);
        let mut done = 0;
        for top in tops {
            let is_next = done <= top.start && text.get(top.start..top.end).is_some();
            is_next.then(|| splices.replace(top.start..top.end).push_str(&top.text))?;
            done = top.end;
        }
        Some(Zeroizing::new(splices.finish()))
    };
    let found = (!tops.is_empty()).then(in_flow).flatten().filter(|flow| {
        let document = crate::parse_document(&**flow, Format::Yaml);
        document.is_ok_and(|document| {
            TopEntries::ALL.into_iter().any(|entries| {
                let block = document.with_block_tops(entries);
                block.is_some_and(|block| *block.text == *text)
            })
        })
    });
    found.unwrap_or(text)
}

/// Whether a mapping at the top level of a document has no entries.
fn has_empty_top(document: &Document<'_>) -> bool {
    document.tape().iter().enumerate().any(|(index, item)| {
        matches!(item, Item::Open { path: ROOT, .. }) && document.children(index).next().is_none()
    })
}

/// Whether the rule selects the same values in both documents, and leaves no further comments in
/// plaintext.
fn selects_as_much(
    document: &Document<'_>,
    plan: &Plan,
    other: &Document<'_>,
    other_plan: &Plan,
) -> bool {
    let leaves = |document: &Document<'_>, plan: &Plan| -> Vec<bool> {
        let leaves = document.tape().iter().enumerate();
        let leaves = leaves.filter(|(_, item)| matches!(item, Item::Leaf(_)));
        leaves
            .map(|(index, _)| plan.selection.contains(index))
            .collect()
    };
    if leaves(document, plan) != leaves(other, other_plan) {
        return false;
    }
    let mut in_plaintext: HashMap<&str, i64> = HashMap::new();
    for (document, plan, count) in [(document, plan, 1), (other, other_plan, -1)] {
        for (index, item) in document.written_items() {
            if let Item::Comment { span, .. } = item
                && !plan.selection.contains(index)
            {
                *in_plaintext.entry(document.source(*span)).or_default() += count;
            }
        }
    }
    in_plaintext.values().all(|count| *count >= 0)
}
