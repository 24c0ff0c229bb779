//! The cipher of a secret: a Feistel network of four rounds, whose round function is PBKDF2.

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::share::SplitId;

const ROUNDS: u8 = 4;
/// The iterations of PBKDF2 in each round, for the iteration exponent 0.
const ITERATIONS: u32 = 2500;

pub(super) fn encrypt(secret: &[u8], passphrase: &[u8], id: &SplitId) -> Zeroizing<Vec<u8>> {
    run(secret, passphrase, id, 0..ROUNDS)
}

pub(super) fn decrypt(secret: &[u8], passphrase: &[u8], id: &SplitId) -> Zeroizing<Vec<u8>> {
    run(secret, passphrase, id, (0..ROUNDS).rev())
}

fn run(
    secret: &[u8],
    passphrase: &[u8],
    id: &SplitId,
    rounds: impl Iterator<Item = u8>,
) -> Zeroizing<Vec<u8>> {
    let half = secret.len() / 2;
    let mut left = Zeroizing::new(secret[..half].to_vec());
    let mut right = Zeroizing::new(secret[half..].to_vec());
    let mut password = Zeroizing::new([&[0], passphrase].concat());
    for round in rounds {
        password[0] = round;
        let mut salt = Zeroizing::new(Vec::with_capacity(8 + half));
        if !id.is_extendable {
            salt.extend_from_slice(b"shamir");
            salt.extend_from_slice(&id.identifier.to_be_bytes());
        }
        salt.extend_from_slice(&right);
        let mut key = Zeroizing::new(vec![0; half]);
        pbkdf2_hmac::<Sha256>(&password, &salt, ITERATIONS << id.exponent, &mut key);
        for (byte, mask) in left.iter_mut().zip(key.iter()) {
            *byte ^= mask;
        }
        std::mem::swap(&mut left, &mut right);
    }
    let mut result = Zeroizing::new(Vec::with_capacity(secret.len()));
    result.extend_from_slice(&right);
    result.extend_from_slice(&left);
    result
}
