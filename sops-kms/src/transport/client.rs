//! Sends requests and reads their answers, within limits on time and size.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::ServerName;
use sops_printable::escaped;
use tokio::time::{Instant, sleep, timeout_at};
use zeroize::Zeroizing;

use super::dialer::{Dialer, Timed};
use super::error::{HttpError, root_cause};
use super::proxies::Proxies;
use super::tls::TlsSettings;

/// The maximum size of an answer in bytes. Key services send a few kilobytes.
const ANSWER_LIMIT: usize = 1 << 20;

/// The longest pause that a server can ask for before the next attempt.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait for a server, and how many times to ask it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The time for a connection, with the handshake of TLS.
    pub(crate) connection: Duration,
    /// The time for a complete answer, with all attempts.
    pub(crate) answer: Duration,
    /// How many times a request is repeated if the server is busy.
    pub(crate) retries: u32,
    /// The pause before the first repetition; each later one is twice as long.
    pub(crate) pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connection: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            retries: 2,
            pause: Duration::from_millis(500),
        }
    }
}

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

type PlainClient = Client<Timed<Dialer>, Full<Bytes>>;
type TlsClient = Client<Timed<HttpsConnector<Dialer>>, Full<Bytes>>;

/// Sends requests over connections that are kept open. A host that could not be reached, or did
/// not answer in time, is not asked again.
#[derive(Debug)]
pub(crate) struct HttpClient {
    dialer: Dialer,
    settings: TlsSettings,
    limits: Limits,
    plain: OnceLock<PlainClient>,
    /// Reading the certificates takes milliseconds, which requests without TLS do not need.
    tls: OnceLock<Result<TlsClient, String>>,
    unreachable: Mutex<HashMap<String, HttpError>>,
}

impl HttpClient {
    /// A client that reads no file and opens no connection before the first request.
    pub(crate) fn new(proxies: Proxies, settings: TlsSettings, limits: Limits) -> Self {
        Self {
            dialer: Dialer::new(proxies),
            settings,
            limits,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
            unreachable: Mutex::default(),
        }
    }

    /// Sends the request, again if the server is busy or fails, and reads the answer.
    pub(crate) async fn send(&self, request: &Request<Bytes>) -> Result<Answer, HttpError> {
        let host = host(request.uri());
        if let Some(error) = self.unreachable().get(&host) {
            return Err(error.clone());
        }
        let answer = self.repeated(request).await;
        if let Err(error @ (HttpError::Unreachable(_) | HttpError::NoAnswer)) = &answer {
            self.unreachable().insert(host, error.clone());
        }
        answer
    }

    async fn repeated(&self, request: &Request<Bytes>) -> Result<Answer, HttpError> {
        let deadline = Instant::now() + self.limits.answer;
        let mut pause = self.limits.pause;
        for repetition in 0.. {
            let answer = match timeout_at(deadline, self.once(request)).await {
                Ok(answer) => answer?,
                Err(_) => return Err(HttpError::NoAnswer),
            };
            let wait = retry_after(&answer.headers).unwrap_or(pause);
            let is_last = repetition >= self.limits.retries || Instant::now() + wait >= deadline;
            if is_last || !is_temporary(answer.status) {
                return Ok(answer);
            }
            sleep(wait).await;
            pause *= 2;
        }
        unreachable!("the last repetition returns")
    }

    async fn once(&self, request: &Request<Bytes>) -> Result<Answer, HttpError> {
        let request = request.clone().map(Full::new);
        let answer = match request.uri().scheme_str() {
            Some("http") => self.plain().request(request).await,
            _ => self.tls()?.request(request).await,
        };
        let answer = answer.map_err(|error| match error.is_connect() {
            true => HttpError::Unreachable(root_cause(&error)),
            false => HttpError::Broken(root_cause(&error)),
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => HttpError::TooLong,
            false => HttpError::Broken(root_cause(&*error)),
        })?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: Zeroizing::new(body.to_bytes().to_vec()),
        })
    }

    fn plain(&self) -> &PlainClient {
        self.plain.get_or_init(|| {
            let connector = Timed {
                inner: self.dialer.clone(),
                limit: self.limits.connection,
            };
            Client::builder(TokioExecutor::new()).build(connector)
        })
    }

    fn tls(&self) -> Result<&TlsClient, HttpError> {
        let client = self.tls.get_or_init(|| {
            let config = self.settings.config()?;
            let mut builder = HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_only();
            if let Some(name) = &self.settings.server_name {
                let name = ServerName::try_from(name.clone()).map_err(|_| {
                    format!(
                        "VAULT_TLS_SERVER_NAME is not a host name: `{}`",
                        escaped(name)
                    )
                })?;
                builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
            }
            let connector = Timed {
                inner: builder.enable_http1().wrap_connector(self.dialer.clone()),
                limit: self.limits.connection,
            };
            Ok(Client::builder(TokioExecutor::new()).build(connector))
        });
        client
            .as_ref()
            .map_err(|message| HttpError::Unreachable(message.clone()))
    }

    fn unreachable(&self) -> std::sync::MutexGuard<'_, HashMap<String, HttpError>> {
        self.unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scheme, host and port of a URL.
fn host(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}

/// Whether the same request may succeed a moment later. Vault answers 412 if a replica is behind.
fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::PRECONDITION_FAILED
}

/// The pause in seconds that the server asks for.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    let pause = Duration::from_secs(seconds.trim().parse().ok()?);
    Some(pause.min(LONGEST_PAUSE))
}
