//! What a name says of its value.

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// `PASSWORD`, `api-key`, `authToken`: a secret, if the value can be one.
    Secret,
    /// `key`, `auth`, `pass`: perhaps.
    Weak,
    /// `…Secret`, which is as often the name of a Secret.
    Reference,
    /// Nothing, or that it is something about a secret: `PASSWORD_FILE`, `tokenUrl`, `secretName`.
    Other,
}

/// Endings that make a name one of something about a secret.
const ABOUT: &[&str] = &[
    "file",
    "files",
    "path",
    "paths",
    "dir",
    "directory",
    "folder",
    "name",
    "names",
    "ref",
    "url",
    "uri",
    "host",
    "port",
    "endpoint",
    "ttl",
    "length",
    "size",
    "count",
    "limit",
    "id",
    "ids",
    "enabled",
    "enable",
    "disabled",
    "required",
    "type",
    "kind",
    "format",
    "algorithm",
    "alg",
    "expiry",
    "expiration",
    "expires",
    "lifetime",
    "timeout",
    "seconds",
    "minutes",
    "hours",
    "days",
    "interval",
    "age",
    "issuer",
    "audience",
    "policy",
    "prefix",
    "suffix",
    "header",
    "field",
    "column",
    "label",
    "hint",
    "env",
    "var",
    "variable",
    "mount",
    "volume",
    "version",
    "rotation",
    "provider",
    "mode",
    "regex",
    "pattern",
    "template",
    "hash",
    "digest",
    "checksum",
    "fingerprint",
    "namespace",
    "annotation",
    "class",
    "store",
    "backend",
    "engine",
    "manager",
    "generator",
    "reviewer",
    "requests",
    "bucket",
    "scheme",
    "scope",
    "scopes",
    "method",
    "location",
    "public",
    "cert",
    "certificate",
    "ca",
    "crt",
    "pub",
    "from",
    "source",
    "service",
    "account",
    "labels",
];

const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "token",
    "apikey",
    "credential",
    "credentials",
    "authtoken",
    "privatekey",
    "accesskey",
    "secretkey",
    "encryptionkey",
    "masterkey",
    "userpass",
    "dbpassword",
    "rootpassword",
    "authorization",
];

/// Pairs of words that are one of those.
const PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("secret", "key"),
    ("encryption", "key"),
    ("master", "key"),
    ("account", "key"),
    ("auth", "key"),
    ("pass", "phrase"),
    ("pass", "word"),
    ("secret", "access"),
];

/// What a word may have in it.
const HELD: &[&str] = &["password", "passwd", "passphrase", "apikey"];

/// What stands anywhere in the name of a digest.
const DIGESTS: &[&str] = &["checksum", "hash", "digest", "sha", "md"];

const WEAK: &[&str] = &[
    "key",
    "auth",
    "pass",
    "salt",
    "seed",
    "pin",
    "cookie",
    "session",
    "signature",
    "jwt",
    "bearer",
    "dsn",
    "webhook",
];

impl Name {
    /// Judges by the name's words, which case, digits and punctuation divide.
    pub(crate) fn of(name: &str) -> Self {
        let words = words(last_segment(name));
        let Some(last) = words.last() else {
            return Self::Other;
        };
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let is_pair = words
            .windows(2)
            .any(|pair| PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())));
        if ABOUT.contains(&last.as_str()) || has(&["public", "pub"]) {
            return Self::Other;
        }
        let is_digest = |word: &String| DIGESTS.contains(&word.as_str());
        if self::words(name).iter().any(is_digest) {
            return Self::Other;
        }
        // Some programs write names without a division: PGPASSWORD.
        let holds = |word: &String| HELD.iter().any(|part| word.contains(part));
        if has(SECRET) || is_pair || words.iter().any(holds) {
            return Self::Secret;
        }
        if has(&["secret", "secrets"]) {
            return Self::Reference;
        }
        if has(WEAK) { Self::Weak } else { Self::Other }
    }
}

/// The part of a name behind the last `/`, as the names of annotations have it.
fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
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
    fn words_are_told_apart() {
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
