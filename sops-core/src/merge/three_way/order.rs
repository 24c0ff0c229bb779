//! The order of entries that are identified by a key.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Whether the keys that both have are in the same order.
pub(super) fn is_in_order<K: Copy + Eq + Hash>(base: &[K], side: &[K]) -> bool {
    let numbers: HashMap<K, usize> = base.iter().copied().zip(0..).collect();
    side.iter().filter_map(|key| numbers.get(key)).is_sorted()
}

/// The keys of the merged entries in the order of `first`. A key that only `second` has follows the
/// same key as in `second`, after the keys that `first` added in that position.
pub(super) fn key_order<K: Copy + Eq + Hash>(
    first: &[K],
    second: &[K],
    is_merged: impl Fn(&K) -> bool,
) -> Vec<K> {
    let in_first: HashSet<K> = first.iter().copied().collect();
    let in_second: HashSet<K> = second.iter().copied().collect();
    let mut following: HashMap<Option<K>, Vec<K>> = HashMap::new();
    let mut anchor = None;
    for key in second.iter().copied() {
        if in_first.contains(&key) {
            anchor = Some(key);
        } else if is_merged(&key) {
            following.entry(anchor).or_default().push(key);
        }
    }
    let mut order = Vec::new();
    let mut pending = following.remove(&None).unwrap_or_default();
    for key in first.iter().copied() {
        if in_second.contains(&key) {
            order.append(&mut pending);
            pending = following.remove(&Some(key)).unwrap_or_default();
        }
        if is_merged(&key) {
            order.push(key);
        }
    }
    order.append(&mut pending);
    order
}
