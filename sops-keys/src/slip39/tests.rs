use secrecy::ExposeSecret as _;

use super::*;

const PASSPHRASE: &[u8] = b"TREZOR";

fn id(threshold: u8) -> SplitId {
    SplitId {
        identifier: 0x2a5c,
        is_extendable: true,
        exponent: 0,
        threshold,
    }
}

/// Bytes that differ for each share, in place of random ones.
fn filled(index: u8, buffer: &mut [u8]) {
    for (at, byte) in buffer.iter_mut().enumerate() {
        *byte = (at as u8).wrapping_mul(37) ^ index.wrapping_mul(101);
    }
}

fn shares(threshold: u8, count: u8) -> Vec<Share> {
    split_encrypted(&secret(), id(threshold), count, filled)
}

fn secret() -> [u8; 32] {
    std::array::from_fn(|at| at as u8 * 7 + 3)
}

fn message(result: Result<impl Sized>) -> String {
    result.err().expect("the shares are refused").to_string()
}

#[test]
fn published_vectors_are_joined_or_refused() {
    let vectors = include_str!("../../../testdata/vectors/slip39.jsonl");
    let (mut joined, mut refused, mut grouped) = (0, 0, 0);
    for line in vectors.lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = vector["name"].as_str().unwrap();
        let texts = vector["shares"].as_array().unwrap().iter();
        let shares: Result<Vec<Share>> = texts.map(|text| text.as_str().unwrap().parse()).collect();
        let secret = shares.and_then(|shares| join(&shares, PASSPHRASE));
        let expected = vector["secret"].as_str().unwrap();
        match secret {
            Ok(secret) => {
                let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(hex, expected, "{name}");
                joined += 1;
            }
            Err(error) if error.to_string().contains("groups") => grouped += 1,
            Err(error) => {
                assert_eq!(expected, "", "{name}: {error}");
                refused += 1;
            }
        }
    }
    assert_eq!((joined, refused, grouped), (9, 18, 18));
}

#[test]
fn a_share_is_the_same_when_read_from_its_text() {
    for share in shares(3, 16) {
        let words = share.words();
        let words = words.expose_secret();
        assert_eq!(words.split(' ').count(), 33);
        assert!(words.parse::<Share>().unwrap() == share);
        let short: Vec<String> = words
            .split(' ')
            .map(|word| word[..4].to_uppercase())
            .collect();
        assert!(short.join("\n").parse::<Share>().unwrap() == share);
    }
}

#[test]
fn any_set_of_enough_shares_recovers_the_secret() {
    for count in 1..=8 {
        for threshold in 1..=count {
            if threshold == 1 && count > 1 {
                continue;
            }
            let shares = shares(threshold, count);
            for set in 1u16..1 << count {
                let chosen = shares.iter().filter(|share| set >> share.index & 1 == 1);
                let chosen: Vec<Share> = chosen.cloned().collect();
                match join_encrypted(&chosen) {
                    Ok((_, found)) => {
                        assert_eq!(*found, secret());
                        assert!(chosen.len() >= usize::from(threshold));
                    }
                    Err(_) => assert!(chosen.len() < usize::from(threshold)),
                }
            }
        }
    }
}

#[test]
fn a_wrong_word_is_located() {
    let words = shares(2, 3)[1].words();
    let words: Vec<&str> = words.expose_secret().split(' ').collect();
    let replaced = |at: usize, word| {
        let mut words = words.clone();
        words[at] = word;
        message(words.join(" ").parse::<Share>())
    };
    for (at, word) in words.iter().enumerate() {
        let other = if *word == "zero" { "acid" } else { "zero" };
        let expected = format!(
            "the checksum does not match; if only one word is wrong, it is word {}",
            at + 1
        );
        assert_eq!(replaced(at, other), expected);
        let expected = format!("word {} is not in the SLIP-39 word list", at + 1);
        for unknown in ["zeros", "zer", "é"] {
            assert_eq!(replaced(at, unknown), expected);
        }
    }
    let mut swapped = words.clone();
    swapped.swap(10, 20);
    let several = "the checksum does not match; several words are wrong, or in the wrong order";
    assert_eq!(message(swapped.join(" ").parse::<Share>()), several);
    let short = words[1..].join(" ");
    let count = "it has 32 words, but a share of an age key has 33";
    assert_eq!(message(short.parse::<Share>()), count);
}

#[test]
fn shares_that_do_not_belong_together_are_named() {
    let (ours, theirs) = (shares(3, 5), {
        let other = SplitId {
            identifier: 7,
            ..id(3)
        };
        split_encrypted(&secret(), other, 5, filled)
    });
    let forged = split_encrypted(&[1; 32], id(3), 5, filled);
    for (set, expected) in [
        (vec![], "there are no shares"),
        (vec![&ours[0]], "1 share is not enough: 3 are needed"),
        (
            vec![&ours[0], &ours[4]],
            "2 shares are not enough: 3 are needed",
        ),
        (
            vec![&ours[0], &ours[4], &ours[0]],
            "share 1 was given twice",
        ),
        (
            vec![&ours[0], &ours[4], &theirs[1]],
            "share 2 is from a different split than share 1, which was given before it",
        ),
        (
            vec![&ours[4], &ours[2], &forged[4]],
            "there are two different shares with the number 5",
        ),
        (
            vec![&ours[0], &ours[1], &forged[2]],
            "the shares do not belong together: one of them is from a different split",
        ),
    ] {
        let set: Vec<Share> = set.into_iter().cloned().collect();
        assert_eq!(message(join_encrypted(&set)), expected);
    }
}

#[test]
fn the_passphrase_and_the_iterations_of_a_share_count() {
    for (is_extendable, exponent) in [(true, 1), (false, 0)] {
        let id = SplitId {
            is_extendable,
            exponent,
            ..id(2)
        };
        let shares = split(&secret(), PASSPHRASE, id, 2, filled).unwrap();
        assert_eq!(*join(&shares, PASSPHRASE).unwrap(), secret());
        assert_ne!(*join(&shares, b"").unwrap(), secret());
    }
}

#[test]
fn numbers_that_the_specification_forbids_are_refused() {
    for (threshold, count) in [(0, 0), (0, 3), (1, 2), (4, 3), (2, 17)] {
        assert!(
            check_numbers(threshold, count).is_err(),
            "{threshold}-of-{count}"
        );
    }
    for (threshold, count) in [(1, 1), (2, 2), (2, 16), (16, 16)] {
        assert!(
            check_numbers(threshold, count).is_ok(),
            "{threshold}-of-{count}"
        );
    }
}
