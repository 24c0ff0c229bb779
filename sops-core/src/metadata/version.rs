//! The version of SOPS that wrote a file.

use semver::Version;

/// Whether `sops` can compare the version: a semantic version, optionally with a leading `v`, or
/// one of SOPS 1, which used other versions.
pub(super) fn is_comparable(text: &str) -> bool {
    is_first(text) || parsed(text).is_some()
}

/// Whether the version is older than `major.minor.0`.
pub(super) fn is_before(text: &str, major: u64, minor: u64) -> bool {
    is_first(text) || parsed(text).is_some_and(|version| version < Version::new(major, minor, 0))
}

/// Whether the version is one of SOPS 1.
fn is_first(text: &str) -> bool {
    text.starts_with("1.")
}

fn parsed(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared() {
        for (text, expected) in [
            ("1.x", true),
            ("3.5.0", true),
            ("v3.9.4", true),
            ("3.10.0", false),
            ("3.13.3", false),
            ("4.0.0", false),
            ("x", false),
        ] {
            assert_eq!(is_before(text, 3, 10), expected, "{text}");
        }
    }
}
