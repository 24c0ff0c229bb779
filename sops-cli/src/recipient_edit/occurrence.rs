//! The recipients in a `.sops.yaml`, and their names: the comments at the end of their lines.

use std::ops::Range;

use sops_core::Document;
use sops_core::document::{NodeRef, Shape};
use sops_core::keys::{Family, MasterKey};

/// The keys of a creation rule or key group that contain recipients with names.
const FIELDS: [&str; 2] = ["age", "pgp"];

/// A rule, or a key group of a rule, with the mapping that holds its keys.
#[derive(Clone, Copy)]
pub(super) struct KeyHolder<'d, 'a> {
    /// The index of the rule.
    pub(super) rule: usize,
    /// The index of the key group.
    pub(super) group: usize,
    pub(super) node: NodeRef<'d, 'a>,
}

/// A recipient in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    pub(crate) rule: usize,
    pub(crate) group: usize,
    /// The key that the recipient is under, such as `age`.
    pub(crate) field: &'static str,
    pub(crate) recipient: String,
    /// The comment at the end of its line, if no other recipient is on the line.
    pub(crate) name: Option<String>,
}

impl Occurrence {
    /// The recipient as a master key.
    pub(crate) fn key(&self) -> Option<MasterKey> {
        let family = match self.field {
            "pgp" => Family::Pgp,
            _ => Family::Age,
        };
        let keys = MasterKey::from_list(family, &self.recipient).ok()?;
        keys.into_iter().next()
    }
}

/// A recipient in the text.
pub(super) struct Place<'d, 'a> {
    pub(super) found: Occurrence,
    /// The mapping that holds the keys.
    pub(super) holder: KeyHolder<'d, 'a>,
    /// The value of the key that the recipient is under.
    pub(super) field: NodeRef<'d, 'a>,
    /// The string, or the alias of it, that contains the recipient.
    pub(super) item: NodeRef<'d, 'a>,
    /// How many recipients the string contains.
    pub(super) count: usize,
}

/// The recipients of all creation rules, in the order of the text.
pub(crate) fn occurrences(document: &Document<'_>) -> Vec<Occurrence> {
    places(document)
        .into_iter()
        .map(|place| place.found)
        .collect()
}

/// The mappings that hold keys, with those of the groups that they merge.
pub(super) fn holders<'d, 'a>(document: &'d Document<'a>) -> Vec<KeyHolder<'d, 'a>> {
    let top = document.tops().next().flatten();
    let rules = top.and_then(|top| top.get("creation_rules"));
    let mut holders = Vec::new();
    for (rule, node) in rules.iter().flat_map(|rules| rules.items()).enumerate() {
        let groups: Vec<_> = node
            .get("key_groups")
            .iter()
            .flat_map(|groups| groups.items())
            .collect();
        if groups.is_empty() {
            let group = 0;
            holders.push(KeyHolder { rule, group, node });
        }
        for (group, node) in groups.into_iter().enumerate() {
            let mut open = vec![node];
            while let Some(node) = open.pop() {
                holders.push(KeyHolder { rule, group, node });
                let merged = node.get("merge");
                open.extend(merged.iter().flat_map(|merged| merged.items()));
            }
        }
    }
    holders
}

pub(super) fn places<'d, 'a>(document: &'d Document<'a>) -> Vec<Place<'d, 'a>> {
    let mut places = Vec::new();
    for holder in holders(document) {
        for name in FIELDS {
            let Some(field) = holder.node.get(name) else {
                continue;
            };
            let items: Vec<_> = match field.shape() {
                Shape::Sequence => field.items().collect(),
                _ => vec![field],
            };
            for item in items {
                let text = item.as_str().unwrap_or_default();
                let parts: Vec<&str> = parts(text).collect();
                for part in &parts {
                    let found = Occurrence {
                        rule: holder.rule,
                        group: holder.group,
                        field: name,
                        recipient: (*part).to_owned(),
                        name: match parts.len() {
                            1 => name_of(document, item),
                            _ => None,
                        },
                    };
                    places.push(Place {
                        found,
                        holder,
                        field,
                        item,
                        count: parts.len(),
                    });
                }
            }
        }
    }
    places
}

/// The recipients in a string.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// The name of a recipient: the comment on its line or, for an alias, on the line of the anchor.
fn name_of(document: &Document<'_>, item: NodeRef<'_, '_>) -> Option<String> {
    let text = document.text();
    let on_line = |span: Range<usize>| {
        let rest = &text[span.end..line_end(text, span.end)];
        // Another value on the line would make it unclear whom the comment names.
        let comment = rest.trim_start().strip_prefix('#')?;
        let before = &text[line_start(text, span.start)..span.start];
        let is_alone = !before.contains(['[', '{', ',']);
        let name = comment.trim();
        (is_alone && !name.is_empty()).then(|| name.to_owned())
    };
    on_line(item.span()).or_else(|| on_line(item.origin().span()))
}

/// The offset of the line that contains `at`.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of the line that contains `at`, without its line break.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    match text[..end].ends_with('\r') {
        true => end - 1,
        false => end,
    }
}

/// The offset of the line after the one that contains `at`.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}
