//! Finds private keys in binary formats by the first bytes of a file or of decoded base64.

use std::ops::Range;

use super::gnupg;
use super::key::PrivateKey;

/// The description of a key, and whether anyone can use it, as opposed to a key with a passphrase.
type Key = (&'static str, bool);

const GIT_CRYPT: &[u8] = b"\0GITCRYPTKEY";

/// The header of a key of an onion service, with zeros up to the key's 64 bytes.
const TOR: &[u8] = b"== ed25519v1-secret: type0 ==\0\0\0";

/// The beginnings of GnuPG's S-expressions in canonical form.
const GNUPG: [(&[u8], bool); 2] = [
    (b"(11:private-key(", true),
    (b"(21:protected-private-key(", false),
];

/// The beginning of an OpenSSH key, which PEM has in base64.
const OPENSSH: &[u8] = b"openssh-key-v1\0";

const JKS: &[u8] = b"\xFE\xED\xFE\xED\0\0\0";
const JCEKS: &[u8] = b"\xCE\xCE\xCE\xCE\0\0\0";

/// The beginnings of the OIDs of PKCS: encryption with a password, content types, and bags of
/// PKCS#12.
const PKCS_5: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x05";
const PKCS_7: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07";
const PKCS_12: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C";
const BAG: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x0C\x0A\x01";

/// 1990, before the first version of PGP.
const FIRST_TIME: u32 = 631_152_000;

/// How many bytes of a binary file a finding points to.
const HEADER: usize = 16;

/// The key, if the bytes as a whole are one in a binary format.
pub(super) fn whole_key(bytes: &[u8]) -> Option<PrivateKey> {
    let (description, certain) = of(bytes)?;
    Some(PrivateKey {
        span: 0..bytes.len().min(HEADER),
        description,
        certain,
        encoded: false,
    })
}

/// Whether a key may begin with these bytes, of which there must be a few dozen. This check costs
/// almost nothing.
pub(super) fn may_begin_with(bytes: &[u8]) -> bool {
    match bytes.first() {
        Some(0x30) => is_like_der(bytes),
        Some(0) => bytes.starts_with(GIT_CRYPT),
        Some(b'(') => GNUPG.iter().any(|(begin, _)| bytes.starts_with(begin)),
        Some(b'=') => bytes.starts_with(TOR),
        Some(0xFE) => bytes.starts_with(JKS),
        Some(0xCE) => bytes.starts_with(JCEKS),
        Some(b'o') => bytes.starts_with(OPENSSH),
        Some(_) => is_key_of_pgp(bytes, &SECRET) || is_key_of_pgp(bytes, &PUBLIC),
        None => false,
    }
}

/// The key, if the bytes are one.
fn of(bytes: &[u8]) -> Option<Key> {
    if !may_begin_with(bytes) {
        return None;
    }
    match bytes.first()? {
        0x30 => der(bytes),
        0 => Some(("a git-crypt key", true)),
        b'(' => {
            let known = GNUPG.iter().find(|(begin, _)| bytes.starts_with(begin))?;
            Some((gnupg::DESCRIPTION, known.1))
        }
        b'=' => (bytes.len() >= TOR.len() + 64).then_some(("a Tor private key", true)),
        0xFE | 0xCE => has_key_of_java(bytes)?.then_some(("a Java keystore with a key", false)),
        b'o' => Some(("an SSH private key", true)),
        _ => has_key_of_pgp(bytes).then_some(("a PGP private key", true)),
    }
}

/// The tags of packets with keys and subkeys: RFC 9580, section 5. Others follow the first key.
const SECRET: [u8; 2] = [5, 7];
const PUBLIC: [u8; 2] = [6, 14];

/// The tag of a packet, and where its body is: RFC 9580, section 4.2.
fn packet_of_pgp(bytes: &[u8]) -> Option<(u8, Range<usize>)> {
    let header = *bytes.first()?;
    let number = |range: Range<usize>| {
        let bytes = bytes.get(range)?;
        let add = |all, byte: &u8| all << 8 | usize::from(*byte);
        Some(bytes.iter().fold(0, add))
    };
    let (tag, start, length) = match header {
        // The old header format.
        0x80..0xC0 => {
            let size = [1, 2, 4].get(usize::from(header & 3))?;
            (header >> 2 & 0xF, 1 + size, number(1..1 + size)?)
        }
        // The new header format.
        0xC0.. => {
            let (start, length) = match number(1..2)? {
                short @ 0..192 => (2, short),
                long @ 192..224 => (3, ((long - 192) << 8) + number(2..3)? + 192),
                255 => (6, number(2..6)?),
                _ => return None,
            };
            (header & 0x3F, start, length)
        }
        _ => return None,
    };
    Some((tag, start..start.saturating_add(length)))
}

/// Whether the bytes begin with a packet of a key with one of these tags: RFC 9580, section 5.5.
fn is_key_of_pgp(bytes: &[u8], tags: &[u8]) -> bool {
    let Some((_, body)) = packet_of_pgp(bytes).filter(|(tag, _)| tags.contains(tag)) else {
        return false;
    };
    let Some([version, time @ .., algorithm]) =
        bytes.get(body.start..).and_then(<[u8]>::first_chunk::<6>)
    else {
        return false;
    };
    let time = time.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
    let is_algorithm = matches!(algorithm, 1..=3 | 16..=19 | 22 | 25..=36);
    (3..=6).contains(version) && is_algorithm && time >= FIRST_TIME && body.len() >= 32
}

/// Whether one of the packets is a whole secret key, which public keys may precede.
fn has_key_of_pgp(mut bytes: &[u8]) -> bool {
    while let Some((_, body)) = packet_of_pgp(bytes) {
        let Some(rest) = bytes.get(body.end..) else {
            return false;
        };
        if is_key_of_pgp(bytes, &SECRET) {
            return true;
        }
        bytes = rest;
    }
    false
}

/// The content of an ASN.1 element with that tag, which may be truncated, and its length. An
/// element of indefinite length extends to the end.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], usize)> {
    let rest = bytes.strip_prefix(&[tag])?;
    match *rest.first()? {
        0x80 => Some((&rest[1..], 0)),
        short @ 0..0x80 => Some((&rest[1..], usize::from(short))),
        long => {
            let count = usize::from(long & 0x7F);
            let length = rest.get(1..1 + count).filter(|_| count <= 4)?;
            let length = length
                .iter()
                .fold(0, |all, byte| all << 8 | usize::from(*byte));
            Some((&rest[1 + count..], length))
        }
    }
}

/// The kinds of ASN.1 structures that contain a key, by their beginning.
enum KeyStructure {
    /// PKCS#8 and the forms of RSA and elliptic curves.
    Key,
    /// PKCS#8 under a passphrase.
    Encrypted,
    /// PKCS#12, which may have only certificates.
    Store,
}

fn is_like_der(bytes: &[u8]) -> bool {
    structure(bytes).is_some()
}

fn structure(bytes: &[u8]) -> Option<KeyStructure> {
    let (inner, _) = element(bytes, 0x30)?;
    let oid = |bytes| element(bytes, 0x06).map(|(oid, _)| oid);
    if let Some((algorithm, _)) = element(inner, 0x30) {
        let oid = oid(algorithm)?;
        let is_encrypted = oid.starts_with(PKCS_5) || oid.starts_with(PKCS_12);
        return is_encrypted.then_some(KeyStructure::Encrypted);
    }
    let (version, rest) = inner.strip_prefix(b"\x02\x01")?.split_first()?;
    let algorithm = || element(rest, 0x30).and_then(|(algorithm, _)| oid(algorithm));
    match *version {
        3 => algorithm()?
            .starts_with(PKCS_7)
            .then_some(KeyStructure::Store),
        0 | 1 if algorithm().is_some() => Some(KeyStructure::Key),
        // The modulus of RSA.
        0 => element(rest, 0x02)
            .filter(|(_, length)| *length >= 64)
            .map(|_| KeyStructure::Key),
        // The number of an elliptic curve, which is as long as its field.
        1 => element(rest, 0x04)
            .filter(|(_, length)| matches!(length, 28 | 32 | 48 | 66))
            .map(|_| KeyStructure::Key),
        _ => None,
    }
}

fn der(bytes: &[u8]) -> Option<Key> {
    let (inner, length) = element(bytes, 0x30)?;
    if length > inner.len() {
        return None;
    }
    match structure(bytes)? {
        KeyStructure::Key => Some(("a DER private key", true)),
        KeyStructure::Encrypted => Some(("a passphrase-protected private key", false)),
        KeyStructure::Store => {
            // Bags with keys are outside the encrypted part.
            let mut bags = bytes
                .windows(BAG.len() + 1)
                .filter(|window| window.starts_with(BAG));
            let has_key = bags.any(|bag| matches!(bag[BAG.len()], 1 | 2));
            has_key.then_some(("a PKCS#12 private key", false))
        }
    }
}

/// Whether an entry of a Java keystore is a key. Its other entries are certificates.
fn has_key_of_java(bytes: &[u8]) -> Option<bool> {
    let number = |at: usize, count: usize| {
        let bytes = bytes.get(at..at.checked_add(count)?)?;
        Some(
            bytes
                .iter()
                .fold(0, |all, byte| all << 8 | usize::from(*byte)),
        )
    };
    let version = number(4, 4)?;
    let mut at = 12;
    for _ in 0..number(8, 4)? {
        if number(at, 4)? != 2 {
            return Some(true);
        }
        // The alias, the time, and the certificate with its type.
        at += 4 + 2 + number(at + 4, 2)? + 8;
        if version == 2 {
            at += 2 + number(at, 2)?;
        }
        at = at.checked_add(4 + number(at, 4)?)?;
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes with this beginning and this many more.
    fn bytes(begin: &[u8], more: usize) -> Vec<u8> {
        let more = (0..more).map(|number| (number * 7 + 13) as u8);
        begin.iter().copied().chain(more).collect()
    }

    const TIME: &[u8] = b"\x65\x00\x00\x00";

    /// A packet of OpenPGP with this header, version and algorithm.
    fn packet(header: &[u8], version: u8, algorithm: u8, length: usize) -> Vec<u8> {
        let begin = [header, &[version], TIME, &[algorithm]].concat();
        bytes(&begin, length - 6)
    }

    /// A Java keystore of these entries, 1 for a key and 2 for a certificate.
    fn keystore(magic: &[u8], version: u8, entries: &[u8]) -> Vec<u8> {
        let count = u8::try_from(entries.len()).expect("the number fits");
        let mut store = [magic, &[version, 0, 0, 0, count]].concat();
        for entry in entries {
            store.extend([0, 0, 0, *entry, 0, 1, b'a', 0, 0, 1, 2, 3, 4, 5, 6]);
            if *entry == 2 {
                let kind: &[u8] = if version == 2 { b"\0\x05X.509" } else { b"" };
                store.extend(kind);
                store.extend([0, 0, 0, 3, 7, 8, 9]);
            }
        }
        store
    }

    #[test]
    fn keys_are_distinguished_from_public_data() {
        let rsa = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00";
        let store = |bag: &[u8]| {
            let begin = b"\x30\x81\x80\x02\x01\x03\x30\x60\x06\x09";
            bytes(&[begin, PKCS_7, b"\x01", bag].concat(), 128)
        };
        for (bytes, description, certain) in [
            (packet(b"\x94\x58", 4, 22, 0x58), "a PGP private key", true),
            (
                packet(b"\x95\x01\x00", 4, 1, 256),
                "a PGP private key",
                true,
            ),
            (
                packet(b"\x96\0\0\x01\x00", 4, 17, 256),
                "a PGP private key",
                true,
            ),
            (packet(b"\x9C\x58", 4, 18, 0x58), "a PGP private key", true),
            (packet(b"\xC5\x58", 6, 27, 0x58), "a PGP private key", true),
            (
                packet(b"\xC5\xC1\x00", 5, 1, 448),
                "a PGP private key",
                true,
            ),
            (
                packet(b"\xC7\xFF\0\0\x01\0", 4, 1, 256),
                "a PGP private key",
                true,
            ),
            (bytes(GIT_CRYPT, 140), "a git-crypt key", true),
            (
                [
                    packet(b"\x98\x33", 4, 22, 0x33),
                    bytes(b"\xB4\x05a <b>", 0),
                    packet(b"\xB9\x01\x00", 4, 1, 256),
                    packet(b"\x94\x58", 4, 22, 0x58),
                ]
                .concat(),
                "a PGP private key",
                true,
            ),
            (bytes(OPENSSH, 64), "an SSH private key", true),
            (bytes(TOR, 64), "a Tor private key", true),
            (
                bytes(b"(11:private-key(3:rsa", 64),
                "a GnuPG private key",
                true,
            ),
            (
                bytes(b"(21:protected-private-key(3:rsa", 64),
                "a GnuPG private key",
                false,
            ),
            (
                bytes(
                    b"\x30\x2E\x02\x01\0\x30\x05\x06\x03\x2B\x65\x70\x04\x22",
                    34,
                ),
                "a DER private key",
                true,
            ),
            (
                bytes(
                    &[&b"\x30\x82\x00\x80\x02\x01\0\x30\x0D"[..], rsa].concat(),
                    128,
                ),
                "a DER private key",
                true,
            ),
            (
                bytes(b"\x30\x82\x02\x00\x02\x01\0\x02\x82\x01\x01\0", 512),
                "a DER private key",
                true,
            ),
            (
                bytes(b"\x30\x77\x02\x01\x01\x04\x20", 128),
                "a DER private key",
                true,
            ),
            (
                bytes(
                    &[&b"\x30\x81\x80\x30\x40\x06\x09"[..], PKCS_5, b"\x0D"].concat(),
                    128,
                ),
                "a passphrase-protected private key",
                false,
            ),
            (
                store(&[BAG, b"\x02"].concat()),
                "a PKCS#12 private key",
                false,
            ),
            (
                keystore(JKS, 2, &[2, 1]),
                "a Java keystore with a key",
                false,
            ),
            (
                keystore(JCEKS, 1, &[2, 2, 3]),
                "a Java keystore with a key",
                false,
            ),
        ] {
            assert_eq!(of(&bytes), Some((description, certain)), "{bytes:x?}");
            assert!(may_begin_with(&bytes[..bytes.len().min(48)]), "{bytes:x?}");
            for end in 0..bytes.len().min(100) {
                of(&bytes[..end]);
            }
        }
        for bytes in [
            // A public key, a message, another algorithm, the time 0, a length beyond the end.
            packet(b"\x98\x33", 4, 22, 0x33),
            packet(b"\x84\x58", 3, 1, 0x58),
            [
                packet(b"\x98\x33", 4, 22, 0x33),
                packet(b"\xCE\x33", 4, 18, 0x33),
                b"\x94\x58".to_vec(),
            ]
            .concat(),
            packet(b"\x94\x58", 4, 99, 0x58),
            bytes(b"\x94\x58\x04\0\0\0\0\x16", 0x58),
            packet(b"\x95\xFF\x00", 4, 1, 256),
            b"\0GITCRYPT\0\xF0".to_vec(),
            // A certificate and public keys.
            bytes(b"\x30\x82\x00\x80\x30\x60\xA0\x03\x02\x01\x02", 128),
            bytes(&[&b"\x30\x81\x80\x30\x0D"[..], rsa].concat(), 128),
            bytes(b"\x30\x81\x80\x02\x81\x61\0", 128),
            // SNMP.
            bytes(b"\x30\x29\x02\x01\x01\x04\x06public", 64),
            store(b""),
            keystore(JKS, 2, &[2, 2]),
            keystore(JCEKS, 1, &[]),
            b"\x89PNG\r\n\x1A\n".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(of(&bytes), None, "{bytes:x?}");
        }
    }
}
