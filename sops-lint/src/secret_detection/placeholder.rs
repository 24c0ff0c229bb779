//! Finds placeholders in a value, and decides whether the text around them is a secret.

use std::cell::LazyCell;
use std::collections::HashMap;

use super::credential::{is_credential, is_name, is_strong};
use super::mark::{MARK, SEPARATORS, is_mark, is_separator};
use super::{public, quoted_text};

/// The beginning and the end of a placeholder, and the bracket that nests in it.
type Delimiters = (&'static str, &'static str, Option<char>);

/// The placeholders of templates, shells and other programs.
const PAIRS: [Delimiters; 8] = [
    ("${", "}", Some('{')),
    ("$(", ")", Some('(')),
    ("#{", "}", Some('{')),
    ("{{", "}}", None),
    ("{%", "%}", None),
    ("{=", "=}", None),
    ("<%", "%>", None),
    ("`", "`", None),
];

/// A value without its placeholders.
pub(super) struct Rest {
    text: String,
}

impl Rest {
    /// The text without actions and variables; `None` if it has none.
    pub(super) fn of(value: &str) -> Option<Self> {
        // A binary value may contain the character that marks placeholders here.
        if value.contains(MARK) {
            return None;
        }
        let is_in_brackets = value.starts_with("((") && value.ends_with("))");
        let has_any = is_in_brackets || PAIRS.iter().any(|(begin, ..)| value.contains(begin));
        let rest = || marked(value, false, &mut |_, _| MARK);
        has_any
            .then(rest)
            .filter(|rest| rest.contains(MARK))
            .map(|text| Self { text })
    }

    /// The text without words in angle brackets and dots; `None` if it has none.
    pub(super) fn of_prose(value: &str) -> Option<Self> {
        if value.contains(MARK) {
            return None;
        }
        let rest = without_angles(value)
            .replace("...", "…")
            .replace('…', "\u{1}");
        rest.contains(MARK).then_some(Self { text: rest })
    }

    /// Whether the remaining text is empty.
    pub(super) fn is_empty(&self) -> bool {
        is_mark(&self.text)
    }

    /// Whether the remaining text contains a password, or a token that `has_token` finds.
    pub(super) fn holds_credential(&self, has_token: impl Fn(&str) -> bool) -> bool {
        if self.is_empty() {
            return false;
        }
        // No form of a password in a URL has a dollar sign in it, and the password must be followed
        // by a host.
        let text = self.text.replace("@\u{1}", "@x").replace(MARK, "$");
        if has_token(&text) {
            return true;
        }
        if is_noise(&self.text) {
            return true;
        }
        let is_lone = |line: &str| {
            let line = line.trim();
            self.text.trim().contains('\n')
                && !line
                    .contains(|c: char| c == MARK || c.is_whitespace() || SEPARATORS.contains(c))
                && is_credential(line)
        };
        self.text
            .lines()
            .any(|line| is_lone(line) || line.split(is_separator).any(holds_credential))
    }
}

/// Whether `text` is a generated password in which delimiters happen to enclose a part: no URL,
/// setting or sentence has such a mixture of characters.
fn is_noise(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    text.len() >= 8
        && !has(|c| c.is_whitespace())
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        // In a file of passwords, a `*` stands for any database.
        && text.replace(":*:", ":").contains(|c: char| "!^~`|\\*".contains(c))
}

/// Whether a word contains a credential next to its placeholders, if it has any.
fn holds_credential(word: &str) -> bool {
    let parts: Vec<&str> = word.split(MARK).collect();
    let last = parts.len() - 1;
    parts.iter().enumerate().any(|(number, part)| {
        // A hyphen or a dot joins a name to the placeholder.
        let is_joined = |c: Option<char>| c.is_some_and(|c| "-._".contains(c));
        let is_attached = number > 0 && !is_joined(part.chars().next())
            || number < last && !is_joined(part.chars().next_back());
        match is_attached {
            true => is_credential(part),
            false => is_strong(part),
        }
    })
}

/// Whether there may be an action of a template in the text.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|begin| text.contains(begin))
}

/// The text with a mark for each action and variable, which `mark` chooses by the content and the
/// opening delimiter (empty for an unclosed placeholder). With `has_quotes`, an action does not end
/// inside quotes.
pub(super) fn marked(
    value: &str,
    mut has_quotes: bool,
    mark: &mut dyn FnMut(&str, &str) -> char,
) -> String {
    let value = public::without_blocks(value, MARK);
    let value = &*value;
    let mut rest = value;
    if let Some(inner) = value
        .strip_prefix("((")
        .and_then(|rest| rest.strip_suffix("))"))
    {
        if is_name(inner.trim()) {
            return MARK.to_string();
        }
        rest = inner;
    }
    let text = rest;
    let braces = LazyCell::new(|| closings(text, '{', '}'));
    let parentheses = LazyCell::new(|| closings(text, '(', ')'));
    // Closing delimiters that no longer occur.
    let mut missing: Vec<&str> = Vec::new();
    let mut left = String::new();
    let mut at = 0;
    while let Some((offset, (begin, end, nested))) = first(&text[at..]) {
        left.push_str(&text[at..at + offset]);
        let start = at + offset + begin.len();
        let inner = &text[start..];
        let length = match nested {
            Some('{') => braces.get(&(start - 1)).map(|close| close + 1 - start),
            Some(_) => parentheses.get(&(start - 1)).map(|close| close + 1 - start),
            None if missing.contains(&end) => None,
            None => {
                let length = has_quotes
                    .then(|| length_outside_quotes(inner, end))
                    .flatten();
                // Without this, each action would be followed to the end of the text.
                has_quotes &= length.is_some();
                length.or_else(|| length_until(inner, end))
            }
        };
        if length.is_none() && nested.is_none() {
            missing.push(end);
        }
        if !is_action(begin, inner, length.map(|length| length - end.len())) {
            left.push_str(begin);
            at = start;
            continue;
        }
        match length {
            Some(length) => {
                at = start + length;
                let inner = &inner[..length - end.len()];
                left.push(mark(begin, inner));
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
                // A password between the delimiters of a variable is not a variable's name.
                if nested.is_some() && inner.chars().all(is_word) && !is_name(inner) {
                    left.push_str(inner);
                }
            }
            // An unclosed action may have been truncated.
            None => {
                left.push(mark("", inner));
                left.push(' ');
                left.push_str(inner);
                return left;
            }
        }
    }
    left.push_str(&text[at..]);
    left
}

/// Whether a delimiter begins a placeholder, whose content has that length if it is closed. A
/// password may contain each of the delimiters.
fn is_action(begin: &str, inner: &str, length: Option<usize>) -> bool {
    match length.map(|length| inner[..length].trim()) {
        // A command and its arguments, or a name.
        Some(command) if begin == "`" => command.contains(' ') || is_name(command),
        Some(_) => true,
        // An action of a template may continue on the next line.
        None => begin != "`" && inner.starts_with([' ', '-']),
    }
}

/// The first placeholder in the text.
fn first(text: &str) -> Option<(usize, Delimiters)> {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|at| b"$#{<`".contains(&bytes[*at]))
        .find_map(|at| {
            let pair = PAIRS.iter().find(|pair| text[at..].starts_with(pair.0))?;
            Some((at, *pair))
        })
}

/// The length of a placeholder's content, including its end.
fn length_until(inner: &str, end: &str) -> Option<usize> {
    let at = inner.find(end)?;
    let more = inner[at + end.len()..].starts_with('}') && end == "}}";
    Some(at + end.len() + usize::from(more))
}

/// The length up to an end that is not inside quotes.
fn length_outside_quotes(inner: &str, end: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + inner[from..].find(['"', '`', '}', '%'])?;
        if inner[at..].starts_with(end) {
            return length_until(&inner[at..], end).map(|length| at + length);
        }
        from = at + 1;
        let quote = inner[at..].chars().next()?;
        if quote == '"' || quote == '`' {
            from += quoted_text::length_until(&inner[from..], quote)? + 1;
        }
    }
}

/// The closing position of each bracket of a kind, by its opening position, found in one pass.
fn closings(text: &str, open: char, close: char) -> HashMap<usize, usize> {
    let mut closings = HashMap::new();
    let mut opened = Vec::new();
    for (at, c) in text.char_indices() {
        if c == open {
            opened.push(at);
        } else if c == close
            && let Some(opening) = opened.pop()
        {
            closings.insert(opening, at);
        }
    }
    closings
}

/// The text with a mark for each description in angle brackets. XML elements are not descriptions.
fn without_angles(value: &str) -> String {
    let mut left = String::new();
    let mut rest = value;
    if value.contains("</") || value.contains("/>") {
        return value.to_owned();
    }
    while let Some((before, after)) = rest.split_once('<') {
        left.push_str(before);
        rest = after;
        let end = after.find(['<', '>']);
        match end.filter(|end| after[*end..].starts_with('>') && is_name(&after[..*end])) {
            Some(end) => {
                left.push(MARK);
                rest = &after[end + 1..];
            }
            None => left.push('<'),
        }
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::super::token;
    use super::*;

    fn is_placeholder(value: &str) -> bool {
        let rest = Rest::of(value).or_else(|| Rest::of_prose(value));
        rest.is_some_and(|rest| !rest.holds_credential(|text| token::find(text).is_some()))
    }

    #[test]
    fn a_secret_next_to_a_placeholder_is_found() {
        for value in [
            "o_LbU!AfhJMzo`N5",
            "wk`FawDwH|Ec",
            r#"R_S/"-6ilI8`\ih~`N?,"#,
            "dU][_S0d[{`7FZT=",
            "kQ9${Hu3bT",
            "PW{{}}",
            "{{ x }}PW",
            "PW${X}",
            "${X}PW",
            "${A}PW${B}",
            "$(X)PW",
            "PW<%= x %>",
            "{{ x }}\nPW\n",
            "# of ${X}\nPW",
            "<PW>",
            "<PW ",
            "...PW",
            "PW",
        ] {
            for password in ["correct-horse-battery-9", "S3cr3t!pass", "Tr0ub4dor^3xkcd"] {
                let value = value.replace("PW", password);
                assert!(!is_placeholder(&value), "{value}");
            }
        }
        for value in [
            "${USER}:S3cr3t!pass",
            "${correct-horse-battery-9}",
            "$(correct-horse-battery-9)",
            "postgres://app:hunter2x@${HOST}/db",
            concat!("{{ x }} ghp_", "abcdefghijklmnopqrstuvwxyz0123456789"),
            "Bearer ${X} Zx81kQ0pLm22vbN7",
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn names_around_a_placeholder_are_not_reported() {
        for value in [
            "{{ .Values.a }}",
            "{{ .Values.a }}-tls",
            "${{ secrets.TOKEN }}",
            "${A:-${B:-x}}",
            "postgres://app:${DB_PASSWORD}@db-1.prod-2.example.com:5432/app?sslmode=verify-full",
            "postgres://{{ .user }}:{{ .pass }}@{{ .host }}/app",
            "Bearer ${TOKEN}",
            "us-east-1{{ .zone }}",
            "{{ .Release.Name }}-postgresql-ha-0.{{ .Release.Name }}-headless-2",
            "s3://my-backup-bucket-2024-eu/${CLUSTER}/v1",
            "{{- with .a }}\nuser={{ .user }}\npassword={{ .password }}\n{{- end }}",
            "{{ if .a }}enabled{{ else }}disabled{{ end }}",
            "{{ .Values.a | default",
            "((db-password))",
            "db-1.example.com:5432:*:postgres:{{ password }}",
            "<password>",
            "<your-password-of-8-or-more>",
            "<path:secret/data/db#password>",
            "abc...",
            "https://<host>/x",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
    }
}
