//! Whether a value is a secret, judged by the name it has and by its shape. When in doubt it is none: who is warned without need
//! stops reading warnings.

mod name;
mod reference;
pub(crate) mod token;

pub(crate) use name::Name;
pub(crate) use reference::is_harmless;

/// What speaks for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// A format that only secrets have, such as that of a GitHub token.
    Format(&'static str),
    /// A name such as `PASSWORD`, and a value that is neither a reference nor a placeholder.
    Name,
}

impl Likeness {
    /// The words that follow "holds".
    pub(crate) fn what(self) -> String {
        match self {
            Self::Format(format) => format.to_owned(),
            Self::Name => "what looks like a secret".to_owned(),
        }
    }
}

/// Judges the value of that name.
pub(crate) fn judge(name: &str, value: &str) -> Option<Likeness> {
    let value = unquoted(value.trim());
    if is_harmless(value) {
        return None;
    }
    if let Some(format) = token::find(value) {
        return Some(Likeness::Format(format));
    }
    let is_secret = match Name::of(name) {
        Name::Secret => is_plausible(value),
        Name::Weak => is_random(value),
        Name::Reference => is_random(value) && !is_identifier(value),
        Name::Other => false,
    };
    is_secret.then_some(Likeness::Name)
}

/// The first line of a text of several, or assignment in it, that holds a secret, with the name that it has there.
pub(crate) fn judge_lines<'t>(name: &'t str, text: &'t str) -> Option<(&'t str, Likeness)> {
    if !text.trim().contains('\n') {
        return judge(name, text).map(|likeness| (name, likeness));
    }
    if let Some(format) = token::find(text) {
        return Some((name, Likeness::Format(format)));
    }
    text.lines().find_map(|line| {
        let (key, value) = assignment(line)?;
        judge(key, value).map(|likeness| (key, likeness))
    })
}

/// The name and value of a line such as `key = value`, `key: value` or `"key": "value",`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with(['#', ';', '/', '<', '*']) {
        return None;
    }
    let at = line.find(['=', ':'])?;
    let key = unquoted(line[..at].trim().trim_start_matches("- "));
    let is_name = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let is_key = !key.is_empty() && key.len() <= 100 && key.chars().all(is_name);
    let value = line[at + 1..].trim().trim_end_matches([',', ';']);
    is_key.then_some((key, value))
}

fn unquoted(text: &str) -> &str {
    ['"', '\''].into_iter().fold(text, |text, quote| {
        let inner = text.strip_prefix(quote);
        inner
            .and_then(|inner| inner.strip_suffix(quote))
            .unwrap_or(text)
    })
}

/// Whether the value of a name such as `PASSWORD` is one: a word, not a sentence and not a setting.
fn is_plausible(value: &str) -> bool {
    let is_sentence = value.split_whitespace().nth(2).is_some();
    let is_call = value.contains('(') && value.ends_with(')');
    value.len() >= 3 && !is_sentence && !is_call && !is_expression(value)
}

/// Whether it is a path of names, such as `config.password` or `spec.token`, in some program's text.
fn is_expression(value: &str) -> bool {
    let parts: Vec<_> = value.split('.').collect();
    let is_part = |part: &&str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    parts.len() > 1 && parts.iter().all(is_part) && !is_random(value)
}

/// Whether it is a name as objects in a cluster have, and not a random one.
fn is_identifier(value: &str) -> bool {
    let is_name = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-./".contains(character)
    };
    value.chars().all(is_name) && value.contains('-')
}

/// Whether it is long and as good as random: letters and digits, with 3.5 bits and more a character.
pub(crate) fn is_random(value: &str) -> bool {
    let of = |is: fn(&char) -> bool| value.chars().any(|character| is(&character));
    let mixed = of(char::is_ascii_digit) && of(char::is_ascii_alphabetic);
    let one_word = !value.contains(char::is_whitespace) && !value.contains("://");
    value.len() >= 16 && mixed && one_word && entropy(value) >= 3.5
}

/// Shannon's entropy in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum()
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
            // With a placeholder's word by chance.
            ("authToken", "q8tbd7Zk21mPx40LcvW9"),
            ("ROOT_PASS", "Tr0ub4dor&3xkcd99"),
        ] {
            assert!(judge(name, value).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn what_is_no_secret_is_let_be() {
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
                "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]",
            ),
        ] {
            assert_eq!(judge(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn files_in_a_value_are_read_line_by_line() {
        let text = "# password = old\nname: web\n  db.password = s3cr3t-1\n";
        assert_eq!(
            judge_lines("app.properties", text),
            Some(("db.password", Likeness::Name))
        );
        let text = "user = app\npassword = ${DB_PASSWORD}\n";
        assert_eq!(judge_lines("app.properties", text), None);
    }
}
