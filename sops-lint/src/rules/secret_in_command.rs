//! A secret in a command line or in a probe's header.

use sops_document::NodeRef;

use crate::check::Check;
use crate::context::Context;
use crate::object::Object;
use crate::rule::{FixAvailability, Rule, Severity};
use crate::secret_detection::arguments::in_header;
use crate::secret_detection::in_words;
use crate::shown_name::shown_name;

pub(crate) static RULE: Rule = Rule {
    code: "SL006",
    name: "secret-in-command",
    severity: Severity::Error,
    fix: FixAvailability::Never,
    page: include_str!("secret_in_command.md"),
};

pub(crate) const CHECKS: &[Check] = &[Check::Object(check)];

const HELP: &str = "anyone who can list processes or pods can read it; let the program read it from a mounted file";

fn check(object: &Object<'_, '_>, context: &mut Context<'_>) {
    for (_, container) in object.containers() {
        command(container, context);
        let lifecycle = container.get("lifecycle");
        let handlers = ["postStart", "preStop"].map(|key| lifecycle.and_then(|all| all.get(key)));
        let probes =
            ["livenessProbe", "readinessProbe", "startupProbe"].map(|key| container.get(key));
        for handler in probes.into_iter().chain(handlers).flatten() {
            handler
                .get("exec")
                .into_iter()
                .for_each(|exec| command(exec, context));
            let headers = handler.at(&["httpGet", "httpHeaders"]);
            for header in headers.into_iter().flat_map(NodeRef::items) {
                let text = |key| header.get(key).and_then(NodeRef::as_str);
                let (Some(name), Some(value)) = (text("name"), text("value")) else {
                    continue;
                };
                if let (Some(likeness), Some(node)) = (in_header(name, value), header.get("value"))
                {
                    let message = format!(
                        "the header `{}` of a probe contains {}",
                        shown_name(name),
                        likeness.description()
                    );
                    context.report_node(node, message).help(HELP);
                }
            }
        }
    }
}

/// Reports the secrets in `command` and `args`.
pub(crate) fn command(node: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let words = ["command", "args"].map(|key| node.get(key));
    let words: Vec<_> = words
        .into_iter()
        .flatten()
        .flat_map(NodeRef::items)
        .collect();
    line(&words, context);
}

/// Reports the secrets in the words of a command line.
pub(crate) fn line(words: &[NodeRef<'_, '_>], context: &mut Context<'_>) {
    let texts: Vec<_> = words
        .iter()
        .map(|word| word.scalar_text().unwrap_or_default())
        .collect();
    for (word, secrets) in words.iter().zip(in_words(&texts)) {
        context.report_secrets(*word, secrets, format_args!("the command line"), HELP);
    }
}
