//! Decides which items of a document its rule selects for encryption.

use sops_document::{Document, Item, Leaf, ROOT, Value};

use crate::error::Result;
use crate::rules::{CompiledRule, EncryptionRule, RuleWalk};

/// The items of a document that a rule selects.
pub(crate) struct Selection {
    /// One bool for each item of the tape: whether it is a leaf or comment to encrypt.
    items: Vec<bool>,
    rule: Option<CompiledRule>,
    looks_at_comments: bool,
}

impl Selection {
    /// Walks the document as SOPS does. Without a rule, everything is encrypted.
    ///
    /// # Errors
    /// [`Error::Regex`](crate::Error::Regex) if the rule's expression is invalid.
    pub(crate) fn of(document: &Document<'_>, rule: Option<&EncryptionRule>) -> Result<Self> {
        let rule = rule.map(EncryptionRule::compile).transpose()?;
        Ok(Self::walk(document, rule, |_, _| {}))
    }

    /// Like [`of`](Self::of), and calls `visit` for each item once the selection up to it is
    /// decided.
    pub(super) fn walk(
        document: &Document<'_>,
        rule: Option<CompiledRule>,
        mut visit: impl FnMut(&[bool], usize),
    ) -> Self {
        let looks_at_comments = rule.as_ref().is_some_and(CompiledRule::is_on_comments);
        let items = match &rule {
            Some(rule) => walk(document, rule, visit),
            None => {
                let all = vec![true; document.tape().len()];
                (0..all.len()).for_each(|index| visit(&all, index));
                all
            }
        };
        Self {
            items,
            rule,
            looks_at_comments,
        }
    }

    /// One bool for each item of the tape: whether it is a leaf or comment to encrypt.
    pub(super) fn items(&self) -> &[bool] {
        &self.items
    }

    /// Whether the item at this index of the tape must be encrypted.
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.items[index]
    }

    /// Overrides the selection of one item.
    pub(crate) fn set(&mut self, index: usize, selected: bool) {
        self.items[index] = selected;
    }

    /// Whether comments decide what is encrypted.
    pub(crate) fn looks_at_comments(&self) -> bool {
        self.looks_at_comments
    }

    /// Rejects a comment that the rule matches but that SOPS does not see: the values after it
    /// would be left in plaintext, or encrypted, contrary to the comment.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the location of the comment.
    pub(crate) fn check_lost_comments(&self, document: &Document<'_>) -> Result<()> {
        let Some(rule) = self.rule.as_ref().filter(|_| self.looks_at_comments) else {
            return Ok(());
        };
        for (index, item) in document.tape().iter().enumerate() {
            if let Item::Comment {
                lost: true, span, ..
            } = item
                && rule.comment_matches(&document.comment(index).text)
            {
                return Err(sops_document::Error::Unsupported {
                    location: document.location(*span),
                    message: "the rule matches this comment, but `sops` ignores a comment in this position; put it on \
                              the line above its value, in the same column"
                        .into(),
                }.into());
            }
        }
        Ok(())
    }

    /// Rejects a comment that the rule would treat differently once the comment is encrypted.
    pub(crate) fn check_encrypted_comment(&self, ciphertext: &str) -> Result<()> {
        self.rule
            .as_ref()
            .map_or(Ok(()), |rule| rule.check_encrypted_comment(ciphertext))
    }
}

/// Whether a leaf is actually encrypted: null and the empty string have nothing to encrypt.
pub(crate) fn is_encryptable(value: Option<&Value<'_>>) -> bool {
    value.is_some_and(|value| !value.bytes.is_empty())
}

fn walk(
    document: &Document<'_>,
    rule: &CompiledRule,
    mut visit: impl FnMut(&[bool], usize),
) -> Vec<bool> {
    let by_path = path_matches(document, rule);
    let mut walk = RuleWalk::new(rule);
    let mut items = vec![false; document.tape().len()];
    for (index, item) in document.tape().iter().enumerate() {
        match item {
            // SOPS treats a document and its mapping as one container.
            Item::Open { path, .. } if *path == ROOT => {}
            Item::Document { .. } | Item::Open { .. } => walk.open(),
            Item::Close { open } => match &document.tape()[*open as usize] {
                Item::Open { path, .. } if *path == ROOT => {}
                Item::Document { .. } | Item::Open { .. } => walk.close(),
                _ => {}
            },
            Item::Alias { .. } => {}
            Item::Comment { path, lost, .. } => {
                let path_matches = by_path[path.index()];
                items[index] = if document.continues_comment(index) {
                    items[index - 1]
                } else if *lost {
                    walk.lost_comment(path_matches)
                } else {
                    let text = match rule.is_on_comments() {
                        true => document.comment(index).text,
                        // The text does not matter.
                        false => "".into(),
                    };
                    walk.comment(&text, path_matches)
                };
            }
            Item::Leaf(Leaf { path, .. }) => {
                items[index] = walk.value(by_path[path.index()]);
            }
        }
        visit(&items, index);
    }
    items
}

/// For each path of the document, whether a key on it matches the rule.
fn path_matches(document: &Document<'_>, rule: &CompiledRule) -> Vec<bool> {
    let paths = &document.paths();
    let mut matches = vec![false; paths.len()];
    for id in paths.ids().skip(1) {
        // A parent's index is lower than its children's.
        matches[id.index()] = matches[paths.parent(id).index()] || rule.key_matches(paths.key(id));
    }
    matches
}
