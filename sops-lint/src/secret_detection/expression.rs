//! Finds the quoted strings in a template's expression that may become part of its result.

use super::mark::MARK;
use super::quoted_text::length_until;
use super::remainder;
use super::stored_elsewhere::is_elsewhere;

/// Functions that use a string as a name, a condition or a message. Their results come from
/// elsewhere.
const LOOKUPS: [&str; 28] = [
    "include", "template", "lookup", "query", "q", "index", "pluck", "pick", "omit", "required",
    "fail", "Get", "GetBytes", "Glob", "Lines", "Has", "eq", "ne", "contains", "map", "file",
    "readFile", "exec", "ref", "vault", "secret", "key", "pass",
];

/// The beginnings of the names of other lookup functions.
const PREFIXES: [&str; 6] = ["date", "gen", "has", "regex", "split", "trim"];

/// The endings of the names of other lookup functions.
const SUFFIXES: [&str; 3] = ["env", "Env", "attr"];

/// Functions that look up one string. If they get several strings, the last is the default.
const WITH_DEFAULT: [&str; 6] = ["get", "getenv", "Getenv", "fetch", "dig", "keyOrDefault"];

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// A function and its arguments so far.
#[derive(Default)]
struct Call<'t> {
    function: &'t str,
    arguments: usize,
    texts: usize,
    /// Whether the call is an argument of a lookup.
    is_looked_up: bool,
}

/// Adds the strings that may become part of the result of an expression in the syntax of Go, Jinja
/// or Ruby.
pub(super) fn add_literals(expression: &str, values: &mut Vec<String>) {
    let mut outer = Vec::new();
    let mut call = Call::default();
    let mut word = "";
    let mut at = 0;
    while let Some(c) = expression[at..].chars().next() {
        let before = &expression[..at];
        let is_joined = before.ends_with(|c| is_part(c) || ")]".contains(c));
        at += c.len_utf8();
        let rest = &expression[at..];
        match c {
            _ if QUOTES.contains(&c) => {
                let Some(length) = length_until(rest, c) else {
                    return;
                };
                at += length + 1;
                if call.gives(before, &expression[at..]) {
                    add(&rest[..length], values);
                }
            }
            '(' | '[' => {
                let is_called = c == '(' && is_joined;
                if is_called && call.function == word {
                    call.function = "";
                }
                // A list in which an index is looked up may be written there.
                let is_argument = call.is_lookup() && call.name() != "index";
                let inner = Call {
                    function: if is_called { word } else { "" },
                    is_looked_up: call.is_looked_up || is_argument || c == '[' && is_joined,
                    ..Call::default()
                };
                outer.push(std::mem::replace(&mut call, inner));
            }
            ')' | ']' => {
                call = outer.pop().unwrap_or_default();
                call.arguments += 1;
            }
            '|' => call.begin(""),
            _ if is_part(c) => {
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                at += length;
                word = &expression[before.len()..at];
                match word {
                    "or" | "and" | "not" | "if" | "else" => call.begin(""),
                    _ if call.function.is_empty() => call.begin(word),
                    _ => call.arguments += 1,
                }
            }
            _ => {}
        }
    }
}

impl<'t> Call<'t> {
    fn begin(&mut self, function: &'t str) {
        self.function = function;
        self.arguments = 0;
        self.texts = 0;
    }

    /// The name of the function without its module.
    fn name(&self) -> &'t str {
        self.function.rsplit('.').next().unwrap_or_default()
    }

    fn is_lookup(&self) -> bool {
        let name = self.name();
        LOOKUPS.contains(&name)
            || PREFIXES.iter().any(|begin| name.starts_with(begin))
            || SUFFIXES.iter().any(|end| name.ends_with(end))
    }

    /// Whether the result may contain the next argument.
    fn gives(&mut self, before: &str, rest: &str) -> bool {
        let before = before.trim_end_matches(' ');
        let is_key = before.ends_with('.')
            || rest.starts_with(':')
            || self.name() == "dict" && self.arguments.is_multiple_of(2);
        let is_compared = before.ends_with("==") || before.ends_with("!=");
        let is_followed = rest.trim_start_matches([' ', ',']).starts_with(QUOTES);
        let is_name = match WITH_DEFAULT.contains(&self.name()) {
            true => self.texts == 0 || is_followed,
            false => self.is_lookup(),
        };
        self.arguments += 1;
        self.texts += 1;
        !is_key && !is_compared && !is_name && !self.is_looked_up
    }
}

/// Adds `text` or, for a format string, the text around its placeholders.
fn add(text: &str, values: &mut Vec<String>) {
    if is_elsewhere(text) {
        return;
    }
    let mut format = text.to_owned();
    for verb in ["%s", "%v", "%d", "%q"] {
        format = format.replace(verb, &MARK.to_string());
    }
    match format.contains(MARK) {
        true => remainder::add_literals(&format, values),
        false => values.push(text.to_owned()),
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || "_.$".contains(c)
}
