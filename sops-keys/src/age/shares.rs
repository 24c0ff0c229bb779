//! A private key as shares on paper.
//!
//! The shares of a key depend only on the key and on how many are needed: all their randomness is
//! derived from the key with HMAC-SHA256. So shares can be made one at a time, a lost one can be
//! made again, and one more can be added later. This reveals nothing: whoever wants to test a guess
//! of the key against too few shares can test it against the recipient already.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::bech32_key::SEED_BYTES;
use super::identity::Identity;
use super::key_pair::KeyPair;
use super::seed::{Seed, SeedKind};
use crate::error::{Error, Result};
use crate::slip39::{self, Share, SplitId};

/// What the derived bytes are for, with the version of the derivation: changing it gives different
/// shares, which cannot be combined with earlier ones.
const CONTEXT: &[u8] = b"shares of an age key, 1";
/// The input from which the identifier is derived; the others are x coordinates of shares.
const IDENTIFIER: u8 = 255;

/// Splits an X25519 or post-quantum key into `count` shares, `threshold` of which restore it. The
/// same arguments always give the same shares, and a larger count gives more of them.
///
/// ```
/// use sops_keys::age::{generate_x25519, join_shares, split_key};
///
/// let pair = generate_x25519();
/// let shares = split_key(&pair.identity, 2, 3)?;
/// let restored = join_shares(&shares[1..])?;
/// assert_eq!(restored[0].recipient, pair.recipient);
/// assert_eq!(restored.len(), 1);
/// # Ok::<(), sops_keys::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Share`] for numbers that [`slip39::check_numbers`] refuses, and for an identity of a
/// plugin, which contains no key.
pub fn split_key(identity: &Identity, threshold: u8, count: u8) -> Result<Vec<Share>> {
    let (kind, seed) = SeedKind::of(identity).ok_or_else(|| {
        Error::share("this is an identity of an age plugin, which does not contain the private key")
    })?;
    split(kind, &seed, threshold, count)
}

/// Restores the key from all of the shares, in any order.
///
/// If [`split_key`] made the shares, this is a single key. The shares of other programs do not say
/// what kind of key they contain; then this is a key of each kind, X25519 first.
///
/// # Errors
///
/// [`Error::Share`] if shares are too few, do not belong together, or are not those of a key.
pub fn join_shares(shares: &[Share]) -> Result<Vec<KeyPair>> {
    let secret = slip39::join(shares, b"")?;
    let seed: [u8; SEED_BYTES] = secret.as_slice().try_into().map_err(|_| {
        let message = format!("they contain {} bytes, and an age key has 32", secret.len());
        Error::share(message)
    })?;
    let seed = Zeroizing::new(seed);
    let made_here = SeedKind::ALL
        .iter()
        .find(|kind| are_of(shares, **kind, &seed));
    let kinds = match made_here {
        Some(kind) => std::slice::from_ref(kind),
        None => SeedKind::ALL,
    };
    let keys = kinds.iter().map(|kind| kind.key(&seed));
    Ok(keys.filter_map(KeyPair::from_identity).collect())
}

/// Whether [`split_key`] made the shares from a key of this kind.
fn are_of(shares: &[Share], kind: SeedKind, seed: &Seed) -> bool {
    let threshold = shares[0].threshold();
    let last = shares.iter().map(Share::number).max();
    let count = last.unwrap_or_default().max(threshold);
    let made = split(kind, seed, threshold, count).unwrap_or_default();
    shares.iter().all(|share| made.contains(share))
}

fn split(kind: SeedKind, seed: &Seed, threshold: u8, count: u8) -> Result<Vec<Share>> {
    let derive = |purpose: u8, buffer: &mut [u8]| {
        let mut hmac =
            Hmac::<Sha256>::new_from_slice(&**seed).expect("HMAC takes keys of any length");
        hmac.update(CONTEXT);
        hmac.update(kind.prefix().as_bytes());
        hmac.update(&[threshold, purpose]);
        let bytes = Zeroizing::new(<[u8; 32]>::from(hmac.finalize().into_bytes()));
        buffer.copy_from_slice(&bytes[..buffer.len()]);
    };
    let mut identifier = [0; 2];
    derive(IDENTIFIER, &mut identifier);
    let id = SplitId {
        identifier: u16::from_be_bytes(identifier) >> 1,
        is_extendable: true,
        // There is no passphrase, so guesses need not be slow.
        exponent: 0,
        threshold,
    };
    slip39::split(&**seed, b"", id, count, derive)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::age::generate_x25519;

    const X25519: &str = include_str!("../../../testdata/keys/x25519.txt");
    const HYBRID: &str = include_str!("../../../testdata/keys/hybrid.txt");

    fn key(file: &str) -> Identity {
        file.lines().last().unwrap().parse().unwrap()
    }

    fn texts(keys: &[KeyPair]) -> Vec<String> {
        let texts = keys.iter().map(|pair| pair.identity.to_text());
        texts.map(|text| text.expose_secret().to_owned()).collect()
    }

    #[test]
    fn shares_restore_the_kind_of_key_that_they_were_made_from() {
        let files: &[&str] = match cfg!(feature = "pq") {
            true => &[X25519, HYBRID],
            false => &[X25519],
        };
        for file in files {
            let shares = split_key(&key(file), 3, 5).unwrap();
            let joined = join_shares(&[4, 0, 2].map(|at| shares[at].clone())).unwrap();
            assert_eq!(texts(&joined), [file.lines().last().unwrap()]);
            let all = join_shares(&shares).unwrap();
            assert_eq!(texts(&all), texts(&joined));
        }
        assert_eq!(
            texts(&join_shares(&split_key(&key(X25519), 1, 1).unwrap()).unwrap()).len(),
            1
        );
    }

    #[test]
    fn a_share_can_be_made_again_and_one_more_later() {
        let made = |threshold, count| split_key(&key(X25519), threshold, count).unwrap();
        assert_eq!(made(2, 3), made(2, 5)[..3]);
        let joined = join_shares(&[made(2, 3)[0].clone(), made(2, 16)[15].clone()]).unwrap();
        assert_eq!(joined.len(), 1);
        // Shares for another threshold belong to another split.
        assert!(join_shares(&[made(2, 3)[0].clone(), made(3, 3)[1].clone()]).is_err());
    }

    #[test]
    fn splits_of_different_keys_have_different_shares() {
        let shares = |identity: &Identity| split_key(identity, 2, 2).unwrap();
        let (ours, theirs) = (shares(&key(X25519)), shares(&generate_x25519().identity));
        assert!(
            ours.iter()
                .zip(&theirs)
                .all(|(ours, theirs)| ours != theirs)
        );
        #[cfg(feature = "pq")]
        {
            // The same 32 bytes as a key of another kind.
            let (_, seed) = SeedKind::of(&key(X25519)).unwrap();
            assert!(shares(&SeedKind::Hybrid.key(&seed))[0] != ours[0]);
        }
    }

    #[test]
    fn shares_of_other_programs_may_be_of_any_kind() {
        let (kind, seed) = SeedKind::of(&key(X25519)).unwrap();
        assert!(kind == SeedKind::X25519);
        let id = SplitId {
            identifier: 1,
            is_extendable: false,
            exponent: 0,
            threshold: 2,
        };
        let shares = slip39::split(&*seed, b"", id, 2, |_, buffer| buffer.fill(9)).unwrap();
        let joined = join_shares(&shares).unwrap();
        assert_eq!(joined.len(), SeedKind::ALL.len());
        assert_eq!(texts(&joined)[0], X25519.lines().last().unwrap());
    }

    #[test]
    fn shares_of_other_secrets_are_refused() {
        let text = "testify swimming academic academic column loyalty smear include exotic bedroom \
                    exotic wrist lobe cover grief golden smart junior estimate learn";
        let error = join_shares(&[text.parse().unwrap()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "they contain 16 bytes, and an age key has 32"
        );
    }
}
