//! How public keys are spelled, shown and compared.

/// The types of SSH keys except those that age supports.
const FOREIGN_SSH_TYPES: [&str; 5] = [
    "ecdsa-sha2-",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-",
    "ssh-dss",
    "webauthn-sk-",
];

/// The type of an SSH public key that age cannot encrypt for.
pub(crate) fn foreign_ssh_type(recipient: &str) -> Option<&str> {
    let (name, data) = recipient.split_once(char::is_whitespace)?;
    let is_foreign = FOREIGN_SSH_TYPES.iter().any(|kind| name.starts_with(kind));
    (is_foreign && data.trim_start().starts_with("AAAA")).then_some(name)
}

/// Whether the text contains more than one age recipient, separated by spaces or line breaks.
pub(crate) fn holds_several_recipients(text: &str) -> bool {
    let mut words = text.split_whitespace().skip(1);
    words.any(|word| word.starts_with("age1") || matches!(word, "ssh-ed25519" | "ssh-rsa"))
}

/// A recipient for a message: whole if it is short, otherwise its beginning and end.
///
/// Text of more than eight characters in another form is not shown, since it may be a fragment of a
/// private key.
pub(crate) fn shortened(recipient: &str) -> String {
    // An X25519 recipient has 62 characters, an Ed25519 SSH key 80.
    const WHOLE: usize = 82;
    const BEGINNING: usize = 40;
    const END: usize = 8;
    let public = recipient.starts_with("age1")
        || recipient.starts_with("ssh-")
        || foreign_ssh_type(recipient).is_some();
    let length = recipient.chars().count();
    if !public && length > END {
        "***".to_owned()
    } else if length > WHOLE {
        let end = recipient.chars().skip(length - END);
        recipient
            .chars()
            .take(BEGINNING)
            .chain(['…'])
            .chain(end)
            .collect()
    } else {
        recipient.to_owned()
    }
}

/// Whether the text contains a private key, whole or in part.
pub(crate) fn holds_private_key(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    ["SECRET-KEY", "PRIVATE KEY", "AGE-PLUGIN-"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// An age recipient without the comment that may follow an SSH key.
pub(crate) fn without_comment(recipient: &str) -> String {
    let words: Vec<&str> = recipient.split_whitespace().take(2).collect();
    words.join(" ")
}

/// The digits of a PGP fingerprint or key ID in upper case, with the `!` after them.
pub(crate) fn hex_digits(fingerprint: &str) -> String {
    let digits = fingerprint.replace(' ', "").to_ascii_uppercase();
    digits.strip_prefix("0X").unwrap_or(&digits).to_owned()
}

/// Whether the text is a fingerprint or a long key ID, which `gpg` cannot interpret differently.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    let digits = text.strip_suffix('!').unwrap_or(text);
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    digits.len() >= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The long key ID at the end of a fingerprint, with its `!`.
pub(crate) fn long_id(fingerprint: &str) -> &str {
    let digits = fingerprint.strip_suffix('!').unwrap_or(fingerprint).len();
    &fingerprint[digits.saturating_sub(16)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_id_keeps_the_mark_of_a_subkey() {
        for (fingerprint, id) in [
            (
                "85D77543B3D624B63CEA9E6DBC17301B491B3F21",
                "BC17301B491B3F21",
            ),
            (
                "85D77543B3D624B63CEA9E6DBC17301B491B3F21!",
                "BC17301B491B3F21!",
            ),
            ("BC17301B491B3F21", "BC17301B491B3F21"),
        ] {
            assert_eq!(long_id(fingerprint), id);
        }
    }
}
