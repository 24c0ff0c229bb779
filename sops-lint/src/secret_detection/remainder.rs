//! Finds values around the placeholders in text by their position, not by their appearance.

use super::credential::is_credential;
use super::mark::{MARK, is_mark, is_separator};
use super::name::NameClass;

/// How much of a value is examined.
const VALUE: usize = 100;

/// Whether anything remains besides punctuation, harmless parts of a URL, and the scheme of
/// credentials.
pub(super) fn has_value(text: &str) -> bool {
    let has_words = text.contains(char::is_alphanumeric);
    let is_url = text.contains("://") && !text.trim().contains(char::is_whitespace);
    let is_harmless_url =
        is_url && !has_password(text) && !sets_secret(text) && !has_credential(text);
    has_words && !is_harmless_url && !is_scheme_alone(text)
}

/// Adds the values around the placeholders in `text`: passwords, generated text, and words directly
/// next to a placeholder. In text with several lines, a line with a single word counts too.
pub(super) fn add_literals(text: &str, values: &mut Vec<String>) {
    if has_password(text) || has_credentials(text) || has_credential(text) {
        values.push(text.to_owned());
    }
    for line in text.lines().map(str::trim) {
        if !line.contains(MARK) {
            let is_word = !line.contains(is_separator) && !is_assignment(line);
            values.extend(is_word.then(|| line.to_owned()));
        }
        if !line.starts_with('#') && assigns_secret(line) {
            values.push(line.to_owned());
        }
        // This is the password of a user that is filled in, not the port of a host.
        let pair = line.rsplit_once(':').filter(|(user, _)| is_mark(user));
        let is_password = |text: &&str| is_name(text) && text.parse::<u16>().is_err();
        values.extend(
            pair.map(|(_, text)| text)
                .filter(is_password)
                .map(str::to_owned),
        );
        let words = line.split(is_separator).flat_map(attached);
        let lone = line.split_whitespace().filter(|word| is_lone(word));
        let lone = lone.filter(|_| line.contains(MARK));
        values.extend(words.chain(lone).map(str::to_owned));
    }
}

/// The parts of a word that touch a placeholder. A hyphen or a dot makes it a name.
fn attached(word: &str) -> impl Iterator<Item = &str> {
    let has_mark = word.contains(MARK);
    let parts = word.split(MARK).filter(move |_| has_mark);
    parts.filter(|part| part.len() >= 3 && !part.contains(['-', '.', '_']))
}

/// Whether a word next to a placeholder has letters and digits like a password.
fn is_lone(word: &str) -> bool {
    let is_word = word.len() >= 6 && word.chars().all(|c| c.is_ascii_alphanumeric());
    is_word
        && word.contains(|c: char| c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_alphabetic())
}

/// Whether a line assigns a value to a name.
pub(super) fn is_assignment(line: &str) -> bool {
    let line = line.trim_matches(|c: char| c.is_whitespace() || "?&;,-{}\"'".contains(c));
    let pair = line.split_once(['=', ':']);
    pair.is_some_and(|(name, value)| {
        is_name(name.trim_end_matches([' ', '"', '\''])) && value.contains(char::is_alphanumeric)
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_part_of_name)
}

fn is_part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.-".contains(c)
}

/// Whether a line sets something with the name of a secret to more than a placeholder or a setting.
fn assigns_secret(line: &str) -> bool {
    let marks = |c: char| c.is_whitespace() || "\"'".contains(c);
    line.match_indices(['=', ':']).any(|(at, _)| {
        let name = line[..at].trim_end_matches(marks);
        let name = name
            .rsplit(|c| !is_part_of_name(c))
            .next()
            .unwrap_or_default();
        let value = line[at + 1..].trim_start_matches(marks);
        let end = |c: &char| !c.is_whitespace() && !",;&\"'}".contains(*c);
        let value = || value.chars().take(VALUE).take_while(end);
        value().any(char::is_alphanumeric) && is_set_secret(name, &value().collect::<String>())
    })
}

/// Whether a word that looks generated remains. Host names have dots.
fn has_credential(text: &str) -> bool {
    let mut words = text.split(|c: char| c == MARK || is_separator(c));
    words.any(|word| !word.contains('.') && is_credential(word))
}

/// Whether a URL in the text has a password that is not a placeholder.
fn has_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, separator)| {
        let rest = &text[at + separator.len()..];
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let password = user.and_then(|user| user.split_once(':'));
        password.is_some_and(|(_, password)| !is_mark(password))
    })
}

/// Whether a URL, such as a JDBC URL, gives a parameter named like a secret a value that is neither
/// a placeholder nor a setting.
fn sets_secret(url: &str) -> bool {
    let parts = url.split([';', '&', '?', ',']);
    let mut pairs = parts.filter_map(|part| part.split_once('='));
    pairs.any(|(name, value)| is_set_secret(name, value))
}

/// Whether the value only turns something on or off.
pub(super) fn is_setting(text: &str) -> bool {
    const SETTINGS: [&str; 10] = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled",
    ];
    let is_one = |setting: &&str| setting.eq_ignore_ascii_case(text);
    SETTINGS.iter().any(is_one)
}

fn is_set_secret(name: &str, value: &str) -> bool {
    let trim = |text: &str| {
        let marks = |c: char| c.is_whitespace() || "\"',;-".contains(c);
        text.trim_matches(marks).to_ascii_lowercase()
    };
    let value = trim(value);
    let is_setting = is_setting(&value) || value.parse::<u16>().is_ok();
    NameClass::of(&trim(name)) == NameClass::Secret
        && !is_mark(&value)
        && !is_setting
        && !value.starts_with('/')
}

/// Whether the text is an HTTP authentication scheme with credentials that are not a placeholder.
fn has_credentials(text: &str) -> bool {
    after_scheme(text).is_some_and(|rest| !is_mark(rest))
}

/// Whether the text is an HTTP authentication scheme and a placeholder.
fn is_scheme_alone(text: &str) -> bool {
    after_scheme(text).is_some_and(is_mark)
}

fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.trim().split_once(' ')?;
    ["bearer", "basic", "token"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
        .then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::literal::literals;

    #[test]
    fn a_value_next_to_a_placeholder_is_found_whatever_it_looks_like() {
        let leaves = |value: &str| !literals(value).is_empty();
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
            "hunter2 ${X}",
            "user=app password=${PASSWORD}",
            "# password = example\nhost = ${HOST}\npassword = \"${PASSWORD}\"\n",
            r#"{"host":"${HOST}","password":"hunter2"}"#,
            "machine ${HOST} login a password hunter2",
            "eu-central-1${ZONE}",
            "https://${HOST}/Tr0ub4dor3xkcd",
            "{{ .user }}:Tr0ub4dor3@tcp({{ .host }}:3306)/x",
        ] {
            assert!(leaves(value), "{value}");
        }
        for value in [
            "postgres://app:${PASSWORD}@${HOST}:5432/app?sslmode=require",
            "postgres://${USER}:${PASSWORD}@db-1.example.com/app",
            "Bearer ${TOKEN}",
            "${A}:${B}",
            "[\"${A}\", '${B}']",
            "{{ .Release.Name }}-postgresql",
            "auth.enabled=true\npassword={{ .password }}\nsecret=false\n",
        ] {
            assert!(!leaves(value), "{value}");
        }
    }
}
