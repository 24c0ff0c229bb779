//! Comments that SOPS finds in another container once the file is encrypted:
//!
//! - after an alias that is expanded: in the collection that replaces the alias
//! - below a block scalar: the container depends on the blank lines at the scalar's end, which
//!   encryption removes

use std::collections::HashMap;
use std::ops::Range;

use sops_document::{Containers, Document, Item, PathId, ScalarSlot, Span, Splices};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::error::Result;
use crate::pipeline::alias;
use crate::pipeline::plan::Plan;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::rules::EncryptionRule;

/// Gives each comment the container and the selection that it has in the encrypted file.
///
/// # Errors
/// [`Error::Unsupported`] if a rule on comments would then select other values because a comment
/// moved, and if it matches a comment that SOPS does not see.
pub(super) fn settle(
    document: &mut Document<'_>,
    plan: &mut Plan,
    rule: Option<&EncryptionRule>,
) -> Result<()> {
    let Plan {
        selection,
        has_comments,
        first_mover,
        ..
    } = plan;
    selection.check_lost_comments(document)?;
    let may_move = *has_comments && first_mover.is_some() || selection.looks_at_comments();
    if !may_move || !document.has_movable_comments() {
        return Ok(());
    }
    let comments = written_comments(document);
    let (text, replaced) = as_written(document, selection);
    let encrypted = document.parse_with_tokens(&text)?;
    let encrypted_selection = Selection::of(&encrypted, rule)?;
    let selected = |document: &Document<'_>, selection: &Selection| -> Vec<(Span, bool)> {
        let leaves = document.tape().iter().enumerate();
        let leaves = leaves.filter_map(|(index, item)| match item {
            Item::Leaf(leaf) => Some((leaf.span, selection.contains(index))),
            _ => None,
        });
        leaves.collect()
    };
    let (before, after) = (
        selected(document, selection),
        selected(&encrypted, &encrypted_selection),
    );
    let difference = before
        .iter()
        .zip(&after)
        .find(|((_, before), (_, after))| before != after);
    if difference.is_some() || before.len() != after.len() {
        let value = difference.map(|((span, _), _)| *span);
        return Err(sops_document::Error::Unsupported {
            location: document.location(first_mover.or(value).unwrap_or(Span::new(0..0))),
            message: "in the encrypted file, the comments at this alias or block scalar would make the rule select other values; \
                      replace the alias with its content, and put each comment above its value"
                .into(),
        }.into());
    }
    let mut data = Vec::new();
    let mut paths: HashMap<Vec<u8>, PathId> = HashMap::new();
    for id in document.paths().ids() {
        write_additional_data(document.paths(), id, &mut data);
        paths.insert(data.clone(), id);
    }
    // A comment after the header of a block scalar is replaced with it if the scalar cannot keep
    // its block style.
    let stays = |index: &usize| match document.tape()[*index] {
        Item::Comment { span, .. } => {
            let before = replaced.partition_point(|range| range.start <= span.range().start);
            before == 0 || replaced[before - 1].end <= span.range().start
        }
        _ => false,
    };
    let comments: Vec<usize> = comments.into_iter().filter(stays).collect();
    for (index, encrypted_index) in comments.into_iter().zip(written_comments(&encrypted)) {
        selection.set(index, encrypted_selection.contains(encrypted_index));
        if let Item::Comment { path: moved, .. } = &encrypted.tape()[encrypted_index] {
            write_additional_data(encrypted.paths(), *moved, &mut data);
            if let Some(path) = paths.get(&data) {
                document.set_comment_path(index, *path);
            }
        }
    }
    plan.renew_sites(document);
    Ok(())
}

/// The comments in the text, by their indexes on the tape, in document order.
fn written_comments(document: &Document<'_>) -> Vec<usize> {
    let comments = document
        .written_items()
        .filter_map(|(index, item)| match item {
            Item::Comment { span, .. } => Some((span.start, index)),
            _ => None,
        });
    let mut comments: Vec<(u32, usize)> = comments.collect();
    comments.sort_unstable();
    comments.into_iter().map(|(_, index)| index).collect()
}

/// The plaintext with its aliases expanded and each encrypted value replaced by a letter, and the
/// replaced ranges.
fn as_written(
    document: &Document<'_>,
    selection: &Selection,
) -> (Zeroizing<String>, Vec<Range<usize>>) {
    let mut replaced = Vec::new();
    let mut edits = Splices::new(document.text(), document.text().len() * 2);
    let mut containers = Containers::new(document);
    for (index, item) in document.written_items() {
        containers.pass(item);
        match item {
            Item::Alias { span, close, .. }
                if alias::is_written_out(document, selection.items(), index) =>
            {
                let out = edits.replace(span.range());
                let items = index + 1..*close as usize;
                document.write_alias(items, containers.is_flow(), out, |_, _, _| false);
            }
            Item::Leaf(leaf)
                if selection.contains(index) && is_encryptable(leaf.value.as_ref()) =>
            {
                let slot = ScalarSlot::of_value(document, leaf, containers.innermost());
                if let Some((at, header)) = ScalarSlot::header_of_token(document, leaf) {
                    edits.replace(at).push_str(&header);
                }
                slot.write_token(edits.replace(slot.range()), |out| out.push('x'));
                replaced.push(slot.range());
            }
            _ => {}
        }
    }
    (Zeroizing::new(edits.finish()), replaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use sops_document::Format;

    /// The encrypted comments, each with its additional data before it; or the error.
    fn settled(text: &str, rule: &EncryptionRule) -> Result<Vec<String>> {
        let mut document = crate::parse_document(text, Format::Yaml)?;
        let mut plan = Plan::of(&document, Some(rule))?;
        settle(&mut document, &mut plan, Some(rule))?;
        let comments = written_comments(&document).into_iter();
        let encrypted = comments.filter(|index| plan.selection.contains(*index));
        Ok(encrypted
            .filter_map(|index| match &document.tape()[index] {
                Item::Comment { path, span, .. } => {
                    let mut data = Vec::new();
                    write_additional_data(document.paths(), *path, &mut data);
                    Some(String::from_utf8_lossy(&data).into_owned() + document.source(*span))
                }
                _ => None,
            })
            .collect())
    }

    #[test]
    fn comments_belong_to_the_expanded_alias() {
        let all = EncryptionRule::UnencryptedSuffix("_unencrypted".into());
        let some = EncryptionRule::EncryptedRegex("^l$".into());
        for (text, rule, expected) in [
            ("k: &x {a: 1}\nl: *x #1\nm: v\n", &all, vec!["l:#1"]),
            ("k: &x 1\nl: *x #1\nm: v\n", &all, vec![":#1"]),
            ("k: &x {a: 1}\nl_unencrypted: *x #1\nm: v\n", &all, vec![]),
            (
                "k: &x {a: 1}\nl:\n- *x #1\n#2\nm: v\n",
                &all,
                vec!["l:#1", ":#2"],
            ),
            ("k: &x [1]\nl: {a: *x, #1\n  b: 1}\n", &all, vec!["l:a:#1"]),
            ("k: &x {a: 1}\nl: *x #1\n#2\nm: v\n", &some, vec!["l:#1"]),
            ("l: &x {a: 1}\nm: *x #1\nn: v\n", &some, vec![]),
            ("k: &x {} #1\nl: *x\n", &all, vec!["k:#1"]),
            // If the blank line stays, the comment is below the previous value. The containers are
            // the ones that `sops` finds.
            (
                "a:\n  b_unencrypted: |+\n    text\n\n #1\n\nc: v\n",
                &all,
                vec!["a:#1"],
            ),
            ("a:\n  b: |+\n    text\n\n #1\n\nc: v\n", &all, vec![":#1"]),
        ] {
            assert_eq!(settled(text, rule).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn a_rule_on_comments_must_select_the_same_values_after_comments_move() {
        let yes = EncryptionRule::EncryptedCommentRegex("yes".into());
        let no = EncryptionRule::UnencryptedCommentRegex("no".into());
        for (text, rule) in [
            ("k: &x {a: 1, b: 2}\nl: *x #yes\nm: v\n", &yes),
            ("k: &x {a: 1, b: 2}\nl: *x #no\nm: v\n", &no),
            ("k: &x\n  a: 1\n  #no\n  b: 2\nl: *x\n", &no),
            // The first comment is replaced by the second, as the foot comment of `a`.
            ("  a: 1\n  #yes\n #other\n\n  b: 2\n", &yes),
            ("  a: 1\n  #no\n #other\n\n  b: 2\n", &no),
        ] {
            let refused = settled(text, rule);
            assert!(
                matches!(
                    refused,
                    Err(Error::Document(sops_document::Error::Unsupported { .. }))
                ),
                "{text}: {refused:?}"
            );
        }
        for (text, rule, expected) in [
            ("k: &x {a: 1}\nl: *x #other\nm: v\n", &no, vec!["l:#other"]),
            (
                "#yes\nk: &x\n  #other\n  a: 1\nl: *x\n",
                &yes,
                vec!["k:#other"],
            ),
        ] {
            assert_eq!(settled(text, rule).expect(text), expected, "{text}");
        }
    }
}
