//! The command that reports findings, for formats that name it and its rules.

use sops_lint::{RULES, Rule, VERIFICATION_RULES};

/// The command that reports findings.
#[derive(Clone, Copy)]
pub(crate) struct Reporter {
    pub(super) command: &'static str,
    /// The rules of the command, in addition to those of `lint`.
    own_rules: &'static [&'static Rule],
}

/// `sops-rs lint`.
pub(crate) const LINT: Reporter = Reporter {
    command: "sops-rs lint",
    own_rules: &[],
};

/// `sops-rs verify`.
pub(crate) const VERIFY: Reporter = Reporter {
    command: "sops-rs verify",
    own_rules: &VERIFICATION_RULES,
};

impl Reporter {
    pub(super) fn rules(self) -> impl Iterator<Item = &'static Rule> {
        RULES.into_iter().chain(self.own_rules.iter().copied())
    }
}
