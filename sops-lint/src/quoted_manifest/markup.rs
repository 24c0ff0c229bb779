//! Converts HTML and XML to the visible text: without tags, and with characters instead of
//! entities.

use std::path::Path;

use sops_printable::floor_char_boundary;

use super::excerpt::Excerpt;

/// The maximum length of a tag in bytes. Other text may also contain a `<`.
const TAG: usize = 1024;

/// The tags that end a line.
const LINES: [&str; 5] = ["br", "/div", "/li", "/p>", "/tr"];

const ENTITIES: [(&str, &str); 12] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#x22;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&#10;", "\n"),
    ("&#xA;", "\n"),
    ("&amp;", "&"),
];

/// Whether the file is a page of HTML.
pub(super) fn is_page(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| matches!(extension, "html" | "htm" | "xhtml"))
}

/// The visible text of HTML or XML, if it differs from the source.
pub(super) fn seen(text: &str) -> Option<Excerpt> {
    let is_markup = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    let is_worth = || ["Secret", "Config"].iter().any(|word| text.contains(word));
    if !is_markup || !is_worth() {
        return None;
    }
    let mut seen = Excerpt::default();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let start = text.len() - rest.len();
        let (before, sign) = rest.split_at(at);
        seen.push(before, start);
        let (length, instead) = tag(sign)
            .or_else(|| entity(sign))
            .unwrap_or((1, &sign[..1]));
        seen.push(instead, start + at);
        rest = &sign[length..];
    }
    seen.push(rest, text.len() - rest.len());
    Some(seen)
}

/// The length of the tag that the text starts with, and its visible form: a line break, or nothing.
fn tag(text: &str) -> Option<(usize, &'static str)> {
    // Comments and raw text are read like other text.
    if let Some(begin) = ["<![CDATA[", "<!--"]
        .iter()
        .find(|begin| text.starts_with(**begin))
    {
        return Some((begin.len(), ""));
    }
    let rest = text.strip_prefix('<')?;
    let is_tag = rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c));
    let near = &text[..floor_char_boundary(text, TAG)];
    let end = near.find('>').filter(|_| is_tag)? + 1;
    // An attribute may hold a manifest.
    if text[..end].contains("kind") {
        return None;
    }
    let is_line = LINES.iter().any(|begin| rest.starts_with(begin));
    Some((end, if is_line { "\n" } else { "" }))
}

fn entity(text: &str) -> Option<(usize, &'static str)> {
    let (name, character) = ENTITIES.iter().find(|(name, _)| text.starts_with(name))?;
    Some((name.len(), *character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_not_seen_and_entities_are_characters() {
        for (text, expected) in [
            ("<p>Config <b>a</b> &amp; b", "Config a & b"),
            ("<div>kind:</div><div>Config</div>", "kind:\nConfig\n"),
            (
                "<!-- Secret --> 1 < 2 &copy; <",
                " Secret --> 1 < 2 &copy; <",
            ),
            ("<a x='kind: Secret&#10;b'>", "<a x='kind: Secret\nb'>"),
            ("<a><![CDATA[Secret: 1 < b]]></a>", "Secret: 1 < b]]>"),
        ] {
            let seen = seen(text).expect(text);
            assert_eq!(seen.text, expected);
            for (at, c) in seen
                .text
                .char_indices()
                .filter(|(_, c)| c.is_alphanumeric())
            {
                let span = seen.place(&(at..at + c.len_utf8()));
                assert_eq!(text[span].chars().next(), Some(c), "{text}");
            }
        }
        for text in ["<a>b</a>", "a <b>Secret</b>", ""] {
            assert!(seen(text).is_none(), "{text}");
        }
    }
}
