//! Credentials for a cluster from a pod's service account, and the errors of credential plugins.

use std::path::Path;
use std::{env, io};

use kube::Config;
use kube::client::AuthError;
use kube::config::{ExecConfig, InClusterError};

use crate::command_error::{Code, CommandError, name_of, reason};

/// Kubernetes sets this variable in every container.
const IN_POD: &str = "KUBERNETES_SERVICE_HOST";

/// The configuration of the cluster in which this program runs, with the pod's service account;
/// `None` outside a pod.
pub(super) fn of_pod() -> Option<Result<Config, CommandError>> {
    env::var_os(IN_POD).filter(|host| !host.is_empty())?;
    Some(Config::incluster().map_err(|error| {
        let why = match error {
            InClusterError::ReadDefaultNamespace(cause)
            | InClusterError::ReadCertificateBundle(cause) => {
                format!("its files cannot be read: {}", reason(&cause))
            }
            InClusterError::ParseCertificates(_) => "its ca.crt contains no certificates".to_owned(),
            _ => format!("{IN_POD} and KUBERNETES_SERVICE_PORT are not a valid address"),
        };
        let message = format!(
            "there is no kubeconfig, and the service account of this pod cannot be used: {why}"
        );
        CommandError::new(Code::Generic, message)
            .hint("Kubernetes mounts the token and certificate of the service account in /var/run/secrets/kubernetes.io/serviceaccount, unless the pod or the account has `automountServiceAccountToken: false`; to use a kubeconfig, pass it with `--kubeconfig`")
    }))
}

/// Why the credential plugin of the kubeconfig failed. The message contains neither its output nor
/// its arguments, because both may be secret.
///
/// `None` for errors of other kinds.
pub(super) fn of_program(error: &AuthError, program: &ExecConfig) -> Option<CommandError> {
    let name = name_of(Path::new(program.command.as_deref().unwrap_or_default()));
    let new = |why: String| {
        let message = format!("the credential plugin `{name}` of the kubeconfig {why}");
        CommandError::new(Code::Generic, message)
    };
    Some(match error {
        AuthError::AuthExecStart(cause) => {
            let error = new(format!("cannot be run: {}", reason(cause)));
            match (&program.install_hint, cause.kind()) {
                (Some(hint), io::ErrorKind::NotFound) => error.hint(hint.trim().to_owned()),
                _ => error.hint("install it, or add its directory to PATH"),
            }
        }
        AuthError::AuthExecRun { out, .. } => {
            new(format!("failed: {}", out.status)).hint("run it separately to see why")
        }
        AuthError::AuthExecParse(_)
        | AuthError::ExecPluginFailed
        | AuthError::InvalidBearerToken(_)
        | AuthError::MalformedTokenExpirationDate(_) => {
            new("does not print an ExecCredential with credentials".to_owned())
                .hint("run it separately to see its output, which may be secret")
        }
        AuthError::MissingCommand => CommandError::new(
            Code::Generic,
            "the credential plugin in the kubeconfig has no `command`",
        )
        .hint("set `exec.command` of the user in the kubeconfig"),
        _ => return None,
    })
}
