//! A Secret that is not encrypted, and any file that a creation rule covers.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::document::NodeRef;
use sops_core::rules::EncryptionRule;
use sops_core::{CIPHERTEXT_PREFIX, Document, EncryptedDocument, Format};

use super::secret_in_config_map::files;
use crate::finding::{Fix, Severity};
use crate::likeness::{is_harmless, is_reference};
use crate::object::{Object, SECRET_PARTS, is_secret_part};
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL010",
    name: "plaintext-secret",
    severity: Severity::Error,
    page: include_str!("plaintext_secret.md"),
    checks: &[
        Check::Object(secret),
        Check::Object(generator),
        Check::Plaintext(covered),
    ],
};

fn secret(object: &Object<'_, '_>, report: &mut Report<'_>) {
    if !object.is_secret() || object.is_deletion() {
        return;
    }
    if report.is_encrypted {
        return left_out(object, report);
    }
    let mut open = open_values(object);
    let Some((key, value)) = open.next() else {
        return;
    };
    let more = match open.count() {
        0 => String::new(),
        1 => " and another key".to_owned(),
        more => format!(" and {more} other keys"),
    };
    let rule = report.creation_rule();
    let rule = rule.map(|(_, _, creation)| creation.rule.clone().unwrap_or_default());
    let is_selected = rule.is_some() && report.is_selected(&value.span());
    let command = report.command("encrypt -i");
    let found = report.node(value, format!("the Secret is in plaintext: `{key}`{more}"));
    match rule {
        Some(_) if is_selected => found
            .help(command)
            .fix(Some(Fix::Encrypt)),
        Some(rule) => found.help(format!("the creation rule for it, `{rule}`, leaves this in plaintext: change it in `.sops.yaml`, or the key if that is misspelt")),
        None => found.help("give `.sops.yaml` a creation rule for it, as `sops-rs init` does, and encrypt it with `sops-rs encrypt -i`"),
    };
}

/// A part of an encrypted Secret of which the file's rule selects nothing. What it selects is told by another rule, and a rule that
/// names what is left in plaintext means it.
fn left_out(object: &Object<'_, '_>, report: &mut Report<'_>) {
    let parts = object.node.entries().filter(|(key, part)| {
        is_secret_part(key) && part.entries().next().is_some() && !holds_ciphertext(*part)
    });
    let parts: Vec<_> = parts.collect();
    let left = open_values(object)
        .find_map(|open| Some((open, parts.iter().find(|(_, part)| holds(*part, open.1))?)));
    let Some(((key, value), (part, _))) = left else {
        return;
    };
    let format = Format::from_path(report.input.path);
    let Ok(document) = EncryptedDocument::parse(report.text(), format) else {
        return;
    };
    let rule = document.metadata().rule.as_ref();
    let names_what_is_encrypted = rule.is_some_and(EncryptionRule::names_what_is_encrypted);
    let selected = document.unencrypted().unwrap_or_default();
    if !names_what_is_encrypted || selected.iter().any(|open| open.span == value.span()) {
        return;
    }
    let message =
        format!("the rule of the file leaves `{part}` of the Secret in plaintext: `{key}`");
    let command = report.command("edit");
    let found = report.node(value, message);
    match SECRET_PARTS.contains(part) {
        true => found.help("have the creation rule in `.sops.yaml` select it, as `encrypted_regex: ^(data|stringData)$` does; `sops-rs lint --fix` then encrypts the file anew"),
        false => found.help(format!("a Secret has `data` and `stringData`; mend the key with `{command}`")),
    };
}

fn holds(part: NodeRef<'_, '_>, value: NodeRef<'_, '_>) -> bool {
    let (part, value) = (part.span(), value.span());
    part.start <= value.start && value.end <= part.end
}

fn holds_ciphertext(part: NodeRef<'_, '_>) -> bool {
    part.entries().any(|(_, value)| {
        let text = value.scalar_text();
        text.is_some_and(|text| text.starts_with(CIPHERTEXT_PREFIX))
    })
}

/// The values of a Secret that are in plaintext, and neither references, placeholders nor public.
pub(super) fn open_values<'d, 'a>(
    object: &Object<'d, 'a>,
) -> impl Iterator<Item = (&'d str, NodeRef<'d, 'a>)> {
    let of = |part: &'static str| {
        let parts = object.node.entries();
        parts
            .filter(move |(key, _)| key.eq_ignore_ascii_case(part))
            .flat_map(|(_, part)| part.entries())
    };
    let encoded = of("data").filter(|(_, value)| {
        value.scalar_text().is_some_and(|text| {
            let packed: String = text.split_whitespace().collect();
            // What is no base64 is a reference, or a mistake that may be a secret.
            match STANDARD.decode(packed) {
                Ok(bytes) => {
                    str::from_utf8(&bytes).map_or(true, |text| !is_open_reference(text.trim()))
                }
                Err(_) => !is_open_reference(text),
            }
        })
    });
    let plain = of("stringData").filter(|(_, value)| {
        value
            .scalar_text()
            .is_some_and(|text| !is_open_reference(text.trim()))
    });
    encoded.chain(plain)
}

/// Whether nothing that is secret stands there. Words such as `true` and addresses count as values here: somebody made a Secret of them.
pub(crate) fn is_open_reference(text: &str) -> bool {
    let is_address = text.contains("://") || text.starts_with('/');
    text.is_empty()
        || is_reference(text)
        || !is_address && text.len() > 5 && is_harmless(text)
        || text.starts_with('<') && text.ends_with('>')
}

fn generator(object: &Object<'_, '_>, report: &mut Report<'_>) {
    if !object.is_kustomization() {
        return;
    }
    const HELP: &str =
        "encrypt the Secret as a manifest or its files with sops-rs, and let `sops-rs-krm` make it";
    for generator in object
        .node
        .get("secretGenerator")
        .into_iter()
        .flat_map(NodeRef::items)
    {
        for literal in generator
            .get("literals")
            .into_iter()
            .flat_map(NodeRef::items)
        {
            let Some((name, value)) = literal.as_str().and_then(|text| text.split_once('=')) else {
                continue;
            };
            if !is_open_reference(value.trim_matches(['"', '\''])) {
                report
                    .node(
                        literal,
                        format!("the literal `{name}` of a Secret is in plaintext"),
                    )
                    .help(HELP);
            }
        }
        for (file, name) in files(generator) {
            let folder = report.input.path.parent().unwrap_or(Path::new("/"));
            let content = report.input.tree.read(&folder.join(name));
            let is_plain = content.is_some_and(|content| {
                !content.is_empty()
                    && !str::from_utf8(&content).is_ok_and(|text| {
                        text.contains(CIPHERTEXT_PREFIX) || is_open_reference(text.trim())
                    })
            });
            if is_plain {
                let message = format!("the file `{name}` of a Secret is in plaintext");
                report.node(file, message).help(HELP);
            }
        }
    }
}

/// A file that is no manifest, for which there is a creation rule of its own.
fn covered(document: &Document<'_>, report: &mut Report<'_>) {
    let manifest =
        |node: NodeRef<'_, '_>| node.get("kind").is_some() || node.get("apiVersion").is_some();
    if is_for_other_programs(report.input.path) || document.tops().flatten().any(manifest) {
        return;
    }
    let Some((_, _, rule)) = report.creation_rule() else {
        return;
    };
    // One without an expression is for what people encrypt by hand.
    if rule.path_regex.is_none() {
        return;
    }
    let selects = rule.rule.clone().unwrap_or_default();
    let Some(first) = document
        .unencrypted(Some(&selects))
        .ok()
        .and_then(|all| all.into_iter().next())
    else {
        return;
    };
    let command = report.command("encrypt -i");
    report
        .span(
            first.span,
            format!(
                "a creation rule covers this file, which is in plaintext: `{}`",
                first.path
            ),
        )
        .help(command)
        .fix(Some(Fix::Encrypt));
}

/// Whether the file is one that other programs read as it is, which nobody encrypts.
pub(crate) fn is_for_other_programs(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_known = [
        "kustomization.yaml",
        "kustomization.yml",
        "Chart.yaml",
        "Chart.lock",
        ".sops.yaml",
        ".sops-lint.yaml",
        ".pre-commit-config.yaml",
        "package.json",
        "package-lock.json",
    ]
    .contains(&name.unwrap_or_default());
    is_known || is_workflow(path)
}

/// Whether a service of the repository's host reads it.
fn is_workflow(path: &Path) -> bool {
    path.components().any(|part| {
        [".github", ".gitlab", ".circleci"]
            .iter()
            .any(|folder| part.as_os_str() == *folder)
    })
}
