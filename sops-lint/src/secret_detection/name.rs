//! Classifies a name by what it says about its value.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::name_words::{
    ABOUT, DATABASES, DIGESTS, DIRECTIVES, HELD, KEYED, NAMED, OBJECTS, OWN, PAIRS, PARTS,
    PASSWORD, SECRET, SWITCHES, VAULT_AGENT, WEAK,
};

/// Classifies a name by what it says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameClass {
    /// `PASSWORD`, `api-key`, `authToken`: a secret, if the value can be one.
    Secret,
    /// `key`, `auth`, `pass`, `pw`: perhaps a secret.
    Weak,
    /// `…Secret`: equally often the name of a Secret.
    Reference,
    /// Not a secret, or something about a secret: `PASSWORD_FILE`, `tokenUrl`, `secretName`.
    Other,
}

/// Whether `text` may contain the name of a secret, or be one.
pub(crate) fn may_be_in(text: &str) -> bool {
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(PARTS.iter().chain(WEAK));
        search.expect("the words are few enough for one search")
    });
    SEARCH.is_match(text)
}

impl NameClass {
    /// Classifies a name by its words, which are separated by letter case, digits and punctuation.
    pub(crate) fn of(name: &str) -> Self {
        if !may_be_in(name) {
            return Self::Other;
        }
        let segment = last_segment(name);
        let words = words(segment);
        let Some(last) = words.last() else {
            return Self::Other;
        };
        if DIRECTIVES.contains(&segment) || name.starts_with(VAULT_AGENT) {
            return Self::Other;
        }
        // The flag `--disabled-password` has no value.
        if words.len() > 1 && SWITCHES.contains(&words[0].as_str()) {
            return Self::Other;
        }
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let is_pair = words
            .windows(2)
            .any(|pair| PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())));
        if ABOUT.contains(&last.as_str()) || has(&["public", "pub", "publishable", "site"]) {
            return Self::Other;
        }
        // The name of an existing Secret: `existingSecretAdminPassword`.
        if words[0] == "existing" && has(&["secret", "secrets"]) {
            return Self::Reference;
        }
        // The price of a token of a language model.
        if words.ends_with(&["per", "token"].map(str::to_owned)) {
            return Self::Other;
        }
        // A token of etcd is the name of a cluster.
        if words.ends_with(&["initial", "cluster", "token"].map(str::to_owned)) {
            return Self::Other;
        }
        // Every page of the site has the key of Google's tag manager.
        let is_tag_manager = words.windows(2).any(|pair| pair == ["tag", "manager"]);
        if has(&["gtm"]) || is_tag_manager {
            return Self::Other;
        }
        // A GnuPG key is recognized by its fingerprint.
        if has(&["gpg", "pgp"]) && !has(&["private", "secret"]) && !has(SECRET) {
            return Self::Other;
        }
        let is_digest = |word: &String| DIGESTS.contains(&word.as_str());
        if self::words(name).iter().any(is_digest) {
            return Self::Other;
        }
        // The name of a Secret, such as `credentialsSecret`.
        if ["secret", "secrets"].contains(&last.as_str()) {
            return Self::Reference;
        }
        if names_key(&words) || is_key_of_database(&words) {
            return Self::Reference;
        }
        let is_short = words.len() > 1 && ["pass", "pw"].contains(&last.as_str());
        // Some programs write names without separators: PGPASSWORD.
        let is_about = |word: &String| word == PRODUCT || word.contains("passwordless");
        let holds = |word: &String| !is_about(word) && HELD.iter().any(|part| word.contains(part));
        if has(SECRET) || is_pair || is_short || words.iter().any(holds) {
            return Self::Secret;
        }
        if has(&["secret", "secrets"]) {
            return Self::Reference;
        }
        let is_pw = words == ["pw"];
        if is_pw || has(WEAK) {
            Self::Weak
        } else {
            Self::Other
        }
    }
}

/// Whether a name says nothing of a secret.
pub(crate) fn names_no_secret(name: &str) -> bool {
    NameClass::of(name) == NameClass::Other
}

/// A password manager, whose name says nothing about a value.
const PRODUCT: &str = "onepassword";

/// Whether the words name a key in a Secret, as in `passwordKey` and
/// `existingSecretAccessKeyIDKey`.
fn names_key(words: &[String]) -> bool {
    let Some((last, before)) = words.split_last() else {
        return false;
    };
    let ends = before
        .last()
        .is_some_and(|word| KEYED.iter().any(|known| word.ends_with(known)) || word == "id");
    let is_existing = || before.iter().any(|word| word == "existing");
    last == "key" && (ends || is_existing())
}

/// Whether the words are the name of a key in the Secret of a database, which has no secret key of
/// its own: `CNPG_SECRET_KEY`.
fn is_key_of_database(words: &[String]) -> bool {
    let ends = words.ends_with(&["secret", "key"].map(str::to_owned));
    ends && words.len() > 2 && DATABASES.contains(&words[words.len() - 3].as_str())
}

/// Whether the name is that of a password, which may be a passphrase.
pub(crate) fn is_of_password(name: &str) -> bool {
    let words = words(last_segment(name));
    let ends = |last: &String| {
        PASSWORD.contains(&last.as_str()) || HELD[..3].iter().any(|part| last.ends_with(part))
    };
    words.last().is_some_and(ends)
}

/// Whether the name is that of a user with a password, such as `BASIC_AUTH`.
pub(crate) fn is_of_pair(name: &str) -> bool {
    let words = words(name);
    let ends = |pair: [&str; 2]| words.ends_with(&pair.map(str::to_owned));
    ends(["basic", "auth"]) || ends(["user", "pass"]) || ends(["auth", "credentials"])
}

/// Whether the value of a variable such as `JWT_SECRET` is the secret, and not the name of a
/// Secret.
pub(crate) fn holds_own_secret(name: &str, value: &str) -> bool {
    let words = words(name);
    let Some((_, before)) = words.split_last() else {
        return false;
    };
    let stem = before.last().map_or("", String::as_str);
    if NAMED.contains(&stem) {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let parts: Vec<_> = lower.split(['-', '.', '/', '_']).collect();
    let is_named_so = before.contains(&lower);
    let is_object_name = value
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-./".contains(c));
    if is_named_so || SECRET.contains(&&*lower) {
        return false;
    }
    if parts.len() < 2 || !is_object_name {
        return true;
    }
    // `web-oauth-secret` is the name of a Secret, `hunter2-abc` is not.
    let is_of_secret = |part: &&str| {
        SECRET.contains(part)
            || NAMED.contains(part)
            || OWN.contains(part)
            || ["secret", "secrets", "creds", "config"].contains(part)
            || OBJECTS.contains(part)
            || before.iter().any(|word| word == part)
    };
    let is_joke = |part: &&str| ["super", "very", "top", "supersecret"].contains(part);
    let is_mixed = |part: &&str| {
        part.contains(|c: char| c.is_ascii_digit())
            && part.contains(|c: char| c.is_ascii_alphabetic())
    };
    let is_own = stem.is_empty() || OWN.contains(&stem);
    parts.iter().any(is_joke)
        || !parts.iter().any(is_of_secret) && (is_own || parts.iter().any(is_mixed))
}

/// Whether the name is that of a program's own secret, such as `cookie-secret`.
pub(crate) fn is_of_own_secret(name: &str) -> bool {
    let words = words(name);
    let stem = words.iter().rev().nth(1);
    words.last().is_some_and(|last| last == "secret")
        && stem.is_some_and(|stem| OWN.contains(&stem.as_str()))
}

/// Whether the value of a name such as `passwordKey` is a key of a Secret, such as
/// `admin-password`, or repeats the name.
pub(crate) fn is_key_of_secret(name: &str, value: &str) -> bool {
    let is_name = |c: char| c.is_ascii_lowercase() || "-_.".contains(c);
    let is_constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let names = |word: &String| {
        let word = word.as_str();
        SECRET.contains(&word)
            || WEAK.contains(&word)
            || ["secret", "crt", "tls", "username", "user", "value"].contains(&word)
    };
    let is_key = words(name).last().is_some_and(|last| last == "key");
    let is_word = |c: char| c.is_ascii_alphabetic();
    let has_form = || {
        value.chars().all(is_name)
            || value.chars().all(is_constant)
            || value.chars().all(is_word) && words(value).len() > 1
    };
    let is_short = |part: &str| part.len() < 12 || !part.contains(|c: char| c.is_ascii_digit());
    let is_variable = || {
        value.contains('_')
            && value.starts_with(is_word)
            && value.chars().all(is_constant)
            && value.split('_').all(is_short)
    };
    let is_key_name = || has_form() && words(value).iter().any(names) || is_variable();
    is_key && (value == name || is_key_name())
}

/// Whether a mapping or list of that name has names of keys in a Secret: `existingSecretKeys`.
pub(super) fn holds_keys_of_secret(name: &str) -> bool {
    if !ends_with(name, "keys") {
        return false;
    }
    let words = words(name);
    let ends = |last: [&str; 2]| words.ends_with(&last.map(str::to_owned));
    ends(["secret", "keys"]) || ends(["secrets", "keys"])
}

/// Whether the value of that name is the name of a Secret: `existingSecret`, `credentialsName`.
pub(super) fn is_of_object(name: &str) -> bool {
    let words = words(name);
    let ends = |last: [&str; 2]| words.ends_with(&last.map(str::to_owned));
    ends(["existing", "secret"])
        || ends(["secret", "name"])
        || ends(["secret", "ref"])
        || ends(["credentials", "name"])
}

/// Whether the value of that name is the name of a key, if the name of a Secret is next to it.
pub(super) fn is_of_key(name: &str) -> bool {
    ends_with(name, "key") && words(name).last().is_some_and(|last| last == "key")
}

fn ends_with(name: &str, end: &str) -> bool {
    let start = name.len().checked_sub(end.len());
    start.is_some_and(|start| name.as_bytes()[start..].eq_ignore_ascii_case(end.as_bytes()))
}

/// Whether the name is that of an access key ID, which identifies a user of object storage and is
/// not secret. Its secret is called `secretKey`.
pub(crate) fn is_of_access_key(name: &str) -> bool {
    let words = words(last_segment(name));
    let is_secret = || words.iter().any(|word| word == "secret");
    let has_pair = || words.ends_with(&["access", "key"].map(str::to_owned));
    (has_pair() || words.last().is_some_and(|last| last == "accesskey")) && !is_secret()
}

/// Whether a value is a label for people, such as `Reset password`.
pub(crate) fn is_label(value: &str) -> bool {
    let is_named = |word: &str| {
        SECRET.contains(&word) || ["passwort", "secret", "key", "username"].contains(&word)
    };
    let mut parts = value.split_whitespace();
    let words = value.contains(' ')
        && parts.any(|word| {
            let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
            is_named(&word.to_ascii_lowercase())
        });
    let is_capital = value.starts_with(|first: char| first.is_ascii_uppercase());
    words
        || is_capital
            && value[1..].chars().all(|c| c.is_ascii_lowercase())
            && is_named(&value.to_ascii_lowercase())
}

/// The part of a name after the last `/`, as in names of annotations.
fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The name with `1password` as a word, if it contains that.
fn written_out(name: &str) -> Option<String> {
    let at = name.find('1')?;
    let end = at + 1 + "password".len();
    let is_product = name
        .get(at + 1..end)
        .is_some_and(|word| word.eq_ignore_ascii_case("password"));
    let begins = !name[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    (is_product && begins).then(|| format!("{}{PRODUCT}{}", &name[..at], &name[end..]))
}

/// The words of a name in lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    if let Some(written_out) = written_out(name) {
        return words(&written_out);
    }
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_alphabetic() {
            let is_lower = |c: &char| c.is_ascii_lowercase();
            let begins = !before.is_ascii_alphabetic()
                || (before.is_ascii_lowercase() && character.is_ascii_uppercase())
                || (before.is_ascii_uppercase()
                    && character.is_ascii_uppercase()
                    && characters.peek().is_some_and(is_lower));
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(character.to_ascii_lowercase());
            }
        }
        before = character;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_of_a_secret_has_a_part_that_is_searched_for() {
        let reference = ["secret", "secrets"];
        let password = PASSWORD
            .iter()
            .filter(|name| NameClass::of(name) != NameClass::Other);
        let single = SECRET.iter().chain(WEAK).chain(HELD).chain(password);
        let single = single.chain(&reference).map(|name| (*name).to_owned());
        let short = ["db_pass", "db_pw", "basic_auth", "user_pass"].map(str::to_owned);
        // `secret access` names a secret only before another word.
        let pairs = PAIRS.iter().map(|(one, other)| format!("{one}_{other}_x"));
        for name in single.chain(short).chain(pairs) {
            assert_ne!(NameClass::of(&name), NameClass::Other, "{name}");
        }
    }

    #[test]
    fn words_are_distinguished() {
        for (name, expected) in [
            ("DB_PASSWORD", "db password"),
            ("dbPassword", "db password"),
            ("AWSSecretKey", "aws secret key"),
            ("api-key.v2", "api key v"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }
}
