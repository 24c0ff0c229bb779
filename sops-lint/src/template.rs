//! Fills in the actions of templates, such as those of Helm and Jinja, so that the text can be
//! parsed.

use std::ops::Range;

/// The delimiters of actions.
const MARKS: [(&str, &str); 4] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}"), ("<%", "%>")];

/// Whether there may be an action in the text.
pub(crate) fn has_action(text: &str) -> bool {
    MARKS.iter().any(|(begin, _)| text.contains(begin))
}

/// The text with a word instead of each action; `None` for text without actions. Lines with only
/// actions become empty, and byte positions stay the same.
pub(crate) fn filled(text: &str) -> Option<String> {
    if !has_action(text) {
        return None;
    }
    let mut filled = text.as_bytes().to_vec();
    let mut has_action = false;
    let mut at = 0;
    // The actions since the last line break outside actions.
    let mut of_line: Vec<Range<usize>> = Vec::new();
    let mut line = 0;
    let mut ends = [Ends::default(); MARKS.len()];
    while at < text.len() {
        if text.as_bytes()[at] == b'\n' {
            finish(&mut filled, line..at, &of_line);
            of_line.clear();
            line = at + 1;
        }
        match action(text, at, &mut ends) {
            Some(end) => {
                has_action = true;
                of_line.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    finish(&mut filled, line..text.len(), &of_line);
    // Whole characters were replaced by ASCII.
    has_action.then(|| String::from_utf8(filled).ok()).flatten()
}

/// The known ends of one kind of action. Without this, every beginning would scan to a distant end.
#[derive(Clone, Copy, Default)]
struct Ends {
    /// The next end of an action.
    next: usize,
    /// The next end of a line.
    line: usize,
    /// The last end that was rejected for an action of several lines.
    refused: usize,
}

/// The end of the action that begins here.
fn action(text: &str, at: usize, ends: &mut [Ends; MARKS.len()]) -> Option<usize> {
    let bytes = &text.as_bytes()[at..];
    let number = MARKS
        .iter()
        .position(|(begin, _)| bytes.starts_with(begin.as_bytes()))?;
    let (begin, end) = MARKS[number];
    // A YAML comment or flow mapping is not a Jinja comment.
    if begin == "{#" && !bytes.starts_with(b"{# ") {
        return None;
    }
    let ends = &mut ends[number];
    // Both marks are ASCII, so this is a boundary.
    let inside = at + begin.len();
    if ends.next < inside + end.len() {
        let length = text[inside..].find(end);
        ends.next = length.map_or(usize::MAX, |length| inside + length + end.len());
    }
    if ends.next == usize::MAX {
        return None;
    }
    if ends.line < inside {
        let length = text[inside..].find('\n');
        ends.line = length.map_or(usize::MAX, |length| inside + length);
    }
    let spans_lines = ends.line < ends.next;
    let is_refused = || {
        let content = &text[inside..ends.next - end.len()];
        ends.next <= ends.refused || !may_span_lines(&text[..at], content, begin)
    };
    if spans_lines && is_refused() {
        ends.refused = ends.refused.max(ends.next);
        return None;
    }
    Some(ends.next)
}

/// Whether what looks like an action of several lines is one. In YAML, the delimiters may be in
/// comments or quotes, and the text between them may be the manifest.
fn may_span_lines(before: &str, content: &str, begin: &str) -> bool {
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let before = &before[start..];
    let is_comment = begin == "{#"
        || content
            .trim_start_matches('-')
            .trim_start()
            .starts_with("/*");
    if is_comment {
        return before.trim().is_empty();
    }
    let is_in_comment = before.starts_with('#') || before.contains(" #") || before.contains("\t#");
    !is_in_comment && !content.lines().any(is_like_field)
}

/// Whether a line begins with a key of manifests or Secrets.
fn is_like_field(line: &str) -> bool {
    let Some((key, _)) = line.split_once(':') else {
        return false;
    };
    let key = key.trim_matches(|c: char| c.is_whitespace() || "\"'?-{,[".contains(c));
    let is_known = ["kind", "apiVersion", "metadata", "data", "stringData"];
    key.contains('\\') || is_known.iter().any(|known| known.eq_ignore_ascii_case(key))
}

/// Fills in the actions of one line, or empties the line if it has nothing else.
fn finish(filled: &mut [u8], line: Range<usize>, actions: &[Range<usize>]) {
    let Some(last) = actions.last() else {
        return;
    };
    let line = line.start..line.end.max(last.end);
    let is_action = |at: usize| actions.iter().any(|action| action.contains(&at));
    let mut rest = line.clone().filter(|at| !filled[*at].is_ascii_whitespace());
    // Most lines have one action, and no line is processed twice.
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
    fn actions_become_words_and_lines_with_only_actions_disappear() {
        // A dot stands for a space in the expected text.
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
            let filled = filled(text).expect("the template has actions");
            assert_eq!(filled, expected.replace('.', " "), "{text}");
            assert_eq!(filled.len(), text.len());
        }
        for text in ["", "a: {b: c}", "a: {{ never ends", "a: {#b}"] {
            assert_eq!(filled(text), None, "{text}");
        }
    }

    #[test]
    fn actions_of_several_lines_hide_no_manifest() {
        for text in [
            "# {{\nkind: Secret\n# }}\n",
            "# <%\na: b\n# %>\n",
            "a: b # {%\nc: d\n# %}\n",
            "a: '{{'\n\"k\\x69nd\": Secret\nc: '}}'\n",
            "a: {{\n  \"data\": {}\n}}\n",
            "# {{/*\na: b\n# */}}\n",
            "a: '{{/*'\nb: c\nd: '*/}}'\n",
        ] {
            assert_eq!(filled(text), None, "{text}");
        }
        for text in [
            "a: {{ include \"b\"\n  (dict \"c\" 1) }}\n",
            "{{- $x := dict\n  \"a\" \"b\"\n-}}\n",
            "{{- /*\nkind: Secret\n*/ -}}\n",
            "{# a\nkind: Secret #}\n",
            "a: {{ {'b': 1,\n  'c': 2} | to_json }}\n",
            "# {{ a }}\n",
        ] {
            let filled = filled(text).expect(text);
            assert!(!filled.contains(['{', '}']), "{filled}");
        }
        let mixed = "# {{\nkind: Secret\na: {{ b }}\n";
        assert_eq!(
            filled(mixed).as_deref(),
            Some("# {{\nkind: Secret\na: xxxxxxx\n")
        );
    }

    #[test]
    fn many_possible_starts_cost_no_more_than_their_length() {
        let far = format!("{}\nkind: a\n}}}}", "{{ ".repeat(200_000));
        let lines = format!("# {}\n}}}}", "{{\n".repeat(200_000));
        for text in ["{{".repeat(200_000), "{{}}".repeat(100_000), far, lines] {
            filled(&text);
        }
    }
}
