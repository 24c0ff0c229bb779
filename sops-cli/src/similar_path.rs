//! The key path that a user may have meant: the other of `data` and `stringData`, or a key with dots.

use sops_core::document::Error;
use sops_core::{Component, Document, KeyPath};

/// Adds to the error about a missing value the path that the document has instead.
pub(crate) fn with_suggestion(error: Error, document: &Document<'_>, path: &KeyPath) -> Error {
    match error {
        Error::NotFound { message } => Error::NotFound {
            message: with_hint(message, document, path),
        },
        Error::Path { message } => Error::Path {
            message: with_hint(message, document, path),
        },
        error => error,
    }
}

fn with_hint(message: String, document: &Document<'_>, path: &KeyPath) -> String {
    let has = |meant: &&KeyPath| {
        let mut scalars = document.scalars();
        scalars.any(|scalar| scalar.components().eq(meant.components().iter().cloned()))
    };
    match candidates(path).iter().find(has) {
        Some(meant) => format!("{message}; did you mean `{}`?", meant.dotted()),
        None => message,
    }
}

/// The paths that are like this one, the most similar first.
fn candidates(path: &KeyPath) -> Vec<KeyPath> {
    let components = path.components();
    let mut all = vec![components.to_vec()];
    if let Some((Component::Key(field), rest)) = components.split_first() {
        // A key with dots, written without brackets.
        let keys: Option<Vec<&str>> = rest.iter().map(key).collect();
        if let Some(keys) = keys.filter(|keys| keys.len() > 1) {
            all.push(vec![
                Component::Key(field.clone()),
                Component::Key(keys.join(".")),
            ]);
        }
    }
    let others: Vec<Vec<Component>> = all.iter().filter_map(|path| in_other_field(path)).collect();
    all.extend(others);
    all.into_iter().filter_map(KeyPath::new).collect()
}

fn key(component: &Component) -> Option<&str> {
    match component {
        Component::Key(key) => Some(key),
        Component::Index(_) => None,
    }
}

/// The same path with `data` for `stringData`, or the reverse.
fn in_other_field(path: &[Component]) -> Option<Vec<Component>> {
    let (first, rest) = path.split_first()?;
    let field = match key(first)? {
        "data" => "stringData",
        "stringData" => "data",
        _ => return None,
    };
    let mut other = vec![Component::Key(field.to_owned())];
    other.extend(rest.iter().cloned());
    Some(other)
}

#[cfg(test)]
mod tests {
    use sops_core::{Format, parse_document};

    use super::*;

    #[test]
    fn the_path_that_exists_is_suggested() {
        let text = "data:\n  password: a\n  tls.crt: b\nstringData:\n  user: c\n";
        let document = parse_document(text, Format::Yaml).expect("it is valid");
        for (path, meant) in [
            (r#"["stringData"]["password"]"#, Some("data.password")),
            (r#"["data"]["user"]"#, Some("stringData.user")),
            (r#"["data"]["tls"]["crt"]"#, Some(r#"data["tls.crt"]"#)),
            (
                r#"["stringData"]["tls"]["crt"]"#,
                Some(r#"data["tls.crt"]"#),
            ),
            (r#"["data"]["other"]"#, None),
            (r#"["password"]"#, None),
        ] {
            let path: KeyPath = path.parse().expect("it is a path");
            let message = with_hint("not found".to_owned(), &document, &path);
            let expected = meant.map(|meant| format!("not found; did you mean `{meant}`?"));
            assert_eq!(message, expected.unwrap_or_else(|| "not found".to_owned()));
        }
    }
}
