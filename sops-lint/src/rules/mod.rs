//! The rules, which [`TABLE`] lists: each has a file with its `RULE` and its `CHECKS`, and next to
//! the file a page that says what the rule finds, why that is bad, and what to write instead. Code
//! that several rules use belongs in a module that they import.

mod broken_file;
mod creation_rules;
mod credential_in_value;
mod flux_without_decryption;
mod foreign_registry;
mod image_without_digest;
pub(crate) mod literal_secret_in_env;
mod missing_resource_limits;
mod partly_encrypted;
mod placeholder_value;
pub(crate) mod plaintext_secret;
mod private_key;
mod privileged_container;
mod recipients_differ;
mod rule_differs;
mod secret_from_env;
pub(crate) mod secret_in_command;
pub(crate) mod secret_in_config_map;
pub(crate) mod secret_in_configuration;
mod secret_in_env;
pub(crate) mod secret_in_helm_values;
mod secret_in_image;
pub(crate) mod secret_in_metadata;
mod secret_mode;
mod suppression;
mod unrestricted_container;
mod untrusted_without_sandbox;
mod writable_secret_mount;

pub(crate) use broken_file::RULE as BROKEN_FILE;
pub(crate) use creation_rules::{FILE as CONFIG, mark_used};
pub(crate) use partly_encrypted::RULE as PARTLY_ENCRYPTED;
pub(crate) use plaintext_secret::{
    COPY, RULE as PLAINTEXT_SECRET, first_secret_beside_objects, first_selected_beside_objects,
    generator as secret_generator, is_for_whole_file, kubeconfig_message, may_stay,
};
pub(crate) use secret_in_config_map::RULE as SECRET_IN_CONFIG_MAP;
pub use secret_in_metadata::applied_secret;
pub(crate) use suppression::RULE as SUPPRESSION;

// The rules that have policies, and the words that both use.
pub(crate) use foreign_registry::RULE as FOREIGN_REGISTRY;
pub(crate) use image_without_digest::RULE as IMAGE_WITHOUT_DIGEST;
pub(crate) use literal_secret_in_env::RULE as LITERAL_SECRET_IN_ENV;
pub(crate) use missing_resource_limits::RULE as MISSING_RESOURCE_LIMITS;
pub(crate) use privileged_container::RULE as PRIVILEGED_CONTAINER;
pub(crate) use secret_from_env::RULE as SECRET_FROM_ENV;
pub(crate) use secret_in_env::{PUBLIC_ADDRESSES, PUBLIC_NAMES, RULE as SECRET_IN_ENV, SECRET_IDS};
pub(crate) use secret_in_metadata::RULE as SECRET_IN_METADATA;
pub(crate) use secret_mode::RULE as SECRET_MODE;
pub(crate) use unrestricted_container::RULE as UNRESTRICTED_CONTAINER;
pub(crate) use untrusted_without_sandbox::{RULE as UNTRUSTED_WITHOUT_SANDBOX, SANDBOX};
pub(crate) use writable_secret_mount::RULE as WRITABLE_SECRET_MOUNT;

use sops_core::config::similar;
use sops_document::Document;
use sops_printable::escaped;

use crate::check::Check;
use crate::context::Context;
use crate::rule::Rule;

/// A rule, with its checks.
pub(crate) type RuleChecks = (&'static Rule, &'static [Check]);

/// All rules with their checks, in the order of their codes.
pub(crate) const TABLE: [RuleChecks; 28] = [
    (&literal_secret_in_env::RULE, literal_secret_in_env::CHECKS),
    (&secret_in_env::RULE, secret_in_env::CHECKS),
    (&secret_from_env::RULE, secret_from_env::CHECKS),
    (&secret_in_config_map::RULE, secret_in_config_map::CHECKS),
    (&secret_in_metadata::RULE, secret_in_metadata::CHECKS),
    (&secret_in_command::RULE, secret_in_command::CHECKS),
    (&writable_secret_mount::RULE, writable_secret_mount::CHECKS),
    (&secret_mode::RULE, secret_mode::CHECKS),
    (&secret_in_image::RULE, secret_in_image::CHECKS),
    (&plaintext_secret::RULE, plaintext_secret::CHECKS),
    (&partly_encrypted::RULE, partly_encrypted::CHECKS),
    (&recipients_differ::RULE, recipients_differ::CHECKS),
    (&rule_differs::RULE, rule_differs::CHECKS),
    (&private_key::RULE, private_key::CHECKS),
    (
        &flux_without_decryption::RULE,
        flux_without_decryption::CHECKS,
    ),
    (&creation_rules::RULE, creation_rules::CHECKS),
    (&broken_file::RULE, broken_file::CHECKS),
    (&suppression::RULE, suppression::CHECKS),
    (&secret_in_helm_values::RULE, secret_in_helm_values::CHECKS),
    (&credential_in_value::RULE, credential_in_value::CHECKS),
    (
        &secret_in_configuration::RULE,
        secret_in_configuration::CHECKS,
    ),
    (&placeholder_value::RULE, placeholder_value::CHECKS),
    (&privileged_container::RULE, privileged_container::CHECKS),
    (
        &missing_resource_limits::RULE,
        missing_resource_limits::CHECKS,
    ),
    (
        &unrestricted_container::RULE,
        unrestricted_container::CHECKS,
    ),
    (&foreign_registry::RULE, foreign_registry::CHECKS),
    (
        &untrusted_without_sandbox::RULE,
        untrusted_without_sandbox::CHECKS,
    ),
    (&image_without_digest::RULE, image_without_digest::CHECKS),
];

/// All rules, in the order of their codes.
pub const RULES: [&Rule; TABLE.len()] = {
    let mut rules = [TABLE[0].0; TABLE.len()];
    let mut index = 1;
    while index < rules.len() {
        rules[index] = TABLE[index].0;
        index += 1;
    }
    rules
};

/// Applies the rules for files of other programs, such as Helm values, to a file that only lenient
/// parsers can read. Returns whether it is such a file.
pub(crate) fn in_other_program(document: &Document<'_>, context: &mut Context<'_>) -> bool {
    context.set_rule(&secret_in_helm_values::RULE, None);
    let is_values = secret_in_helm_values::in_file(document, context);
    context.set_rule(&secret_in_configuration::RULE, None);
    secret_in_configuration::in_document(document, context) || is_values
}

/// The rule of that code or name.
pub fn find(text: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.is_called(text))
}

/// The message about an unknown rule, with the name that was probably meant.
pub fn unknown(text: &str) -> String {
    let shown = escaped(text);
    match suggested(text) {
        Some(meant) => format!("unknown rule `{shown}`; did you mean `{meant}`?"),
        None => format!("unknown rule `{shown}`; `sops-rs lint rule` lists all rules"),
    }
}

/// The message about an unknown rule in a comment. Its text is repeated only if it looks like the
/// name of a rule.
pub(crate) fn unknown_in_comment(text: &str) -> String {
    match suggested(text) {
        Some(_) => unknown(text),
        None => "unknown rule; `sops-rs lint rule` lists all rules".to_owned(),
    }
}

/// The code or name of the rule that was probably meant.
fn suggested(text: &str) -> Option<&'static str> {
    let lower = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    if lower.len() > 60 {
        return None;
    }
    let rest = lower.strip_prefix("sl").or(lower.strip_prefix('s'));
    let digits = rest.unwrap_or(&lower).replace('o', "0").replace('-', "");
    if let Ok(number) = digits.parse::<usize>() {
        let mut rules = RULES.into_iter();
        let of_number = rules.find(|rule| rule.code[2..].parse() == Ok(number));
        return of_number.map(|rule| rule.code);
    }
    let names = RULES.into_iter().map(|rule| rule.name);
    let mut containing = names.clone().filter(|name| name.contains(&lower));
    match (containing.next(), containing.next()) {
        (Some(only), None) => Some(only),
        _ => similar(&lower, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_rule_is_recognized() {
        for (text, meant) in [
            ("SL0001", "SL001"),
            ("SL1", "SL001"),
            ("sl-010", "SL010"),
            ("SLO14", "SL014"),
            ("S010", "SL010"),
            ("plaintext-secrets", "plaintext-secret"),
            ("PLAINTEXT_SECRET", "plaintext-secret"),
            ("plantext-secret", "plaintext-secret"),
            ("config-map", "secret-in-config-map"),
            ("literal-secret", "literal-secret-in-env"),
        ] {
            assert!(find(text).is_none(), "{text}");
            let message = format!("unknown rule `{text}`; did you mean `{meant}`?");
            assert_eq!(unknown(text), message);
        }
        for text in ["SL099", "", "hunter2", "everything", "\u{1b}[2K"] {
            let message = unknown(text);
            assert!(message.ends_with("lists all rules"), "{message}");
            assert!(!message.contains('\u{1b}'), "{message}");
        }
    }
}
