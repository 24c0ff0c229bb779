//! The secret values of a version of a document. Each value is decrypted alone, so an altered value
//! does not hide the others, and the plaintext file is not restored.

use sops_document::{Document, Item, KeyPath, Leaf, Type};
use zeroize::Zeroizing;

use crate::additional_data::write_additional_data;
use crate::cipher::{Cipher, ciphertext};
use crate::encrypted_document::EncryptedDocument;
use crate::error::Result;
use crate::keys::DataKey;
use crate::pipeline::selection::{Selection, is_encryptable};
use crate::rules::EncryptionRule;

/// A value that is encrypted, or that a rule covers.
#[non_exhaustive]
pub struct SecretValue<'d> {
    /// The keys that lead to it, joined with dots, and the indexes of list items in brackets; empty
    /// for the value of a binary file.
    pub path: String,
    /// The encrypted value; `None` if the value is in plaintext.
    pub ciphertext: Option<&'d str>,
    /// The value as it was encrypted; `None` without the data key, or if the ciphertext was
    /// altered.
    pub plaintext: Option<Zeroizing<Vec<u8>>>,
}

impl<'d> SecretValue<'d> {
    /// A value at a path.
    #[must_use]
    pub fn new(path: String, ciphertext: Option<&'d str>, plaintext: Option<&[u8]>) -> Self {
        Self {
            path,
            ciphertext,
            plaintext: plaintext.map(|bytes| Zeroizing::new(bytes.to_vec())),
        }
    }
}

impl EncryptedDocument<'_> {
    /// The values that are encrypted, and those in plaintext that the rule of the file covers, in
    /// document order. The MAC is not verified. Comments, and the copies of values that aliases
    /// refer to, are left out.
    ///
    /// # Errors
    /// [`Error::Regex`](crate::Error::Regex) if the rule's expression is invalid.
    pub fn secret_values(&self, key: Option<&DataKey>) -> Result<Vec<SecretValue<'_>>> {
        let rule = self.metadata().rule.as_ref();
        let mut cipher = key.map(Cipher::new);
        let mut values = secret_values(self.document(), rule, |path, text| {
            let (kind, plaintext) = cipher.as_mut()?.decrypt(text.as_bytes(), path).ok()?;
            (kind != Type::Comment).then(|| Zeroizing::new(plaintext.to_vec()))
        })?;
        if self.format() == sops_document::Format::Binary {
            values.iter_mut().for_each(|value| value.path.clear());
        }
        Ok(values)
    }
}

/// The values of a document in plaintext that a rule covers, in document order; without a rule, all
/// values.
///
/// # Errors
/// [`Error::Regex`](crate::Error::Regex) if the rule's expression is invalid.
pub fn secret_values_of_plaintext<'d>(
    document: &'d Document<'_>,
    rule: Option<&EncryptionRule>,
) -> Result<Vec<SecretValue<'d>>> {
    secret_values(document, rule, |_, _| None)
}

/// `decrypt` is called with the additional data and the text of each encrypted value.
fn secret_values<'d>(
    document: &'d Document<'_>,
    rule: Option<&EncryptionRule>,
    mut decrypt: impl FnMut(&[u8], &str) -> Option<Zeroizing<Vec<u8>>>,
) -> Result<Vec<SecretValue<'d>>> {
    let selected = Selection::of(document, rule)?;
    let mut additional_data = Vec::new();
    let mut values = Vec::new();
    let tape = document.tape();
    // The walk below sees the same scalars in the same order.
    let mut scalars = document.scalars();
    let mut index = 0;
    while let Some(item) = tape.get(index) {
        index = match item {
            Item::Alias { close, .. } => *close as usize,
            _ => index + 1,
        };
        let Item::Leaf(Leaf { path, value, .. }) = item else {
            continue;
        };
        let scalar = scalars.next();
        let Some(value) = value else {
            continue;
        };
        let ciphertext = ciphertext(value);
        let is_covered = || selected.contains(index - 1) && is_encryptable(Some(value));
        let plaintext = match ciphertext {
            Some(text) => {
                write_additional_data(document.paths(), *path, &mut additional_data);
                decrypt(&additional_data, text)
            }
            None if is_covered() => Some(Zeroizing::new(value.bytes.to_vec())),
            None => continue,
        };
        let key_path = scalar.and_then(|scalar| KeyPath::new(scalar.components()));
        values.push(SecretValue {
            path: match key_path {
                Some(key_path) => key_path.dotted().to_string(),
                None => document.paths().display(*path),
            },
            ciphertext,
            plaintext,
        });
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use sops_document::Format;
    use sops_keys::Identities;
    use sops_keys::age::generate_x25519;

    use super::*;
    use crate::{Encryption, encrypt, parse_document};

    const PLAINTEXT: &str = "user: web\npassword: &p correct-horse\nold: *p\nlist:\n- password: 7\n- password: ''\n- password: ~\n";

    fn shown(values: &[SecretValue<'_>]) -> Vec<(String, bool, String)> {
        let shown = values.iter().map(|value| {
            let plaintext = value.plaintext.as_deref().map(Vec::as_slice);
            (
                value.path.clone(),
                value.ciphertext.is_some(),
                String::from_utf8_lossy(plaintext.unwrap_or(b"?")).into_owned(),
            )
        });
        shown.collect()
    }

    fn password_rule() -> EncryptionRule {
        EncryptionRule::EncryptedRegex("^password$".into())
    }

    fn value(path: &str, is_encrypted: bool, plaintext: &str) -> (String, bool, String) {
        (path.to_owned(), is_encrypted, plaintext.to_owned())
    }

    #[test]
    fn encrypted_values_are_read_one_by_one() {
        let pair = generate_x25519();
        let encryption = Encryption::to([pair.recipient.clone()]).with_rule(password_rule());
        let text = encrypt(PLAINTEXT, Format::Yaml, &encryption).expect("it is encrypted");
        let document = EncryptedDocument::parse(&text, Format::Yaml).expect("it is encrypted");
        let key = document
            .data_key(&Identities::from(pair.identity))
            .expect("the key is known");
        let values = document
            .secret_values(Some(&key))
            .expect("the rule is valid");
        let expected = [
            value("password", true, "correct-horse"),
            value("list[0].password", true, "7"),
        ];
        assert_eq!(shown(&values), expected);

        // A value that was altered does not hide the others.
        let start = text.find("ENC[").expect("there is a value") + "ENC[AES256_GCM,data:".len();
        let mut altered = text.clone();
        let other = if &text[start..=start] == "A" {
            "B"
        } else {
            "A"
        };
        altered.replace_range(start..=start, other);
        let document = EncryptedDocument::parse(&altered, Format::Yaml).expect("it is encrypted");
        let values = document
            .secret_values(Some(&key))
            .expect("the rule is valid");
        let expected = [
            value("password", true, "?"),
            value("list[0].password", true, "7"),
        ];
        assert_eq!(shown(&values), expected);
        let values = document.secret_values(None).expect("the rule is valid");
        assert!(values.iter().all(|value| value.plaintext.is_none()));
    }

    #[test]
    fn a_rule_selects_values_in_plaintext() {
        let document = parse_document(PLAINTEXT, Format::Yaml).expect("it is valid");
        let values = secret_values_of_plaintext(&document, Some(&password_rule()));
        let expected = [
            value("password", false, "correct-horse"),
            value("list[0].password", false, "7"),
        ];
        assert_eq!(shown(&values.expect("the rule is valid")), expected);
        let all = secret_values_of_plaintext(&document, None).expect("there is no rule");
        assert_eq!(all.len(), 3);
    }
}
