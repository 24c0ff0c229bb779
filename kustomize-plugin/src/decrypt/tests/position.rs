//! Encrypted values stay in the file, the object and the item that they were encrypted in.

use super::*;

/// The records that kustomize 5.8.1 passes to functions about its own changes.
const RECORDS: &str = "    internal.config.kubernetes.io/prefixes: a-,b-\n    internal.config.kubernetes.io/suffixes: -y,-z\n    \
                       internal.config.kubernetes.io/previousKinds: Secret,Secret\n    internal.config.kubernetes.io/previousNames: db,a-db\n    \
                       internal.config.kubernetes.io/previousNamespaces: prod,other\n";

const DATABASE: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\nstringData:\n  password: s3cret-value\n  user: admin\n";

#[test]
fn values_must_be_in_their_file() {
    let sample = Sample::new();
    let file = sample.encrypt("enc.yaml", &secret("a"));
    let other = sample.encrypt("other.yaml", &secret("a"));
    sample.write("plain.yaml", secret("a"));
    let ran = sample.run(CONFIG, &[&from(&file, "other.yaml")]);
    assert_eq!(
        ran.error(),
        "Secret a: other.yaml: stringData.password: the file does not have this encrypted value at this key path; remove the patch that adds it"
    );
    let moved = from(&other, "other.yaml").replace("  password: ENC", "  token: ENC");
    assert_eq!(
        sample.run(CONFIG, &[&moved]).error(),
        "Secret a: other.yaml: stringData.token: the file has this encrypted value at another position; remove the patch that moves it"
    );
    for (path, message) in [
        (
            "missing.yaml",
            "there is no such file; paths are relative to",
        ),
        ("plain.yaml", "sops metadata not found"),
        ("/dev/null", "the path is absolute"),
    ] {
        let ran = sample.run(CONFIG, &[&from(&file, path)]);
        let start = format!("Secret a: {path}: {message}");
        assert!(ran.error().starts_with(&start), "{}", ran.error());
    }
}

#[test]
fn a_base_is_found_relative_to_the_directory_that_is_built() {
    let sample = Sample::new();
    let file = sample.encrypt("secrets/enc.yaml", &secret("a"));
    let config = |path: &str| {
        from(REQUIRE, path).replacen("kind: SopsDecrypt\n", &format!("kind: SopsDecrypt\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: {path}\n"), 1)
    };
    sample.write("transformers/sops.yaml", "");
    sample.write("kustomization.yaml", "");
    for (config_path, path) in [
        ("transformers/sops.yaml", "secrets/enc.yaml"),
        ("kustomization.yaml", "secrets/enc.yaml"),
        (
            "../../base/kustomization.yaml",
            "../../base/secrets/enc.yaml",
        ),
        (
            "../../base/transformers/sops.yaml",
            "../../base/secrets/enc.yaml",
        ),
        (
            "../../../work/kustomization.yaml",
            "../../../work/secrets/enc.yaml",
        ),
    ] {
        let ran = sample.run(&config(config_path), &[&from(&file, path)]);
        assert_eq!(text(&ran.quiet()[0], "stringData/password"), SECRET);
    }
}

/// A resource of `prod/secret.yaml` with its metadata replaced.
fn database(encrypted: &str, name: &str, namespace: &str, records: &str) -> String {
    let resource = from(encrypted, "../prod/secret.yaml");
    let annotations = "  annotations:\n";
    resource
        .replacen(annotations, &format!("{annotations}{records}"), 1)
        .replacen("  name: db\n", &format!("  name: {name}\n"), 1)
        .replacen(
            "  namespace: prod\n",
            &format!("  namespace: {namespace}\n"),
            1,
        )
}

#[test]
fn encrypted_values_stay_in_the_object_of_their_file() {
    let sample = Sample::new();
    let file = sample.encrypt("../prod/secret.yaml", DATABASE);
    let whole = database(&file, "db", "prod", "");
    for policy in [CONFIG, REQUIRE] {
        assert_eq!(sample.run(policy, &[&whole]).quiet().len(), 1);
        for (resource, location, message) in [
            (
                database(&file, "public", "dev", "").replace("kind: Secret", "kind: ConfigMap"),
                "ConfigMap dev/public: ../prod/secret.yaml: kind",
                "the file has `kind: Secret`, but this resource has `kind: ConfigMap`; to change it, edit the file",
            ),
            (
                whole.replace("kind: Secret", "kind: ConfigMap"),
                "ConfigMap prod/db: ../prod/secret.yaml: kind",
                "the file has `kind: Secret`, but",
            ),
            // The records are annotations, so a file can contain them.
            (
                database(&file, "b-a-db-y-z", "dev", RECORDS)
                    .replace("kind: Secret", "kind: ConfigMap"),
                "ConfigMap dev/b-a-db-y-z: ../prod/secret.yaml: kind",
                "the file has `kind: Secret`, but",
            ),
            (
                whole.replace("apiVersion: v1", "apiVersion: example.org/v1"),
                "Secret prod/db: ../prod/secret.yaml: apiVersion",
                "the file has `apiVersion: v1`, but this resource has `apiVersion: example.org/v1`",
            ),
            (
                whole.replace("kind: Secret\n", ""),
                " prod/db: ../prod/secret.yaml: kind",
                "the file has `kind: Secret`, but this resource has no `kind`",
            ),
            (
                database(&file, "public", "prod", ""),
                "Secret prod/public: ../prod/secret.yaml: metadata.name",
                "the name in the file is `db`; only `namePrefix`",
            ),
            (
                database(&file, "public", "prod", RECORDS),
                "Secret prod/public: ../prod/secret.yaml: metadata.name",
                "the name in the file is `db`",
            ),
            (
                database(&file, "a-db", "prod", ""),
                "Secret prod/a-db: ../prod/secret.yaml: metadata.name",
                "the name in the file is `db`",
            ),
            (
                database(&file, "db", "dev", ""),
                "Secret dev/db: ../prod/secret.yaml: metadata.namespace",
                "the namespace in the file is `prod`; only `namespace`",
            ),
            (
                database(
                    &file,
                    "b-a-db-y-z",
                    "dev",
                    &RECORDS.replace("prod,other", "default,other"),
                ),
                "Secret dev/b-a-db-y-z: ../prod/secret.yaml: metadata.namespace",
                "the namespace in the file is `prod`",
            ),
        ] {
            let ran = sample.run(policy, &[&resource]);
            let start = format!("{location}: {message}");
            assert!(ran.error().starts_with(&start), "{start}\n{}", ran.error());
            // Flux accepts this too.
            sample.run(QUIET, &[&resource]).quiet();
        }
    }
}

#[test]
fn kustomize_may_add_to_names_and_set_namespaces() {
    let sample = Sample::new();
    let file = sample.encrypt("../prod/secret.yaml", DATABASE);
    for (resource, name) in [
        (database(&file, "b-a-db-y-z", "dev", RECORDS), "b-a-db-y-z"),
        (database(&file, "b-a-db-y-z", "prod", RECORDS), "b-a-db-y-z"),
    ] {
        let decrypted = sample.run(REQUIRE, &[&resource]).quiet();
        assert_eq!(text(&decrypted[0], "metadata/name"), name);
        assert_eq!(text(&decrypted[0], "stringData/password"), SECRET);
    }
    // An object without a namespace is recorded as in `default`.
    let without = DATABASE.replace("  namespace: prod\n", "");
    let file = sample.encrypt("../prod/secret.yaml", &without);
    let records = RECORDS.replace("prod,other", "default");
    let moved = database(&file, "b-a-db-y-z", "", &records).replacen(
        "  name:",
        "  namespace: dev\n  name:",
        1,
    );
    sample.run(REQUIRE, &[&moved]).quiet();
    let ran = sample.run(
        REQUIRE,
        &[&database(&file, "db", "", "").replacen("  name:", "  namespace: dev\n  name:", 1)],
    );
    let message =
        "the object in the file has no namespace; only `namespace` of a kustomization may add one";
    assert!(ran.error().ends_with(message), "{}", ran.error());
}

/// The additional data of a value contains its keys, but neither its document nor its list item.
#[test]
fn encrypted_values_stay_in_their_document_and_item() {
    let sample = Sample::new();
    let user = |name: &str, password: &str| format!("  - {{name: {name}, password: {password}}}\n");
    let text = format!(
        "apiVersion: x/v1\nkind: Users\nmetadata:\n  name: a\ndata:\n  users:\n{}{}  words: [one, two, three]\n  pairs: [{{u: u1, p: p1}}, {{u: u2, p: p2}}]\n",
        user("ann", SECRET),
        user("bob", "hunter2")
    );
    let text = format!("{text}---\n{}", text.replacen("name: a", "name: b", 1));
    let rule = EncryptionRule::EncryptedRegex("^(password|words|pairs)$".into());
    let encryption = encryption().with_rule(rule);
    let encrypted = sops_core::encrypt(&text, sops_core::Format::Yaml, &encryption)
        .expect("the document can be encrypted");
    sample.write("enc.yaml", &encrypted);
    let (first, second) = encrypted
        .split_once("\n---\n")
        .expect("the stream has two documents");
    let [first, second] = [first, second].map(|text| {
        let text = from(text, "enc.yaml").replace('\n', "\n  ");
        only(&format!("in:\n  {text}\n"))
            .get("in")
            .expect("the entry exists")
            .clone()
    });
    let run = |tree: &Node| sample.run(REQUIRE, &[&tree.to_yaml()]);
    run(&first).quiet();
    run(&second).quiet();

    let users = |tree: &Node| items(tree, "users");
    let password = |tree: &Node, index: usize| field(&users(tree)[index], "password");
    let absent = "the file does not have this encrypted value at this key path";
    let elsewhere =
        "the file has this encrypted value at another position; remove the patch that moves it";
    let renamed = "the merge key of this list item";
    let reordered = "the encrypted values of this list have a different order in the file";
    let swapped = {
        let [ann, bob] = [0, 1].map(|index| password(&first, index));
        let tree = with(&first, "data/users/0/password", bob);
        with(&tree, "data/users/1/password", ann)
    };
    let words = items(&first, "words");
    let pairs = items(&first, "pairs");
    let mixed = Node::Mapping(vec![
        Entry {
            key: "u".into(),
            value: field(&pairs[0], "u"),
        },
        Entry {
            key: "p".into(),
            value: field(&pairs[1], "p"),
        },
    ]);
    let list = |items: &[&Node]| Node::Sequence(items.iter().map(|item| (*item).clone()).collect());
    for (tree, location, message) in [
        (swapped, "data.users[0]", renamed),
        (
            with(&first, "data/users/0/name", "eve".into()),
            "data.users[0]",
            renamed,
        ),
        (
            with(&first, "data/users/1/password", password(&first, 0)),
            "data.users[1].password",
            elsewhere,
        ),
        (
            with(&first, "data/users/0/password", password(&second, 0)),
            // The first value determines the document.
            "data.users[1].password",
            elsewhere,
        ),
        (
            with(&first, "data/words", list(&[&words[1], &words[0]])),
            "data.words[1]",
            reordered,
        ),
        (
            with(&first, "data/words", list(&[&words[0], &words[0]])),
            "data.words[1]",
            elsewhere,
        ),
        (
            with(&first, "data/words", words[0].clone()),
            "data.words",
            elsewhere,
        ),
        (
            with(&first, "data/pairs", list(&[&mixed])),
            "data.pairs[0].p",
            elsewhere,
        ),
        (
            with(&first, "data/more", list(&[&words[0]])),
            "data.more[0]",
            elsewhere,
        ),
        (
            with(&first, "metadata/annotations/password", password(&first, 0)),
            "metadata.annotations.password",
            elsewhere,
        ),
        (
            with(
                &first,
                "data/users/0/password",
                "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]".into(),
            ),
            "data.users[0].password",
            absent,
        ),
        (
            with(&first, "sops/encrypted_regex", "^nothing$".into()),
            "sops",
            "the selection rule in the metadata differs from the file's",
        ),
    ] {
        let ran = run(&tree);
        let start = format!("Users a: enc.yaml: {location}: {message}");
        assert!(ran.error().starts_with(&start), "{start}\n{}", ran.error());
    }

    // Patches add, remove and, with merge keys, reorder items.
    let [ann, bob] = [0, 1].map(|index| users(&first)[index].clone());
    let new = Node::Mapping(vec![Entry {
        key: "name".into(),
        value: "new".into(),
    }]);
    for tree in [
        with(&first, "data/users", list(&[&bob, &new, &ann])),
        with(&first, "data/users", list(&[&bob])),
        with(&first, "data/words", list(&[&words[0], &words[2]])),
        with(&first, "data/words", list(&[])),
        with(&first, "data/users/0/more", "plain".into()),
        with(&first, "metadata/labels", Node::Mapping(Vec::new())),
    ] {
        run(&tree).quiet();
    }
}

/// The list under a key of `data`.
fn items(tree: &Node, key: &str) -> Vec<Node> {
    match field(tree, &format!("data/{key}")) {
        Node::Sequence(items) => items,
        _ => panic!("{key} is a list"),
    }
}

/// The tree with the value at a path replaced. Keys and indexes of the path are joined with `/`.
fn with(tree: &Node, path: &str, value: Node) -> Node {
    fn set(node: &mut Node, mut path: std::str::Split<'_, char>, value: Node) {
        let Some(step) = path.next() else {
            *node = value;
            return;
        };
        match node {
            Node::Sequence(items) => {
                let index: usize = step.parse().expect("the index is a number");
                set(&mut items[index], path, value);
            }
            Node::Mapping(entries) => {
                let at = entries.iter().position(|entry| entry.key == step);
                let at = at.unwrap_or_else(|| {
                    entries.push(Entry {
                        key: step.into(),
                        value: Node::Scalar(None),
                    });
                    entries.len() - 1
                });
                set(&mut entries[at].value, path, value);
            }
            Node::Scalar(_) => panic!("{step} is below a scalar"),
        }
    }
    let mut tree = tree.clone();
    set(&mut tree, path.split('/'), value);
    tree
}

/// A resource can claim any origin; only an existing file with these values is accepted.
#[test]
fn origins_outside_the_repository_are_errors() {
    let sample = Sample::new();
    let resource = sample.encrypt("enc.yaml", &secret("a"));
    sample.write("../outside.yaml", format!("{SECRET}\n"));
    std::os::unix::fs::symlink("../outside.yaml", sample.path("link.yaml"))
        .expect("the path is writable");
    std::os::unix::fs::symlink("loop.yaml", sample.path("loop.yaml"))
        .expect("the path is writable");
    let out = "../".repeat(64) + "etc/passwd";
    for (path, message) in [
        ("/etc/passwd", "the path is absolute"),
        (&*out, "the path leads out of the file system"),
        ("link.yaml", "a symbolic link leads out of the directory"),
        ("loop.yaml", "the file cannot be read"),
        ("missing.yaml", "there is no such file"),
        (".", "it is not a regular file"),
        (
            "../outside.yaml",
            "line 1, column 1: the top level of a document must be a mapping",
        ),
        (
            "[enc.yaml]",
            "`mac: require`, but the MAC cannot be verified: the annotation config.kubernetes.io/origin does not name a file",
        ),
        ("''", "it is not a regular file"),
    ] {
        let ran = sample.run(REQUIRE, &[&from(&resource, path)]);
        assert!(ran.error().contains(message), "{path}: {}", ran.error());
    }
}
