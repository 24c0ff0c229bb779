//! Shamir's secret sharing over GF(2^8), which splits a data key among key groups. SOPS uses
//! HashiCorp Vault's implementation.
//!
//! Each byte of the secret is the value at 0 of its own random polynomial of degree threshold - 1. A
//! share consists of the polynomials' values at its x coordinate, followed by that coordinate.

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gf256::{Point, interpolate, multiply};

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
            "the threshold, {threshold}, is greater than the number of key groups, {parts}"
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

    let points: Vec<Point<'_>> = shares
        .iter()
        .zip(&xs)
        .map(|(share, x)| (*x, &share.as_ref()[..length - 1]))
        .collect();
    Ok(interpolate(&points, 0))
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
