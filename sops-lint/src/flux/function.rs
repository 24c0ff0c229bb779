//! Plugins that are not built into kustomize. Flux runs no programs during a build, and fails on
//! them.

use std::path::Path;

use sops_document::{Document, Format, NodeRef};

use super::paths::clean;
use crate::input::Tree;
use crate::kustomization::{NAMES, is_plugin, items};

/// How many directories with configurations of plugins may include each other.
const MAX_DEPTH: usize = 8;

/// The kind of the first plugin that is not built in, in an entry of a list of plugins.
pub(super) fn function(
    entry: NodeRef<'_, '_>,
    directory: &Path,
    tree: &dyn Tree,
) -> Option<String> {
    let entry = entry.as_str()?;
    match entry.contains(':') && !entry.contains("://") {
        true => in_text(entry),
        false => in_path(&clean(&directory.join(entry)), tree, MAX_DEPTH),
    }
}

fn in_path(path: &Path, tree: &dyn Tree, depth: usize) -> Option<String> {
    let read = |path: &Path| String::from_utf8(tree.read(path)?).ok();
    if let Some(text) = read(path) {
        return in_text(&text);
    }
    let depth = depth.checked_sub(1)?;
    let text = NAMES.iter().find_map(|name| read(&path.join(name)))?;
    let document = Document::parse(&text, Format::Yaml).ok()?;
    let top = document.tops().flatten().next()?;
    let mut names = items(top, "resources").filter_map(NodeRef::as_str);
    names.find_map(|name| in_path(&clean(&path.join(name)), tree, depth))
}

fn in_text(text: &str) -> Option<String> {
    let document = Document::parse(text, Format::Yaml).ok()?;
    let mut objects = document
        .tops()
        .flatten()
        .filter(|top| top.get("apiVersion").is_some() && !is_plugin(*top));
    objects.find_map(|top| top.get("kind").and_then(NodeRef::as_str).map(str::to_owned))
}
