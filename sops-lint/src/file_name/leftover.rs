//! Recognizes files that a killed run of this program left behind.

use std::path::Path;

/// Whether a killed run of this program left the file behind: new content is first written to such
/// files. The path is relative to the repository.
pub(crate) fn is_leftover(path: &Path) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_directory = |name: &str| {
        let random = name.strip_prefix(".sops-rs-");
        random.is_some_and(|random| random.len() == 16 && random.bytes().all(is_digit))
    };
    // Older versions had no directories. If all characters are of one class, someone may have
    // chosen them as a word.
    let classes = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
    ];
    let is_file = |name: &str| {
        let random = name.strip_prefix(".sops-rs-");
        let random = random.and_then(|random| random.strip_suffix(".tmp"));
        random.map(str::as_bytes).is_some_and(|random| {
            random.len() == 6
                && random.iter().all(u8::is_ascii_alphanumeric)
                && !classes.iter().any(|is_in| random.iter().all(is_in))
        })
    };
    let directories = path.parent().into_iter().flat_map(Path::components);
    let mut directories = directories.filter_map(|part| part.as_os_str().to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    directories.any(is_directory) || name.is_some_and(is_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_recognized_by_their_names() {
        for (name, expected) in [
            ("a/.sops-rs-x1Y2z3.tmp", true),
            (".sops-rs-0123456789abcdef/0", true),
            ("a/.sops-rs-0123456789abcdef/b/secret.yaml", true),
            (".sops-rs-dev/a/b", false),
            (".sops-rs-0123456789ABCDEF/0", false),
            (".sops-rs-0123456789abcdef0/0", false),
            ("a/.sops-rs-notes", false),
            (".sops-rs-notes.tmp/a", false),
            (".sops-rs-backup.tmp", false),
            (".sops-rs-0123456789abcdef", false),
            ("sops-rs-x1Y2z3.tmp", false),
        ] {
            assert_eq!(is_leftover(Path::new(name)), expected, "{name}");
        }
    }
}
