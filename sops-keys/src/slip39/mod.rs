//! Shares of a secret as words, after SLIP-39, "Shamir's Secret-Sharing for Mnemonic Codes"
//! (<https://github.com/satoshilabs/slips/blob/master/slip-0039.md>).
//!
//! Only splits with a single group are supported. `share` is the text of one share, with its
//! `checksum` and its `words`; `cipher` encrypts the secret before it is split. Private keys have no
//! passphrase here, because it would be one more thing to lose.

mod checksum;
mod cipher;
mod share;
mod words;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gf256::{Point, interpolate};

pub use self::share::Share;
pub(crate) use self::share::SplitId;

/// The most shares that a secret can be split into.
pub const MAX_SHARES: u8 = 16;

/// The x coordinate of the secret.
const SECRET: u8 = 255;
/// The x coordinate of the digest, which shows whether shares belong together.
pub(crate) const DIGEST: u8 = 254;
const DIGEST_BYTES: usize = 4;

/// Splits the secret into `count` shares. `random` fills a buffer with secret random bytes; its
/// first argument is different each time.
pub(crate) fn split(
    secret: &[u8],
    passphrase: &[u8],
    id: SplitId,
    count: u8,
    random: impl Fn(u8, &mut [u8]),
) -> Result<Vec<Share>> {
    check_numbers(id.threshold, count)?;
    let secret = cipher::encrypt(secret, passphrase, &id);
    Ok(split_encrypted(&secret, id, count, random))
}

/// Splits an encrypted secret.
fn split_encrypted(
    secret: &[u8],
    id: SplitId,
    count: u8,
    random: impl Fn(u8, &mut [u8]),
) -> Vec<Share> {
    let share = |index: u8, value| Share { id, index, value };
    if id.threshold == 1 {
        return vec![share(0, Zeroizing::new(secret.to_vec()))];
    }
    let mut digest = Zeroizing::new(vec![0; secret.len()]);
    random(DIGEST, &mut digest[DIGEST_BYTES..]);
    let start = digest_of(&digest[DIGEST_BYTES..], secret);
    digest[..DIGEST_BYTES].copy_from_slice(&start);

    let free = id.threshold - 2;
    let fill = |index| {
        let mut value = Zeroizing::new(vec![0; secret.len()]);
        random(index, &mut value);
        share(index, value)
    };
    let mut shares: Vec<Share> = (0..free).map(fill).collect();
    let mut points: Vec<Point<'_>> = vec![(SECRET, secret), (DIGEST, &digest)];
    points.extend(shares.iter().map(Share::point));
    let rest = (free..count).map(|index| share(index, interpolate(&points, index)));
    let rest: Vec<Share> = rest.collect();
    shares.extend(rest);
    shares
}

/// Refuses numbers of shares that the specification does not allow.
///
/// # Errors
///
/// [`Error::Share`] with the reason.
pub fn check_numbers(threshold: u8, count: u8) -> Result<()> {
    if threshold == 0 {
        return Err(Error::share("the threshold must be at least 1"));
    }
    if threshold > count {
        let message =
            format!("the threshold, {threshold}, is greater than the number of shares, {count}");
        return Err(Error::share(message));
    }
    if threshold == 1 && count > 1 {
        let message =
            "each share would be the whole key; split it into `1-of-1` and copy that share";
        return Err(Error::share(message));
    }
    if count > MAX_SHARES {
        let message = format!("there can be at most {MAX_SHARES} shares");
        return Err(Error::share(message));
    }
    Ok(())
}

/// Recovers the secret from the shares, in any order. Without the right passphrase, the result is
/// another secret of the same length.
pub(crate) fn join(shares: &[Share], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let (id, secret) = join_encrypted(shares)?;
    Ok(cipher::decrypt(&secret, passphrase, &id))
}

/// Recovers an encrypted secret.
fn join_encrypted(shares: &[Share]) -> Result<(SplitId, Zeroizing<Vec<u8>>)> {
    let id = check_set(shares)?.id;
    let points: Vec<Point<'_>> = shares.iter().map(Share::point).collect();
    let secret = interpolate(&points, SECRET);
    if id.threshold > 1 {
        let digest = interpolate(&points, DIGEST);
        let (start, random) = digest.split_at(DIGEST_BYTES);
        if digest_of(random, &secret) != start {
            let message =
                "the shares do not belong together: one of them is from a different split";
            return Err(Error::share(message));
        }
    }
    Ok((id, secret))
}

/// Refuses shares that do not belong together, and too few of them. Returns the first share.
fn check_set(shares: &[Share]) -> Result<&Share> {
    for (at, share) in shares.iter().enumerate() {
        share.check_with(&shares[..at])?;
    }
    let first = shares
        .first()
        .ok_or_else(|| Error::share("there are no shares"))?;
    let (needed, given) = (usize::from(first.threshold()), shares.len());
    if given < needed {
        let message = match given {
            1 => format!("1 share is not enough: {needed} are needed"),
            given => format!("{given} shares are not enough: {needed} are needed"),
        };
        return Err(Error::share(message));
    }
    Ok(first)
}

/// The start of the digest: a code over the secret, which reveals wrong shares.
fn digest_of(random: &[u8], secret: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(random).expect("HMAC takes keys of any length");
    hmac.update(secret);
    let code = hmac.finalize().into_bytes();
    std::array::from_fn(|at| code[at])
}

#[cfg(test)]
mod tests;
