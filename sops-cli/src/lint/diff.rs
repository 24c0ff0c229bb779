//! The output of `--diff`: the changed lines of a file, in which everything that may be secret is
//! masked.

use similar::{Algorithm, ChangeTag, TextDiff};
use sops_core::Format;
use sops_lint::Excerpts;

/// The text that replaces a line that is completely masked.
const MASK: &str = "***";

/// The changed lines, without the lines around them.
pub(super) fn masked_diff(name: &str, old: &str, new: &str, format: Format) -> String {
    // The time of the usual algorithm grows with the square of the number of edits.
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(old, new);
    let (old, new) = (Lines::new(old, format), Lines::new(new, format));
    let mut shown = format!("--- {name}\n+++ {name}\n");
    for hunk in diff.unified_diff().context_radius(0).iter_hunks() {
        shown += &format!("{}\n", hunk.header());
        for change in hunk.iter_changes() {
            let (lines, index) = match change.tag() {
                ChangeTag::Delete => (&old, change.old_index()),
                ChangeTag::Insert => (&new, change.new_index()),
                ChangeTag::Equal => continue,
            };
            let line = index.map_or_else(String::new, |index| lines.masked(index));
            shown += &format!("{}{line}\n", change.tag());
        }
    }
    shown
}

/// The lines of a file, which may contain secrets.
struct Lines<'t> {
    excerpts: Excerpts<'t>,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str, format: Format) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            excerpts: Excerpts::new(text.as_bytes(), format),
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn masked(&self, index: usize) -> String {
        let excerpt = self
            .starts
            .get(index)
            .and_then(|start| self.excerpts.at(*start));
        excerpt.map_or_else(|| MASK.to_owned(), |excerpt| excerpt.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changed_lines_are_shown_and_no_values() {
        let old = "spec:\n  env: [{name: A, value: hunter2}]\n  volumes:\n  - {name: s, mountPath: /x} # hunter2\n";
        let new = old.replace("/x}", "/x, readOnly: true}");
        assert_eq!(
            masked_diff("a.yaml", old, &new, Format::Yaml),
            "--- a.yaml\n+++ a.yaml\n@@ -4 +4 @@\n-  - {name: s, mountPath: /x} ***\n\
             +  - {name: s, mountPath: /x, readOnly: true} ***\n"
        );
    }

    #[test]
    fn characters_that_control_a_terminal_are_not_shown() {
        let diff = masked_diff("a", "a: 1\n", "a: \u{1b}[2K2\n", Format::Yaml);
        assert!(!diff.contains('\u{1b}'), "{diff}");
    }
}
