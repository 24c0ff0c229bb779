//! The checksum of a share: RS1024, a Reed-Solomon code over GF(1024). It detects up to three wrong
//! words, and can locate a single one.

use zeroize::Zeroizing;

/// The number of words in a checksum.
pub(super) const WORDS: usize = 3;

const GENERATOR: [u32; 10] = [
    0xe0e040, 0x1c1c080, 0x3838100, 0x7070200, 0xe0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48,
    0x21b1f890, 0x3f3f120,
];

/// The text that the code covers before the words.
fn customization(is_extendable: bool) -> &'static [u8] {
    match is_extendable {
        true => b"shamir_extendable",
        false => b"shamir",
    }
}

/// The state after another word.
fn next(state: u32, word: u16) -> u32 {
    let top = state >> 20;
    let state = (state & 0xf_ffff) << 10 ^ u32::from(word);
    let is_set = |(bit, _): &(usize, _)| top >> bit & 1 == 1;
    let terms = GENERATOR.iter().enumerate().filter(is_set);
    terms.fold(state, |state, (_, term)| state ^ term)
}

fn remainder(is_extendable: bool, words: impl Iterator<Item = u16>) -> u32 {
    let text = customization(is_extendable).iter().copied().map(u16::from);
    text.chain(words).fold(1, next)
}

/// The checksum, as words to append to `words`.
pub(super) fn of(is_extendable: bool, words: &[u16]) -> [u16; WORDS] {
    let padded = words.iter().copied().chain([0; WORDS]);
    let code = remainder(is_extendable, padded) ^ 1;
    [20, 10, 0].map(|shift| (code >> shift & 0x3ff) as u16)
}

/// Whether the words end with their checksum.
pub(super) fn matches(is_extendable: bool, words: &[u16]) -> bool {
    remainder(is_extendable, words.iter().copied()) == 1
}

/// The index of the only word whose replacement makes the checksum match. `is_extendable` reads
/// that flag from the words.
pub(super) fn wrong_word(words: &[u16], is_extendable: impl Fn(&[u16]) -> bool) -> Option<usize> {
    // The code is linear: a wrong bit changes the remainder by the same amount in all words.
    let errors = [false, true].map(|flag| remainder(flag, words.iter().copied()) ^ 1);
    let mut tried = Zeroizing::new(words.to_vec());
    (0..words.len()).find(|at| {
        let zeros = words.len() - 1 - at;
        let effect = |bit: u32| (0..zeros).fold(next(0, 1 << bit), |state, _| next(state, 0));
        let effects: [u32; 10] = std::array::from_fn(|bit| effect(bit as u32));
        (1..1 << 10).any(|change: u16| {
            let is_set = |(bit, _): &(usize, &u32)| change >> bit & 1 == 1;
            let changed = effects.iter().enumerate().filter(is_set);
            let changed = changed.fold(0, |sum, (_, effect)| sum ^ effect);
            if !errors.contains(&changed) {
                return false;
            }
            tried[*at] = words[*at] ^ change;
            matches(is_extendable(&tried), &tried)
        })
    })
}
