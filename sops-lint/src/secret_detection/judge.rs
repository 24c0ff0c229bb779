//! Judges a value by its name and its shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::credential::{is_credential, is_scheme, is_strong};
use super::entropy::is_random;
use super::likeness::Likeness;
use super::name::{self, NameClass};
use super::password_hash::is_password_hash;
use super::reference::{is_harmless, is_placeholder};
use super::{passphrase, token};
use crate::rule::Confidence;

/// Judges the value of that name.
pub(crate) fn judge(name: &str, value: &str) -> Option<Likeness> {
    judge_as(name, value, is_constant(name))
}

/// Judges the value of an environment variable. Unlike an entry of a file, it is never an
/// expression of a program, and rarely the name of a Secret.
pub(crate) fn judge_variable(name: &str, value: &str) -> Option<Likeness> {
    judge_as(name, value, true)
}

/// Judges the value of a flag, which is a secret more often than the name of a Secret.
pub(super) fn judge_flag(name: &str, value: &str) -> Option<Likeness> {
    judge_as(name, value, name::is_of_own_secret(name))
}

fn judge_as(name: &str, value: &str, is_variable: bool) -> Option<Likeness> {
    let value = unquoted(without_prefix(value.trim()));
    let kind = NameClass::of(name);
    let format = token::find(value).filter(|_| !token::is_key_id(name, value));
    let format = format.map(Likeness::Format);
    // Most values are judged here, at little cost.
    if kind == NameClass::Other && format.is_none() {
        return None;
    }
    if is_harmless(value) || is_header_of(value, is_harmless) {
        let is_pin = is_variable && value.len() == 4 && value.bytes().all(|c| c.is_ascii_digit());
        let is_secret = is_pin && kind == NameClass::Secret && name::is_of_password(name);
        return is_secret.then_some(Likeness::Name(Confidence::Low));
    }
    if format.is_some() {
        return format;
    }
    if is_password_hash(value)
        || names_variable(value)
        || repeats_name(name, value)
        || is_encoded_placeholder(value)
    {
        return None;
    }
    let confidence = match kind {
        NameClass::Secret => {
            let is_password = |is: fn(&str) -> bool| is(value) && name::is_of_password(name);
            let is_passphrase = || {
                is_password(if is_variable {
                    passphrase::is_any
                } else {
                    passphrase::is_plain
                }) || is_variable && is_password(is_expression)
            };
            let looks_generated = is_random(value) || is_credential(value);
            let names_user = || name::is_of_access_key(name) && !looks_generated;
            if is_plausible(value) && !name::is_key_of_secret(name, value) && !names_user() {
                match looks_generated {
                    true => Some(Confidence::High),
                    false => Some(Confidence::Medium),
                }
            } else {
                is_passphrase().then_some(Confidence::Low)
            }
        }
        NameClass::Weak => {
            let is_word = || !value.contains(|c: char| c.is_whitespace() || c == '/');
            let is_pattern = || value.contains(".*") || value.contains(".+");
            let is_name = || is_qualified_name(value) || is_of_words(value) || is_pattern();
            let is_secret = is_random(value) && !is_call(value) && !is_name()
                || is_basic(value)
                || name::is_of_pair(name) && is_pair(value)
                || name::is_of_password(name)
                    && is_word()
                    && is_credential(value)
                    && !is_call(value);
            is_secret.then_some(Confidence::Medium)
        }
        NameClass::Reference => {
            let is_generated = || is_random(value) && !name::is_key_of_secret(name, value);
            let is_secret = is_generated() && !is_identifier(value) && !is_call(value)
                || is_no_name(value)
                || (is_variable || is_setting(name) && is_mixed(value))
                    && is_plausible(value)
                    && !name::is_key_of_secret(name, value)
                    && name::holds_own_secret(name, value);
            is_secret.then_some(Confidence::Low)
        }
        NameClass::Other => None,
    };
    confidence.map(Likeness::Name)
}

/// Whether both the name and the value show a secret, so that the value is one in any kind of
/// object.
pub(crate) fn is_evident(name: &str, value: &str) -> bool {
    let value = unquoted(value.trim());
    // `shop-db-admin-1` is more often the name of a Secret than a password.
    let is_name_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    let is_name = value.contains(['-', '.', '_']) && value.chars().all(is_name_part);
    let is_strong = is_strong(value) || name::is_of_password(name) && is_credential(value);
    is_strong && !is_name && judge(name, value) == Some(Likeness::Name(Confidence::High))
}

/// Whether the name is written like an environment variable: `JWT_SECRET`.
pub(super) fn is_constant(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .bytes()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_')
}

/// Whether the value is the name of a variable with a secret, such as `DB_PASSWORD`, or of the
/// expected value, such as `PRIVATE-KEY`.
fn names_variable(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || "_-".contains(c);
    value.contains(['_', '-'])
        && value.chars().all(is_part)
        && NameClass::of(value) == NameClass::Secret
}

/// Whether the value is the name in capitals, as a variable: `s3_apikey: S3_APIKEY`.
fn repeats_name(name: &str, value: &str) -> bool {
    value.contains('_') && is_constant(value) && value.eq_ignore_ascii_case(name)
}

/// Whether the name is written like a program's setting: `client_secret`. Fields of objects in a
/// cluster are written differently.
fn is_setting(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.contains('_') && name.chars().all(is_part)
}

/// Whether the text has letters and digits.
fn is_mixed(value: &str) -> bool {
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

/// Whether the text is a user and a password, and not a host and a port.
fn is_pair(value: &str) -> bool {
    value.split_once(':').is_some_and(|(user, password)| {
        let is_word = |word: &str| word.len() >= 3 && word.chars().all(|c| c.is_ascii_graphic());
        let is_port = password.bytes().all(|c| c.is_ascii_digit()) && password.len() < 6;
        is_word(user) && is_word(password) && !is_port && !is_harmless(password)
    })
}

/// The text in quotes after a prefix as in Python: `f"Bearer {token}"`.
fn without_prefix(text: &str) -> &str {
    let rest = text.trim_start_matches(['f', 'r', 'b', 'u']);
    let is_prefixed = (1..=2).contains(&(text.len() - rest.len()));
    let is_quoted = |quote| rest.len() > 1 && rest.starts_with(quote) && rest.ends_with(quote);
    match is_prefixed && (is_quoted('"') || is_quoted('\'')) {
        true => rest,
        false => text,
    }
}

pub(super) fn unquoted(text: &str) -> &str {
    ['"', '\''].into_iter().fold(text, |text, quote| {
        let inner = text.strip_prefix(quote);
        inner
            .and_then(|inner| inner.strip_suffix(quote))
            .unwrap_or(text)
    })
}

/// Whether the value of a name such as `PASSWORD` is plausible: a word, not a sentence and not a
/// setting.
fn is_plausible(value: &str) -> bool {
    let is_sentence = value.split_whitespace().nth(2).is_some();
    value.len() >= 3
        && !is_sentence
        && !is_call(value)
        && !is_expression(value)
        && !name::is_label(value)
}

/// Whether the value is a header such as `Bearer $TOKEN`, with credentials that `is` accepts.
fn is_header_of(value: &str, is: fn(&str) -> bool) -> bool {
    value
        .split_once(' ')
        .is_some_and(|(scheme, rest)| is_scheme(scheme) && is(rest.trim()))
}

/// Whether the value is a placeholder in base64, as in the header of a sample.
fn is_encoded_placeholder(value: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let may_be = value.len() >= 8 && value.chars().all(is_base64);
    let bytes = may_be.then(|| STANDARD.decode(value).ok()).flatten();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.is_some_and(|text| is_placeholder(&text, &text.to_ascii_lowercase()))
}

/// Whether the value is words with separators, which may have numbers before or after them:
/// `oidc.jwk.RS256.pem`, `io.cilium.k8s.policy`, `net:vmnic10|nicDriver`.
fn is_of_words(value: &str) -> bool {
    let is_word = |word: &str| {
        let kinds: Vec<_> = word.bytes().map(|c| c.is_ascii_digit()).collect();
        let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let is_letters = |c: char| c.is_ascii_alphanumeric();
        // Names such as `toolsVersionStatus2` are long, but mix nothing.
        let longest = if changes <= 1 { 24 } else { 16 };
        (1..=longest).contains(&word.len()) && word.chars().all(is_letters) && changes <= 2
    };
    const SEPARATORS: [char; 6] = ['-', '.', '_', '/', ':', '|'];
    value.contains(SEPARATORS)
        && value.split(SEPARATORS).all(is_word)
        && (value.contains('|') || !value.split(SEPARATORS).any(is_credential))
}

/// Whether the value is a user and a password as in HTTP and container registries.
fn is_basic(value: &str) -> bool {
    let bytes = STANDARD.decode(value).unwrap_or_default();
    let user = str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.split_once(':'));
    user.is_some_and(|(user, password)| {
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic());
        is_word(user) && is_word(password) && !is_harmless(password)
    })
}

/// Whether the value is an expression that a program computes, such as `read(…)`, `[]byte(…)` or
/// `os.environ["…"]`.
fn is_call(value: &str) -> bool {
    let is_of = |open: char, close: char| {
        let name = value.split(open).next().unwrap_or_default();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:&! []*$".contains(c);
        value.ends_with(close) && name.len() < value.len() && name.chars().all(is_name)
    };
    // Its arguments may be on the next lines.
    let begins = || {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:".contains(c);
        let name = value.strip_suffix('(');
        name.is_some_and(|name| !name.is_empty() && name.chars().all(is_name))
    };
    is_of('(', ')') || is_of('[', ']') || begins()
}

/// Whether the value is long and cannot be the name of a Secret, because it has characters or a
/// mixture of them that no name has.
fn is_no_name(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.,/:@$-".contains(c);
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let is_mixed =
        has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let is_list = value.starts_with(['{', '[', '(']) || value.contains(char::is_whitespace);
    let is_pair = value.trim_end_matches('=').contains('=');
    value.len() >= 8
        && !is_list
        && !is_pair
        && is_plausible(value)
        && (is_mixed || !value.chars().all(is_part))
}

/// Whether the value is a path of names in a program, such as `config.password` or `spec.token`.
fn is_expression(value: &str) -> bool {
    let parts: Vec<_> = value.split('.').collect();
    let is_part = |part: &&str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    parts.len() > 1 && parts.iter().all(is_part) && !is_random(value)
}

/// Whether the value is a name with a domain, as in labels and taints:
/// `node.example.org/pci-10de.present`.
fn is_qualified_name(value: &str) -> bool {
    let is_lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    value.split_once('/').is_some_and(|(domain, name)| {
        let mut words = value.split(|c: char| !c.is_ascii_alphanumeric());
        domain.contains('.')
            && domain.chars().all(is_lower)
            && !name.is_empty()
            && name.chars().all(is_part)
            && !words.any(is_random)
    })
}

/// Whether the value looks like the name of an object in a cluster, and not random.
fn is_identifier(value: &str) -> bool {
    let is_name = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-./".contains(character)
    };
    value.chars().all(is_name) && value.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_shape_are_judged_together() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "correct horse"),
            ("API_KEY", "k3y-0f-the-house"),
            ("CLIENT_SECRET", "Zx81kQ0pLm22vbN7"),
            (
                "GREETING",
                concat!("ghp_", "abcdefghijklmnopqrstuvwxyz0123456789"),
            ),
            ("DATABASE_URL", "postgres://app:s3cr3t@db:5432/app"),
            ("SIGNING_KEY", "b7f2c9d04e61a8835fd0"),
            ("authToken", "0123abcd4567"),
            // This token contains the word of a placeholder by chance.
            ("authToken", "q8tbd7Zk21mPx40LcvW9"),
            ("ROOT_PASS", "Tr0ub4dor&3xkcd99"),
            ("DB_PASS", "hunter2"),
            ("SMTP_PW", "hunter2"),
            ("pass", "hunter2Quartz"),
            ("pw", "hunter2Quartz"),
            ("PW", "hunter2Quartz"),
            ("smtp/pass", "hunter2Quartz"),
            ("JWT_SECRET", "S3cr3tValue"),
            ("client_secret", "abc123def"),
            ("COOKIE_SECRET", "keyboard+cat/1"),
            ("DB", "Server=db;User Id=sa;Password=hunter2;"),
            ("JDBC", "jdbc:mysql://db/app?user=a&password=hunter2"),
            (
                "AZURE_CLIENT_SECRET",
                "abc8Q~q8tbd7Zk21mPx40LcvW9eR5yUa3sD6f",
            ),
            ("auth", "dXNlcjpodW50ZXIy"),
            ("key", "a.b/q8tbd7Zk21mPx40LcvW9"),
            ("existingPassword", "hunter2"),
            ("secretKey", "hunter2"),
        ] {
            assert!(judge(name, value).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn values_that_are_not_secrets_are_not_reported() {
        for (name, value) in [
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD", "$(DB_PASSWORD)"),
            ("DB_PASSWORD", "${DB_PASSWORD:-}"),
            ("DB_PASSWORD", "{{ .Values.password }}"),
            ("DB_PASSWORD", "vault:secret/data/db#password"),
            ("DB_PASSWORD", "<password>"),
            ("DB_PASSWORD", "CHANGE_ME"),
            ("DB_PASSWORD", "xxxxxxxx"),
            ("DB_PASSWORD", "/run/secrets/db"),
            ("DB_PASSWORD", "true"),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("TOKEN_PATH", "token"),
            ("SECRET_DIR", "secrets"),
            ("SECRET_NAME", "web"),
            ("secretName", "web-tls-2f8a9c4d5e6b7a80"),
            ("existingSecret", "web-credentials"),
            ("clientSecret", "web-client"),
            ("PASSWORD_MIN_LENGTH", "12"),
            ("TOKEN_TTL", "3600"),
            ("MAX_TOKENS", "4096"),
            ("TOKEN_URL", "https://idp.example.com/oauth/token"),
            ("PUBLIC_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"),
            (
                "TLS_CERT",
                "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            ),
            (
                "IMAGE_DIGEST",
                "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
            ("MONKEY", "b7f2c9d04e61a8835fd0"),
            ("DATABASE_URL", "postgres://app:$(PASSWORD)@db:5432/app"),
            ("DATABASE_URL", "postgres://db:5432/app"),
            ("PASSWORD_HINT", "the usual one, ask Ann"),
            ("password", "config.auth.password"),
            (
                "token",
                concat!(
                    "ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,",
                    "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"
                ),
            ),
            ("CREDENTIALS_SECRET", "aws-credentials"),
            ("OAUTH_CLIENT_SECRET_KEY", "client-secret"),
            ("passwordKey", "admin-password"),
            ("clientSecret", "$oidc.keycloak.clientSecret"),
            ("TLS_SECRET", "ingress/wildcard-tls"),
            ("PASSWORD_COMMAND", "cat /run/secrets/password"),
            ("password.encoder", "bcrypt"),
            (
                "RECAPTCHA_SITE_KEY",
                "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI",
            ),
            ("STRIPE_PUBLISHABLE_KEY", "pk_live_q8tbd7Zk21mPx40LcvW9eR5y"),
            ("GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568"),
            ("password", "os.environ[\"DB_PASSWORD\"]"),
            ("token", "request.headers.get('token')"),
            ("login.password", "Password"),
            ("reset.password", "Reset password"),
            ("PASSWORD", "((db-password))"),
            ("secret_key", "$__env{SECRET_KEY}"),
            ("TOKEN_CONFIG", "a-b-c"),
            ("token", "GITHUB_TOKEN"),
            ("privateKey", "PRIVATE-KEY"),
            ("client_secret", "web-client"),
            ("tls_secret", "wildcard2"),
            ("clientSecret", "web2"),
            (
                "htpasswd",
                "app:$2y$10$9dLk2mQpZx7vTq2mLpzR7uKb3wYc1nHs8jGf5eDa4oPi6tVr0xWq",
            ),
            ("password", "%app.project_dir%/config/jwt/private.pem"),
            ("--initial-cluster-token", "etcd-cluster-1"),
            ("pass", "all-tests-1"),
            ("pass", "true"),
            ("pass", "required"),
            ("pass", "stage2"),
            ("pass", "http/1.1"),
            ("pass", "after 2 Minutes"),
            ("pw", "playwright"),
            ("PW", "1.48.2-jammy"),
            ("pw", "${DB_PASSWORD}"),
            ("key", "feature.example.org/pci-10de.present"),
            ("key", "k8s.example.dev/location"),
            ("existingSecretAdminPassword", "registry-creds"),
            ("secretKey", "secretKey"),
            ("pw", "[]byte(*a.Keystores.PKCS12.Password)"),
        ] {
            assert_eq!(judge(name, value), None, "{name}={value}");
        }
    }
}
