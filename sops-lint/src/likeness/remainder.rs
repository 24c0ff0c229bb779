//! Values beside the placeholders of a text, found by their position and not by their looks.

use super::Name;
use super::placeholder::{MARK, is_mark, is_separator};

/// Whether a URL in the text has a password that is not a placeholder.
pub(super) fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let password = user.and_then(|user| user.split_once(':'));
        password.is_some_and(|(_, password)| !is_mark(password))
    })
}

/// Whether the text sets what is called like a secret to more than a placeholder or a setting.
pub(super) fn sets_secret(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        let is_comment = line.starts_with(['#', ';']);
        let parts = line.split(|c: char| c.is_whitespace() || ";&?,".contains(c));
        let spaced = line.split_once(" = ").or_else(|| line.split_once(": "));
        let mut pairs = parts.filter_map(|part| part.split_once('=')).chain(spaced);
        !is_comment && pairs.any(|(name, value)| is_set_secret(name, value))
    })
}

fn is_set_secret(name: &str, value: &str) -> bool {
    const SETTINGS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "none", "null"];
    let trim = |text: &str| {
        let marks = |c: char| c.is_whitespace() || "\"',;-".contains(c);
        text.trim_matches(marks).to_ascii_lowercase()
    };
    let value = trim(value);
    let is_setting = SETTINGS.contains(&&*value) || value.parse::<u16>().is_ok();
    Name::of(&trim(name)) == Name::Secret
        && !is_mark(&value)
        && !is_setting
        && !value.starts_with('/')
}

/// Whether the text is a scheme of HTTP, and credentials that are not a placeholder.
pub(super) fn has_credentials(text: &str) -> bool {
    let is_scheme = |word: &str| {
        ["bearer", "basic", "token"]
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme))
    };
    let words = text.trim().split_once(' ');
    words.is_some_and(|(scheme, rest)| is_scheme(scheme) && !is_mark(rest))
}

/// Whether a word with letters and digits, and without a hyphen as names have, is joined to a placeholder.
pub(super) fn has_joined_word(text: &str) -> bool {
    let is_joined = |word: &str| {
        let parts = word.split(MARK);
        let mut parts = parts.filter(|part| !part.is_empty() && *part != word);
        parts.any(|part| {
            let has = |is: fn(&char) -> bool| part.chars().any(|c| is(&c));
            part.len() >= 6
                && has(char::is_ascii_digit)
                && has(char::is_ascii_alphabetic)
                && !part.contains(['-', '.', '_'])
        })
    };
    text.split(is_separator).any(is_joined)
}

#[cfg(test)]
mod tests {
    use super::super::placeholder::Rest;

    #[test]
    fn a_value_beside_a_placeholder_is_seen_whatever_it_looks_like() {
        let leaves = |value: &str| Rest::of(value).is_some_and(|rest| rest.leaves_value());
        for value in [
            "postgres://app:changeme-hunter2@${HOST}/db",
            "postgres://app:${A}changeme@${HOST}/db",
            "https://app:changeme@{{ .host }}/",
            "user=${USER} password=changeme-hunter2",
            "host = ${HOST}\npassword = \"example\"\n",
            "host: ${HOST}\npassword: example\n",
            "jdbc:${DB}?user=app&password=example",
            "Bearer example${X}",
            "hunter2${X}",
            "${X}hunter2",
        ] {
            assert!(leaves(value), "{value}");
        }
        for value in [
            "postgres://app:${PASSWORD}@${HOST}:5432/app?sslmode=require",
            "postgres://${USER}:${PASSWORD}@db-1.example.com/app",
            "user=app password=${PASSWORD}",
            "# password = example\nhost = ${HOST}\npassword = \"${PASSWORD}\"\n",
            "password_file = /run/secrets/db\nhost = ${HOST}\n",
            "Bearer ${TOKEN}",
            "${A}:${B}",
            "eu-central-1${ZONE}",
            "{{ .Release.Name }}-postgresql",
            "auth.enabled=true\npassword={{ .password }}\nsecret=false\n",
        ] {
            assert!(!leaves(value), "{value}");
        }
    }
}
