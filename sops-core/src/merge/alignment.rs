//! Aligns two changed lists with their common ancestor.

use std::hash::Hash;
use std::iter::Copied;
use std::ops::Range;
use std::slice::Iter;

use imara_diff::{Algorithm, Diff, InternedInput, TokenSource};

/// A part of three lists, as ranges of their items.
pub(super) enum Region {
    /// One item that is the same in all lists.
    Stable(Trio<usize>),
    /// Items that at least one side changed.
    Changed(Trio<Range<usize>>),
}

/// One item for each of base, ours and theirs.
pub(super) struct Trio<T> {
    pub(super) base: T,
    pub(super) ours: T,
    pub(super) theirs: T,
}

/// The items of a list, for the diff.
struct Tokens<'i, T>(&'i [T]);

impl<'i, T: Copy + Eq + Hash> TokenSource for Tokens<'i, T> {
    type Token = T;
    type Tokenizer = Copied<Iter<'i, T>>;

    fn tokenize(&self) -> Self::Tokenizer {
        self.0.iter().copied()
    }

    fn estimate_tokens(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// The maximum number of items for the histogram algorithm, whose time is quadratic if every second
/// item differs. With more items, Myers's algorithm is used, which stops searching for the shortest
/// result after a while.
const MOST_IN_HISTOGRAM: usize = 4_000;

/// The changed ranges between two lists.
pub(super) fn changes<T: Copy + Eq + Hash>(
    before: &[T],
    after: &[T],
) -> Vec<(Range<usize>, Range<usize>)> {
    let input = InternedInput::new(Tokens(before), Tokens(after));
    let algorithm = match before.len() + after.len() > MOST_IN_HISTOGRAM {
        true => Algorithm::Myers,
        false => Algorithm::Histogram,
    };
    let diff = Diff::compute(algorithm, &input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks()
        .map(|hunk| (range(hunk.before), range(hunk.after)))
        .collect()
}

/// For each item of `base`, its position in `side`, if it is unchanged there.
pub(super) fn positions<T: Copy + Eq + Hash>(base: &[T], side: &[T]) -> Vec<Option<usize>> {
    let mut positions = vec![None; base.len()];
    let (mut in_base, mut in_side) = (0, 0);
    let end = (base.len()..base.len(), side.len()..side.len());
    for (removed, added) in changes(base, side).into_iter().chain([end]) {
        while in_base < removed.start {
            positions[in_base] = Some(in_side);
            in_base += 1;
            in_side += 1;
        }
        (in_base, in_side) = (removed.end, added.end);
    }
    positions
}

/// The lists as regions, in order.
pub(super) fn align<T: Copy + Eq + Hash>(base: &[T], ours: &[T], theirs: &[T]) -> Vec<Region> {
    let in_ours = positions(base, ours);
    let in_theirs = positions(base, theirs);
    let mut regions = Vec::new();
    let mut start = Trio {
        base: 0,
        ours: 0,
        theirs: 0,
    };
    let mut changed_until = |end: Trio<usize>, next: usize, regions: &mut Vec<Region>| {
        let region = Trio {
            base: start.base..end.base,
            ours: start.ours..end.ours,
            theirs: start.theirs..end.theirs,
        };
        if !(region.base.is_empty() && region.ours.is_empty() && region.theirs.is_empty()) {
            regions.push(Region::Changed(region));
        }
        start = Trio {
            base: end.base + next,
            ours: end.ours + next,
            theirs: end.theirs + next,
        };
    };
    for (index, places) in in_ours.into_iter().zip(in_theirs).enumerate() {
        if let (Some(ours), Some(theirs)) = places {
            let item = || Trio {
                base: index,
                ours,
                theirs,
            };
            changed_until(item(), 1, &mut regions);
            regions.push(Region::Stable(item()));
        }
    }
    let end = Trio {
        base: base.len(),
        ours: ours.len(),
        theirs: theirs.len(),
    };
    changed_until(end, 0, &mut regions);
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions(base: &str, ours: &str, theirs: &str) -> Vec<String> {
        let [b, o, t] = [base, ours, theirs].map(|text| text.as_bytes().to_vec());
        align(&b, &o, &t)
            .into_iter()
            .map(|region| match region {
                Region::Stable(item) => base[item.base..=item.base].to_owned(),
                Region::Changed(Trio {
                    base: b,
                    ours: o,
                    theirs: t,
                }) => format!("{}|{}|{}", &base[b], &ours[o], &theirs[t]),
            })
            .collect()
    }

    #[test]
    fn unchanged_items_separate_the_changes() {
        assert_eq!(regions("abc", "abc", "abc"), ["a", "b", "c"]);
        assert_eq!(
            regions("abc", "xabc", "abcy"),
            ["|x|", "a", "b", "c", "||y"]
        );
        assert_eq!(
            regions("abcd", "aXcd", "abcY"),
            ["a", "b|X|b", "c", "d|d|Y"]
        );
        assert_eq!(regions("abc", "ac", "abZ"), ["a", "bc|c|bZ"]);
        assert_eq!(regions("", "a", "b"), ["|a|b"]);
    }
}
