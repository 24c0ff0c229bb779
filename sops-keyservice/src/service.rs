//! Runs a key service until a signal arrives.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::geteuid;
use tokio::net::UnixStream;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};

use crate::server::{Answer, answer_all};
use crate::socket::{Listener, Socket};

/// How long requests in progress may take after a signal.
const GRACE: Duration = Duration::from_secs(2);

/// How many requests are answered at the same time. The others wait.
const THREADS: usize = 16;
/// An agent locks the stacks of its threads into memory, and that memory is limited.
const STACK: usize = 512 * 1024;

/// Answers requests until SIGINT, SIGTERM or SIGHUP. On a Unix socket, answers only the user who
/// runs the service, and root.
///
/// `listen` is called after the signal handlers are installed, so that a signal can't leave the
/// socket's file behind. After a signal, requests in progress have two seconds to finish.
///
/// # Errors
///
/// The errors of `listen` and of the system.
pub fn serve(
    listen: impl AsyncFnOnce() -> io::Result<Listener>,
    answer: Arc<impl Answer>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .max_blocking_threads(THREADS)
        .thread_stack_size(STACK)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let mut end = Box::pin(end()?);
        let Listener(socket) = tokio::select! {
            biased;
            () = &mut end => return Ok(()),
            listener = listen() => listener?,
        };
        let (ended, is_ended) = tokio::sync::oneshot::channel();
        let end = async {
            end.await;
            // The receiver is gone only if the server has already stopped.
            let _ = ended.send(());
        };
        let late = async {
            match is_ended.await {
                Ok(()) => tokio::time::sleep(GRACE).await,
                Err(_) => std::future::pending().await,
            }
        };
        let served = async {
            match socket {
                Socket::Tcp(socket) => {
                    let socket = tokio::net::TcpListener::from_std(socket)?;
                    answer_all(answer, TcpListenerStream::new(socket), end).await
                }
                Socket::Unix(socket, _file) => {
                    let socket = tokio::net::UnixListener::from_std(socket)?;
                    let connections = UnixListenerStream::new(socket).filter(is_from_user);
                    answer_all(answer, connections, end).await
                }
            }
        };
        tokio::select! {
            served = served => served,
            () = late => Ok(()),
        }
    });
    // A request may still wait for a user who never responds.
    runtime.shutdown_background();
    outcome
}

/// Whether the user of this process, or root, made the connection.
fn is_from_user(connection: &io::Result<UnixStream>) -> bool {
    connection.as_ref().is_ok_and(|connection| {
        let user = connection.peer_cred().map(|peer| peer.uid());
        user.is_ok_and(|user| user == geteuid().as_raw() || user == 0)
    })
}

/// Completes on a signal that asks the process to exit.
fn end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}
