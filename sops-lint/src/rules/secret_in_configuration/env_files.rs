//! The files of variables that the services of a Compose file name.

use sops_document::{NodeRef, Shape};

/// The nodes under `env_file` of a Compose file's services that name a file.
pub(super) fn named_by<'d, 'a>(top: NodeRef<'d, 'a>) -> Vec<NodeRef<'d, 'a>> {
    let services = top.get("services").into_iter().flat_map(NodeRef::entries);
    let lists = services.filter_map(|(_, service)| service.get("env_file"));
    lists.flat_map(names).collect()
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
