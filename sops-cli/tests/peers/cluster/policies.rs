//! Policies that `lint policy` prints, in a real API server: they and `lint` must agree.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use sops_test_support::environment::TestEnvironment;

use super::server::Server;

/// How long a server may take to use a new policy.
const ACTIVE: Duration = Duration::from_secs(60);

const SETTINGS: &str = "pods:\n  registries: [registry.example.com, ghcr.io/acme]\n  untrustedNamespaces: [sandbox]\n  signedImages: [ghcr.io/acme/signed]\n";

/// The rules that have policies.
const RULES: &str = "SL001,SL002,SL003,SL004,SL005,SL007,SL008,SL011,pods";

const ENCRYPTED: &str = "ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]";

fn image(name: &str) -> String {
    format!("{name}@sha256:{}", "0123456789abcdef".repeat(4))
}

/// `base` with the entries of `other` in place of its own.
fn with(mut base: Json, other: &Json) -> Json {
    for (key, value) in other.as_object().into_iter().flatten() {
        base[key] = value.clone();
    }
    base
}

fn container(changes: &Json) -> Json {
    let container = json!({
        "name": "web",
        "image": image("registry.example.com/web"),
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "securityContext": {
            "readOnlyRootFilesystem": true,
            "runAsNonRoot": true,
            "capabilities": {"drop": ["ALL"]},
        },
    });
    with(container, changes)
}

/// A pod that every rule accepts, with changes to its container and its `spec`.
fn pod(of_container: &Json, of_spec: &Json) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": with(json!({"containers": [container(of_container)]}), of_spec),
    })
}

fn in_namespace(mut object: Json, namespace: &str) -> Json {
    object["metadata"]["namespace"] = namespace.into();
    object
}

fn workload(kind: &str, of_container: &Json) -> Json {
    let mut pod = pod(of_container, &json!({"restartPolicy": "Always"}));
    let labels = json!({"app": "a"});
    let mut template = json!({"metadata": {"labels": labels}, "spec": pod["spec"].take()});
    let (version, spec) = match kind {
        "CronJob" => {
            template["spec"]["restartPolicy"] = "Never".into();
            let job = json!({"spec": {"template": template}});
            (
                "batch/v1",
                json!({"schedule": "0 0 * * *", "jobTemplate": job}),
            )
        }
        _ => {
            let selector = json!({"matchLabels": labels});
            (
                "apps/v1",
                json!({"selector": selector, "template": template}),
            )
        }
    };
    let metadata = json!({"name": "a", "namespace": "default"});
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn object(kind: &str, annotations: &Json, rest: &Json) -> Json {
    let metadata = json!({"name": "a", "namespace": "default", "annotations": annotations});
    let base = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
    with(base, rest)
}

fn mounted(volume: &Json, mount: &Json) -> Json {
    let volume = with(json!({"name": "s"}), volume);
    let mount = with(json!({"name": "s", "mountPath": "/s"}), mount);
    pod(
        &json!({"volumeMounts": [mount]}),
        &json!({"volumes": [volume]}),
    )
}

fn env(variable: &Json) -> Json {
    pod(&json!({"env": [variable]}), &json!({}))
}

fn key_ref(name: &str, key: &str) -> Json {
    env(&json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}}))
}

/// Objects, each with the only rule that it violates, if any.
fn cases() -> Vec<(Json, &'static str)> {
    let none = json!({});
    let of = |changes: Json| pod(&changes, &json!({}));
    let read_only = json!({"readOnly": true});
    let token = "ghp_x8Kq2Wv9LmZr4TnYb7Hd1Jf6Gs3Pc5AeRu0B";
    let privileged = json!({"securityContext": {
        "privileged": true,
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]},
    }});
    let without = |key: &str| {
        let mut changes = container(&json!({}));
        changes["securityContext"][key].take();
        changes
    };
    let init = |changes: Json| {
        let init = container(&with(json!({"name": "init"}), &changes));
        pod(&json!({}), &json!({"initContainers": [init]}))
    };
    let projected = json!({"projected": {"sources": [{"secret": {"name": "db"}}]}});
    let csi = json!({"csi": {"driver": "secrets-store.csi.k8s.io"}});
    vec![
        (of(privileged.clone()), "SL101"),
        (init(privileged.clone()), "SL101"),
        (workload("Deployment", &privileged), "SL101"),
        (workload("DaemonSet", &privileged), "SL101"),
        (workload("CronJob", &privileged), "SL101"),
        (of(json!({"resources": {"limits": {"cpu": "1"}}})), "SL102"),
        (of(json!({"resources": {}})), "SL102"),
        (
            init(json!({"resources": {"requests": {"cpu": "1"}}})),
            "SL102",
        ),
        (of(without("readOnlyRootFilesystem")), "SL103"),
        (of(without("runAsNonRoot")), "SL103"),
        (of(without("capabilities")), "SL103"),
        (
            pod(
                &json!({"securityContext": {"runAsNonRoot": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}}),
                &json!({"securityContext": {"runAsNonRoot": true}}),
            ),
            "SL103",
        ),
        (
            pod(
                &without("runAsNonRoot"),
                &json!({"securityContext": {"runAsNonRoot": true}}),
            ),
            "",
        ),
        (of(json!({"image": image("ghcr.io/acme-2/web")})), "SL104"),
        (of(json!({"image": image("nginx")})), "SL104"),
        (
            of(json!({"image": image("registry.example.com:5000/web")})),
            "SL104",
        ),
        (of(json!({"image": image("ghcr.io/acme/web:1")})), ""),
        (in_namespace(pod(&none, &none), "sandbox"), "SL105"),
        (
            in_namespace(pod(&none, &json!({"runtimeClassName": "runc"})), "sandbox"),
            "SL105",
        ),
        (
            in_namespace(
                pod(&none, &json!({"runtimeClassName": "gvisor"})),
                "sandbox",
            ),
            "",
        ),
        (of(json!({"image": "registry.example.com/web:1"})), "SL106"),
        (of(json!({"image": "ghcr.io/acme/signed:1"})), ""),
        (of(json!({"image": "ghcr.io/acme/signed/web"})), ""),
        (
            env(&json!({"name": "DB_PASSWORD", "value": "correct-horse7"})),
            "SL001",
        ),
        (env(&json!({"name": "A", "value": token})), "SL001"),
        (
            env(&json!({"name": "PASSWORD_FILE", "value": "/run/secrets/db1"})),
            "",
        ),
        (
            env(&json!({"name": "DB_HOST", "value": "db1.example.com"})),
            "",
        ),
        (key_ref("DB_PASSWORD", "password"), "SL002"),
        (key_ref("DB_HOST", "password"), "SL002"),
        (key_ref("SESSION_ID", "session-id"), "SL002"),
        (key_ref("DB_HOST", "host"), ""),
        (key_ref("OAUTH_CLIENT_ID", "client-id"), ""),
        (
            of(json!({"envFrom": [{"secretRef": {"name": "db"}}]})),
            "SL003",
        ),
        (
            of(json!({"envFrom": [{"configMapRef": {"name": "db"}}]})),
            "",
        ),
        (
            mounted(&json!({"secret": {"secretName": "db"}}), &none),
            "SL007",
        ),
        (
            mounted(&json!({"secret": {"secretName": "db"}}), &read_only),
            "",
        ),
        (mounted(&projected, &none), "SL007"),
        (mounted(&projected, &read_only), ""),
        (mounted(&csi, &read_only), "SL007"),
        (
            mounted(
                &json!({"csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": true}}),
                &read_only,
            ),
            "",
        ),
        (
            mounted(
                &json!({"secret": {"secretName": "db", "defaultMode": 0o666}}),
                &read_only,
            ),
            "SL008",
        ),
        (
            mounted(
                &json!({"secret": {"secretName": "db", "items": [{"key": "a", "path": "a", "mode": 0o444}]}}),
                &read_only,
            ),
            "SL008",
        ),
        (
            mounted(
                &json!({"projected": {"defaultMode": 0o755, "sources": [{"secret": {"name": "db"}}]}}),
                &read_only,
            ),
            "SL008",
        ),
        (
            mounted(
                &json!({"secret": {"secretName": "db", "defaultMode": 0o440, "items": [{"key": "a", "path": "a", "mode": 0o400}]}}),
                &read_only,
            ),
            "",
        ),
        (
            object(
                "ConfigMap",
                &none,
                &json!({"data": {"password": "correct-horse7"}}),
            ),
            "SL004",
        ),
        (
            object(
                "ConfigMap",
                &none,
                &json!({"data": {"app.yaml": "db:\n  user: app\n  password: correct-horse7\n"}}),
            ),
            "SL004",
        ),
        (
            object(
                "ConfigMap",
                &none,
                &json!({"data": {"app.yaml": "db:\n  user: app\n  password: ${PASSWORD}\n"}}),
            ),
            "",
        ),
        (
            object(
                "Service",
                &json!({"example.com/password": "correct-horse7"}),
                &json!({"spec": {"ports": [{"port": 80}]}}),
            ),
            "SL005",
        ),
        (
            object(
                "Service",
                &json!({"example.com/owner": "team-7"}),
                &json!({"spec": {"ports": [{"port": 80}]}}),
            ),
            "",
        ),
        (
            object("ConfigMap", &none, &json!({"data": {"a": ENCRYPTED}})),
            "SL011",
        ),
        (
            object("Secret", &none, &json!({"stringData": {"a": ENCRYPTED}})),
            "SL011",
        ),
        (env(&json!({"name": "A", "value": ENCRYPTED})), "SL011"),
        (
            object(
                "Secret",
                &none,
                &json!({"data": {"a": "Y29ycmVjdC1ob3JzZTc="}}),
            ),
            "",
        ),
        (pod(&none, &none), ""),
    ]
}

/// A server with the policies, and an environment with the settings for `lint`.
fn server(action: &str) -> (Server, TestEnvironment) {
    let server = Server::start();
    let environment = server.environment();
    environment.write(".sops-lint.yaml", SETTINGS);
    let policy = ["lint", "policy", "--format", "vap", "--select", RULES];
    let policies = environment.run(&[&policy[..], &["--action", action]].concat());
    environment.write("policies.yaml", policies.succeeds().stdout);
    server.kubectl(&environment, &["create", "namespace", "sandbox"]);
    for name in ["gvisor", "runc"] {
        let class = json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name});
        environment.write("class.json", class.to_string());
        server.kubectl(&environment, &["apply", "-f", "class.json"]);
    }
    let strict = ["apply", "--validate=strict", "-f", "policies.yaml"];
    server.kubectl(&environment, &strict);
    (server, environment)
}

/// The codes of the rules in some text.
fn codes(text: &str) -> BTreeSet<String> {
    let parts = text.split('(').skip(1);
    let codes = parts.filter_map(|part| part.split(')').next());
    codes
        .filter(|code| code.starts_with("SL"))
        .map(str::to_owned)
        .collect()
}

const CREATE: [&str; 4] = ["create", "--dry-run=server", "-f", "object.json"];

#[test]
fn policies_and_lint_have_the_same_verdict() {
    let (server, environment) = server("warn");
    let mut wrong = Vec::new();
    let (bad, good): (Vec<_>, Vec<_>) = cases().into_iter().partition(|(_, code)| !code.is_empty());
    // Each policy has a bad case, so all of them are active when the good cases begin.
    for (object, code) in bad.into_iter().chain(good) {
        environment.write(
            "object.json",
            serde_json::to_string_pretty(&object).expect("a value is JSON"),
        );
        let expected: BTreeSet<String> = Some(code)
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect();
        let words = ["lint", "--format", "json", "--select", RULES, "object.json"];
        let run = environment.run(&words);
        let findings: Vec<Json> = serde_json::from_str(&run.stdout).expect("the text is JSON");
        let code_of = |finding: &Json| finding["code"].as_str().map(str::to_owned);
        let found: BTreeSet<String> = findings.iter().filter_map(code_of).collect();
        let end = Instant::now() + ACTIVE;
        let refused = loop {
            let run = server.try_kubectl(&environment, &CREATE).succeeds();
            let refused = codes(&run.stderr);
            let is_new = wrong.is_empty() && refused.is_empty() && !expected.is_empty();
            if !is_new || Instant::now() > end {
                break refused;
            }
            std::thread::sleep(Duration::from_millis(500));
        };
        if found != expected || refused != expected {
            wrong.push(format!(
                "{object}: {expected:?}, lint {found:?}, policies {refused:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the documentation lists as differences.
#[test]
fn policies_refuse_bad_objects_and_judge_large_pods() {
    let (server, environment) = server("deny");
    let try_object = |object: &Json| {
        environment.write("object.json", object.to_string());
        server.try_kubectl(&environment, &CREATE)
    };
    let bad = pod(
        &json!({"image": "nginx", "resources": {}, "securityContext": {"privileged": true}}),
        &json!({}),
    );
    let end = Instant::now() + ACTIVE;
    loop {
        let run = try_object(&bad);
        if run.code != Some(0) {
            assert!(run.stderr.contains("denied request"), "{run}");
            break;
        }
        assert!(Instant::now() < end, "{run}");
        std::thread::sleep(Duration::from_millis(500));
    }
    // The last policies are active, too.
    let encrypted = object("ConfigMap", &json!({}), &json!({"data": {"a": ENCRYPTED}}));
    let end = Instant::now() + ACTIVE;
    while try_object(&encrypted).code == Some(0) {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(500));
    }

    // 50 containers with many variables and mounts are within the limits of CEL.
    let variables: Vec<Json> = (0..20)
        .map(|number| json!({"name": format!("DB{number}_HOST"), "valueFrom": {"secretKeyRef": {"name": "db", "key": "host"}}}))
        .chain((0..20).map(|number| json!({"name": format!("NAME_{number}"), "value": "a value of the usual length"})))
        .collect();
    let mounts: Vec<Json> = (0..20)
        .map(|number| json!({"name": format!("v{number}"), "mountPath": format!("/v{number}"), "readOnly": true}))
        .collect();
    let volumes: Vec<Json> = (0..20)
        .map(|number| json!({"name": format!("v{number}"), "secret": {"secretName": "db", "defaultMode": 0o440}}))
        .collect();
    let containers: Vec<Json> = (0..50)
        .map(|number| {
            container(
                &json!({"name": format!("c{number}"), "env": variables, "volumeMounts": mounts}),
            )
        })
        .collect();
    let spec = json!({"containers": containers, "volumes": volumes});
    let large = pod(&json!({}), &spec);
    try_object(&large).succeeds();
    // The last container counts as much as the first.
    let mut bad = large.clone();
    bad["spec"]["containers"][49]["securityContext"]["privileged"] = true.into();
    let run = try_object(&bad);
    assert!(run.stderr.contains("(SL101)"), "{run}");
    // A ConfigMap of the largest size passes even if CEL cannot search it.
    let text = "level: info\n".repeat(80_000);
    let run = try_object(&object(
        "ConfigMap",
        &json!({}),
        &json!({"data": {"a": text}}),
    ));
    run.succeeds();

    // The server sets the mode that lint reports, so the policy accepts it.
    let volume = json!({"secret": {"secretName": "db", "defaultMode": 0o644}});
    let open = mounted(&volume, &json!({"readOnly": true}));
    try_object(&open).succeeds();
    let words = ["lint", "--format", "json", "--select", RULES, "object.json"];
    assert!(environment.run(&words).stdout.contains("SL008"));
    // The server refuses or drops a field that the kind does not have.
    let secret = object(
        "Secret",
        &json!({}),
        &json!({"stringData": {"a": "b"}, "sops": {"mac": "x"}}),
    );
    let run = try_object(&secret);
    assert!(run.stderr.contains("unknown field \"sops\""), "{run}");
    // The system's own pods are left alone.
    let run = try_object(&in_namespace(bad, "kube-system"));
    run.succeeds();
}
