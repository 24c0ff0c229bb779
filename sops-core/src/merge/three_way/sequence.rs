//! Merges lists: item by item if all have the same length, otherwise around the items that did not
//! change or that have the same name.

use std::collections::HashSet;

use sops_document::{Collection, Component};

use super::{Base, MergedPiece, ThreeWay, whole};
use crate::merge::alignment::{Region, Trio, align};
use crate::merge::outline::{Container, ContentHash, Piece, hash_of_container};
use crate::merge::{ConflictKind, SideName};

impl ThreeWay<'_> {
    /// The documents of a stream.
    pub(super) fn stream<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> Vec<MergedPiece<'p, 't>> {
        match (base, &ours.entries[..], &theirs.entries[..]) {
            // Both sides added the file.
            (Base::Known(None), [ours], [theirs]) => self
                .item(Base::Known(None), ours, theirs)
                .into_iter()
                .collect(),
            _ => self.sequence(base, ours, theirs),
        }
    }

    pub(super) fn sequence<'p, 't>(
        &mut self,
        base: Base<&'p Container<'t>>,
        ours: &'p Container<'t>,
        theirs: &'p Container<'t>,
    ) -> Vec<MergedPiece<'p, 't>> {
        let recorded = self.conflicts.len();
        let (ours, theirs) = (&ours.entries[..], &theirs.entries[..]);
        let base: Base<&[Piece<'t>]> = match base {
            Base::Known(base) => Base::Known(Some(base.map_or(&[][..], |base| &base.entries))),
            Base::Unknown => Base::Unknown,
        };
        let entries = match base {
            Base::Known(base) => {
                let base = base.unwrap_or_default();
                if base.len() == ours.len() && base.len() == theirs.len() {
                    Some(self.items(base, ours, theirs))
                } else {
                    self.aligned(base, ours, theirs)
                }
            }
            Base::Unknown if ours.len() == theirs.len() => {
                let items = ours.iter().zip(theirs);
                let items = items.map(|(ours, theirs)| self.item(Base::Unknown, ours, theirs));
                Some(items.flatten().collect())
            }
            Base::Unknown => None,
        };
        entries.unwrap_or_else(|| {
            self.conflicts.truncate(recorded);
            let side = self.conflict(ConflictKind::Value);
            let items = match side {
                SideName::Ours => ours,
                SideName::Theirs => theirs,
            };
            items.iter().map(|item| whole(side, item)).collect()
        })
    }

    /// Items with the same number on all sides.
    fn items<'p, 't>(
        &mut self,
        base: &'p [Piece<'t>],
        ours: &'p [Piece<'t>],
        theirs: &'p [Piece<'t>],
    ) -> Vec<MergedPiece<'p, 't>> {
        let items = base.iter().zip(ours).zip(theirs);
        let items =
            items.map(|((base, ours), theirs)| self.item(Base::Known(Some(base)), ours, theirs));
        items.flatten().collect()
    }

    fn item<'p, 't>(
        &mut self,
        base: Base<&'p Piece<'t>>,
        ours: &'p Piece<'t>,
        theirs: &'p Piece<'t>,
    ) -> Option<MergedPiece<'p, 't>> {
        let is_document = !self.is_below_stream;
        match is_document {
            true => self.document = ours.index,
            false => self.path.push(Component::Index(ours.index)),
        }
        let merged = self.entry(base, Some(ours), Some(theirs));
        if !is_document {
            self.path.pop();
        }
        merged
    }

    /// Items of lists to which items were added, or from which some were removed. `None`: both
    /// sides did so in the same position.
    fn aligned<'p, 't>(
        &mut self,
        base: &'p [Piece<'t>],
        ours: &'p [Piece<'t>],
        theirs: &'p [Piece<'t>],
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let hashes = |items: &[Piece<'_>]| -> Vec<ContentHash> {
            items.iter().map(|item| item.hash).collect()
        };
        let (in_base, in_ours, in_theirs) = (hashes(base), hashes(ours), hashes(theirs));
        let mut merged = Vec::new();
        for region in align(&in_base, &in_ours, &in_theirs) {
            let Trio {
                base: b,
                ours: o,
                theirs: t,
            } = match region {
                Region::Stable(at) => {
                    let base = Base::Known(Some(&base[at.base]));
                    merged.extend(self.item(base, &ours[at.ours], &theirs[at.theirs]));
                    continue;
                }
                Region::Changed(region) => region,
            };
            let (hashes_of_ours, hashes_of_theirs) = (&in_ours[o.clone()], &in_theirs[t.clone()]);
            if hashes_of_ours == &in_base[b.clone()] {
                merged.extend(theirs[t].iter().map(|item| whole(SideName::Theirs, item)));
            } else if hashes_of_theirs == &in_base[b.clone()] || hashes_of_ours == hashes_of_theirs
            {
                merged.extend(ours[o].iter().map(|item| whole(SideName::Ours, item)));
            } else if b.len() == o.len() && b.len() == t.len() {
                merged.extend(self.items(&base[b], &ours[o], &theirs[t]));
            } else {
                merged.extend(self.identified(&base[b], &ours[o], &theirs[t])?);
            }
        }
        Some(merged)
    }

    /// Items that are matched by their names: objects by kind and name, other mappings by `name`.
    fn identified<'p, 't>(
        &mut self,
        base: &'p [Piece<'t>],
        ours: &'p [Piece<'t>],
        theirs: &'p [Piece<'t>],
    ) -> Option<Vec<MergedPiece<'p, 't>>> {
        let is_document = !self.is_below_stream;
        let names = |items: &[Piece<'_>]| identities(items, is_document);
        let (of_base, of_ours, of_theirs) = (names(base)?, names(ours)?, names(theirs)?);
        let mut merged = Vec::new();
        for region in align(&of_base, &of_ours, &of_theirs) {
            match region {
                Region::Stable(at) => {
                    let base = Base::Known(Some(&base[at.base]));
                    merged.extend(self.item(base, &ours[at.ours], &theirs[at.theirs]));
                }
                Region::Changed(Trio {
                    base: b,
                    ours: o,
                    theirs: t,
                }) => {
                    // Items that one side added, or removed and the other side did not change.
                    let is_unchanged = |side: &[Piece<'_>]| {
                        let hashes = side.iter().map(|item| item.hash);
                        hashes.eq(base[b.clone()].iter().map(|item| item.hash))
                    };
                    let (side, items) = if is_unchanged(&ours[o.clone()]) {
                        (SideName::Theirs, &theirs[t])
                    } else if is_unchanged(&theirs[t.clone()]) {
                        (SideName::Ours, &ours[o])
                    } else {
                        return None;
                    };
                    merged.extend(items.iter().map(|item| whole(side, item)));
                }
            }
        }
        Some(merged)
    }
}

/// The identities of items; `None` if an item lacks one, or two items share one.
fn identities(items: &[Piece<'_>], are_documents: bool) -> Option<Vec<ContentHash>> {
    let identities = items.iter().map(|item| identity(item, are_documents));
    let identities: Vec<ContentHash> = identities.collect::<Option<_>>()?;
    let mut seen = HashSet::new();
    identities
        .iter()
        .all(|identity| seen.insert(*identity))
        .then_some(identities)
}

/// The identity of an item, which stays the same while its other values change.
fn identity(item: &Piece<'_>, is_document: bool) -> Option<ContentHash> {
    let mapping = item
        .container()
        .filter(|container| container.kind == Collection::Mapping)?;
    let value = |container: &Container<'_>, key: &str| -> Option<ContentHash> {
        let entry = container.entries.iter().find(|entry| entry.key == key)?;
        Some(entry.hash)
    };
    if !is_document {
        return value(mapping, "name");
    }
    let metadata = mapping.entries.iter().find(|entry| entry.key == "metadata");
    let metadata = metadata.and_then(Piece::container);
    let parts = [
        value(mapping, "kind"),
        metadata.and_then(|metadata| value(metadata, "namespace")),
        metadata.and_then(|metadata| value(metadata, "name")),
    ];
    let parts = parts.into_iter().flatten().map(|hash| ("", hash));
    let keys = mapping
        .entries
        .iter()
        .map(|entry| (&*entry.key, ContentHash::default()));
    Some(match value(mapping, "kind") {
        Some(_) => hash_of_container(Collection::Sequence, parts),
        None => hash_of_container(Collection::Mapping, keys),
    })
}
