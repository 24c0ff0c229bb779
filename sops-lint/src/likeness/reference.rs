//! Values that are no secrets whatever their name: references, placeholders, paths, settings, and what is public.

/// What a value begins with that leads elsewhere, or is encrypted.
const SCHEMES: &[&str] = &[
    "vault:",
    "ref+",
    "op://",
    "arn:",
    "secretref:",
    "secretsmanager:",
    "ssm:",
    "awssm:",
    "awssm://",
    "gcp-sm:",
    "gcpsm:",
    "gsm:",
    "azurekeyvault",
    "akv:",
    "akvs:",
    "keyvault:",
    "env:",
    "file:",
    "projects/",
    "sops:",
    "doppler:",
    "bao:",
    "ENC[",
    "%(",
    "@/",
    "@./",
    "AQICAH",
    "<path:",
    "$__",
];

/// What a value begins with that is public.
const PUBLIC: &[&str] = &[
    "age1",
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ecdsa-sha2-",
    "sk-ssh-",
    "sk-ecdsa-",
    "sha256:",
    "sha512:",
    "-----BEGIN CERTIFICATE",
    "-----BEGIN PUBLIC KEY",
    "-----BEGIN PGP PUBLIC",
    "-----BEGIN RSA PUBLIC",
    "-----BEGIN SSH2 PUBLIC",
    "-----BEGIN AGE ENCRYPTED",
    "-----BEGIN PGP MESSAGE",
];

/// Words that stand where a secret is to be put, or say that there is none.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "replaceme",
    "replace",
    "placeholder",
    "example",
    "your",
    "todo",
    "tbd",
    "fixme",
    "dummy",
    "redacted",
    "insert",
    "sample",
    "to-be-",
    "<",
    "...",
    "…",
    "fake",
];

/// Values of settings.
const SETTINGS: &[&str] = &[
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "nil",
    "undefined",
    "disabled",
    "enabled",
    "optional",
    "required",
    "auto",
    "default",
    "basic",
    "bearer",
    "oauth",
    "oauth2",
    "jwt",
    "ldap",
    "oidc",
    "saml",
    "plain",
    "md5",
    "scram-sha-256",
    "never",
    "always",
    "secret",
    "string",
    "empty",
    "unset",
    "n/a",
    "number",
    "boolean",
    "str",
    "&str",
    "int",
    "text",
    "keyword",
    "varchar",
    "bytes",
    "prompt",
    "random",
    "generated",
    "generate",
    "encrypted",
    "hidden",
    "masked",
    "hashed",
    "env",
    "vault",
    "keychain",
    "external",
    "internal",
    "kubernetes",
    "bcrypt",
    "argon2",
    "argon2id",
    "sha256",
    "sha512",
    "kerberos",
    "iam",
    "mtls",
    "cert",
    "certificate",
];

/// Whether it cannot be a secret.
pub(crate) fn is_harmless(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || is_reference(value)
        || SETTINGS.contains(&lower.as_str())
        || PUBLIC.iter().any(|begin| value.starts_with(begin))
        || is_placeholder(value, &lower)
        || is_path(value)
        || is_plain_url(value)
        || value.parse::<f64>().is_ok_and(|_| value.len() < 5)
        || is_duration(value)
}

/// Whether a program puts something else there.
pub(crate) fn is_reference(value: &str) -> bool {
    let is_variable = |rest: &str| {
        // Argo CD writes `$secret-name:key.of.it`.
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        !rest.is_empty() && rest.chars().all(is_name)
    };
    let is_between = |begin: &str, end: &str| {
        let inner = value.strip_prefix(begin);
        let inner = inner.and_then(|inner| inner.strip_suffix(end));
        // Programs name a file, a function or an item in it.
        inner.is_some_and(|inner| is_variable(&inner.replace(['/', '(', ')', '[', ']'], "_")))
    };
    SCHEMES.iter().any(|scheme| value.starts_with(scheme))
        || value.contains("$(")
        || value.contains("${")
        || value.contains("#{")
        || value.starts_with("((") && value.ends_with("))")
        || value.contains("{{")
        || value.contains("<%")
        || value.contains("`")
        || [
            ("$", ""),
            ("%", "%"),
            ("__", "__"),
            ("@", "@"),
            ("{", "}"),
            ("@{", "}"),
        ]
        .iter()
        .any(|(begin, end)| is_between(begin, end))
        || is_tagged(value)
}

/// Whether a tag of YAML leads elsewhere, as `!env_var NAME` and `!secret name` do.
fn is_tagged(value: &str) -> bool {
    let tagged = value
        .strip_prefix('!')
        .and_then(|rest| rest.split_once(' '));
    tagged.is_some_and(|(tag, name)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.:/!".contains(c);
        !tag.is_empty() && tag.chars().all(is_part) && !name.trim().is_empty()
    })
}

fn is_placeholder(value: &str, lower: &str) -> bool {
    // A URL has them in its host, which says nothing of its password.
    let is_url = value.contains("://");
    let mut characters = value.chars();
    let first = characters.next();
    let is_one_character = characters.all(|next| Some(next) == first);
    is_one_character
        || !is_url && value.len() < 64 && PLACEHOLDERS.iter().any(|word| has_word(lower, word))
        || lower.starts_with("xxx")
}

/// Whether the word is there. Short ones count at the beginning of a random text only, for they may stand in it by chance.
fn has_word(lower: &str, word: &str) -> bool {
    let by_chance =
        word.len() < 7 && word.starts_with(char::is_alphabetic) && super::is_random(lower);
    if by_chance {
        lower.starts_with(word)
    } else {
        lower.contains(word)
    }
}

fn is_path(value: &str) -> bool {
    let starts = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| value.starts_with(start));
    starts
        && !value.contains(char::is_whitespace)
        && !super::is_random(value.rsplit('/').next().unwrap_or(value))
}

/// Whether it is an address without a password in it.
fn is_plain_url(value: &str) -> bool {
    value.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !host.contains('@')
            && super::token::find(value).is_none()
    })
}

/// Whether it is a time such as `30s` or `24h`.
fn is_duration(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < value.len() && ["s", "m", "h", "d", "ms"].contains(&unit)
}
