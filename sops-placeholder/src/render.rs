//! Renders a file: its encrypted values replaced by placeholders, without its metadata.

use sops_core::document::Indentation;
use sops_core::tree::Node;
use sops_core::{Error, Format, convert, is_encrypted, parse_document, path_of_ciphertext};

use crate::fill::fill;
use crate::secret::secret_text;

/// The documents of a file of any format except binary, with placeholders for encrypted values and
/// without `sops` metadata; and whether the file was encrypted. No key is needed. Comments are left
/// out.
///
/// # Errors
/// The errors of [`parse_document`]; [`Error::Value`] for a value that is damaged, or that is
/// encrypted in a document that has lost its metadata.
pub fn render_trees(bytes: &[u8], format: Format) -> sops_core::Result<(Vec<Node>, bool)> {
    let document = parse_document(bytes, format)?;
    let is_encrypted = is_encrypted(&document);
    let mut trees: Vec<Node> = document.trees().collect();
    if is_encrypted {
        for tree in &mut trees {
            fill(tree);
        }
    }
    match trees.iter().find_map(path_of_ciphertext) {
        None => Ok((trees, is_encrypted)),
        Some(path) => Err(Error::Value {
            path,
            location: None,
            message: match is_encrypted {
                true => "the encrypted value is damaged".to_owned(),
                false => "the value is encrypted, but the `sops` metadata to decrypt it is missing"
                    .to_owned(),
            },
        }),
    }
}

/// A file in its format, as [`render_trees`] renders it; `None` if it is not encrypted. The content
/// of a binary file is the text that a Secret would have under the file's name.
///
/// # Errors
/// The errors of [`render_trees`] and [`convert`].
pub fn render_file(bytes: &[u8], format: Format, name: &str) -> sops_core::Result<Option<Vec<u8>>> {
    if format == Format::Binary {
        let is_binary =
            parse_document(bytes, Format::Json).is_ok_and(|document| is_encrypted(&document));
        return Ok(is_binary.then(|| secret_text(None, name).into_bytes()));
    }
    let (trees, is_encrypted) = render_trees(bytes, format)?;
    if !is_encrypted {
        return Ok(None);
    }
    let yaml = to_yaml(&trees);
    if format == Format::Yaml {
        return Ok(Some(yaml.into_bytes()));
    }
    let document = parse_document(&yaml, Format::Yaml)?;
    let converted = convert(&document, format, &Indentation::default())?;
    Ok(Some(converted.to_vec()))
}

/// A stream of documents.
pub fn to_yaml<'t>(trees: impl IntoIterator<Item = &'t Node>) -> String {
    let texts: Vec<String> = trees
        .into_iter()
        .map(|tree| tree.to_yaml().to_string())
        .collect();
    texts.join("---\n")
}

#[cfg(test)]
mod tests {
    use sops_core::keys::age::generate_x25519;
    use sops_core::rules::EncryptionRule;
    use sops_core::{Encryption, encrypt};

    use super::*;
    use crate::{find, is_placeholder};

    fn encrypted(text: &str, format: Format) -> String {
        let encryption = Encryption::to([generate_x25519().recipient]);
        encrypt(text, format, &encryption).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_file_keeps_its_format_and_its_keys() {
        for (format, text, expected) in [
            (
                Format::Yaml,
                "a: x\n---\nb: {c: y}\n",
                "a: <>\n---\nb:\n    c: <>\n",
            ),
            (Format::Json, "{\"a\": \"x\"}\n", "{\n\t\"a\": \"<>\"\n}\n"),
            (Format::Dotenv, "A=x\nB=y\n", "A=<>\nB=<>\n"),
            (Format::Ini, "[a]\nb = x\n", "[a]\nb = <>\n"),
            (Format::Binary, "x\0", "<>"),
        ] {
            let text = encrypted(text, format);
            let rendered = render_file(text.as_bytes(), format, "blob");
            let rendered = rendered.unwrap_or_else(|error| panic!("{error}"));
            let rendered = rendered.expect("the file is encrypted");
            let mut rendered = String::from_utf8(rendered).expect("the content is text");
            while let Some(at) = rendered.find("sops-rs-placeholder-") {
                assert!(is_placeholder(&rendered[at..at + 28]));
                rendered.replace_range(at..at + 28, "<>");
            }
            assert_eq!(rendered, expected, "{}", format.name());
        }
    }

    #[test]
    fn types_and_plaintext_stay() {
        let encryption = Encryption::to([generate_x25519().recipient])
            .with_rule(EncryptionRule::EncryptedRegex("^spec$".into()));
        let text = "# who\napiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  port: 80\n  ratio: 0.5\n  on: true\n";
        let text =
            encrypt(text, Format::Yaml, &encryption).unwrap_or_else(|error| panic!("{error}"));
        let (trees, is_encrypted) =
            render_trees(text.as_bytes(), Format::Yaml).unwrap_or_else(|error| panic!("{error}"));
        assert!(is_encrypted);
        let yaml = trees[0].to_yaml();
        let spec = trees[0].get("spec").expect("the key stays");
        let kind = |key| match spec.get(key) {
            Some(Node::Scalar(Some(value))) => value.kind.name(),
            _ => panic!("{key}: {}", *yaml),
        };
        assert_eq!(["port", "ratio", "on"].map(kind), ["int", "float", "bool"]);
        assert!(yaml.starts_with("apiVersion: v1\nkind: A\n") && !yaml.contains("sops:"));
        assert_eq!(
            find(&trees[0]).as_deref(),
            Some("metadata.annotations.sops-rs.dev/placeholder")
        );
    }

    #[test]
    fn plaintext_comments_stay_and_damaged_ones_are_errors() {
        for (format, text) in [
            (Format::Yaml, "a: x\n"),
            (Format::Binary, "x"),
            (Format::Dotenv, "A=x\n"),
        ] {
            let rendered = render_file(text.as_bytes(), format, "a");
            assert_eq!(rendered, Ok(None), "{text}");
        }
        let text = encrypted("a: x\n", Format::Yaml);
        let value = text.lines().next().unwrap_or_default();
        for text in [
            format!("{value}\n"),
            text.replacen(",type:str]", ",typ]", 1),
        ] {
            let error = render_file(text.as_bytes(), Format::Yaml, "a");
            assert!(matches!(error, Err(Error::Value { .. })), "{error:?}");
        }
    }
}
