//! Keys of AWS KMS, with the SDK of AWS. `key_arn.rs` checks what a file names, `connector.rs`
//! sends the requests of the SDK, `credentials.rs` finds an access key, `profile.rs` checks the
//! profile, and `refusal.rs` explains errors. `bucket/` publishes to Amazon S3.

mod bucket;
mod connector;
mod credentials;
mod key_arn;
mod profile;
mod refusal;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sops_keys::{Environment, Family, MasterKey};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use self::credentials::Found;
use self::key_arn::KeyArn;
use self::profile::Profile;
use self::refusal::NOT_AN_ANSWER;
use crate::provider::{Outcome, Pending, Provider};
use crate::publishing::{Destination, Published};
use crate::reach::Reach;
use crate::transport::{HttpClient, Limits};

/// The time for all attempts of a request. The transport limits each of them to less.
const ALL_ATTEMPTS: Duration = Duration::from_secs(40);

/// An access key that expires within this time is replaced.
const RESERVE: Duration = Duration::from_secs(60);

/// The keys of any number of accounts and regions.
pub(crate) struct Aws {
    environment: Environment,
    http: OnceLock<Outcome<SharedHttpClient>>,
    /// Sends the requests to Amazon S3.
    buckets: OnceLock<Outcome<HttpClient>>,
    sessions: std::sync::Mutex<HashMap<Wanted, Slot>>,
}

/// A session, or why it could not be opened. Locked during the search for an access key, so that
/// there is only one search.
type Slot = Arc<Mutex<Option<Outcome<Session>>>>;

/// The session that a key in a file or a bucket needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    /// The profile, which then has precedence over the environment.
    profile: Option<String>,
    /// The role to assume.
    role: Option<String>,
    region: String,
}

/// A client of AWS KMS with an access key.
#[derive(Clone)]
struct Session {
    client: Client,
    /// The settings, with the access key.
    config: SdkConfig,
    /// The source of the access key, as messages name it.
    source: String,
    expires: Option<SystemTime>,
}

/// A key as a file names it.
struct Key<'a> {
    arn: KeyArn<'a>,
    role: Option<&'a String>,
    context: &'a BTreeMap<String, String>,
    profile: Option<&'a String>,
}

impl Session {
    /// Whether the access key can still be used.
    fn is_fresh(&self) -> bool {
        self.expires
            .is_none_or(|expires| expires > SystemTime::now() + RESERVE)
    }
}

impl Aws {
    /// Creates the provider, which reads no setting and contacts no server yet.
    pub(crate) fn new(environment: Environment) -> Self {
        Self {
            environment,
            http: OnceLock::new(),
            buckets: OnceLock::new(),
            sessions: std::sync::Mutex::default(),
        }
    }

    async fn session_for(&self, key: &Key<'_>) -> Outcome<Session> {
        let wanted = Wanted {
            profile: key.profile.cloned(),
            role: key.role.cloned(),
            region: key.arn.region.to_owned(),
        };
        self.session(wanted).await
    }

    async fn session(&self, wanted: Wanted) -> Outcome<Session> {
        let slot = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sessions.entry(wanted.clone()).or_default())
        };
        let mut session = slot.lock().await;
        let is_usable = |known: &&Outcome<Session>| known.as_ref().map_or(true, Session::is_fresh);
        if let Some(known) = session.as_ref().filter(is_usable) {
            return known.clone();
        }
        let opened = self.open(&wanted).await;
        *session = Some(opened.clone());
        opened
    }

    async fn open(&self, wanted: &Wanted) -> Outcome<Session> {
        let http = self
            .http
            .get_or_init(|| connector::client(&self.environment));
        let http = http.clone()?;
        let profile = Profile::select(&self.environment, wanted.profile.as_deref()).await?;
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(ALL_ATTEMPTS)
            .build();
        let region = Region::new(wanted.region.clone());
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .region(region.clone())
            .timeout_config(timeouts)
            .no_credentials();
        if let Some(profile) = &profile {
            loader = loader.profile_name(&profile.name);
        }
        let config = loader.load().await;
        let mut sources = ProviderConfig::without_region()
            .with_http_client(http)
            .with_region(Some(region))
            .with_use_fips(config.use_fips())
            .with_use_dual_stack(config.use_dual_stack());
        if let Some(timeouts) = config.timeout_config() {
            sources = sources.with_timeout_config(timeouts.clone());
        }
        let is_named = wanted.profile.is_some();
        let own =
            credentials::find_key(&self.environment, &sources, profile.as_ref(), is_named).await?;
        let Found {
            credentials,
            source,
        } = match &wanted.role {
            Some(arn) => credentials::assume(&config, arn, own).await?,
            None => own,
        };
        let expires = credentials.expiry();
        let provider = SharedCredentialsProvider::new(credentials);
        let config = config.into_builder().credentials_provider(provider).build();
        Ok(Session {
            client: Client::new(&config),
            config,
            source,
            expires,
        })
    }
}

impl Aws {
    /// Writes an object to Amazon S3.
    async fn put(&self, bucket: &str, key: &str, content: &[u8]) -> Outcome<Published> {
        let region = bucket::region(&self.environment).await?;
        let wanted = Wanted {
            profile: None,
            role: None,
            region: region.clone(),
        };
        let session = self.session(wanted).await?;
        let client = self
            .buckets
            .get_or_init(|| connector::transport(&self.environment, Limits::default()));
        let access = bucket::Access {
            config: &session.config,
            region: &region,
            source: &session.source,
            client: client.as_ref().map_err(Clone::clone)?,
        };
        bucket::put(&access, bucket, key, content).await
    }
}

fn key_of(key: &MasterKey) -> Outcome<Key<'_>> {
    match key {
        MasterKey::Kms {
            arn,
            role,
            context,
            aws_profile,
        } => Ok(Key {
            arn: KeyArn::new(arn)?,
            role: role.as_ref(),
            context,
            profile: aws_profile.as_ref(),
        }),
        _ => Err("this is not an AWS key".to_owned()),
    }
}

/// Refuses an answer about another key. An alias stands for the key that AWS names.
fn check(arn: KeyArn<'_>, answered: Option<&str>) -> Outcome<()> {
    match answered {
        None => Err(NOT_AN_ANSWER.to_owned()),
        Some(answered) if arn.is_key() && arn.arn != answered => {
            Err("AWS used a different key than requested".to_owned())
        }
        Some(_) => Ok(()),
    }
}

/// The encryption context; `None` if it is empty.
fn context(key: &Key<'_>) -> Option<HashMap<String, String>> {
    let context = key.context.clone();
    (!context.is_empty()).then(|| context.into_iter().collect())
}

impl Provider for Aws {
    fn family(&self) -> Family {
        Family::Kms
    }

    /// The servers are those of AWS or of the user, so every reach is the same.
    fn credential_source<'a>(&'a self, key: &'a MasterKey) -> Pending<'a, String> {
        Box::pin(async move { Ok(self.session_for(&key_of(key)?).await?.source) })
    }

    fn encrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        secret: &'a [u8],
        _: Reach,
    ) -> Pending<'a, String> {
        Box::pin(async move {
            let key = key_of(key)?;
            let session = self.session_for(&key).await?;
            let request = session
                .client
                .encrypt()
                .key_id(key.arn.arn)
                .plaintext(Blob::new(secret))
                .set_encryption_context(context(&key));
            let answer = request.send().await.map_err(|error| {
                let plaintext = Zeroizing::new(STANDARD.encode(secret));
                refusal::explain(&error, "Encrypt", &session.source, key.context, &plaintext)
            })?;
            check(key.arn, answer.key_id())?;
            match answer.ciphertext_blob() {
                Some(blob) if !blob.as_ref().is_empty() => Ok(STANDARD.encode(blob)),
                _ => Err(NOT_AN_ANSWER.to_owned()),
            }
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a MasterKey,
        enc: &'a str,
        _: Reach,
    ) -> Pending<'a, Zeroizing<Vec<u8>>> {
        Box::pin(async move {
            let key = key_of(key)?;
            let ciphertext = STANDARD
                .decode(enc)
                .map_err(|_| "`enc` is not base64".to_owned())?;
            let session = self.session_for(&key).await?;
            let request = session
                .client
                .decrypt()
                .key_id(key.arn.arn)
                .ciphertext_blob(Blob::new(ciphertext))
                .set_encryption_context(context(&key));
            let answer = request.send().await.map_err(|error| {
                refusal::explain(&error, "Decrypt", &session.source, key.context, "")
            })?;
            check(key.arn, answer.key_id())?;
            let plaintext = answer.plaintext.ok_or_else(|| NOT_AN_ANSWER.to_owned())?;
            Ok(Zeroizing::new(plaintext.into_inner()))
        })
    }

    fn publish<'a>(
        &'a self,
        destination: &'a Destination,
        content: &'a [u8],
        _: Reach,
    ) -> Pending<'a, Published> {
        Box::pin(async move {
            match destination {
                Destination::S3 { bucket, key } => self.put(bucket, key, content).await,
                _ => Err("this is not in Amazon S3".to_owned()),
            }
        })
    }
}
