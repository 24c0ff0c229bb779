//! Derives patterns for `.gitattributes` from the `path_regex` of a creation rule; a pattern
//! matches only paths that the expression matches. If there are no such patterns, or they would
//! match every file with an extension, the encrypted files are named one by one instead.

use std::iter::Peekable;
use std::str::Chars;

/// The maximum number of patterns for one expression.
const MOST_PATTERNS: usize = 16;

/// The deepest nesting of groups.
const DEEPEST: usize = 8;

/// A part of a path.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(char),
    /// Any character except `/`.
    One,
    /// Any characters except `/`.
    Segment,
    /// Any characters.
    Any,
    /// The beginning or the end of the path.
    Edge,
}

/// The patterns for the paths that the expression matches below a directory. The directory is
/// relative to the root.
pub(super) fn patterns(expression: &str, directory: &str) -> Vec<String> {
    let mut parser = Parser {
        rest: expression.chars().peekable(),
    };
    let Some(alternatives) = parser
        .alternatives(0)
        .filter(|_| parser.rest.peek().is_none())
    else {
        return Vec::new();
    };
    let mut patterns = Vec::new();
    for parts in alternatives {
        let Some(globs) = anchored(parts).and_then(|parts| globs(&parts)) else {
            return Vec::new();
        };
        patterns.extend(globs.iter().map(|glob| in_directory(directory, glob)));
    }
    let is_usable =
        patterns.len() <= MOST_PATTERNS && patterns.iter().all(|glob| is_specific(glob));
    match is_usable {
        true => patterns,
        false => Vec::new(),
    }
}

/// Reads the common part of regular expressions.
struct Parser<'e> {
    rest: Peekable<Chars<'e>>,
}

impl Parser<'_> {
    /// Parses the alternatives up to the end of the expression or of a group. `None` if a part has
    /// no pattern, or if there are too many alternatives.
    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<Part>>> {
        let mut all = Vec::new();
        let mut current = vec![Vec::new()];
        while let Some(char) = self.rest.next_if(|char| *char != ')') {
            if char == '|' {
                all.append(&mut current);
                current.push(Vec::new());
                continue;
            }
            let choices = self.repeated(char, depth)?;
            current = current
                .iter()
                .flat_map(|start| choices.iter().map(|choice| [&start[..], choice].concat()))
                .collect();
            if current.len() > MOST_PATTERNS {
                return None;
            }
        }
        all.append(&mut current);
        Some(all)
    }

    /// Parses a part and the repetition after it, as alternatives.
    fn repeated(&mut self, char: char, depth: usize) -> Option<Vec<Vec<Part>>> {
        let mut choices = self.part(char, depth)?;
        match self.rest.next_if(|next| "*+?{".contains(*next)) {
            None => {}
            Some('?') => choices.push(Vec::new()),
            Some('{') => return None,
            Some(repeat) => {
                let any = match (char, choices.as_slice()) {
                    ('.', _) => Part::Any,
                    (_, [parts]) if *parts == [Part::One] => Part::Segment,
                    _ => return None,
                };
                let least = (repeat == '+').then_some(Part::One);
                choices = vec![least.into_iter().chain([any]).collect()];
            }
        }
        // `??` and `*?` are repetitions that prefer less; both match the same paths.
        self.rest.next_if_eq(&'?');
        match self.rest.peek() {
            Some('*' | '+' | '?' | '{') => None,
            _ => Some(choices),
        }
    }

    fn part(&mut self, char: char, depth: usize) -> Option<Vec<Vec<Part>>> {
        let part = match char {
            '^' | '$' => Part::Edge,
            // Most authors of such an expression mean a literal dot.
            '.' => Part::Literal('.'),
            '\\' => match self.rest.next()? {
                escaped if escaped.is_ascii_punctuation() => Part::Literal(escaped),
                _ => return None,
            },
            '[' => {
                let any_but_slash = ['^', '/', ']'];
                let is_segment = any_but_slash
                    .iter()
                    .all(|char| self.rest.next() == Some(*char));
                return is_segment.then(|| vec![vec![Part::One]]);
            }
            '(' if depth < DEEPEST => {
                if self.rest.next_if_eq(&'?').is_some() && self.rest.next() != Some(':') {
                    return None;
                }
                let alternatives = self.alternatives(depth + 1)?;
                self.rest.next_if_eq(&')')?;
                return Some(alternatives);
            }
            '*' | '+' | '?' | '{' | '(' | ')' => return None,
            char => Part::Literal(char),
        };
        Some(vec![vec![part]])
    }
}

/// The parts, with any text allowed before and after them unless the expression is anchored.
fn anchored(mut parts: Vec<Part>) -> Option<Vec<Part>> {
    match parts.first() {
        Some(Part::Edge) => drop(parts.remove(0)),
        _ => parts.insert(0, Part::Any),
    }
    match parts.last() {
        Some(Part::Edge) => drop(parts.pop()),
        _ => parts.push(Part::Any),
    }
    parts.dedup_by(|next, part| *next == Part::Any && *part == Part::Any);
    (!parts.contains(&Part::Edge)).then_some(parts)
}

/// The globs for the parts. `.*` also matches `/`, which in a glob only the component `**` does.
fn globs(parts: &[Part]) -> Option<Vec<String>> {
    let mut globs = vec![String::new()];
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let all = if is_last { "**" } else { "**/*" };
        let extended = globs.into_iter().flat_map(|glob| {
            let is_start = glob.is_empty() || glob.ends_with('/');
            let ends = match part {
                Part::Literal(char) if "\\*?[".contains(*char) => vec![format!("\\{char}")],
                Part::Literal(char) => vec![char.to_string()],
                Part::One => vec!["?".to_owned()],
                Part::Segment => vec!["*".to_owned()],
                Part::Any if is_start => vec![all.to_owned()],
                Part::Any => vec!["*".to_owned(), format!("*/{all}")],
                Part::Edge => Vec::new(),
            };
            ends.into_iter().map(move |end| format!("{glob}{end}"))
        });
        globs = extended.collect();
        if globs.len() > MOST_PATTERNS {
            return None;
        }
    }
    let is_path =
        |glob: &String| !glob.is_empty() && !glob.starts_with('/') && !glob.ends_with('/');
    globs.iter().all(is_path).then_some(globs)
}

/// The pattern from the root. A name in any directory is written without `**/`.
fn in_directory(directory: &str, glob: &str) -> String {
    let name = glob.strip_prefix("**/");
    let name = name.filter(|name| !name.contains('/') && !name.starts_with(['#', '!']));
    match (directory, name) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => format!("/{glob}"),
        (directory, _) => {
            let escaped: String = directory
                .chars()
                .flat_map(|char| {
                    "\\*?["
                        .contains(char)
                        .then_some('\\')
                        .into_iter()
                        .chain([char])
                })
                .collect();
            format!("/{escaped}/{glob}")
        }
    }
}

/// Whether the pattern restricts more than the extension.
fn is_specific(glob: &str) -> bool {
    let (directory, name) = glob.rsplit_once('/').unwrap_or(("", glob));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    directory
        .chars()
        .chain(stem.chars())
        .any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use ignore::gitignore::GitignoreBuilder;
    use sops_go_compat::Regexp;

    use super::*;

    #[test]
    fn common_expressions_have_patterns() {
        for (expression, directory, expected) in [
            (r"\.enc\.yaml$", "", &["*.enc.yaml"][..]),
            (r".*\.enc\.ya?ml$", "", &["*.enc.yaml", "*.enc.yml"]),
            (r"\.sops\.", "", &["*.sops.*", "/**/*.sops.*/**"]),
            (r"^apps/.*\.yaml$", "", &["/apps/**/*.yaml"]),
            (r"^apps/[^/]+/secret\.yaml$", "", &["/apps/?*/secret.yaml"]),
            (
                r"^(dev|prod)/secrets/",
                "",
                &["/dev/secrets/**", "/prod/secrets/**"],
            ),
            (r"^secrets/", "clusters/a", &["/clusters/a/secrets/**"]),
            (r"secret.yaml$", "", &["*secret.yaml"]),
            (r"^a\[b\]$", "x*", &["/x\\*/a\\[b]"]),
            // These expressions match all files with an extension, or have no pattern.
            (r"\.yaml$", "", &[]),
            (r".*", "", &[]),
            ("", "", &[]),
            (r"\.ya?ml$", "", &[]),
            (r"(?i)secret", "", &[]),
            (r"\w+\.enc", "", &[]),
            (r"a{2}", "", &[]),
            (r"(ab)+", "", &[]),
            (r"[ab]c", "", &[]),
            (r"((((((((((a))))))))))", "", &[]),
            (r"(a", "", &[]),
            (r"a)", "", &[]),
            (r"a^b", "", &[]),
            (r"a?b?c?d?e?f?", "", &[]),
        ] {
            assert_eq!(patterns(expression, directory), expected, "{expression}");
        }
    }

    #[test]
    fn a_pattern_matches_only_what_the_expression_matches() {
        let names = [
            "secret.yaml",
            "a.enc.yaml",
            "a.enc.yml",
            "b.yaml",
            "secrets",
            ".enc.yaml",
            "x.sops.json",
        ];
        let directories = [
            "",
            "apps/",
            "apps/web/",
            "secrets/",
            "dev/secrets/x/",
            "a.enc.yaml/",
        ];
        let paths = directories
            .iter()
            .flat_map(|directory| names.map(|name| format!("{directory}{name}")));
        let paths: Vec<String> = paths.collect();
        let mut matched = 0;
        for expression in [
            r"\.enc\.yaml$",
            r".*\.enc\.ya?ml",
            r"^apps/.*\.yaml$",
            r"^apps/a.*\.yaml$",
            r"^apps/[^/]+\.yaml$",
            r"^(dev|apps)/",
            r"secrets/",
            r"secret",
            r"^.+/secret\.yaml$",
            r".*\.sops\.(json|yaml)$",
            r"(^|/)secrets?/",
        ] {
            let regexp = Regexp::new(expression).expect("the expression is valid");
            let mut builder = GitignoreBuilder::new("");
            for pattern in patterns(expression, "") {
                builder
                    .add_line(None, &pattern)
                    .expect("the pattern is valid");
            }
            let globs = builder.build().expect("the patterns are valid");
            for path in &paths {
                if globs.matched(path, false).is_ignore() {
                    assert!(regexp.is_match(path), "{expression}: {path}");
                    matched += 1;
                }
            }
        }
        assert!(matched > 50, "{matched}");
    }
}
