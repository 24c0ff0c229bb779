//! Determines which creation rule covers a file.

use std::path::Path;

use sops_core::config::{Config, CreationRule};
use sops_document::Format;

use crate::context::{Context, NamingRule};
use crate::rule_scope::{has_secret, text_of};
use crate::{exempt, file_name};

/// The creation rule whose expression matches the file, unless the expression matches all files or
/// the file is never encrypted.
pub(crate) fn covering_rule<'r>(context: &Context<'r>) -> Option<&'r CreationRule> {
    match exempt::is_named(context.input.path, context.input.bytes) {
        true => None,
        false => matching_rule(context),
    }
}

/// The creation rule that names the file by an expression, unless that is for all files.
pub(crate) fn matching_rule<'r>(context: &Context<'r>) -> Option<&'r CreationRule> {
    // A rule without an expression is for files that users encrypt by hand.
    let NamingRule { config, rule, .. } = context.naming_rule()?;
    if is_for_repository_host(context, config, rule) {
        return None;
    }
    let is_format = Format::from_path(context.input.path) != Format::Binary;
    let is_meant = is_format || !config.is_for_extension(rule, None);
    (is_meant && context.is_in_scope(rule)).then_some(rule)
}

/// Whether the file's creation rule also matches a path that cannot exist with the same extension.
pub(crate) fn has_rule_for_its_extension(context: &Context<'_>) -> bool {
    context.creation_rule().is_some_and(|(_, config, rule)| {
        config.is_for_extension(rule, context.input.path.extension())
    })
}

/// Whether a service of the repository's host reads the file unencrypted. A rule for all files with
/// an extension is not meant for the directories of these services, except for files with a secret.
fn is_for_repository_host(context: &Context<'_>, config: &Config, rule: &CreationRule) -> bool {
    let bytes = context.input.bytes;
    let path = context.input.place();
    let path = Path::new(&path);
    file_name::is_host_configuration(path)
        || file_name::is_in_host_directory(path)
            && matches!(Format::from_path(path), Format::Yaml | Format::Json)
            && config.is_for_extension(rule, path.extension())
            && !has_secret(&text_of(bytes))
}
