//! The transit engine of HashiCorp Vault and OpenBao: `settings.rs` reads the variables of its
//! command-line tool, `origin.rs` and `key_path.rs` check what a file names, `allow_list.rs` says
//! which servers may be contacted, `api.rs` sends requests, and `refusal.rs` explains answers.
//! `kv.rs` publishes to the key-value engine.

mod allow_list;
mod api;
mod key_path;
mod kv;
mod origin;
mod refusal;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::Deserialize;
use sops_keys::{Environment, Family, MasterKey};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::api::Api;
use self::key_path::KeyPath;
use self::origin::Origin;
use crate::provider::{Outcome, Pending, Provider, Warn};
use crate::publishing::{Destination, Published};
use crate::reach::Reach;
use crate::secret_text::SecretText;

/// The keys of any number of Vault servers.
pub(crate) struct Vault {
    environment: Environment,
    api: OnceLock<Outcome<Api>>,
    /// Whether keys exist, for the keys that were checked. Requests for a key wait for its first
    /// check.
    checked: Mutex<HashMap<MasterKey, Arc<OnceCell<Outcome<()>>>>>,
    warn: Warn,
}

/// The key, where it is, and the API that reaches it.
struct Request<'a> {
    api: &'a Api,
    server: Origin,
    path: KeyPath,
}

impl Vault {
    /// Creates the provider, which reads no variable yet.
    pub(crate) fn new(environment: Environment, warn: Warn) -> Self {
        Self {
            environment,
            api: OnceLock::new(),
            checked: Mutex::default(),
            warn,
        }
    }

    /// Refuses a key with an invalid or forbidden address.
    fn request(&self, key: &MasterKey, reach: Reach) -> Outcome<Request<'_>> {
        let MasterKey::HcVault {
            vault_address,
            engine_path,
            key_name,
        } = key
        else {
            return Err("this is not a Vault key".to_owned());
        };
        let path = KeyPath::new(engine_path, key_name)?;
        let api = self.api()?;
        let server = api.server(vault_address, reach)?;
        Ok(Request { api, server, path })
    }

    fn api(&self) -> Outcome<&Api> {
        let api = self.api.get_or_init(|| Api::new(&self.environment));
        api.as_ref().map_err(Clone::clone)
    }

    /// Refuses a key that does not exist. Encryption would create it, so a typo would make a new
    /// key that no one else can use.
    async fn require_existing(&self, key: &MasterKey, request: &Request<'_>) -> Outcome<()> {
        let checked = {
            let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(checked.entry(key.clone()).or_default())
        };
        let outcome = checked.get_or_init(|| self.check_existence(key, request));
        outcome.await.clone()
    }

    async fn check_existence(&self, key: &MasterKey, request: &Request<'_>) -> Outcome<()> {
        let Request { api, server, path } = request;
        let answer = api.get(server, &path.of_key()).await?;
        match answer.status {
            StatusCode::OK => {
                let is_derived = serde_json::from_slice::<KeyAnswer>(&answer.body)
                    .is_ok_and(|answer| answer.data.derived);
                if is_derived {
                    return Err(
                        "the key is derived, so it needs a context, which SOPS files cannot store; create a key without `derived=true`"
                            .to_owned(),
                    );
                }
            }
            StatusCode::NOT_FOUND => return Err(refusal::missing_key(api, server, &answer, path)),
            StatusCode::FORBIDDEN => (self.warn)(&format!(
                "{key}: your token is not allowed to read the key, so sops-rs cannot check that it exists; if it does not, Vault creates it"
            )),
            _ => return Err(refusal::explain(api, server, &answer, path, "encrypt", "").await),
        }
        Ok(())
    }
}

/// What Vault reports about a key.
#[derive(Deserialize)]
struct KeyAnswer {
    data: KeyData,
}

#[derive(Deserialize)]
struct KeyData {
    #[serde(default)]
    derived: bool,
}

#[derive(Deserialize)]
struct EncryptAnswer {
    data: Ciphertext,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct DecryptAnswer {
    data: Plaintext,
}

#[derive(Deserialize)]
struct Plaintext {
    plaintext: SecretText,
}

impl Provider for Vault {
    fn family(&self) -> Family {
        Family::HcVault
    }

    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        let _ = key;
        Box::pin(async {
            let api = self.api.get().ok_or("no request was sent")?;
            let api = api.as_ref().map_err(Clone::clone)?;
            match (api.token_source(), api.has_agent()) {
                (Some(source), _) => Ok(source.to_owned()),
                (None, true) => Ok("the agent".to_owned()),
                (None, false) => Err("there is no token".to_owned()),
            }
        })
    }

    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        reach: Reach,
    ) -> Pending<'a, String> {
        Box::pin(async move {
            let request = self.request(key, reach)?;
            self.require_existing(key, &request).await?;
            let Request { api, server, path } = &request;
            let plaintext = Zeroizing::new(STANDARD.encode(secret));
            let answer = api
                .put(server, &path.of("encrypt"), "plaintext", &plaintext)
                .await?;
            if answer.status != StatusCode::OK {
                return Err(
                    refusal::explain(api, server, &answer, path, "encrypt", &plaintext).await,
                );
            }
            match serde_json::from_slice::<EncryptAnswer>(&answer.body) {
                Ok(answer) if !answer.data.ciphertext.is_empty() => Ok(answer.data.ciphertext),
                _ => Err(refusal::not_an_answer(server)),
            }
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        enc: &'a str,
        reach: Reach,
    ) -> Pending<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let Request { api, server, path } = &self.request(key, reach)?;
            let answer = api
                .put(server, &path.of("decrypt"), "ciphertext", enc)
                .await?;
            if answer.status != StatusCode::OK {
                return Err(refusal::explain(api, server, &answer, path, "decrypt", "").await);
            }
            let decrypted = serde_json::from_slice::<DecryptAnswer>(&answer.body).ok();
            let secret = decrypted.and_then(|answer| STANDARD.decode(&*answer.data.plaintext).ok());
            secret
                .map(Zeroizing::new)
                .ok_or_else(|| refusal::not_an_answer(server))
        })
    }

    fn publish<'a>(
        &'a self,
        destination: &'a Destination,
        content: &'a [u8],
        reach: Reach,
    ) -> Pending<'a, Published> {
        Box::pin(async move {
            match destination {
                Destination::VaultKv(secret) => {
                    kv::write(self.api()?, secret, content, reach, &self.warn).await
                }
                _ => Err("this is not in Vault".to_owned()),
            }
        })
    }
}
