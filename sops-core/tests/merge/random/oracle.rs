//! A merge of parsed trees by key path, written without the library.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use sops_core::merge::SideName;

/// The merged tree, with conflicts resolved to one side.
pub(super) struct Oracle {
    pub(super) tree: Json,
    pub(super) conflicts: BTreeSet<String>,
}

struct Merge {
    side: SideName,
    conflicts: Vec<String>,
}

impl Oracle {
    pub(super) fn merge(base: &Json, ours: &Json, theirs: &Json, side: SideName) -> Self {
        let mut merge = Merge {
            side,
            conflicts: Vec::new(),
        };
        let tree = merge.node(Some(base), Some(ours), Some(theirs), "");
        Self {
            tree: tree.expect("the top level stays"),
            conflicts: merge.conflicts.into_iter().collect(),
        }
    }
}

impl Merge {
    fn conflict(&mut self, ours: Option<&Json>, theirs: Option<&Json>, path: &str) -> Option<Json> {
        self.conflicts.push(path.to_owned());
        match self.side {
            SideName::Ours => ours.cloned(),
            SideName::Theirs => theirs.cloned(),
        }
    }

    fn node(
        &mut self,
        base: Option<&Json>,
        ours: Option<&Json>,
        theirs: Option<&Json>,
        path: &str,
    ) -> Option<Json> {
        if ours == theirs || base == theirs {
            return ours.cloned();
        }
        if base == ours {
            return theirs.cloned();
        }
        match (ours, theirs) {
            (Some(Json::Object(in_ours)), Some(Json::Object(in_theirs))) => {
                let empty = Map::new();
                let in_base = base.and_then(Json::as_object).unwrap_or(&empty);
                Some(self.mapping(in_base, in_ours, in_theirs, path))
            }
            (Some(Json::Array(in_ours)), Some(Json::Array(in_theirs))) => {
                let in_base = base.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
                let recorded = self.conflicts.len();
                match self.items(in_base, in_ours, in_theirs, path) {
                    Some(items) => Some(Json::Array(items)),
                    None => {
                        self.conflicts.truncate(recorded);
                        self.conflict(ours, theirs, path)
                    }
                }
            }
            _ => self.conflict(ours, theirs, path),
        }
    }

    fn mapping(
        &mut self,
        base: &Map<String, Json>,
        ours: &Map<String, Json>,
        theirs: &Map<String, Json>,
        path: &str,
    ) -> Json {
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let mut merged = Map::new();
        for key in keys {
            let path = format!("{path}[\"{key}\"]");
            if let Some(value) = self.node(base.get(key), ours.get(key), theirs.get(key), &path) {
                merged.insert(key.clone(), value);
            }
        }
        Json::Object(merged)
    }

    fn pairs(
        &mut self,
        base: &[Json],
        ours: &[Json],
        theirs: &[Json],
        start: usize,
        path: &str,
    ) -> Vec<Json> {
        let items = base.iter().zip(ours).zip(theirs).enumerate();
        let items = items.filter_map(|(number, ((base, ours), theirs))| {
            let path = format!("{path}[{}]", start + number);
            self.node(Some(base), Some(ours), Some(theirs), &path)
        });
        items.collect()
    }

    /// `None` if both sides added or removed items in the same position.
    fn items(
        &mut self,
        base: &[Json],
        ours: &[Json],
        theirs: &[Json],
        path: &str,
    ) -> Option<Vec<Json>> {
        if base.len() == ours.len() && base.len() == theirs.len() {
            return Some(self.pairs(base, ours, theirs, 0, path));
        }
        let (in_ours, in_theirs) = (common(base, ours), common(base, theirs));
        let mut merged = Vec::new();
        let (mut b, mut o, mut t) = (0, 0, 0);
        for end in 0..=base.len() {
            let next = match end < base.len() {
                true => in_ours[end].zip(in_theirs[end]),
                false => Some((ours.len(), theirs.len())),
            };
            let Some((end_o, end_t)) = next else { continue };
            let (old, left, right) = (&base[b..end], &ours[o..end_o], &theirs[t..end_t]);
            if left == old {
                merged.extend_from_slice(right);
            } else if right == old || left == right {
                merged.extend_from_slice(left);
            } else if old.len() == left.len() && old.len() == right.len() {
                merged.extend(self.pairs(old, left, right, o, path));
            } else {
                return None;
            }
            merged.extend(base.get(end).cloned());
            (b, o, t) = (end + 1, end_o + 1, end_t + 1);
        }
        Some(merged)
    }
}

/// For each item of `base`, its position in `side` in a longest common subsequence.
fn common(base: &[Json], side: &[Json]) -> Vec<Option<usize>> {
    let mut lengths = vec![vec![0; side.len() + 1]; base.len() + 1];
    for i in (0..base.len()).rev() {
        for j in (0..side.len()).rev() {
            lengths[i][j] = match base[i] == side[j] {
                true => lengths[i + 1][j + 1] + 1,
                false => lengths[i + 1][j].max(lengths[i][j + 1]),
            };
        }
    }
    let mut positions = vec![None; base.len()];
    let (mut i, mut j) = (0, 0);
    while i < base.len() && j < side.len() {
        if base[i] == side[j] {
            positions[i] = Some(j);
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    positions
}
