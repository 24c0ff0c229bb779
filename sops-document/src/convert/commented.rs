//! Converts documents of single values between YAML and dotenv, including comments.

use crate::format::Format;
use crate::tree::Node;
use crate::yaml::emit::emit;
use crate::{Document, Item, Span, dotenv};

/// Whether a conversion between these formats keeps comments.
pub(super) fn go_along(from: Format, to: Format) -> bool {
    matches!(
        (from, to),
        (Format::Yaml, Format::Dotenv) | (Format::Dotenv, Format::Yaml)
    )
}

/// Writes a document of single values in the format `to`. Each comment goes above the entry that
/// follows it on the tape; `tree` is the tree of the document.
pub(super) fn write(document: &Document<'_>, tree: Node, to: Format, step: usize) -> String {
    let mut out = String::new();
    let mut next = 1;
    let nodes = document.top(0).into_iter();
    let nodes = nodes.flat_map(|top| document.children(top));
    let entries = match tree {
        Node::Mapping(entries) => entries,
        Node::Sequence(_) | Node::Scalar(_) => Vec::new(),
    };
    let is_empty = entries.is_empty();
    for (node, entry) in nodes.zip(entries) {
        comments(&mut out, document, next..node, to);
        next = document.node_items(node).end;
        match (to, &entry.value) {
            (Format::Dotenv, Node::Scalar(value)) => {
                dotenv::spell_entry(&mut out, &entry.key, value.as_ref());
            }
            _ => out.push_str(&emit(&Node::Mapping(vec![entry]), step)),
        }
    }
    comments(&mut out, document, next..document.tape.len(), to);
    if is_empty && to == Format::Yaml {
        out.push_str(&emit(&Node::Mapping(Vec::new()), step));
    }
    out
}

/// Appends the comments among these items of the tape.
fn comments(out: &mut String, document: &Document<'_>, items: std::ops::Range<usize>, to: Format) {
    let spans = document.tape[items].iter().filter_map(|item| match item {
        Item::Comment { span, .. } => Some(span),
        _ => None,
    });
    for comment in spans.map(|span: &Span| &document.text[span.range()]) {
        match to {
            Format::Yaml => in_yaml(out, comment),
            _ => out.extend([comment, "\n"]),
        }
    }
}

/// The line breaks of YAML 1.1.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Appends a dotenv comment, which continues in a new comment after a character that is a line
/// break in YAML, as in `sops`. Characters that YAML does not allow are dropped, because no parser
/// could read them.
fn in_yaml(out: &mut String, comment: &str) {
    let is_allowed = |character: &char| {
        *character == '\t'
            || !character.is_control()
                && !matches!(*character, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    for (index, line) in comment
        .trim_end_matches('\r')
        .split(LINE_BREAKS)
        .enumerate()
    {
        out.push_str(if index > 0 { "# " } else { "" });
        out.extend(line.chars().filter(is_allowed));
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;
    use crate::Indentation;
    use crate::format::Format;

    fn converted(text: &str, from: Format, to: Format) -> String {
        let document = Document::parse(text, from).unwrap_or_else(|error| panic!("{error}"));
        let written = crate::convert(&document, to, &Indentation::default());
        let written = written.unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8_lossy(&written).into_owned()
    }

    /// Measured with `sops decrypt --output-type` 3.13.3.
    #[test]
    fn comments_are_above_the_same_entries_as_in_sops() {
        for (yaml, dotenv) in [
            (
                "# c\n\n#d\n#\na: 1 # t\n\n\n# between\nb: 2\n# end\n",
                "# c\n#d\n#\n# t\na=1\n# between\nb=2\n# end\n",
            ),
            (
                "a:\n  # in\n  1\nb: # next\n  2\n",
                "# in\na=1\n# next\nb=2\n",
            ),
            (
                "a: |\n  x\n  # no\n# c\nb: 2\n",
                "a=x\\n# no\\n\n# c\nb=2\n",
            ),
            ("a: &x 1\n# c\nb: *x # d\n", "a=1\n# c\n# d\nb=1\n"),
            ("# c\n---\na: 1\n", "# c\na=1\n"),
        ] {
            assert_eq!(converted(yaml, Format::Yaml, Format::Dotenv), dotenv);
        }
        for (dotenv, yaml) in [
            (
                "# c\n#\n##d\n\nA=1\nB=x\\ny\n# end\n",
                "# c\n#\n##d\nA: \"1\"\nB: |-\n    x\n    y\n# end\n",
            ),
            ("# only\n", "# only\n{}\n"),
            ("#c\u{2028}d\nA=\n", "#c\n# d\nA: \"\"\n"),
            ("#c\r\nA=\n", "#c\nA: \"\"\n"),
        ] {
            assert_eq!(converted(dotenv, Format::Dotenv, Format::Yaml), yaml);
        }
    }

    #[test]
    fn a_comment_with_any_characters_can_be_read_back() {
        let every: String = ('\0'..='\u{2fff}')
            .filter(|character| *character != '\n')
            .collect();
        let yaml = converted(&format!("#{every}\nA=1\n"), Format::Dotenv, Format::Yaml);
        assert_eq!(
            converted(&yaml, Format::Yaml, Format::Json),
            "{\n\t\"A\": \"1\"\n}\n"
        );
    }
}
