//! How a person is asked for a passphrase, which is the caller's affair: the library itself never touches a terminal.

use secrecy::SecretString;

/// Asks a person on behalf of a key that needs it: a passphrase-protected key, or a plugin.
///
/// Only [`passphrase`](Self::passphrase) has to be there; plugins that ask for more are told that nobody answers.
pub trait Prompt: Send + Sync {
    /// Asks for a passphrase without echo. `description` says what it is for, without a colon at the end.
    ///
    /// `None`: nobody can be asked.
    fn passphrase(&self, description: &str) -> Option<SecretString>;

    /// Shows a message of a plugin, such as that a token wants to be touched.
    fn message(&self, message: &str) {
        let _ = message;
    }

    /// Asks to choose between `yes` and `no`; without `no` there is nothing but to agree. `None`: nobody can be asked.
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let _ = (message, yes, no);
        None
    }

    /// Asks for a value that is not secret. `None`: nobody can be asked.
    fn value(&self, description: &str) -> Option<String> {
        let _ = description;
        None
    }
}

/// Nobody is there to be asked: a key that needs a passphrase stays closed.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn passphrase(&self, _: &str) -> Option<SecretString> {
        None
    }
}
