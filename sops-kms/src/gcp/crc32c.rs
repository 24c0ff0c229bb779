//! The checksum with which Google Cloud KMS protects requests and answers, CRC-32C (RFC 3720,
//! appendix B.4).

/// The message if a checksum is wrong.
pub(super) const DAMAGED: &str =
    "the request or the response was damaged in transit: a checksum does not match";

/// The checksum of some bytes. Data keys are short, so it needs no table.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    let step = |crc: u32| (crc >> 1) ^ (POLYNOMIAL * (crc & 1));
    let of_byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(!0, of_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3720, and the check value of the catalog of CRCs.
    #[test]
    fn the_checksums_are_those_of_the_standard() {
        let ascending: Vec<u8> = (0..32).collect();
        for (bytes, checksum) in [
            (&[0; 32][..], 0x8A91_36AA),
            (&[0xFF; 32], 0x62A8_AB43),
            (&ascending, 0x46DD_794E),
            (b"123456789", 0xE306_9283),
            (b"", 0),
        ] {
            assert_eq!(crc32c(bytes), checksum, "{bytes:?}");
        }
    }
}
