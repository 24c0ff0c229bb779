//! Names and values of which several may be in a line: in quotes as in JSON, in braces as in YAML, in elements as in XML, and of SQL.

use std::sync::LazyLock;

use regex::Regex;

use super::found::range_of;

/// A way to write a name and a value.
struct PairForm {
    expression: Regex,
    /// The name of all values, if the text says it in other words.
    name: Option<&'static str>,
    /// What each text with such a pair has in it.
    mark: &'static str,
}

static FORMS: LazyLock<Vec<PairForm>> = LazyLock::new(|| {
    let forms = [
        (None, "", PAIR),
        (
            None,
            "",
            r#"[{,][ \t]*["']?([A-Za-z0-9_.-]{2,100})["']?:[ \t]+([^\s"'{}\[\],&*!|>][^{}\[\],\n]{2,})[,}]"#,
        ),
        (
            None,
            "define(",
            r#"define\([ \t]*["']([A-Za-z0-9_]{2,100})["'],[ \t]*["']([^"'\n]{3,})["']"#,
        ),
        (
            None,
            "login",
            r#"\blogin[ \t]+\S+[ \t]+(password)[ \t]+([^\s"']{3,})"#,
        ),
        (
            None,
            "</",
            r"<([A-Za-z][A-Za-z0-9_.-]{1,100})>([^<>\n]{3,})</",
        ),
        (
            None,
            "</",
            r#"(?:name|key)="([A-Za-z0-9_.-]{2,100})"[^<>\n]*>([^<>\n]{3,})</"#,
        ),
        (
            None,
            "value=",
            r#"(?:name|key)="([A-Za-z0-9_.-]{2,100})"[ \t]+value="([^"\n]{3,})""#,
        ),
        (
            PASSWORD,
            "",
            r"(?i)\b(?:password|identified(?:[ \t]+with[ \t]+\S+)?[ \t]+by)[ \t]+'([^'\n]{3,})'",
        ),
        (
            PASSWORD,
            "",
            r#"(?i)\bidentified(?:[ \t]+with[ \t]+\S+)?[ \t]+by[ \t]+"([^"\n]{3,})""#,
        ),
        (
            PASSWORD,
            "",
            r"(?i)\bset[ \t]+password\b[^;=\n]*=[ \t]*(?:password\([ \t]*)?'([^'\n]{3,})'",
        ),
    ];
    let forms = forms.into_iter().map(|(name, mark, expression)| PairForm {
        expression: Regex::new(expression).expect("the expression is valid"),
        name,
        mark,
    });
    forms.collect()
});

const PASSWORD: Option<&str> = Some("password");

/// A name and a value in quotes.
const PAIR: &str = r#"([A-Za-z0-9_.-]{2,100})(?:\\?["']\]?[ \t]*[:=]|[ \t]*=|:)[ \t]*(?:"((?:[^"\\\n]|\\.){3,})"|'([^'\n]{3,})'|\\"([^"\\\n]{3,})\\")"#;

/// The names and values in a text.
pub(super) fn within(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    for form in FORMS.iter().filter(|form| text.contains(form.mark)) {
        add(form, text, text, &mut pairs);
    }
    pairs
}

/// Adds the pairs in a part of the text.
fn add<'t>(form: &PairForm, part: &'t str, text: &'t str, pairs: &mut Vec<(&'t str, &'t str)>) {
    for found in form.expression.captures_iter(part) {
        let first = if form.name.is_some() { 1 } else { 2 };
        let Some(value) = (first..found.len()).find_map(|group| found.get(group)) else {
            continue;
        };
        let value = value.as_str();
        let name = form.name.or_else(|| Some(found.get(1)?.as_str()));
        if is_commented(text, range_of(value, text).start) {
            continue;
        }
        pairs.extend(name.map(|name| (name, value)));
        // JSON as the value of a variable.
        if value.starts_with(['{', '[']) && part.len() == text.len() {
            add(form, value, text, pairs);
        }
    }
}

/// Whether a place is in a line that is a comment.
fn is_commented(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    text[start..at].trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_in_a_line_are_found() {
        for (text, found) in [
            (
                "{user: a, password: hunter2}",
                vec![("password", "hunter2")],
            ),
            (
                "{\"user\": \"abc\", \"password\": \"hunter2\"}",
                vec![("user", "abc"), ("password", "hunter2")],
            ),
            (
                "CREATE USER app WITH PASSWORD 'hunter2';",
                vec![("password", "hunter2")],
            ),
            (
                "create user 'a'@'%' identified by 'hunter2'",
                vec![("password", "hunter2")],
            ),
            (
                "SET PASSWORD FOR 'a'@'%' = PASSWORD('hunter2');",
                vec![("password", "hunter2")],
            ),
            (
                "grant all on *.* to a identified by \"hunter2\"",
                vec![("password", "hunter2")],
            ),
            (
                "<a><password>hunter2</password><b key=\"db.token\">abc</b></a>",
                vec![
                    ("key", "db.token"),
                    ("password", "hunter2"),
                    ("db.token", "abc"),
                ],
            ),
            (
                "<property name=\"db.password\" value=\"hunter2\"/>",
                vec![
                    ("name", "db.password"),
                    ("value", "hunter2"),
                    ("db.password", "hunter2"),
                ],
            ),
            (
                "CONF='{\"password\":\"hunter2\"}'",
                vec![
                    ("CONF", "{\"password\":\"hunter2\"}"),
                    ("password", "hunter2"),
                ],
            ),
            (
                "define('DB_PASSWORD', 'hunter2');",
                vec![("DB_PASSWORD", "hunter2")],
            ),
            (
                "os.environ[\"PASSWORD\"] = \"hunter2\"",
                vec![("PASSWORD", "hunter2")],
            ),
            (
                "echo machine a login b password hunter2",
                vec![("password", "hunter2")],
            ),
            (
                r#""{\"password\":\"hunter2\"}""#,
                vec![("password", "hunter2")],
            ),
        ] {
            assert_eq!(within(text), found, "{text}");
        }
    }
}
