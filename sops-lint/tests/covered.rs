//! Files that a creation rule covers: passwords in them are refused wherever they are, and the same
//! files without passwords pass.

use std::path::Path;
use std::sync::LazyLock;

use sops_core::config::Config;
use sops_lint::{Input, Linter, Settings, Severity};
use sops_test_support::environment::recipient;

const ROOT: &str = "/repo";

/// A rule that encrypts everything in a directory.
const DIRECTORY: &str = "path_regex: ^secrets/";
/// A rule for a part of a name.
const NAME: &str = r"path_regex: \.enc\.yaml$";
/// A rule for the values of Secrets.
const SECRETS: &str = "path_regex: ^secrets/\n  encrypted_regex: ^(data|stringData)$";

/// The rule [`SECRETS`] for all files with an extension.
const EXTENSION: &str = r"path_regex: \.ya?ml$
  encrypted_regex: ^(data|stringData)$";

/// Whether a commit with the file is refused under the creation rule.
fn is_refused(rule: &str, path: &str, text: &str) -> bool {
    static LINTER: LazyLock<Linter> =
        LazyLock::new(|| Linter::new(Settings::default()).expect("the settings are valid"));
    let config = format!("creation_rules:\n- {rule}\n  age: {}\n", recipient());
    let file = Path::new(ROOT).join(".sops.yaml");
    let config =
        Config::parse(config.as_bytes(), &file, Path::new(ROOT)).expect("the input is valid");
    let linted = LINTER
        .lint(&Input::new(path, &Path::new(ROOT).join(path), text.as_bytes()).with_config(&config));
    linted
        .findings
        .iter()
        .any(|finding| finding.rule.code == "SL010" && finding.severity == Severity::Error)
}

/// The names, relative to a directory, of the files with an unexpected result.
fn wrong(
    rule: &str,
    directory: &str,
    names: &[&str],
    texts: &[String],
    refused: bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in names {
        for text in texts {
            if is_refused(rule, &format!("{directory}{name}"), text) != refused {
                wrong.push(format!("{name} under `{rule}`:\n{text}"));
            }
        }
    }
    wrong
}

/// Names of a manifest and of its copies and templates.
const COPIES: [&str; 9] = [
    "x.yaml",
    "x.yaml.bak",
    "x.yml~",
    "x.yaml.old",
    "x.yaml.tmpl",
    "x.yaml.j2",
    "x.txt",
    "x",
    "x.json",
];

/// Objects of other kinds than Secret with a password.
fn with_passwords() -> Vec<String> {
    let workload = |container: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: b, image: c, {container}}}]}}}}}}\n"
        )
    };
    let map = |text: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  app.ini: |\n{text}"
        )
    };
    let release = |helm: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: a}}\nspec:\n  source:\n    helm:\n{helm}"
        )
    };
    let texts = [
        workload("env: [{name: DB_PASSWORD, value: '@'}]"),
        workload("args: ['--password=@']"),
        workload("args: [--password, '@']"),
        workload("command: [mysql, -u, root, '-p@']"),
        map("    [db]\n    password = @\n"),
        map("    [client]\n    user=root\n    password=@\n"),
        release("      parameters: [{name: auth.password, value: '@'}]\n"),
        release("      values: |\n        auth:\n          password: @\n"),
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a}\nspec: {settings: [{key: password, value: '@'}]}\n".to_owned(),
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a}\nspec:\n  password: |\n    @\n".to_owned(),
    ];
    texts
        .map(|text| text.replace('@', "Xk9$vTq2!mLpzR7w"))
        .into()
}

#[test]
fn a_password_in_another_manifest_is_refused_in_every_copy() {
    let texts = with_passwords();
    let mut all = wrong(DIRECTORY, "secrets/", &COPIES, &texts, true);
    all.extend(wrong(
        NAME,
        "",
        &["x.enc.yaml", "x.enc.yaml.bak"],
        &texts,
        true,
    ));
    assert!(all.is_empty(), "{}", all.join("\n"));
    // The rule selects other values.
    let all = wrong(SECRETS, "secrets/", &COPIES[..4], &texts, false);
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn each_document_is_judged_like_a_file_of_its_own() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n";
    let operations = "- {op: test, path: /spec/a, value: x}\n---\n";
    let selected = |begin: &str| [format!("{begin}data:\n  password: hunter2\n")];
    let other = |begin: &str| [format!("{begin}password: Xk9$vTq2!mLpzR7w\n")];
    let names = ["x.yaml", "x.txt", "x", "x.yaml.bak", "x.yml~"];
    let mut all = Vec::new();
    for begin in ["a: 1\n---\n", namespace, operations] {
        for rule in [SECRETS, DIRECTORY] {
            all.extend(wrong(rule, "secrets/", &names, &selected(begin), true));
            all.extend(wrong(rule, "secrets/", &names[..3], &other(begin), true));
        }
    }
    all.extend(wrong(
        EXTENSION,
        "",
        &["x.yaml"],
        &selected(namespace),
        true,
    ));
    let list = "- password: Xk9$vTq2!mLpzR7w\n".to_owned();
    all.extend(wrong(SECRETS, "secrets/", &["x.yaml"], &[list], true));
    let closed = [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: b}\n",
        "kind: ConfigMap\nmetadata: {name: b}\ndata: {a: b}\n",
        "# nothing\n",
        "null\n---\n",
        "replicas: 2\nimage: {tag: v1}\n",
        "title: a\npanels: []\ndata: {a: b}\n",
        "- {op: replace, path: /data/a, value: b}\n",
    ];
    let closed = closed.map(|text| format!("{namespace}{text}"));
    all.extend(wrong(SECRETS, "secrets/", &["x.yaml"], &closed, false));
    all.extend(wrong(EXTENSION, "", &["x.yaml"], &closed, false));
    // A part of a template may have its kind from another file.
    let part = format!("{namespace}{{{{ include \"a.kind\" . }}}}\ndata: {{a: b}}\n");
    all.extend(wrong(SECRETS, "secrets/", &["x.yaml"], &[part], false));
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn other_manifests_without_passwords_pass() {
    let texts = [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: b, args: [--verbose, --password-file=/run/a, --level, high], env: [{name: LOG, value: debug}, {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]}]}}}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  app.ini: |\n    [db]\n    host = db\n    password = ${DB_PASSWORD}\n",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  data: [{secretKey: password, remoteRef: {key: prod/db, property: password}}]\n  target: {template: {data: {config: 'password={{ .password }}'}}}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {tolerations: [{key: secret-node, operator: Equal, value: 'true'}]}\n",
        "apiVersion: example.com/v1\nkind: Test\nmetadata: {name: a}\nspec:\n  script: |\n    export TOKEN=`kubectl get secret a -o yaml`\n    login --token=${TOKEN}\n",
        "apiVersion: example.com/v1\nkind: Dashboard\nmetadata: {name: a}\nspec: {configMapRef: {name: a, key: k8s-resources-node-0.json}}\n",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec:\n  description: |\n    For example:\n    password: hunter2-Marker\n",
        "apiVersion: example.com/v1\nkind: Test\nmetadata: {name: a}\nspec:\n  patches: |-\n    - path: \"/metadata/annotations/a.io~1b{{index}}\"\n      value: \"{{name}}\"\n",
    ]
    .map(str::to_owned);
    // All except the last text, which is not JSON.
    let all = wrong(DIRECTORY, "secrets/", &COPIES[..8], &texts, false);
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_template_of_another_manifest_is_refused_for_literal_values() {
    let template = |password: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .name }}}}\ndata:\n  password: {{{{ .password }}}}\n  app.ini: |\n    host = {{{{ .host }}}}\n    password = {password}\n"
        )
    };
    let names = ["x.yaml", "x.yaml.tmpl"];
    let mut all = wrong(
        DIRECTORY,
        "secrets/",
        &names,
        &[template("{{ .password }}")],
        false,
    );
    all.extend(wrong(
        DIRECTORY,
        "secrets/",
        &names,
        &[template("Xk9$vTq2!mLpzR7w")],
        true,
    ));
    // Programs other than Kubernetes have objects without names.
    let nameless = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n".to_owned();
    all.extend(wrong(
        DIRECTORY,
        "secrets/",
        &["x.yaml.j2"],
        &[nameless],
        false,
    ));
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn another_text_in_the_copy_of_a_covered_file_is_refused() {
    let texts = [
        "DB_PASSWORD=Xk9$vTq2!mLpzR7w\n",
        "Xk9$vTq2!mLpzR7w\n",
        "#!/bin/sh\nexport DB_PASSWORD=Xk9$vTq2!mLpzR7w\n",
    ]
    .map(str::to_owned);
    let endings = [
        "enc", "sops", "gpg", "asc", "age", "bak", "orig", "dec", "old", "txt", "disabled", "zip",
    ];
    let mut all = Vec::new();
    for ending in endings.into_iter().chain(["tmpl", "j2"]) {
        let names = ["a.yaml", "a.yml", "a.json"].map(|name| format!("{name}.{ending}"));
        let names = names.each_ref().map(String::as_str);
        all.extend(wrong(DIRECTORY, "secrets/", &names, &texts, true));
    }
    for ending in endings {
        all.extend(wrong(
            NAME,
            "",
            &[&format!("a.enc.yaml.{ending}")],
            &texts,
            true,
        ));
    }
    for (name, text) in [
        (
            "a.enc.yaml.sha256",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
        ),
        ("a.enc.yaml.txt", "These are the settings of the app.\n"),
        ("a.enc.yaml.disabled", "see the notes\n"),
        ("a.enc.yaml.sig", "MEUCIQDx9Zq2vTq2mLpzR7wXk9=\n"),
    ] {
        all.extend(wrong(NAME, "", &[name], &[text.to_owned()], false));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_copy_of_a_sealed_secret_is_judged_like_the_original() {
    let sealed = |values: &str| {
        format!(
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: a}}\nspec:\n{values}"
        )
    };
    let password = "Xk9$vTq2!mLpzR7w";
    let body = "AgBy3i4OJSWK4PiTySYZZA9rO43cGDEqPiTySYZZA9rO43cGDEq";
    let open = [
        sealed(&format!("  encryptedData:\n    password: {password}\n")),
        sealed(&format!(
            "  encryptedData: {{}}\n  template: {{data: {{password: {password}}}}}\n"
        )),
        sealed("  encryptedData: {}\nstringData: {a: hunter2}\n"),
        sealed(&format!(
            "  encryptedData: {{}}\n  template:\n    data:\n      a.ini: |\n        password = {password}\n        host = {{{{ .a }}}}\n"
        )),
    ];
    let closed = [
        sealed(&format!(
            "  encryptedData:\n    password: {body}\n    token: \"<sealed with kubeseal>\"\n"
        )),
        sealed(&format!(
            "  encryptedData: {{password: {body}}}\n  template:\n    data:\n      a.ini: |\n        password = {{{{ index . \"password\" }}}}\n"
        )),
        sealed("  encryptedData: {password: \"{{ .Values.sealed.password }}\"}\n"),
    ];
    let names = [&COPIES[..], &["x.conf", "x.enc"]].concat();
    let mut all = wrong(DIRECTORY, "secrets/", &names, &open, true);
    all.extend(wrong(DIRECTORY, "", &names[..8], &open, true));
    all.extend(wrong(DIRECTORY, "", &names, &closed, false));
    // SOPS cannot read YAML in a file with the extension of JSON.
    all.extend(wrong(DIRECTORY, "secrets/", &names[..8], &closed, false));
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_generated_password_in_prose_is_refused_and_an_example_is_not() {
    let names = ["README.md", "a.html", "a.rst"];
    let texts = [
        "# DB\n\n- user: admin\n- password: Xk9$vTq2!mLpzR7w\n",
        "Settings:\n\n[db]\npassword = Xk9$vTq2!mLpzR7w\n",
        "Run this.\n\n```\nexport DB_PASSWORD=Tr0ub4dor\n```\n",
        concat!(
            "Use this one: ghp_",
            "abcdefghijklmnopqrstuvwxyz0123456789\n"
        ),
    ]
    .map(str::to_owned);
    let mut all = wrong(DIRECTORY, "secrets/", &names, &texts, true);
    let texts = [
        "# Set it\n\n```\nexport DB_PASSWORD=changeme\nexport TOKEN=hunter2-Marker\npassword: ${DB_PASSWORD}\napi_key: <your key>\nsecret: my-secret-2\n```\n\n- password: the one of your account\n",
        "Use `key: 339062b8-a5a1-4303-bf1d-b1920146a622`.\n\n```go\nvar secret = corev1.SecretList\n```\n\ntoken: eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9...\n",
        "# A Secret\n\n```yaml\ndata:\n  apiPassword: c3RvcmFnZW9z\nstringData:\n  tls.key: |\n    -----BEGIN PRIVATE KEY-----\n    <your key>\n    -----END PRIVATE KEY-----\n```\n",
    ]
    .map(str::to_owned);
    all.extend(wrong(DIRECTORY, "secrets/", &names, &texts, false));
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_tool_next_to_encrypted_files_passes_without_a_secret() {
    let tools = [
        (
            "Makefile",
            "OUT := a.yaml\n.PHONY: all\nall: a.yaml\n\tsops-rs encrypt -i $(OUT)\n",
        ),
        (
            "generate.sh",
            "#!/bin/sh\nset -e\n# makes a key\nPASSWORD=$(openssl rand -base64 32)\nout=a.yaml\nopenssl rand -base64 32 > \"$out\"\n",
        ),
        (
            "rotate.py",
            "#!/usr/bin/env python3\nimport secrets\nprint(secrets.token_hex())\n",
        ),
        (
            ".yamllint",
            "extends: default\nrules: {line-length: disable}\n",
        ),
    ];
    let mut all = Vec::new();
    for (name, text) in tools {
        for rule in [DIRECTORY, SECRETS] {
            all.extend(wrong(rule, "secrets/", &[name], &[text.to_owned()], false));
        }
    }
    for (name, text) in [
        ("Makefile", "DB_PASSWORD := @\nall:\n\techo a\n"),
        ("Makefile", "PW := hunter2Quartz\nall:\n\techo a\n"),
        ("d.sh", "#!/bin/sh\ndocker login -u a -p Xk9vTq2mLpzR7w\n"),
        ("Makefile", "\u{feff}DB_PASSWORD := @\nall:\n\techo a\n"),
        ("Makefile", "all:\n\tmysql -uroot -p@\n"),
        ("Makefile", "hunter2\n"),
        ("generate.sh", "#!/bin/sh\nexport DB_PASSWORD=@\n./run\n"),
        (
            "generate.sh",
            "#!/bin/sh\ncurl -u ann:@ https://a.example.com\n",
        ),
        ("generate.sh", "#!/bin/sh\n# DB_PASSWORD=@\n./run\n"),
        ("generate.sh", "#!/bin/sh\nexport PIN=hunter2\n"),
        ("env.sh", "export PIN=hunter2\necho\n"),
        (
            "rotate.py",
            "#!/usr/bin/env python3\nimport a\nPASSWORD = '@'\n",
        ),
        (".yamllint", "password: @\n"),
        (".yamllint", "hunter2\n"),
    ] {
        let text = text.replace('@', "Xk9$vTq2!mLpzR7w");
        all.extend(wrong(DIRECTORY, "secrets/", &[name], &[text], true));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
