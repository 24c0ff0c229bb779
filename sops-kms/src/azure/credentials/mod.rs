//! Where access tokens for Azure come from: the sources of Azure's own libraries, in their order.
//! `environment.rs` has the variables of a service principal, `workload.rs` the tokens that
//! Kubernetes issues, `managed.rs` the identity of a machine, and `tools.rs` the programs `az` and
//! `azd`; `authority.rs` is the server for the first two, and `failure.rs` says why a source gives
//! no token.

mod authority;
mod environment;
mod failure;
mod managed;
mod tools;
mod workload;

use std::collections::HashMap;

use sops_keys::Environment;
use tokio::sync::Mutex;

use self::failure::Failure;
use super::challenge::Challenge;
use crate::access_token::AccessToken;
use crate::provider::Outcome;
use crate::transport::{HttpClient, Limits, Proxies, TlsSettings};
use crate::variables::text;

/// The variable that selects sources.
const SELECTION: &str = "AZURE_TOKEN_CREDENTIALS";

/// A source of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Environment,
    WorkloadIdentity,
    ManagedIdentity,
    AzureCli,
    AzureDeveloperCli,
}

impl Source {
    /// All sources, in the order in which they are tried.
    const ALL: [Self; 5] = [
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::AzureDeveloperCli,
    ];

    /// The name in `AZURE_TOKEN_CREDENTIALS`.
    fn name(self) -> &'static str {
        match self {
            Self::Environment => "EnvironmentCredential",
            Self::WorkloadIdentity => "WorkloadIdentityCredential",
            Self::ManagedIdentity => "ManagedIdentityCredential",
            Self::AzureCli => "AzureCLICredential",
            Self::AzureDeveloperCli => "AzureDeveloperCLICredential",
        }
    }

    /// The name of the source in messages.
    fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::WorkloadIdentity => "workload identity",
            Self::ManagedIdentity => "managed identity",
            Self::AzureCli => "`az`",
            Self::AzureDeveloperCli => "`azd`",
        }
    }

    /// The sources that the user selected.
    fn selected(selection: Option<&str>) -> Outcome<Vec<Self>> {
        let named = |name: &str| {
            Self::ALL
                .into_iter()
                .find(|source| source.name().eq_ignore_ascii_case(name))
        };
        Ok(match selection {
            None => Self::ALL.to_vec(),
            Some("prod") => Self::ALL[..3].to_vec(),
            Some("dev") => Self::ALL[3..].to_vec(),
            Some(name) if name.eq_ignore_ascii_case("AzurePowerShellCredential") => {
                return Err(format!("{SELECTION}: sops-rs does not support tokens from Azure PowerShell; set it to `AzureCLICredential`, and run `az login`"));
            }
            Some(name) => vec![named(name).ok_or_else(|| {
                format!("{SELECTION} is neither `dev`, `prod` nor the name of a source such as `AzureCLICredential`")
            })?],
        })
    }
}

/// The sources of a run, and the tokens that they gave.
pub(super) struct Credentials {
    environment: Environment,
    client: HttpClient,
    /// Requests to this machine's metadata server, which no proxy can answer.
    direct: HttpClient,
    /// The source that gave the first token, and the tokens. Locked while a token is requested, so
    /// that many requests need one token.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    source: Option<Source>,
    tokens: HashMap<Challenge, AccessToken>,
    /// The message if no source gave a token. Another attempt would end the same way.
    failure: Option<String>,
}

impl Credentials {
    /// Creates the sources, which read no variable and start no program yet.
    pub(super) fn new(environment: &Environment) -> Self {
        let proxies = Proxies::from_environment(environment);
        let none = Proxies::none();
        Self {
            environment: environment.clone(),
            client: HttpClient::new(proxies, TlsSettings::default(), Limits::default()),
            direct: HttpClient::new(none, TlsSettings::default(), Limits::default()),
            state: Mutex::default(),
        }
    }

    /// The token that the challenge wants.
    ///
    /// # Errors
    ///
    /// The message has a part for each source that was tried.
    pub(super) async fn token(&self, challenge: &Challenge) -> Outcome<AccessToken> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.tokens.get(challenge).filter(|token| token.is_fresh()) {
            return Ok(token.clone());
        }
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        let sources = match state.source {
            Some(source) => vec![source],
            None => Source::selected(text(&self.environment, SELECTION)?.as_deref())?,
        };
        let mut failures = Vec::new();
        for source in sources {
            match self.token_from(source, challenge).await {
                Ok(token) => {
                    state.source = Some(source);
                    state.tokens.insert(challenge.clone(), token.clone());
                    return Ok(token);
                }
                Err(message) => failures.push((source, message)),
            }
        }
        let failure = message(&failures);
        state.failure = Some(failure.clone());
        Err(failure)
    }

    /// The source of the tokens, after the first one.
    pub(super) async fn source(&self) -> Outcome<String> {
        let source = self.state.lock().await.source;
        let source = source.ok_or("no token was needed")?;
        Ok(source.words().to_owned())
    }

    /// Forgets a token that a vault rejected.
    pub(super) async fn forget(&self, challenge: &Challenge) {
        self.state.lock().await.tokens.remove(challenge);
    }

    async fn token_from(
        &self,
        source: Source,
        challenge: &Challenge,
    ) -> Result<AccessToken, Failure> {
        let Self {
            environment,
            client,
            direct,
            ..
        } = self;
        match source {
            Source::Environment => environment::token(environment, client, challenge).await,
            Source::WorkloadIdentity => workload::token(environment, client, challenge).await,
            Source::ManagedIdentity => managed::token(environment, direct, challenge).await,
            Source::AzureCli => tools::az(environment, challenge).await,
            Source::AzureDeveloperCli => tools::azd(environment, challenge).await,
        }
    }
}

/// One sentence with a part for each source; those that are set up come first, because one of them
/// is most likely meant to work.
fn message(failures: &[(Source, Failure)]) -> String {
    let part = |(source, failure): &(Source, Failure)| match failure {
        Failure::Absent(message) | Failure::Failed(message) => {
            format!("{}: {message}", source.words())
        }
    };
    let is_failed = |(_, failure): &&(Source, Failure)| matches!(failure, Failure::Failed(_));
    let failed = failures.iter().filter(is_failed).map(part);
    let absent = failures
        .iter()
        .filter(|failure| !is_failed(failure))
        .map(part);
    let parts: Vec<String> = failed.chain(absent).collect();
    format!(
        "no Azure access token; run `az login`, or set up another source; {}",
        parts.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_selects_sources() {
        let count = |selection| Source::selected(selection).map(|sources| sources.len());
        assert_eq!(count(None), Ok(5));
        assert_eq!(count(Some("prod")), Ok(3));
        assert_eq!(count(Some("dev")), Ok(2));
        assert_eq!(
            Source::selected(Some("azureclicredential")),
            Ok(vec![Source::AzureCli])
        );
        assert!(count(Some("Dev")).is_err());
        assert!(count(Some("AzurePowerShellCredential")).is_err());
    }

    #[test]
    fn a_source_that_is_set_up_is_reported_first() {
        let failures = [
            (
                Source::Environment,
                Failure::Absent("AZURE_CLIENT_ID is not set".to_owned()),
            ),
            (Source::AzureCli, Failure::Failed("expired".to_owned())),
        ];
        let shown = message(&failures);
        assert!(
            shown.ends_with("`az`: expired; environment: AZURE_CLIENT_ID is not set"),
            "{shown}"
        );
    }
}
