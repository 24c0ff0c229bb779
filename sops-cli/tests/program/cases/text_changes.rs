//! Changes to the text of an encrypted file.

/// Changes the lines with this beginning.
pub(super) fn lines(text: &str, start: &str, change: impl Fn(&str) -> String) -> String {
    let line = |line: &str| {
        if line.trim_start().starts_with(start) {
            change(line)
        } else {
            format!("{line}\n")
        }
    };
    text.lines().map(line).collect()
}

pub(super) fn without(text: &str, start: &str) -> String {
    lines(text, start, |_| String::new())
}

/// Replaces `old` with `new` in the lines that begin with `start`.
pub(super) fn replaced(text: &str, start: &str, old: &str, new: &str) -> String {
    lines(text, start, |line| {
        assert!(line.contains(old), "{line}");
        format!("{}\n", line.replacen(old, new, 1))
    })
}

/// Changes the first character after `mark` in the lines with this beginning.
pub(super) fn altered(text: &str, start: &str, mark: &str) -> String {
    lines(text, start, |line| {
        let at = line.find(mark).expect("the mark is there") + mark.len();
        let other = if line[at..].starts_with('A') {
            'B'
        } else {
            'A'
        };
        format!("{}{other}{}\n", &line[..at], &line[at + 1..])
    })
}

/// Replaces the line `age:` of the `sops` metadata.
pub(super) fn with_age(text: &str, new: &str) -> String {
    replaced(text, "age:", "age:", new)
}

/// Swaps the values of two lines.
pub(super) fn swapped(text: &str, first_key: &str, second_key: &str) -> String {
    let value = |start: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(start));
        line.expect("the file has the line").to_owned()
    };
    let (first, second) = (value(first_key), value(second_key));
    let text = lines(text, first_key, |_| format!("{first_key}{second}\n"));
    lines(&text, second_key, |_| format!("{second_key}{first}\n"))
}
