//! Asks the user for passphrases. The caller implements the prompt: this crate never accesses a
//! terminal.

use secrecy::SecretString;

/// Asks the user for the input that a key needs: a passphrase, or input for an age plugin.
///
/// Only [`passphrase`](Self::passphrase) is required. By default, other requests of plugins are not
/// answered.
pub trait Prompt: Send + Sync {
    /// Asks for a passphrase without echo. `description` says what it is for, without a colon at
    /// the end.
    ///
    /// `None` if the user cannot be asked.
    fn passphrase(&self, description: &str) -> Option<SecretString>;

    /// Shows a message of a plugin, such as a request to touch a token.
    fn message(&self, message: &str) {
        let _ = message;
    }

    /// Asks to choose between `yes` and `no`; without `no`, the user can only agree. `None` if the
    /// user cannot be asked.
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let _ = (message, yes, no);
        None
    }

    /// Asks for a value that is not secret. `None` if the user cannot be asked.
    fn value(&self, description: &str) -> Option<String> {
        let _ = description;
        None
    }
}

/// For callers that cannot ask the user: a key that needs a passphrase stays locked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrompt;

impl Prompt for NoPrompt {
    fn passphrase(&self, _: &str) -> Option<SecretString> {
        None
    }
}
