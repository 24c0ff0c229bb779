//! The socket on which a key service listens.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::process::umask;
use tokio::net::UnixStream;

/// How long to wait for the lock on the socket's directory. A key service holds it only while it
/// creates its socket.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(20);

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listener(pub(crate) Socket);

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    /// A Unix socket. Dropping the second field removes its file.
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// Listens on `host:port`. Without a host, listens on all addresses, as `sops` does.
    ///
    /// # Errors
    ///
    /// The errors of the system, such as an address that is in use.
    pub fn tcp(address: &str) -> io::Result<Self> {
        let listener = match address.strip_prefix(':') {
            Some(port) => TcpListener::bind(format!("[::]:{port}")),
            None => TcpListener::bind(address),
        }?;
        listener.set_nonblocking(true)?;
        Ok(Self(Socket::Tcp(listener)))
    }

    /// Listens on a new Unix socket with mode 0600, whose file is removed when this is dropped.
    /// Replaces a socket on which no program listens.
    ///
    /// # Errors
    ///
    /// The errors of the system, and [`ErrorKind::AddrInUse`] if another program listens on the
    /// socket or the file is not a socket.
    pub async fn unix(path: &Path) -> io::Result<Self> {
        let directory = path
            .parent()
            .filter(|directory| !directory.as_os_str().is_empty());
        let directory = File::open(directory.unwrap_or(Path::new(".")))?;
        lock(&directory, PATIENCE).await;
        remove_dead(path).await?;
        let before = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let listener = UnixListener::bind(path);
        umask(before);
        let listener = listener?;
        listener.set_nonblocking(true)?;
        let file = SocketFile {
            path: path.to_owned(),
            identity: identity(&fs::symlink_metadata(path)?),
        };
        Ok(Self(Socket::Unix(listener, file)))
    }

    /// The address in the form that clients use.
    ///
    /// # Errors
    ///
    /// The errors of the system.
    pub fn address(&self) -> io::Result<String> {
        Ok(match &self.0 {
            Socket::Tcp(listener) => format!("tcp://{}", listener.local_addr()?),
            Socket::Unix(_, file) => {
                let path = std::path::absolute(&file.path)?;
                format!("unix://{}", path.display())
            }
        })
    }

    /// Whether other machines can connect.
    pub fn is_open(&self) -> bool {
        let is_open = |address: SocketAddr| !address.ip().is_loopback();
        matches!(&self.0, Socket::Tcp(listener) if listener.local_addr().is_ok_and(is_open))
    }
}

/// A socket's file. Dropping this removes it, unless the path is another file by then.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let metadata = fs::symlink_metadata(&self.path);
        if metadata.is_ok_and(|file| identity(&file) == self.identity) {
            // If the file can't be removed, the next key service replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Locks the directory until it is closed, so that a key service that starts at the same time does
/// not mistake the new socket for a dead one. Any user who can read the directory can hold the
/// lock, so after `patience` the service starts without it.
async fn lock(directory: &File, patience: Duration) {
    let start = Instant::now();
    while let Err(Errno::WOULDBLOCK) = flock(directory, FlockOperation::NonBlockingLockExclusive) {
        if start.elapsed() >= patience {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Removes a socket that refuses connections. A socket that accepts them and a file that is not a
/// socket are errors.
async fn remove_dead(path: &Path) -> io::Result<()> {
    let refuse = |why| Err(io::Error::new(ErrorKind::AddrInUse, why));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(file) if file.file_type().is_socket() => {}
        Ok(_) => return refuse("a file that is not a socket already exists at this path"),
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        // The socket's queue of connections is full.
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            refuse("another program is already listening at this path")
        }
        Err(error) => Err(error),
        Ok(_) => refuse("another program is already listening at this path"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn only_the_owner_can_use_a_socket_and_dropping_the_listener_removes_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let first = Listener::unix(&path).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Listener::unix(&path).await.err().unwrap();
        assert!(again.to_string().contains("another program"), "{again}");
        assert!(path.exists());
        drop(first);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn only_a_dead_socket_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        let first = Listener::unix(&path).await.unwrap();
        // The first listener must not remove a file that replaced its socket.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "text").unwrap();
        drop(first);
        assert_eq!(fs::read(&path).unwrap(), b"text");
        assert!(Listener::unix(&path).await.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"text");
    }

    #[tokio::test]
    async fn a_lock_held_by_another_process_delays_the_service_for_a_limited_time() {
        let directory = tempfile::tempdir().unwrap();
        let [first, second] = [(); 2].map(|()| File::open(directory.path()).unwrap());
        lock(&first, PATIENCE).await;
        let start = Instant::now();
        let patience = Duration::from_millis(50);
        lock(&second, patience).await;
        assert!(start.elapsed() >= patience && start.elapsed() < PATIENCE);
    }
}
