//! Which cluster is meant, and the client that talks to it.

use std::env;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use kube::{Client, Config};
use secrecy::ExposeSecret;

use super::credentials;
use crate::command_error::{Code, CommandError, name_of};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long to wait for an answer.
const ANSWER: Duration = Duration::from_secs(60);

/// Which cluster is meant.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub(crate) struct ClusterArgs {
    /// The context in the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The kubeconfig, instead of the files in KUBECONFIG or ~/.kube/config; without any, a pod's service account is used in the pod
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// A cluster that can be talked to.
pub(crate) struct Cluster {
    pub(super) client: Client,
    /// The address of its API server.
    pub(super) server: String,
    pub(super) origin: Origin,
}

/// Where it stands which cluster is meant.
pub(super) enum Origin {
    /// In this context of the kubeconfig.
    Context(String),
    /// In the pod in which this program runs.
    Pod,
}

impl ClusterArgs {
    /// Whether neither they nor the environment ask for a certain kubeconfig.
    fn are_default(&self) -> bool {
        let is_set = env::var_os("KUBECONFIG").is_some_and(|files| !files.is_empty());
        self.context.is_none() && self.kubeconfig.is_none() && !is_set
    }
}

/// Does work that waits for the network.
pub(crate) fn run<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::input("the network", &error))?
        .block_on(work)
}

impl Cluster {
    /// The client for the cluster that is meant. Nothing is sent yet.
    pub(crate) async fn of(args: &ClusterArgs) -> Result<Self, CommandError> {
        let kubeconfig = match &args.kubeconfig {
            Some(file) => Kubeconfig::read_from(file),
            None => Kubeconfig::read(),
        };
        let pod = || credentials::of_pod().filter(|_| args.are_default());
        let (mut config, origin) = match kubeconfig {
            Ok(kubeconfig) => of_kubeconfig(kubeconfig, args).await?,
            Err(error) => match is_missing(&error).then(pod).flatten() {
                Some(config) => (config?, Origin::Pod),
                None => return Err(unusable(&error, args)),
            },
        };
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(ANSWER);
        // What cannot be done is said at once.
        config.default_retry = false;
        let server = config.cluster_url.to_string();
        let server = server.trim_end_matches('/').to_owned();
        let program = config.auth_info.exec.clone();
        let client = Client::try_from(config).map_err(|error| {
            let of_program = match (&error, &program) {
                (kube::Error::Auth(error), Some(program)) => {
                    credentials::of_program(error, program)
                }
                _ => None,
            };
            of_program.unwrap_or_else(|| {
                let message =
                    format!("the certificates or credentials for {server} cannot be used");
                CommandError::new(Code::Generic, message).hint(match &origin {
                    Origin::Context(context) => format!(
                        "look at the cluster and the user of the context `{context}` in the kubeconfig"
                    ),
                    Origin::Pod => "look at the service account of this pod".to_owned(),
                })
            })
        })?;
        Ok(Self {
            client,
            server,
            origin,
        })
    }

    /// The namespace of the context, or of the pod.
    pub(crate) fn namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

async fn of_kubeconfig(
    kubeconfig: Kubeconfig,
    args: &ClusterArgs,
) -> Result<(Config, Origin), CommandError> {
    let context = args.context.clone().or(kubeconfig.current_context.clone());
    let options = KubeConfigOptions {
        context: context.clone(),
        ..KubeConfigOptions::default()
    };
    let contexts: Vec<_> = kubeconfig
        .contexts
        .iter()
        .map(|named| named.name.clone())
        .collect();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| match (&error, &context) {
            (KubeconfigError::CurrentContextNotSet, _) | (_, None) => {
                CommandError::new(Code::Generic, "the kubeconfig has no current context")
                    .hint("name one with `--context`")
            }
            (KubeconfigError::LoadContext(_), Some(context)) => {
                let message = format!("the kubeconfig has no context `{context}`");
                CommandError::new(Code::Generic, message)
                    .hint(format!("it has {}", list(&contexts)))
            }
            _ => unusable(&error, args),
        })?;
    let context = context.unwrap_or_default();
    let token = config.auth_info.token.as_ref();
    if token.is_some_and(|token| token.expose_secret().contains(char::is_control)) {
        // The client would panic, since no header can hold it.
        let message = format!(
            "the token of the user of the context `{context}` has a line break or another control character in it"
        );
        return Err(CommandError::new(Code::Generic, message));
    }
    Ok((config, Origin::Context(context)))
}

/// Whether there is no kubeconfig, or none that can be found.
fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(cause, _) => cause.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

/// A kubeconfig that cannot be used. What is wrong is told without its text, in which there may be tokens.
fn unusable(error: &KubeconfigError, args: &ClusterArgs) -> CommandError {
    let named = args.kubeconfig.as_deref();
    let missing = |file: &Path| {
        CommandError::new(
            Code::Generic,
            format!("there is no kubeconfig: {}", name_of(file)),
        )
        .hint("name it with `--kubeconfig` or in the variable KUBECONFIG")
    };
    match error {
        KubeconfigError::ReadConfig(cause, file) if cause.kind() == io::ErrorKind::NotFound => {
            missing(file)
        }
        KubeconfigError::ReadConfig(cause, file) => {
            CommandError::input(name_of(file), cause).with_code(Code::Generic)
        }
        KubeconfigError::FindPath => missing(Path::new("~/.kube/config")),
        error => {
            let why = match error {
                KubeconfigError::Parse(_) => "it is not the YAML of a kubeconfig".to_owned(),
                KubeconfigError::LoadClusterOfContext(_) => {
                    "the cluster of the context is not in it".to_owned()
                }
                KubeconfigError::MissingClusterUrl => "the cluster has no `server`".to_owned(),
                KubeconfigError::ParseClusterUrl(_) => "`server` is no URL".to_owned(),
                KubeconfigError::LoadCertificateAuthority(cause)
                | KubeconfigError::LoadClientCertificate(cause)
                | KubeconfigError::LoadClientKey(cause) => match cause {
                    LoadDataError::ReadFile(cause, file) => {
                        format!("cannot read {}: {}", name_of(file), cause.kind())
                    }
                    _ => "a certificate or key in it is not base64".to_owned(),
                },
                _ => "it cannot be understood".to_owned(),
            };
            let error = CommandError::new(
                Code::Generic,
                format!("the kubeconfig cannot be used: {why}"),
            );
            match named {
                Some(file) => error.in_file(&name_of(file)),
                None => error,
            }
        }
    }
}
