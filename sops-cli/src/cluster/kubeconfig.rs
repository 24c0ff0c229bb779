//! Reads the kubeconfig, and explains why one can't be used.

use std::path::Path;
use std::{env, io};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use secrecy::ExposeSecret;

use super::args::{ClusterArgs, ClusterOrigin};
use super::credentials::of_pod;
use crate::command_error::{Code, CommandError, name_of};

/// Reads the named file; otherwise the files in KUBECONFIG, merged; otherwise the default file. As
/// in `kubectl`, some of the files in KUBECONFIG may be missing.
pub(super) fn read(named: Option<&Path>) -> Result<Kubeconfig, KubeconfigError> {
    if let Some(file) = named {
        return Kubeconfig::read_from(file);
    }
    let files = env::var_os("KUBECONFIG").unwrap_or_default();
    let files = env::split_paths(&files).filter(|file| !file.as_os_str().is_empty());
    let mut merged = None;
    let mut missing = None;
    for file in files {
        match Kubeconfig::read_from(file) {
            Ok(next) => merged = Some(merged.unwrap_or_else(Kubeconfig::default).merge(next)?),
            Err(error) if is_missing(&error) => missing = missing.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match (merged, missing) {
        (Some(kubeconfig), _) => Ok(kubeconfig),
        (None, Some(error)) => Err(error),
        (None, None) => Kubeconfig::read(),
    }
}

/// The cluster and the user of the selected context.
pub(super) async fn select(
    kubeconfig: Kubeconfig,
    args: &ClusterArgs,
) -> Result<(Config, ClusterOrigin), CommandError> {
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
                    .hint(choice(&contexts))
            }
            (KubeconfigError::LoadContext(_), Some(context)) => {
                let message = format!("the kubeconfig has no context `{context}`");
                CommandError::new(Code::Generic, message).hint(choice(&contexts))
            }
            _ => unusable(&error, args),
        })?;
    let context = context.expect("without a context, there is no cluster to select");
    if config.cluster_url.scheme().is_none() || config.cluster_url.host().is_none() {
        // The client would panic, because it can't build a request.
        return Err(unusable(&KubeconfigError::MissingClusterUrl, args));
    }
    let token = config.auth_info.token.as_ref();
    if token.is_some_and(|token| token.expose_secret().contains(char::is_control)) {
        // The client would panic, because a header can't contain control characters.
        let message = format!(
            "the token that the context `{context}` uses contains a line break or another control character"
        );
        return Err(CommandError::new(Code::Generic, message).hint(
            "copy the token again, on one line, into `token` of the user in the kubeconfig",
        ));
    }
    Ok((config, ClusterOrigin::Context(context)))
}

/// Why no cluster is selected: no flag names one, there is no kubeconfig, and the program does not
/// run in a pod.
pub(crate) fn missing_kubeconfig(args: &ClusterArgs) -> Option<CommandError> {
    if args.context.is_some() || args.kubeconfig.is_some() {
        return None;
    }
    let error = read(None).err().filter(is_missing)?;
    let is_in_pod = args.are_default() && of_pod().is_some();
    (!is_in_pod).then(|| unusable(&error, args))
}

/// Whether the kubeconfig does not exist or its path can't be determined.
pub(super) fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(cause, _) => cause.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

/// The hint about the contexts of a kubeconfig.
fn choice(contexts: &[String]) -> String {
    match contexts {
        [] => "it has no contexts; pass another kubeconfig with `--kubeconfig`".to_owned(),
        names => format!(
            "choose one of its contexts with `--context`: {}",
            names.join(", ")
        ),
    }
}

/// The error for a kubeconfig that can't be used. The message does not quote it, because it may
/// contain tokens.
pub(super) fn unusable(error: &KubeconfigError, args: &ClusterArgs) -> CommandError {
    let named = args.kubeconfig.as_deref();
    let missing = |file: &Path| {
        CommandError::new(
            Code::Generic,
            format!("there is no kubeconfig: {}", name_of(file)),
        )
        .hint("pass it with `--kubeconfig`, or set KUBECONFIG to its path")
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
                KubeconfigError::Parse(_) => "it cannot be parsed".to_owned(),
                KubeconfigError::LoadClusterOfContext(_) => {
                    "it does not contain the cluster of the context".to_owned()
                }
                KubeconfigError::MissingClusterUrl => {
                    "the cluster has no `server` that begins with `https://`".to_owned()
                }
                KubeconfigError::ParseClusterUrl(_) => "`server` is not a URL".to_owned(),
                KubeconfigError::ParseProxyUrl(_) => {
                    "the proxy in `proxy-url`, HTTPS_PROXY or https_proxy is not a URL".to_owned()
                }
                KubeconfigError::ParseNoProxy(_) => "NO_PROXY is not a list of hosts".to_owned(),
                KubeconfigError::LoadCertificateAuthority(cause)
                | KubeconfigError::LoadClientCertificate(cause)
                | KubeconfigError::LoadClientKey(cause) => match cause {
                    LoadDataError::ReadFile(cause, file) => {
                        format!("cannot read {}: {}", name_of(file), cause.kind())
                    }
                    _ => "a certificate or key in it is not base64".to_owned(),
                },
                KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
                    "the files in KUBECONFIG differ in `kind` or `apiVersion`".to_owned()
                }
                KubeconfigError::ParseCertificates(_) => {
                    "a certificate in it is not valid PEM".to_owned()
                }
                _ => "it is not valid".to_owned(),
            };
            let error = CommandError::new(
                Code::Generic,
                format!("the kubeconfig cannot be used: {why}"),
            )
            .hint("check it with `kubectl config view`, or pass another file with `--kubeconfig`");
            match named {
                Some(file) => error.in_file(&name_of(file)),
                None => error,
            }
        }
    }
}
