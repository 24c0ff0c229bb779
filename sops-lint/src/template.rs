//! Templates such as those of Helm and Jinja: the text that remains once their actions are filled in.

use std::ops::Range;

/// How actions begin and end.
const MARKS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<%", "%>")];

/// Whether there may be an action in the text.
pub(crate) fn has_action(text: &str) -> bool {
    MARKS.iter().any(|(begin, _)| text.contains(begin))
}

/// The text with a word in place of each action; lines that hold nothing else become empty. Places stay as they are, in bytes. `None` for a
/// text without actions.
pub(crate) fn filled(text: &str) -> Option<String> {
    if !has_action(text) {
        return None;
    }
    let mut filled = text.as_bytes().to_vec();
    let mut found = false;
    let mut at = 0;
    // The actions since the last line break that is in none of them.
    let mut of_line: Vec<Range<usize>> = Vec::new();
    let mut line = 0;
    // Without this, every unterminated action would scan to the end of the text.
    let mut unended = [false; MARKS.len()];
    while at < text.len() {
        if text.as_bytes()[at] == b'\n' {
            finish(&mut filled, line..at, &of_line);
            of_line.clear();
            line = at + 1;
        }
        match action(text, at, &mut unended) {
            Some(end) => {
                found = true;
                of_line.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    finish(&mut filled, line..text.len(), &of_line);
    // Whole characters were replaced by ASCII.
    found.then(|| String::from_utf8(filled).ok()).flatten()
}

/// Where the action that begins here ends.
fn action(text: &str, at: usize, unended: &mut [bool; MARKS.len()]) -> Option<usize> {
    let bytes = &text.as_bytes()[at..];
    let number = MARKS
        .iter()
        .position(|(begin, _)| bytes.starts_with(begin.as_bytes()))?;
    let (begin, end) = MARKS[number];
    // A comment of YAML and a flow mapping are no comment of Jinja.
    if unended[number] || begin == "{#" && !bytes.starts_with(b"{# ") {
        return None;
    }
    // Both marks are ASCII, so this is a boundary.
    match text[at + begin.len()..].find(end) {
        Some(length) => Some(at + begin.len() + length + end.len()),
        None => {
            unended[number] = true;
            None
        }
    }
}

/// Fills in the actions of one line, or drops it where it has nothing else.
fn finish(filled: &mut [u8], line: Range<usize>, actions: &[Range<usize>]) {
    let Some(last) = actions.last() else {
        return;
    };
    let line = line.start..line.end.max(last.end);
    let is_action = |at: usize| actions.iter().any(|action| action.contains(&at));
    let mut rest = line.clone().filter(|at| !filled[*at].is_ascii_whitespace());
    // Most lines have one action, and no line is looked at twice.
    let is_alone = match actions {
        [only] => {
            filled[line.start..only.start].trim_ascii().is_empty()
                && filled[only.end..line.end].trim_ascii().is_empty()
        }
        _ if actions.len() > 64 => false,
        _ => rest.all(is_action),
    };
    let filler = if is_alone { b' ' } else { b'x' };
    for action in actions {
        filled[action.clone()].fill(filler);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_words_and_their_lines_go() {
        // A dot is a space of the expected text, which no line of these has otherwise.
        for (text, expected) in [
            ("a: {{ .b }}\n", "a: xxxxxxxx\n"),
            (
                "{{- if .a }}\nb: 1\n{{- end }}\n",
                "............\nb: 1\n..........\n",
            ),
            ("{{ a }}: {{ b }}-c", "xxxxxxx: xxxxxxx-c"),
            ("a: 'ü {{ \"ü\" }}'", "a: 'ü xxxxxxxxxx'"),
            ("{% if a %}\nb: c\n", "..........\nb: c\n"),
            (
                "  {{- /* two\nlines */ -}}\na: 1",
                ".........................\na: 1",
            ),
            ("  {{ a }} {{ b }}\n", ".................\n"),
        ] {
            let filled = filled(text).expect("it has actions");
            assert_eq!(filled, expected.replace('.', " "), "{text}");
            assert_eq!(filled.len(), text.len());
        }
        for text in ["", "a: {b: c}", "a: {{ never ends", "a: {#b}"] {
            assert_eq!(filled(text), None, "{text}");
        }
    }

    #[test]
    fn many_beginnings_cost_no_more_than_their_length() {
        for text in ["{{".repeat(200_000), "{{}}".repeat(100_000)] {
            filled(&text);
        }
    }
}
