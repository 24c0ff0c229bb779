//! Words of shell commands that messages suggest.

/// A path in a command that a message suggests, quoted for the shell. A path that starts with `-`
/// gets `./` before it: anyone who can add a file to a repository chooses its name, and a program
/// would read such a name as an option.
pub fn shell_path(path: &str) -> String {
    match path.starts_with('-') {
        true => shell_word(&format!("./{path}")),
        false => shell_word(path),
    }
}

/// Any other word of a command that a message suggests, quoted for the shell.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_command_is_never_an_option() {
        for (path, shown) in [
            ("a/b.yaml", "a/b.yaml"),
            ("--config=evil.yaml", "'./--config=evil.yaml'"),
            ("-i", "./-i"),
            ("-", "./-"),
            ("-it's.yaml", r"'./-it'\''s.yaml'"),
            ("a/-i", "a/-i"),
            ("", "''"),
        ] {
            assert_eq!(shell_path(path), shown);
        }
        assert_eq!(shell_word("-i"), "-i");
    }
}
