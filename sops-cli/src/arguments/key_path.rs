//! Key paths on the command line: `["a"][0]`, as in `sops`, and the shorter `.a[0]` and `a.b`.

use sops_core::KeyPath;
use sops_core::document::Error as DocumentError;
use sops_printable::beginning;

use super::invocation;

/// The valid forms of a path, for error messages.
const FORMS: &str = "write a path as `a.b[0]`, `.a[\"key.with.dots\"]` or `[\"a\"][\"b\"]`";

/// The maximum number of characters of a path in a message.
const MAX_SHOWN: usize = 100;

/// Reads a key path. Keys without brackets end at the next `.` or `[`; under the name `sops`, only
/// the form with brackets is valid.
///
/// # Errors
/// [`DocumentError::Path`].
pub(crate) fn key_path(text: &str) -> Result<KeyPath, DocumentError> {
    if invocation::is_sops() || text.starts_with('[') && !has_bare_keys(text) {
        return text.parse();
    }
    in_brackets(text)?.parse()
}

/// Whether a path that begins with a bracket continues with a key without brackets.
fn has_bare_keys(text: &str) -> bool {
    let mut rest = text;
    while rest.starts_with('[') {
        match component(rest) {
            Ok((_, remainder)) => rest = remainder,
            Err(_) => return false,
        }
    }
    rest.starts_with('.')
}

/// The same path with all keys in brackets.
fn in_brackets(text: &str) -> Result<String, DocumentError> {
    let malformed = |problem: &str| DocumentError::Path {
        message: format!(
            "the path `{}` is malformed: {problem}; {FORMS}",
            beginning(text, MAX_SHOWN)
        ),
    };
    let mut path = String::new();
    let mut rest = text.strip_prefix('.').unwrap_or(text);
    loop {
        if rest.starts_with('[') {
            let (bracketed, remainder) = component(rest).map_err(malformed)?;
            path.push_str(bracketed);
            rest = remainder;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, remainder) = rest.split_at(end);
            if key.is_empty() {
                return Err(malformed("empty key"));
            }
            if key.contains(['"', '\'', ']']) {
                return Err(malformed(
                    "a key with quotes or brackets needs `[\"…\"]` around it",
                ));
            }
            path.push_str(&format!("[\"{key}\"]"));
            rest = remainder;
        }
        match rest.strip_prefix('.') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Ok(path),
            None if rest.starts_with('[') => {}
            None => return Err(malformed("missing `.` after a `]`")),
        }
    }
}

/// The component in brackets that the text begins with, and the rest.
fn component(text: &str) -> Result<(&str, &str), &'static str> {
    let end = match text.as_bytes().get(1) {
        Some(b'"') => text[2..].find("\"]").map(|end| end + 4),
        Some(b'\'') => text[2..].find("']").map(|end| end + 4),
        _ => text.find(']').map(|end| end + 1),
    };
    Ok(text.split_at(end.ok_or("missing `]`")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_mean_the_same_path() {
        for (text, expected) in [
            ("stringData.password", r#"["stringData"]["password"]"#),
            (".stringData.password", r#"["stringData"]["password"]"#),
            (r#".data["tls.key"]"#, r#"["data"]["tls.key"]"#),
            (r#"data["tls.key"]"#, r#"["data"]["tls.key"]"#),
            ("data['tls.key'].x", r#"["data"]["tls.key"]["x"]"#),
            (r#"["a"].b[0].c"#, r#"["a"]["b"][0]["c"]"#),
            (r#"["a"][0]["b"]"#, r#"["a"][0]["b"]"#),
            (r#"["a.b"]"#, r#"["a.b"]"#),
            (r#"["a\"]"b"]"#, r#"["a\"]"b"]"#),
            ("password", r#"["password"]"#),
            (".items[0].data.x", r#"["items"][0]["data"]["x"]"#),
            ("[0]", "[0]"),
            ("é.ü-1_2/3", r#"["é"]["ü-1_2/3"]"#),
        ] {
            match (key_path(text), expected.parse::<KeyPath>()) {
                (Ok(path), Ok(expected)) => assert_eq!(path, expected, "{text}"),
                (Err(_), Err(_)) => {}
                (path, expected) => panic!("{text}: {path:?} {expected:?}"),
            }
        }
    }

    #[test]
    fn malformed_paths_are_errors() {
        for text in [
            "",
            ".",
            "a.",
            "a..b",
            "..a",
            "a[",
            "a[\"b]",
            "a[\"b\"]c",
            "a]",
            "a\"b",
            "a[x]",
            "a[-1]",
            "[\"a\"]b",
            "[a]",
        ] {
            assert!(key_path(text).is_err(), "{text}");
        }
    }
}
