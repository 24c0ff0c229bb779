//! Finds the lines of a manifest among other lines, with any indentation and any marks before each
//! line: `# `, `> `, `// `, `12 | `.

use std::ops::Range;

use sops_document::{Document, NodeRef};
use sops_printable::{ceil_char_boundary, floor_char_boundary};

use super::excerpt::Excerpt;
use super::judge::ValueJudge;
use super::quoted_value::QuotedValue;
use crate::object::objects;
use crate::secret::secret_fields;
use crate::unparsed::{literal as in_lines, names_secret};
use crate::{kubeconfig, template};

const KIND: &str = "kind";

/// How many bytes of a manifest before and after its kind are read.
const LENGTH: usize = 32 * 1024;

/// A line of text, without its line break.
#[derive(Clone, Copy)]
struct Line<'t> {
    start: usize,
    text: &'t str,
}

/// The text before the keys of an object on each line.
struct Margin<'t> {
    /// The part that is not white space.
    mark: &'t str,
    /// The length in bytes.
    column: usize,
}

/// The first value that looks like a secret, in the object whose `kind` is at this position.
pub(super) fn shown(text: &str, at: usize, judge: &ValueJudge) -> Option<QuotedValue> {
    let start = ceil_char_boundary(text, at.saturating_sub(LENGTH));
    let window = &text[start..floor_char_boundary(text, at + LENGTH)];
    around(window, at - start, judge)
        .into_iter()
        .find_map(|block| {
            let shown = in_block(&block.text, judge)?;
            let span = block.place(&shown.span);
            // The last line of the text may lack the end that each line of the block has.
            let end = (start + span.end).min(text.len());
            Some(QuotedValue {
                span: start + span.start..end,
                ..shown
            })
        })
}

fn in_block(text: &str, judge: &ValueJudge) -> Option<QuotedValue> {
    if !judge.may_read(text.len()) || !may_have_values(text) {
        return None;
    }
    let filled = template::filled(text);
    let Ok(document) = Document::parse_leniently(filled.as_deref().unwrap_or(text)) else {
        let literal = in_lines(text, names_secret, |line| {
            judge.is_secret(line.key, line.value)
        });
        return literal.map(QuotedValue::from);
    };
    let is_open = |key: &str, node: NodeRef<'_, '_>, span: &Range<usize>| {
        let source = text.get(span.clone()).unwrap_or_default();
        let is_filled = filled.is_some() && template::has_action(source);
        let value = match is_filled {
            true => source,
            false => node.scalar_text().unwrap_or_default(),
        };
        judge.is_secret(key, value)
    };
    let objects = objects(&document);
    let secrets = objects
        .iter()
        .filter(|object| object.is_secret() && !object.is_deletion());
    let fields = secrets.flat_map(|object| secret_fields(object.node));
    let fields: Vec<_> = fields.filter(|field| field.holds_values()).collect();
    let mut values = fields.iter().flat_map(|field| field.values());
    let value = values.find(|value| is_open(value.key, value.node, &value.origin));
    if let Some(value) = value {
        return Some(QuotedValue {
            span: value.origin.clone(),
            key: value.key.to_owned(),
            is_kubeconfig: false,
        });
    }
    let is_credential = |key: &str, node: NodeRef<'_, '_>| is_open(key, node, &node.span());
    let mut tops = document.tops().flatten();
    let (key, node) = tops.find_map(|top| kubeconfig::find(top, is_credential))?;
    Some(QuotedValue {
        span: node.span(),
        key: key.to_owned(),
        is_kubeconfig: true,
    })
}

/// Whether the text has the name of a field with values: most mentions of the kind only refer to a
/// Secret.
fn may_have_values(text: &str) -> bool {
    let mut words = text.as_bytes().windows(4);
    words.any(|word| word.eq_ignore_ascii_case(b"data") || word == b"user")
}

/// The manifest around a key `kind`, without the text before its lines; several if it can be read
/// in several ways.
fn around(text: &str, at: usize, judge: &ValueJudge) -> Vec<Excerpt> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let quote = text[start..at]
        .chars()
        .next_back()
        .filter(|c| "\"'`".contains(*c));
    let is_quoted = quote.is_some_and(|quote| text[at + KIND.len()..].starts_with(quote));
    let key = at - usize::from(is_quoted);
    if let Some(range) = flow(text, start, key, judge) {
        let mut block = Excerpt::default();
        block.push(&text[range.clone()], range.start);
        return vec![block];
    }
    let own = Line::at(text, start);
    let before = &text[start..key];
    // The first line of a string in a program is not indented like the others.
    if quote.is_some() && !is_quoted {
        let column = own.next(text).map_or(0, |line| line.indentation(0));
        return vec![Margin { mark: "", column }.block(text, own, before.len(), false)];
    }
    let column = before.len();
    let marked = Margin {
        mark: before.trim_end(),
        column,
    };
    let marked = || marked.block(text, own, before.len(), true);
    // A dash begins a list item, or each line of a comment.
    match before.ends_with("- ") {
        true => {
            let mark = before.trim_end_matches("- ").trim_end();
            let item = Margin { mark, column };
            vec![item.block(text, own, before.len(), false), marked()]
        }
        false => vec![marked()],
    }
}

/// The brackets around a key, if they begin on its line.
fn flow(text: &str, line: usize, key: usize, judge: &ValueJudge) -> Option<Range<usize>> {
    let mut depth = 0_usize;
    let mut start = None;
    for (at, byte) in text[line..key].bytes().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth > 0 => depth -= 1,
            b'{' => {
                start = Some(line + at);
                break;
            }
            _ => {}
        }
    }
    let start = start?;
    let mut depth = 0_usize;
    for (at, byte) in text[start..].bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(start..start + at + 1);
        }
    }
    judge.may_read(text.len() - start);
    None
}

impl<'t> Line<'t> {
    fn at(text: &'t str, start: usize) -> Self {
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        Self {
            start,
            text: text[start..end].trim_end_matches('\r'),
        }
    }

    fn next(self, text: &'t str) -> Option<Self> {
        let rest = &text[self.start..];
        let start = self.start + rest.find('\n')? + 1;
        (start < text.len()).then(|| Self::at(text, start))
    }

    fn previous(self, text: &'t str) -> Option<Self> {
        let end = self.start.checked_sub(1)?;
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        Some(Self {
            start,
            text: text[start..end].trim_end_matches('\r'),
        })
    }

    /// The column of the line's content after a mark of that length.
    fn indentation(self, mark: usize) -> usize {
        let rest = self.text.get(mark..).unwrap_or_default();
        mark + rest.len() - rest.trim_start().len()
    }

    /// The rest of the line from a column on.
    fn from(self, column: usize) -> Self {
        Self {
            start: self.start + column.min(self.text.len()),
            text: self.text.get(column..).unwrap_or_default(),
        }
    }
}

impl Margin<'_> {
    /// The lines of the manifest whose `kind` is on a line after this many bytes, possibly below
    /// other keys.
    fn block(&self, text: &str, own: Line<'_>, before: usize, is_below: bool) -> Excerpt {
        let lines_before = match is_below {
            true => self.lines_before(text, own),
            false => Vec::new(),
        };
        let is_version = |line: &Line<'_>| is_key(line.text, &["apiVersion"]);
        let has_version = lines_before.iter().any(is_version);
        let lines = lines_before.into_iter().rev();
        let lines = lines
            .chain([own.from(before)])
            .chain(self.lines_after(text, own, has_version));
        let mut block = Excerpt::default();
        for line in lines {
            block.push(line.text, line.start);
            block.text.push('\n');
        }
        block
    }

    /// The lines after the kind. `has_version` says whether the next version belongs to another
    /// object.
    fn lines_after<'t>(
        &self,
        text: &'t str,
        own: Line<'t>,
        mut has_version: bool,
    ) -> Vec<Line<'t>> {
        let mut lines = Vec::new();
        let mut line = own;
        while let Some(next) = line.next(text) {
            line = next;
            match self.content(line) {
                Some(content) if is_key(content.text, &["kind"]) => break,
                Some(content) => {
                    let is_version = is_key(content.text, &["apiVersion"]);
                    if is_version && has_version {
                        break;
                    }
                    has_version |= is_version;
                    lines.push(content);
                }
                None => break,
            }
        }
        lines
    }

    /// The lines before the kind, in reverse order.
    fn lines_before<'t>(&self, text: &'t str, own: Line<'t>) -> Vec<Line<'t>> {
        let mut lines = Vec::new();
        let mut line = own;
        while let Some(previous) = line.previous(text) {
            line = previous;
            match self.content(line) {
                Some(content) if is_key(content.text, &["kind"]) => break,
                Some(content) => lines.push(content),
                None => {
                    lines.extend(self.item(line));
                    break;
                }
            }
        }
        // Lines that are not below a key belong to something else.
        let is_below =
            |line: &&Line<'_>| line.text.is_empty() || line.text.starts_with([' ', '\t']);
        let unrelated = lines.iter().rev().take_while(is_below).count();
        lines.truncate(lines.len() - unrelated);
        lines
    }

    /// The first line of an item of a list.
    fn item<'t>(&self, line: Line<'t>) -> Option<Line<'t>> {
        let start = self.column.checked_sub(2)?;
        let is_marked = is_like(self.mark, line.text.get(..self.mark.len())?);
        let is_item = is_marked && line.indentation(self.mark.len()) == start;
        let rest = line.text.get(start..)?.strip_prefix("- ")?;
        (is_item && is_entry(rest)).then(|| line.from(self.column))
    }

    /// A line without its margin; `None` if it is not a line of the object.
    fn content<'t>(&self, line: Line<'t>) -> Option<Line<'t>> {
        if line.text.trim().is_empty() || line.text.trim() == self.mark.trim() {
            return Some(line.from(line.text.len()));
        }
        if !is_like(self.mark, line.text.get(..self.mark.len())?) {
            return None;
        }
        let indentation = line.indentation(self.mark.len());
        let content = line.from(self.column);
        let is_in =
            indentation > self.column || indentation == self.column && is_entry(content.text);
        is_in.then_some(content)
    }
}

/// Whether the margin of a line is the same mark, such as `#`, or differs only in numbers.
fn is_like(mark: &str, before: &str) -> bool {
    let form = |byte: u8| match byte {
        b'0'..=b'9' => b' ',
        byte => byte,
    };
    mark.bytes().map(form).eq(before.bytes().map(form))
}

/// Whether a line at the margin belongs to a mapping or a list: `key: value`, `- item`, a comment,
/// or a closing bracket.
fn is_entry(line: &str) -> bool {
    let line = line.trim_end();
    if line.starts_with("---") {
        return false;
    }
    if line == "-" || line.starts_with("- ") || line.starts_with(['#', '}', ']', '{']) {
        return true;
    }
    let Some((key, rest)) = line.split_once(':') else {
        return false;
    };
    let key = key.trim_end().trim_matches(['"', '\'']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./$".contains(c);
    !key.is_empty()
        && key.chars().all(is_part)
        && (rest.is_empty() || rest.starts_with([' ', '"', '{', '[', '\'']))
}

fn is_key(line: &str, keys: &[&str]) -> bool {
    let line = line.trim_start_matches(['"', '\'']);
    keys.iter().any(|key| {
        let rest = line.strip_prefix(key).unwrap_or_default();
        rest.trim_start_matches(['"', '\''])
            .trim_start()
            .starts_with(':')
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn literal(text: &str) -> Option<String> {
        let at = text.find("kind").expect(text);
        let shown = shown(text, at, &ValueJudge::of(Path::new("a.sh"), text))?;
        Some(text[shown.span].to_owned())
    }

    #[test]
    fn lines_of_a_manifest_are_distinguished_from_other_text() {
        for text in [
            "a <<EOF\nkind: Secret\nstringData:\n  password: hunter2-Marker\nEOF\n",
            "a <<EOF\nstringData:\n  password: hunter2-Marker\nkind: Secret\nEOF\n",
            "x:\n- a\n- stringData: {password: hunter2-Marker}\n  kind: Secret\n- b\n",
            "x:\n  - kind: Secret\n    stringData:\n      password: hunter2-Marker\n  - b\n",
            "// kind: Secret\n// stringData:\n//   password: hunter2-Marker\ncode()\n",
            "a('''kind: Secret\n    stringData:\n      password: hunter2-Marker\n''')",
            "const a = {kind: 'Secret', stringData: {password: hunter2-Marker}};",
            " 9: kind: Secret\n10: stringData:\n11:   password: hunter2-Marker\n",
            "kind: Secret\napiVersion: v1\nstringData:\n  password: hunter2-Marker\n",
            "kind: Secret\r\nstringData:\r\n  password: hunter2-Marker\r\n",
            "-- kind: Secret\n--\n-- stringData:\n--   password: hunter2-Marker\nselect 1;\n",
            "- stringData:\n-   password: hunter2-Marker\n- kind: Secret\n",
            "a\n | kind: Secret\n | stringData:\n |   password: hunter2-Marker\n",
            "/*\n * kind: Secret\n * stringData:\n *   password: hunter2-Marker\n */\n",
            "<<E\nkind: Config\napiVersion: v1\nusers:\n- user:\n    token: hunter2-Marker\nE\n",
        ] {
            assert_eq!(literal(text).as_deref(), Some("hunter2-Marker"), "{text}");
        }
        let at_end = "kind: Secret\nstringData:\n  password: |\n    hunter2-Marker";
        assert_eq!(literal(at_end).as_deref(), Some("|\n    hunter2-Marker"));
        for text in [
            "kind: Secret\n---\nstringData:\n  password: hunter2-Marker\n",
            "stringData:\n  password: hunter2-Marker\n---\nkind: Secret\n",
            "kind: Secret\nEOF\nstringData:\n  password: hunter2-Marker\n",
            "  kind: Secret\nstringData:\n  password: hunter2-Marker\n",
            "kind: Secret\nname: a\nkind: ConfigMap\nstringData:\n  password: hunter2-Marker\n",
            "# kind: Secret\nstringData:\n  password: hunter2-Marker\n",
            "apiVersion: example.com/v1\nkind: Secret\nstringData:\n  password: hunter2-Marker\n",
            "kind: Secret\nstringData:\n  user: admin\n",
            "- kind: Secret\n- name: a\nstringData:\n  password: hunter2-Marker\n",
            "kind: Config\napiVersion: v1\nusers:\n- user:\n    token: ${TOKEN}\n",
            "kind: Config\napiVersion: v2\nusers:\n- user:\n    token: hunter2-Marker\n",
        ] {
            assert_eq!(literal(text), None, "{text}");
        }
    }

    #[test]
    fn any_text_around_a_kind_can_be_read() {
        let text = "é# \u{85}- \"kind\": Secret\r\né# stringData: {'é\n\n- '`kind: Secret";
        for (start, _) in text.char_indices() {
            for (at, _) in text[start..].match_indices("kind") {
                let _ = shown(&text[start..], at, &ValueJudge::of(Path::new("a"), text));
            }
        }
    }
}
