//! Runs a command as another user.

use std::ffi::{CString, OsString};

use nix::unistd::{self, getgrouplist, setgid, setgroups, setuid};

use crate::command_error::{Code, CommandError};

/// A user of this system.
pub(crate) struct User(unistd::User);

impl User {
    /// The user of that name.
    pub(crate) fn find(name: &str) -> Result<Self, CommandError> {
        match unistd::User::from_name(name) {
            Ok(Some(user)) => Ok(Self(user)),
            Ok(None) => {
                let message = format!("unknown user {}", name.escape_debug());
                Err(CommandError::new(Code::Generic, message))
            }
            Err(error) => Err(refused(error)),
        }
    }

    /// Switches this process to the user, with all their groups. This cannot be undone.
    pub(crate) fn become_them(&self) -> Result<(), CommandError> {
        let switch = || {
            let name = CString::new(self.0.name.as_str()).unwrap_or_default();
            setgroups(&getgrouplist(&name, self.0.gid)?)?;
            setgid(self.0.gid)?;
            setuid(self.0.uid)
        };
        switch().map_err(refused)
    }

    /// The environment variables that describe the user.
    pub(crate) fn variables(&self) -> [(&'static str, OsString); 3] {
        let name = OsString::from(&self.0.name);
        [
            ("HOME", self.0.dir.clone().into()),
            ("USER", name.clone()),
            ("LOGNAME", name),
        ]
    }
}

fn refused(error: nix::Error) -> CommandError {
    let message = format!("cannot run as another user: {}", error.desc());
    let error = CommandError::new(Code::Generic, message);
    error.hint("only root can run commands as another user")
}
