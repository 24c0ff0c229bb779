//! Words that show that a value is not a secret.

use super::entropy::is_random;

/// Words that mark a secret to fill in, or an empty value.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "change me",
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
    "fake",
    "not_used",
    "not-used",
    "unused",
    "not-needed",
    "not_needed",
    "not needed",
    "not-required",
    "not_required",
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
    "not set",
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
    "same-origin",
    "include",
    "omit",
    // Language model servers on the user's own computer ignore the key.
    "ollama",
    "vllm",
    "tei",
    "llama-cpp",
    "llamacpp",
    "lm-studio",
    "localai",
    "sk-required",
    "sk-local",
    "noauth",
    "no-auth",
];

/// The longest text that counts as a single word, in bytes.
const LONGEST_WORD: usize = 12;

/// Whether `text` is likely to occur in a file by chance: it is a word, the value of a setting, or
/// a placeholder.
#[must_use]
pub fn is_common_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_word = text.len() <= LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word || is_setting(&lower) || names_placeholder(&lower) && !is_random(text)
}

/// Whether the value is that of a setting. `lower` is the value in lower case.
pub(super) fn is_setting(lower: &str) -> bool {
    SETTINGS.contains(&lower)
}

/// Whether a word in the value says that a secret is missing or must still be filled in.
/// `lower` is the value in lower case.
pub(super) fn names_placeholder(lower: &str) -> bool {
    PLACEHOLDERS.iter().any(|word| has_word(lower, word))
}

/// Whether the text contains the word. In random text, short words count only at the beginning,
/// because they may occur by chance.
fn has_word(lower: &str, word: &str) -> bool {
    let by_chance = word.len() < 7 && word.starts_with(char::is_alphabetic) && is_random(lower);
    if by_chance {
        lower.starts_with(word)
    } else {
        lower.contains(word)
    }
}
