use sops_core::rules::EncryptionRule;
use sops_core::tree::Entry;
use sops_core::{Format, encrypt};

use super::*;
use crate::sample::{SECRET, Sample, encrypted, encryption, field, list, only, text};

const CONFIG: &str =
    "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmetadata:\n  name: sops\n";
const QUIET: &str = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: ignore\n";
const REQUIRE: &str = "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: require\n";

fn secret(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  password: {SECRET}\n  user: \"on\"\n"
    )
}

/// A resource as kustomize reads it from a file.
fn from(text: &str, path: &str) -> String {
    let origin = format!(
        "metadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: {path}\n"
    );
    text.replacen("metadata:\n", &origin, 1)
}

fn without_annotations(mut resource: Node) -> Node {
    if let Node::Mapping(entries) = &mut resource {
        for entry in entries {
            if let Node::Mapping(metadata) = &mut entry.value {
                metadata.retain(|entry| entry.key != "annotations");
            }
        }
    }
    resource
}

#[test]
fn resources_with_metadata_are_decrypted_and_others_are_unchanged() {
    let sample = Sample::new();
    let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: \"on\"\n  b: '2001-01-01'\n  c: \"1e3\"\n  d: |\n    x\n\n    y\n  \
                 e: \"\"\n  f: ~\n  g: 18446744073709551615\n  h: [1.5, true, '0x10', \"a\\tb\\u2028c\"]\n  \"yes\": {}\n";
    let custom = "apiVersion: x/v1\nkind: Anything\nmetadata:\n  name: a\nspec:\n- data: {n: 5, f: 1.5, b: true, s: '5'}\n";
    let ran = sample.run(
        QUIET,
        &[plain, &encrypted(&secret("a")), &encrypted(custom)],
    );
    let expected = [only(plain), only(&secret("a")), only(custom)];
    assert_eq!(ran.quiet(), expected);
}

#[test]
fn a_mac_that_cannot_be_verified_is_a_warning_or_an_error() {
    let sample = Sample::new();
    let [a, b] = ["a", "b"].map(|name| encrypted(&secret(name)));
    let ran = sample.run(CONFIG, &[&a, &b]);
    assert_eq!(ran.resources(), [only(&secret("a")), only(&secret("b"))]);
    let [line] = &ran.lines[..] else {
        panic!("{:?}", ran.lines)
    };
    let start = "warning: Secret a: the MAC was not verified (nor of 1 more): the resource does not say which file it is from; ";
    assert!(line.starts_with(start), "{line}");
    assert!(ran.output.contains("severity: warning"));

    let ran = sample.run(REQUIRE, &[&a]);
    let start = "Secret a: `mac: require`, but the MAC cannot be verified";
    assert!(ran.error().starts_with(start), "{}", ran.error());

    // An origin that does not lead to a file is reported separately: it may have been written by
    // hand.
    for (origin, says) in [
        (
            "repo: https://x\n      path: a.yaml",
            "the file is in another repository, `https://x`",
        ),
        (
            "repo: ''\n      path: a.yaml",
            "the file is in another repository",
        ),
        ("configuredIn: kustomization.yaml", "does not name a file"),
        ("path: [a.yaml]", "does not name a file"),
        ("- a\n", "does not name a file"),
        ("{", "does not name a file"),
    ] {
        let unknown = from(&a, "a.yaml").replace("path: a.yaml", origin);
        let ran = sample.run(REQUIRE, &[&unknown]);
        assert!(
            ran.error().starts_with(start) && ran.error().contains(says),
            "{}",
            ran.error()
        );
        let ran = sample.run(CONFIG, &[&b, &unknown]);
        let [of_origin, of_others] = &ran.lines[..] else {
            panic!("{:?}", ran.lines)
        };
        let start = "warning: Secret a: the MAC was not verified: the annotation";
        assert!(
            of_origin.starts_with(start) && of_origin.contains(says),
            "{of_origin}"
        );
        assert!(of_others.starts_with("warning: Secret b: "), "{of_others}");
        sample.run(QUIET, &[&unknown]).quiet();
    }
}

#[test]
fn the_mac_of_the_file_is_verified() {
    let sample = Sample::new();
    let text = format!("{}---\n{}", secret("a"), secret("b"));
    let file = sample.encrypt("enc.yaml", &text);
    let (a, b) = file.split_once("\n---\n").expect("two documents");
    let [a, b] = [from(a, "enc.yaml"), from(b, "enc.yaml")];
    let decrypted: Vec<_> = sample.run(REQUIRE, &[&a, &b]).quiet();
    let decrypted: Vec<_> = decrypted.into_iter().map(without_annotations).collect();
    assert_eq!(decrypted, [only(&secret("a")), only(&secret("b"))]);

    // The tags allow this, but the file does not: its MAC covers the name too.
    sample.write("enc.yaml", file.replace("name: b", "name: c"));
    let expected = "Secret a: enc.yaml: MAC mismatch: a value was changed, added, removed or moved after the file was encrypted";
    assert_eq!(sample.run(CONFIG, &[&a, &b]).error(), expected);
    assert_eq!(sample.run(QUIET, &[&a, &b]).quiet().len(), 2);
}

#[test]
fn a_mac_over_the_encrypted_values_only_is_a_warning_if_a_mac_is_required() {
    let sample = Sample::new();
    let text = format!("{}---\n{}", secret("a"), secret("b"));
    let encryption = encryption()
        .with_rule(EncryptionRule::EncryptedRegex("^(data|stringData)$".into()))
        .with_mac_only_encrypted(true);
    let file = encrypt(&text, Format::Yaml, &encryption).expect("the document can be encrypted");
    // The MAC does not cover the kind.
    let file = file.replacen("kind: Secret", "kind: ConfigMap", 1);
    sample.write("enc.yaml", &file);
    let (a, b) = file.split_once("\n---\n").expect("two documents");
    let [a, b] = [from(a, "enc.yaml"), from(b, "enc.yaml")];
    let ran = sample.run(REQUIRE, &[&a, &b]);
    assert_eq!(ran.resources().len(), 2);
    let [line] = &ran.lines[..] else {
        panic!("{:?}", ran.lines)
    };
    let start = "warning: enc.yaml: `mac: require`, but the file has `mac_only_encrypted: true`";
    assert!(line.starts_with(start), "{line}");
    assert!(line.contains("`mac_only_encrypted: false`"), "{line}");
    for config in [CONFIG, QUIET] {
        sample.run(config, &[&a, &b]).quiet();
    }
}

#[test]
fn values_must_be_in_their_file() {
    let sample = Sample::new();
    let file = sample.encrypt("enc.yaml", &secret("a"));
    let other = sample.encrypt("other.yaml", &secret("a"));
    sample.write("plain.yaml", secret("a"));
    let ran = sample.run(CONFIG, &[&from(&file, "other.yaml")]);
    assert_eq!(
        ran.error(),
        "Secret a: other.yaml: stringData.password: the file does not have this encrypted value at this key path"
    );
    let moved = from(&other, "other.yaml").replace("  password: ENC", "  token: ENC");
    assert_eq!(
        sample.run(CONFIG, &[&moved]).error(),
        "Secret a: other.yaml: stringData.token: this encrypted value is elsewhere in the file"
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

/// The records that kustomize 5.8.1 passes to functions about its own changes.
const RECORDS: &str = "    internal.config.kubernetes.io/prefixes: a-,b-\n    internal.config.kubernetes.io/suffixes: -y,-z\n    \
                       internal.config.kubernetes.io/previousKinds: Secret,Secret\n    internal.config.kubernetes.io/previousNames: db,a-db\n    \
                       internal.config.kubernetes.io/previousNamespaces: prod,other\n";

const DATABASE: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\nstringData:\n  password: s3cret-value\n  user: admin\n";

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
                "the file has `Secret`, so its encrypted values cannot be used in `ConfigMap`",
            ),
            (
                whole.replace("kind: Secret", "kind: ConfigMap"),
                "ConfigMap prod/db: ../prod/secret.yaml: kind",
                "the file has `Secret`, so",
            ),
            // The records are annotations, so a file can contain them.
            (
                database(&file, "b-a-db-y-z", "dev", RECORDS)
                    .replace("kind: Secret", "kind: ConfigMap"),
                "ConfigMap dev/b-a-db-y-z: ../prod/secret.yaml: kind",
                "the file has `Secret`, so",
            ),
            (
                whole.replace("apiVersion: v1", "apiVersion: example.org/v1"),
                "Secret prod/db: ../prod/secret.yaml: apiVersion",
                "the file has `v1`, so its encrypted values cannot be used in `example.org/v1`",
            ),
            (
                whole.replace("kind: Secret\n", ""),
                " prod/db: ../prod/secret.yaml: kind",
                "the file has `Secret`, so its encrypted values cannot be used in an object without one",
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
            // As in Flux.
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
    let message = "the object in the file has no namespace; only `namespace` of a kustomization may change it";
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
    let (first, second) = encrypted.split_once("\n---\n").expect("two documents");
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
    let elsewhere = "this encrypted value is elsewhere in the file";
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

#[test]
fn invalid_metadata_is_an_error() {
    for block in ["hello", "5", "[]", "{}", "~", "{mac: x}", "{version: [3]}"] {
        let resource = format!("{}sops: {block}\n", secret("a"));
        let ran = Sample::new().run(CONFIG, &[&resource]);
        let line = ran.lines.join("\n");
        assert!(ran.failed, "{block}");
        assert!(
            line.contains("Secret a: the `sops` metadata: "),
            "{block}: {line}"
        );
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[test]
fn altered_values_are_named_and_never_shown() {
    let sample = Sample::new();
    let file = encrypted(&secret("a"));
    let moved = "the encrypted value was altered, moved here from another key, or copied from before a `rotate`";
    for (from, to, message) in [
        (
            "  password: ENC",
            "  token: ENC",
            format!("stringData.token: {moved}"),
        ),
        (
            ",data:",
            ",data:AAAA",
            format!("stringData.password: {moved}"),
        ),
        (
            "type:str]",
            "type:int]",
            "stringData.password: the decrypted value does not match its `type`".into(),
        ),
        (
            "lastmodified: ",
            "lastmodified: x",
            "the `sops` metadata: `lastmodified` is not a time such as 2024-01-31T12:00:00Z".into(),
        ),
    ] {
        assert!(file.contains(from), "{from}");
        let ran = sample.run(QUIET, &[&file.replacen(from, to, 1)]);
        assert_eq!(ran.error(), format!("Secret a: {message}"));
    }
    let ran = sample.run_on(list(QUIET, &[&file]), None);
    assert!(ran.error().starts_with("Secret a: "), "{}", ran.error());
}

/// Ciphertext is useless in a cluster, whatever is verified.
#[test]
fn ciphertext_without_metadata_is_rejected() {
    let sample = Sample::new();
    let encrypted = encrypted(&secret("a"));
    let (bare, _) = encrypted
        .split_once("sops:")
        .expect("the document has metadata");
    let in_base64 = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  namespace: prod\ndata:\n  password: \
                     RU5DW0FFUzI1Nl9HQ00sZGF0YTplQT09LGl2OmVBPT0sdGFnOmVBPT0sdHlwZTpzdHJd\n";
    for config in [CONFIG, QUIET, REQUIRE] {
        for (resource, location) in [
            (bare, "Secret a: stringData.password: "),
            (in_base64, "Secret prod/a: data.password: "),
        ] {
            let ran = sample.run(config, &[resource]);
            let start = format!(
                "{location}this value is encrypted, but the resource has no `sops` metadata"
            );
            assert!(ran.error().starts_with(&start), "{}", ran.error());
            assert!(!ran.lines.join("").contains("data:"), "{:?}", ran.lines);
        }
    }
}

#[test]
fn input_that_is_not_a_resource_list_is_rejected() {
    let sample = Sample::new();
    for (input, message) in [
        ("", "line 1, column 1: the file is empty"),
        ("a: [", "line 1, column 4: "),
        ("- a\n", "line 1, column 1: "),
        (
            "a: 1\n",
            "it is not a ResourceList of config.kubernetes.io/v1",
        ),
        (
            "apiVersion: v1\nkind: ResourceList\n",
            "it is not a ResourceList",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n",
            "there is no configuration",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {}\n",
            "items: expected a list",
        ),
        (
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [1]\n",
            "items[0]: expected a mapping",
        ),
        ("a: 1\n---\na: 1\n", "expected a single document"),
    ] {
        let ran = sample.run_on(input, None);
        assert!(ran.error().starts_with(message), "{input}: {}", ran.error());
    }
    assert_eq!(sample.run_on(b"\xff", None).error(), "it is not UTF-8 text");
    let deep = format!("{}x", "[".repeat(100_000));
    assert!(sample.run_on(deep, None).failed);
}

#[test]
fn configurations_are_read_strictly() {
    let sample = Sample::new();
    for (config, message) in [
        (
            "a: 1",
            "unknown configuration with apiVersion ``, kind ``; use",
        ),
        (
            "kind: SopsDecrypt",
            "unknown configuration with apiVersion ``, kind `SopsDecrypt`",
        ),
        ("[]", "unknown configuration with apiVersion ``"),
        (
            "apiVersion: krm.sops-rs/v1\nkind: SopsDecrypt",
            "unknown configuration with apiVersion `krm.sops-rs/v1`",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmacs: require",
            "macs: unknown key `macs`; expected one of mac",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: no",
            "mac: expected one of warn, require, ignore",
        ),
        (
            "apiVersion: krm.sops-rs/v1alpha1\nkind: SopsDecrypt\nmac: [1]",
            "mac: expected",
        ),
    ] {
        let ran = sample.run(config, &["a: 1\nb: 2", "c: 3"]);
        assert!(ran.error().contains(message), "{config}: {}", ran.error());
        assert!(
            ran.output.contains("a: 1\n      b: 2"),
            "the items are unchanged"
        );
    }
}

#[test]
fn the_configuration_and_other_results_are_kept() {
    let sample = Sample::new();
    let input = format!("{}results:\n- message: before\n", list(QUIET, &["a: 1"]));
    let output = only(&sample.run_on(input, None).output);
    assert_eq!(field(&output, "functionConfig"), only(QUIET));
    assert_eq!(
        field(&output, "results"),
        Node::Sequence(vec![only("message: before")])
    );
}

/// The cost per resource does not grow with their number: ten times as many take less than thirty
/// times as long.
#[test]
fn many_resources_of_one_file_are_decrypted_with_one_data_key() {
    let sample = Sample::new();
    let documents: Vec<_> = (0..500)
        .map(|number| secret(&format!("s{number}")))
        .collect();
    let file = sample.encrypt("enc.yaml", &documents.join("---\n"));
    let items: Vec<_> = file
        .split("\n---\n")
        .map(|item| from(item, "enc.yaml"))
        .collect();
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    let time = |count: usize| {
        let input = list(REQUIRE, &items[..count]);
        let start = std::time::Instant::now();
        let ran = sample.run_on(
            input,
            Some(include_str!("../../../testdata/keys/x25519.txt")),
        );
        assert_eq!(ran.quiet().len(), count);
        start.elapsed()
    };
    let (few, many) = (time(50), time(500));
    assert!(many < few * 30, "{few:?}, {many:?}");
}
