//! Checks on OpenPGP messages that work without `gpg`.

/// The damage to an armored message that is visible without a key.
pub(crate) fn damage(enc: &str) -> Option<&'static str> {
    let text = enc.trim_ascii();
    if !text.starts_with("-----BEGIN PGP MESSAGE-----") {
        return Some("is not an armored PGP message");
    }
    let is_whole = text.ends_with("-----END PGP MESSAGE-----");
    (!is_whole).then_some("is cut off")
}
