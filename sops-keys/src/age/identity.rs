//! One age identity, and the text of key files that hold them.

use std::fmt;
use std::str::{self, FromStr};

use age_core::format::Stanza;
use secrecy::SecretString;

use crate::error::{Error, Result};

#[cfg(feature = "pq")]
use super::hybrid;
use super::recipient::Recipient;
use super::stanza::{StanzaOutcome, try_identity};

/// An age identity: an X25519 or post-quantum private key, or a plugin's name for a key. It is
/// parsed from its line in a key file, and never printed.
///
/// ```
/// use sops_keys::Identities;
/// use sops_keys::age::{Identity, generate_x25519};
/// use sops_keys::Error;
///
/// let pair = generate_x25519();
/// let identities = Identities::from(pair.identity);
/// assert_eq!(identities.recipients(), [pair.recipient]);
/// assert!(matches!("AGE-SECRET-KEY-1".parse::<Identity>(), Err(Error::Identity { .. })));
/// ```
#[derive(Clone)]
pub struct Identity(IdentityKind);

#[derive(Clone)]
enum IdentityKind {
    X25519(::age::x25519::Identity),
    #[cfg(feature = "pq")]
    Hybrid(hybrid::Identity),
    #[cfg(feature = "plugin")]
    Plugin(::age::plugin::Identity),
}

impl Identity {
    pub(super) fn x25519(identity: ::age::x25519::Identity) -> Self {
        Self(IdentityKind::X25519(identity))
    }

    #[cfg(feature = "pq")]
    pub(super) fn hybrid(identity: hybrid::Identity) -> Self {
        Self(IdentityKind::Hybrid(identity))
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text.trim()).map_err(|message| Error::Identity { message })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// Parses one identity. The error never contains its text.
    fn parse(text: &str) -> std::result::Result<Self, &'static str> {
        let kind = if text.starts_with("AGE-PLUGIN-") {
            plugin_identity(text)
        } else if text.starts_with("AGE-SECRET-KEY-PQ-1") {
            hybrid_identity(text)
        } else if text.starts_with("AGE-SECRET-KEY-1") {
            let is_cut = text.len() < X25519_LENGTH;
            let parsed = text.parse().map(IdentityKind::X25519);
            parsed.map_err(|_| if is_cut { INCOMPLETE } else { INVALID })
        } else {
            Err(not_an_identity(text))
        };
        kind.map(Self)
    }

    /// The public half; `None` for an identity of a plugin, which does not reveal it.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        match &self.0 {
            IdentityKind::X25519(identity) => Some(Recipient::x25519(identity.to_public())),
            #[cfg(feature = "pq")]
            IdentityKind::Hybrid(identity) => Some(Recipient::hybrid(identity.recipient())),
            #[cfg(feature = "plugin")]
            IdentityKind::Plugin(_) => None,
        }
    }

    /// The private key as a line of a key file: `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…` or
    /// `AGE-PLUGIN-…`.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        match &self.0 {
            IdentityKind::X25519(identity) => identity.to_string(),
            #[cfg(feature = "pq")]
            IdentityKind::Hybrid(identity) => identity.to_text(),
            #[cfg(feature = "plugin")]
            IdentityKind::Plugin(identity) => identity.to_string().into(),
        }
    }

    /// Tries the key on the stanzas of a header. Plugins are not called, because that starts a
    /// process: see `plugin`.
    pub(super) fn try_on(&self, stanzas: &[Stanza]) -> StanzaOutcome {
        match &self.0 {
            IdentityKind::X25519(identity) => try_identity(identity, stanzas),
            #[cfg(feature = "pq")]
            IdentityKind::Hybrid(identity) => try_identity(identity, stanzas),
            #[cfg(feature = "plugin")]
            IdentityKind::Plugin(_) => StanzaOutcome::NoMatch,
        }
    }

    /// The cost of trying the key on the stanzas, as a [`WorkBudget`](crate::WorkBudget) counts it.
    pub(super) fn cost(&self, stanzas: &[Stanza]) -> usize {
        let (tag, cost) = match &self.0 {
            IdentityKind::X25519(_) => ("X25519", 1),
            #[cfg(feature = "pq")]
            IdentityKind::Hybrid(_) => ("mlkem768x25519", 5),
            #[cfg(feature = "plugin")]
            IdentityKind::Plugin(_) => return 0,
        };
        cost * stanzas.iter().filter(|stanza| stanza.tag == tag).count()
    }

    /// The plugin's name for the key.
    #[cfg(feature = "plugin")]
    pub(super) fn plugin(&self) -> Option<&::age::plugin::Identity> {
        match &self.0 {
            IdentityKind::Plugin(identity) => Some(identity),
            _ => None,
        }
    }
}

/// The length of `AGE-SECRET-KEY-1…`.
const X25519_LENGTH: usize = 74;

const INCOMPLETE: &str = "the private key is incomplete: it must have 74 characters";

const INVALID: &str =
    "the private key has a wrong character, or other text follows it; copy it again";

/// Why `text` is not an identity, without `text` itself.
fn not_an_identity(text: &str) -> &'static str {
    let starts = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    if starts(&["age1", "ssh-ed25519", "ssh-rsa"]) {
        "this is a public key; an age private key begins with `AGE-SECRET-KEY-`"
    } else if text.starts_with("-----BEGIN") {
        "this looks like an SSH or PGP private key; for an SSH key, set SOPS_AGE_SSH_PRIVATE_KEY_FILE to its path"
    } else if starts(&["\"AGE-", "'AGE-"]) {
        "this is an age identity in quotes; remove the quotes"
    } else if starts(&["age-secret-key-", "age-plugin-"]) {
        "an age identity must be in capital letters"
    } else if starts(&["/", "./", "../", "~/"]) || text.ends_with(".txt") {
        "this looks like the name of a file; set SOPS_AGE_KEY_FILE to the path of a key file"
    } else {
        "not an age identity, which begins with `AGE-SECRET-KEY-` or `AGE-PLUGIN-`"
    }
}

/// How the identities are separated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyLayout {
    /// One per line, as in key files.
    Lines,
    /// Any number per line, separated by white space, as in `SOPS_AGE_KEY`.
    Words,
}

/// Parses the content of a key file: identities, blank lines, and comments, which are lines that
/// begin with `#`.
///
/// As in `sops`, one invalid line makes the whole file unusable; unlike in `sops`, white space
/// around an identity is allowed. The error gives the line number, but not the line.
pub(super) fn parse_keys(
    text: &[u8],
    layout: KeyLayout,
) -> std::result::Result<Vec<Identity>, String> {
    let mut identities = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let fail = |message: &str| format!("line {}: {message}", at + 1);
        let line = str::from_utf8(line).map_err(|_| fail("not UTF-8"))?;
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let mut add = |word| -> std::result::Result<(), String> {
            identities.push(Identity::parse(word).map_err(fail)?);
            Ok(())
        };
        match layout {
            KeyLayout::Lines if line.is_empty() => {}
            KeyLayout::Lines => add(line)?,
            KeyLayout::Words => line.split_whitespace().try_for_each(add)?,
        }
    }
    Ok(identities)
}

#[cfg(feature = "pq")]
fn hybrid_identity(text: &str) -> std::result::Result<IdentityKind, &'static str> {
    text.parse().map(IdentityKind::Hybrid)
}

#[cfg(not(feature = "pq"))]
fn hybrid_identity(_: &str) -> std::result::Result<IdentityKind, &'static str> {
    Err("post-quantum keys need the cargo feature `pq`")
}

#[cfg(feature = "plugin")]
fn plugin_identity(text: &str) -> std::result::Result<IdentityKind, &'static str> {
    text.parse()
        .map(IdentityKind::Plugin)
        .map_err(|_| super::bech32_key::MISTYPED)
}

#[cfg(not(feature = "plugin"))]
fn plugin_identity(_: &str) -> std::result::Result<IdentityKind, &'static str> {
    Err("identities of age plugins need the cargo feature `plugin`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../testdata/keys/x25519.txt");

    #[test]
    fn key_files_have_comments_blank_lines_and_any_line_ending() {
        let key = FILE.lines().last().unwrap();
        let two = format!("{key}\n\n# again\n\t{key} \n#{key}");
        for (text, layout, count) in [
            (FILE.to_owned(), KeyLayout::Lines, 1),
            (FILE.replace('\n', "\r\n"), KeyLayout::Lines, 1),
            (two, KeyLayout::Lines, 2),
            (String::new(), KeyLayout::Lines, 0),
            ("# nothing".to_owned(), KeyLayout::Lines, 0),
            (FILE.to_owned(), KeyLayout::Words, 1),
            (format!(" {key}\t{key}\n{key}"), KeyLayout::Words, 3),
        ] {
            assert_eq!(
                parse_keys(text.as_bytes(), layout).map_or(99, |keys| keys.len()),
                count
            );
        }
    }

    #[test]
    fn an_invalid_line_is_located_but_not_shown() {
        let key = FILE.lines().last().unwrap();
        let cases = [
            (
                format!("# x\n{}", &key[1..]),
                KeyLayout::Lines,
                "line 2: not an age identity, which begins with `AGE-SECRET-KEY-` or `AGE-PLUGIN-`",
            ),
            (
                format!("{key} {key}"),
                KeyLayout::Lines,
                "line 1: the private key has a wrong character, or other text follows it; copy it again",
            ),
            (
                format!("{key},{key}"),
                KeyLayout::Words,
                "line 1: the private key has a wrong character, or other text follows it; copy it again",
            ),
            (
                format!("{key} # mine"),
                KeyLayout::Words,
                "line 1: not an age identity, which begins with `AGE-SECRET-KEY-` or `AGE-PLUGIN-`",
            ),
            (
                key.replace("-1", "-1Q"),
                KeyLayout::Lines,
                "line 1: the private key has a wrong character, or other text follows it; copy it again",
            ),
            (
                key[..60].to_owned(),
                KeyLayout::Lines,
                "line 1: the private key is incomplete: it must have 74 characters",
            ),
            (
                key.to_lowercase(),
                KeyLayout::Lines,
                "line 1: an age identity must be in capital letters",
            ),
            (
                format!("\"{key}\""),
                KeyLayout::Words,
                "line 1: this is an age identity in quotes; remove the quotes",
            ),
            (
                FILE.lines().nth(2).unwrap().replace("# public key: ", ""),
                KeyLayout::Words,
                "line 1: this is a public key; an age private key begins with `AGE-SECRET-KEY-`",
            ),
            (
                "~/keys/age.txt".to_owned(),
                KeyLayout::Words,
                "line 1: this looks like the name of a file; set SOPS_AGE_KEY_FILE to the path of a key file",
            ),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(),
                KeyLayout::Words,
                "line 1: this looks like an SSH or PGP private key; for an SSH key, set SOPS_AGE_SSH_PRIVATE_KEY_FILE to its path",
            ),
        ];
        for (text, layout, message) in cases {
            assert_eq!(
                parse_keys(text.as_bytes(), layout).err().as_deref(),
                Some(message)
            );
        }
        assert_eq!(
            parse_keys(b"\n\xff\xfe", KeyLayout::Lines).err().as_deref(),
            Some("line 2: not UTF-8")
        );
    }

    #[test]
    #[cfg(not(feature = "pq"))]
    fn a_missing_feature_is_named() {
        let error = parse_keys(b"AGE-SECRET-KEY-PQ-1QQQ", KeyLayout::Lines)
            .err()
            .unwrap();
        assert!(error.contains("`pq`"), "{error}");
    }
}
