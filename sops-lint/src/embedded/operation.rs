//! Patches of JSON 6902: lists of operations, each with a path and a value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::document::{NodeRef, Shape};

use crate::report::Report;
use crate::rules::literal_secret_in_env as env;
use crate::rules::plaintext_secret;
use crate::rules::secret_in_command as command;
use crate::rules::secret_in_config_map as config_map;
use crate::rules::secret_in_helm_values as helm_values;
use crate::rules::secret_in_metadata as metadata;
use crate::secret::SECRET_PARTS;

/// What to do about a Secret in a patch.
pub(super) const HELP: &str = "SOPS cannot encrypt a patch: put the values into a Secret in a file of its own, and encrypt that with `sops-rs encrypt -i`";

/// Checks the operations of a list for objects of a kind, which may be empty. Returns whether there are any operations.
pub(super) fn look_at_list(list: NodeRef<'_, '_>, kind: &str, report: &mut Report<'_>) -> bool {
    let mut is_patch = false;
    for operation in list.items().filter(|item| is_operation(*item)) {
        is_patch = true;
        let text = |key| operation.get(key).and_then(NodeRef::as_str);
        let path: Vec<String> = text("path")
            .into_iter()
            .flat_map(|path| path.split('/').skip(1))
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_written = matches!(text("op"), Some("add" | "replace" | "test"));
        if let Some(value) = operation.get("value").filter(|_| is_written) {
            look_at(&path, value, kind, report);
        }
    }
    is_patch
}

fn is_operation(item: NodeRef<'_, '_>) -> bool {
    let text = |key| item.get(key).and_then(NodeRef::as_str);
    let operations = ["add", "replace", "remove", "test", "copy", "move"];
    text("op").is_some_and(|op| operations.contains(&op)) && text("path").is_some()
}

/// Asks the rules about the value that an operation writes at a path.
fn look_at(path: &[&str], value: NodeRef<'_, '_>, kind: &str, report: &mut Report<'_>) {
    match path {
        [part] if SECRET_PARTS.contains(part) => {
            for (key, child) in value.entries() {
                entry(part, key, child, kind, report);
            }
        }
        [part, key] if SECRET_PARTS.contains(part) => entry(part, key, value, kind, report),
        [.., "env"] | [.., "env", _] => {
            report.of(&env::RULE, None);
            env::variables(value, report);
            env::variable(value, report);
        }
        [.., "env", _, "value"] => {
            report.of(&env::RULE, None);
            env::value_of("", value, report);
        }
        [.., "command" | "args"] => {
            report.of(&command::RULE, None);
            command::line(&value.items().collect::<Vec<_>>(), report);
        }
        [.., "command" | "args", _] => {
            report.of(&command::RULE, None);
            command::line(&[value], report);
        }
        [.., "metadata", list @ ("annotations" | "labels")] => {
            report.of(&metadata::RULE, None);
            for (name, child) in value.entries() {
                metadata::entry(list, name, child, report);
            }
        }
        [.., "metadata", list @ ("annotations" | "labels"), name] => {
            report.of(&metadata::RULE, None);
            metadata::entry(list, name, value, report);
        }
        ["spec", "values", .., key] if kind == "HelmRelease" => {
            report.of(&helm_values::RULE, None);
            helm_values::tree(key, value, report);
        }
        ["spec", "values"] if kind == "HelmRelease" => {
            report.of(&helm_values::RULE, None);
            helm_values::tree("values", value, report);
        }
        _ => in_containers(value, report),
    }
}

/// A key of a Secret or of a ConfigMap. What is in base64 is of a Secret, if nothing says otherwise.
fn entry(part: &str, key: &str, value: NodeRef<'_, '_>, kind: &str, report: &mut Report<'_>) {
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
        report.of(&config_map::RULE, None);
        config_map::data(key, value, report);
        return;
    }
    let said = match &decoded {
        Some(Ok(said)) => said.trim(),
        _ => text,
    };
    let is_binary = matches!(decoded, Some(Err(_)));
    if value.shape() == Shape::Scalar
        && (is_binary || !plaintext_secret::is_open_reference(said))
        && !plaintext_secret::is_open_reference(text)
    {
        report.of(&plaintext_secret::RULE, None);
        report
            .node(
                value,
                format!("a patch has the value of a Secret in plaintext: `{key}`"),
            )
            .help(HELP);
    }
}

/// The containers in a larger part of an object.
fn in_containers(value: NodeRef<'_, '_>, report: &mut Report<'_>) {
    let mut open = vec![value];
    while let Some(node) = open.pop() {
        open.extend(node.items());
        for (key, child) in node.entries() {
            match key {
                "env" => {
                    report.of(&env::RULE, None);
                    env::variables(child, report);
                }
                _ => open.push(child),
            }
        }
        report.of(&command::RULE, None);
        command::command(node, report);
    }
}
