//! Which values of a new file are encrypted.

use clap::Args;
use sops_core::rules::EncryptionRule;

/// Which values of a new file are encrypted.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub(crate) struct RuleArgs {
    /// Encrypt all but what stands under a key that ends so
    #[arg(long, value_name = "SUFFIX", help_heading = "Rules")]
    unencrypted_suffix: Option<String>,
    /// Encrypt only what stands under a key that ends so
    #[arg(long, value_name = "SUFFIX", help_heading = "Rules")]
    encrypted_suffix: Option<String>,
    /// Encrypt all but what stands under a key in which the expression is found
    #[arg(long, value_name = "REGEX", help_heading = "Rules")]
    unencrypted_regex: Option<String>,
    /// Encrypt only what stands under a key in which the expression is found
    #[arg(long, value_name = "REGEX", help_heading = "Rules")]
    encrypted_regex: Option<String>,
    /// Encrypt all but what a comment precedes in which the expression is found
    #[arg(long, value_name = "REGEX", help_heading = "Rules")]
    unencrypted_comment_regex: Option<String>,
    /// Encrypt only what a comment precedes in which the expression is found
    #[arg(long, value_name = "REGEX", help_heading = "Rules")]
    encrypted_comment_regex: Option<String>,
    /// Leave a file in plaintext if the rule selects nothing in it; in `edit`, also values that the creation rule would encrypt
    #[arg(long, help_heading = "Rules")]
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
