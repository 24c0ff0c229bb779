//! Determines which items of two lists correspond.

use std::collections::{HashMap, HashSet, VecDeque};

use super::contents::{ComparedNode, NodeKind};

/// The keys that name an item of a list.
const NAMES: [&str; 3] = ["name", "id", "key"];

/// How two lists differ. All indexes are in order.
#[derive(Default, Debug, PartialEq)]
pub(super) struct Alignment {
    /// The items that correspond, as indexes of the old and the new list.
    pub(super) pairs: Vec<(usize, usize)>,
    /// The pairs of equal items that changed places with others.
    pub(super) moved: HashSet<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
}

impl Alignment {
    /// Pairs equal items, then items with the same name, then others in the same gap between equal
    /// items. The time is nearly linear in the length of the lists.
    pub(super) fn of(old: &[ComparedNode], new: &[ComparedNode]) -> Self {
        let digest = |node: &ComparedNode| Some(node.digest);
        let mut pairing = Pairing::new(old, new);
        pairing.pair_ends();
        pairing.pair_by(digest);
        let equal = pairing.pairs.clone();
        let kept: HashSet<(usize, usize)> = longest_rising(&equal).into_iter().collect();
        pairing.pair_by(name);
        pairing.pair_gaps(&kept);
        let mut pairs = pairing.pairs;
        pairs.sort_unstable_by_key(|(_, new)| *new);
        Self {
            moved: equal
                .into_iter()
                .filter(|pair| !kept.contains(pair))
                .collect(),
            removed: unpaired(&pairing.is_old_paired),
            added: unpaired(&pairing.is_new_paired),
            pairs,
        }
    }
}

/// The pairs so far.
struct Pairing<'n> {
    old: &'n [ComparedNode],
    new: &'n [ComparedNode],
    is_old_paired: Vec<bool>,
    is_new_paired: Vec<bool>,
    pairs: Vec<(usize, usize)>,
}

impl<'n> Pairing<'n> {
    fn new(old: &'n [ComparedNode], new: &'n [ComparedNode]) -> Self {
        Self {
            old,
            new,
            is_old_paired: vec![false; old.len()],
            is_new_paired: vec![false; new.len()],
            pairs: Vec::new(),
        }
    }

    fn pair(&mut self, old: usize, new: usize) {
        self.is_old_paired[old] = true;
        self.is_new_paired[new] = true;
        self.pairs.push((old, new));
    }

    /// Pairs equal items at both ends, where most lists do not change.
    fn pair_ends(&mut self) {
        let is_equal = |(old, new): &(&ComparedNode, &ComparedNode)| old.digest == new.digest;
        let start = self.old.iter().zip(self.new).take_while(is_equal).count();
        let rest = (&self.old[start..], &self.new[start..]);
        let ends = rest.0.iter().rev().zip(rest.1.iter().rev());
        let end = ends.take_while(is_equal).count();
        for index in 0..start {
            self.pair(index, index);
        }
        for index in 1..=end {
            self.pair(self.old.len() - index, self.new.len() - index);
        }
    }

    /// Pairs the remaining items with the same mark, in order.
    fn pair_by(&mut self, mark: impl Fn(&ComparedNode) -> Option<u64>) {
        let mut by_mark: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for index in unpaired(&self.is_old_paired) {
            if let Some(mark) = mark(&self.old[index]) {
                by_mark.entry(mark).or_default().push_back(index);
            }
        }
        for index in unpaired(&self.is_new_paired) {
            let same = mark(&self.new[index]).and_then(|mark| by_mark.get_mut(&mark));
            if let Some(old) = same.and_then(VecDeque::pop_front) {
                self.pair(old, index);
            }
        }
    }

    /// Pairs the remaining items between the same kept pairs, in order, if they have the same shape
    /// and no name.
    fn pair_gaps(&mut self, kept: &HashSet<(usize, usize)>) {
        let mut kept: Vec<(usize, usize)> = kept.iter().copied().collect();
        kept.sort_unstable();
        let mut olds = unpaired(&self.is_old_paired).into_iter().peekable();
        let mut news = unpaired(&self.is_new_paired).into_iter().peekable();
        let end = (self.old.len(), self.new.len());
        for (old_end, new_end) in kept.into_iter().chain([end]) {
            let gap_of_old = std::iter::from_fn(|| olds.next_if(|index| *index < old_end));
            let gap_of_new = std::iter::from_fn(|| news.next_if(|index| *index < new_end));
            let (gap_of_old, gap_of_new): (Vec<_>, Vec<_>) =
                (gap_of_old.collect(), gap_of_new.collect());
            for (old, new) in gap_of_old.into_iter().zip(gap_of_new) {
                let (left, right) = (&self.old[old], &self.new[new]);
                let is_named = name(left).is_some() || name(right).is_some();
                let is_same_shape =
                    std::mem::discriminant(&left.kind) == std::mem::discriminant(&right.kind);
                if is_same_shape && !is_named {
                    self.pair(old, new);
                }
            }
        }
    }
}

/// The digest of what names an item: the kind and the name of a Kubernetes object, or a key such as
/// `name`.
fn name(node: &ComparedNode) -> Option<u64> {
    let object = [
        &["kind"][..],
        &["metadata", "name"],
        &["metadata", "namespace"],
    ];
    let parts = object.map(|path| at(node, path).map(|node| node.digest));
    if let [Some(kind), Some(name), namespace] = parts {
        return Some(kind ^ name.rotate_left(1) ^ namespace.unwrap_or(0).rotate_left(2));
    }
    let mut names = NAMES.into_iter();
    names.find_map(|key| {
        let node = at(node, &[key])?;
        matches!(node.kind, NodeKind::Scalar(_)).then_some(node.digest)
    })
}

fn at<'n>(node: &'n ComparedNode, path: &[&str]) -> Option<&'n ComparedNode> {
    path.iter().try_fold(node, |node, name| match &node.kind {
        NodeKind::Mapping(entries) => {
            let entry = entries.iter().find(|(key, _)| key == name);
            entry.map(|(_, node)| node)
        }
        _ => None,
    })
}

fn unpaired(is_paired: &[bool]) -> Vec<usize> {
    let indexes = is_paired.iter().enumerate();
    indexes
        .filter(|(_, paired)| !**paired)
        .map(|(index, _)| index)
        .collect()
}

/// The longest list of pairs in which both indexes rise: the items that kept their order.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable_by_key(|(_, new)| *new);
    // The last pairs of the best lists of each length, and the pair before each.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (old, _)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].0 < *old);
        before.push(length.checked_sub(1).map(|previous| ends[previous]));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut rising = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(index) = next {
        rising.push(pairs[index]);
        next = before[index];
    }
    rising.reverse();
    rising
}
