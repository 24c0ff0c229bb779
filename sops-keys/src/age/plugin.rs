//! Age plugins: programs named `age-plugin-NAME` on the PATH that hold keys of their own.

use std::fmt::Display;
use std::sync::Arc;

use ::age::plugin::{Identity, IdentityPluginV1, Recipient, RecipientPluginV1};
use ::age::{Callbacks, DecryptError, EncryptError};
use age_core::format::{FileKey, Stanza};
use secrecy::SecretString;

use crate::prompt::Prompt;

/// The plugin of a recipient, ready to encrypt.
pub(super) fn recipient(
    recipient: &Recipient,
    prompt: &Arc<dyn Prompt>,
) -> Result<RecipientPluginV1<Asking>, EncryptError> {
    let asking = Asking(Arc::clone(prompt));
    RecipientPluginV1::new(
        recipient.plugin(),
        std::slice::from_ref(recipient),
        &[],
        asking,
    )
}

/// The plugin of an identity, ready to encrypt for it.
pub(super) fn recipient_of(
    identity: &Identity,
    prompt: &Arc<dyn Prompt>,
) -> Result<RecipientPluginV1<Asking>, EncryptError> {
    let asking = Asking(Arc::clone(prompt));
    RecipientPluginV1::new(
        identity.plugin(),
        &[],
        std::slice::from_ref(identity),
        asking,
    )
}

/// Runs the plugin of the first identity to decrypt a header with all identities of that plugin.
/// `None` if the file is for other keys.
///
/// # Errors
///
/// A message about the failure.
pub(super) fn open(
    identities: &[Identity],
    stanzas: &[Stanza],
    prompt: &Arc<dyn Prompt>,
) -> Result<Option<FileKey>, String> {
    let Some(first) = identities.first() else {
        return Ok(None);
    };
    let asking = Asking(Arc::clone(prompt));
    let opened = IdentityPluginV1::new(first.plugin(), identities, asking)
        .and_then(|plugin| ::age::Identity::unwrap_stanzas(&plugin, stanzas).transpose());
    opened.map_err(|error| match error {
        DecryptError::MissingPlugin { binary_name } => not_installed(&binary_name),
        DecryptError::Plugin(errors) => failures(&errors),
        _ => format!("age-plugin-{} failed", first.plugin()),
    })
}

/// The message about a missing plugin.
pub(super) fn not_installed(program: &str) -> String {
    format!("the age plugin `{program}` is not installed: no such program on the PATH")
}

/// The message of the plugin, in one line.
pub(super) fn failures(errors: &[impl Display]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    // The translation adds text direction marks around the parts, which must not reach a terminal.
    texts
        .join("; ")
        .replace(['\u{2068}', '\u{2069}'], "")
        .replace('\n', " ")
}

/// Adapts a [`Prompt`] to the callbacks of the crate `age`.
#[derive(Clone)]
pub(super) struct Asking(Arc<dyn Prompt>);

impl Callbacks for Asking {
    fn display_message(&self, message: &str) {
        self.0.message(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.value(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.0.passphrase(description)
    }
}
