//! The client for the API server of a cluster.

use std::future::Future;
use std::time::Duration;

use kube::client::AuthError;
use kube::{Client, Config};

use super::args::{ClusterArgs, ClusterOrigin};
use super::{credentials, kubeconfig};
use crate::command_error::{Code, CommandError, name_of, reason};
use crate::ui::Ui;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for an answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A client for a cluster.
pub(crate) struct Cluster {
    pub(super) client: Client,
    /// The address of its API server.
    pub(super) server: String,
    pub(super) origin: ClusterOrigin,
    /// Whether the connection uses a proxy.
    pub(super) is_behind_proxy: bool,
    /// Why the connection is insecure, if it is.
    insecurity: Option<Insecurity>,
}

/// Which connections to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Only TLS with a verified server certificate.
    VerifiedTls,
    /// Any connection that the kubeconfig describes, like `kubectl`.
    AsConfigured,
}

/// Why someone other than the server could read the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Insecurity {
    /// No TLS. A loopback address is no safer, because any user of the computer may be listening
    /// there.
    Plain,
    /// Any certificate is accepted.
    Unverified,
}

impl Insecurity {
    fn of(config: &Config) -> Option<Self> {
        let scheme = config.cluster_url.scheme_str().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("https") {
            Some(Self::Plain)
        } else if config.accept_invalid_certs {
            Some(Self::Unverified)
        } else {
            None
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Plain => "the connection is not encrypted",
            Self::Unverified => {
                "its certificate is not verified, because the kubeconfig sets `insecure-skip-tls-verify`"
            }
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Plain => "use an address that begins with `https://` in the kubeconfig",
            Self::Unverified => {
                "replace `insecure-skip-tls-verify` in the kubeconfig with `certificate-authority` or `certificate-authority-data`"
            }
        }
    }
}

/// Runs a future to completion.
pub(crate) fn run<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let message = format!("cannot prepare a connection: {}", reason(&error));
            CommandError::new(Code::CannotReadInput, message)
        })?
        .block_on(work)
}

impl Cluster {
    /// Creates the client for the selected cluster. Sends nothing yet.
    ///
    /// # Errors
    /// The kubeconfig can't be used, or the connection is not secure enough. In the latter case, no
    /// credential plugin is run.
    pub(crate) async fn of(args: &ClusterArgs, security: Security) -> Result<Self, CommandError> {
        let kubeconfig = kubeconfig::read(args.kubeconfig.as_deref());
        let pod = || credentials::of_pod().filter(|_| args.are_default());
        let (mut config, origin) = match kubeconfig {
            Ok(kubeconfig) => kubeconfig::select(kubeconfig, args).await?,
            Err(error) => match kubeconfig::is_missing(&error).then(pod).flatten() {
                Some(config) => (config?, ClusterOrigin::Pod),
                None => return Err(kubeconfig::unusable(&error, args)),
            },
        };
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(ANSWER);
        // The client must not retry, so that the user learns about a failure immediately.
        config.default_retry = false;
        let server = shown(&config.cluster_url.to_string());
        let insecurity = Insecurity::of(&config);
        if let Some(insecurity) = insecurity
            && security == Security::VerifiedTls
        {
            let message = format!(
                "the private key was not sent to {server}: {}, so others could read it",
                insecurity.reason()
            );
            return Err(CommandError::new(Code::Generic, message)
                .hint(insecurity.hint())
                .hint("to send it anyway, add `--allow-insecure-connection`"));
        }
        let program = config.auth_info.exec.clone();
        let is_behind_proxy = config.proxy_url.is_some();
        let client = Client::try_from(config).map_err(|error| {
            let of_program = match (&error, &program) {
                (kube::Error::Auth(error), Some(program)) => {
                    credentials::of_program(error, program)
                }
                _ => None,
            };
            of_program.unwrap_or_else(|| {
                let message = match &error {
                    kube::Error::ProxyProtocolUnsupported { .. } => format!(
                        "the proxy for {server} cannot be used: its address must begin with `http://`, `https://` or `socks5://`"
                    ),
                    kube::Error::Auth(AuthError::ReadTokenFile(cause, file)) => format!(
                        "the file with the token for {server} cannot be read: {}: {}",
                        name_of(file),
                        reason(cause)
                    ),
                    _ => format!("the certificates or credentials for {server} cannot be used"),
                };
                CommandError::new(Code::Generic, message).hint(match &origin {
                    ClusterOrigin::Context(context) => format!(
                        "check the cluster and the user of the context `{context}` in the kubeconfig"
                    ),
                    ClusterOrigin::Pod => "check the service account of this pod".to_owned(),
                })
            })
        })?;
        Ok(Self {
            client,
            server,
            origin,
            is_behind_proxy,
            insecurity,
        })
    }

    /// Warns if others could read the traffic.
    pub(crate) fn warn_if_insecure(&self, ui: &Ui) {
        if let Some(insecurity) = self.insecurity {
            ui.warn(format_args!(
                "others can read and change the traffic to and from {}: {}",
                self.server,
                insecurity.reason()
            ));
        }
    }

    /// The namespace of the context, or of the pod.
    pub(crate) fn namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

/// The address of a server, without user and password.
fn shown(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verified_tls_is_secure() {
        for (url, accepts_any, insecurity) in [
            ("https://a.example", false, None),
            ("HTTPS://a.example", false, None),
            ("https://a.example", true, Some(Insecurity::Unverified)),
            ("http://a.example", false, Some(Insecurity::Plain)),
            ("http://127.0.0.1:8001", false, Some(Insecurity::Plain)),
            ("ftp://a.example", true, Some(Insecurity::Plain)),
        ] {
            let mut config = Config::new(url.parse().expect("the URL is valid"));
            config.accept_invalid_certs = accepts_any;
            assert_eq!(Insecurity::of(&config), insecurity, "{url}");
        }
    }

    #[test]
    fn an_address_is_shown_without_credentials() {
        for (url, expected) in [
            ("https://a.example:6443/", "https://a.example:6443"),
            ("https://a.example/k8s/c@1/", "https://a.example/k8s/c@1"),
            ("https://me:hunter2@a.example/k8s", "https://a.example/k8s"),
            ("https://me:hun@ter2@[::1]:6443/", "https://[::1]:6443"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
