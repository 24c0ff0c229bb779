//! Plans an encryption: one walk over the tape decides which values are selected, where the text
//! changes, and why encryption must be refused.

use sops_document::{Document, Item, ScalarSlot, Span};

use crate::cipher::is_ciphertext_value;
use crate::error::{Error, Result};
use crate::pipeline::alias;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::rules::{CompiledRule, EncryptionRule};

/// A position where the text changes.
#[derive(Clone, Copy)]
pub(super) struct ReplacedLeaf {
    /// The offset in the text.
    pub(super) at: u32,
    /// The index of the item on the tape. For a document, the metadata is inserted.
    pub(super) item: u32,
}

/// The changes to a document.
pub(crate) struct Plan {
    pub(super) selection: Selection,
    /// The sites, in document order.
    pub(super) sites: Vec<ReplacedLeaf>,
    /// Whether there are comments in the text.
    pub(super) has_comments: bool,
    /// The first reason why a comment may be in another container in the encrypted document: an
    /// alias of a collection that is expanded, or a plaintext block scalar that keeps the blank
    /// lines below it.
    pub(super) first_mover: Option<Span>,
    pub(super) values: Values,
    /// Why Go's library would read a plaintext value differently.
    unreadable: Option<sops_document::Error>,
}

/// Facts about the values.
#[derive(Default)]
pub(super) struct Values {
    /// Whether at least one value could be encrypted.
    pub(super) any: bool,
    /// Whether at least one value is encrypted.
    pub(super) any_encrypted: bool,
    /// The first selected value that is already ciphertext.
    pub(super) first_ciphertext: Option<usize>,
}

impl Plan {
    /// Walks the document as SOPS does. Without a rule, everything is encrypted.
    ///
    /// # Errors
    /// [`Error::Regex`] if the rule's expression is invalid.
    pub(crate) fn of(document: &Document<'_>, rule: Option<&EncryptionRule>) -> Result<Self> {
        let rule = rule.map(EncryptionRule::compile).transpose()?;
        Ok(Self::compiled(document, rule))
    }

    /// Like [`of`](Self::of), with a compiled rule.
    pub(super) fn compiled(document: &Document<'_>, rule: Option<CompiledRule>) -> Self {
        let mut sites = Sites::with_capacity(document.tape().len());
        let mut values = Values::default();
        let (mut has_comments, mut first_mover, mut unreadable) = (false, None, None);
        // The end of the outermost alias, whose copies are not in the text.
        let mut alias_end = None;
        let selection = Selection::walk(document, rule, |selected, index| {
            let item = &document.tape()[index];
            if let Item::Leaf(leaf) = item
                && is_encryptable(leaf.value.as_ref())
            {
                values.any = true;
                values.any_encrypted |= selected[index];
                if selected[index] && leaf.value.as_ref().is_some_and(is_ciphertext_value) {
                    values.first_ciphertext.get_or_insert(index);
                }
            }
            match alias_end {
                Some(end) if index < end => return,
                _ => alias_end = None,
            }
            match item {
                // Whether the copies of the alias are written is decided at its end.
                Item::Alias { close, .. } => alias_end = Some(*close as usize),
                Item::Leaf(leaf) if !selected[index] => {
                    if unreadable.is_none() {
                        unreadable = document.check_leaf_for_go(leaf).err();
                    }
                    if first_mover.is_none() && document.keeps_blank_lines(leaf) {
                        first_mover = Some(leaf.span);
                    }
                }
                Item::Comment { .. } => has_comments = true,
                _ => {}
            }
            let index = match item {
                Item::Close { open } => *open as usize,
                _ => index,
            };
            let site = sites.add(document, selected, index, item);
            if site.is_some()
                && let Item::Alias { span, .. } = document.tape()[index]
                // An alias of one value is replaced by one value.
                && matches!(document.tape()[index + 1], Item::Open { .. })
            {
                first_mover.get_or_insert(span);
            }
        });
        Self {
            selection,
            sites: sites.in_order(document),
            has_comments,
            first_mover,
            values,
            unreadable,
        }
    }

    /// Finds the sites again after the selection has changed.
    pub(super) fn renew_sites(&mut self, document: &Document<'_>) {
        let mut sites = Sites::with_capacity(self.sites.len());
        for (index, item) in document.written_items() {
            let index = match item {
                Item::Close { open } => *open as usize,
                _ => index,
            };
            sites.add(document, self.selection.items(), index, item);
        }
        self.sites = sites.in_order(document);
    }

    /// Rejects a document that has lost its metadata: a selected value is already encrypted. If it
    /// were encrypted again, the document would look like any other file, but its content would be
    /// lost.
    ///
    /// # Errors
    /// [`Error::Ciphertext`] with the first such value.
    pub(crate) fn refuse_ciphertext(&self, document: &Document<'_>) -> Result<()> {
        match self
            .values
            .first_ciphertext
            .map(|index| &document.tape()[index])
        {
            Some(Item::Leaf(leaf)) => Err(Error::Ciphertext {
                path: document.paths().display(leaf.path),
                location: document.location(leaf.span),
            }),
            _ => Ok(()),
        }
    }

    /// Rejects a document with values if the rule selects none of them, because all of it would
    /// stay in plaintext.
    ///
    /// # Errors
    /// [`Error::NothingSelected`] with the rule and the document's keys.
    pub(crate) fn require_selection(
        &self,
        document: &Document<'_>,
        rule: &EncryptionRule,
    ) -> Result<()> {
        /// How many keys the message lists.
        const NAMED: usize = 20;
        if self.values.any_encrypted || !self.values.any {
            return Ok(());
        }
        let paths = document.paths();
        let mut keys: Vec<&str> = paths.ids().skip(1).map(|id| &**paths.key(id)).collect();
        keys.sort_unstable();
        keys.dedup();
        let more = match keys.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let plural = if keys.len() == 1 { "" } else { "s" };
        keys.truncate(NAMED);
        Err(Error::NothingSelected {
            message: format!(
                "the rule `{rule}` selects none of the document's values, so all of them would stay in plaintext; the document has the key{plural} {}{more}",
                keys.join(", ")
            ),
        })
    }

    /// Rejects text that Go's libraries would read differently, or not at all, in the encrypted
    /// document.
    ///
    /// # Errors
    /// [`sops_document::Error::Unsupported`] with the location.
    pub(super) fn check_for_go(&mut self, document: &Document<'_>) -> Result<()> {
        match self.unreadable.take() {
            Some(error) => Err(error.into()),
            None => Ok(document.check_layout_for_go(|index| self.selection.contains(index))?),
        }
    }
}

/// Where the text changes for an item, given by its index. A `Close` has the index of the item that
/// it ends.
fn site(
    document: &Document<'_>,
    selected: &[bool],
    index: usize,
    item: &Item<'_>,
) -> Option<ReplacedLeaf> {
    let at = match (item, &document.tape()[index]) {
        (Item::Close { .. }, Item::Document { .. }) => document.reserved_offset(index) as u32,
        (Item::Close { .. }, Item::Alias { span, .. }) => {
            let is_written_out = alias::is_written_out(document, selected, index);
            is_written_out.then_some(span.start)?
        }
        (Item::Leaf(leaf), _) if selected[index] && is_encryptable(leaf.value.as_ref()) => {
            ScalarSlot::start_of_value(document, leaf) as u32
        }
        (Item::Comment { .. }, _) if selected[index] => {
            let comment = document.comment(index);
            (!comment.text.is_empty()).then_some(comment.range.start as u32)?
        }
        _ => return None,
    };
    Some(ReplacedLeaf {
        at,
        item: index as u32,
    })
}

/// Where the header of a block scalar changes for the ciphertext. A comment may be between it and
/// the value.
fn header_site(
    document: &Document<'_>,
    selected: &[bool],
    index: usize,
    item: &Item<'_>,
) -> Option<ReplacedLeaf> {
    let Item::Leaf(leaf) = item else { return None };
    if !selected[index] || !is_encryptable(leaf.value.as_ref()) {
        return None;
    }
    ScalarSlot::header_of_token(document, leaf).map(|_| ReplacedLeaf {
        at: leaf.span.start,
        item: index as u32,
    })
}

/// The sites in the order of the tape. That is the document order, except for metadata that cannot
/// go to the very end, and for comments that SOPS finds before the text that they follow, even in
/// the previous document.
struct Sites {
    comments: Vec<ReplacedLeaf>,
    others: Vec<ReplacedLeaf>,
}

impl Sites {
    fn with_capacity(count: usize) -> Self {
        Self {
            comments: Vec::new(),
            others: Vec::with_capacity(count),
        }
    }

    /// Adds the sites of an item, as in [`site`]. Returns the last one.
    fn add(
        &mut self,
        document: &Document<'_>,
        selected: &[bool],
        index: usize,
        item: &Item<'_>,
    ) -> Option<ReplacedLeaf> {
        self.others
            .extend(header_site(document, selected, index, item));
        let site = site(document, selected, index, item)?;
        match item {
            Item::Comment { .. } => self.comments.push(site),
            _ => self.others.push(site),
        }
        Some(site)
    }

    /// All sites in document order.
    fn in_order(self, document: &Document<'_>) -> Vec<ReplacedLeaf> {
        let Self {
            mut comments,
            mut others,
        } = self;
        let order = |site: &ReplacedLeaf| {
            let item = &document.tape()[site.item as usize];
            (site.at, !matches!(item, Item::Document { .. }))
        };
        comments.sort_by_key(|comment| comment.at);
        if !others.is_sorted_by(|one, next| one.at < next.at) {
            others.sort_by_key(order);
        }
        if comments.is_empty() {
            return others;
        }
        let mut sites = Vec::with_capacity(comments.len() + others.len());
        let mut comments = comments.into_iter().peekable();
        for site in others {
            while let Some(comment) = comments.next_if(|comment| comment.at < site.at) {
                sites.push(comment);
            }
            sites.push(site);
        }
        sites.extend(comments);
        sites
    }
}
