//! Replaces encrypted values with placeholders.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sops_core::tree::{Entry, Node};
use sops_core::{Type, is_ciphertext};

use crate::object::{is_object, mark};
use crate::secret::text_at;
use crate::value_path::ValuePath;

/// Replaces every encrypted value of a tree that has no `sops` metadata, or no longer has it, and
/// [marks](mark) the objects that get placeholders. Returns whether there were encrypted values.
pub fn fill(tree: &mut Node) -> bool {
    if let Node::Mapping(entries) = tree {
        let is_list = |entry: &Entry| {
            entry.key == "kind"
                && entry
                    .value
                    .as_str()
                    .is_some_and(|kind| kind.ends_with("List"))
        };
        if entries.iter().any(is_list) {
            let items = entries.iter_mut().find(|entry| entry.key == "items");
            if let Some(Node::Sequence(items)) = items.map(|entry| &mut entry.value)
                && items.iter().all(is_object)
            {
                return items
                    .iter_mut()
                    .map(fill)
                    .filter(|is_filled| *is_filled)
                    .count()
                    > 0;
            }
        }
    }
    let text = |key| tree.get(key).and_then(Node::as_str).map(str::to_owned);
    let secret_type = (text("kind").as_deref() == Some("Secret")).then(|| text("type"));
    let mut walk = Walk {
        secret_type,
        path: ValuePath::default(),
        is_changed: false,
    };
    walk.node(tree);
    if walk.is_changed {
        mark(tree);
    }
    walk.is_changed
}

struct Walk {
    /// The type of the Secret, if it has one; `None` outside Secrets.
    secret_type: Option<Option<String>>,
    path: ValuePath,
    is_changed: bool,
}

impl Walk {
    fn node(&mut self, node: &mut Node) {
        match node {
            Node::Mapping(entries) => {
                for Entry { key, value } in entries {
                    self.enter(key, value);
                }
            }
            Node::Sequence(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.enter(&index.to_string(), item);
                }
            }
            Node::Scalar(_) => {
                if let Some(kind) = node.as_str().and_then(encrypted_type) {
                    *node = self.placeholder(kind);
                    self.is_changed = true;
                }
            }
        }
    }

    fn enter(&mut self, step: &str, node: &mut Node) {
        let mut path = std::mem::take(&mut self.path);
        path.within(step, |path| {
            std::mem::swap(&mut self.path, path);
            self.node(node);
            std::mem::swap(&mut self.path, path);
        });
        self.path = path;
    }

    fn placeholder(&self, kind: Type) -> Node {
        match kind {
            // This number is valid as a port, a percentage and a file mode.
            Type::Int => Node::from(i64::from(self.path.number() % 100) + 1),
            Type::Float => Node::from_json(&serde_json::json!(
                f64::from(self.path.number() % 100) + 0.5
            )),
            Type::Bool => Node::from(true),
            Type::Time => "2000-01-01T00:00:00Z".into(),
            Type::Str | Type::Bytes | Type::Comment => self.text().as_str().into(),
        }
    }

    fn text(&self) -> String {
        let part = self.path.part_of(&["data", "stringData"]);
        match (&self.secret_type, part) {
            (Some(kind), Some(part)) => {
                let text = text_at(kind.as_deref(), self.path.last(), &self.path);
                match part {
                    "data" => STANDARD.encode(text),
                    _ => text,
                }
            }
            _ => self.path.text(),
        }
    }
}

/// The type of an encrypted value; `None` for other strings.
fn encrypted_type(text: &str) -> Option<Type> {
    if !is_ciphertext(text) {
        return None;
    }
    let (_, name) = text.trim_end().strip_suffix(']')?.rsplit_once(",type:")?;
    Type::from_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ANNOTATION, find, is_placeholder};

    fn enc(kind: &str) -> String {
        let (nonce, tag) = (STANDARD.encode([0; 32]), STANDARD.encode([0; 16]));
        format!("\"ENC[AES256_GCM,data:eA==,iv:{nonce},tag:{tag},type:{kind}]\"")
    }

    fn filled(text: &str) -> Node {
        let text = ["str", "int", "float", "bool"]
            .iter()
            .fold(text.to_owned(), |text, kind| {
                text.replace(&format!("<{kind}>"), &enc(kind))
            });
        let mut trees = Node::from_yaml(&text).unwrap_or_else(|error| panic!("{error}"));
        fill(&mut trees[0]);
        trees.remove(0)
    }

    fn at<'n>(tree: &'n Node, path: &[&str]) -> &'n Node {
        path.iter().fold(tree, |node, key| {
            node.get(key).unwrap_or_else(|| panic!("{key}"))
        })
    }

    #[test]
    fn a_placeholder_has_the_type_of_the_value() {
        let tree = filled("a: <str>\nb: <int>\nc: <float>\nd: <bool>\ne: x\nf: [<str>, <str>]\n");
        let yaml = tree.to_yaml();
        let mut trees = Node::from_yaml(&yaml).unwrap_or_else(|error| panic!("{error}"));
        let kind = |key: &str| match at(&trees[0], &[key]) {
            Node::Scalar(Some(value)) => value.kind,
            _ => panic!("{key}"),
        };
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(kind),
            [Type::Str, Type::Int, Type::Float, Type::Bool, Type::Str]
        );
        let Node::Sequence(items) = at(&trees[0], &["f"]) else {
            panic!("{}", *yaml);
        };
        assert_ne!(items[0], items[1]);
        assert!(!fill(&mut trees[0]));
    }

    #[test]
    fn a_placeholder_depends_on_the_path_alone() {
        let (one, two) = (
            filled("a: {b: <str>}\n"),
            filled("x: <str>\na: {b: <str>}\n"),
        );
        assert_eq!(at(&one, &["a", "b"]), at(&two, &["a", "b"]));
        assert_ne!(at(&two, &["x"]), at(&two, &["a", "b"]));
        let text = at(&one, &["a", "b"]).as_str().unwrap_or_default();
        assert!(is_placeholder(text), "{text}");
    }

    #[test]
    fn values_of_secrets_have_the_form_of_their_key() {
        let decoded = |node: &Node| {
            let bytes = STANDARD.decode(node.as_str().unwrap_or_default());
            String::from_utf8(bytes.expect("the value is base64")).expect("the content is text")
        };
        let secret = "apiVersion: v1\nkind: Secret\n";
        let tls = filled(&format!(
            "{secret}type: kubernetes.io/tls\ndata:\n  tls.crt: <str>\n  tls.key: <str>\n"
        ));
        assert!(decoded(at(&tls, &["data", "tls.crt"])).starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(decoded(at(&tls, &["data", "tls.key"])).starts_with("-----BEGIN PRIVATE KEY-----"));
        let docker = filled(&format!(
            "{secret}type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: <str>\n"
        ));
        let json = at(&docker, &["stringData", ".dockerconfigjson"]).as_str();
        let json: serde_json::Value =
            serde_json::from_str(json.unwrap_or_default()).expect("the text is JSON");
        assert!(
            json["auths"]["placeholder.invalid"]["auth"].is_string(),
            "{json}"
        );
        let token = filled(&format!(
            "{secret}type: bootstrap.kubernetes.io/token\nstringData:\n  token-id: <str>\n  token-secret: <str>\n"
        ));
        let length = |key| at(&token, &["stringData", key]).as_str().map(str::len);
        assert_eq!(
            (length("token-id"), length("token-secret")),
            (Some(6), Some(16))
        );
        // Other objects have other rules for the same keys.
        let map = filled("apiVersion: v1\nkind: ConfigMap\ndata:\n  tls.key: <str>\n");
        assert!(is_placeholder(
            at(&map, &["data", "tls.key"]).as_str().unwrap_or_default()
        ));
    }

    #[test]
    fn objects_with_placeholders_are_marked_and_found() {
        let annotation = |tree: &Node| {
            let annotations = tree.get("metadata")?.get("annotations")?;
            annotations.get(ANNOTATION)?.as_str().map(str::to_owned)
        };
        for (text, is_marked) in [
            (
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  a: <str>\n",
                true,
            ),
            (
                "apiVersion: v1\nkind: Secret\nmetadata:\n  annotations: {a: b}\ndata:\n  a: <int>\n",
                true,
            ),
            ("apiVersion: v1\nkind: Secret\ndata:\n  a: b\n", false),
            ("a: <str>\n", false),
        ] {
            let tree = filled(text);
            assert_eq!(annotation(&tree).is_some(), is_marked, "{text}");
            assert_eq!(find(&tree).is_some(), text.contains('<'), "{text}");
        }
        let list = filled(
            "apiVersion: v1\nkind: SecretList\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {a: <str>}\n- apiVersion: v1\n  kind: Secret\n  data: {a: b}\n",
        );
        let Node::Sequence(items) = at(&list, &["items"]) else {
            panic!("the items are a list");
        };
        assert!(annotation(&items[0]).is_some() && annotation(&items[1]).is_none());
        assert!(annotation(&list).is_none());
    }
}
