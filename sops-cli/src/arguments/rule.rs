//! Which values of a new file are encrypted.

use clap::Args;
use sops_core::rules::EncryptionRule;

/// Which values of a new file are encrypted.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct RuleArgs {
    /// Leave values under keys with this suffix in plaintext
    #[arg(
        long,
        hide_short_help = true,
        value_name = "SUFFIX",
        help_heading = "Rules"
    )]
    unencrypted_suffix: Option<String>,
    /// Encrypt only values under keys with this suffix
    #[arg(
        long,
        hide_short_help = true,
        value_name = "SUFFIX",
        help_heading = "Rules"
    )]
    encrypted_suffix: Option<String>,
    /// Leave values under matching keys in plaintext
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REGEX",
        help_heading = "Rules"
    )]
    unencrypted_regex: Option<String>,
    /// Encrypt only values under matching keys
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REGEX",
        help_heading = "Rules"
    )]
    encrypted_regex: Option<String>,
    /// Leave values after a matching comment in plaintext
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REGEX",
        help_heading = "Rules"
    )]
    unencrypted_comment_regex: Option<String>,
    /// Encrypt only values after a matching comment
    #[arg(
        long,
        hide_short_help = true,
        value_name = "REGEX",
        help_heading = "Rules"
    )]
    encrypted_comment_regex: Option<String>,
    /// Accept a file in which the rule selects no values, or leaves part of a Secret in plaintext
    ///
    /// With this flag, `edit` also accepts plaintext values that the creation rule would encrypt.
    #[arg(long, hide_short_help = true, help_heading = "Rules")]
    pub(crate) allow_plaintext: bool,
}

impl RuleArgs {
    /// The rules that are given, by name.
    pub(crate) fn given(&self) -> Vec<EncryptionRule> {
        let all = [
            ("unencrypted_suffix", &self.unencrypted_suffix),
            ("encrypted_suffix", &self.encrypted_suffix),
            ("unencrypted_regex", &self.unencrypted_regex),
            ("encrypted_regex", &self.encrypted_regex),
            ("unencrypted_comment_regex", &self.unencrypted_comment_regex),
            ("encrypted_comment_regex", &self.encrypted_comment_regex),
        ];
        all.into_iter()
            .filter_map(|(name, text)| EncryptionRule::from_name(name, text.as_deref()?))
            .collect()
    }
}
