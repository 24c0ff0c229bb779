//! The server: reads requests and passes them to an [`Answer`].

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use sops_keys::MasterKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_blocking;
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;
use zeroize::Zeroizing;

use crate::protocol::{
    DECRYPT, DECRYPT_READY, DecryptRequest, DecryptResponse, ENCRYPT, EncryptRequest,
    EncryptResponse, INSTRUCT, Instruction, Key,
};

/// Handles requests. Several may arrive at the same time; each is handled on its own thread, except
/// instructions.
pub trait Answer: Send + Sync + 'static {
    /// Encrypts a secret with the key, which has not been validated. Returns the value of the
    /// metadata's `enc` field.
    ///
    /// # Errors
    ///
    /// The error is the status that the client gets.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String, Status>;

    /// Decrypts an `enc` value that was encrypted with the key.
    ///
    /// # Errors
    ///
    /// The error is the status that the client gets.
    fn decrypt(&self, key: &MasterKey, enc: &str) -> Result<Zeroizing<Vec<u8>>, Status>;

    /// Like [`decrypt`](Self::decrypt), but only with keys that are ready, so that it never asks
    /// the user; `None` if none of them can decrypt. Not part of SOPS's protocol.
    ///
    /// # Errors
    ///
    /// The error is the status that the client gets. By default, no key is ready.
    fn decrypt_ready(
        &self,
        key: &MasterKey,
        enc: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Status> {
        let (_, _) = (key, enc);
        Err(Status::unimplemented("this is not an agent"))
    }

    /// Follows an instruction for the service itself, which is not part of SOPS's protocol, and
    /// returns an answer for the program that sent it. It must not block, because other requests
    /// wait meanwhile.
    ///
    /// # Errors
    ///
    /// The error is the status that the client gets. By default, there are no instructions.
    fn instruct(&self, instruction: &str) -> Result<String, Status> {
        let _ = instruction;
        Err(Status::unimplemented("this is not an agent"))
    }
}

/// Answers requests until `end`, then finishes the ones in progress.
pub(crate) async fn answer_all<I, C, E>(
    answer: Arc<impl Answer>,
    connections: I,
    end: impl Future<Output = ()>,
) -> io::Result<()>
where
    I: Stream<Item = Result<C, E>>,
    C: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(move |request: http::Request<Body>| {
        let answer = Arc::clone(&answer);
        async move { Ok::<_, Infallible>(respond(answer, request).await) }
    });
    Server::builder()
        .serve_with_incoming_shutdown(service, connections, end)
        .await
        .map_err(io::Error::other)
}

async fn respond(answer: Arc<impl Answer>, request: http::Request<Body>) -> http::Response<Body> {
    match request.uri().path() {
        ENCRYPT => {
            let encrypt = service_fn(move |request: Request<EncryptRequest>| {
                let (request, answer) = (request.into_inner(), Arc::clone(&answer));
                in_thread(move || {
                    let enc = answer.encrypt(&named(request.key)?, &request.plaintext)?;
                    Ok(EncryptResponse {
                        ciphertext: enc.into_bytes(),
                    })
                })
            });
            let codec = ProstCodec::<EncryptResponse, EncryptRequest>::default();
            Grpc::new(codec).unary(encrypt, request).await
        }
        method @ (DECRYPT | DECRYPT_READY) => {
            let is_ready = method == DECRYPT_READY;
            let decrypt = service_fn(move |request: Request<DecryptRequest>| {
                let (request, answer) = (request.into_inner(), Arc::clone(&answer));
                in_thread(move || {
                    let enc = str::from_utf8(&request.ciphertext)
                        .map_err(|_| Status::invalid_argument("the ciphertext is not text"))?;
                    let key = named(request.key)?;
                    let mut secret = match is_ready {
                        // A data key is never empty.
                        true => answer.decrypt_ready(&key, enc)?.unwrap_or_default(),
                        false => answer.decrypt(&key, enc)?,
                    };
                    Ok(DecryptResponse {
                        plaintext: std::mem::take(&mut *secret),
                    })
                })
            });
            let codec = ProstCodec::<DecryptResponse, DecryptRequest>::default();
            Grpc::new(codec).unary(decrypt, request).await
        }
        INSTRUCT => {
            // This does not get a thread of its own, because all threads may be waiting for the
            // user.
            let instruct = service_fn(move |request: Request<Instruction>| {
                let text = answer.instruct(&request.into_inner().text);
                std::future::ready(text.map(|text| Response::new(Instruction { text })))
            });
            let codec = ProstCodec::<Instruction, Instruction>::default();
            Grpc::new(codec).unary(instruct, request).await
        }
        _ => Status::unimplemented("there is no such method").into_http(),
    }
}

fn named(key: Option<Key>) -> Result<MasterKey, Status> {
    key.unwrap_or_default().try_into()
}

/// Runs work on a thread of its own, because the work may start programs or prompt the user.
async fn in_thread<A: Send + 'static>(
    work: impl FnOnce() -> Result<A, Status> + Send + 'static,
) -> Result<Response<A>, Status> {
    match spawn_blocking(work).await {
        Ok(answer) => answer.map(Response::new),
        // The thread panicked, which standard error shows. The service continues.
        Err(_) => Err(Status::internal("an internal error")),
    }
}
