//! Which values an excerpt shows: paths, names of kinds, addresses without credentials, and
//! settings. Only the values in the second test may be secrets.

use sops_document::Format;
use sops_lint::Excerpts;

/// The line of the text that contains the word, as an excerpt shows it.
fn shown(text: &str, format: Format, word: &str) -> String {
    let at = text.find(word).expect("the text has the word");
    let excerpts = Excerpts::new(text.as_bytes(), format);
    excerpts
        .at(at)
        .map_or(String::new(), |excerpt| excerpt.text)
}

#[test]
fn paths_kinds_addresses_and_settings_are_readable() {
    for text in [
        // Kustomizations.
        "generators: [decrypt.yaml, ../base/g.yaml]",
        "transformers: [sops.yaml]",
        "validators: [./check]",
        "components: [../components/web]",
        "bases: [../base]",
        "crds: [crds/web.yaml]",
        "configurations: [names.yaml]",
        "patchesStrategicMerge: [patch.yaml, ../shared/secret-patch.yaml]",
        "resources: [https://github.com/acme/fleet//base?ref=v1.2.3]",
        "resources: [github.com/acme/fleet?ref=0123456789abcdef0123456789abcdef01234567&timeout=90s]",
        "resources: ['git@github.com:acme/fleet.git', 'https://git.example.org:8443/fleet']",
        "secretGenerator: [{name: web, env: vars.env, envs: [web.env], files: [tls.key=keys/tls.key]}]",
        "helmCharts: [{name: web, repo: 'https://charts.example.org', valuesFile: values.yaml, releaseName: web}]",
        "namePrefix: prod-",
        "patches: [{path: patch.yaml, target: {kind: Secret, name: db, namespace: prod}}]",
        // Flux and Argo CD.
        "sync: {kind: GitRepository, url: 'https://git.example.org/fleet', path: apps}",
        "spec: {valuesFrom: [{kind: Secret, name: db, valuesKey: values.yaml, targetPath: auth.x}]}",
        "source: {repoURL: 'https://git.example.org/fleet', targetRevision: main, path: apps}",
        "metadata: {annotations: {kustomize.toolkit.fluxcd.io/decrypt: Disabled}}",
        "metadata: {annotations: {kustomize.config.k8s.io/behavior: merge, config.kubernetes.io/local-config: 'true'}}",
        "metadata: {annotations: {lint.sops-rs/allow: SL002 -- the image reads no files}}",
        // Pods.
        "volumes: [{name: s, csi: {driver: secrets-store.csi.k8s.io, volumeAttributes: {secretProviderClass: web}}}]",
        "ports: [{containerPort: 8080, protocol: TCP}]",
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read}",
        // SOPS.
        r"creation_rules: [{path_regex: ^secrets/.*\.yaml$, encrypted_regex: ^(data|stringData)$}]",
        r"creation_rules: [{path_regex: '\.enc\.ya?ml$'}]",
        "sops: {encrypted_comment_regex: '^secret$', lastmodified: \"2026-01-01T00:00:00Z\", version: 3.13.3}",
    ] {
        let text = format!("{text}\n");
        assert_eq!(shown(&text, Format::Yaml, ":"), text.trim_end());
    }
    let json = r#"{"creation_rules": [{"path_regex": "^secrets/.*\\.yaml$", "url": "https:\/\/git.example.org"}]}"#;
    assert_eq!(shown(json, Format::Json, ":"), json);
    let metadata =
        r#"{"a": 1, "sops": {"lastmodified": "2026-01-01T00:00:00Z", "version": "3.13.3"}}"#;
    let masked = metadata.replace("\"a\": 1", "\"a\": ***");
    assert_eq!(shown(metadata, Format::Json, ":"), masked);
}

#[test]
fn the_same_fields_hide_what_may_be_a_secret() {
    for (text, expected) in [
        (
            "resources: ['https://app:hunter2@git.example.org/fleet']",
            "resources: [***]",
        ),
        (
            "resources: ['https://hunter2@git.example.org/fleet']",
            "resources: [***]",
        ),
        (
            "url: https://git.example.org/fleet?token=hunter2",
            "url: ***",
        ),
        (
            "url: https://git.example.org/fleet?ref=v1&key=hunter2",
            "url: ***",
        ),
        (
            "url: https://hooks.example.org/T02AB/k8Fj29dkPlainKd92",
            "url: ***",
        ),
        (
            "generators: [PASSWORD=hunter2, 'password:hunter2', b.yaml]",
            "generators: [***, ***, b.yaml]",
        ),
        ("generators: [k8Fj29dkPlainKd92]", "generators: [***]"),
        ("env: PASSWORD=hunter2", "env: ***"),
        (
            "metadata: {annotations: {a.example/b: hunter2, password: 'true', lint.sops-rs/allow: password=k8Fj29dkPlain}}",
            "metadata: {annotations: {a.example/b: ***, password: ***, lint.sops-rs/allow: ***}}",
        ),
        (
            "{kind: Secret, apiVersion: v1, key: hunter2}",
            "{kind: Secret, apiVersion: v1, key: ***}",
        ),
        (
            "items: [{kind: Secret, key: hunter2}]",
            "items: [{kind: Secret, key: ***}]",
        ),
        // With another field, the mapping is an object, and may be misspelled.
        (
            "a: {kind: Secret, name: db, dat: {name: hunter2}}",
            "a: {kind: Secret, name: ***, dat: {name: ***}}",
        ),
        (
            "sops: {version: hunter2, lastmodified: hunter2, mac: hunter2, age: hunter2, note: hunter2}",
            "sops: {version: ***, lastmodified: ***, mac: ***, age: ***, note: ***}",
        ),
        (r#"path_regex: "hunter\x32""#, "path_regex: ***"),
        (r#"path_regex: "a\u0000b""#, "path_regex: ***"),
    ] {
        assert_eq!(shown(text, Format::Yaml, ":"), expected);
    }
}
