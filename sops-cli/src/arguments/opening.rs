//! How an encrypted file is opened.

use clap::Args;
use sops_core::MacCheck;

use crate::command_error::{Code, CommandError};

/// How an encrypted file is opened.
#[derive(Args, Debug, Default)]
pub(crate) struct OpeningArgs {
    /// Go on where the file's MAC does not fit its values
    #[arg(long)]
    pub(crate) ignore_mac: bool,
    /// The kinds of keys to try, divided by commas; there is only `age` so far
    #[arg(
        long,
        value_name = "KINDS",
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true
    )]
    pub(crate) decryption_order: Option<String>,
}

impl OpeningArgs {
    /// Refuses an order in which a kind stands twice.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let order = self.decryption_order.as_deref().unwrap_or_default();
        let kinds: Vec<&str> = order.split(',').collect();
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].contains(kind) {
                let message = format!("`--decryption-order` names `{kind}` twice");
                return Err(CommandError::new(Code::DuplicateKeyType, message));
            }
        }
        Ok(())
    }

    pub(crate) fn mac_check(&self) -> MacCheck {
        if self.ignore_mac {
            MacCheck::Ignore
        } else {
            MacCheck::Require
        }
    }
}
