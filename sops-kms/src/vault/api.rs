//! The requests to a Vault server.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use sops_keys::Environment;
use sops_printable::escaped;

use super::allow_list;
use super::origin::Origin;
use super::settings::Settings;
use crate::USER_AGENT as THIS_PROGRAM;
use crate::provider::Outcome;
use crate::reach::Reach;
use crate::transport::{Answer, HttpClient};

/// The server of Vault's command-line tool, if `VAULT_ADDR` is not set.
const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";

/// The connections to all servers, with the user's settings.
pub(super) struct Api {
    settings: Settings,
    client: HttpClient,
}

impl Api {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// The message names the variable or the file that is invalid.
    pub(super) fn new(environment: &Environment) -> Outcome<Self> {
        let settings = Settings::new(environment)?;
        let client = HttpClient::new(
            settings.proxies.clone(),
            settings.tls.clone(),
            settings.limits,
        );
        Ok(Self { settings, client })
    }

    /// The server to contact for a key with this address: the agent, if the user has one.
    ///
    /// # Errors
    ///
    /// An invalid address, or one that the user does not allow.
    pub(super) fn server(&self, address: &str, reach: Reach) -> Outcome<Origin> {
        let agent = self.settings.agent.as_ref();
        let server = self.named_server(address, reach, agent.is_some())?;
        Ok(agent.cloned().unwrap_or(server))
    }

    /// The server that a file names, if it may be contacted.
    fn named_server(&self, address: &str, reach: Reach, has_agent: bool) -> Outcome<Origin> {
        let Settings {
            own, allow_list, ..
        } = &self.settings;
        let server = Origin::new(address).ok_or_else(|| {
            let address = escaped(address);
            format!("`{address}` is not the address of a Vault server; sops-rs needs `https://<host>:<port>` without a path")
        })?;
        let is_own = own.as_ref() == Some(&server);
        match allow_list.allows(address) {
            Some(false) => Err(format!("{} does not allow {server}", allow_list::VARIABLE)),
            None if reach == Reach::KnownServers && !has_agent && !is_own => Err(format!(
                "{server} was not contacted, because only a file names it; set VAULT_ADDR={server}, or allow it with {}={server}",
                allow_list::VARIABLE
            )),
            _ => Ok(server),
        }
    }

    /// The server to contact for a secret in a key-value engine. As in `sops`, an address from a
    /// configuration takes precedence over the agent.
    ///
    /// # Errors
    ///
    /// An invalid address, or one that the user does not allow.
    pub(super) fn kv_server(&self, address: Option<&str>, reach: Reach) -> Outcome<Origin> {
        let Settings { agent, own, .. } = &self.settings;
        match address {
            Some(address) => self.named_server(address, reach, false),
            None => Ok(agent.as_ref().or(own.as_ref()).cloned().unwrap_or_else(|| {
                Origin::new(DEFAULT_ADDRESS).expect("it is the address of a server")
            })),
        }
    }

    /// The namespace; `None` if it is that of the path.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.settings.namespace.as_ref()?.to_str().ok()
    }

    /// Where the token comes from; `None` without a token.
    pub(super) fn token_source(&self) -> Option<&'static str> {
        self.settings.token.as_ref().map(|token| token.source)
    }

    /// The token, so that it can be removed from messages; empty without a token.
    pub(super) fn token(&self) -> &str {
        let token = self.settings.token.as_ref();
        token.map_or("", |token| &*token.value)
    }

    /// Whether an agent gets the requests, which may add a token.
    pub(super) fn has_agent(&self) -> bool {
        self.settings.agent.is_some()
    }

    /// Reads a path.
    pub(super) async fn get(&self, server: &Origin, path: &str) -> Outcome<Answer> {
        self.send(server, Method::GET, path, Bytes::new()).await
    }

    /// Writes a path with an object of one field.
    pub(super) async fn put(
        &self,
        server: &Origin,
        path: &str,
        field: &str,
        text: &str,
    ) -> Outcome<Answer> {
        let body = serde_json::json!({ field: text }).to_string();
        self.write(server, path, body).await
    }

    /// Writes a path with a JSON object.
    pub(super) async fn write(&self, server: &Origin, path: &str, json: String) -> Outcome<Answer> {
        self.send(server, Method::PUT, path, json.into()).await
    }

    async fn send(
        &self,
        server: &Origin,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Outcome<Answer> {
        let failed = |cause: &dyn std::fmt::Display| format!("{server} {cause}");
        let uri: Uri = format!("{server}{path}")
            .parse()
            .map_err(|_| "its path is too long".to_owned())?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.extend(self.settings.headers.clone());
        headers.insert(USER_AGENT, THIS_PROGRAM);
        headers.insert(
            CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        // Agents and proxies may require it, as a protection from forged requests.
        headers.insert("x-vault-request", http::HeaderValue::from_static("true"));
        if let Some(token) = &self.settings.token {
            headers.insert("x-vault-token", token.header.clone());
        }
        if let Some(namespace) = &self.settings.namespace {
            headers.insert("x-vault-namespace", namespace.clone());
        }
        let answer = self.client.send(&request).await;
        let answer = answer.map_err(|error| failed(&error))?;
        if !is_redirect(answer.status) || !self.settings.follows_redirects {
            return Ok(answer);
        }
        // A standby node sends its clients to the active node.
        let target = redirected(request.uri(), &answer)
            .filter(|target| !server.is_https() || target.scheme_str() == Some("https"))
            .ok_or_else(|| failed(&"redirects to an invalid address"))?;
        let other = target.authority().map(ToString::to_string);
        let other = other.unwrap_or_default();
        *request.uri_mut() = target;
        let answer = self.client.send(&request).await;
        answer.map_err(|error| format!("{server} redirects to {other}, which {error}"))
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// The URL to which the answer redirects.
fn redirected(from: &Uri, answer: &Answer) -> Option<Uri> {
    let location = answer.headers.get(LOCATION)?.to_str().ok()?;
    let target: Uri = match location.strip_prefix('/') {
        Some(path) => {
            let (scheme, authority) = (from.scheme_str()?, from.authority()?);
            format!("{scheme}://{authority}/{path}").parse().ok()?
        }
        None => location.parse().ok()?,
    };
    let is_whole = target
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'));
    let has_scheme = matches!(target.scheme_str(), Some("http" | "https"));
    Some(target).filter(|_| is_whole && has_scheme)
}
