//! The profiles in the configuration files of the AWS command-line tool.

use std::io::ErrorKind;
use std::path::PathBuf;

use sops_keys::Environment;
use sops_printable::escaped;

use crate::ini;
use crate::provider::Outcome;
use crate::secret_text::SecretText;
use crate::variables::text;

/// The two files, `credentials` and `config`.
pub(super) struct ProfileFiles {
    credentials: SecretText,
    config: SecretText,
}

/// A profile, whose values are looked up in both files.
#[derive(Clone, Copy)]
pub(super) struct Profile<'a> {
    files: &'a ProfileFiles,
    pub(super) name: &'a str,
}

impl ProfileFiles {
    /// Reads the files; a missing one is empty.
    ///
    /// # Errors
    ///
    /// The message names the file that can't be read.
    pub(super) fn new(environment: &Environment) -> Outcome<Self> {
        Ok(Self {
            credentials: content(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
            config: content(environment, "AWS_CONFIG_FILE", "config")?,
        })
    }

    /// The profile with this name; `None` if neither file has it.
    pub(super) fn get<'a>(&'a self, name: &'a str) -> Option<Profile<'a>> {
        let profile = Profile { files: self, name };
        let is_known = ini::has_section(&self.credentials, name)
            || ini::has_section(&self.config, &section(name));
        is_known.then_some(profile)
    }

    /// A value of an `sso-session`.
    pub(super) fn of_session(&self, session: &str, key: &str) -> Option<&str> {
        ini::value(&self.config, &format!("sso-session {session}"), key)
    }
}

impl<'a> Profile<'a> {
    /// A value of the profile. The file `credentials` has precedence.
    pub(super) fn value(&self, key: &str) -> Option<&'a str> {
        let files = self.files;
        ini::value(&files.credentials, self.name, key)
            .or_else(|| ini::value(&files.config, &section(self.name), key))
    }

    /// A value that another value of the profile requires.
    pub(super) fn required(&self, key: &str) -> Outcome<&'a str> {
        let name = escaped(self.name);
        self.value(key)
            .ok_or_else(|| format!("the profile `{name}` has no `{key}`"))
    }

    /// The files that the profile is in.
    pub(super) fn files(&self) -> &'a ProfileFiles {
        self.files
    }
}

/// The section of a profile in the file `config`.
fn section(name: &str) -> String {
    match name {
        "default" => name.to_owned(),
        name => format!("profile {name}"),
    }
}

fn content(environment: &Environment, variable: &str, name: &str) -> Outcome<SecretText> {
    let path = match text(environment, variable)? {
        Some(path) => PathBuf::from(path),
        None => match environment.home() {
            Ok(home) => home.join(".aws").join(name),
            Err(_) => return Ok(SecretText::default()),
        },
    };
    match std::fs::read_to_string(&path) {
        Ok(content) => Ok(content.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(SecretText::default()),
        Err(error) => Err(format!("{}: {}", path.display(), error.kind())),
    }
}
