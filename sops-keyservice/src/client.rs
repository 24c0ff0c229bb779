//! The client: a key service reached over gRPC.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use sops_keys::{DataKey, Effort, Error, Family, KeyService, MasterKey, Result};
use sops_printable::{beginning, escaped};
use tokio::runtime;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use zeroize::Zeroizing;

use crate::protocol::{
    DECRYPT, DECRYPT_READY, DecryptRequest, DecryptResponse, ENCRYPT, EncryptRequest,
    EncryptResponse, INSTRUCT, Instruction,
};

/// How long a connection may take.
const CONNECTION: Duration = Duration::from_secs(10);
/// How long an answer may take. The server may have to prompt a user.
const ANSWER: Duration = Duration::from_secs(300);

/// The maximum number of characters shown of a server's message.
const MESSAGE_LIMIT: usize = 1000;

/// A key service reached over gRPC. After a failure to connect or a timeout, it is not contacted
/// again.
#[derive(Debug)]
pub struct Remote {
    address: String,
    endpoint: Endpoint,
    /// Why the server can't be reached. There is a request for each key, and each would wait for
    /// the timeout again.
    unreachable: OnceLock<String>,
    patience: Duration,
}

impl Remote {
    /// A client for an address in the form that `sops` uses, `unix:///path` or `tcp://host:port`;
    /// `None` if it is invalid. Does not connect yet.
    pub fn new(address: &str) -> Option<Self> {
        Some(Self {
            address: address.to_owned(),
            endpoint: endpoint(address)?,
            unreachable: OnceLock::new(),
            patience: ANSWER,
        })
    }

    /// Sends an instruction to the service itself, as [`Answer::instruct`](crate::Answer::instruct)
    /// understands it, and returns its answer.
    ///
    /// # Errors
    ///
    /// Why the service cannot be reached, or why it refuses.
    pub fn instruct(&self, instruction: &str) -> std::result::Result<String, String> {
        let text = instruction.to_owned();
        let answer = self.ask(INSTRUCT, Instruction { text });
        let answer: std::result::Result<Instruction, Failure> = answer;
        match answer {
            Ok(answer) => Ok(answer.text),
            Err(failure) => Err(failure.message),
        }
    }

    /// Decrypts with the keys of an agent that are ready, so that it does not ask the user; `None`
    /// if none of them can decrypt.
    ///
    /// # Errors
    ///
    /// Why the agent cannot be reached, or why it refuses.
    pub fn decrypt_ready(&self, key: &MasterKey, enc: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let secret = self.answer(DECRYPT_READY, key, enc)?;
        match secret.is_empty() {
            true => Ok(None),
            false => self.checked(key, secret).map(Some),
        }
    }

    /// The answer to a request to decrypt.
    fn answer(
        &self,
        method: &'static str,
        key: &MasterKey,
        enc: &str,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let question = DecryptRequest {
            key: Some(key.try_into()?),
            ciphertext: enc.as_bytes().to_vec(),
        };
        let answer: std::result::Result<DecryptResponse, _> = self.ask(method, question);
        match answer {
            Ok(answer) => Ok(Zeroizing::new(answer.plaintext)),
            Err(failure) if failure.is_damage => Err(Error::DamagedSecret {
                key: key.to_string(),
                message: failure.message,
            }),
            Err(failure) => Err(refused(key, failure.message)),
        }
    }

    /// Refuses an answer that cannot be a data key.
    fn checked(&self, key: &MasterKey, secret: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
        // A share of a data key is one byte longer.
        if ![DataKey::BYTES, DataKey::BYTES + 1].contains(&secret.len()) {
            let message = format!(
                "key service {} returned {} bytes, but a data key has {}",
                self.address,
                secret.len(),
                DataKey::BYTES
            );
            return Err(refused(key, message));
        }
        Ok(secret)
    }

    /// Sends a request and waits for the answer. The error message continues a sentence that starts
    /// with the name of the key.
    fn ask<Q, A>(&self, method: &'static str, question: Q) -> std::result::Result<A, Failure>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let about = |message: &str| format!("key service {} {message}", self.address);
        if let Some(reason) = self.unreachable.get() {
            return Err(about(reason).into());
        }
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| about(&format!("cannot be used: {error}")))?;
        let asked = runtime.block_on(async {
            let channel = match timeout(CONNECTION, self.endpoint.connect()).await {
                Ok(Ok(channel)) => channel,
                Ok(Err(error)) => return Err(self.unreachable(cause(&error)).into()),
                Err(_) => {
                    let reason = "does not accept connections".to_owned();
                    return Err(self.unreachable(reason).into());
                }
            };
            let mut grpc = Grpc::new(channel);
            let answer = async {
                grpc.ready().await.map_err(|error| cause(&error))?;
                let path = PathAndQuery::from_static(method);
                let codec = ProstCodec::<Q, A>::default();
                let answer = grpc.unary(Request::new(question), path, codec).await;
                answer.map_err(|status| Failure {
                    is_damage: status.code() == Code::DataLoss,
                    message: refusal(&status),
                })
            };
            match timeout(self.patience, answer).await {
                Ok(answer) => Ok(answer?.into_inner()),
                Err(_) => Err(self.unreachable("does not respond".to_owned()).into()),
            }
        });
        // This does not wait for a host name lookup that is still running.
        runtime.shutdown_background();
        asked.map_err(|failure: Failure| Failure {
            message: about(&failure.message),
            ..failure
        })
    }

    fn unreachable(&self, reason: String) -> String {
        self.unreachable.get_or_init(|| reason).clone()
    }
}

impl KeyService for Remote {
    /// The client learns which keys a server has only when it asks.
    fn serves(&self, _: Family) -> bool {
        true
    }

    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let question = EncryptRequest {
            key: Some(key.try_into()?),
            plaintext: secret.to_vec(),
        };
        let answer: EncryptResponse = self
            .ask(ENCRYPT, question)
            .map_err(|failure: Failure| refused(key, failure.message))?;
        match String::from_utf8(answer.ciphertext) {
            Ok(enc) if !enc.is_empty() => Ok(enc),
            _ => Err(refused(
                key,
                format!(
                    "key service {} did not return an encrypted key",
                    self.address
                ),
            )),
        }
    }

    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        if effort != Effort::Run {
            return Ok(None);
        }
        let secret = self.answer(DECRYPT, key, enc)?;
        self.checked(key, secret).map(Some)
    }
}

/// Why there is no answer.
struct Failure {
    message: String,
    /// Whether the cause is the text in the metadata.
    is_damage: bool,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self {
            message,
            is_damage: false,
        }
    }
}

/// The endpoint for an address; `None` if it is invalid.
fn endpoint(address: &str) -> Option<Endpoint> {
    if let Some(path) = address.strip_prefix("unix:") {
        let path = path.strip_prefix("//").map_or(Some(path), |path| {
            Some(path).filter(|path| path.starts_with('/'))
        });
        path.filter(|path| !path.is_empty())?;
        return Endpoint::from_shared(address.to_owned()).ok();
    }
    let authority = address.strip_prefix("tcp://")?;
    let endpoint = Endpoint::from_shared(format!("http://{authority}")).ok()?;
    let uri = endpoint.uri();
    let is_whole = uri.port_u16().is_some() && uri.path() == "/" && !authority.contains('@');
    is_whole.then_some(endpoint)
}

fn refused(key: &MasterKey, message: String) -> Error {
    Error::MasterKey {
        key: key.to_string(),
        message,
    }
}

/// The server's message, or how the connection ended.
fn refusal(status: &Status) -> String {
    // A status that the server sent has no source; one with a source is a transport error.
    if status.source().is_some() {
        return "closed the connection without a response".to_owned();
    }
    // The error about damage names the field again.
    let message = status.message();
    let message = printable(message.strip_prefix("`enc`: ").unwrap_or(message));
    match message.is_empty() {
        true => format!("refused the request: {}", status.code().description()),
        false => format!("refused the request: {message}"),
    }
}

/// Why the connection failed. The innermost cause is the operating system's.
fn cause(error: &tonic::transport::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    format!("cannot be reached: {}", printable(&text[..end]))
}

/// Puts untrusted text on one line and makes it safe to print.
fn printable(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escaped(&beginning(&words.join(" "), MESSAGE_LIMIT)).into_owned()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::{Answer, Listener, serve};

    #[test]
    fn a_long_message_is_cut_before_an_escape() {
        let shown = printable(&format!("{}\u{1b}[2K", "a ".repeat(MESSAGE_LIMIT)));
        assert_eq!(shown.chars().count(), MESSAGE_LIMIT + 1);
        let shown = printable(&"\u{1b}".repeat(MESSAGE_LIMIT + 1));
        assert_eq!(shown, r"\u{1b}".repeat(MESSAGE_LIMIT) + "…");
    }

    #[test]
    fn accepts_the_addresses_that_sops_accepts() {
        for (address, is_one) in [
            ("unix:///run/sops.sock", true),
            ("unix:/run/sops.sock", true),
            ("unix:sops.sock", true),
            ("unix://sops.sock", false),
            ("unix:", false),
            ("unix://", false),
            ("tcp://localhost:5000", true),
            ("tcp://127.0.0.1:5000", true),
            ("tcp://[::1]:5000", true),
            ("tcp://localhost", false),
            ("tcp://localhost:5000/path", false),
            ("tcp://ann:hunter2@localhost:5000", false),
            ("tcp://", false),
            ("localhost:5000", false),
            ("http://localhost:5000", false),
            ("", false),
        ] {
            assert_eq!(Remote::new(address).is_some(), is_one, "{address}");
        }
    }

    #[test]
    fn a_server_that_times_out_is_not_asked_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let mut remote = Remote::new(&address).unwrap();
        remote.patience = Duration::from_millis(200);
        let key = MasterKey::from_list(Family::Kms, "arn:a")
            .unwrap()
            .remove(0);
        let again = [1, 2].map(|_| remote.decrypt(&key, "x", Effort::Run));
        for answer in again {
            let words = answer.unwrap_err().to_string();
            assert!(words.contains("arn:a: key service tcp://127"), "{words}");
        }
        listener.set_nonblocking(true).unwrap();
        let connections = [listener.accept(), listener.accept()];
        assert_eq!(
            connections.map(|connection| connection.is_ok()),
            [true, false]
        );
        assert!(matches!(remote.decrypt(&key, "x", Effort::Ready), Ok(None)));
    }

    /// Answers every decryption request with this many bytes.
    struct OfLength(usize);

    impl Answer for OfLength {
        fn encrypt(&self, _: &MasterKey, _: &[u8]) -> std::result::Result<String, Status> {
            Ok("x".to_owned())
        }

        fn decrypt(
            &self,
            _: &MasterKey,
            _: &str,
        ) -> std::result::Result<Zeroizing<Vec<u8>>, Status> {
            Ok(Zeroizing::new(vec![0; self.0]))
        }
    }

    #[test]
    fn an_answer_of_the_wrong_length_names_the_server_and_the_key() {
        let key = MasterKey::from_list(Family::Kms, "arn:a")
            .unwrap()
            .remove(0);
        for length in [0, 31, 32, 33, 34, 64] {
            let listener = Listener::tcp("127.0.0.1:0").unwrap();
            let address = listener.address().unwrap();
            // The server runs until the test process exits.
            thread::spawn(move || serve(async || Ok(listener), Arc::new(OfLength(length))));
            let remote = Remote::new(&address).unwrap();
            let words = match remote.decrypt(&key, "x", Effort::Run) {
                Ok(secret) => secret.map_or(0, |secret| secret.len()).to_string(),
                Err(error) => error.to_string(),
            };
            let expected = match length {
                // A data key, or a share of one.
                32 | 33 => length.to_string(),
                _ => format!(
                    "arn:a: key service {address} returned {length} bytes, but a data key has 32"
                ),
            };
            assert!(words.ends_with(&expected), "{words}");
        }
    }

    #[test]
    fn a_server_message_is_shortened_to_one_line() {
        let status = Status::unknown(format!("no\x1b[31m\n  way {}", "x".repeat(5000)));
        let words = refusal(&status);
        assert!(
            words.starts_with(r"refused the request: no\u{1b}[31m way x"),
            "{words}"
        );
        assert!(words.len() < 1100);
    }
}
