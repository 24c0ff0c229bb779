//! The 1024 words of SLIP-39. `words.txt` is the list of the specification, as its reference
//! implementation has it (<https://github.com/trezor/python-shamir-mnemonic>, under the MIT license).

/// The number of letters that identify a word.
const LETTERS: usize = 4;

/// The words, in alphabetical order.
fn list() -> impl Iterator<Item = &'static str> {
    include_str!("words.txt").lines()
}

/// The words with these numbers.
pub(super) fn of(numbers: &[u16]) -> impl Iterator<Item = &'static str> {
    let words: Vec<&str> = list().collect();
    numbers
        .iter()
        .map(move |number| words[usize::from(*number)])
}

/// The number of a word, in any case. Its first four letters are enough.
pub(super) fn number(text: &str) -> Option<u16> {
    let is_meant =
        |word: &str| text.eq_ignore_ascii_case(word) || text.eq_ignore_ascii_case(&word[..LETTERS]);
    let at = list().position(is_meant)?;
    u16::try_from(at).ok()
}
