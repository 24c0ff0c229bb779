//! Which items of a document its rule selects for encryption.

use sops_document::{Document, Item, Leaf, ROOT, Value};

use crate::error::Result;
use crate::rules::{CompiledRule, EncryptionRule, RuleWalk};

/// What a rule selects of a document.
pub(crate) struct Selection {
    /// One bool for each item of the tape: whether it is a leaf or comment that is encrypted.
    items: Vec<bool>,
    rule: Option<CompiledRule>,
    looks_at_comments: bool,
}

impl Selection {
    /// Walks the document as SOPS walks it. Without a rule everything is encrypted.
    ///
    /// # Errors
    /// [`Error::Regex`](crate::Error::Regex), where the rule's expression is not valid.
    pub(crate) fn of(document: &Document<'_>, rule: Option<&EncryptionRule>) -> Result<Self> {
        Self::walk(document, rule, |_, _| {})
    }

    /// The same, and tells `visit` of each item once it is decided what is selected up to it.
    pub(super) fn walk(
        document: &Document<'_>,
        rule: Option<&EncryptionRule>,
        mut visit: impl FnMut(&[bool], usize),
    ) -> Result<Self> {
        let looks_at_comments = rule.is_some_and(EncryptionRule::looks_at_comments);
        let rule = rule.map(EncryptionRule::compile).transpose()?;
        let items = match &rule {
            Some(rule) => walk(document, rule, visit),
            None => {
                let all = vec![true; document.tape().len()];
                (0..all.len()).for_each(|index| visit(&all, index));
                all
            }
        };
        Ok(Self {
            items,
            rule,
            looks_at_comments,
        })
    }

    /// One bool for each item of the tape: whether it is a leaf or comment that is encrypted.
    pub(super) fn items(&self) -> &[bool] {
        &self.items
    }

    /// Whether the item at that index of the tape is to be encrypted.
    pub(crate) fn contains(&self, index: usize) -> bool {
        self.items[index]
    }

    /// Says otherwise of one item.
    pub(crate) fn set(&mut self, index: usize, selected: bool) {
        self.items[index] = selected;
    }

    /// Whether comments decide what is encrypted.
    pub(crate) fn looks_at_comments(&self) -> bool {
        self.looks_at_comments
    }

    /// Refuses a comment that asks something of the rule, but stands where SOPS does not see it: what follows would be left in
    /// plaintext, or encrypted, against its word.
    ///
    /// # Errors
    /// [`Error::Unsupported`], with the place of the comment.
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
                    message: "the rule looks at comments and matches this one, but `sops` does not see it where it stands: put it into \
                              the line above the value that it is for, in the column of that"
                        .into(),
                }.into());
            }
        }
        Ok(())
    }

    /// Refuses a comment that the rule would read otherwise once it is encrypted.
    pub(crate) fn check_encrypted_comment(&self, ciphertext: &str) -> Result<()> {
        self.rule
            .as_ref()
            .map_or(Ok(()), |rule| rule.check_encrypted_comment(ciphertext))
    }
}

/// Whether a leaf is encrypted for real: nothing is left to encrypt in null and in the empty string.
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
            // For SOPS a document and its mapping are one container.
            Item::Open { path, .. } if *path == ROOT => {}
            Item::Document { .. } | Item::Open { .. } => walk.open(),
            Item::Close { open } => match &document.tape()[*open as usize] {
                Item::Open { path, .. } if *path == ROOT => {}
                Item::Document { .. } | Item::Open { .. } => walk.close(),
                _ => {}
            },
            Item::Alias { .. } => {}
            Item::Comment { path, lost, .. } => {
                let comment = document.comment(index);
                let path_matches = by_path[path.index()];
                items[index] = if comment.continues {
                    items[index - 1]
                } else if *lost {
                    walk.lost_comment(path_matches)
                } else {
                    walk.comment(&comment.text, path_matches)
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

/// For each path of the document whether a key on it matches the rule.
fn path_matches(document: &Document<'_>, rule: &CompiledRule) -> Vec<bool> {
    let paths = &document.paths();
    let mut matches = vec![false; paths.len()];
    for id in paths.ids().skip(1) {
        // A parent's index is below its children's.
        matches[id.index()] = matches[paths.parent(id).index()] || rule.key_matches(paths.key(id));
    }
    matches
}
