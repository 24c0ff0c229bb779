//! Reads the password file of PostgreSQL: `host:port:database:user:password`.

use super::found::{FoundSecrets, range_of};
use super::judge::{judge, unquoted};
use super::likeness::Likeness;
use crate::rule::Confidence;

/// A part of the name of a password file.
const NAME: &str = "pgpass";

/// Adds the passwords in a password file, or in text that a script writes to one.
pub(super) fn find(name: &str, text: &str, secrets: &mut FoundSecrets) {
    let is_file = name.contains(NAME);
    if !is_file && !text.contains(NAME) {
        return;
    }
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    for line in lines.filter(|line| is_file || line.contains(NAME)) {
        let words = line.split_whitespace().map(unquoted);
        for password in words.filter_map(password) {
            if judge("password", password).is_some() {
                secrets.add(
                    "password",
                    range_of(password, text),
                    Likeness::Name(Confidence::Medium),
                );
            }
        }
    }
}

/// The password of a line. A backslash escapes a colon.
fn password(line: &str) -> Option<&str> {
    let mut fields = line.splitn(5, ':');
    let (_, port) = (fields.next()?, fields.next()?);
    let is_port = port == "*" || !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    let password = fields.nth(2)?;
    (is_port && !password.contains(':')).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(name: &str, text: &str) -> Vec<String> {
        let mut secrets = FoundSecrets::default();
        find(name, text, &mut secrets);
        let secrets = secrets.into_vec().into_iter();
        secrets
            .map(|secret| text[secret.range].to_owned())
            .collect()
    }

    #[test]
    fn the_fifth_field_is_the_password() {
        for (name, text) in [
            (".pgpass", "# db\ndb:5432:shop:app:hunter2\n"),
            ("pgpass.conf", "*:*:*:app:hunter2"),
            ("", "echo 'db:5432:*:app:hunter2' > ~/.pgpass"),
        ] {
            assert_eq!(passwords(name, text), ["hunter2"], "{text}");
        }
        for (name, text) in [
            (".pgpass", "db:5432:shop:app:${DB_PASSWORD}"),
            (".pgpass", "# db:5432:shop:app:hunter2"),
            ("hosts", "db:5432:shop:app:hunter2"),
            ("", "chmod 600 ~/.pgpass"),
        ] {
            assert_eq!(passwords(name, text), [""; 0], "{text}");
        }
    }
}
