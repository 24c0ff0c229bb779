//! Determines which format a file is read in, and whether the rules know its content.

use std::path::Path;

use sops_core::{is_encrypted, parse_document};
use sops_document::{Format, skip_conflict_begin};

use crate::context::Context;
use crate::unparsed::names_secret;
use crate::{file_name, kustomization};

/// The format to read the file in; `None` if the name implies none, and for a copy of a manifest.
/// SOPS may have encrypted such a file, and not necessarily as a binary file.
pub(crate) fn format_of(context: &Context<'_>, is_encrypted: bool) -> Option<Format> {
    let path = context.input.path;
    let exact = Format::from_path(path);
    let text = context.text();
    if exact != Format::Binary {
        return Some(exact);
    }
    if kustomization::is_named(path) {
        return Some(Format::Yaml);
    }
    if is_encrypted {
        return encrypted_format(path, text);
    }
    // Kubernetes accepts manifest names in any letter case.
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match &*extension {
        "yaml" | "yml" => Some(Format::Yaml),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// The format of an encrypted file whose name does not determine it. Documentation that shows such
/// a file does not count.
pub(crate) fn encrypted_format(path: &Path, text: &str) -> Option<Format> {
    if skip_conflict_begin(text.trim_start()).starts_with('{') {
        return text.contains("\"sops\"").then(|| json_or_binary(text));
    }
    let has = |begin: &str| text.lines().any(|line| line.starts_with(begin));
    let format = match () {
        () if has("sops:") => Format::Yaml,
        () if has("[sops]") => Format::Ini,
        () if has("sops_") => Format::Dotenv,
        () => return None,
    };
    let is_copy = file_name::named(path) == Some(format);
    let is_encrypted =
        || parse_document(text, format).is_ok_and(|document| is_encrypted(&document));
    (is_copy || is_encrypted()).then_some(format)
}

/// Whether encrypted JSON holds a binary file, whose one value is `data`, or is JSON.
fn json_or_binary(text: &str) -> Format {
    let document = parse_document(text, Format::Json);
    let is_binary = document.is_ok_and(|document| {
        let tops = document.tops().flatten();
        let mut keys = tops.flat_map(|top| top.entries().map(|(key, _)| key));
        keys.all(|key| key == "data")
    });
    if is_binary {
        Format::Binary
    } else {
        Format::Json
    }
}

/// Whether the rules know the content. Many files that are neither dotenv nor INI have such names,
/// and JSON begins with a brace, which may be in a merge conflict; but a creation rule for the file,
/// or a Secret in it, decides.
pub(crate) fn is_checked(format: Format, is_encrypted: bool, text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match format {
        Format::Yaml => !text.is_empty(),
        Format::Json => skip_conflict_begin(text).starts_with('{') || names_secret(text),
        Format::Dotenv => true,
        Format::Ini => is_encrypted,
        _ => is_encrypted,
    }
}
