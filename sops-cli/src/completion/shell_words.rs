//! The words of a bash command line that is not complete yet.

/// The word at the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Current {
    /// The word, without quotes.
    pub(super) text: String,
    /// The quote that is open at the cursor.
    quote: Option<char>,
}

/// The words of the command before the one at the cursor, without the command itself.
pub(super) fn split_line(line: &str) -> (Vec<String>, Current) {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let escapes = character == '\\' && quote != Some('\'');
        if escapes {
            let Some(next) = characters.next() else {
                break;
            };
            let word = word.get_or_insert_default();
            if quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                word.push('\\');
            }
            word.push(next);
        } else if quote == Some(character) {
            quote = None;
        } else if quote.is_none() && matches!(character, '\'' | '"') {
            quote = Some(character);
            word.get_or_insert_default();
        } else if quote.is_none() && character.is_whitespace() {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(character);
        }
    }
    let current = Current {
        text: word.unwrap_or_default(),
        quote,
    };
    // Variables may be set for the command.
    let is_set = |word: &String| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
    };
    let start = words.iter().take_while(|word| is_set(word)).count() + 1;
    let words = words.into_iter().skip(start).collect();
    (words, current)
}

impl Current {
    pub(super) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            quote: None,
        }
    }

    /// The text that completes the word to `candidate`. Bash replaces only `seen`, the part of the
    /// word after the last quote, `=` or `:`.
    pub(super) fn completed(&self, candidate: &str, seen: &str) -> String {
        let seen = seen.trim_start_matches(['\'', '"']);
        let kept = self.text.strip_suffix(seen).unwrap_or_default();
        let rest = candidate.strip_prefix(kept).unwrap_or(candidate);
        let is_plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+~".contains(c);
        match self.quote {
            Some('\'') => rest.replace('\'', r"'\''"),
            Some(_) => escaped(rest, |c| matches!(c, '"' | '\\' | '$' | '`')),
            None if rest.chars().all(is_plain) => rest.to_owned(),
            None if kept.is_empty() => format!("'{}'", rest.replace('\'', r"'\''")),
            None => escaped(rest, |c| !is_plain(c)),
        }
    }
}

fn escaped(text: &str, is_special: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if is_special(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_by_a_shell() {
        for (line, words, current, quote) in [
            ("sops ", &[][..], "", None),
            ("sops de", &[], "de", None),
            ("A=1 B='x y' sops decrypt ", &["decrypt"], "", None),
            (
                "sops set 'a b.yaml' '[\"k",
                &["set", "a b.yaml"],
                "[\"k",
                Some('\''),
            ),
            (
                "sops set a\\ b \"[\\\"k",
                &["set", "a b"],
                "[\"k",
                Some('"'),
            ),
            ("sops --output-type=ya", &[], "--output-type=ya", None),
            ("sops '' x", &[""], "x", None),
            ("sops a\\", &[], "a", None),
        ] {
            let expected = Current {
                text: current.to_owned(),
                quote,
            };
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(split_line(line), (words, expected), "{line}");
        }
    }

    #[test]
    fn bash_gets_the_rest_of_its_word() {
        for (line, seen, candidate, expected) in [
            ("sops de", "de", "decrypt", "decrypt"),
            ("sops --output-type=ya", "ya", "--output-type=yaml", "yaml"),
            ("sops --output-type=", "", "--output-type=yaml", "yaml"),
            ("sops set x ", "", "[\"a\"]", "'[\"a\"]'"),
            ("sops set x '[\"", "[\"", "[\"a\"]", "[\"a\"]"),
            ("sops set x '[\"", "'[\"", "[\"it's\"]", "[\"it'\\''s\"]"),
            ("sops set x \"[", "[", "[\"$a\"]", "[\\\"\\$a\\\"]"),
            ("sops --age a,b", "a,b", "a,bc", "a,bc"),
        ] {
            let (_, current) = split_line(line);
            assert_eq!(current.completed(candidate, seen), expected, "{line}");
        }
    }
}
