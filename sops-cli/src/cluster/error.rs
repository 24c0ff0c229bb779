//! Explains errors of the API server without revealing values of the object.

use std::error::Error;
use std::io;

use kube::client::AuthError;
use kube::core::Status;
use sops_lint::shell_word;

use super::args::ClusterOrigin;
use super::certificate::{self, CertificateFault};
use super::connection::Cluster;
use super::masking::{has_value, without_values};
use super::object::ClusterObject;
use crate::command_error::{Code, CommandError};

/// Why a request failed.
#[derive(Debug)]
pub(crate) struct ApiFailure {
    pub(crate) error: CommandError,
    /// Whether further requests would fail too, because the server does not answer or rejects the
    /// credentials.
    pub(crate) is_final: bool,
}

impl ApiFailure {
    /// A failure after which no other request should be tried.
    pub(crate) fn last(error: CommandError) -> Self {
        Self {
            error,
            is_final: true,
        }
    }
}

impl From<CommandError> for ApiFailure {
    fn from(error: CommandError) -> Self {
        Self {
            error,
            is_final: false,
        }
    }
}

impl From<ApiFailure> for CommandError {
    fn from(failure: ApiFailure) -> Self {
        failure.error
    }
}

impl Cluster {
    /// The error of a request about `subject`, such as `secret/web`, that sent `object`.
    pub(super) fn error(
        &self,
        error: &kube::Error,
        subject: &str,
        object: Option<&ClusterObject>,
    ) -> ApiFailure {
        match error {
            kube::Error::Api(status) if status.code == 401 => ApiFailure::last(self.unauthorized()),
            kube::Error::Api(status) => self.refused(status, subject, object).into(),
            kube::Error::Auth(_) => ApiFailure::last(self.without_credentials()),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                let message = format!(
                    "{} did not send a valid Kubernetes API response",
                    self.server
                );
                ApiFailure::last(self.point_to_context(CommandError::new(Code::Generic, message)))
            }
            error => ApiFailure::last(self.away(error)),
        }
    }

    /// The error for a server that can't be reached.
    fn away(&self, error: &kube::Error) -> CommandError {
        let server = &self.server;
        let causes = || std::iter::successors(error.source(), |error| (*error).source());
        if causes().any(|error| error.is::<AuthError>()) {
            // Credentials that expire are loaded when they are used, so loading can fail here.
            return self.without_credentials();
        }
        let texts: Vec<String> = causes().map(ToString::to_string).collect();
        let certificate = texts.iter().rev().find(|text| text.contains("certificate"));
        if let Some(text) = certificate {
            let CertificateFault { message, hint } = certificate::fault(text);
            let message =
                format!("the certificate of the API server {server} cannot be trusted: {message}");
            let hint = hint.map(str::to_owned);
            let hint = hint.unwrap_or_else(|| match &self.origin {
                ClusterOrigin::Context(context) => format!(
                    "put the server's CA certificate into `certificate-authority-data` of the cluster that the context `{context}` uses"
                ),
                ClusterOrigin::Pod => {
                    "`ca.crt` of the pod's service account does not contain the server's CA certificate; use `--kubeconfig` to pass a kubeconfig that contains it".to_owned()
                }
            });
            return CommandError::new(Code::Generic, message).hint(hint);
        }
        let kind = causes().find_map(|error| error.downcast_ref::<io::Error>());
        let why = match kind.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "connection refused",
            Some(io::ErrorKind::TimedOut) => "timed out",
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
                "the connection was closed"
            }
            _ if texts.iter().any(|text| text.contains("dns error")) => "no such host",
            _ => "the connection failed",
        };
        let error = CommandError::new(
            Code::Generic,
            format!("cannot reach the API server {server}: {why}"),
        );
        self.point_to_context(match self.is_behind_proxy {
            true => error.hint("the connection uses the proxy in `proxy-url` of the kubeconfig, HTTPS_PROXY or https_proxy; list hosts that need no proxy in NO_PROXY"),
            false => error,
        })
    }

    fn point_to_context(&self, error: CommandError) -> CommandError {
        error.hint(match &self.origin {
            ClusterOrigin::Context(context) => format!(
                "this is the server of the context `{context}`; choose another with `--context`"
            ),
            ClusterOrigin::Pod => {
                "this is the server of the pod's cluster; for another one, pass a kubeconfig with `--kubeconfig`"
                    .to_owned()
            }
        })
    }

    /// The error for credentials that cannot be loaded, so that the server gets no request.
    fn without_credentials(&self) -> CommandError {
        let message = format!(
            "the credentials for the API server {} could not be loaded",
            self.server
        );
        CommandError::new(Code::Generic, message).hint(match &self.origin {
            ClusterOrigin::Context(context) => format!(
                "check the credential plugin or the token file that the context `{context}` uses"
            ),
            ClusterOrigin::Pod => {
                "check the token of this pod's service account, or pass `--kubeconfig`".to_owned()
            }
        })
    }

    fn unauthorized(&self) -> CommandError {
        let message = format!("the API server {} rejects the credentials", self.server);
        CommandError::new(Code::Generic, message).hint(match &self.origin {
            ClusterOrigin::Context(context) => {
                format!("renew the token or certificate that the context `{context}` uses")
            }
            ClusterOrigin::Pod => {
                "the request used the token of this pod's service account: check that the account still exists, or pass `--kubeconfig`".to_owned()
            }
        })
    }

    fn refused(
        &self,
        status: &Status,
        subject: &str,
        object: Option<&ClusterObject>,
    ) -> CommandError {
        let message = without_values(&status.message, object);
        // The messages of policies may have several lines.
        let new = |message: String| CommandError::with_lines(Code::Generic, &message);
        let causes = status
            .details
            .as_ref()
            .map_or(&[][..], |details| &details.causes);
        let conflicts: Vec<String> = causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| {
                // The message has the form `conflict with "kubectl" using v1`.
                let manager = cause.message.split('"').nth(1).unwrap_or("another manager");
                let field = match object.is_some_and(|object| has_value(&cause.field, object)) {
                    // An item of a set is identified by its value.
                    true => "a field",
                    false => &cause.field,
                };
                format!("{field} is managed by `{manager}`")
            })
            .collect();
        match status.code {
            403 => {
                // A denial by RBAC quotes only names: `secrets "web" is forbidden: User "ann"
                // cannot patch resource "secrets" in API group "" in the namespace "prod"`.
                let is_of_rbac = status.message.contains(" cannot ")
                    && !object.is_some_and(|object| has_value(&status.message, object));
                let message = if is_of_rbac { &status.message } else { &message };
                let why = message.split_once(" is forbidden: ").map_or(&**message, |(_, why)| why);
                let error = new(format!("{subject}: forbidden: {why}"));
                match is_of_rbac {
                    true => error.hint("bind the user to a Role or ClusterRole that allows this verb on this resource"),
                    false => error,
                }
            }
            404 if status.details.as_ref().is_some_and(|details| details.kind == "namespaces") => {
                let name = status.details.as_ref().map_or("", |details| &details.name);
                new(format!("{subject}: the namespace `{name}` does not exist"))
                    .hint(format!("create it first: `kubectl create namespace {}`", shell_word(name)))
            }
            409 if !conflicts.is_empty() => new(format!("{subject}: {}", conflicts.join("; ")))
                .hint("`--force-conflicts` takes over the fields from the other manager and overwrites them"),
            _ if message.contains("field is immutable when `immutable` is set") => new(format!(
                "{subject}: it already exists with other values, and is immutable"
            ))
            .hint("delete the existing object first, or give the new one a different name"),
            _ => {
                let reason = match &*status.reason {
                    "" => format!("status {}", status.code),
                    reason => reason.to_owned(),
                };
                new(format!("{subject}: the API server refuses it ({reason}): {message}"))
            }
        }
    }
}
