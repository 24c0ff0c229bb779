//! A mode that lets users other than the owner and the group read a Secret's files.

use sops_document::NodeRef;
use sops_document::tree::Node;

use crate::check::Check;
use crate::context::Context;
use crate::finding::Fix;
use crate::object::{Object, Pod};
use crate::rule::{FixAvailability, Rule, Severity};

pub(crate) static RULE: Rule = Rule {
    code: "SL008",
    name: "secret-mode-open",
    severity: Severity::Warning,
    fix: FixAvailability::Sometimes,
    page: include_str!("secret_mode.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

/// Reading, writing and executing by others.
const OTHERS: u32 = 0o007;

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for pod in &object.pods {
        let can_tighten = can_read_as_group(pod);
        for (_, volume) in pod.volumes() {
            let secrets = Pod::secret_sources(volume);
            let projected = volume.get("projected").filter(|_| !secrets.is_empty());
            for source in secrets.iter().copied().chain(projected) {
                mode(source, "defaultMode", can_tighten, context);
                for item in source.get("items").into_iter().flat_map(NodeRef::items) {
                    mode(item, "mode", can_tighten, context);
                }
            }
        }
    }
}

/// Whether the pod's users can read what its group can. The files belong to root, and to the group
/// `fsGroup` if there is one.
fn can_read_as_group(pod: &Pod<'_, '_>) -> bool {
    let context = |node: NodeRef<'_, '_>, key| node.at(&["securityContext", key]).is_some();
    let is_other = |node| context(node, "runAsUser") || context(node, "runAsNonRoot");
    let each = pod.containers.iter().copied();
    context(pod.node, "fsGroup") || !each.chain([pod.node]).any(is_other)
}

fn mode(holder: NodeRef<'_, '_>, key: &str, can_tighten: bool, context: &mut Context<'_>) {
    let number = holder
        .get(key)
        .and_then(|node| Some((node, node.scalar_text()?.parse::<u32>().ok()?)));
    let Some((node, mode)) = number.filter(|(_, mode)| mode & OTHERS != 0) else {
        return;
    };
    let tight = mode & !OTHERS;
    let source = &context.text()[node.span()];
    let text = match source.strip_prefix("0o") {
        Some(_) => format!("0o{tight:o}"),
        None if source.starts_with('0') => format!("0{tight:o}"),
        None => tight.to_string(),
    };
    let is_number = source.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let entry = holder.new_entry(key, Node::from_json(&tight.into()));
    let fix = Some(Fix::Entry(entry.spelled(text)));
    context
        .report_node(
            node,
            format!("others can read the files of the Secret: the mode is {mode:04o}"),
        )
        .help(format!(
            "set it to {tight:04o}; with `fsGroup`, the container's group can read them"
        ))
        .fix(fix.filter(|_| is_number && can_tighten));
}
