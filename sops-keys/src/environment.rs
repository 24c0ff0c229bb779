//! The environment in which key sources are looked up, and the directories that it names on each
//! platform.

use std::collections::HashMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::platform::same_file;

/// The key file in the configuration directory.
pub(crate) const USER_KEY_FILE: &str = "sops/age/keys.txt";

/// The environment in which key sources are looked up: that of the process, or variables that the
/// caller passes.
///
/// Files are read from the file system in either case, the default ones from the home directory
/// that the variables name.
#[derive(Clone)]
pub struct Environment {
    variables: Variables,
    platform: Platform,
    /// A file that counts as missing.
    without: Option<PathBuf>,
}

#[derive(Clone)]
enum Variables {
    Process,
    Given(HashMap<OsString, OsString>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Platform {
    Unix,
    MacOs,
    Windows,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        Self {
            variables: Variables::Process,
            platform: Platform::this(),
            without: None,
        }
    }

    /// Only the given variables, even for the commands that are run. Plugins are still looked up on
    /// the PATH of the process.
    #[must_use]
    pub fn new<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let given = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: Variables::Given(given.collect()),
            platform: Platform::this(),
            without: None,
        }
    }

    /// The file with the user's age keys, `sops/age/keys.txt` in the configuration directory; it
    /// need not exist.
    ///
    /// The configuration directory is `$XDG_CONFIG_HOME` or `~/.config`; on macOS,
    /// `$XDG_CONFIG_HOME` or `~/Library/Application Support`; on Windows, `%AppData%`.
    ///
    /// # Errors
    ///
    /// [`Error::KeySource`] if the variables name no directory, or, except on macOS, if
    /// `$XDG_CONFIG_HOME` is relative.
    pub fn key_file(&self) -> Result<PathBuf> {
        let path = self
            .config_dir()
            .map(|directory| directory.join(USER_KEY_FILE));
        path.map_err(|message| Error::KeySource {
            name: USER_KEY_FILE.to_owned(),
            message: message.to_owned(),
        })
    }

    /// This environment as if `file` did not exist, to see what would be left after its loss.
    #[must_use]
    pub fn without_file(mut self, file: &Path) -> Self {
        self.without = file.canonicalize().ok();
        self
    }

    /// Whether a file counts as missing, even under another name.
    pub(crate) fn lacks(&self, file: &Path) -> bool {
        let Some(without) = &self.without else {
            return false;
        };
        let is_same = same_file(file, without);
        is_same.unwrap_or_else(|| file.canonicalize().is_ok_and(|file| file == *without))
    }

    /// The home directory, from its variable alone, as in Go's `os.UserHomeDir`.
    ///
    /// # Errors
    ///
    /// The message says which variable is not set.
    pub fn home(&self) -> std::result::Result<PathBuf, &'static str> {
        match self.platform {
            Platform::Windows => self.path("USERPROFILE").ok_or("%UserProfile% is not set"),
            Platform::Unix | Platform::MacOs => self.path("HOME").ok_or("$HOME is not set"),
        }
    }

    /// The configuration directory, as in Go's `os.UserConfigDir`, with the exception that `sops`
    /// makes for macOS.
    pub(crate) fn config_dir(&self) -> std::result::Result<PathBuf, &'static str> {
        let xdg = self.path("XDG_CONFIG_HOME");
        match (self.platform, xdg) {
            (Platform::Windows, _) => self.path("AppData").ok_or("%AppData% is not set"),
            (Platform::MacOs, Some(directory)) => Ok(directory),
            (Platform::MacOs, None) => Ok(self.home()?.join("Library").join("Application Support")),
            (Platform::Unix, Some(directory)) if directory.is_absolute() => Ok(directory),
            (Platform::Unix, Some(_)) => Err("the path in $XDG_CONFIG_HOME is relative"),
            (Platform::Unix, None) => Ok(self.home()?.join(".config")),
        }
    }

    /// A program to run in this environment.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if let Variables::Given(variables) = &self.variables {
            command.env_clear().envs(variables);
        }
        command
    }

    /// The value of a variable; an empty one counts as not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<OsString> {
        let value = match &self.variables {
            Variables::Process => env::var_os(name),
            Variables::Given(given) => given.get(&OsString::from(name)).cloned(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// A variable that holds a path.
    fn path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).map(PathBuf::from)
    }
}

impl Platform {
    fn this() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_vendor = "apple") {
            Self::MacOs
        } else {
            Self::Unix
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_is_where_sops_looks_for_it() {
        use Platform::{MacOs, Unix, Windows};
        let cases = [
            (Unix, vec![("HOME", "/h")], Ok("/h/.config")),
            (
                Unix,
                vec![("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")],
                Ok("/x"),
            ),
            (
                Unix,
                vec![("HOME", "/h"), ("XDG_CONFIG_HOME", "")],
                Ok("/h/.config"),
            ),
            (Unix, vec![("XDG_CONFIG_HOME", "/x")], Ok("/x")),
            (
                Unix,
                vec![("HOME", "/h"), ("XDG_CONFIG_HOME", "x")],
                Err("the path in $XDG_CONFIG_HOME is relative"),
            ),
            (Unix, vec![], Err("$HOME is not set")),
            (Unix, vec![("HOME", "")], Err("$HOME is not set")),
            (
                MacOs,
                vec![("HOME", "/h")],
                Ok("/h/Library/Application Support"),
            ),
            (
                MacOs,
                vec![("HOME", "/h"), ("XDG_CONFIG_HOME", "x")],
                Ok("x"),
            ),
            (
                MacOs,
                vec![("HOME", "/h"), ("XDG_CONFIG_HOME", "")],
                Ok("/h/Library/Application Support"),
            ),
            (
                Windows,
                vec![("AppData", "/a"), ("XDG_CONFIG_HOME", "/x")],
                Ok("/a"),
            ),
            (Windows, vec![("HOME", "/h")], Err("%AppData% is not set")),
        ];
        for (platform, variables, directory) in cases {
            let environment = Environment {
                platform,
                ..Environment::new(variables.clone())
            };
            let file = environment.key_file().map_err(|error| error.to_string());
            let expected = directory
                .map(|directory| PathBuf::from(directory).join("sops/age/keys.txt"))
                .map_err(|message: &str| format!("sops/age/keys.txt: {message}"));
            assert_eq!(file, expected, "{variables:?}");
        }
    }
}
