//! Settings in `.sops.yaml` that have no effect, or leave a Secret in plaintext.

mod master_keys;

use std::path::Path;

use sops_core::config::Config;
use sops_core::{EncryptedDocument, Error, parse_document};
use sops_document::{Document, Format, NodeRef};

use crate::check::Check;
use crate::context::Context;
use crate::facts::Configuration;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::sample_secret::open_values_of;
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL016",
    name: "creation-rules",
    severity: Severity::Warning,
    fix: FixAvailability::Never,
    page: include_str!("creation_rules.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::File(check),
    Check::Object(secret),
    Check::Plaintext(used),
    Check::Encrypted(used_by_encrypted),
];

/// The only name that SOPS reads.
pub(crate) const FILE: &str = ".sops.yaml";

fn check(context: &mut Context<'_>) {
    let path = context.input.path;
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    if name == ".sops.yml" {
        let is_named = context
            .input
            .config
            .is_some_and(|config| config.file() == path);
        if !is_named {
            let message =
                format!("this file is not read: the configuration must be called `{FILE}`");
            context
                .report_span(0..0, message)
                .help("rename it or, if there is also a `.sops.yaml`, move its rules there");
        }
        return;
    }
    if name != FILE {
        return;
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let config = match Config::parse(context.input.bytes, path, directory) {
        Ok(config) => config,
        Err(error) => {
            let (at, message) = match error {
                Error::Config {
                    location, message, ..
                } => (location.map_or(0, |at| at.offset), message),
                error => (0, error.to_string()),
            };
            context
                .report_span(at..at, message)
                .severity(Severity::Error);
            return;
        }
    };
    for warning in config.warnings() {
        let at = warning.location.map_or(0, |at| at.offset);
        context.report_span(at..at, warning.message.clone());
    }
    let Ok(document) = parse_document(context.text(), Format::Yaml) else {
        return;
    };
    let rules = document
        .tops()
        .next()
        .flatten()
        .and_then(|top| top.get("creation_rules"));
    let mut unused = Vec::new();
    for (number, rule) in rules.into_iter().flat_map(NodeRef::items).enumerate() {
        let of_config = config.creation_rules().and_then(|rules| rules.get(number));
        if let Some(of_config) = of_config {
            master_keys::check(number, rule, of_config, context);
        }
        // A warning may already say why the rule has no effect.
        let starts_here = |offset| offset == rule.span().start;
        let mut warned = config
            .warnings()
            .iter()
            .flat_map(|warning| warning.location);
        if is_for_stream(rule) || warned.any(|at| starts_here(at.offset)) {
            continue;
        }
        context
            .report_node(rule, "no file is encrypted with this creation rule")
            .help("remove it, or fix its `path_regex`, which is matched against the path relative to the directory of `.sops.yaml`; if an earlier rule matches the same files, move this rule before it");
        let finding = context.put_aside();
        unused.extend(finding.map(|finding| (number, finding)));
    }
    context.facts.configuration = Some(Configuration { unused });
}

/// Whether a rule is for data that programs such as Ansible pipe to SOPS, and not for files.
fn is_for_stream(rule: NodeRef<'_, '_>) -> bool {
    let path = rule.get("path_regex").and_then(NodeRef::as_str);
    let path = path.unwrap_or_default().replace('\\', "");
    path.contains("/dev/stdin") || path.contains("/dev/fd")
}

fn used(_: &Document<'_>, context: &mut Context<'_>) {
    mark_used(context);
}

fn used_by_encrypted(_: &EncryptedDocument<'_>, context: &mut Context<'_>) {
    mark_used(context);
}

/// Records that the file's creation rule matches a file.
pub(crate) fn mark_used(context: &mut Context<'_>) {
    let rule = context.creation_rule();
    context.facts.creation_rule = rule.map(|(index, config, _)| (config.file().to_owned(), index));
}

/// Reports a Secret that the configuration would leave in plaintext.
fn secret(object: &Object<'_, '_>, context: &mut Context<'_>) {
    let has_rules = context
        .input
        .config
        .is_some_and(|config| config.creation_rules().is_some());
    if !object.is_secret() || object.is_deletion() || !has_rules || context.is_encrypted {
        return;
    }
    let open = open_values_of(object, context);
    let Some(first) = open.first() else {
        return;
    };
    let Some((_, _, creation)) = context.creation_rule() else {
        context
            .report_node(
                first.node,
                "no creation rule in `.sops.yaml` matches the path of this Secret",
            )
            .help("add a rule whose `path_regex` matches it");
        return;
    };
    let rule = creation.rule.clone().unwrap_or_default();
    let left = open.iter().find(|value| context.is_left_open(value));
    if let Some(value) = left {
        let key = value.key;
        context
            .report_node(
                value.node,
                format!(
                    "the creation rule leaves `{}` of this Secret in plaintext: `{rule}`",
                    shown_name(key)
                ),
            )
            .help("change the selection rule to `encrypted_regex: ^(data|stringData)$`");
    }
}
