//! Where access tokens for Google Cloud come from: the variables of `sops`, and then Application
//! Default Credentials in their order. `file.rs` reads files with credentials, `service_account.rs`
//! signs tokens, `exchange.rs` exchanges other tokens for one, and `metadata.rs` asks the machine.

mod exchange;
mod file;
mod metadata;
mod service_account;

use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderValue};
use sops_keys::Environment;
use tokio::sync::Mutex;

use self::file::CredentialsFile;
use crate::access_token::AccessToken;
use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::transport::{HttpClient, Limits, Proxies, TlsSettings, read, read_of};
use crate::variables::text;

/// The sources of a run, and the token that they gave.
pub(super) struct Credentials {
    environment: Environment,
    client: HttpClient,
    /// Requests to this machine's metadata server, which no proxy can answer.
    direct: HttpClient,
    /// Locked while a token is requested, so that many requests need one token.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    source: Option<Source>,
    token: Option<AccessToken>,
    /// The message if there is no token. Another attempt would end the same way.
    failure: Option<String>,
}

/// A source of tokens.
enum Source {
    /// `GOOGLE_OAUTH_ACCESS_TOKEN`.
    Token(SecretText),
    /// Credentials from a file or a variable, with their name.
    File(String, Box<CredentialsFile>),
    /// The metadata server.
    Machine,
}

/// A token, the project that pays for requests, and the name of the source.
pub(super) struct Authorization {
    pub(super) token: AccessToken,
    pub(super) quota_project: Option<String>,
    pub(super) source: String,
}

impl Credentials {
    /// Creates the sources, which read no variable and contact no server yet.
    pub(super) fn new(environment: &Environment) -> Self {
        let client = |proxies| HttpClient::new(proxies, TlsSettings::default(), Limits::default());
        Self {
            environment: environment.clone(),
            client: client(Proxies::from_environment(environment)),
            direct: client(Proxies::none()),
            state: Mutex::default(),
        }
    }

    /// A token that is still valid.
    ///
    /// # Errors
    ///
    /// The message names the source and says what to do.
    pub(super) async fn authorization(&self) -> Outcome<Authorization> {
        let mut state = self.state.lock().await;
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        if state.source.is_none() {
            state.source = Some(self.source()?);
        }
        let state = &mut *state;
        let source = state.source.as_ref().expect("it was just found");
        let quota_project = match text(&self.environment, "GOOGLE_CLOUD_QUOTA_PROJECT")? {
            Some(project) => Some(project),
            None => source.quota_project(),
        };
        let token = match state.token.take().filter(AccessToken::is_fresh) {
            Some(token) => token,
            None => match self.token(source).await {
                Ok(token) => token,
                Err(message) => {
                    state.failure = Some(message.clone());
                    return Err(message);
                }
            },
        };
        state.token = Some(token.clone());
        Ok(Authorization {
            token,
            quota_project,
            source: source.name(),
        })
    }

    /// The first source that is set up.
    fn source(&self) -> Outcome<Source> {
        let var = |name: &str| text(&self.environment, name);
        if let Some(value) = var("GOOGLE_CREDENTIALS")? {
            let path = Path::new(&value);
            let json = match path.exists() {
                true => read_of("GOOGLE_CREDENTIALS", path)?,
                false => value.clone().into_bytes(),
            };
            return source_of("GOOGLE_CREDENTIALS", &json);
        }
        if let Some(token) = var("GOOGLE_OAUTH_ACCESS_TOKEN")? {
            return Ok(Source::Token(token.into()));
        }
        if let Some(path) = var("GOOGLE_APPLICATION_CREDENTIALS")? {
            let name = "GOOGLE_APPLICATION_CREDENTIALS";
            return source_of(name, &read_of(name, Path::new(&path))?);
        }
        match self.default_file().filter(|path| path.exists()) {
            Some(path) => source_of(&path.display().to_string(), &read(&path)?),
            None => Ok(Source::Machine),
        }
    }

    /// The file that `gcloud auth application-default login` writes.
    fn default_file(&self) -> Option<PathBuf> {
        let home = self.environment.home().ok()?;
        Some(home.join(".config/gcloud/application_default_credentials.json"))
    }

    async fn token(&self, source: &Source) -> Outcome<AccessToken> {
        let Self {
            environment,
            client,
            direct,
            ..
        } = self;
        match source {
            Source::Token(token) => Ok(AccessToken::new(token.clone(), None)),
            Source::File(name, file) => {
                let token = exchange::token_of(client, file).await;
                token.map_err(|message| format!("{name}: {message}"))
            }
            Source::Machine => metadata::token(environment, direct).await,
        }
    }
}

impl Authorization {
    /// Adds the token and the project that pays for the request.
    ///
    /// # Errors
    ///
    /// The token or the project contains characters that are invalid in a header.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) -> Outcome<()> {
        self.token.add_to(headers)?;
        if let Some(project) = &self.quota_project {
            let project = HeaderValue::from_str(project)
                .map_err(|_| "GOOGLE_CLOUD_QUOTA_PROJECT is not a valid project ID".to_owned())?;
            headers.insert("x-goog-user-project", project);
        }
        Ok(())
    }
}

/// The credentials in JSON.
fn source_of(name: &str, json: &[u8]) -> Outcome<Source> {
    let file = CredentialsFile::new(json).map_err(|message| format!("{name}: {message}"))?;
    Ok(Source::File(name.to_owned(), Box::new(file)))
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Token(_) => "GOOGLE_OAUTH_ACCESS_TOKEN".to_owned(),
            Self::File(name, _) => name.clone(),
            Self::Machine => "the metadata server".to_owned(),
        }
    }

    fn quota_project(&self) -> Option<String> {
        match self {
            Self::File(_, file) => file.quota_project_id.clone(),
            Self::Token(_) | Self::Machine => None,
        }
    }
}
