//! A secret in a configuration file of a program other than Kubernetes: a Compose file, a dotenv
//! file, a kubeconfig, or the configuration of a node.

mod env_files;
mod forms;
mod texts;

use std::path::Path;

use sops_document::{Document, Format, NodeRef};

use crate::check::Check;
use crate::context::Context;
use crate::file_name;
use crate::handled_values::HandledValues;
use crate::rule::{Confidence, FixAvailability, Rule, Severity};
use crate::rule_coverage::covering_rule;
use crate::sample;
use crate::scrutiny::is_open_reference;
use crate::secret_detection::{FoundSecret, Likeness, in_text};
use crate::shown_name::{ShownName, shown_name};
use crate::value_tree::{TreeValue, values};
use forms::ConfigurationForm;

pub(crate) static RULE: Rule = Rule {
    code: "SL021",
    name: "secret-in-configuration",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_configuration.md"),
};

pub(crate) const CHECKS: &[Check] = &[
    Check::File(file),
    Check::Plaintext(|document, context| {
        in_document(document, context);
    }),
];

const HELP: &str = "anyone with a copy of the repository has this secret: replace it, and encrypt the file with `sops-rs encrypt -i`, or move the secret to an encrypted file";

/// Reports secrets in a file without a known format, judging by its name.
fn file(context: &mut Context<'_>) {
    let path = context.input.path;
    let text = context.text();
    if is_sample(path) || is_covered(context) {
        return;
    }
    for secret in texts::secrets(path, text) {
        if !is_own(&secret, context) {
            continue;
        }
        let description = secret.likeness.description();
        let named = match secret.name.as_str() {
            "" => String::new(),
            name => format!(": `{}`", shown_name(name)),
        };
        let message = format!("the file contains {description}{named}");
        context
            .report_span(secret.range, message)
            .confidence(secret.likeness.confidence())
            .help(HELP);
    }
    if Format::from_path(path) == Format::Binary
        && forms::may_be(path, text)
        && let Ok(read) = Document::parse_leniently(text)
    {
        in_document(&read, context);
    }
}

/// Reports the secrets in a document of another program. Returns whether its form is known.
pub(crate) fn in_document(document: &Document<'_>, context: &mut Context<'_>) -> bool {
    let path = context.input.path;
    if matches!(context.format, Format::Dotenv | Format::Ini) || is_sample(path) {
        return false;
    }
    let tops = document.tops().flatten();
    let known = tops.filter_map(|top| Some((top, ConfigurationForm::of(top, path)?)));
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        return false;
    }
    let handled = HandledValues::new(document, context);
    for (top, form) in known {
        if form == ConfigurationForm::Compose {
            env_files(top, context);
        }
        for value in values(("", ""), top, |_| false) {
            let is_reported = handled.is_reported(&value.node.span());
            if !is_reported && !handled.has_value(value.node, context) {
                report(value, form, context);
            }
        }
    }
    true
}

/// Reports the files with secrets, each where a service names it.
fn env_files(top: NodeRef<'_, '_>, context: &mut Context<'_>) {
    for node in env_files::named_by(top) {
        let name = node.as_str().unwrap_or_default();
        let directory = context.input.path.parent().unwrap_or(Path::new("/"));
        let path = directory.join(name);
        // A dotenv file is linted on its own.
        if name.is_empty() || texts::is_named(&path) || is_sample(&path) {
            continue;
        }
        let content = context.input.tree.read(&path);
        let text = content.and_then(|content| String::from_utf8(content).ok());
        let Some(secret) = text.and_then(|text| in_text("", &text).into_iter().next()) else {
            continue;
        };
        let message = format!(
            "the file `{}` of the Compose file contains {}: `{}`",
            shown_name(name),
            secret.likeness.description(),
            shown_name(&secret.name)
        );
        context
            .report_node(node, message)
            .confidence(secret.likeness.confidence())
            .help(HELP);
    }
}

/// Reports the secrets in the value that a patch writes at a path in the configuration of a node.
/// Returns whether the path is in the configuration of a node.
pub(crate) fn at_path(path: &[&str], value: NodeRef<'_, '_>, context: &mut Context<'_>) -> bool {
    let Some(form) = ConfigurationForm::of_path(path) else {
        return false;
    };
    let (key, parents) = path.split_last().unwrap_or((&"", &[]));
    let parent = parents.last().copied().unwrap_or_default();
    for value in values((parent, key), value, |_| false) {
        report(value, form, context);
    }
    true
}

fn report(value: TreeValue<'_, '_>, form: ConfigurationForm, context: &mut Context<'_>) {
    let text = value.node.scalar_text().unwrap_or_default();
    let is_whole = value.secrets.is_empty() && form.is_secret(&value) && is_open(text);
    let TreeValue {
        key,
        node,
        mut secrets,
        ..
    } = value;
    secrets.retain(|secret| is_own(secret, context));
    secrets.extend(is_whole.then(|| FoundSecret {
        name: String::new(),
        range: 0..text.len(),
        likeness: Likeness::Name(Confidence::Medium),
    }));
    let holder = form.name();
    context.report_secrets(
        node,
        secrets,
        format_args!("`{}` of the {holder}", ShownName(key)),
        HELP,
    );
}

fn is_sample(path: &Path) -> bool {
    sample::is_named(path) || file_name::is_sample(path)
}

/// Whether no other rule reports the secret: one of them looks for known token formats in every
/// document.
fn is_own(secret: &FoundSecret, context: &Context<'_>) -> bool {
    let is_document = Format::from_path(context.input.path) != Format::Binary;
    !is_document || matches!(secret.likeness, Likeness::Name(_))
}

/// Whether a creation rule encrypts the whole file.
fn is_covered(context: &Context<'_>) -> bool {
    covering_rule(context).is_some_and(|creation| {
        let rule = creation.rule.clone().unwrap_or_default();
        !rule.names_what_is_encrypted()
    })
}

/// Whether the value of a field for secrets is a plaintext secret.
fn is_open(text: &str) -> bool {
    !text.trim().is_empty() && !sops_core::is_ciphertext(text) && !is_open_reference(text)
}
