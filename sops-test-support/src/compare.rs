//! Compares the YAML that two programs write for one file.

use std::collections::HashMap;

use granit_parser::{Event, Parser};

/// Compares two decrypted YAML files, ignoring where their comments are: `sops` moves a comment at
/// the end of a line to a line of its own, and loses some comments.
///
/// Without comments and white space, both must have the same characters; they must have the same
/// scalars, styles, tags and containers, and `ours` must have every comment of `theirs`. Wrong
/// indentation indicators in `theirs`, a bug of `sops`, are corrected first.
///
/// # Errors
/// The error describes the difference.
pub fn same_except_comments(ours: &str, theirs: &str) -> Result<(), String> {
    let theirs = &right_indicators(theirs);
    if ours == theirs {
        return Ok(());
    }
    let (ours, theirs) = (Parts::of(ours)?, Parts::of(theirs)?);
    if ours.comments.is_empty() {
        return Err("the layout differs, although there are no comments".into());
    }
    if ours.text != theirs.text {
        return Err(format!(
            "the text outside comments differs:\n{}\n{}",
            ours.text, theirs.text
        ));
    }
    if ours.events != theirs.events {
        return Err(format!(
            "the values differ: {:?} {:?}",
            ours.events, theirs.events
        ));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for comment in &ours.comments {
        *counts.entry(comment).or_default() += 1;
    }
    // `sops` can't decrypt some of its own comments.
    for comment in theirs
        .comments
        .iter()
        .filter(|comment| !comment.starts_with("#ENC["))
    {
        match counts.get_mut(comment.as_str()) {
            Some(count @ 1..) => *count -= 1,
            _ => return Err(format!("our text lacks the comment {comment}")),
        }
    }
    Ok(())
}

/// Corrects the indicators of block scalars that begin with white space. `sops` always writes 4,
/// its indentation step, but indents the text by 2 columns from a dash, or to the next multiple of
/// 4 after a key's column.
fn right_indicators(theirs: &str) -> String {
    let lines = theirs.split('\n').map(|line| {
        let mut rest = line;
        while let Some(after) = rest.strip_prefix(' ').or_else(|| rest.strip_prefix("- ")) {
            rest = after;
        }
        let column = line.len() - rest.len();
        let (header, comment) = rest.split_at(rest.find(" #").unwrap_or(rest.len()));
        let (key, indicators) = header.rsplit_once(' ').unwrap_or(("", header));
        let right = match key.strip_suffix(':') {
            Some(_) => 4 - column % 4,
            None if key.is_empty() && line[..column].ends_with("- ") => 2,
            None => return line.to_owned(),
        };
        match indicators {
            "|4" | "|4-" | "|4+" => {
                let end = line.len() - comment.len() - indicators.len();
                format!("{}|{right}{}{comment}", &line[..end], &indicators[2..])
            }
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// YAML, split into its parts.
struct Parts<'t> {
    /// The text without comments and white space.
    text: String,
    /// The parser's events, without comments.
    events: Vec<Event<'t>>,
    comments: Vec<String>,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Result<Self, String> {
        let mut parts = Self {
            text: String::new(),
            events: Vec::new(),
            comments: Vec::new(),
        };
        let mut done = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| format!("{error} in\n{text}"))?;
            match (event, span.byte_range()) {
                (Event::Comment(..), Some(range)) => {
                    parts.add(&text[done..range.start]);
                    parts
                        .comments
                        .push(text[range.clone()].trim_end().to_owned());
                    done = range.end;
                }
                (event, _) => parts.events.push(event),
            }
        }
        parts.add(&text[done..]);
        Ok(parts)
    }

    fn add(&mut self, text: &str) {
        self.text.extend(text.split_whitespace());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_may_move() {
        for (ours, theirs, same) in [
            ("a: 1\n", "a: 1\n", true),
            ("a: 1 # c\n", "# c\na: 1\n", true),
            ("- # c\n  - 1 # d\n", "- - 1\n", true),
            ("a: 1 # c\n", "#ENC[x]\na: 1\n", true),
            ("a: 1\n", "a:  1\n", false),
            ("a: 1\n", "# c\na: 1\n", false),
            ("a: 1 # c\n", "# c\n# c\na: 1\n", false),
            ("a: 1 # c\n", "# c\na: 2\n", false),
            ("a: 1 # c\n", "# c\na: '1'\n", false),
            ("a: x y # c\n", "# c\na: xy\n", false),
            ("a: '# c' # d\n", "# d\na: '# e'\n", false),
            ("- |2\n    a\n  b\n", "- |4\n    a\n  b\n", true),
            (
                "  - k: 1\n    l: |4- # c\n        a\n",
                "  - k: 1\n    l: |4- # c\n        a\n",
                true,
            ),
            (
                "a:\n    - b:\n        k: 1\n      l: |2- # c\n          a\n",
                "a:\n    - b:\n        k: 1\n      l: |4- # c\n          a\n",
                true,
            ),
            ("a: |4\n      b\n", "a: |2\n      b\n", false),
        ] {
            let compared = same_except_comments(ours, theirs);
            assert_eq!(compared.is_ok(), same, "{ours}{theirs}{compared:?}");
        }
    }
}
