//! Public keys that are points of low order: anyone can decrypt data encrypted for them.

/// The problem with a public key that is a point of low order.
pub(super) const LOW_ORDER: &str =
    "its point has low order, so anyone could decrypt data encrypted for it";

/// The X25519 public keys whose order divides 8, in all encodings except for the highest bit, which
/// is ignored: <https://cr.yp.to/ecdh.html#validate>.
pub(super) const POINTS_OF_LOW_ORDER: [[u8; 32]; 7] = [
    number(0),
    number(1),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    near_prime(0xec),
    near_prime(0xed),
    near_prime(0xee),
];

/// A small number as an encoded point.
const fn number(number: u8) -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = number;
    point
}

/// A number near 2^255 - 19, by its lowest byte.
const fn near_prime(lowest: u8) -> [u8; 32] {
    let mut point = [0xff; 32];
    point[0] = lowest;
    point[31] = 0x7f;
    point
}

/// Whether key agreement with this X25519 public key gives zero for every private key (RFC 7748,
/// section 6.1). The crate `age` 0.11 panics on such a key.
pub(super) fn is_low_order(mut point: [u8; 32]) -> bool {
    point[31] &= 0x7f;
    POINTS_OF_LOW_ORDER.contains(&point)
}
