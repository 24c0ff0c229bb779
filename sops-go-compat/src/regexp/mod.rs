//! Regular expressions as `sops` reads them: Go's dialect of RE2, matched anywhere in the text.

mod characters;
mod class;
mod error;
mod parser;

use std::fmt;

pub use error::RegexpError;

use regex_automata::meta;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{self, WhichCaptures};

/// The size limit for an expression after its repetitions are expanded, in bytes.
const MAX_SIZE: usize = 8 << 20;

/// A regular expression that matches the same text as in Go's package `regexp` (version 1.25 and
/// later).
///
/// Matching is not anchored; `\d`, `\s`, `\w` and `\b` are ASCII; `$` is the end of the text. The
/// Unicode tables are those of the crate `regex-syntax` (Unicode 16, Go has 15), so characters
/// newer than Unicode 15 may match differently in `sops`.
#[derive(Clone)]
pub struct Regexp {
    pattern: String,
    program: meta::Regex,
}

impl Regexp {
    /// Parses and compiles an expression.
    ///
    /// # Errors
    /// [`RegexpError`] says what is wrong and at which character. Besides the expressions that Go
    /// rejects, these are rejected: expressions nested more than 250 deep, longer than 64 KiB, or
    /// too large once their repetitions are expanded, and too large character classes.
    pub fn new(pattern: &str) -> Result<Self, RegexpError> {
        let hir = parser::parse(pattern)?;
        // The lazy DFA compiles in microseconds and matches a key in about ten nanoseconds. The
        // other engines would only add compile time.
        let config = meta::Config::new()
            .nfa_size_limit(Some(MAX_SIZE))
            .which_captures(WhichCaptures::Implicit)
            .dfa(false)
            .onepass(false)
            .backtrack(false);
        let program = meta::Builder::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(|_| too_large(pattern))?;
        Ok(Self {
            pattern: pattern.to_owned(),
            program,
        })
    }

    /// Checks an expression at a fraction of the cost of compiling it.
    ///
    /// # Errors
    /// The errors of [`Regexp::new`], except that a valid expression that is too large to compile
    /// passes.
    pub fn check(pattern: &str) -> Result<(), RegexpError> {
        parser::parse(pattern).map(|_| ())
    }

    /// Whether `pattern` matches anywhere in `text`. For a single string, this costs about half as
    /// much as [`Regexp::new`].
    ///
    /// # Errors
    /// The errors of [`Regexp::new`].
    pub fn matches_once(pattern: &str, text: &str) -> Result<bool, RegexpError> {
        let hir = parser::parse(pattern)?;
        let config = thompson::Config::new()
            .nfa_size_limit(Some(MAX_SIZE))
            .which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(|_| too_large(pattern))?;
        let machine = PikeVM::new_from_nfa(nfa).map_err(|_| too_large(pattern))?;
        Ok(machine.is_match(&mut machine.create_cache(), text))
    }

    /// Whether the expression matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.program.is_match(text)
    }

    /// The source of the expression.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl fmt::Debug for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regexp").field(&self.pattern).finish()
    }
}

fn too_large(pattern: &str) -> RegexpError {
    let message = "the expression is too large; use smaller repetition counts";
    RegexpError::new(pattern, message)
}

#[cfg(test)]
mod tests {
    use sops_test_support::vectors;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        pattern: String,
        valid: bool,
        #[serde(default)]
        matches: Vec<String>,
    }

    /// Go 1.26 printed the vectors; the first vector of each file has an empty pattern and lists
    /// all keys. The generated patterns are a selection from half a million random ones; the others
    /// were written by hand for the differences found.
    #[test]
    fn the_regexp_engine_matches_like_go() {
        for (name, count) in [("regex.jsonl", 186), ("regex-generated.jsonl", 556)] {
            let vectors = vectors::read::<Vector>(name);
            assert_eq!(vectors.len(), count);
            let keys = &vectors[0].matches;
            for Vector {
                pattern,
                valid,
                matches,
            } in &vectors
            {
                assert_eq!(
                    Regexp::check(pattern).is_ok(),
                    *valid,
                    "{pattern:?} is valid"
                );
                let Ok(regex) = Regexp::new(pattern) else {
                    assert!(!valid, "{pattern:?} compiles");
                    continue;
                };
                let found: Vec<_> = keys.iter().filter(|key| regex.is_match(key)).collect();
                assert_eq!(found, matches.iter().collect::<Vec<_>>(), "{pattern:?}");
                for key in keys.iter().step_by(7) {
                    let once = Regexp::matches_once(pattern, key).expect("the pattern is valid");
                    assert_eq!(once, matches.contains(key), "{pattern:?} on {key:?}");
                }
            }
        }
    }

    #[test]
    fn errors_name_the_position_and_the_problem() {
        let cases = [
            ("a(b", "character 2, `(`: this parenthesis is never closed"),
            (
                "((?i)x|)y)",
                "character 10, `)`: there is no parenthesis to close",
            ),
            ("é[a-", "character 2, `[`: this bracket is never closed"),
            ("x[b-a]", "character 3, `b-a`: a range whose first"),
            ("[[:foo:]]", "character 2, `[:foo:]`: there is no class"),
            ("*.yaml", "character 1, `*`: there is nothing to repeat"),
            ("a|+", "character 3, `+`: there is nothing to repeat"),
            ("a**", "character 2, `**`: one repetition directly after"),
            ("a{2}{3}?", "character 2, `{2}{3}?`: one repetition"),
            (
                "a{1001}",
                "character 2, `{1001}`: a repetition count must be at most 1000",
            ),
            (
                "a{3,2}",
                "character 2, `{3,2}`: a repetition count must be at most 1000",
            ),
            ("(a{100}){11}", "character 9, `{11}`: nested repetitions"),
            (
                "foo(?=bar)",
                "character 4, `(?=`: sops does not support look-ahead",
            ),
            (
                "(?!a)",
                "character 1, `(?!`: sops does not support look-ahead",
            ),
            (
                "(?<=a)b",
                "character 1, `(?<=`: sops does not support look-behind",
            ),
            ("(?<n", "character 1, `(?<n`: a group name"),
            ("(?P<a-b>x)", "character 1, `(?P<a-b`: a group name"),
            ("(?>a)", "character 1, `(?>`: sops does not support atomic"),
            (
                "(?x)a",
                "character 1, `(?x`: sops does not support the flag `x`",
            ),
            ("(?i-)a", "character 1, `(?i-)`: unknown flags"),
            (r"(a)\1", r"character 4, `\1`: sops does not support back-"),
            (r"a\Z", r"character 2, `\Z`: write `\z` or `$` for the end"),
            (
                r"\u0041",
                r"character 1, `\u`: write a character by its number",
            ),
            (
                r"\x{d800}",
                r"character 1, `\x{d800}`: write a character by its number",
            ),
            (
                r"[\b]",
                r"character 2, `\b`: a word boundary is not allowed",
            ),
            (
                r"\p{Klingon}",
                r"character 1, `\p{Klingon}`: sops does not know a Unicode",
            ),
            (
                r"\p{L",
                r"character 1, `\p{L`: the name of a Unicode class must end",
            ),
            (r"\pq", r"character 1, `\pq`: sops does not know a Unicode"),
            ("a\\", r"character 2, `\`: a backslash at the end"),
            ("\n\t(", r"character 3, `(`: this parenthesis"),
            ("(?\u{1b}", r"character 1, `(?\u{1b}`: unknown flags"),
        ];
        for (pattern, start) in cases {
            let error = Regexp::new(pattern).expect_err(pattern);
            let message = error.message;
            assert!(message.starts_with(start), "{pattern:?}: {message}");
        }
    }

    #[test]
    fn rejects_expressions_that_are_too_large() {
        let cases = [
            "(".repeat(251) + &")".repeat(251),
            "(?:".repeat(20_000),
            r"\pL".repeat(20_000),
            "(?i)".to_owned() + &r"[\x{0}-\x{10fffe}]".repeat(2_000),
            r"\pL{1000}".to_owned(),
            ".{1000}".repeat(9_000),
            "a".repeat((64 << 10) + 1),
        ];
        for pattern in cases {
            let error = Regexp::new(&pattern)
                .expect_err("the expression is too large")
                .to_string();
            assert!(error.len() < 1_500, "{} bytes", error.len());
        }
        let deep = "(".repeat(240) + "a" + &")".repeat(240);
        assert!(Regexp::new(&deep).is_ok_and(|regex| regex.is_match("cab")));
    }

    #[test]
    fn arbitrary_patterns_do_not_panic() {
        let pieces = [
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "?",
            "*",
            "+",
            "|",
            "^",
            "$",
            ".",
            "\\",
            "-",
            ":",
            "P",
            "<",
            ">",
            "p",
            "Q",
            "E",
            "x",
            "i",
            "1",
            ",",
            "0",
            "é",
            "\u{10ffff}",
            "\n",
            "[:",
            ":]",
            "(?",
            "a",
        ];
        let mut state = 1_u64;
        let mut next = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // The remainder is less than `bound`, which is a small `usize`.
            usize::try_from((state >> 33) % bound as u64).unwrap_or(0)
        };
        for _ in 0..20_000 {
            let length = next(12);
            let pattern: String = (0..length).map(|_| pieces[next(pieces.len())]).collect();
            if let Ok(regex) = Regexp::new(&pattern) {
                regex.is_match("aéx");
            }
        }
    }
}
