//! Answers requests to a key service with the age and PGP keys of this machine, and with keys on
//! servers that this program contacts itself.

use std::io;
use std::sync::{Mutex, PoisonError};

use sops_core::keys::{
    DecryptedSecret, Effort, Environment, Error, Family, Gpg, Identities, KeyService, MasterKey,
};
use sops_keyservice::{Answer, Status};
use sops_printable::{beginning, one_line};
use zeroize::Zeroizing;

use crate::keys::cloud::Cloud;
use crate::ui::Ui;

/// The keys of this machine, searched for again for each request, as in `sops`, or kept.
pub(crate) struct LocalKeys {
    ui: Ui,
    confirmation: Option<Confirmation>,
    kept: Option<KeptKeys>,
    /// Locked while the user is asked, so that there is only one question at a time.
    asking: Mutex<()>,
}

/// Asks the user a question that the answer of a request depends on.
pub(crate) type Confirmation = Box<dyn Fn(&str) -> io::Result<bool> + Send + Sync>;

/// Keys that stay the same for all requests.
struct KeptKeys {
    keys: PrivateKeys,
    /// Called after each request that may have asked the user, with whether it was decrypted.
    after_asking: Box<dyn Fn(bool) + Send + Sync>,
}

impl LocalKeys {
    /// With `confirmation`, the user must approve each request.
    pub(crate) fn new(ui: Ui, confirmation: Option<Confirmation>) -> Self {
        Self {
            ui,
            confirmation,
            kept: None,
            asking: Mutex::default(),
        }
    }

    /// Uses these age keys for all requests. `after_asking` is called after each request that may
    /// have asked the user, with whether it was decrypted.
    pub(crate) fn keeping(
        mut self,
        identities: Identities,
        after_asking: impl Fn(bool) + Send + Sync + 'static,
    ) -> Self {
        self.kept = Some(KeptKeys {
            keys: PrivateKeys::with(identities),
            after_asking: Box::new(after_asking),
        });
        self
    }

    /// Decrypts with a kept key that is ready, without asking the user.
    pub(crate) fn decrypt_ready(
        &self,
        key: &MasterKey,
        enc: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Status> {
        let Some(kept) = &self.kept else {
            return Ok(None);
        };
        let decrypted = kept.keys.decrypt(key, enc, Effort::Ready)?;
        Ok(decrypted.map(|decrypted| decrypted.secret))
    }

    /// The recipients of the kept keys that are unlocked.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let identities = self.kept.as_ref().map(|kept| &kept.keys.identities);
        let recipients = identities.map(Identities::recipients).unwrap_or_default();
        recipients.iter().map(ToString::to_string).collect()
    }

    /// Answers a request, after asking the user if that is required.
    fn answer<A>(
        &self,
        action: &str,
        key: &MasterKey,
        work: impl FnOnce(&PrivateKeys) -> Result<A, Status>,
    ) -> Result<A, Status> {
        let name = name(key);
        let fresh;
        let keys = match &self.kept {
            Some(kept) => &kept.keys,
            None => {
                let identities = Identities::from_environment(Environment::process());
                fresh = PrivateKeys::with(identities.with_prompt(self.ui.prompt_of_server()));
                &fresh
            }
        };
        let answer = match key.family() {
            Family::Age | Family::Pgp => work(keys),
            family if keys.cloud.serves(family) => work(keys),
            family => Err(has_none_of(family)),
        };
        // The name in a request may be a private key, which the error would repeat.
        let answer =
            answer.map_err(|status| Status::new(status.code(), one_line(status.message())));
        if self.ui.is_verbose() {
            match &answer {
                Ok(_) => self.ui.note(format_args!("{action} with {name}: done")),
                Err(status) => {
                    let message = status.message();
                    self.ui
                        .note(format_args!("{action} with {name}: refused: {message}"));
                }
            }
        }
        answer
    }

    /// Asks whether to answer, in words that begin with "A request to".
    fn permission(&self, request: &str) -> Result<(), Status> {
        let Some(confirmation) = &self.confirmation else {
            return Ok(());
        };
        let _one = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        match confirmation(&format!("{request}. Answer it?")) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Status::permission_denied("the request was rejected")),
            Err(_) => Err(Status::permission_denied(
                "the key service could not ask for permission",
            )),
        }
    }

    /// Asks for permission to use the key that decrypts, which may differ from the one that the
    /// request names.
    fn permission_for(&self, key: &MasterKey, decrypted: &DecryptedSecret) -> Result<(), Status> {
        let named = name(key);
        let family = key.family();
        self.permission(&match decrypted.key_names.last() {
            Some(_) if decrypted.is_by(key) => format!("A request to decrypt with {named}"),
            Some(opener) => {
                let opener = printable(&format!("{family} {opener}"));
                format!("A request that names {named}, but needs {opener} to decrypt")
            }
            None => {
                let opener = match family {
                    Family::Age => "a key of an age plugin".to_owned(),
                    family => format!("a {family} key that `gpg` does not name"),
                };
                format!(
                    "A request to decrypt with {opener}; the request names {named}, which may be another key"
                )
            }
        })
    }
}

/// The keys of this machine.
struct PrivateKeys {
    identities: Identities,
    gpg: Gpg,
    cloud: Cloud,
}

impl PrivateKeys {
    /// These age keys, and the PGP keys and keys on servers that this machine can use.
    fn with(identities: Identities) -> Self {
        // A limit is for a whole run, and a service runs until it is stopped.
        let cloud = Cloud::new(None);
        cloud.contact_any_server();
        Self {
            identities,
            gpg: Gpg::from_environment(Environment::process()),
            cloud,
        }
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status> {
        match key.family() {
            Family::Age => self.identities.encrypt(key, secret),
            Family::Pgp => self.gpg.encrypt(key, secret),
            family => match self.cloud.service(None) {
                Some(cloud) => cloud.encrypt(key, secret),
                None => return Err(has_none_of(family)),
            },
        }
        .map_err(|error| Status::unknown(error.about_key()))
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<DecryptedSecret>, Status> {
        match key {
            MasterKey::Age { recipient } => {
                self.identities.decrypt_and_name_key(effort, recipient, enc)
            }
            MasterKey::Pgp { .. } => self.gpg.decrypt_and_name_key(key, enc, effort),
            key => match self.cloud.service(None) {
                Some(cloud) => cloud.decrypt(key, enc, effort).map(|secret| {
                    secret.map(|secret| DecryptedSecret::new(secret, vec![key.id()]))
                }),
                None => return Err(has_none_of(key.family())),
            },
        }
        .map_err(|error| match error {
            // Clients of sops-rs recognize damage by this code.
            Error::DamagedSecret { .. } => Status::data_loss(error.about_key()),
            error => Status::unknown(error.about_key()),
        })
    }
}

fn has_none_of(family: Family) -> Status {
    let message = format!("this key service has no {family} keys");
    Status::unimplemented(message)
}

impl Answer for LocalKeys {
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status> {
        self.answer("encrypt", key, |keys| {
            self.permission(&format!("A request to encrypt for {}", name(key)))?;
            keys.encrypt(key, secret)
        })
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Result<Zeroizing<Vec<u8>>, Status> {
        self.answer("decrypt", key, |keys| {
            // If a ready key decrypts, it can be named in the question.
            if let Ok(Some(decrypted)) = keys.decrypt(key, enc, Effort::Ready) {
                self.permission_for(key, &decrypted)?;
                return Ok(decrypted.secret);
            }
            // From here on, commands and plugins run, and passphrases are requested.
            self.permission(&format!("A request to decrypt with {}", name(key)))?;
            let mut reason = Status::unknown("none of the private keys can decrypt this");
            for effort in Effort::ALL {
                let asking = (effort == Effort::Ask).then(|| self.asking.lock());
                let decrypted = keys.decrypt(key, enc, effort);
                if let (Some(_), Some(kept)) = (&asking, &self.kept) {
                    (kept.after_asking)(matches!(decrypted, Ok(Some(_))));
                }
                drop(asking);
                match decrypted {
                    Ok(Some(decrypted)) => {
                        if !decrypted.is_by(key) {
                            self.permission_for(key, &decrypted)?;
                        }
                        return Ok(decrypted.secret);
                    }
                    Ok(None) => {}
                    Err(status) => reason = status,
                }
            }
            Err(reason)
        })
    }
}

/// The name of a request's key in a question.
fn name(key: &MasterKey) -> String {
    printable(&match key {
        MasterKey::Age { recipient } => format!("{} {recipient}", Family::Age),
        key => format!("{} {}", key.family(), key.id()),
    })
}

/// A request can contain any text, so it must not reach the terminal unescaped.
fn printable(text: &str) -> String {
    const LIMIT: usize = 300;
    one_line(&beginning(text, LIMIT)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_the_key_on_one_line() {
        let recipient = "age1x\u{1b}[2K\u{9b}1A\nanswer it\u{202e}".to_owned();
        let key = MasterKey::Age { recipient };
        let escaped = r"age age1x\u{1b}[2K\u{9b}1A\nanswer it\u{202e}";
        assert_eq!(name(&key), escaped);
        assert!(
            name(&MasterKey::Pgp {
                fingerprint: "F".repeat(5_000)
            })
            .len()
                < 400
        );
    }
}
