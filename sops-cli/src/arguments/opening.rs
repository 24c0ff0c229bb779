//! How an encrypted file is decrypted.

use clap::Args;
use sops_core::MacCheck;
use sops_core::keys::Family;

use crate::command_error::{Code, CommandError};
use crate::ui::Ui;

/// How an encrypted file is decrypted.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct OpeningArgs {
    /// Decrypt even if the MAC does not match the values
    #[arg(long)]
    pub(crate) ignore_mac: bool,
    /// Kinds of keys to try first, comma-separated, such as `pgp,age`
    #[arg(
        long,
        hide_short_help = true,
        value_name = "KINDS",
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true
    )]
    pub(crate) decryption_order: Option<String>,
}

impl OpeningArgs {
    /// The kinds of keys to try first. A repeated kind is an error, and an unknown one a warning.
    pub(crate) fn order(&self, ui: &Ui) -> Result<Vec<Family>, CommandError> {
        let order = self.decryption_order.as_deref().unwrap_or_default();
        let kinds: Vec<&str> = order.split(',').filter(|_| !order.is_empty()).collect();
        let mut families = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].contains(kind) {
                let message = format!(
                    "the decryption order (`--decryption-order` or SOPS_DECRYPTION_ORDER) names `{kind}` twice"
                );
                return Err(CommandError::new(Code::DuplicateKeyType, message));
            }
            match Family::from_name(kind) {
                Some(family) => families.push(family),
                None => ui.warn(format_args!(
                    "ignored the unknown kind of key `{kind}` in the decryption order (`--decryption-order` or SOPS_DECRYPTION_ORDER); the kinds are {}",
                    Family::ALL.map(Family::name).join(", ")
                )),
            }
        }
        Ok(families)
    }

    pub(crate) fn mac_check(&self) -> MacCheck {
        if self.ignore_mac {
            MacCheck::Ignore
        } else {
            MacCheck::Require
        }
    }
}
