//! Tries to encrypt and decrypt with one master key.

use std::fmt;
use std::time::{Duration, Instant};

use sops_core::keys::{DataKey, Effort, Family, KeyService, MasterKey};

use super::inventory::FoundKey;
use crate::keys::names::shown;

/// The result of an attempt: how long it took, or why it failed.
type Measured = Result<Duration, String>;

/// What a key can do.
pub(super) struct Trial {
    name: String,
    is_local: bool,
    encryption: Measured,
    decryption: Measured,
    /// Where the credentials came from.
    source: Option<String>,
}

/// What the result means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialOutcome {
    Good,
    /// The key encrypts, but its private key needs a passphrase, or is not on this machine. It may
    /// be someone else's.
    OfOthers,
    Bad,
}

impl Trial {
    /// Encrypts random text with the key, and decrypts the data key of a file or, without a file,
    /// the random text.
    pub(super) fn of(
        found: &FoundKey,
        service: &dyn KeyService,
        source: impl FnOnce(&MasterKey) -> Option<String>,
    ) -> Self {
        let FoundKey { key, enc } = found;
        let is_local = matches!(key.family(), Family::Age | Family::Pgp);
        let begin = Instant::now();
        let encrypted = encrypt(key, service);
        let encryption = encrypted.as_ref().map(|_| begin.elapsed());
        let encryption = encryption.map_err(Clone::clone);
        let decryption = match (enc, &encrypted) {
            (Some(enc), _) => decrypt(key, enc, service),
            (None, Ok((key, enc))) => decrypt(key, enc, service),
            (None, Err(_)) => Err("not tried".to_owned()),
        };
        Self {
            name: shown(key),
            is_local,
            encryption,
            decryption,
            source: source(key),
        }
    }

    pub(super) fn outcome(&self) -> TrialOutcome {
        match (&self.encryption, &self.decryption) {
            (Ok(_), Ok(_)) => TrialOutcome::Good,
            (Ok(_), Err(_)) if self.is_local => TrialOutcome::OfOthers,
            _ => TrialOutcome::Bad,
        }
    }
}

/// Encrypts random text. Returns the key with all the fields that its entry in a file has, and the
/// encrypted text.
fn encrypt(key: &MasterKey, service: &dyn KeyService) -> Result<(MasterKey, String), String> {
    let text = DataKey::generate();
    let encrypted = key
        .check()
        .and_then(|()| service.complete(key))
        .and_then(|key| Ok((service.encrypt(&key, text.as_bytes())?, key)));
    match encrypted {
        Ok((enc, key)) => Ok((key, enc)),
        Err(error) => Err(error.about_key()),
    }
}

fn decrypt(key: &MasterKey, enc: &str, service: &dyn KeyService) -> Measured {
    let begin = Instant::now();
    let mut reason =
        "this needs a passphrase, or a private key that is not on this machine".to_owned();
    for effort in [Effort::Ready, Effort::Run] {
        match service.decrypt(key, enc, effort) {
            Ok(Some(_)) => return Ok(begin.elapsed()),
            Ok(None) => {}
            Err(error) => reason = error.about_key(),
        }
    }
    Err(reason)
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome() {
            TrialOutcome::Good => "ok",
            TrialOutcome::OfOthers => "encrypts",
            TrialOutcome::Bad => "failed",
        };
        write!(f, "{word}  {}", self.name)?;
        if let Some(source) = &self.source {
            write!(f, "  credentials: {source}")?;
        }
        for (verb, measured) in [("encrypt", &self.encryption), ("decrypt", &self.decryption)] {
            match measured {
                Ok(time) => write!(f, "  {verb}: {} ms", time.as_millis())?,
                Err(reason) => write!(f, "  {verb}: {reason}")?,
            }
        }
        Ok(())
    }
}
