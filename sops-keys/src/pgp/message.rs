//! OpenPGP messages, as far as they can be read without `gpg`.

/// What is wrong with an armoured message, as far as it shows without a key.
pub(crate) fn damage(enc: &str) -> Option<&'static str> {
    let text = enc.trim_ascii();
    if !text.starts_with("-----BEGIN PGP MESSAGE-----") {
        return Some("is not an armoured PGP message");
    }
    let is_whole = text.ends_with("-----END PGP MESSAGE-----");
    (!is_whole).then_some("is cut off")
}
