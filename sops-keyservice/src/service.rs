//! A key service from its first request to a signal.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};

use crate::server::{Answer, answer_all};
use crate::socket::{Listener, Socket};

/// How long answers that are under way may take when the service ends.
const GRACE: Duration = Duration::from_secs(2);

/// Answers requests until a signal wants the process to end.
///
/// `listen` is called once signals are waited for, so that no socket stays behind. It does not return while an answer is under way that
/// takes less than two seconds.
///
/// # Errors
///
/// Those of `listen`, and what the system refuses.
pub fn serve(
    listen: impl AsyncFnOnce() -> io::Result<Listener>,
    answer: Arc<impl Answer>,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread()
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
            // Nobody waits only where the server has ended by itself.
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
                    answer_all(answer, UnixListenerStream::new(socket), end).await
                }
            }
        };
        tokio::select! {
            served = served => served,
            () = late => Ok(()),
        }
    });
    // Somebody may still be asked, and never answer.
    runtime.shutdown_background();
    outcome
}

/// When a signal comes that wants the process to end.
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
