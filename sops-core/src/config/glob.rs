//! Globs that users write where `.sops.yaml` expects regular expressions.

/// The regular expression that is equivalent to `text`, if `text` looks like a glob. A string looks
/// like a glob if it has a `*` in a position where a regular expression would rarely have one, and
/// no other syntax of regular expressions.
pub(super) fn as_regex(text: &str) -> Option<String> {
    let has_expression = text.contains(['^', '$', '\\', '(', '[', '|', '+', '{']);
    let is_wildcard = |at: usize| match text[..at].chars().next_back() {
        None | Some('/') => true,
        // `.*` is regular expression syntax.
        Some('.') => false,
        // As in `secrets*.yaml`; `a*b` may be a regular expression.
        Some(_) => text[at + 1..].starts_with('.') && !text[at + 1..].starts_with(".*"),
    };
    let stars = text.match_indices('*').map(|(at, _)| at);
    let is_glob = !has_expression
        && stars
            .filter(|at| !text[..*at].ends_with('*'))
            .any(is_wildcard);
    if !is_glob {
        return None;
    }
    // A glob without a slash matches names in all directories.
    let mut regex = match text.contains('/') {
        true => "^".to_owned(),
        false => "(^|/)".to_owned(),
    };
    let mut rest = text.strip_prefix("./").unwrap_or(text);
    while let Some(character) = rest.chars().next() {
        let (length, replaced) = match character {
            '*' if rest.starts_with("**/") => (3, "(.*/)?"),
            '*' if rest.starts_with("**") => (2, ".*"),
            '*' => (1, "[^/]*"),
            '?' => (1, "[^/]"),
            '.' => (1, r"\."),
            other => {
                regex.push(other);
                rest = &rest[other.len_utf8()..];
                continue;
            }
        };
        regex.push_str(replaced);
        rest = &rest[length..];
    }
    regex.push('$');
    // `(^|/)[^/]*` before the end matches every name.
    Some(match regex.strip_prefix("(^|/)[^/]*") {
        Some(end) => end.to_owned(),
        None => regex,
    })
}

#[cfg(test)]
mod tests {
    use sops_go_compat::Regexp;

    use super::*;

    #[test]
    fn a_glob_becomes_a_regular_expression_that_matches_the_same_paths() {
        for (glob, regex, path, other) in [
            ("*.yaml", r"\.yaml$", "a/b.yaml", "a.yaml.txt"),
            (
                "vars/*.yaml",
                r"^vars/[^/]*\.yaml$",
                "vars/a.yaml",
                "vars/b/a.yaml",
            ),
            ("./vars/*", "^vars/[^/]*$", "vars/a", "a"),
            (
                "**/secret?.yml",
                r"^(.*/)?secret[^/]\.yml$",
                "a/b/secret1.yml",
                "secret.yml",
            ),
            ("secrets/**", "^secrets/.*$", "secrets/a/b", "a/secrets/b"),
            (
                "secret*.yaml",
                r"(^|/)secret[^/]*\.yaml$",
                "x/secret-a.yaml",
                "xsecret.yaml",
            ),
        ] {
            let found = as_regex(glob);
            assert_eq!(found.as_deref(), Some(regex));
            let found = Regexp::new(regex).expect(regex);
            assert!(found.is_match(path) && !found.is_match(other), "{regex}");
        }
        for expression in [
            "",
            "a.yaml",
            ".*.yaml",
            "a/.*",
            r".*\.yaml$",
            "^secrets/*",
            "ab*c",
            "secrets/.*/a.yaml",
            "[a-z]*.yaml",
        ] {
            assert_eq!(as_regex(expression), None, "{expression}");
        }
    }
}
