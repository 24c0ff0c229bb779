//! Merges the text between values: comments, blank lines and indentation.

use std::borrow::Cow;

use super::alignment::{Region, align};
use super::layout::has_comment;
use super::outline::{Body, Piece};

/// The result of a merge of comments.
pub(super) enum MergedComments<'t> {
    Text(Cow<'t, str>),
    /// Both sides changed the same comment.
    Conflict,
}

/// Merges the text in one position of the three sides. Layout alone never conflicts.
pub(super) fn merge<'t>(
    base: Option<&'t str>,
    ours: &'t str,
    theirs: &'t str,
) -> MergedComments<'t> {
    let text = |text: &'t str| MergedComments::Text(Cow::Borrowed(text));
    if ours == theirs || base == Some(theirs) {
        return text(ours);
    }
    if base == Some(ours) {
        return text(theirs);
    }
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let is_same = |left: &str, right: &str| words(left) == words(right);
    if is_same(ours, theirs) || base.is_some_and(|base| is_same(base, theirs)) {
        return text(ours);
    }
    if base.is_some_and(|base| is_same(base, ours)) || base.is_none() && !has_comment(ours) {
        return text(theirs);
    }
    if base.is_none() && !has_comment(theirs) {
        return text(ours);
    }
    let base = base.unwrap_or_default();
    let [(base, _), (ours, indentation), (theirs, _)] = [base, ours, theirs].map(split_indentation);
    match lines(base, ours, theirs) {
        MergedComments::Text(text) => {
            MergedComments::Text(Cow::Owned(text.into_owned() + indentation))
        }
        MergedComments::Conflict => MergedComments::Conflict,
    }
}

/// The lines of `text`, and the indentation or the dash of the entry after them.
fn split_indentation(text: &str) -> (&str, &str) {
    let (lines, rest) = text.split_at(text.rfind('\n').map_or(0, |newline| newline + 1));
    match has_comment(rest) {
        true => (text, ""),
        false => (lines, rest),
    }
}

/// Merges comments by line, whatever their indentation.
fn lines<'t>(base: &'t str, ours: &'t str, theirs: &'t str) -> MergedComments<'t> {
    let split = |text: &'t str| -> Vec<&'t str> { text.split_inclusive('\n').collect() };
    let [base, ours, theirs] = [base, ours, theirs].map(split);
    let bare =
        |lines: &[&'t str]| -> Vec<&'t str> { lines.iter().map(|line| line.trim()).collect() };
    let (bare_base, bare_ours, bare_theirs) = (bare(&base), bare(&ours), bare(&theirs));
    let mut merged = String::new();
    for region in align(&bare_base, &bare_ours, &bare_theirs) {
        let region = match region {
            Region::Stable(at) => {
                merged.push_str(ours[at.ours]);
                continue;
            }
            Region::Changed(region) => region,
        };
        let of_base = &bare_base[region.base];
        let (of_ours, of_theirs) = (&ours[region.ours.clone()], &theirs[region.theirs.clone()]);
        let (bare_ours, bare_theirs) = (&bare_ours[region.ours], &bare_theirs[region.theirs]);
        let is_layout = |lines: &[&str]| !lines.iter().any(|line| has_comment(line));
        let ends_line = |lines: &[&str]| lines.iter().all(|line| line.ends_with('\n'));
        let taken = if bare_ours == of_base {
            of_theirs
        } else if bare_theirs == of_base || bare_ours == bare_theirs {
            of_ours
        } else if of_base.is_empty() && ends_line(of_ours) && ends_line(of_theirs) {
            // Both added lines.
            merged.extend(of_ours.iter().copied());
            of_theirs
        } else if is_layout(of_base) && is_layout(of_theirs) {
            of_ours
        } else if is_layout(of_base) && is_layout(of_ours) {
            of_theirs
        } else {
            return MergedComments::Conflict;
        };
        merged.extend(taken.iter().copied());
    }
    MergedComments::Text(Cow::Owned(merged))
}

/// The whole lines of the text between two values, if they have a comment.
pub(super) fn comment_lines(text: &str) -> &str {
    let lines = text.rfind('\n').map_or("", |newline| &text[..=newline]);
    match has_comment(lines) {
        true => lines,
        false => "",
    }
}

/// Calls `visit` for each comment at or inside an entry.
pub(super) fn each_comment<'t>(piece: &Piece<'t>, visit: &mut impl FnMut(&'t str)) {
    each_comment_of_text(piece.lead, visit);
    each_comment_inside(piece, visit);
}

/// Calls `visit` for each comment inside an entry or in the line where it ends.
pub(super) fn each_comment_inside<'t>(piece: &Piece<'t>, visit: &mut impl FnMut(&'t str)) {
    each_comment_of_text(below_key(piece.head), visit);
    each_comment_of_text(piece.tail, visit);
    if let Body::Container(container) = &piece.body {
        each_comment_of_text(container.close, visit);
        for entry in &container.entries {
            each_comment(entry, visit);
        }
    }
}

/// The head of an entry without its first line, which has the key.
pub(super) fn below_key(head: &str) -> &str {
    head.split_once('\n').map_or("", |(_, rest)| rest)
}

/// Calls `visit` for each comment in the text between two values.
pub(super) fn each_comment_of_text<'t>(text: &'t str, visit: &mut impl FnMut(&'t str)) {
    for line in text.lines() {
        let comment = line.trim_matches([' ', '\t', '\r', '-', ',', ']', '}']);
        if comment.starts_with(['#', ';']) {
            visit(comment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_both_sides_stay() {
        for (base, ours, theirs, expected) in [
            (
                Some("# a\n"),
                "# a\n# b\n",
                "# 0\n# a\n",
                Some("# 0\n# a\n# b\n"),
            ),
            (
                Some("# a\n"),
                "# a\n# b\n",
                "# a\n# c\n",
                Some("# a\n# b\n# c\n"),
            ),
            (Some("  # a\n"), "    # a\n", "  # b\n", Some("  # b\n")),
            (Some(" "), "  ", "   ", Some("  ")),
            (None, "", "# c\n", Some("# c\n")),
            (None, "# o\n", "# t\n", Some("# o\n# t\n")),
            (None, "  # o\n  ", "   # t\n   ", Some("  # o\n   # t\n  ")),
            (
                Some("  # a\n  - "),
                "  # a\n  # o\n  - ",
                "  # a\n  # t\n  - ",
                Some("  # a\n  # o\n  # t\n  - "),
            ),
            (Some(""), " # o", " # t", None),
            (Some("# a\n"), "# b\n", "# c\n", None),
            (Some("# a\n"), "", "# c\n", None),
        ] {
            let merged = match merge(base, ours, theirs) {
                MergedComments::Text(text) => Some(text),
                MergedComments::Conflict => None,
            };
            assert_eq!(merged.as_deref(), expected, "{base:?} {ours:?} {theirs:?}");
        }
    }
}
