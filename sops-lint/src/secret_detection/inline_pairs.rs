//! Finds pairs of names and values, several of which may be on a line: in quotes as in JSON, in
//! braces as in YAML, in elements as in XML, and in SQL.

use std::iter;
use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;

use super::found::range_of;

/// A way to write a name and a value.
struct PairForm {
    /// The name of the values, if the text does not contain it.
    name: Option<&'static str>,
    /// Words, one of which is in any text with such a pair; empty if there are no such words.
    marks: &'static [&'static str],
    expression: &'static str,
    compiled: OnceLock<Regex>,
}

impl PairForm {
    const fn new(
        name: Option<&'static str>,
        marks: &'static [&'static str],
        expression: &'static str,
    ) -> Self {
        Self {
            name,
            marks,
            expression,
            compiled: OnceLock::new(),
        }
    }

    fn may_be_in(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(mark))
    }

    fn expression(&self) -> &Regex {
        let compile = || Regex::new(self.expression).expect("the expression is valid");
        self.compiled.get_or_init(compile)
    }
}

static FORMS: [PairForm; 14] = [
    PairForm::new(None, &["\"", "'"], PAIR),
    PairForm::new(
        None,
        &["{", ","],
        r#"[{,][ \t]*["']?([A-Za-z0-9_.-]{2,100})["']?:[ \t]+([^\s"'{}\[\],&*!|>][^{}\[\],\n]{2,})[,}]"#,
    ),
    PairForm::new(
        None,
        &["define("],
        r#"define\([ \t]*["']([A-Za-z0-9_]{2,100})["'],[ \t]*["']([^"'\n]{3,})["']"#,
    ),
    PairForm::new(
        None,
        &["login"],
        r#"\blogin[ \t]+\S+[ \t]+(password)[ \t]+([^\s"']{3,})"#,
    ),
    PairForm::new(
        None,
        &["</"],
        r"<([A-Za-z][A-Za-z0-9_.-]{1,100})>([^<>\n]{3,})</",
    ),
    PairForm::new(
        None,
        &["</"],
        r#"(?:name|key)="([A-Za-z0-9_.-]{2,100})"[^<>\n]*>([^<>\n]{3,})</"#,
    ),
    PairForm::new(
        None,
        &["value="],
        r#"(?:name|key)="([A-Za-z0-9_.-]{2,100})"[ \t]+value="([^"\n]{3,})""#,
    ),
    PairForm::new(
        None,
        &["eader"],
        r#"(?i)header[ \t]+"?([A-Za-z0-9-]{3,100})"?[ \t]+"([^"\n]{3,})""#,
    ),
    PairForm::new(
        None,
        &["password=", "Password=", "PASSWORD=", "pwd=", "PWD="],
        r#"(?i)\b(?:host|user|dbname|port|server|uid|database)=[^\s;'"]+[ ;][^'"\n]*?\b(password|pwd)=([^\s;'"]{3,})"#,
    ),
    PairForm::new(
        PASSWORD,
        &["'"],
        r"(?i)\b(?:password(?:[ \t]*=)?|identified(?:[ \t]+with[ \t]+\S+)?[ \t]+by)[ \t]+N?'([^'\n]{3,})'",
    ),
    PairForm::new(
        PASSWORD,
        IDENTIFIED,
        r#"(?i)\bidentified(?:[ \t]+with[ \t]+\S+)?[ \t]+by[ \t]+"([^"\n]{3,})""#,
    ),
    PairForm::new(
        PASSWORD,
        IDENTIFIED,
        r"(?i)\b(?:create|alter)[ \t]+user\b[^;'\n]*\bidentified[ \t]+by[ \t]+([A-Za-z0-9_$#!]{3,})",
    ),
    PairForm::new(
        PASSWORD,
        &[
            "set password",
            "SET PASSWORD",
            "Set password",
            "Set Password",
        ],
        r"(?i)\bset[ \t]+password\b[^;=\n]*=[ \t]*(?:password\([ \t]*)?'([^'\n]{3,})'",
    ),
    PairForm::new(
        PASSWORD,
        &["SecureString"],
        r#"(?i)ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?["']([^"'\n]{3,})["']"#,
    ),
];

const IDENTIFIED: &[&str] = &["identified", "IDENTIFIED", "Identified"];

const PASSWORD: Option<&str> = Some("password");

/// A name and a value in quotes.
const PAIR: &str = r#"([A-Za-z0-9_.-]{2,100})(?:\\?["']\]?[ \t]*[:=]|[ \t]*=|:)[ \t]*(?:"((?:[^"\\\n]|\\.){3,})"|'([^'\n]{3,})'|\\"([^"\\\n]{3,})\\")"#;

/// The names and values in `text`.
pub(super) fn within(text: &str) -> Vec<(&str, &str)> {
    let comments = comments(text);
    let is_commented = |value: &str| {
        let at = range_of(value, text).start;
        let begun = comments.partition_point(|comment| comment.start <= at);
        begun > 0 && at < comments[begun - 1].end
    };
    let mut pairs = Vec::new();
    for form in FORMS.iter().filter(|form| form.may_be_in(text)) {
        for (name, value) in pairs_of(form, text) {
            if is_commented(value) {
                continue;
            }
            pairs.push((name, value));
            // JSON as the value of a variable.
            if value.starts_with(['{', '[']) {
                pairs.extend(pairs_of(form, value));
            }
        }
    }
    pairs
}

fn pairs_of<'t>(form: &PairForm, text: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    let mut start = 0;
    let pairs = iter::from_fn(move || {
        let pair = form.expression().captures_at(text, start)?;
        let whole = pair.get(0)?;
        // The comma after one pair is also the separator before the next.
        start = whole.end() - usize::from(whole.as_str().ends_with(','));
        Some(pair)
    });
    pairs.filter_map(move |pair| {
        let first = if form.name.is_some() { 1 } else { 2 };
        let value = (first..pair.len()).find_map(|group| pair.get(group))?;
        let name = form.name.or_else(|| Some(pair.get(1)?.as_str()))?;
        Some((name, value.as_str()))
    })
}

/// The lines that are comments, or the comments of XML.
fn comments(text: &str) -> Vec<Range<usize>> {
    if text.trim_start().starts_with('<') {
        return xml_comments(text);
    }
    if !text.contains('#') {
        return Vec::new();
    }
    let comments = text
        .lines()
        .filter(|line| line.trim_start().starts_with('#'));
    comments.map(|line| range_of(line, text)).collect()
}

fn xml_comments(text: &str) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("<!--").map(|start| at + start) {
        let Some(length) = text[start..].find("-->") else {
            break;
        };
        at = start + length;
        comments.push(start..at);
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_secrets_in_a_line_are_found() {
        for (text, expected) in [
            (
                "{user: a, password: hunter2}",
                vec![("password", "hunter2")],
            ),
            (
                "db: {user: app, password: correct-horse-2, port: 5432}",
                vec![
                    ("user", "app"),
                    ("password", "correct-horse-2"),
                    ("port", "5432"),
                ],
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
                "create user a identified by hunter2;",
                vec![("password", "hunter2")],
            ),
            (
                "CREATE LOGIN a WITH PASSWORD = N'hunter2';",
                vec![("password", "hunter2")],
            ),
            (
                "select dblink_connect('host=db user=a password=hunter2');",
                vec![("password", "hunter2")],
            ),
            (
                "proxy_set_header X-Api-Key \"abc123\";",
                vec![("X-Api-Key", "abc123")],
            ),
            (
                "ConvertTo-SecureString 'hunter2' -AsPlainText",
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
                "<a><!-- Example: <password>qwerty</password> -->\n<pin>hunter2</pin></a>",
                vec![("pin", "hunter2")],
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
            assert_eq!(within(text), expected, "{text}");
        }
    }
}
