//! Finds changes that were made without SOPS; this needs no key. Every program that encrypts a file
//! gives it a MAC with a new ciphertext, so two versions with the same `mac` must have the same
//! values.

use sops_document::tree::Node;

use crate::cipher::is_ciphertext;
use crate::encrypted_document::EncryptedDocument;

/// The place where a version differs from an earlier one with the same `mac`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alteration {
    /// A value that the MAC covers, by its key path: keys joined with `.`.
    Value(String),
    /// A field of the metadata that the MAC depends on.
    Metadata(&'static str),
}

impl EncryptedDocument<'_> {
    /// The first difference from an earlier version that shows that someone changed the file by
    /// hand, or merged it as text: the MAC is the same, but the values that it covers differ. No
    /// key is needed. `None` proves nothing if the MACs differ.
    ///
    /// Comments, layout and recipients may differ, because the MAC does not cover them.
    pub fn altered_since(&self, earlier: &EncryptedDocument<'_>) -> Option<Alteration> {
        let (now, before) = (self.metadata(), earlier.metadata());
        if now.mac.is_empty() || now.mac != before.mac {
            return None;
        }
        if now.last_modified != before.last_modified {
            return Some(Alteration::Metadata("lastmodified"));
        }
        if now.mac_only_encrypted != before.mac_only_encrypted {
            return Some(Alteration::Metadata("mac_only_encrypted"));
        }
        let (now, before) = (sealed_values(self), sealed_values(earlier));
        let is_same = |(now, before): &(&SealedValue, &SealedValue)| now.is_same(before);
        let same = now.iter().zip(&before).take_while(is_same).count();
        let differing = now.get(same).or(before.get(same))?;
        Some(Alteration::Value(differing.path.join(".")))
    }
}

/// A value that the MAC covers.
struct SealedValue {
    /// The keys on the value's path, without the indexes of lists, as in its additional data.
    path: Vec<String>,
    scalar: Node,
}

impl SealedValue {
    /// Whether both contribute the same bytes to the MAC. A plaintext value may have another key,
    /// which the MAC does not cover.
    fn is_same(&self, other: &Self) -> bool {
        let is_bound = || self.scalar.as_str().is_some_and(is_ciphertext);
        self.scalar == other.scalar && (self.path == other.path || !is_bound())
    }
}

/// The values that the MAC of a document covers, in the order of the text.
fn sealed_values(document: &EncryptedDocument<'_>) -> Vec<SealedValue> {
    let mut values = Vec::new();
    for tree in document.trees() {
        collect(tree, &mut Vec::new(), &mut values);
    }
    if document.metadata().mac_only_encrypted {
        values.retain(|value| value.scalar.as_str().is_some_and(is_ciphertext));
    }
    values
}

fn collect(node: Node, path: &mut Vec<String>, values: &mut Vec<SealedValue>) {
    match node {
        Node::Mapping(entries) => {
            for entry in entries {
                path.push(entry.key);
                collect(entry.value, path, values);
                path.pop();
            }
        }
        Node::Sequence(items) => {
            for item in items {
                collect(item, path, values);
            }
        }
        // SOPS leaves null out of the MAC.
        Node::Scalar(None) => {}
        scalar => values.push(SealedValue {
            path: path.clone(),
            scalar,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use sops_keys::age::generate_x25519;
    use sops_keys::{Identities, KeyService};

    use super::*;
    use crate::rules::EncryptionRule;
    use crate::{Encryption, Format, MacCheck, encrypt};

    const PLAINTEXT: &str =
        "user: web # the owner\npassword: correct-horse\nports: [80, 81]\nempty: ~\n";

    fn alteration(now: &str, before: &str) -> Option<Alteration> {
        let parse =
            |text| EncryptedDocument::parse(text, Format::Yaml).expect("the document is encrypted");
        parse(now).altered_since(&parse(before))
    }

    /// An encrypted file in which only `password` is encrypted.
    fn encrypted(mac_only_encrypted: bool) -> (String, Identities) {
        let pair = generate_x25519();
        let encryption = Encryption::to([pair.recipient])
            .with_rule(EncryptionRule::EncryptedRegex("^password$".into()))
            .with_mac_only_encrypted(mac_only_encrypted);
        let text =
            encrypt(PLAINTEXT, Format::Yaml, &encryption).expect("the document can be encrypted");
        (text, Identities::from(pair.identity))
    }

    fn is_opened(text: &str, service: &dyn KeyService) -> bool {
        let document =
            EncryptedDocument::parse(text, Format::Yaml).expect("the document is encrypted");
        let key = document
            .data_key(service)
            .expect("the key decrypts the document");
        document.decrypt(&key, MacCheck::Require).is_ok()
    }

    /// The MAC is the oracle: the comparison must agree with it.
    #[test]
    fn a_change_by_hand_is_reported_exactly_if_it_breaks_the_mac() {
        for mac_only_encrypted in [false, true] {
            let (text, identities) = encrypted(mac_only_encrypted);
            let ciphertext = text.lines().find(|line| line.starts_with("password: "));
            let ciphertext = ciphertext.expect("the document is encrypted").to_owned();
            let renamed = ciphertext.replace("password", "passwort");
            for (from, to) in [
                ("user: web", "user: root"),
                ("user: web", "user:   'web'"),
                ("user: web", "owner: web"),
                ("# the owner", "# the operator"),
                ("ports: [80, 81]", "ports: [81, 80]"),
                ("ports: [80, 81]", "ports:\n- 80\n- 0x51"),
                ("ports: [80, 81]", "ports: [80]"),
                ("ports: [80, 81]", "ports: [80, 81, 82]"),
                ("empty: ~", "other: ~"),
                ("empty: ~", "empty: 1"),
                (&*ciphertext, &*renamed),
            ] {
                let changed = text.replacen(from, to, 1);
                assert_ne!(changed, text, "{from}");
                let found = alteration(&changed, &text);
                assert_eq!(
                    found.is_none(),
                    is_opened(&changed, &identities),
                    "{from} -> {to}: {found:?}"
                );
                assert_eq!(found.is_none(), alteration(&text, &changed).is_none());
            }
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let (text, _) = encrypted(false);
        let changed = text.replace("[80, 81]", "[80, 8080]");
        assert_eq!(
            alteration(&changed, &text),
            Some(Alteration::Value("ports".to_owned()))
        );
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with("mac:"));
        let line = line.expect("the metadata has a MAC");
        let indent = &line[..line.len() - line.trim_start().len()];
        let flag = text.replace(line, &format!("{line}\n{indent}mac_only_encrypted: true"));
        let found = alteration(&flag, &text);
        assert_eq!(found, Some(Alteration::Metadata("mac_only_encrypted")));
    }

    #[test]
    fn a_version_that_a_program_wrote_is_not_an_alteration() {
        let (text, identities) = encrypted(false);
        let document =
            EncryptedDocument::parse(&text, Format::Yaml).expect("the document is encrypted");
        let key = document
            .data_key(&identities)
            .expect("the key decrypts the document");
        let later = SystemTime::now() + Duration::from_secs(5);
        let open = document
            .open(key.clone(), MacCheck::Require)
            .expect("the MAC holds");
        let changed = PLAINTEXT.replace("web", "root");
        let written = open
            .encrypt(&changed, later)
            .expect("the document can be encrypted");
        assert_eq!(alteration(&written, &text), None);
        let pair = generate_x25519();
        let groups = [vec![pair.recipient.into()]];
        let other = document.with_key_groups(&key, &groups, None, &identities, later);
        assert_eq!(
            alteration(&other.expect("the data key can be encrypted"), &text),
            None
        );
    }
}
