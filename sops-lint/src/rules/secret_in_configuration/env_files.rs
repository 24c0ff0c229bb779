//! The files of variables that the services of a Compose file name, whatever those are called.

use std::path::Path;

use sops_document::{NodeRef, Shape};

use super::{HELP, is_sample, texts};
use crate::context::Context;
use crate::secret_detection::in_text;
use crate::shown_name::shown_name;

/// Reports the files with secrets, each where a service names it.
pub(super) fn check(top: NodeRef<'_, '_>, context: &mut Context<'_>) {
    let services = top.get("services").into_iter().flat_map(NodeRef::entries);
    let lists = services.filter_map(|(_, service)| service.get("env_file"));
    for node in lists.flat_map(names) {
        let name = node.as_str().unwrap_or_default();
        let directory = context.input.path.parent().unwrap_or(Path::new("/"));
        let path = directory.join(name);
        // A dotenv file is looked at by itself.
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

/// The names in `env_file`: one, or a list of names and of mappings with a `path`.
fn names<'d, 'a>(node: NodeRef<'d, 'a>) -> Vec<NodeRef<'d, 'a>> {
    match node.shape() {
        Shape::Scalar => vec![node],
        Shape::Mapping => Vec::new(),
        Shape::Sequence => {
            let items = node.items();
            let paths = items.filter_map(|item| match item.shape() {
                Shape::Mapping => item.get("path"),
                _ => Some(item),
            });
            paths.collect()
        }
    }
}
