//! Finds private keys of GnuPG's agent, which are S-expressions.

use super::key::PrivateKey;

/// The description of a private key of GnuPG's agent.
pub(super) const DESCRIPTION: &str = "a GnuPG private key";

/// The starts of the names of algorithms.
const ALGORITHMS: [&[u8]; 4] = [b"rsa", b"dsa", b"elg", b"ec"];

/// The maximum distance of a key's numbers from its beginning.
const NEAR: usize = 4 * 1024;

/// The key that begins with `(private-key` or `(protected-private-key`, if there are numbers in it.
pub(super) fn key(bytes: &[u8], start: usize, end: usize) -> Option<PrivateKey> {
    let rest = &bytes[end..bytes.len().min(end + NEAR)];
    let algorithm = rest.trim_ascii_start().strip_prefix(b"(");
    let is_key = algorithm.is_some_and(|rest| ALGORITHMS.iter().any(|name| rest.starts_with(name)));
    let mut numbers = rest.split(|byte| *byte == b'#').skip(1);
    let is_number = |number: &[u8]| {
        let mut digits = number.iter().filter(|byte| !byte.is_ascii_whitespace());
        number.len() >= 32 && digits.all(u8::is_ascii_hexdigit)
    };
    (is_key && numbers.any(is_number)).then(|| PrivateKey {
        span: start..end,
        description: DESCRIPTION,
        certain: !bytes[start..end].starts_with(b"(protected"),
        encoded: false,
    })
}
