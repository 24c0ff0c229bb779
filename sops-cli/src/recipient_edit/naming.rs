//! Changes the name of a recipient, the comment at the end of its line.

use std::ops::Range;

use sops_core::Document;

use super::occurrence::{Place, line_end, line_start};

/// The text with the name at the end of the recipient's line. `None` if the recipient shares its
/// line with others.
pub(super) fn with_other_name(
    document: &Document<'_>,
    place: &Place<'_, '_>,
    name: &str,
) -> Option<String> {
    if place.count != 1 {
        return None;
    }
    let text = document.text();
    // The line of an alias, or that of its anchor, may have the name.
    let lines = [place.item.span(), place.item.origin().span()];
    let comment = |span: &Range<usize>| comment_range(text, span);
    let named = lines.iter().filter_map(comment);
    let range = named
        .clone()
        .find(|range| text[range.clone()].contains('#'))
        .or_else(|| named.clone().next())?;
    let old = &text[range.clone()];
    let spaces = match &old[..old.len() - old.trim_start().len()] {
        "" => " ",
        spaces => spaces,
    };
    Some(format!(
        "{}{spaces}# {name}{}",
        &text[..range.start],
        &text[range.end..]
    ))
}

/// The range for the comment after a value, if the value is alone on its line.
fn comment_range(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let end = line_end(text, span.end);
    let before = &text[line_start(text, span.start)..span.start];
    let rest = text[span.end..end].trim();
    let is_alone = !before.contains(['[', '{', ',']);
    (is_alone && (rest.is_empty() || rest.starts_with('#'))).then_some(span.end..end)
}
