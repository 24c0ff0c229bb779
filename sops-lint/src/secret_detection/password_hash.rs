//! Recognizes password hashes, as in `htpasswd` files, which do not reveal the password.

/// The beginnings of hashes.
const BEGINNINGS: [&str; 24] = [
    "$2a$",
    "$2b$",
    "$2y$",
    "$apr1$",
    "$1$",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$argon2",
    "$pbkdf2",
    "$scrypt$",
    "{SHA",
    "{SSHA",
    "{CRYPT}",
    "{ARGON2",
    "{PBKDF2",
    "{bcrypt}",
    "SCRAM-SHA-",
    "pbkdf2_sha256$",
    "pbkdf2:sha256:",
    "scrypt:",
    // qBittorrent.
    "@ByteArray(",
    "\"@ByteArray(",
];

/// The length of the shortest hash: SHA-1 in base64 with its prefix.
const SHORTEST: usize = 20;

/// Whether each line is a hash, or a user and a hash.
pub(super) fn is_password_hash(value: &str) -> bool {
    let lines = value.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(is_hash)
}

fn is_hash(line: &str) -> bool {
    // Compose escapes a dollar sign with another one.
    let line = line.replace("$$", "$");
    let is_user = |user: &str| {
        user.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.@".contains(c))
    };
    let user = line.split_once(':').filter(|(user, _)| is_user(user));
    let is_long = |hash: &str| hash.len() >= SHORTEST && !hash.contains(char::is_whitespace);
    [Some(&*line), user.map(|(_, hash)| hash)]
        .into_iter()
        .flatten()
        .any(|hash| {
            is_long(hash)
                && (BEGINNINGS.iter().any(|begin| hash.starts_with(begin)) || is_of_mysql(hash))
        })
}

/// Whether the text is a star and a SHA-1 digest in upper case.
fn is_of_mysql(hash: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
    let digest = hash.strip_prefix('*');
    digest.is_some_and(|digest| digest.len() == 40 && digest.chars().all(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_distinguished_from_passwords() {
        for value in [
            "$2y$10$9dLk2mQpZx7vTq2mLpzR7uKb3wYc1nHs8jGf5eDa4oPi6tVr0xWq",
            "app:$2y$10$9dLk2mQpZx7vTq2mLpzR7uKb3wYc1nHs8jGf5eDa4oPi6tVr0xWq",
            "app:$$apr1$$Zq7kQ2Wv$$81LmXk9vTq2mLpzR7uKb3w",
            "app:{SHA}Zq7kQ2Wv81LmXk9vTq2mLpzR7uA=\nann:$apr1$Zq7kQ2Wv$81LmXk9vTq2mLpzR7uKb3w\n",
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
        ] {
            assert!(is_password_hash(value), "{value}");
        }
        for value in [
            "hunter2",
            "$1$hunter2",
            "$ecretPassw0rdOfTheHouse",
            "app:hunter2",
            "app:{SHA}Zq7kQ2Wv81LmXk9vTq2mLpzR7uA=\nann:hunter2\n",
            "*hunter2hunter2hunter2hunter2hunter2hunter2",
            "",
        ] {
            assert!(!is_password_hash(value), "{value}");
        }
    }
}
