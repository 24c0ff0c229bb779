//! Asks for the passphrase of an identity.

use secrecy::{ExposeSecret, SecretString};

use crate::prompt::Prompt;

use super::source_report::{NO_PASSPHRASE, WRONG_PASSPHRASE};

/// How often a passphrase is asked for, as with `ssh`.
const ATTEMPTS: usize = 3;

/// Asks for the passphrase of the identity in the source `name`, and asks again as long as `unlock`
/// returns [`WRONG_PASSPHRASE`].
///
/// # Errors
/// The reason of `unlock`, or that the user cannot be asked.
pub(super) fn ask<T>(
    name: &str,
    prompt: &dyn Prompt,
    mut unlock: impl FnMut(SecretString) -> Result<T, &'static str>,
) -> Result<T, &'static str> {
    let question = format!("Enter passphrase for identity '{name}'");
    let passphrase = prompt.passphrase(&question).ok_or(NO_PASSPHRASE)?;
    // An empty answer gives up.
    let mut is_empty = passphrase.expose_secret().is_empty();
    let mut outcome = unlock(passphrase);
    for _ in 1..ATTEMPTS {
        if is_empty || !matches!(outcome, Err(WRONG_PASSPHRASE)) {
            break;
        }
        prompt.message("Incorrect passphrase; try again");
        let Some(passphrase) = prompt.passphrase(&question) else {
            break;
        };
        is_empty = passphrase.expose_secret().is_empty();
        outcome = unlock(passphrase);
    }
    outcome
}
