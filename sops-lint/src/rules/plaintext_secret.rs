//! A Secret that is not encrypted, and any file that a creation rule covers.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::config::{Config, CreationRule};
use sops_core::document::NodeRef;
use sops_core::rules::EncryptionRule;
use sops_core::{CIPHERTEXT_PREFIX, Document, EncryptedDocument, Format};

use super::sealed_secret;
use super::secret_in_metadata::last_applied;
use crate::action;
use crate::claim::{has_only_comments, has_secret, names_keys, text_of};
use crate::exempt;
use crate::finding::{Fix, Severity};
use crate::form;
use crate::kubeconfig;
use crate::kustomization;
use crate::likeness::program::passwords_in_words;
use crate::likeness::{
    Found, has_credential_beside, has_signs, in_text, is_angled, is_harmless, is_reference,
    is_whole_reference, judge, may_be_password,
};
use crate::linter::Input;
use crate::object::{Object, objects};
use crate::readable::is_public;
use crate::report::{NamingRule, OwnRule, Report};
use crate::rule::{Check, Rule};
use crate::secret::{SECRET_PARTS, SecretValue, secret_fields};
use crate::template;

pub(crate) static RULE: Rule = Rule {
    code: "SL010",
    name: "plaintext-secret",
    severity: Severity::Error,
    page: include_str!("plaintext_secret.md"),
    checks: &[
        Check::File(leftover),
        Check::File(difference),
        Check::Object(secret),
        Check::Object(last_applied),
        Check::Object(generator),
        Check::Object(sealed_secret::values),
        Check::Plaintext(covered),
        Check::Encrypted(nothing_encrypted),
    ],
};

/// A file that a killed run has left: its plaintext was to be encrypted, or shown and forgotten.
fn leftover(report: &mut Report<'_>) {
    if form::is_leftover(Path::new(&report.input.place())) {
        report
            .span(
                0..0,
                "a killed run of sops-rs left this file, which may contain plaintext",
            )
            .help("delete it");
    }
}

/// A patch, or what `git diff` prints, that shows the plaintext of a value which is encrypted on the other side.
fn difference(report: &mut Report<'_>) {
    let text = report.text();
    let begins = ["diff ", "--- ", "From ", "Index: "];
    let is_patch = begins.iter().any(|begin| text.starts_with(begin));
    if !(is_patch || form::is_patch(report.input.path)) || !text.contains(CIPHERTEXT_PREFIX) {
        return;
    }
    let is_of_key = |c: char| c.is_whitespace() || "\"'-".contains(c);
    let mut encrypted: HashSet<(char, &str)> = HashSet::new();
    let mut plain: Vec<(char, &str, usize)> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n').chain(["diff "]) {
        let at = start;
        start += line.len();
        if ["diff ", "--- "]
            .iter()
            .any(|begin| line.starts_with(begin))
        {
            let mut shown = plain.drain(..);
            let is_encrypted = |sign, key| {
                let other = if sign == '+' { '-' } else { '+' };
                encrypted.contains(&(other, key))
            };
            if let Some((_, key, at)) = shown.find(|(sign, key, _)| is_encrypted(*sign, *key)) {
                report
                    .span(at..at, format!("`{key}` is encrypted on one side of this difference, and in plaintext on the other"))
                    .help("delete the file");
                return;
            }
            drop(shown);
            encrypted.clear();
            continue;
        }
        let Some(sign) = line.chars().next().filter(|sign| "+-".contains(*sign)) else {
            continue;
        };
        let Some((key, value)) = line[1..].split_once([':', '=']) else {
            continue;
        };
        let (key, value) = (key.trim_matches(is_of_key), value.trim_matches(is_of_key));
        if value.starts_with(CIPHERTEXT_PREFIX) {
            encrypted.insert((sign, key));
        } else if !Scrutiny::Strict.passes(value.trim_end_matches(['"', '\'', ','])) {
            plain.push((sign, key, at));
        }
    }
}

fn secret(object: &Object<'_, '_>, report: &mut Report<'_>) {
    // A rule for some paths decides about the Secrets of other projects.
    let is_for_paths = || own_rule(report).is_some() && !has_rule_for_its_form(report);
    let is_other = object.is_secret_of_other_project() && is_for_paths();
    if !object.is_secret() && !is_other || object.is_deletion() {
        return;
    }
    if report.is_encrypted {
        return left_out(object, report);
    }
    let mut open = open_values(object, |value| report.scrutiny(&value.place));
    open.retain(|value| !is_other || report.is_selected(&value.place));
    let rule = report.creation_rule();
    let rule = rule.map(|(_, _, creation)| creation.rule.clone().unwrap_or_default());
    let stays = |value: &&SecretValue<'_, '_>| !report.is_selected(&value.place);
    // A value that the rule would leave in plaintext is the worst of them.
    let left = open.iter().find(stays).filter(|_| rule.is_some());
    let Some(value) = left.or(open.first()) else {
        return;
    };
    let more = match open.len() - 1 {
        0 => String::new(),
        1 => " and another key".to_owned(),
        more => format!(" and {more} other keys"),
    };
    let key = value.key;
    let message = match is_under_part(value) {
        true => format!("the Secret is in plaintext: `{key}`{more}"),
        false => format!(
            "the Secret is in plaintext: `{key}`{more}; `{}` is not a field of a Secret",
            value.field
        ),
    };
    let is_left = left.is_some();
    let command = report.command("encrypt -i");
    let is_exact = Format::from_path(report.input.path) == report.format;
    let found = report.node(value.node, message);
    match rule {
        Some(_) if !is_left && !is_exact => found.help(format!("rename the file so that it ends in `.yaml` or `.json`, and encrypt it; `{command}` would encrypt the whole file, so that only SOPS can read it")),
        Some(_) if !is_left => found.help(command).fix(Some(Fix::Encrypt)),
        Some(rule) if !is_under_part(value) => found.help(format!("move it to `data` or `stringData`: the creation rule, `{rule}`, leaves this in plaintext")),
        Some(rule) => found.help(format!("the creation rule for it, `{rule}`, leaves this in plaintext: change the rule in `.sops.yaml`, or fix the key if it is misspelt")),
        None => found.help(NO_RULE),
    };
}

/// Whether the value is under `data` or `stringData`, spelled like that.
fn is_under_part(value: &SecretValue<'_, '_>) -> bool {
    SECRET_PARTS.contains(&value.field)
}

/// A value of an encrypted Secret that is in plaintext, and that the file's own rule does not cover: another rule reports what it covers.
fn left_out(object: &Object<'_, '_>, report: &mut Report<'_>) {
    let open = open_values(object, |value| report.scrutiny(&value.place));
    if open.is_empty() {
        return;
    }
    if let Some(value) = open.iter().find(|value| begins_like_ciphertext(value)) {
        let message = format!(
            "`{}` starts like an encrypted value, but is not one",
            value.key
        );
        report
            .node(value.node, message)
            .help("restore the value from version control, or set it again with `sops-rs set`");
        return;
    }
    let Some(own) = report.own_rule() else {
        return;
    };
    let encrypted = encrypted_fields(object);
    let left = open
        .into_iter()
        .filter(|value| !own.open.contains(&value.place))
        .find(|value| !is_meant(value, own, &encrypted, report));
    let Some(value) = left else {
        return;
    };
    let SecretValue { field, key, .. } = value;
    let message =
        format!("the file's selection rule leaves `{field}` of the Secret in plaintext: `{key}`");
    let command = report.command("edit");
    let found = report.node(value.node, message);
    match is_under_part(&value) {
        true => found.help("have the creation rule in `.sops.yaml` select it, as `encrypted_regex: ^(data|stringData)$` does; `sops-rs lint --fix` then encrypts the file anew"),
        false => found.help(format!("a Secret has no field `{field}`: move the value to `data` or `stringData` with `{command}`")),
    };
}

/// Whether the value starts like ciphertext, but is not ciphertext.
fn begins_like_ciphertext(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text();
    text.is_some_and(|text| text.starts_with(CIPHERTEXT_PREFIX) && !sops_core::is_ciphertext(text))
}

/// The fields of the Secret with a value that is encrypted.
fn encrypted_fields<'d>(object: &Object<'d, '_>) -> Vec<&'d str> {
    let fields = secret_fields(object.node).into_iter();
    let encrypted = fields.filter(|field| field.values().iter().any(is_ciphertext));
    encrypted.map(|field| field.name).collect()
}

/// Whether the file's rule leaves the value in plaintext on purpose. Anybody can write a rule into a file, so the creation rule decides, and
/// without one what the value looks like.
fn is_meant(
    value: &SecretValue<'_, '_>,
    own: &OwnRule,
    encrypted: &[&str],
    report: &Report<'_>,
) -> bool {
    if own.rule.names_what_is_encrypted() && !encrypted.contains(&value.field) {
        return false;
    }
    if report.creation_rule().is_some() {
        return !report.is_selected(&value.place);
    }
    // The suffix that SOPS has without a rule.
    let is_marked = own.rule == EncryptionRule::default() && value.key.ends_with(own.rule.text());
    own.is_followed && (is_marked || !looks_secret(value))
}

/// Whether the name and the form of a value say that it is a secret.
pub(super) fn looks_secret(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    if !value.field.eq_ignore_ascii_case("data") {
        return !in_text(value.key, text).is_empty();
    }
    let packed: String = text.split_whitespace().collect();
    let bytes = STANDARD.decode(packed).unwrap_or_else(|_| text.into());
    // Bytes that are no text are a key, or a file with one.
    str::from_utf8(&bytes).map_or(true, |text| !in_text(value.key, text).is_empty())
}

/// Whether it is an encrypted value.
pub(super) fn is_ciphertext(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text();
    text.is_some_and(sops_core::is_ciphertext)
}

/// How sure it must be that a value is not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scrutiny {
    /// A value may stay in plaintext if it looks like a placeholder or a setting.
    Usual,
    /// A creation rule names the file and selects the value: only references may stay in plaintext.
    Strict,
}

impl Scrutiny {
    /// Whether a text is a reference, a placeholder or public.
    pub(crate) fn passes(self, text: &str) -> bool {
        match self {
            Self::Usual => is_open_reference(text),
            Self::Strict => text.is_empty() || is_whole_reference(text) || is_public(text),
        }
    }
}

/// The values of a Secret that are in plaintext, and neither references, placeholders nor public.
pub(crate) fn open_values<'d, 'a>(
    object: &Object<'d, 'a>,
    scrutiny: impl Fn(&SecretValue<'d, 'a>) -> Scrutiny,
) -> Vec<SecretValue<'d, 'a>> {
    let find = || {
        let is_whole = object.is_whole_secret();
        let settings = settings_of(object);
        let fields = secret_fields(object.node).into_iter();
        let fields = fields.filter(|field| field.is_part() || is_whole && field.holds_values());
        let values = fields.flat_map(|field| field.values());
        values
            .filter(|value| {
                object
                    .judged
                    .is_open(value, |_| is_plaintext_under(scrutiny(value), value))
            })
            .filter(|value| {
                let is_setting = settings.contains(&value.key) && is_public_setting(value);
                !is_setting || scrutiny(value) == Scrutiny::Strict
            })
            .collect()
    };
    object.open_values.get_or_init(find).clone()
}

/// The keys of a Secret that another program reads and that are settings: of repositories and clusters for Argo CD, and beside values that the
/// generator of Mittwald adds.
fn settings_of(object: &Object<'_, '_>) -> &'static [&'static str] {
    const ARGO_CD: &[&str] = &[
        "type",
        "url",
        "name",
        "project",
        "server",
        "namespaces",
        "clusterResources",
        "enableLfs",
        "enableOCI",
        "insecure",
        "proxy",
        "noProxy",
    ];
    const GENERATED: &[&str] = &["username", "user", "host", "port", "database", "name"];
    let of = |keys: &[&str]| object.node.at(keys);
    let label = of(&["metadata", "labels", "argocd.argoproj.io/secret-type"]);
    if label.is_some() {
        return ARGO_CD;
    }
    let annotations = of(&["metadata", "annotations"]).into_iter();
    let mut annotations = annotations.flat_map(NodeRef::entries);
    let is_generated =
        annotations.any(|(key, _)| key == "secret-generator.v1.mittwald.de/autogenerate");
    if is_generated { GENERATED } else { &[] }
}

/// Whether the value of a setting shows no credential, such as one in an address.
fn is_public_setting(value: &SecretValue<'_, '_>) -> bool {
    let text = value.node.scalar_text().unwrap_or_default();
    let packed: String = text.split_whitespace().collect();
    let decoded = match value.field {
        "data" => STANDARD.decode(packed).ok().map(String::from_utf8),
        _ => Some(Ok(text.to_owned())),
    };
    let Some(Ok(text)) = decoded else {
        return false;
    };
    let address = text.strip_prefix("ssh://").unwrap_or(&text);
    let address = address.strip_prefix("git@").unwrap_or(address);
    is_under_part(value)
        && !address.contains(['@', '?', '\n'])
        && in_text(value.key, &text).is_empty()
}

/// Whether a value of a Secret is in plaintext: neither encrypted nor a reference, a placeholder or public.
pub fn is_plaintext(value: &SecretValue<'_, '_>) -> bool {
    is_plaintext_under(Scrutiny::Usual, value)
}

/// The same under any scrutiny.
pub(crate) fn is_plaintext_under(scrutiny: Scrutiny, value: &SecretValue<'_, '_>) -> bool {
    let Some(text) = value.node.scalar_text() else {
        return true;
    };
    if sops_core::is_ciphertext(text) {
        return false;
    }
    match value.field.eq_ignore_ascii_case("data") {
        true => is_open_base64(scrutiny, value.key, text),
        // A boolean in an unknown field is not a value of a Secret.
        false if !is_under_part(value) && value.node.as_str().is_none() => {
            !matches!(text, "True" | "False")
        }
        false => is_open_text(scrutiny, value.key, text),
    }
}

/// Whether a text is a value, or has one in it: a configuration may have passwords beside what is filled in, or in it.
fn is_open_text(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    !scrutiny.passes(text.trim()) || holds_secret(key, text) || action::holds_secret(key, text)
}

/// Whether a text of several lines, such as a configuration, has a secret in one of them.
pub(crate) fn holds_secret(key: &str, text: &str) -> bool {
    text.trim().contains('\n') && !in_text(key, text).is_empty()
}

/// Whether a text under `data` contains a secret value. Text that is not base64 is a reference, or a mistake that may be a secret.
pub(crate) fn is_open_base64(scrutiny: Scrutiny, key: &str, text: &str) -> bool {
    let packed: String = text.split_whitespace().collect();
    match STANDARD.decode(packed) {
        // Nothing fills in variables inside of base64.
        Ok(bytes) => str::from_utf8(&bytes).map_or(true, |text| {
            has_signs(text.trim()) || is_open_text(scrutiny, key, text)
        }),
        Err(_) => !scrutiny.passes(text) || action::holds_secret(key, text),
    }
}

/// Whether nothing that is secret stands there. Words such as `true` and addresses count as values here: somebody made a Secret of them.
pub(crate) fn is_open_reference(text: &str) -> bool {
    let is_address = text.contains("://") || text.starts_with('/');
    let is_harmless = || !is_address && text.len() > 5 && is_harmless(text);
    text.is_empty()
        || is_angled(text)
        || !may_be_password(text) && (is_reference(text) || is_harmless())
}

/// Reports the values of Secrets that kustomize generates. What several aliases bring in is reported once.
pub(crate) fn generator(object: &Object<'_, '_>, report: &mut Report<'_>) {
    const HELP: &str =
        "encrypt the Secret as a manifest or its files with sops-rs, and let `sops-rs-krm` make it";
    let mut seen = HashSet::new();
    let mut is_new = |node: NodeRef<'_, '_>| seen.insert(node.origin().span());
    // Whether the file of a name is in plaintext.
    let mut plain = HashMap::new();
    for generator in kustomization::secret_generators(object) {
        for literal in kustomization::items(generator, "literals") {
            let Some((name, value)) = literal.as_str().and_then(|text| text.split_once('=')) else {
                continue;
            };
            let scrutiny = report.scrutiny(&literal.span());
            if is_new(literal) && !scrutiny.passes(value.trim_matches(['"', '\''])) {
                report
                    .node(
                        literal,
                        format!("the literal `{name}` of a Secret is in plaintext"),
                    )
                    .help(HELP);
            }
        }
        for (file, name) in kustomization::files(generator) {
            if !is_new(file) {
                continue;
            }
            let folder = report.input.path.parent().unwrap_or(Path::new("/"));
            let is_plain = *plain.entry(name).or_insert_with(|| {
                let content = report.input.tree.read(&folder.join(name));
                content.is_some_and(|content| {
                    !content.is_empty()
                        && !str::from_utf8(&content).is_ok_and(|text| {
                            text.contains(CIPHERTEXT_PREFIX) || is_open_reference(text.trim())
                        })
                })
            });
            if is_plain {
                let message = format!("the file `{name}` of a Secret is in plaintext");
                report.node(file, message).help(HELP);
            }
        }
    }
}

/// What to do with a Secret for which there is no creation rule.
pub const NO_RULE: &str = "add a creation rule for it to `.sops.yaml`, as `sops-rs init` does, and encrypt it with `sops-rs encrypt -i`";

/// What to do with a value that was not sealed.
pub(super) const HIDE_SEALED: &str = "seal it with `kubeseal`, or put it into a Secret and encrypt that with `sops-rs encrypt -i`; if it was committed, treat it as leaked";

/// What to do with a copy of a file that must be encrypted.
pub(crate) const COPY: &str = "delete this copy, or give it a name that the `path_regex` of the creation rule matches, and encrypt it";

/// A file that is no manifest, for which there is a creation rule of its own, or a manifest with credentials that are to be encrypted.
fn covered(document: &Document<'_>, report: &mut Report<'_>) {
    let scrutiny = report.scrutiny_of_file();
    let credential = |top| kubeconfig::credential(top, scrutiny);
    if let Some(credential) = document.tops().flatten().find_map(credential) {
        if report.creation_rule().is_some() {
            let command = report.command("encrypt -i");
            report
                .node(
                    credential,
                    "a creation rule covers this file, a kubeconfig with credentials in plaintext",
                )
                .help(format!(
                    "run `{command}`, with a creation rule that selects `users`"
                ));
        }
        return;
    }
    let Some(rule) = own_rule(report) else {
        return;
    };
    if document.tops().flatten().any(is_manifest)
        && !is_for_whole_file(document, rule, true, report)
    {
        return;
    }
    let selects = rule.rule.clone().unwrap_or_default();
    let selected = document.unencrypted(Some(&selects)).unwrap_or_default();
    if is_of_another_kind(document, &selects) {
        return;
    }
    if let Some(first) = selected.into_iter().next() {
        let is_copy = report.is_copy_of_covered();
        let command = report.command("encrypt -i");
        let found = report.span(
            first.span,
            format!(
                "a creation rule covers this file, which is in plaintext: `{}`",
                first.path
            ),
        );
        match is_copy {
            true => found.help(COPY),
            false => found.help(command).fix(Some(Fix::Encrypt)),
        };
    } else if matches!(report.format, Format::Dotenv | Format::Ini) {
        nothing_selected(document, &selects, report);
    } else if selects.names_what_is_encrypted() && !has_rule_for_its_form(report) {
        secret_not_selected(document, &selects, report);
    }
}

/// Whether a rule that encrypts everything is for this manifest: one that is no object, or has a secret beside what people read. `is_named`:
/// an object has its name.
pub(crate) fn is_for_whole_file(
    document: &Document<'_>,
    rule: &CreationRule,
    is_named: bool,
    report: &Report<'_>,
) -> bool {
    let selects = rule.rule.clone().unwrap_or_default();
    if selects.names_what_is_encrypted() || has_rule_for_its_form(report) {
        return false;
    }
    // Another check reports Secrets.
    let is_reported = |code| code == RULE.code;
    let mut findings = report.findings.iter();
    if findings.any(|finding| is_reported(finding.rule.code)) {
        return false;
    }
    let objects = objects(document);
    let is_secret = |top: NodeRef<'_, '_>| {
        let mut objects = objects.iter();
        objects.any(|object| object.node.span() == top.span() && object.is_secret())
    };
    let is_kustomization = |top: NodeRef<'_, '_>| {
        let mut objects = objects.iter();
        exempt::is_kustomization(top)
            && objects.any(|object| object.node.span() == top.span() && object.is_kustomization())
    };
    let is_known = |top| !is_named || is_object(top) || is_kustomization(top);
    let mut tops = document.tops().flatten();
    tops.any(|top| !is_secret(top) && (!is_known(top) || has_credential(top, report)))
}

/// Whether a document may stay in plaintext under a creation rule: an object of another kind than Secret and, if the rule encrypts everything in
/// some paths, without a value that looks like a secret. Other checks report Secrets.
pub(crate) fn may_stay(top: NodeRef<'_, '_>, rule: &CreationRule, report: &Report<'_>) -> bool {
    let selects = rule.rule.clone().unwrap_or_default();
    let is_for_all = || selects.names_what_is_encrypted() || has_rule_for_its_form(report);
    is_manifest(top) && (is_for_all() || !has_credential(top, report))
}

/// Whether an object of another kind than Secret has a value that looks like one.
fn has_credential(top: NodeRef<'_, '_>, report: &Report<'_>) -> bool {
    let kind = top.get("kind").and_then(NodeRef::as_str);
    match kind.unwrap_or_default() {
        // Another check looks at its values.
        sealed_secret::KIND => {
            let is_secret = |key: &str, text: &str| judge(key, text).is_some();
            sealed_secret::has_credential_elsewhere(top, |key, node| {
                credential_under(key, node, is_secret).is_some()
            })
        }
        // Descriptions of fields show examples.
        "CustomResourceDefinition" => {
            credential(top, |key, text| judge(key, text).is_some()).is_some()
        }
        // There it is the name of a key.
        "ExternalSecret" | "ClusterExternalSecret" | "PushSecret" => {
            let is_secret =
                |key: &str, text: &str| key != "secretKey" && judge(key, text).is_some();
            credential(top, is_secret).is_some()
        }
        _ => {
            let is_secret = |key: &str, node: NodeRef<'_, '_>| {
                let text = node.as_str().unwrap_or_default();
                let source = report.text().get(node.span()).unwrap_or_default();
                if template::has_action(source) {
                    return match source.trim().contains('\n') {
                        true => holds_secret(key, source),
                        false => has_credential_beside(source) || action::holds_secret(key, source),
                    };
                }
                // A shell runs what is between backticks.
                let is_value = |found: &Found| !text[found.range.clone()].starts_with('`');
                judge(key, text).is_some() || in_text(key, text).iter().any(is_value)
            };
            credential_at("", top, is_secret).is_some()
        }
    }
}

/// Whether it has what every object in a cluster has.
pub(crate) fn is_object(top: NodeRef<'_, '_>) -> bool {
    let has = |key| top.at(&["metadata", key]).is_some();
    let kind = top.get("kind").and_then(NodeRef::as_str);
    has("name") || has("generateName") || kind.is_some_and(|kind| kind.ends_with("List"))
}

/// The first value that is a secret by its key and its text.
pub(crate) fn credential<'d, 'a>(
    top: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    credential_under("", top, is_secret)
}

/// The same for a value under that key.
pub(crate) fn credential_under<'d, 'a>(
    key: &'d str,
    value: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    credential_at(key, value, |key, node| {
        let text = node.as_str();
        text.is_some_and(|text| is_secret(key, text))
    })
}

/// The first text that is a secret by its key and its place. In a command, only the program may say so.
fn credential_at<'d, 'a>(
    key: &'d str,
    top: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, NodeRef<'d, 'a>) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    let mut open = vec![(key, top)];
    while let Some((key, node)) = open.pop() {
        if node.as_str().is_some() && is_secret(key, node) {
            return Some(node);
        }
        let words: Vec<_> = node.items().collect();
        let texts = words.iter().map(|word| word.as_str().unwrap_or_default());
        if let [(at, _), ..] = passwords_in_words(&texts.collect::<Vec<_>>())[..] {
            return words.get(at).copied();
        }
        let begin = open.len();
        // The value of an option may be the next word.
        let is_option = |word: &&str| word.starts_with("--") && !word.contains(['=', ' ']);
        let mut option = None;
        open.extend(words.into_iter().map(|word| {
            let name = option.take().unwrap_or(key);
            option = word.as_str().filter(is_option).map(|word| &word[2..]);
            (name, word)
        }));
        // Variables and parameters are lists of names and values.
        let text = |key| node.get(key).and_then(NodeRef::as_str);
        let name = text("name").or_else(|| text("key"));
        // A reference names a key of another object.
        let is_value = |child: &&str| !(key.ends_with("Ref") && *child == "key");
        let entries = node.entries().filter(|(child, _)| is_value(child));
        open.extend(entries.map(|(key, child)| match (key, name) {
            ("value", Some(name)) => (name, child),
            entry => (entry.0, child),
        }));
        // In the order of the text.
        open[begin..].reverse();
    }
    None
}

/// Whether a rule that names keys, as those for Secrets do, selects something in a file that has such keys for another reason: a patch of
/// another object, or a dashboard of Grafana.
fn is_of_another_kind(document: &Document<'_>, rule: &EncryptionRule) -> bool {
    let is_other = |top: NodeRef<'_, '_>| {
        let kind = top.get("kind").and_then(NodeRef::as_str);
        let is_object = kind.is_some_and(|kind| !kind.to_ascii_lowercase().contains("secret"))
            && top.at(&["metadata", "name"]).is_some();
        let is_dashboard = top.get("panels").is_some() && top.get("title").is_some();
        (is_object || is_dashboard) && top.get("stringData").is_none()
    };
    names_keys(rule) && document.tops().flatten().all(is_other)
}

/// A file of variables that a rule for manifests leaves in plaintext as a whole.
fn nothing_selected(document: &Document<'_>, rule: &EncryptionRule, report: &mut Report<'_>) {
    let all = document.unencrypted(None).unwrap_or_default().into_iter();
    let text = report.text();
    let mut values = all.filter(|one| {
        let value = text[one.span.clone()].trim().trim_matches(['"', '\'']);
        !one.is_comment && !Scrutiny::Strict.passes(value)
    });
    if let Some(first) = values.next() {
        let message = format!(
            "a creation rule covers this file, and its `{rule}` leaves all of it in plaintext: `{}`",
            first.path
        );
        report
            .span(first.span, message)
            .help(format!("in `.sops.yaml`, add a creation rule for this file, without `{rule}`, before that one; then encrypt the file"));
    } else if document.scalars().next().is_none() && !has_only_comments(text) {
        report
            .span(
                0..0,
                "a creation rule covers this file, which has no values, and what it has instead cannot be encrypted",
            )
            .help("write it as values with names, and encrypt the file");
    }
}

/// A file that is not a manifest, with a secret under a key that a rule for manifests does not name.
fn secret_not_selected(document: &Document<'_>, rule: &EncryptionRule, report: &mut Report<'_>) {
    let is_secret = |key: &str, text: &str| !in_text(key, text).is_empty();
    let mut tops = document.tops().flatten();
    if let Some(node) = tops.find_map(|top| credential(top, is_secret)) {
        let message = format!(
            "a creation rule covers this file, and its `{rule}` leaves what looks like a secret in plaintext: `{}`",
            node.path().join(".")
        );
        report
            .node(node, message)
            .help(format!("in `.sops.yaml`, add a creation rule for this file, without `{rule}`, before that one; then encrypt the file"));
    }
}

/// A file of variables that has the metadata of SOPS, with a rule for manifests that selected nothing of it.
fn nothing_encrypted(encrypted: &EncryptedDocument<'_>, report: &mut Report<'_>) {
    if !matches!(report.format, Format::Dotenv | Format::Ini) {
        return;
    }
    let Ok(document) = Document::parse(report.text(), report.format) else {
        return;
    };
    let mut first = None;
    for node in document.scalars() {
        let text = node.scalar_text().unwrap_or_default();
        if sops_core::is_ciphertext(text) {
            return;
        }
        if !text.is_empty() && !report.scrutiny_of_file().passes(text) {
            first = first.or(Some(node));
        }
    }
    let rule = encrypted.metadata().rule.clone().unwrap_or_default();
    if let Some(first) = first.filter(|_| rule.names_what_is_encrypted()) {
        report
            .node(first, format!("the file has the metadata of SOPS, and its rule, `{rule}`, leaves all of it in plaintext"))
            .help(format!("decrypt it, add a creation rule for this file without `{rule}`, and encrypt it again"));
    }
}

/// Whether it is an object of Kubernetes, and no Secret: other rules judge those. The credentials of a kubeconfig are secrets.
pub(crate) fn is_manifest(top: NodeRef<'_, '_>) -> bool {
    let is_object = ["apiVersion", "kind"].iter().all(|key| {
        let text = top.get(key).and_then(NodeRef::as_str);
        text.is_some_and(|text| !text.is_empty())
    });
    is_object && kubeconfig::credential(top, Scrutiny::Strict).is_none()
}

/// The creation rule that names the file by an expression, unless that is for all files, or the file is one that is never encrypted.
pub(crate) fn own_rule<'r>(report: &Report<'r>) -> Option<&'r CreationRule> {
    match exempt::is_named(report.input.path, report.input.bytes) {
        true => None,
        false => matching_rule(report),
    }
}

/// The creation rule that names the file by an expression, unless that is for all files.
pub(crate) fn matching_rule<'r>(report: &Report<'r>) -> Option<&'r CreationRule> {
    // A rule without an expression is for what people encrypt by hand.
    let NamingRule { config, rule, .. } = report.naming_rule()?;
    if is_for_repository_host(report, config, rule) {
        return None;
    }
    let is_format = Format::from_path(report.input.path) != Format::Binary;
    let is_meant = is_format || !is_for_all_files(config, rule);
    (is_meant && report.is_claimed(rule)).then_some(rule)
}

/// Whether the rule also matches a path that cannot exist: then it matches everything, and does not single out this file.
fn is_for_all_files(config: &Config, rule: &CreationRule) -> bool {
    let directory = config.file().parent().unwrap_or(Path::new("/"));
    let nowhere = directory.join("\u{f8ff}").join("\u{f8ff}");
    let matched = config.creation_rule_for(&nowhere);
    matched.is_ok_and(|matched| matched.is_some_and(|matched| std::ptr::eq(matched, rule)))
}

/// Whether the file's creation rule also matches a path that cannot exist with the same extension.
pub(crate) fn has_rule_for_its_form(report: &Report<'_>) -> bool {
    report
        .creation_rule()
        .is_some_and(|(_, config, rule)| is_for_all_of_its_form(config, rule, report.input.path))
}

fn is_for_all_of_its_form(config: &Config, rule: &CreationRule, path: &Path) -> bool {
    let directory = config.file().parent().unwrap_or(Path::new("/"));
    let mut nowhere = directory.join("\u{f8ff}").join("\u{f8ff}");
    if let Some(extension) = path.extension() {
        nowhere.set_extension(extension);
    }
    let matched = config.creation_rule_for(&nowhere);
    matched.is_ok_and(|matched| matched.is_some_and(|matched| std::ptr::eq(matched, rule)))
}

/// Whether a service of the repository's host reads the file as it is. A rule for all files of an extension is not meant for anything in the
/// directories of these services, unless it has a secret.
fn is_for_repository_host(report: &Report<'_>, config: &Config, rule: &CreationRule) -> bool {
    let Input { path, bytes, .. } = *report.input;
    let place = report.input.place();
    let place = Path::new(&place);
    form::is_host_configuration(place)
        || form::is_in_host_directory(place)
            && matches!(Format::from_path(path), Format::Yaml | Format::Json)
            && is_for_all_of_its_form(config, rule, path)
            && !has_secret(&text_of(bytes))
}
