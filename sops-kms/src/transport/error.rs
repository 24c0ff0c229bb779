//! Why there is no answer from a server.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::CertificateError;
use sops_printable::{beginning, escaped};

/// The maximum number of characters shown of a cause.
const CAUSE_LIMIT: usize = 300;

/// Why there is no answer from a server. The text continues a sentence that starts with the name
/// of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpError {
    /// No connection: the host name, the network, a proxy or TLS is the cause.
    Unreachable(String),
    /// The connection is open, but there is no complete answer within the time limit.
    NoAnswer,
    /// The connection ended, or the answer is not HTTP.
    Broken(String),
    /// The answer is longer than any that a key service sends.
    TooLong,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => write!(f, "cannot be reached: {cause}"),
            Self::NoAnswer => f.write_str("accepts connections, but does not answer"),
            Self::Broken(cause) => write!(f, "sent an incomplete response: {cause}"),
            Self::TooLong => f.write_str("sent a response that is too long"),
        }
    }
}

/// There was no connection within the time limit.
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection within the time limit")
    }
}

impl Error for ConnectTimeout {}

/// The cause at the root of an error, on one line and safe to print.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut is_lookup = false;
    let mut cause = error;
    loop {
        is_lookup |= cause.to_string() == "dns error";
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return of_tls(error);
        }
        // `io::Error::source` skips the inner error.
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match inner {
            Some(inner) => inner,
            None => match cause.source() {
                Some(next) => next,
                None => break,
            },
        };
    }
    let text = cause.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let text = printable(&text[..end]);
    match is_lookup {
        true => format!("the host name cannot be resolved ({text})"),
        // The message of tokio-rustls.
        false if text == "tls handshake eof" => {
            "TLS: the server ended the connection during the handshake".to_owned()
        }
        false => text,
    }
}

/// The cause of a failed TLS handshake.
fn of_tls(error: &rustls::Error) -> String {
    use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return format!("TLS: {}", printable(&error.to_string()));
    };
    match certificate {
        CertificateError::UnknownIssuer => "no trusted authority signed its certificate".to_owned(),
        NotValidForName | NotValidForNameContext { .. } => {
            "its certificate is for another host name".to_owned()
        }
        Expired | ExpiredContext { .. } => "its certificate has expired".to_owned(),
        other => format!("its certificate: {}", printable(&other.to_string())),
    }
}

fn printable(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escaped(&beginning(&words.join(" "), CAUSE_LIMIT)).into_owned()
}
