//! SSH keys as age keys: `ssh-ed25519` and `ssh-rsa`, including private keys with a passphrase.

use std::sync::OnceLock;

use ::age::ssh::{Identity, ParseRecipientKeyError, Recipient, UnsupportedKey};
use age_core::format::Stanza;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::prompt::Prompt;

use super::low_order::LOW_ORDER;
use super::passphrase;
use super::source_report::WRONG_PASSPHRASE;
use super::stanza::{StanzaOutcome, try_identity};

/// Parses a line of `authorized_keys` without options, including its comment.
pub(super) fn parse_recipient(text: &str) -> Result<Recipient, String> {
    const MALFORMED: &str = "a malformed SSH public key; copy the whole line from its `.pub` file";
    let mut words = text.split_whitespace();
    let (kind, blob) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let bytes = BASE64_STANDARD.decode(blob).map_err(|_| MALFORMED)?;
    if has_zero_number(&bytes) {
        return Err(MALFORMED.to_owned());
    }
    let key = format!("{kind} {blob}");
    match key.parse::<Recipient>() {
        Ok(Recipient::SshEd25519(_, point)) if point.is_small_order() => Err(LOW_ORDER.to_owned()),
        // The parser stops at the end of the key and ignores the rest.
        Ok(recipient) if recipient.to_string() == key => Ok(recipient),
        Err(ParseRecipientKeyError::RsaModulusTooLarge) => {
            Err("RSA keys of more than 4096 bits are not supported; use an Ed25519 key".to_owned())
        }
        Err(ParseRecipientKeyError::RsaModulusTooSmall) => {
            Err("RSA keys of fewer than 2048 bits are too weak; use an Ed25519 key".to_owned())
        }
        Err(ParseRecipientKeyError::Unsupported(kind)) => Err(format!(
            "SSH keys of type {kind} cannot encrypt: only ssh-ed25519 and ssh-rsa can"
        )),
        Ok(_) | Err(_) => Err(MALFORMED.to_owned()),
    }
}

/// An SSH private key. It is parsed when a file for an SSH key is found, and unlocked if that file
/// is for this key.
pub(super) struct SshKey {
    text: Zeroizing<Vec<u8>>,
    parsed: OnceLock<Result<Parsed, String>>,
    unlocked: OnceLock<Result<Identity, String>>,
}

struct Parsed {
    identity: Identity,
    recipient: Option<Recipient>,
}

impl SshKey {
    /// Accepts the text of a private key file, in OpenSSH's format or RSA in PEM.
    pub(super) fn new(text: Zeroizing<Vec<u8>>) -> Self {
        Self {
            text,
            parsed: OnceLock::new(),
            unlocked: OnceLock::new(),
        }
    }

    /// The cost of trying the key on the stanzas, as a [`WorkBudget`](crate::WorkBudget) counts it.
    /// Stanzas that name another key cost nothing.
    pub(super) fn cost(&self, stanzas: &[Stanza]) -> usize {
        let Some(recipient) = self.recipient() else {
            return 0;
        };
        let cost = match recipient {
            Recipient::SshRsa(..) => 100,
            Recipient::SshEd25519(..) => 2,
        };
        let tag = tag(&recipient);
        let names_key = |stanza: &&Stanza| stanza.args.first() == Some(&tag);
        cost * stanzas.iter().filter(names_key).count()
    }

    /// Tries the key on the stanzas of a header, as far as possible without a passphrase.
    pub(super) fn try_on(&self, stanzas: &[Stanza]) -> StanzaOutcome {
        match (self.parse(), self.unlocked.get()) {
            (_, Some(Ok(unlocked))) => try_identity(unlocked, stanzas),
            (Ok(parsed), _) => try_identity(&parsed.identity, stanzas),
            (Err(_), _) => StanzaOutcome::NoMatch,
        }
    }

    /// Asks for the passphrase if the key is locked and the header names it, then tries it.
    ///
    /// `name` is that of the key file, for the prompt.
    pub(super) fn unlock_and_try_on(
        &self,
        stanzas: &[Stanza],
        name: &str,
        prompt: &dyn Prompt,
    ) -> StanzaOutcome {
        let Some(recipient) = self.recipient() else {
            return StanzaOutcome::NoMatch;
        };
        let tag = tag(&recipient);
        if !stanzas
            .iter()
            .any(|stanza| stanza.args.first() == Some(&tag))
        {
            return StanzaOutcome::NoMatch;
        }
        match self.unlock(name, prompt) {
            Some(unlocked) => try_identity(unlocked, stanzas),
            None => StanzaOutcome::NoMatch,
        }
    }

    /// Asks for the passphrase, unless that was done before. `None` if the key has no passphrase,
    /// or if the user did not enter the right one.
    pub(super) fn unlock(&self, name: &str, prompt: &dyn Prompt) -> Option<&Identity> {
        let Ok(Parsed {
            identity: Identity::Encrypted(locked),
            ..
        }) = self.parse()
        else {
            return None;
        };
        let unlocked = self.unlocked.get_or_init(|| {
            let key = passphrase::ask(name, prompt, |passphrase| {
                locked.decrypt(passphrase).map_err(|_| WRONG_PASSPHRASE)
            })?;
            Ok(Identity::from(key))
        });
        unlocked.as_ref().ok()
    }

    /// Whether the key needs a passphrase that has not been entered yet.
    pub(super) fn is_locked(&self) -> bool {
        let locked = matches!(
            self.parse(),
            Ok(Parsed {
                identity: Identity::Encrypted(_),
                ..
            })
        );
        locked && self.unlocked.get().is_none()
    }

    /// Why the key cannot be used.
    pub(super) fn problem(&self) -> Option<&str> {
        let unlocked = self.unlocked.get().and_then(|result| result.as_ref().err());
        self.parse().err().or(unlocked).map(String::as_str)
    }

    /// Whether the key's text has been parsed.
    pub(super) fn was_used(&self) -> bool {
        self.parsed.get().is_some()
    }

    /// The public half, even of a locked key.
    pub(super) fn recipient(&self) -> Option<Recipient> {
        self.parse()
            .ok()
            .and_then(|parsed| parsed.recipient.clone())
    }

    fn parse(&self) -> Result<&Parsed, &String> {
        self.parsed.get_or_init(|| parse(&self.text)).as_ref()
    }
}

fn parse(text: &[u8]) -> Result<Parsed, String> {
    const MALFORMED: &str = "a malformed SSH private key";
    let text = text.trim_ascii_start();
    for beginning in ["-----BEGIN PRIVATE KEY", "-----BEGIN ENCRYPTED PRIVATE KEY"] {
        if text.starts_with(beginning.as_bytes()) {
            return Err(
                "a private key in PKCS#8 format; convert it with `ssh-keygen -p -f FILE`"
                    .to_owned(),
            );
        }
    }
    if openssh_sections(text).is_some_and(|(public, private)| {
        // The private section begins with two check numbers of four bytes, followed by the same
        // fields as the public section.
        has_zero_number(&public) || private.get(8..).is_some_and(has_zero_number)
    }) {
        return Err(MALFORMED.to_owned());
    }
    let identity = Identity::from_buffer(text, None).map_err(|_| MALFORMED)?;
    if let Identity::Unsupported(key) = &identity {
        return Err(match key {
            UnsupportedKey::EncryptedPem => {
                "a PEM key with a passphrase, which is a weak format; convert it with `ssh-keygen -p -f FILE`"
                    .to_owned()
            }
            UnsupportedKey::EncryptedSsh(cipher) => {
                format!("an SSH key encrypted with {cipher}, which is not supported; encrypt it again with `ssh-keygen -p -Z aes256-ctr -f FILE`")
            }
            UnsupportedKey::Hardware(kind) | UnsupportedKey::Type(kind) => {
                format!("an SSH key of type {kind}: only ssh-ed25519 and ssh-rsa can decrypt")
            }
        });
    }
    let recipient = Recipient::try_from(identity.clone()).ok();
    if recipient.is_none() && matches!(identity, Identity::Encrypted(_)) {
        return Err("a passphrase-protected SSH key of an unsupported type or size".to_owned());
    }
    Ok(Parsed {
        identity,
        recipient,
    })
}

/// The first argument of a stanza for this key: the first four bytes of the SHA-256 of its public
/// half.
fn tag(recipient: &Recipient) -> String {
    let (Recipient::SshRsa(blob, _) | Recipient::SshEd25519(blob, _)) = recipient;
    BASE64_STANDARD_NO_PAD.encode(&Sha256::digest(blob)[..4])
}

/// Whether a number of the RSA key in `blob` (SSH's wire format, RFC 4253) consists of zero bytes.
///
/// The crate `age` 0.11 indexes past the end of a number of zero bytes.
fn has_zero_number(blob: &[u8]) -> bool {
    let mut rest = blob;
    if take_string(&mut rest) != Some(b"ssh-rsa") {
        return false;
    }
    // A private key has six numbers, a public key two; a comment may follow.
    std::iter::from_fn(|| take_string(&mut rest))
        .take(6)
        .any(|number| !number.is_empty() && number.iter().all(|byte| *byte == 0))
}

/// The public and the private section of a key file in OpenSSH's format (its PROTOCOL.key).
fn openssh_sections(text: &[u8]) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
    let body = text.strip_prefix(b"-----BEGIN OPENSSH PRIVATE KEY-----")?;
    let end = body.iter().position(|byte| *byte == b'-')?;
    let base64: Zeroizing<Vec<u8>> = Zeroizing::new(
        body[..end]
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(&*base64).ok()?);
    let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    for _cipher_and_kdf in 0..3 {
        take_string(&mut rest)?;
    }
    rest = rest.get(4..)?;
    let public = take_string(&mut rest)?.to_vec();
    Some((public, Zeroizing::new(take_string(&mut rest)?.to_vec())))
}

/// Removes a `string` of SSH's wire format from the front: a length of four bytes, big endian, and
/// that many bytes.
fn take_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (string, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn rsa(numbers: &[&[u8]]) -> Vec<u8> {
        let numbers = numbers.iter().flat_map(|number| string(number));
        string(b"ssh-rsa").into_iter().chain(numbers).collect()
    }

    #[test]
    fn numbers_of_zero_bytes_are_malformed_and_do_not_panic() {
        for numbers in [[&[0u8][..], &[1]], [&[3], &[0, 0]], [&[], &[0]]] {
            let line = format!("ssh-rsa {}", BASE64_STANDARD.encode(rsa(&numbers)));
            assert_eq!(
                parse_recipient(&line).err().as_deref(),
                Some("a malformed SSH public key; copy the whole line from its `.pub` file")
            );
        }
        let number: &[u8] = &[1];
        for at in 0..6 {
            let mut numbers = [number; 6];
            numbers[at] = &[0];
            let private = [&[0; 8][..], &rsa(&numbers), &string(b"comment")].concat();
            let file = [
                b"openssh-key-v1\0".to_vec(),
                string(b"none"),
                string(b"none"),
                string(b""),
                vec![0, 0, 0, 1],
                string(&rsa(&[number, number])),
                string(&private),
            ];
            let pem = format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
                BASE64_STANDARD.encode(file.concat())
            );
            let key = SshKey::new(Zeroizing::new(pem.into_bytes()));
            assert_eq!(key.problem(), Some("a malformed SSH private key"));
        }
    }

    /// All encodings of the eight points of low order of edwards25519, including the non-canonical
    /// ones.
    #[test]
    fn points_of_low_order_are_refused() {
        let order_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
        let other_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        let zeros = "0".repeat(62);
        let ones = "f".repeat(60);
        for hex in [
            format!("00{zeros}"),
            format!("01{zeros}"),
            format!("ec{ones}7f"),
            format!("ed{ones}7f"),
            format!("ee{ones}7f"),
            order_8.to_owned(),
            other_8.to_owned(),
        ] {
            for sign in [0, 0x80] {
                let mut point: Vec<u8> = (0..32)
                    .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                    .collect();
                point[31] |= sign;
                let blob = [string(b"ssh-ed25519"), string(&point)].concat();
                let line = format!("ssh-ed25519 {}", BASE64_STANDARD.encode(blob));
                let error = parse_recipient(&line).err();
                let is_refused =
                    |message: &str| message == LOW_ORDER || message.contains("malformed");
                assert!(error.as_deref().is_some_and(is_refused), "{hex}: {error:?}");
            }
        }
    }

    /// A modulus that is not a product of primes is useless, but must not cause a panic.
    #[test]
    fn nonsensical_rsa_keys_do_not_panic() {
        let odd = [&[0x80][..], &[1; 255]].concat();
        let even = [&[0x80][..], &[0; 255]].concat();
        for number in [&odd, &even] {
            for exponent in [&[0][..], &[1], &[2], &[3], &[1, 0, 0, 0, 0], &[0xff; 64]] {
                let number = [&[0][..], number].concat();
                let blob = rsa(&[exponent, &number]);
                let line = format!("ssh-rsa {}", BASE64_STANDARD.encode(blob));
                if let Ok(recipient) = line.parse::<crate::Recipient>() {
                    let _ = recipient.wrap(b"x");
                }
            }
        }
    }

    #[test]
    fn a_recipient_is_read_as_in_authorized_keys() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOiv0G";
        for text in [
            format!("ssh-ed25519 {key}"),
            format!("ssh-ed25519 \t {key}  me@here, too"),
        ] {
            assert_eq!(
                parse_recipient(&text).unwrap().to_string(),
                format!("ssh-ed25519 {key}")
            );
        }
        for text in [
            format!("ssh-ed25519 {key}AAAA"),
            format!("ssh-rsa {key}"),
            key.to_owned(),
        ] {
            assert!(parse_recipient(&text).is_err(), "{text}");
        }
    }
}
