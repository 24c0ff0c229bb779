//! Where the agent listens: a socket in a directory that only the user can enter.

use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use rustix::process::geteuid;

use crate::command_error::{Code, CommandError, name_of};

/// The path of the agent's socket.
#[derive(Clone, Debug)]
pub(crate) struct AgentSocket(PathBuf);

impl AgentSocket {
    /// The socket in the user's runtime directory; the socket need not exist. `None` without a
    /// runtime directory.
    pub(crate) fn of_user() -> Option<Self> {
        let named = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let directory = match named.filter(|directory| directory.is_absolute()) {
            Some(directory) => directory,
            // The directory of systemd, for programs that were started without the variable.
            None => {
                let directory = PathBuf::from(format!("/run/user/{}", geteuid().as_raw()));
                is_private(&directory).ok()?;
                directory
            }
        };
        Some(Self(directory.join("sops-rs/agent.sock")))
    }

    /// Like [`Self::of_user`], with an error that says what to do.
    pub(crate) fn required() -> Result<Self, CommandError> {
        Self::of_user().ok_or_else(|| {
            CommandError::new(
                Code::Generic,
                "there is no runtime directory for the agent's socket",
            )
            .hint("set XDG_RUNTIME_DIR to a directory that only you can enter")
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The address in the form that `--keyservice` and SOPS_KEYSERVICE take.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.0.display())
    }

    /// Whether a socket exists that only this user could have created.
    pub(crate) fn exists(&self) -> bool {
        let is_own =
            |file: fs::Metadata| file.file_type().is_socket() && file.uid() == geteuid().as_raw();
        fs::symlink_metadata(&self.0).is_ok_and(is_own) && is_private(self.directory()).is_ok()
    }

    /// Creates the directory of the socket. Refuses one that other users can enter.
    pub(crate) fn create_directory(&self) -> Result<(), CommandError> {
        let directory = self.directory();
        let failed = |error| CommandError::output(name_of(directory), &error);
        match fs::DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        is_private(directory).map_err(|error| {
            failed(error)
                .hint("delete it, or set XDG_RUNTIME_DIR to a directory that only you can enter")
        })
    }

    fn directory(&self) -> &Path {
        self.0
            .parent()
            .expect("the path has two parts that this module added")
    }
}

/// Checks that the directory belongs to the user, and that no other user can enter it.
fn is_private(directory: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(directory)?;
    let refuse = |why| Err(io::Error::other(why));
    if !found.is_dir() {
        return refuse("it is not a directory");
    }
    if found.uid() != geteuid().as_raw() {
        return refuse("it belongs to another user");
    }
    match found.mode() & 0o077 {
        0 => Ok(()),
        _ => refuse("other users can enter it"),
    }
}
