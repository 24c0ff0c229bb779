//! Recipients: the public keys that a data key is encrypted for.

use std::hash::{Hash, Hasher};
use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;
use std::{fmt, iter};

use ::age::armor::{ArmoredWriter, Format};
use ::age::{EncryptError, Encryptor};
use bech32::FromBase32;

use crate::error::{Error, Result};
use crate::master_key::MasterKey;
use crate::prompt::{NoPrompt, Prompt};
use crate::spelling::{foreign_ssh_type, holds_private_key, shortened};

#[cfg(feature = "pq")]
use super::hybrid;
use super::low_order::{LOW_ORDER, is_low_order};
#[cfg(feature = "plugin")]
use super::plugin;
#[cfg(feature = "ssh")]
use super::ssh;
#[cfg(feature = "tag")]
use super::tagged;

/// An age recipient: `age1…` (X25519), `age1pq1…` (ML-KEM-768 and X25519), `age1tag1…` or
/// `age1tagpq1…` (a key in hardware), `age1NAME1…` (a plugin), `ssh-ed25519 …` or `ssh-rsa …`.
///
/// It is parsed from a string and keeps that string without the surrounding white space, which is
/// how `sops` stores it. Two recipients are equal if their strings are equal.
///
/// ```
/// use sops_keys::{Identities, Recipient, age::generate_x25519};
///
/// let pair = generate_x25519();
/// let enc = pair.recipient.wrap(b"a data key")?;
///
/// let identities = Identities::from(pair.identity);
/// let secret = identities.unwrap(&pair.recipient.to_string(), &enc)?;
/// assert_eq!(secret.unwrap().as_slice(), b"a data key");
/// # Ok::<(), sops_keys::Error>(())
/// ```
#[derive(Clone)]
pub struct Recipient {
    text: String,
    kind: RecipientKind,
}

#[derive(Clone)]
enum RecipientKind {
    X25519(::age::x25519::Recipient),
    #[cfg(feature = "pq")]
    Hybrid(Box<hybrid::Recipient>),
    #[cfg(feature = "plugin")]
    Plugin(::age::plugin::Recipient),
    #[cfg(feature = "ssh")]
    Ssh(::age::ssh::Recipient),
    #[cfg(feature = "tag")]
    Tagged(tagged::Recipient),
}

impl Recipient {
    /// Encrypts `secret`, a data key or a share of one, for this recipient alone.
    ///
    /// Returns an ASCII-armored age file with lines of at most 64 characters, all of which end in
    /// `\n`.
    ///
    /// # Errors
    ///
    /// [`Error::Recipient`] for a plugin that is not installed, fails, or needs to ask the user.
    pub fn wrap(&self, secret: &[u8]) -> Result<String> {
        self.wrap_asking(secret, &(Arc::new(NoPrompt) as Arc<dyn Prompt>))
    }

    /// Like [`wrap`](Self::wrap), but the recipient's plugin can ask the user through `prompt`.
    pub(super) fn wrap_asking(&self, secret: &[u8], prompt: &Arc<dyn Prompt>) -> Result<String> {
        #[cfg(not(feature = "plugin"))]
        let _ = prompt;
        let armored = match &self.kind {
            RecipientKind::X25519(recipient) => armored(recipient, secret),
            #[cfg(feature = "pq")]
            RecipientKind::Hybrid(recipient) => armored(recipient.as_ref(), secret),
            #[cfg(feature = "plugin")]
            RecipientKind::Plugin(recipient) => plugin::recipient(recipient, prompt)
                .and_then(|recipient| armored(&recipient, secret)),
            #[cfg(feature = "ssh")]
            RecipientKind::Ssh(recipient) => armored(recipient, secret),
            #[cfg(feature = "tag")]
            RecipientKind::Tagged(recipient) => armored(recipient, secret),
        };
        armored.map_err(|error| refused(&self.text, failure(&error)))
    }
}

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        // The order is that of `sops`: a native key has no `1` after its prefix, since Bech32 data
        // cannot contain one.
        let kind = if text.starts_with("age1pq1") {
            hybrid_recipient(text)
        } else if text.starts_with("age1") && text.matches('1').count() > 1 {
            named_recipient(text)
        } else if text.starts_with("age1") {
            x25519_recipient(text)
        } else if let Some(name) = foreign_ssh_type(text) {
            Err(format!(
                "age cannot encrypt for an SSH key of type {name}; it supports ssh-ed25519 and ssh-rsa"
            ))
        } else if text.starts_with("ssh-") {
            ssh_recipient(text)
        } else {
            Err(unknown(text).to_owned())
        };
        kind.map(|kind| Self {
            text: text.to_owned(),
            kind,
        })
        .map_err(|message| refused(text, message))
    }
}

/// The public half of a key that was generated or read by this crate.
impl Recipient {
    pub(super) fn x25519(recipient: ::age::x25519::Recipient) -> Self {
        Self {
            text: recipient.to_string(),
            kind: RecipientKind::X25519(recipient),
        }
    }

    #[cfg(feature = "pq")]
    pub(super) fn hybrid(recipient: hybrid::Recipient) -> Self {
        Self {
            text: recipient.to_string(),
            kind: RecipientKind::Hybrid(Box::new(recipient)),
        }
    }

    #[cfg(feature = "ssh")]
    pub(super) fn ssh(recipient: ::age::ssh::Recipient) -> Self {
        Self {
            text: recipient.to_string(),
            kind: RecipientKind::Ssh(recipient),
        }
    }
}

impl From<Recipient> for MasterKey {
    fn from(recipient: Recipient) -> Self {
        Self::Age {
            recipient: recipient.to_string(),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

impl Hash for Recipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// What is wrong with `text`, which does not begin like a recipient. The message doesn't contain
/// `text`.
fn unknown(text: &str) -> &'static str {
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_path = ["./", "../", "/", "~/"]
        .iter()
        .any(|start| text.starts_with(start))
        || [".pub", ".txt", ".key", ".agekey"]
            .iter()
            .any(|end| text.ends_with(end));
    if matches!(text.len(), 16 | 40) && is_hexadecimal(text) {
        "this looks like the fingerprint of a PGP key, which belongs under `pgp` or after `--pgp`"
    } else if is_path {
        "this looks like the name of a file; use the public key from the file instead"
    } else {
        "an age recipient begins with `age1`, `ssh-ed25519` or `ssh-rsa`"
    }
}

fn refused(recipient: &str, message: impl Into<String>) -> Error {
    if holds_private_key(recipient) {
        return Error::PrivateKey;
    }
    Error::Recipient {
        recipient: shortened(recipient),
        message: message.into(),
    }
}

fn x25519_recipient(text: &str) -> std::result::Result<RecipientKind, String> {
    /// `age1`, 52 characters for 32 bytes, and a checksum of 6.
    const LENGTH: usize = 62;
    let recipient = text.parse().map_err(|_| {
        let found = text.chars().count();
        match found {
            LENGTH => "it has a wrong character; copy it again".to_owned(),
            _ => format!("it has {found} characters, but a recipient of this kind has {LENGTH}; copy the whole recipient"),
        }
    })?;
    let point = bech32::decode(text).ok().and_then(|(_, data, _)| {
        let bytes = Vec::from_base32(&data).ok()?;
        <[u8; 32]>::try_from(bytes).ok()
    });
    match point {
        Some(point) if !is_low_order(point) => Ok(RecipientKind::X25519(recipient)),
        _ => Err(LOW_ORDER.to_owned()),
    }
}

#[cfg(feature = "pq")]
fn hybrid_recipient(text: &str) -> std::result::Result<RecipientKind, String> {
    text.parse()
        .map(|recipient| RecipientKind::Hybrid(Box::new(recipient)))
        .map_err(str::to_owned)
}

#[cfg(not(feature = "pq"))]
fn hybrid_recipient(_: &str) -> std::result::Result<RecipientKind, String> {
    Err("post-quantum keys need the cargo feature `pq`".to_owned())
}

/// A recipient with a name in front of its data. `sops` leaves all of them to plugins, but the
/// plugins of tagged recipients encrypt exactly as `tagged.rs` does.
fn named_recipient(text: &str) -> std::result::Result<RecipientKind, String> {
    #[cfg(feature = "tag")]
    if tagged::Recipient::is(text) {
        let recipient = tagged::Recipient::parse(text).map_err(str::to_owned)?;
        return Ok(RecipientKind::Tagged(recipient));
    }
    plugin_recipient(text)
}

#[cfg(feature = "plugin")]
fn plugin_recipient(text: &str) -> std::result::Result<RecipientKind, String> {
    text.parse()
        .map(RecipientKind::Plugin)
        .map_err(|_| super::bech32_key::MISTYPED.to_owned())
}

#[cfg(not(feature = "plugin"))]
fn plugin_recipient(_: &str) -> std::result::Result<RecipientKind, String> {
    Err("keys of age plugins need the cargo feature `plugin`".to_owned())
}

#[cfg(feature = "ssh")]
fn ssh_recipient(text: &str) -> std::result::Result<RecipientKind, String> {
    ssh::parse_recipient(text).map(RecipientKind::Ssh)
}

#[cfg(not(feature = "ssh"))]
fn ssh_recipient(_: &str) -> std::result::Result<RecipientKind, String> {
    Err("SSH keys need the cargo feature `ssh`".to_owned())
}

/// The secret as an ASCII-armored age file for one recipient.
pub(super) fn armored(
    recipient: &dyn ::age::Recipient,
    secret: &[u8],
) -> std::result::Result<String, EncryptError> {
    let encryptor = Encryptor::with_recipients(iter::once(recipient))?;
    let mut file = Vec::new();
    let armor = ArmoredWriter::wrap_output(&mut file, Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(secret)?;
    writer.finish()?.finish()?;
    let text = String::from_utf8(file).expect("armor is ASCII");
    // The crate uses the platform's line endings, `sops` uses `\n` everywhere.
    Ok(if cfg!(windows) {
        text.replace("\r\n", "\n")
    } else {
        text
    })
}

/// The failure, in one line. The crate's own messages are translated, which is slow to load.
pub(super) fn failure(error: &EncryptError) -> String {
    match error {
        EncryptError::Io(error) => error.to_string(),
        #[cfg(feature = "plugin")]
        EncryptError::MissingPlugin { binary_name } => plugin::not_installed(binary_name),
        #[cfg(feature = "plugin")]
        EncryptError::Plugin(errors) => plugin::failures(errors),
        _ => "cannot be encrypted for".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::age::low_order::POINTS_OF_LOW_ORDER;

    #[test]
    fn invalid_recipients_are_rejected() {
        let x25519 = "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w";
        assert_eq!(
            format!(" {x25519}\n")
                .parse::<Recipient>()
                .unwrap()
                .to_string(),
            x25519
        );
        let broken = x25519.replace("shs5", "shs4");
        let short = &x25519[..60];
        let cases = [
            "",
            "age1",
            "age1pq1",
            "age1pq1qqqq",
            "age1yubikey1",
            "age1-x1qqqqqq",
            "ssh-",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-ed25519 ÄÖÜ",
            "ssh-rsa AAAAB3NzaC1yc2E",
            "ssh-dss AAAAB3NzaC1kc3M",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID7c2nabV9RErBkplcSh12Qq0TT4IR35ItcGO4pOi\u{1F600}",
            "85D77543B3D624B63CEA9E6DBC17301B491B3F21",
            "AGE1SHS52PVK44XPAJRDW39J77XTPUGNYNW23CN9GSU6M4566VNFPCYQH4S60W",
            &broken,
            short,
        ];
        for case in cases {
            let error = case.parse::<Recipient>().unwrap_err();
            assert!(matches!(error, Error::Recipient { .. }), "{case}: {error}");
        }
    }

    #[test]
    fn points_of_low_order_are_refused() {
        for low in POINTS_OF_LOW_ORDER {
            for highest in [0, 0x80] {
                let mut point = low;
                point[31] |= highest;
                // Every private key is a multiple of the cofactor 8, so any key works here.
                let agreed = x25519_dalek::x25519([7; 32], point);
                assert_eq!(agreed, [0; 32], "the point is not of low order");
                let text = bech32("age", &point);
                let error = text.parse::<Recipient>().unwrap_err();
                assert!(error.to_string().contains("low order"), "{text}: {error}");
                #[cfg(feature = "pq")]
                {
                    let file = include_str!("../../../testdata/keys/hybrid.txt");
                    let mut lines = file.lines();
                    let hybrid = lines.find_map(|line| line.strip_prefix("# public key: "));
                    let (_, data, _) = bech32::decode(hybrid.unwrap()).unwrap();
                    let mut key = Vec::from_base32(&data).unwrap();
                    let at = key.len() - 32;
                    key[at..].copy_from_slice(&point);
                    let text = bech32("age1pq", &key);
                    let error = text.parse::<Recipient>().unwrap_err();
                    assert!(error.to_string().contains("low order"), "{error}");
                }
            }
        }
        let mut base = [0; 32];
        base[0] = 9;
        let base = bech32("age", &base);
        let recipient: Recipient = base.parse().unwrap();
        assert!(recipient.wrap(b"x").is_ok());
    }

    fn bech32(prefix: &str, bytes: &[u8]) -> String {
        use bech32::{ToBase32, Variant};
        bech32::encode(prefix, bytes.to_base32(), Variant::Bech32).unwrap()
    }

    #[test]
    fn a_misplaced_private_key_is_not_shown() {
        for identity in [
            include_str!("../../../testdata/keys/x25519.txt")
                .lines()
                .last()
                .unwrap(),
            include_str!("../../../testdata/keys/ssh_ed25519"),
            "AGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQ",
        ] {
            let recipient = "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w";
            for text in [
                identity.to_owned(),
                identity.to_lowercase(),
                format!("{recipient} {identity}"),
            ] {
                let error = text.parse::<Recipient>().unwrap_err();
                assert!(matches!(error, Error::PrivateKey), "{error}");
            }
            // A fragment of a recipient cannot be identified.
            let piece = &identity[identity.len() - 12..];
            let error = piece.parse::<Recipient>().unwrap_err().to_string();
            assert!(error.starts_with("recipient `***`: "), "{error}");
        }
    }

    #[test]
    fn errors_name_the_kind_of_invalid_text() {
        let ecdsa =
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGq ann@work";
        for (text, start, wanted) in [
            (
                ecdsa,
                "recipient `ecdsa-sha2-nistp256 AAAAE2",
                "SSH key of type ecdsa-sha2-nistp256; it supports ssh-ed25519 and ssh-rsa",
            ),
            (
                "ssh-dss AAAAB3NzaC1kc3M",
                "recipient `ssh-dss ",
                "type ssh-dss;",
            ),
            (
                "/home/ann/.ssh/id_ed25519",
                "recipient `***`",
                "name of a file",
            ),
            ("keys/ann.pub", "recipient `***`", "name of a file"),
            (
                "85D77543B3D624B63CEA9E6DBC17301B491B3F21",
                "recipient `***`",
                "`--pgp`",
            ),
            (
                "hunter2-hunter2",
                "recipient `***`",
                "begins with `age1`, `ssh-ed25519` or",
            ),
        ] {
            let error = text.parse::<Recipient>().unwrap_err().to_string();
            assert!(
                error.starts_with(start) && error.contains(wanted),
                "{error}"
            );
        }
    }

    #[test]
    fn long_recipients_are_shortened_in_messages() {
        let long = format!("age1pq1{}", "q".repeat(2000));
        let error = long.parse::<Recipient>().unwrap_err().to_string();
        assert!(error.contains("age1pq1qqq") && error.len() < 150, "{error}");
    }

    #[test]
    fn a_wrapped_key_ends_as_in_sops() {
        let recipient: Recipient = "age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w"
            .parse()
            .unwrap();
        for length in [0, 1, 32, 33, 48, 1000] {
            let enc = recipient.wrap(&vec![7; length]).unwrap();
            assert!(enc.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
            assert!(enc.ends_with("\n-----END AGE ENCRYPTED FILE-----\n"));
            assert!(enc.lines().all(|line| line.len() <= 64));
        }
    }

    #[test]
    #[cfg(not(feature = "pq"))]
    fn a_missing_feature_is_named() {
        let error = "age1pq1qqqq".parse::<Recipient>().unwrap_err().to_string();
        assert!(error.contains("`pq`"), "{error}");
    }
}
