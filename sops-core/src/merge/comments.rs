//! Merges the text between values: comments, blank lines and indentation.

use std::borrow::Cow;

use super::alignment::{Region, align};
use super::layout::has_comment;

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
    lines(base.unwrap_or_default(), ours, theirs)
}

/// Merges comments by line.
fn lines<'t>(base: &str, ours: &str, theirs: &str) -> MergedComments<'t> {
    fn split(text: &str) -> Vec<&str> {
        text.split_inclusive('\n').collect()
    }
    let [base, ours, theirs] = [base, ours, theirs].map(split);
    let mut merged = String::new();
    for region in align(&base, &ours, &theirs) {
        let region = match region {
            Region::Stable(at) => {
                merged.push_str(base[at.base]);
                continue;
            }
            Region::Changed(region) => region,
        };
        let (of_base, of_ours) = (&base[region.base], &ours[region.ours]);
        let of_theirs = &theirs[region.theirs];
        let is_layout = |lines: &[&str]| !lines.iter().any(|line| has_comment(line));
        let ends_line = |lines: &[&str]| lines.iter().all(|line| line.ends_with('\n'));
        let taken = if of_ours == of_base {
            of_theirs
        } else if of_theirs == of_base || of_ours == of_theirs {
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
