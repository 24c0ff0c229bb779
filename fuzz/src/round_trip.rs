//! Any accepted document is encrypted completely, as its rule says, round-trips byte for byte, and
//! keeps its ciphertexts when it is encrypted again.

use std::sync::LazyLock;

use sops_core::rules::EncryptionRule;
use sops_core::{EncryptedDocument, Encryption, Format, MacCheck, encrypt, parse_document};

use crate::{IDENTITIES, trees};

/// The default rule of SOPS, and a rule that leaves part of a document in plaintext.
static ENCRYPTIONS: LazyLock<[Encryption; 2]> = LazyLock::new(|| {
    let all = Encryption::to(IDENTITIES.recipients())
        .allowing_plaintext(true)
        .allowing_ciphertext(true);
    let rule = EncryptionRule::EncryptedRegex("[aeiou]".into());
    let some = all.clone().with_rule(rule);
    [all, some]
});

/// Encrypts and decrypts `text`, which may be invalid.
pub fn round_trip(text: &[u8], format: Format) {
    // The fuzzer selects the rule through the length.
    let encryption = &ENCRYPTIONS[text.len() % ENCRYPTIONS.len()];
    let Ok(encrypted) = encrypt(text, format, encryption) else {
        return;
    };
    let document =
        EncryptedDocument::parse(&encrypted, format).expect("an encrypted document is valid");
    // A value that was ciphertext before encryption may have more text after it.
    if !text.windows(4).any(|window| window == b"ENC[") {
        is_found_by_others(&encrypted, format);
    }
    let left = document.unencrypted().expect("the rule is valid");
    assert!(left.is_empty(), "left in plaintext: {left:?}");
    let key = document
        .data_key(&*IDENTITIES)
        .expect("the test key decrypts the document");
    let open = document
        .open(key, MacCheck::Require)
        .expect("an encrypted document can be decrypted");
    assert_eq!(open.plaintext(), text);

    let again = open
        .encrypt(text, encryption.now)
        .expect("a decrypted document can be encrypted again");
    // An encrypted binary file is JSON.
    let format = match format {
        Format::Binary => Format::Json,
        format => format,
    };
    let ciphertexts =
        |text: &str| trees(&parse_document(text, format).expect("the document is valid"));
    assert!(
        ciphertexts(&again) == ciphertexts(&encrypted),
        "an unchanged value has a new ciphertext"
    );
}

/// Other programs look for values that are exactly one ciphertext, and for these bytes of the
/// metadata.
fn is_found_by_others(encrypted: &str, format: Format) {
    let (text_format, mac) = match format {
        Format::Yaml => (format, "mac: ENC["),
        Format::Json | Format::Binary => (Format::Json, "\"mac\": \"ENC["),
        Format::Dotenv => (format, "sops_mac=ENC["),
        _ => (format, "ENC["),
    };
    let document = parse_document(encrypted, text_format).expect("the text is a document");
    for scalar in document.scalars().filter_map(|scalar| scalar.as_str()) {
        let is_whole = !scalar.starts_with("ENC[AES256_GCM,") || scalar.ends_with(']');
        assert!(is_whole, "a value has text after its ciphertext");
    }
    assert!(document.has_flow_top() || encrypted.contains(mac));
}
