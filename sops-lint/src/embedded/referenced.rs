//! Patch files that a kustomization names: the target can show that a patch is for a Secret.

use std::path::Path;

use sops_document::NodeRef;

use super::operation::may_be_list;
use super::patch_text::in_text;
use super::traversal::Traversal;
use crate::context::Context;
use crate::file_name;
use crate::frame::TextFrame;
use crate::rules::PLAINTEXT_SECRET;
use crate::unparsed::names_secret;

/// How many bytes of files are read for one document: a kustomization may name the same file in
/// many ways.
const MOST: usize = 64 << 20;

/// Reports a file with values of a Secret that is not reported by itself, because only the patch's
/// target shows that it is for a Secret.
pub(super) fn look_at(
    file: NodeRef<'_, '_>,
    kind: &'static str,
    traversal: &mut Traversal,
    context: &mut Context<'_>,
) {
    let Some(name) = file.as_str() else {
        return;
    };
    let name = name.trim_start_matches("./");
    let is_named = file_name::named(Path::new(name)).is_some();
    // The rules check a file with a known extension like any other.
    if is_named && kind != "Secret" || !traversal.files.insert((name.to_owned(), kind)) {
        return;
    }
    if traversal.read > MOST {
        return;
    }
    let directory = context.input.path.parent().unwrap_or(Path::new("/"));
    let content = context.input.tree.read(&directory.join(name));
    let Some(text) = content.and_then(|content| String::from_utf8(content).ok()) else {
        return;
    };
    traversal.read += text.len();
    let (span, path) = match &traversal.outer {
        Some(outer) => outer.clone(),
        None => (file.span(), file.path()),
    };
    let before = context.findings.len();
    let mut found_as = |kind| {
        let frame = TextFrame::at(&text, span.clone(), path.clone());
        in_text(&text, kind, frame, context);
        let mut findings = context.findings.split_off(before);
        // The values of a Secret matter more than a name that looks like a secret.
        findings.sort_by_key(|finding| finding.rule.code != PLAINTEXT_SECRET.code);
        findings.into_iter().next()
    };
    let alone = found_as("");
    let is_reported = is_named || names_secret(&text) || may_be_list(&text);
    if alone.is_some() && is_reported {
        return;
    }
    let finding = match kind {
        "Secret" => found_as(kind),
        _ => alone,
    };
    if let Some(mut finding) = finding {
        finding.message = match finding.rule.code == PLAINTEXT_SECRET.code {
            true => format!("the patch file `{name}` contains a value of a Secret in plaintext"),
            false => format!("in the patch file `{name}`, {}", finding.message),
        };
        context.findings.push(finding);
    }
}
