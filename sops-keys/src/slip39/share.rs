//! One share, and its text.

use std::fmt;
use std::str::FromStr;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{checksum, words};
use crate::error::{Error, Result};
use crate::gf256::Point;

/// The number of words before the value; they identify the split and the share.
const HEADER_WORDS: usize = 4;
/// The number of words in a share of the shortest secret, which has 128 bits.
const MIN_WORDS: usize = 20;
const WORD_BITS: usize = 10;

/// The properties that all shares of one split have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SplitId {
    /// A number of 15 bits.
    pub(crate) identifier: u16,
    /// Whether the secret does not depend on the identifier, so that it can be split again.
    pub(crate) is_extendable: bool,
    /// The iteration exponent: each increment doubles the number of iterations.
    pub(crate) exponent: u8,
    /// How many shares are needed.
    pub(crate) threshold: u8,
}

/// One share of a secret. It is never printed, except with [`words`](Self::words).
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    pub(super) id: SplitId,
    /// The x coordinate, from 0.
    pub(super) index: u8,
    pub(super) value: Zeroizing<Vec<u8>>,
}

impl Share {
    /// The number of the share in its split, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.index + 1
    }

    /// How many shares of the split recover the secret.
    #[must_use]
    pub fn threshold(&self) -> u8 {
        self.id.threshold
    }

    /// The text of the share: words, separated by spaces. With enough others, it reveals the secret.
    #[must_use]
    pub fn words(&self) -> SecretString {
        let SplitId {
            identifier,
            is_extendable,
            exponent,
            threshold,
        } = self.id;
        // The zeros are the only group of a split: its index, its threshold - 1, and the number of
        // groups - 1.
        let header = u64::from(identifier) << 25
            | u64::from(is_extendable) << 24
            | u64::from(exponent) << 20
            | u64::from(self.index) << 4
            | u64::from(threshold - 1);
        let mut numbers = Zeroizing::new(Vec::with_capacity(40));
        numbers.extend([30, 20, 10, 0].map(|shift| (header >> shift & 0x3ff) as u16));
        push_value(&mut numbers, &self.value);
        let checksum = checksum::of(is_extendable, &numbers);
        numbers.extend(checksum);
        let words: Vec<&str> = words::of(&numbers).collect();
        SecretString::from(words.join(" "))
    }

    /// Checks that the share can be used together with earlier ones.
    ///
    /// # Errors
    ///
    /// [`Error::Share`] if it is from a different split, or if one of the others has its number.
    pub fn check_with(&self, earlier: &[Self]) -> Result<()> {
        let number = self.number();
        for other in earlier {
            if self.id != other.id || self.value.len() != other.value.len() {
                let message = format!(
                    "share {number} is from a different split than share {}, which was given before it",
                    other.number()
                );
                return Err(Error::share(message));
            }
            if self.index == other.index {
                return Err(Error::share(match self.value == other.value {
                    true => format!("share {number} was given twice"),
                    false => format!("there are two different shares with the number {number}"),
                }));
            }
        }
        Ok(())
    }

    pub(super) fn point(&self) -> Point<'_> {
        (self.index, &self.value)
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({}, …)", self.number())
    }
}

impl FromStr for Share {
    type Err = Error;

    /// Reads the words of a share, in any case. The first four letters of a word are enough.
    fn from_str(text: &str) -> Result<Self> {
        let mut numbers = Zeroizing::new(Vec::with_capacity(64));
        for (at, word) in text.split_whitespace().enumerate() {
            let word_number = at + 1;
            numbers.push(words::number(word).ok_or_else(|| Error::Share {
                message: format!("word {word_number} is not in the SLIP-39 word list"),
                word: Some(word_number),
            })?);
        }
        let count = numbers.len();
        if count < MIN_WORDS || value_padding(count) > 8 {
            let message = format!("it has {count} words, but a share of an age key has 33");
            return Err(Error::share(message));
        }
        if !checksum::matches(is_extendable(&numbers), &numbers) {
            let word = checksum::wrong_word(&numbers, is_extendable).map(|at| at + 1);
            let message = match word {
                Some(number) => format!(
                    "the checksum does not match; if only one word is wrong, it is word {number}"
                ),
                None => {
                    "the checksum does not match; several words are wrong, or in the wrong order"
                        .to_owned()
                }
            };
            return Err(Error::Share { message, word });
        }
        Self::from_numbers(&numbers)
    }
}

impl Share {
    /// Reads the numbers of words whose checksum matches.
    fn from_numbers(numbers: &[u16]) -> Result<Self> {
        let join = |header: u64, number: &u16| header << WORD_BITS | u64::from(*number);
        let header = numbers[..HEADER_WORDS].iter().fold(0, join);
        let field = |shift: u32| (header >> shift & 0xf) as u8;
        let (group, group_threshold, groups) = (field(16), field(12), field(8));
        if (group, group_threshold, groups) != (0, 0, 0) {
            let message = "it is from a split into several groups, which sops-rs does not support";
            return Err(Error::share(message));
        }
        let id = SplitId {
            // The shift leaves 15 bits.
            identifier: (header >> 25) as u16,
            is_extendable: is_extendable(numbers),
            exponent: field(20),
            threshold: field(0) + 1,
        };
        let value =
            value(&numbers[HEADER_WORDS..numbers.len() - checksum::WORDS]).ok_or_else(|| {
                Error::share("its words are valid, but it is not a share of an age key")
            })?;
        Ok(Self {
            id,
            index: field(4),
            value,
        })
    }
}

/// The bit of the header that also selects the checksum.
fn is_extendable(numbers: &[u16]) -> bool {
    numbers[1] >> 4 & 1 == 1
}

/// The number of zero bits before the value, in a share with that number of words. The value has a
/// multiple of 16 bits.
fn value_padding(words: usize) -> usize {
    (words - HEADER_WORDS - checksum::WORDS) * WORD_BITS % 16
}

/// Appends the value, with zero bits before it.
fn push_value(numbers: &mut Vec<u16>, value: &[u8]) {
    let bits = value.len() * 8;
    let (mut pending, mut pending_bits) = (0u32, bits.next_multiple_of(WORD_BITS) - bits);
    for byte in value {
        pending = pending << 8 | u32::from(*byte);
        pending_bits += 8;
        if pending_bits >= WORD_BITS {
            pending_bits -= WORD_BITS;
            numbers.push((pending >> pending_bits) as u16);
            pending &= (1 << pending_bits) - 1;
        }
    }
}

/// The value in those words; `None` if bits before it are set.
fn value(numbers: &[u16]) -> Option<Zeroizing<Vec<u8>>> {
    let bits = numbers.len() * WORD_BITS;
    let padding = bits % 16;
    let first = numbers.first()?;
    if usize::from(*first) >> (WORD_BITS - padding) != 0 {
        return None;
    }
    let mut value = Zeroizing::new(Vec::with_capacity(bits / 8));
    let (mut pending, mut pending_bits) = (u32::from(*first), WORD_BITS - padding);
    let mut rest = numbers[1..].iter();
    loop {
        while pending_bits >= 8 {
            pending_bits -= 8;
            value.push((pending >> pending_bits) as u8);
            pending &= (1 << pending_bits) - 1;
        }
        match rest.next() {
            Some(number) => pending = pending << WORD_BITS | u32::from(*number),
            None => return Some(value),
        }
        pending_bits += WORD_BITS;
    }
}
