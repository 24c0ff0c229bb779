//! Splits a shell script into its commands, as far as needed to know which of them always run.

use std::iter::Peekable;
use std::str::Chars;

/// The separator between a command and the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// A line break, `;`, or the beginning of the script.
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// A command, or a keyword such as `then` with the command after it.
#[derive(Debug)]
pub(super) struct ShellCommand {
    pub(super) before: Before,
    /// The words of the command, with their quotes.
    pub(super) words: Vec<String>,
}

/// The commands of a script, without comments and here documents.
pub(super) fn commands(script: &str) -> Vec<ShellCommand> {
    let mut scan = Scan {
        rest: script.chars().peekable(),
        commands: Vec::new(),
        before: Before::Sequence,
        words: Vec::new(),
        word: String::new(),
        ends_of_documents: Vec::new(),
        subshells: 0,
    };
    scan.run();
    scan.commands
}

struct Scan<'s> {
    rest: Peekable<Chars<'s>>,
    commands: Vec<ShellCommand>,
    before: Before,
    words: Vec<String>,
    word: String,
    /// The lines that end the here documents which begin after this line.
    ends_of_documents: Vec<String>,
    subshells: usize,
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(char) = self.rest.next() {
            match char {
                '\\' => match self.rest.next() {
                    Some('\n') | None => {}
                    Some(escaped) => self.word.extend(['\\', escaped]),
                },
                '\'' => self.quoted('\''),
                '"' | '`' => self.quoted(char),
                '$' if self.rest.peek() == Some(&'(') => self.substitution(),
                '#' if self.word.is_empty() => {
                    while self.rest.next_if(|char| *char != '\n').is_some() {}
                }
                '\n' => {
                    self.command(Before::Sequence);
                    self.skip_documents();
                }
                ';' => self.command(Before::Sequence),
                '<' if self.rest.peek() == Some(&'<') => self.document(),
                '&' if self.word.ends_with(['>', '<']) || self.rest.peek() == Some(&'>') => {
                    self.word.push('&');
                }
                '&' => match self.rest.next_if_eq(&'&') {
                    Some(_) => self.command(Before::And),
                    None => self.command(Before::Background),
                },
                '|' => match self.rest.next_if_eq(&'|') {
                    Some(_) => self.command(Before::Or),
                    None => self.command(Before::Pipe),
                },
                '(' if self.rest.next_if_eq(&')').is_some() => self.word.push_str("()"),
                '(' => {
                    self.subshells += 1;
                    self.word.push('(');
                    self.word_ends();
                }
                // Elsewhere, `)` ends a pattern of `case`.
                ')' if self.subshells > 0 => {
                    self.subshells -= 1;
                    self.command(Before::Sequence);
                    self.word.push(')');
                    self.word_ends();
                }
                ')' => self.command(Before::Sequence),
                char if char.is_whitespace() => self.word_ends(),
                char => self.word.push(char),
            }
        }
        self.command(Before::Sequence);
    }

    fn word_ends(&mut self) {
        if !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    fn command(&mut self, next: Before) {
        self.word_ends();
        if !self.words.is_empty() || self.before == Before::Background {
            self.commands.push(ShellCommand {
                before: self.before,
                words: std::mem::take(&mut self.words),
            });
            self.before = next;
        } else if next != Before::Sequence {
            self.before = next;
        }
    }

    fn quoted(&mut self, quote: char) {
        self.word.push(quote);
        while let Some(char) = self.rest.next() {
            self.word.push(char);
            if char == quote {
                return;
            }
            if char == '\\' && quote != '\'' {
                self.word.extend(self.rest.next());
            }
        }
    }

    /// `$(…)`
    fn substitution(&mut self) {
        self.word.push('$');
        let mut depth = 0;
        while let Some(char) = self.rest.next() {
            match char {
                '\'' | '"' => {
                    self.quoted(char);
                    continue;
                }
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            self.word.push(char);
            if depth == 0 {
                return;
            }
        }
    }

    fn document(&mut self) {
        self.rest.next();
        // `<<<` is a string, not a document.
        if self.rest.next_if_eq(&'<').is_some() {
            self.word.push_str("<<<");
            return;
        }
        self.rest.next_if_eq(&'-');
        while self.rest.next_if_eq(&' ').is_some() {}
        let is_of_name = |char: &char| !char.is_whitespace() && !";&|<>()".contains(*char);
        let mut end = String::new();
        while let Some(char) = self.rest.next_if(is_of_name) {
            if !['\'', '"', '\\'].contains(&char) {
                end.push(char);
            }
        }
        self.ends_of_documents.push(end);
    }

    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.ends_of_documents) {
            loop {
                let mut line = String::new();
                let mut is_last = true;
                for char in self.rest.by_ref() {
                    if char == '\n' {
                        is_last = false;
                        break;
                    }
                    line.push(char);
                }
                if is_last || line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_split_where_a_shell_splits_it() {
        let split = |script: &str| -> Vec<String> {
            let commands = commands(script).into_iter();
            let text = commands.map(|command| {
                let before = match command.before {
                    Before::Sequence => ";",
                    Before::And => "&&",
                    Before::Or => "||",
                    Before::Pipe => "|",
                    Before::Background => "&",
                };
                format!("{before} {}", command.words.join(" "))
            });
            text.collect()
        };
        for (script, expected) in [
            ("a b\n\n# c\nd;e", &["; a b", "; d", "; e"][..]),
            ("a && b || c | d", &["; a", "&& b", "|| c", "| d"]),
            ("a ||\n  b", &["; a", "|| b"]),
            ("a & b", &["; a", "& b"]),
            ("a &", &["; a", "& "]),
            ("a 2>&1 &>/dev/null", &["; a 2>&1 &>/dev/null"]),
            ("a \\\n  b", &["; a b"]),
            (
                "a 'b; c\n' \"d\\\" & e\" f#g",
                &["; a 'b; c\n' \"d\\\" & e\" f#g"],
            ),
            ("a $(b; c \")\") `d; e`", &["; a $(b; c \")\") `d; e`"]),
            ("cat <<'X'\na\n\tX\nb", &["; cat", "; b"]),
            (
                "cat <<-X | d\na\nX\nb <<< c",
                &["; cat", "| d", "; b <<< c"],
            ),
            ("f() { a; }", &["; f() { a", "; }"]),
            ("(a; b) || c", &["; ( a", "; b", "; )", "|| c"]),
            (
                "case x in\na) b;;\nesac",
                &["; case x in", "; a", "; b", "; esac"],
            ),
            ("'", &["; '"]),
        ] {
            assert_eq!(split(script), expected, "{script}");
        }
    }
}
