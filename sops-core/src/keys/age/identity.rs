//! One age identity, and the text of key files that hold them.

use std::str;

use age_core::format::{FileKey, Stanza};

#[cfg(feature = "pq")]
use super::hybrid;
use super::{KeyPair, Recipient};

/// A private key, or what a plugin knows one by.
pub(super) enum Identity {
    X25519(::age::x25519::Identity),
    #[cfg(feature = "pq")]
    Hybrid(hybrid::Identity),
    #[cfg(feature = "plugin")]
    Plugin(::age::plugin::Identity),
}

/// What came of trying a key on a file.
pub(super) enum Tried {
    /// It fits.
    Opened(FileKey),
    /// The file is for somebody else.
    Other,
    /// The file's header is malformed.
    Malformed,
}

impl Identity {
    /// Parses one identity. The error never holds its text.
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with("AGE-PLUGIN-") {
            plugin_identity(text)
        } else if text.starts_with("AGE-SECRET-KEY-PQ-1") {
            hybrid_identity(text)
        } else if text.starts_with("AGE-SECRET-KEY-1") {
            text.parse().map(Self::X25519)
        } else {
            Err("not an age identity")
        }
    }

    /// Tries the key on the stanzas of a header. Plugins are not asked, which costs a process: see `plugin`.
    pub(super) fn try_on(&self, stanzas: &[Stanza]) -> Tried {
        match self {
            Self::X25519(identity) => attempt(identity, stanzas),
            #[cfg(feature = "pq")]
            Self::Hybrid(identity) => attempt(identity, stanzas),
            #[cfg(feature = "plugin")]
            Self::Plugin(_) => Tried::Other,
        }
    }

    /// What it costs to try the key on the stanzas, as a [`Budget`](crate::keys::Budget) counts it.
    pub(super) fn cost(&self, stanzas: &[Stanza]) -> usize {
        let (tag, cost) = match self {
            Self::X25519(_) => ("X25519", 1),
            #[cfg(feature = "pq")]
            Self::Hybrid(_) => ("mlkem768x25519", 5),
            #[cfg(feature = "plugin")]
            Self::Plugin(_) => return 0,
        };
        cost * stanzas.iter().filter(|stanza| stanza.tag == tag).count()
    }

    /// What a plugin knows a key by.
    #[cfg(feature = "plugin")]
    pub(super) fn plugin(&self) -> Option<&::age::plugin::Identity> {
        match self {
            Self::Plugin(identity) => Some(identity),
            _ => None,
        }
    }

    /// The public half, which only a plugin keeps to itself.
    pub(super) fn recipient(&self) -> Option<Recipient> {
        match self {
            Self::X25519(identity) => Some(identity.to_public().into()),
            #[cfg(feature = "pq")]
            Self::Hybrid(identity) => Some(identity.recipient().into()),
            #[cfg(feature = "plugin")]
            Self::Plugin(_) => None,
        }
    }

    /// Its text with its recipient; a plugin's is of use only where the plugin is.
    pub(super) fn key_pair(&self) -> Option<KeyPair> {
        let identity = match self {
            Self::X25519(identity) => identity.to_string(),
            #[cfg(feature = "pq")]
            Self::Hybrid(identity) => identity.to_text(),
            #[cfg(feature = "plugin")]
            Self::Plugin(_) => return None,
        };
        let recipient = self.recipient()?;
        Some(KeyPair {
            identity,
            recipient,
        })
    }
}

/// Tries an identity of the crate `age` on the stanzas of a header.
pub(super) fn attempt(identity: &dyn ::age::Identity, stanzas: &[Stanza]) -> Tried {
    match identity.unwrap_stanzas(stanzas) {
        Some(Ok(file_key)) => Tried::Opened(file_key),
        Some(Err(::age::DecryptError::InvalidHeader)) => Tried::Malformed,
        // The stanza names the key by a hash of 32 bits, which may be another's.
        Some(Err(_)) | None => Tried::Other,
    }
}

/// How the identities of a text are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One a line, as in key files.
    Lines,
    /// Any number a line, white space between, as in `SOPS_AGE_KEY`.
    Words,
}

/// Parses the text of a key file: identities, blank lines, and comments, which are lines that begin with `#`.
///
/// As in `sops`, one line that is no identity makes the whole text unusable; unlike there, white space around an
/// identity does not. The error names the line, without its text.
pub(super) fn parse_keys(text: &[u8], layout: Layout) -> Result<Vec<Identity>, String> {
    let mut identities = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let fail = |message: &str| format!("line {}: {message}", at + 1);
        let line = str::from_utf8(line).map_err(|_| fail("not UTF-8"))?;
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let mut add = |word| -> Result<(), String> {
            identities.push(Identity::parse(word).map_err(fail)?);
            Ok(())
        };
        match layout {
            Layout::Lines if line.is_empty() => {}
            Layout::Lines => add(line)?,
            Layout::Words => line.split_whitespace().try_for_each(add)?,
        }
    }
    Ok(identities)
}

#[cfg(feature = "pq")]
fn hybrid_identity(text: &str) -> Result<Identity, &'static str> {
    text.parse().map(Identity::Hybrid)
}

#[cfg(not(feature = "pq"))]
fn hybrid_identity(_: &str) -> Result<Identity, &'static str> {
    Err("post-quantum keys need the cargo feature `pq`")
}

#[cfg(feature = "plugin")]
fn plugin_identity(text: &str) -> Result<Identity, &'static str> {
    text.parse().map(Identity::Plugin)
}

#[cfg(not(feature = "plugin"))]
fn plugin_identity(_: &str) -> Result<Identity, &'static str> {
    Err("identities of age plugins need the cargo feature `plugin`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../../testdata/keys/x25519.txt");

    #[test]
    fn key_files_have_comments_blank_lines_and_any_line_ending() {
        let key = FILE.lines().last().unwrap();
        let two = format!("{key}\n\n# again\n\t{key} \n#{key}");
        for (text, layout, count) in [
            (FILE.to_owned(), Layout::Lines, 1),
            (FILE.replace('\n', "\r\n"), Layout::Lines, 1),
            (two, Layout::Lines, 2),
            (String::new(), Layout::Lines, 0),
            ("# nothing".to_owned(), Layout::Lines, 0),
            (FILE.to_owned(), Layout::Words, 1),
            (format!(" {key}\t{key}\n{key}"), Layout::Words, 3),
        ] {
            assert_eq!(
                parse_keys(text.as_bytes(), layout).map_or(99, |keys| keys.len()),
                count
            );
        }
    }

    #[test]
    fn a_line_that_is_no_identity_is_named_but_not_shown() {
        let key = FILE.lines().last().unwrap();
        let cases = [
            (
                format!("# x\n{}", &key[1..]),
                Layout::Lines,
                "line 2: not an age identity",
            ),
            (
                format!("{key} {key}"),
                Layout::Lines,
                "line 1: invalid Bech32 encoding",
            ),
            (
                format!("{key},{key}"),
                Layout::Words,
                "line 1: invalid Bech32 encoding",
            ),
            (
                format!("{key} # mine"),
                Layout::Words,
                "line 1: not an age identity",
            ),
            (
                key.replace("-1", "-1Q"),
                Layout::Lines,
                "line 1: invalid Bech32 encoding",
            ),
            (
                key.to_lowercase(),
                Layout::Lines,
                "line 1: not an age identity",
            ),
        ];
        for (text, layout, message) in cases {
            assert_eq!(
                parse_keys(text.as_bytes(), layout).err().as_deref(),
                Some(message)
            );
        }
        assert_eq!(
            parse_keys(b"\n\xff\xfe", Layout::Lines).err().as_deref(),
            Some("line 2: not UTF-8")
        );
    }

    #[test]
    #[cfg(not(feature = "pq"))]
    fn a_missing_feature_is_named() {
        let error = parse_keys(b"AGE-SECRET-KEY-PQ-1QQQ", Layout::Lines)
            .err()
            .unwrap();
        assert!(error.contains("`pq`"), "{error}");
    }
}
