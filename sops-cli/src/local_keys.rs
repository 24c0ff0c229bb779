//! Answers requests to a key service with the age and PGP keys of this machine.

use std::sync::{Arc, Mutex, PoisonError};

use hardening::one_line;
use sops_core::keys::{
    Effort, Environment, Family, Gpg, Identities, KeyService, KeyServices, MasterKey,
};
use sops_keyservice::{Answer, Status};
use zeroize::Zeroizing;

use crate::ui::Ui;

/// The keys of this machine, looked for anew for each request, as `sops` does it.
pub(crate) struct LocalKeys {
    ui: Ui,
    asks_first: bool,
    /// Somebody is asked one thing at a time.
    person: Mutex<()>,
}

impl LocalKeys {
    /// With `asks_first`, somebody has to agree to each request.
    pub(crate) fn new(ui: Ui, asks_first: bool) -> Self {
        Self {
            ui,
            asks_first,
            person: Mutex::default(),
        }
    }

    /// Answers a request to do `what` with the key.
    fn answer<A>(
        &self,
        what: &str,
        key: &MasterKey,
        work: impl FnOnce(&KeyServices) -> Result<A, Status>,
    ) -> Result<A, Status> {
        let name = name(key);
        let answer = self.permission(what, &name).and_then(|()| {
            let identities = Identities::from_environment(Environment::process());
            let services = KeyServices::new()
                .with(Arc::new(identities.with_prompt(self.ui.prompt())))
                .with(Arc::new(Gpg::from_environment(Environment::process())));
            if !services.serves(key.family()) {
                let family = key.family();
                let message =
                    format!("this key service has age and PGP keys, and none of {family}");
                return Err(Status::unimplemented(message));
            }
            work(&services)
        });
        // What a request names may be a private key, which the reason repeats.
        let answer =
            answer.map_err(|status| Status::new(status.code(), one_line(status.message())));
        if self.ui.is_verbose() {
            match &answer {
                Ok(_) => self.ui.note(format_args!("{what} with {name}: done")),
                Err(status) => {
                    let message = status.message();
                    self.ui
                        .note(format_args!("{what} with {name}: refused: {message}"));
                }
            }
        }
        answer
    }

    fn permission(&self, what: &str, name: &str) -> Result<(), Status> {
        if !self.asks_first {
            return Ok(());
        }
        let _one = self.person.lock().unwrap_or_else(PoisonError::into_inner);
        let question = format!("A request to {what} with {name}. Answer it?");
        match self.ui.confirm(&question) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Status::permission_denied("the request was rejected")),
            Err(_) => Err(Status::permission_denied(
                "the key service has nobody to ask for permission",
            )),
        }
    }
}

impl Answer for LocalKeys {
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status> {
        self.answer("encrypt", key, |services| {
            services
                .encrypt(key, secret)
                .map_err(|error| Status::unknown(error.about_key()))
        })
    }

    fn decrypt(&self, key: &MasterKey, enc: &str) -> Result<Zeroizing<Vec<u8>>, Status> {
        self.answer("decrypt", key, |services| {
            let mut reason = "no private key at hand opens this".to_owned();
            for effort in Effort::ALL {
                let asking = (effort == Effort::Ask).then(|| self.person.lock());
                match services.decrypt(key, enc, effort) {
                    Ok(Some(secret)) => return Ok(secret),
                    Ok(None) => {}
                    Err(error) => reason = error.about_key(),
                }
                drop(asking);
            }
            Err(Status::unknown(reason))
        })
    }
}

/// What a person is told of the key. A request can name it in any way, which must not speak to the terminal.
fn name(key: &MasterKey) -> String {
    const LIMIT: usize = 300;
    let name = match key {
        MasterKey::Age { recipient } => format!("{} {recipient}", Family::Age),
        key => format!("{} {}", key.family(), key.id()),
    };
    let name: String = name.chars().take(LIMIT).collect();
    one_line(&name).into_owned()
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
