//! What `.sops.yaml` says that has no effect, or leaves a Secret in plaintext.

use std::path::Path;

use sops_core::config::Config;
use sops_core::document::NodeRef;
use sops_core::{Document, EncryptedDocument, Error, Format};

use super::plaintext_secret::open_values;
use crate::finding::Severity;
use crate::object::Object;
use crate::report::{Configuration, Report};
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL016",
    name: "creation-rules",
    severity: Severity::Warning,
    page: include_str!("creation_rules.md"),
    checks: &[
        Check::File(check),
        Check::Object(secret),
        Check::Plaintext(used),
        Check::Encrypted(used_by_encrypted),
    ],
};

fn check(report: &mut Report<'_>) {
    if report
        .input
        .path
        .file_name()
        .is_none_or(|name| name != ".sops.yaml")
    {
        return;
    }
    let path = report.input.path;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let config = match Config::parse(report.input.bytes, path, folder) {
        Ok(config) => config,
        Err(error) => {
            let (at, message) = match error {
                Error::Config {
                    location, message, ..
                } => (location.map_or(0, |at| at.offset), message),
                error => (0, error.to_string()),
            };
            report.span(at..at, message).severity(Severity::Error);
            return;
        }
    };
    for warning in config.warnings() {
        let at = warning.location.map_or(0, |at| at.offset);
        report.span(at..at, warning.message.clone());
    }
    let Ok(document) = Document::parse(report.text(), Format::Yaml) else {
        return;
    };
    let rules = document
        .tops()
        .next()
        .flatten()
        .and_then(|top| top.get("creation_rules"));
    let mut unused = Vec::new();
    for rule in rules.into_iter().flat_map(NodeRef::items) {
        report
            .node(rule, "no file is encrypted with this creation rule")
            .help("take it out, or mend its `path_regex`: it is looked for in the path from the folder of `.sops.yaml` on");
        unused.extend(report.put_aside());
    }
    report.facts.configuration = Some(Configuration { unused });
}

fn used(_: &Document<'_>, report: &mut Report<'_>) {
    let rule = report.creation_rule();
    report.facts.creation_rule = rule.map(|(index, config, _)| (config.file().to_owned(), index));
}

fn used_by_encrypted(_: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    let rule = report.creation_rule();
    report.facts.creation_rule = rule.map(|(index, config, _)| (config.file().to_owned(), index));
}

/// A Secret for which there is a configuration, and that it would leave as it is.
fn secret(object: &Object<'_, '_>, report: &mut Report<'_>) {
    let has_rules = report
        .input
        .config
        .is_some_and(|config| config.creation_rules().is_some());
    if !object.is_secret() || object.is_deletion() || !has_rules || report.is_encrypted {
        return;
    }
    let Some((_, first)) = open_values(object).next() else {
        return;
    };
    let Some((_, _, creation)) = report.creation_rule() else {
        report
            .node(
                first,
                "no creation rule of `.sops.yaml` matches the path of this Secret",
            )
            .help("add a rule whose `path_regex` does");
        return;
    };
    let rule = creation.rule.clone().unwrap_or_default();
    let left = open_values(object).find(|(_, value)| !report.is_selected(&value.span()));
    if let Some((key, value)) = left {
        report
            .node(
                value,
                format!("the creation rule leaves `{key}` of this Secret in plaintext: `{rule}`"),
            )
            .help("encrypted_regex: ^(data|stringData)$");
    }
}
