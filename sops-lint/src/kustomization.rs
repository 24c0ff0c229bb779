//! Kustomizations, and the configurations of kustomize's built-in plugins. Kustomize ignores the
//! letter case of the keys of a kustomization.

use std::path::Path;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use sops_document::{NodeRef, Shape};

/// The names under which kustomize looks for a kustomization.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Keys and kinds of kustomizations, replacements and plugins that may bring in the value of a
/// Secret.
const WORDS: [&str; 9] = [
    "secretgenerator",
    "patchtransformer",
    "patchjson6902transformer",
    "patchstrategicmergetransformer",
    "valueaddtransformer",
    "patches",
    "patchesstrategicmerge",
    "patchesjson6902",
    "sourcevalue",
];

/// Other signs that a manifest may have one of [`WORDS`]: an escape may hide the word, and plugins
/// may be in strings.
const HIDDEN: [&str; 3] = ["\\u", "\\x", "builtin"];

/// Whether kustomize treats a file with this name as a kustomization.
pub(crate) fn is_named(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| NAMES.contains(&name))
}

/// Whether a manifest may have a generator, a patch or a plugin of kustomize in it.
pub(crate) fn may_bring_values(text: &str) -> bool {
    // In lower case, because a search that ignores the letter case is ten times slower.
    static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let words = WORDS.iter().chain(&HIDDEN);
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(words);
        finder.expect("the words are few enough for one search")
    });
    FINDER.is_match(&text.to_ascii_lowercase())
}

/// Whether `text` seems to be a kustomization, a replacement or a plugin: one of the words is a
/// key, or the value of one.
pub(crate) fn seems_to_be(text: &str) -> bool {
    static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| finder(WORDS.iter()));
    let mut words = FINDER.find_iter(text);
    words.any(|word| {
        let is_blank = |c: char| c.is_ascii_whitespace() || c == '"' || c == '\'';
        let after = text[word.end()..].trim_start_matches(is_blank);
        let before = text[..word.start()].trim_end_matches(is_blank);
        after.starts_with(':') || before.ends_with(':')
    })
}

fn finder<'w>(words: impl Iterator<Item = &'w &'w str>) -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(words)
        .expect("the words are few enough for one search")
}

/// The values of a key in any letter case, including those of merged mappings.
pub(crate) fn fields<'d, 'a>(mapping: NodeRef<'d, 'a>, key: &str) -> Vec<NodeRef<'d, 'a>> {
    let of = |mapping: NodeRef<'d, 'a>, key: &str| -> Vec<_> {
        let entries = mapping.entries();
        let entries = entries.filter(|(name, _)| name.eq_ignore_ascii_case(key));
        entries.map(|(_, node)| node).collect()
    };
    let mut fields = of(mapping, key);
    for merged in of(mapping, "<<") {
        match merged.shape() {
            Shape::Sequence => fields.extend(merged.items().flat_map(|item| of(item, key))),
            _ => fields.extend(of(merged, key)),
        }
    }
    fields
}

/// The text under a key in any letter case.
pub(crate) fn text<'d>(mapping: NodeRef<'d, '_>, key: &str) -> Option<&'d str> {
    fields(mapping, key).into_iter().find_map(NodeRef::as_str)
}

/// The items of the lists under a key in any letter case.
pub(crate) fn items<'d, 'a>(
    mapping: NodeRef<'d, 'a>,
    key: &str,
) -> impl Iterator<Item = NodeRef<'d, 'a>> + use<'d, 'a> {
    fields(mapping, key).into_iter().flat_map(NodeRef::items)
}

/// Whether the node configures a built-in plugin, in a separate file or text.
pub(crate) fn is_plugin(node: NodeRef<'_, '_>) -> bool {
    node.get("apiVersion").and_then(NodeRef::as_str) == Some("builtin")
}

/// The files that a generator reads, each with the node that names it: a name, or `key=file` in the
/// list `files`.
pub(crate) fn files<'d, 'a>(
    generator: NodeRef<'d, 'a>,
) -> impl Iterator<Item = (NodeRef<'d, 'a>, &'d str)> {
    let files = items(generator, "files").filter_map(|file| {
        let text = file.as_str()?;
        Some((file, text.split_once('=').map_or(text, |(_, name)| name)))
    });
    // The old form, a single file of variables, is not a list.
    let envs = items(generator, "envs").chain(fields(generator, "env"));
    files.chain(envs.filter_map(|file| Some((file, file.as_str()?))))
}

/// The keys that have lists of patches, the old ones too.
pub(crate) const PATCH_LISTS: [&str; 3] = ["patches", "patchesStrategicMerge", "patchesJson6902"];

/// A key to put before a list, because a document must be a mapping.
const LIST_KEY: &str = "patch:\n  ";

/// A list as the value of a key; `None` if `text` is not a list.
pub(crate) fn list_under_key(text: &str) -> Option<String> {
    let is_said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let mut lines = text.lines().map(str::trim).filter(is_said);
    let first = lines.find(|line| !line.starts_with("---"))?;
    let is_list = first == "-" || first.starts_with("- ") || first.starts_with('[');
    // A document marker is not allowed below a key; a comment of the same length keeps all
    // positions.
    let lines = text.split('\n').map(|line| match line.strip_prefix("---") {
        Some(rest) => format!("#--{rest}"),
        None => line.to_owned(),
    });
    is_list.then(|| format!("{LIST_KEY}{}", lines.collect::<Vec<_>>().join("\n  ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kustomization_is_recognized_by_its_keys() {
        for (text, expected) in [
            ("secretGenerator:\n", true),
            ("a: b\nSecretGenerator : []\n", true),
            ("{\"patches\": []}", true),
            ("patchesStrategicMerge: []\n", true),
            ("kind: 'PatchTransformer'\n", true),
            ("- sourceValue: a\n", true),
            ("the patches of a secretGenerator\n", false),
            ("configMapGenerator: []\n", false),
            ("", false),
        ] {
            assert_eq!(seems_to_be(text), expected, "{text}");
        }
    }
}
