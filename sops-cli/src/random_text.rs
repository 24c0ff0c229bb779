//! New random secrets, such as the passwords that `--generate` creates.

use std::fmt;
use std::str::FromStr;

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{Rng, RngExt as _};
use zeroize::Zeroizing;

/// The alphabets, which the help of `--generate` lists with their entropy.
const ALPHABETS: [Alphabet; 6] = [
    Alphabet {
        name: "alnum",
        characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    },
    Alphabet {
        name: "lower",
        characters: "abcdefghijklmnopqrstuvwxyz0123456789",
    },
    Alphabet {
        name: "digits",
        characters: "0123456789",
    },
    Alphabet {
        name: "hex",
        characters: "0123456789abcdef",
    },
    Alphabet {
        name: "base64url",
        characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    },
    Alphabet {
        name: "ascii",
        characters: "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
    },
];

/// The longest text that can be requested.
const MAX_LENGTH: usize = 4_096;

/// Below this, trying all strings is feasible for an attacker who can test them offline.
const WEAK_BITS: f64 = 64.0;

/// The characters of a random string. Each is a single byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alphabet {
    name: &'static str,
    characters: &'static str,
}

/// A request for a random string: its length and its alphabet, such as `32` or `64:hex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RandomText {
    length: usize,
    alphabet: Alphabet,
}

impl RandomText {
    /// A new random string. The system's generator chooses each character, all with the same
    /// probability.
    ///
    /// # Panics
    /// If the system's generator fails.
    pub(crate) fn generate(self) -> Zeroizing<String> {
        // `random_range` rejects the numbers that a remainder would favor.
        self.generate_with(&mut UnwrapErr(SysRng))
    }

    fn generate_with(self, random: &mut impl Rng) -> Zeroizing<String> {
        let characters = self.alphabet.characters.as_bytes();
        let mut text = Zeroizing::new(String::with_capacity(self.length));
        for _ in 0..self.length {
            text.push(char::from(
                characters[random.random_range(0..characters.len())],
            ));
        }
        text
    }

    /// The entropy of the strings, in bits.
    pub(crate) fn bits(self) -> f64 {
        let count = self.alphabet.characters.len() as f64;
        self.length as f64 * count.log2()
    }

    /// A warning if the strings are so short that they can be guessed.
    pub(crate) fn weakness(self) -> Option<String> {
        let is_weak = self.bits() < WEAK_BITS;
        is_weak.then(|| {
            format!(
                "`{self}` has {:.0} bits of entropy, so it can be guessed offline; use at least {} characters",
                self.bits().floor(),
                (WEAK_BITS / (self.bits() / self.length as f64)).ceil()
            )
        })
    }
}

impl FromStr for RandomText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (length, name) = text.split_once(':').unwrap_or((text, ALPHABETS[0].name));
        let length = length.parse().ok();
        let Some(length) = length.filter(|length| (1..=MAX_LENGTH).contains(length)) else {
            return Err(format!(
                "the length must be a number from 1 to {MAX_LENGTH}, such as `32`"
            ));
        };
        let alphabet = ALPHABETS.into_iter().find(|alphabet| alphabet.name == name);
        let alphabet = alphabet.ok_or_else(|| {
            let names = ALPHABETS.map(|alphabet| alphabet.name);
            format!("unknown alphabet; the alphabets are {}", names.join(", "))
        })?;
        Ok(Self { length, alphabet })
    }
}

impl fmt::Display for RandomText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.length, self.alphabet.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_length_and_the_characters_that_were_requested() {
        for (request, length, alphabet) in [
            ("1", 1, ALPHABETS[0]),
            ("32", 32, ALPHABETS[0]),
            ("64:hex", 64, ALPHABETS[3]),
            ("4096:ascii", 4096, ALPHABETS[5]),
        ] {
            let request: RandomText = request.parse().expect(request);
            assert_eq!(request, RandomText { length, alphabet });
            let text = request.generate();
            assert_eq!(text.len(), length);
            assert!(text.chars().all(|each| alphabet.characters.contains(each)));
        }
        for request in ["", "0", "-1", "4097", "x", "8:", "8:binary", "8:hex:x"] {
            assert!(request.parse::<RandomText>().is_err(), "{request}");
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        for alphabet in ALPHABETS {
            let count = alphabet.characters.len();
            let mut counts = vec![0_u32; 128];
            let length = 4_000 * count;
            let text = RandomText { length, alphabet }.generate();
            text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
            // 4,000 are expected, with a standard deviation of 63.
            for character in alphabet.characters.bytes() {
                let count = counts[usize::from(character)];
                assert!(
                    (3_500..=4_500).contains(&count),
                    "{} {count}",
                    alphabet.name
                );
            }
        }
    }

    #[test]
    fn alphabets_have_no_character_twice() {
        for (alphabet, bits) in ALPHABETS
            .into_iter()
            .zip([5.95, 5.17, 3.32, 4.0, 6.0, 6.55])
        {
            let mut characters = alphabet.characters.as_bytes().to_vec();
            characters.sort_unstable();
            characters.dedup();
            assert_eq!(characters.len(), alphabet.characters.len());
            let text = RandomText {
                length: 1,
                alphabet,
            };
            assert!((text.bits() - bits).abs() < 0.01, "{}", alphabet.name);
        }
    }

    #[test]
    fn a_text_that_can_be_guessed_causes_a_warning() {
        for (request, is_weak) in [
            ("10", true),
            ("11", false),
            ("15:hex", true),
            ("16:hex", false),
        ] {
            let request: RandomText = request.parse().expect(request);
            assert_eq!(request.weakness().is_some(), is_weak, "{request}");
        }
    }
}
