//! Finds the positions in text where one of many patterns may begin, several times as fast as an
//! automaton that takes a step for each byte.

use crate::SHORTEST;

/// The length of a group in bytes. The filter looks only at every fourth position, so it knows the
/// groups at the first four positions of each pattern: one of them is at a position it looks at.
const GROUP: usize = 4;

/// The first bytes of all patterns, in two sets with false positives.
pub(crate) struct Filter {
    /// The groups at the first four positions of each pattern.
    groups: BitSet,
    /// The first [`SHORTEST`] bytes of each pattern.
    starts: BitSet,
}

impl Filter {
    /// A filter for patterns of at least [`SHORTEST`] bytes.
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [u8]> + Clone) -> Self {
        let count = patterns.clone().count();
        let mut filter = Self {
            groups: BitSet::for_values(GROUP * count),
            starts: BitSet::for_values(count),
        };
        for pattern in patterns {
            for group in pattern[..SHORTEST - 1].windows(GROUP) {
                filter.groups.insert(group_hash(group));
            }
            filter.starts.insert(start_hash(&pattern[..SHORTEST]));
        }
        filter
    }

    /// The first position at or after `at` where the first [`SHORTEST`] bytes of a pattern may be.
    pub(crate) fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut first = at;
        loop {
            // A pattern that begins at one of the positions `first` to `first + 3` contains the
            // group at `first + 3`.
            let groups = text.get(first + GROUP - 1..)?.chunks_exact(GROUP);
            let hit = groups
                .map(group_hash)
                .position(|group| self.groups.contains(group))?;
            first += hit * GROUP;
            for start in first..first + GROUP {
                let bytes = text.get(start..start + SHORTEST)?;
                if self.starts.contains(start_hash(bytes)) {
                    return Some(start);
                }
            }
            first += GROUP;
        }
    }
}

/// A set of hashes that compares only their highest bits.
struct BitSet {
    words: Vec<u64>,
    /// How far to shift a hash to the right.
    shift: u32,
}

impl BitSet {
    fn for_values(count: usize) -> Self {
        // At 64 bits for each value, 1.6% of all other values are false positives. The smallest set
        // fits into the fastest cache, the largest one into the next.
        let bits = (64 * count).next_power_of_two().clamp(1 << 16, 1 << 23);
        Self {
            words: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
        }
    }

    fn insert(&mut self, hash: u64) {
        let at = hash >> self.shift;
        self.words[(at / 64) as usize] |= 1 << (at % 64);
    }

    fn contains(&self, hash: u64) -> bool {
        let at = hash >> self.shift;
        self.words[(at / 64) as usize] >> (at % 64) & 1 == 1
    }
}

/// An odd multiplier whose highest bits mix all bits of the factor: 2^64 divided by the golden
/// ratio.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

fn group_hash(group: &[u8]) -> u64 {
    let group: [u8; GROUP] = group.try_into().expect("a group has four bytes");
    u64::from(u32::from_le_bytes(group)).wrapping_mul(MULTIPLIER)
}

fn start_hash(start: &[u8]) -> u64 {
    let start: [u8; SHORTEST] = start.try_into().expect("a start has eight bytes");
    u64::from_le_bytes(start).wrapping_mul(MULTIPLIER)
}
