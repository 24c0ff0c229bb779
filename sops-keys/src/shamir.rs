//! Shamir's secret sharing over GF(2^8), which splits a data key among key groups. SOPS uses
//! HashiCorp Vault's implementation.
//!
//! Each byte of the secret is the value at 0 of its own random polynomial of degree threshold - 1
//! over the AES field (x^8 + x^4 + x^3 + x + 1). A share consists of the polynomials' values at its
//! x coordinate, followed by that coordinate. The arithmetic takes the same steps for all values,
//! so its timing reveals nothing about them.

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Splits `secret` into `parts` shares, any `threshold` of which recover it.
///
/// A share is one byte longer than the secret; its last byte is the x coordinate, from 1. The
/// coefficients come from the system's random generator.
///
/// # Errors
///
/// [`Error::KeyGroups`] for an empty secret, a threshold below 2 or above `parts`, or more than 255
/// parts.
pub(crate) fn split(
    secret: &[u8],
    parts: usize,
    threshold: usize,
) -> Result<Vec<Zeroizing<Vec<u8>>>> {
    if secret.is_empty() {
        return refuse("an empty secret cannot be split");
    }
    if threshold < 2 {
        return refuse(
            "the threshold must be 2 or more; to let each key decrypt on its own, put all keys into one group",
        );
    }
    if threshold > parts {
        return refuse(format!(
            "the threshold is {threshold}, but there are only {parts} key groups"
        ));
    }
    let Ok(parts) = u8::try_from(parts) else {
        return refuse(format!(
            "{parts} key groups are more than the 255 that Shamir's scheme supports"
        ));
    };

    // The coefficients of degree 1 and above, grouped by degree.
    let mut coefficients = Zeroizing::new(vec![0; secret.len() * (threshold - 1)]);
    SysRng
        .try_fill_bytes(&mut coefficients)
        .expect("the system's random generator works: nothing secret can be made without it");

    Ok((1..=parts)
        .map(|x| {
            // Horner's method, from the highest degree down to degree 0, which is the secret.
            let mut share = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
            share.resize(secret.len(), 0);
            for degree in coefficients.chunks_exact(secret.len()).chain([secret]) {
                for (y, coefficient) in share.iter_mut().zip(degree) {
                    *y = multiply(*y, x) ^ coefficient;
                }
            }
            share.push(x);
            share
        })
        .collect())
}

/// Recovers the secret from all of the `shares`, in any order.
///
/// With fewer shares than the threshold, or with a share of another secret, the result is a
/// different byte string of the same length. The scheme can't detect this.
///
/// # Errors
///
/// [`Error::KeyGroups`] for fewer than two shares, shares of different lengths or of less than two
/// bytes, or a duplicate x coordinate.
pub(crate) fn combine(shares: &[impl AsRef<[u8]>]) -> Result<Zeroizing<Vec<u8>>> {
    let [first, _, ..] = shares else {
        return refuse("fewer than two shares cannot be combined");
    };
    let length = first.as_ref().len();
    if length < 2 {
        return refuse("a share is shorter than two bytes");
    }
    if shares.iter().any(|share| share.as_ref().len() != length) {
        return refuse("the shares differ in length");
    }
    let xs: Vec<u8> = shares
        .iter()
        .map(|share| share.as_ref()[length - 1])
        .collect();
    let mut seen = [false; 256];
    for x in &xs {
        if std::mem::replace(&mut seen[usize::from(*x)], true) {
            return refuse("two shares have the same x coordinate");
        }
    }

    let mut secret = Zeroizing::new(vec![0; length - 1]);
    for (share, x) in shares.iter().zip(&xs) {
        // Lagrange's basis polynomial at 0. Subtraction is XOR, and no two coordinates are equal.
        let (mut numerator, mut denominator) = (1, 1);
        for root in xs.iter().filter(|root| *root != x) {
            numerator = multiply(numerator, *root);
            denominator = multiply(denominator, *x ^ *root);
        }
        let weight = multiply(numerator, invert(denominator));
        for (byte, y) in secret.iter_mut().zip(share.as_ref()) {
            *byte ^= multiply(*y, weight);
        }
    }
    Ok(secret)
}

/// The product of two field elements, always in the same eight steps.
fn multiply(mut a: u8, b: u8) -> u8 {
    let mut product = 0;
    for bit in 0..8 {
        product ^= a & 0u8.wrapping_sub((b >> bit) & 1);
        a = (a << 1) ^ (0x1b & 0u8.wrapping_sub(a >> 7));
    }
    product
}

/// The inverse of an element: a^254, because a^255 = 1 for all elements except 0.
fn invert(a: u8) -> u8 {
    // 254 = 0b1111_1110: six rounds of square-and-multiply give a^127, and another square gives
    // a^254.
    let mut power = a;
    for _ in 0..6 {
        power = multiply(multiply(power, power), a);
    }
    multiply(power, power)
}

fn refuse<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::KeyGroups {
        message: message.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn shares_from_sops_recover_the_secret() {
        let vectors = include_str!("../../testdata/vectors/shamir.jsonl");
        assert_eq!(vectors.lines().count(), 12);
        for line in vectors.lines() {
            let vector: serde_json::Value = serde_json::from_str(line).unwrap();
            let secret = hex(vector["secret"].as_str().unwrap());
            let threshold = vector["threshold"].as_u64().unwrap() as usize;
            let shares: Vec<Vec<u8>> = vector["shares"]
                .as_array()
                .unwrap()
                .iter()
                .map(|share| hex(share.as_str().unwrap()))
                .collect();
            assert_eq!(*combine(&shares).unwrap(), secret);
            for start in 0..shares.len() {
                let mut turned = shares.clone();
                turned.rotate_left(start);
                assert_eq!(*combine(&turned[..threshold]).unwrap(), secret);
                if threshold > 2 {
                    assert_ne!(*combine(&turned[..threshold - 1]).unwrap(), secret);
                }
            }
        }
    }

    #[test]
    fn any_threshold_of_shares_recovers_the_secret() {
        let secret: Vec<u8> = (0..32).map(|at| at * 8).collect();
        for (parts, threshold) in [(2, 2), (3, 2), (5, 3), (255, 255), (255, 2)] {
            let mut shares = split(&secret, parts, threshold).unwrap();
            assert_eq!(shares.len(), parts);
            assert!(shares.iter().all(|share| share.len() == secret.len() + 1));
            assert!(
                shares
                    .iter()
                    .enumerate()
                    .all(|(at, share)| usize::from(share[32]) == at + 1)
            );
            shares.reverse();
            assert_eq!(*combine(&shares[..threshold]).unwrap(), secret);
            assert_ne!(shares[0][..32], secret);
        }
    }

    #[test]
    fn every_element_except_zero_has_an_inverse() {
        assert_eq!(invert(0), 0);
        assert!((1..=255).all(|a| multiply(a, invert(a)) == 1));
        // From FIPS 197, section 4.2.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
    }

    #[test]
    fn invalid_secrets_and_shares_are_rejected() {
        for (secret, parts, threshold) in [
            (&b""[..], 3, 2),
            (b"a", 3, 1),
            (b"a", 3, 0),
            (b"a", 2, 3),
            (b"a", 256, 2),
            (b"a", 0, 0),
        ] {
            assert!(matches!(
                split(secret, parts, threshold),
                Err(Error::KeyGroups { .. })
            ));
        }
        let bad: &[&[&[u8]]] = &[
            &[],
            &[b"ab"],
            &[b"a", b"b"],
            &[b"", b""],
            &[b"ab", b"abc"],
            &[b"ab", b"cb"],
        ];
        for shares in bad {
            assert!(matches!(combine(shares), Err(Error::KeyGroups { .. })));
        }
    }
}
