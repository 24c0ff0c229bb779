//! Patches of JSON 6902: lists of operations, each with a path and a value.

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_document::{NodeRef, Shape};

use super::merge;
use super::written::WrittenValues;
use crate::context::Context;
use crate::manifest::{first_secret_under, is_operation};
use crate::rules::{
    literal_secret_in_env as env, plaintext_secret, secret_in_command as command,
    secret_in_config_map as config_map, secret_in_configuration as configuration,
    secret_in_helm_values as helm_values, secret_in_metadata as metadata,
};
use crate::scrutiny::is_open_reference;
use crate::secret::{SECRET_PARTS, may_hold_values, secret_fields};
use crate::shown_name::shown_name;

/// Whether `text` begins like a list and may contain operations, whose keys an escape may hide.
pub(super) fn may_be_list(text: &str) -> bool {
    let has = |word| text.contains(word);
    if !(has("op") && has("path") || has("\\")) {
        return false;
    }
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        rest = match rest.chars().next() {
            Some('#' | '%') => rest.split_once('\n').map_or("", |(_, rest)| rest),
            Some('!' | '&') => rest.trim_start_matches(|c: char| !c.is_whitespace()),
            Some('-') if rest.starts_with("---") => &rest["---".len()..],
            Some('[') => return true,
            Some('-') => return rest[1..].starts_with(char::is_whitespace),
            _ => return false,
        };
    }
}

/// Checks the operations of a list for objects of a kind, which may be empty. Returns whether there
/// are any operations.
pub(super) fn look_at_list(
    list: NodeRef<'_, '_>,
    kind: &'static str,
    context: &mut Context<'_>,
) -> bool {
    let mut is_patch = false;
    let mut written = WrittenValues::default();
    let mut target = OperationTarget {
        kind,
        seen: HashSet::new(),
    };
    for operation in list.items().filter(|item| is_operation(*item)) {
        is_patch = true;
        let text = |key| operation.get(key).and_then(NodeRef::as_str);
        let path = text("path").unwrap_or_default();
        match text("op") {
            Some("add" | "replace" | "test") => {
                if let Some(value) = operation.get("value") {
                    look_at(&parts(path), value, &mut target, context);
                    written.set(path, value);
                }
            }
            Some("copy" | "move") => {
                for (path, value) in written.moved(text("from").unwrap_or_default(), path) {
                    let path_parts = parts(&path);
                    if path_parts.first().is_none_or(|part| is_part(part, kind)) {
                        look_at(&path_parts, value, &mut target, context);
                    }
                    written.set(&path, value);
                }
            }
            _ => {}
        }
    }
    is_patch
}

/// The first value in a list of operations that is a secret by its text, and by its key or the last
/// key of its path.
pub(crate) fn credential<'d, 'a>(
    list: NodeRef<'d, 'a>,
    is_secret: impl Fn(&str, &str) -> bool,
) -> Option<NodeRef<'d, 'a>> {
    list.items().find_map(|operation| {
        let path = operation.get("path").and_then(NodeRef::as_str);
        let mut keys = path.unwrap_or_default().rsplit('/');
        let is_index = |key: &str| key == "-" || key.bytes().all(|byte| byte.is_ascii_digit());
        let last = keys.find(|key| !is_index(key)).unwrap_or_default();
        operation.entries().find_map(|(key, node)| {
            let key = match key {
                "op" | "path" | "from" => return None,
                "value" => last,
                key => key,
            };
            first_secret_under(key, node, &is_secret)
        })
    })
}

/// The keys of a path.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').skip(1);
    parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// The object that a list of operations patches.
struct OperationTarget {
    /// The kind of the object; empty if unknown.
    kind: &'static str,
    /// The values from aliases that were already checked, each with the field that it is for.
    seen: HashSet<(Range<usize>, String)>,
}

impl OperationTarget {
    /// Whether to check a value: an alias may repeat it endlessly.
    fn is_new(&mut self, value: NodeRef<'_, '_>, field: &str) -> bool {
        let origin = value.origin().span();
        origin == value.span() || self.seen.insert((origin, field.to_owned()))
    }
}

/// Applies the rules to the value that an operation writes at a path.
fn look_at(
    path: &[String],
    value: NodeRef<'_, '_>,
    target: &mut OperationTarget,
    context: &mut Context<'_>,
) {
    let kind = target.kind;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let field = match &*path {
        [field, ..] if SECRET_PARTS.contains(field) => (*field).to_owned(),
        path => path
            .last()
            .map_or_else(String::new, |last| format!("/{last}")),
    };
    if !target.is_new(value, &field) {
        return;
    }
    match &*path {
        [] => merge::look_at([value].into_iter(), kind, context),
        [part, below @ ..] if is_part(part, kind) => {
            let key = below.first().unwrap_or(part);
            entries(part, key, value, target, context);
        }
        [.., "env"] | [.., "env", _] => {
            context.set_rule(&env::RULE, None);
            env::variables(value, context);
            env::variable(value, context);
        }
        [.., "env", _, "value"] => {
            context.set_rule(&env::RULE, None);
            env::value_of("", value, context);
        }
        [.., "command" | "args"] => {
            context.set_rule(&command::RULE, None);
            command::line(&value.items().collect::<Vec<_>>(), context);
        }
        [.., "command" | "args", _] => {
            context.set_rule(&command::RULE, None);
            command::line(&[value], context);
        }
        [.., "metadata", list @ ("annotations" | "labels")] => {
            context.set_rule(&metadata::RULE, None);
            for (name, child) in value.entries() {
                metadata::entry(list, name, child, context);
            }
        }
        [.., "metadata", list @ ("annotations" | "labels"), name] => {
            context.set_rule(&metadata::RULE, None);
            metadata::entry(list, name, value, context);
        }
        path => {
            context.set_rule(&helm_values::RULE, None);
            if helm_values::at_path(path, value, kind, context) {
                return;
            }
            context.set_rule(&configuration::RULE, None);
            if !configuration::at_path(path, value, context) {
                in_containers(value, context);
            }
        }
    }
}

/// Whether values of a Secret may be under a field of an object. The field must be spelled
/// correctly unless the object is known to be a Secret.
fn is_part(field: &str, kind: &str) -> bool {
    SECRET_PARTS.contains(&field) || kind == "Secret" && may_hold_values(field)
}

/// Checks the scalars of a value under a part, at any depth: Kubernetes refuses lists and mappings
/// there, but their values are in the file.
fn entries(
    part: &str,
    key: &str,
    value: NodeRef<'_, '_>,
    target: &mut OperationTarget,
    context: &mut Context<'_>,
) {
    let mut open = vec![(key.to_owned(), value)];
    while let Some((key, node)) = open.pop() {
        if node.shape() == Shape::Scalar {
            // An operation may move a value that was already reported.
            let site = (node.span(), "reported".to_owned());
            let before = context.findings.len();
            if !target.seen.contains(&site) {
                entry(part, &key, node, target.kind, context);
            }
            if context.findings.len() > before {
                target.seen.insert(site);
            }
            continue;
        }
        let begin = open.len();
        let items = node.items().map(|item| (key.clone(), item));
        let fields = secret_fields(node).into_iter();
        let fields = fields.map(|field| (field.name.to_owned(), field.node));
        let below = items.chain(fields);
        open.extend(below.filter(|(_, node)| target.is_new(*node, &format!("{part}/"))));
        // Visit the values in the order of the text.
        open[begin..].reverse();
    }
}

/// Checks a key of a Secret or of a ConfigMap. If the kind is unknown, base64 suggests a Secret.
pub(super) fn entry(
    part: &str,
    key: &str,
    value: NodeRef<'_, '_>,
    kind: &str,
    context: &mut Context<'_>,
) {
    let text = value.scalar_text().unwrap_or_default().trim();
    let packed: String = text.split_whitespace().collect();
    let decoded = STANDARD.decode(packed).ok();
    let decoded = decoded.filter(|_| part == "data").map(String::from_utf8);
    let is_of_secret = match kind {
        "Secret" => true,
        "" => {
            let is_text = |text: &String| !text.is_empty() && !text.contains(char::is_control);
            part == "stringData"
                || decoded
                    .as_ref()
                    .is_some_and(|text| text.as_ref().is_ok_and(is_text))
        }
        _ => part == "stringData",
    };
    if !is_of_secret {
        context.set_rule(&config_map::RULE, None);
        config_map::data(key, value, context);
        return;
    }
    let plaintext = match &decoded {
        Some(Ok(plaintext)) => plaintext.trim(),
        _ => text,
    };
    let is_binary = matches!(decoded, Some(Err(_)));
    if value.shape() == Shape::Scalar
        && (is_binary || !is_open_reference(plaintext))
        && !is_open_reference(text)
    {
        context.set_rule(&plaintext_secret::RULE, None);
        context
            .report_node(
                value,
                format!(
                    "a patch contains a value of a Secret in plaintext: `{}`",
                    shown_name(key)
                ),
            )
            .help(merge::HELP);
    }
}

/// Checks the containers in a larger part of an object.
fn in_containers(value: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let mut open = vec![value];
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for (key, child) in node.entries() {
            match key {
                "env" => {
                    context.set_rule(&env::RULE, None);
                    env::variables(child, context);
                }
                _ => open.push(child),
            }
        }
        context.set_rule(&command::RULE, None);
        command::command(node, context);
    }
}
