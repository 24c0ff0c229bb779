//! The findings of `flux verify` in a repository and in a cluster.

use serde_json::Value;
use sops_test_support::environment::{
    TestEnvironment, identity, other_identity, other_recipient, recipient,
};

use super::CLUSTER;

/// Flux's own definition describes more of the fields, but stores them in the same way.
const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kustomizations.kustomize.toolkit.fluxcd.io
spec:
  group: kustomize.toolkit.fluxcd.io
  scope: Namespaced
  names: {kind: Kustomization, plural: kustomizations, singular: kustomization}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

fn kustomization(name: &str, path: &str, decryption: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: keys\nspec:\n  \
         path: {path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{decryption}"
    )
}

const DECRYPTION: &str = "  decryption: {provider: sops, secretRef: {name: sops-age}}\n";

fn encrypt(environment: &TestEnvironment, name: &str, recipient: &str) {
    environment.write(
        name,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
    );
    environment
        .run(&[
            "encrypt",
            "-i",
            "--age",
            recipient,
            "--encrypted-regex",
            "^(data|stringData)$",
            name,
        ])
        .succeeds();
}

/// The lines of `verify` with subjects and findings. The exit code says whether there is a gap.
fn verify(environment: &TestEnvironment, more: &[&str]) -> Vec<String> {
    let namespace: &[&str] = match more.contains(&"-n") {
        true => &[],
        false => &["-n", "keys"],
    };
    let run = environment
        .run(&[&["flux", "verify"], namespace, more].concat())
        .keeps(&[&identity(), &other_identity(), "hunter2"]);
    let lines: Vec<String> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let has_gap = lines.iter().any(|line| line.starts_with("GAP "));
    assert_eq!(run.code, Some(i32::from(has_gap)), "{run}");
    lines
}

#[track_caller]
fn assert_has(lines: &[String], wanted: &str) {
    assert!(
        lines.iter().any(|line| line.starts_with(wanted)),
        "{wanted} is not in\n{}",
        lines.join("\n")
    );
}

#[test]
fn each_gap_is_reported() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "keys"]);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    environment.write("apps/web/kustomization.yaml", "resources: [secret.yaml]\n");
    encrypt(&environment, "apps/web/secret.yaml", &recipient());
    environment.write(
        "apps/production/kustomization.yaml",
        "resources: [../web]\n",
    );
    environment.write(
        "apps/plain/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    );
    environment.write(
        "clusters/apps.yaml",
        kustomization("apps", "./apps/production", ""),
    );
    environment.write(
        "clusters/plain.yaml",
        kustomization("plain", "./apps/plain", ""),
    );

    // The cluster is still empty.
    let lines = verify(&environment, &[]);
    assert_has(&lines, "GAP keys/sops-age this Secret does not exist");
    assert_has(&lines, "-> install the key: `sops-rs flux install-key");
    assert_eq!(lines.last().map(String::as_str), Some("2 gaps"));
    assert_has(
        &lines,
        "GAP clusters/apps.yaml: kustomization/apps builds 1 encrypted file, but has no `spec.decryption`",
    );
    assert_has(
        &lines,
        "- cluster has no Kustomizations: Flux is not installed",
    );
    assert!(
        !lines.iter().any(|line| line.contains("plain")),
        "{lines:?}"
    );

    // Everything is set up correctly.
    environment
        .run(&["flux", "install-key", "-n", "keys"])
        .succeeds();
    environment.write(
        "clusters/apps.yaml",
        kustomization("apps", "./apps/production", DECRYPTION),
    );
    let lines = verify(&environment, &[]);
    for wanted in [
        &format!("ok keys/sops-age has the key of {}", recipient()),
        "ok this computer's key is in the cluster",
        "ok ./apps/web/secret.yaml can be decrypted",
        "ok clusters/apps.yaml: kustomization/apps decrypts 1 encrypted file",
    ] {
        assert_has(&lines, wanted);
    }

    // Each gap of a Kustomization.
    for (decryption, finding) in [
        (
            "  decryption: {provider: other, secretRef: {name: sops-age}}\n",
            "`spec.decryption.provider` is not `sops`",
        ),
        (
            "  decryption: {provider: sops, secretRef: {name: old}}\n",
            "takes its keys from the Secret `old`",
        ),
    ] {
        environment.write(
            "clusters/apps.yaml",
            kustomization("apps", "./apps/production", decryption),
        );
        assert_has(
            &verify(&environment, &[]),
            &format!("GAP clusters/apps.yaml: kustomization/apps {finding}"),
        );
    }
    controller_keys(&environment);
    let text = kustomization("apps", "apps/production", DECRYPTION)
        .replace("namespace: keys", "namespace: elsewhere");
    environment.write("clusters/apps.yaml", text);
    assert_has(
        &verify(&environment, &[]),
        "GAP clusters/apps.yaml: kustomization/apps takes its keys from its own namespace, `elsewhere`",
    );

    // The JSON output, with a file that is encrypted for someone else.
    environment.write(
        "clusters/apps.yaml",
        kustomization("apps", "./apps/production", DECRYPTION),
    );
    encrypt(&environment, "apps/web/secret 1.yaml", &other_recipient());
    let run = environment.run(&["flux", "verify", "-n", "keys", "-o", "json", "apps"]);
    assert_eq!(run.code, Some(1), "{run}");
    let report: Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let file = &report["checks"][2];
    assert_eq!(
        (&file["state"], &file["subject"]),
        (&"gap".into(), &"apps/web/secret 1.yaml".into()),
        "{run}"
    );
    let hint = file["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("`sops-rs updatekeys 'apps/web/secret 1.yaml'`"),
        "{run}"
    );
    std::fs::remove_file(environment.path("apps/web/secret 1.yaml"))
        .expect("the file can be removed");

    // The cluster has another version than the repository, and a Kustomization of another
    // repository is ignored.
    environment.write("crd.yaml", CRD);
    CLUSTER.kubectl(&environment, &["create", "-f", "crd.yaml"]);
    CLUSTER.kubectl(
        &environment,
        &["wait", "--for=condition=Established", "-f", "crd.yaml"],
    );
    let other =
        kustomization("other", "./apps/web", "").replace("name: flux-system", "name: other");
    environment.write(
        "live.yaml",
        kustomization("apps", "./apps/production", "") + "---\n" + &other,
    );
    let note = "- cluster has no Kustomizations: Flux does not apply anything yet";
    assert_has(&verify(&environment, &[]), note);
    CLUSTER.kubectl(&environment, &["create", "-f", "live.yaml"]);
    std::fs::remove_file(environment.path("live.yaml")).expect("the file can be removed");
    let lines = verify(&environment, &[]);
    assert_has(&lines, "ok clusters/apps.yaml: kustomization/apps");
    assert_has(
        &lines,
        "GAP cluster: kustomization/apps builds 1 encrypted file",
    );
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("kustomization/other")),
        "{lines:?}"
    );

    // The Secret contains no key, or another one.
    for (entry, finding) in [
        (
            "age.agekey=AGE-SECRET-KEY-1",
            "GAP keys/sops-age `age.agekey`: line 1: ",
        ),
        ("other=x", "GAP keys/sops-age has no usable age identity"),
        (
            &format!("age.agekey={}", other_identity()),
            "- this computer's key is not in the cluster, and need not be: age1",
        ),
    ] {
        CLUSTER.kubectl(
            &environment,
            &["delete", "secret", "-n", "keys", "sops-age"],
        );
        CLUSTER.kubectl(
            &environment,
            &[
                "create",
                "secret",
                "generic",
                "-n",
                "keys",
                "sops-age",
                &format!("--from-literal={entry}"),
            ],
        );
        let lines = verify(&environment, &[]);
        assert_has(&lines, finding);
        assert_has(
            &lines,
            "GAP ./apps/web/secret.yaml cannot be decrypted with the keys in the cluster",
        );
    }
    let run = environment
        .run(&["flux", "verify", "-n", "keys", "--context", "ann"])
        .fails_with(1);
    assert!(
        run.stderr.contains("cannot get resource \"secrets\""),
        "{run}"
    );
}

/// Checks a Kustomization without a Secret, which uses the keys of the controller, if it has any.
fn controller_keys(environment: &TestEnvironment) {
    let provider_alone = kustomization(
        "apps",
        "./apps/production",
        "  decryption: {provider: sops}\n",
    );
    environment.write("clusters/apps.yaml", provider_alone);
    let subject = "clusters/apps.yaml: kustomization/apps";
    let unknown =
        format!("- {subject} decrypts 1 encrypted file only if the controller has the keys");
    assert_has(&verify(environment, &[]), &unknown);
    for (arguments, line) in [
        (
            "--log-level=info",
            format!(
                "GAP {subject} names no Secret with keys, and kustomize-controller runs without"
            ),
        ),
        (
            "--sops-age-secret=sops-age",
            format!(
                "ok {subject} decrypts 1 encrypted file with the keys of the controller's Secret `sops-age`"
            ),
        ),
        (
            "--sops-age-secret=other",
            format!("GAP {subject} takes its keys from the Secret `other` of the controller"),
        ),
    ] {
        let labels = "{app: kustomize-controller}";
        let deployment = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: kustomize-controller, namespace: keys}}\nspec:\n  selector: {{matchLabels: {labels}}}\n  \
             template:\n    metadata: {{labels: {labels}}}\n    spec: {{containers: [{{name: manager, image: m, args: ['{arguments}']}}]}}\n"
        );
        environment.write("controller.yaml", deployment);
        CLUSTER.kubectl(environment, &["apply", "-f", "controller.yaml"]);
        assert_has(&verify(environment, &[]), &line);
    }
    CLUSTER.kubectl(environment, &["delete", "-f", "controller.yaml"]);
    std::fs::remove_file(environment.path("controller.yaml")).expect("the file can be removed");
}

/// Files that Flux builds outside `spec.path`, files that it does not build, and files that it
/// cannot build.
#[test]
fn built_and_unbuilt_files_are_distinguished() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "covered"]);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    let decryption = format!("  components: [../extra]\n{DECRYPTION}");
    let text = kustomization("apps", "./apps", &decryption).replace("keys", "covered");
    environment.write("clusters/apps.yaml", text);
    environment.write(
        "apps/kustomization.yaml",
        "secretGenerator:\n- name: values\n  files: [values.yaml=values.enc.yaml]\n",
    );
    encrypt(&environment, "apps/values.enc.yaml", &recipient());
    encrypt(&environment, "extra/secret.yaml", &recipient());
    encrypt(&environment, "local/secret.yaml", &recipient());
    environment.encrypt(
        "whole/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: hunter2\n",
    );
    environment
        .run(&["flux", "install-key", "-n", "covered"])
        .succeeds();
    let lines = verify(&environment, &["-n", "covered"]);
    assert_has(
        &lines,
        "ok clusters/apps.yaml: kustomization/apps decrypts 2 encrypted files",
    );
    assert_has(
        &lines,
        "- ./local/secret.yaml is not built by any Kustomization",
    );
    assert_has(
        &lines,
        "- ./whole/secret.yaml is not built by any Kustomization",
    );
    // A generator's file may have any keys; an object may not.
    let whole = kustomization("whole", "./whole", DECRYPTION).replace("keys", "covered");
    environment.write("clusters/whole.yaml", whole);
    assert_has(
        &verify(&environment, &["-n", "covered"]),
        "GAP whole/secret.yaml `apiVersion` is encrypted, and Flux cannot tell what the object is",
    );
}

/// Each subject that the API server would let read the Secret is listed, and no other.
#[test]
fn everyone_who_can_read_the_key_is_listed() {
    let environment = CLUSTER.environment();
    let kubectl = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        CLUSTER.kubectl(&environment, &arguments);
    };
    kubectl("create namespace readers");
    for (user, rights) in [
        ("reads", "--verb=get --resource=secrets"),
        (
            "reads-by-name",
            "--verb=get --resource=secrets --resource-name=sops-age",
        ),
        (
            "reads-another",
            "--verb=get --resource=secrets --resource-name=other",
        ),
        ("sees-pods", "--verb=get --resource=pods"),
        ("runs-pods", "--verb=create --resource=pods"),
        ("binds", "--verb=bind --resource=roles"),
    ] {
        kubectl(&format!("create role {user} -n readers {rights}"));
        kubectl(&format!(
            "create rolebinding {user} -n readers --role={user} --user={user}"
        ));
    }
    kubectl("create clusterrole acts-as --verb=impersonate --resource=users");
    kubectl("create clusterrolebinding acts-as --clusterrole=acts-as --user=acts-as");
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    encrypt(&environment, "secret.yaml", &recipient());
    environment
        .run(&["flux", "install-key", "-n", "readers"])
        .succeeds();
    let lines = verify(&environment, &["-n", "readers", "--access"]);
    for (user, way) in [
        ("reads", "reads the Secret"),
        ("reads-by-name", "reads the Secret"),
        ("runs-pods", "creates pods, which may mount the Secret"),
        ("binds", "binds any role (`bind`)"),
        ("acts-as", "acts as another user (`impersonate`)"),
    ] {
        assert_has(&lines, &format!("User {user} {way} ("));
    }
    assert_has(
        &lines,
        "User reads reads the Secret (RoleBinding reads of Role reads)",
    );
    assert_has(&lines, "Group system:masters can do anything");
    let has_line = |user: &str| {
        lines
            .iter()
            .any(|line| line.starts_with(&format!("User {user} ")))
    };
    for user in ["reads-another", "sees-pods"] {
        assert!(!has_line(user), "{lines:?}");
    }
    // The API server decides the same about reading.
    for (user, expected) in [
        ("reads", true),
        ("reads-by-name", true),
        ("reads-another", false),
        ("sees-pods", false),
    ] {
        let question = [
            "auth",
            "can-i",
            "get",
            "secret/sops-age",
            "-n",
            "readers",
            "--as",
            user,
        ];
        let mut command = environment.command_of(std::path::Path::new("kubectl"), &question);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let answer = environment.finish(command).stdout;
        assert_eq!(answer.trim() == "yes", expected, "{user}: {answer}");
    }
    let run = environment.run(&["flux", "verify", "-n", "readers", "--access", "-o", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let access = report["access"].as_array().expect("the value is a list");
    let reader = access
        .iter()
        .find(|access| access["subject"]["name"] == "reads")
        .expect("the list has this subject");
    assert_eq!(reader["ways"], serde_json::json!(["reads the Secret"]));
    assert_eq!(
        reader["through"],
        serde_json::json!(["RoleBinding reads of Role reads"])
    );
}

/// Directories of two repositories may have the same names.
#[test]
fn kustomizations_of_another_repository_are_not_judged() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "origins"]);
    encrypt(&environment, "apps/secret.yaml", &recipient());
    let from = |source: &str| {
        kustomization(source, "./apps", "")
            .replace("keys", "origins")
            .replace("name: flux-system}", &format!("name: {source}}}"))
    };
    let repository = |name: &str, url: &str| {
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}}}\nspec: {{url: '{url}'}}\n"
        )
    };
    environment.write(
        "clusters/sources.yaml",
        repository("flux-system", "ssh://git@git.example.org/fleet")
            + "---\n"
            + &repository("other", "ssh://git@git.example.org/other"),
    );
    let sources = ["flux-system", "other", "unknown"];
    environment.write("clusters/apps.yaml", sources.map(from).join("---\n"));
    let git = |arguments: &[&str]| {
        let command = environment.command_of(std::path::Path::new("git"), arguments);
        environment.finish(command).succeeds();
    };
    let gap = |name: &str| {
        format!("GAP clusters/apps.yaml: kustomization/{name} builds 1 encrypted file")
    };
    let other = |name: &str| {
        format!(
            "- clusters/apps.yaml: kustomization/{name} was skipped: its GitRepository `{name}` points to another repository"
        )
    };
    // Without a remote, the name that bootstrap uses decides, and the message says so.
    git(&["init", "-q"]);
    let lines = verify(&environment, &["-n", "origins"]);
    assert_has(&lines, &gap("flux-system"));
    let assumption = "; its GitRepository `flux-system` is assumed to be this repository, although no remote has its URL";
    assert!(lines.iter().any(|line| line.ends_with(assumption)));
    assert_has(&lines, &other("other"));
    git(&[
        "remote",
        "add",
        "origin",
        "https://git.example.org/fleet.git",
    ]);
    let lines = verify(&environment, &["-n", "origins"]);
    assert_has(&lines, &gap("flux-system"));
    assert_has(&lines, &other("other"));
    assert_has(&lines, &other("unknown"));
    let assumed = lines.iter().filter(|line| line.contains("; its "));
    assert_eq!(assumed.count(), 0, "{lines:?}");
    // A file that only another repository's Kustomization would build counts as not built.
    environment.write("clusters/apps.yaml", from("other"));
    let lines = verify(&environment, &["-n", "origins"]);
    assert_has(
        &lines,
        "- ./apps/secret.yaml is not built by any Kustomization",
    );
}

/// Keys under several names, of several kinds and from any editor, as Flux accepts them.
#[test]
fn flux_verify_finds_keys_under_several_names() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "names"]);
    environment
        .run(&["keygen", "--pq", "--output", "pq.txt"])
        .succeeds();
    let pq = environment.read("pq.txt");
    let pq_recipient = pq
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .expect("a key file names its recipient")
        .to_owned();
    environment.write(
        "a.txt",
        format!("# the first\r\n\r\n{}\r\n# its end\r\n", identity()),
    );
    environment.write("b.txt", format!("\n{}", other_identity()));
    let arguments = [
        "create",
        "secret",
        "generic",
        "-n",
        "names",
        "sops-age",
        "--from-file=a.agekey=a.txt",
        "--from-file=b.agekey=b.txt",
        "--from-file=pq.agekey=pq.txt",
        "--from-literal=note.txt=AGE-SECRET-KEY-1",
        "--from-literal=old.asc=key",
    ];
    CLUSTER.kubectl(&environment, &arguments);
    encrypt(&environment, "a.yaml", &recipient());
    encrypt(&environment, "b.yaml", &other_recipient());
    encrypt(&environment, "pq.yaml", &pq_recipient);
    let pq_identity = pq.lines().last().expect("a key file has lines");
    environment
        .run(&["flux", "verify", "-n", "names"])
        .succeeds()
        .keeps(&[pq_identity]);
    let lines = verify(&environment, &["-n", "names"]);
    for name in ["a", "b", "pq"] {
        assert_has(&lines, &format!("ok ./{name}.yaml can be decrypted"));
    }
}

/// Flux needs one key that decrypts the files, and not that of each teammate.
#[test]
fn a_key_of_a_teammate_need_not_be_in_the_cluster() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "team"]);
    environment.write("flux.txt", other_identity());
    let both = format!("{},{}", recipient(), other_recipient());
    environment.write(".sops.yaml", format!("creation_rules:\n- age: {both}\n"));
    environment
        .run(&[
            "flux",
            "install-key",
            "-n",
            "team",
            "--age-key-file",
            "flux.txt",
        ])
        .succeeds();
    std::fs::remove_file(environment.path("flux.txt")).expect("the file can be removed");
    encrypt(&environment, "secret.yaml", &both);
    let lines = verify(&environment, &["-n", "team"]);
    assert_has(
        &lines,
        &format!(
            "- this computer's key is not in the cluster, and need not be: {}",
            recipient()
        ),
    );
    assert_has(&lines, "ok ./secret.yaml can be decrypted");
    assert!(
        !lines.iter().any(|line| line.starts_with("GAP")),
        "{lines:?}"
    );
    // A retired key is not mistaken for a key that is missing in the cluster.
    encrypt(&environment, "secret.yaml", &other_recipient());
    let lines = verify(&environment, &["-n", "team"]);
    assert_has(
        &lines,
        "- this computer's key is not a recipient of these files: age1",
    );
}

/// The form that docs/gitops.md describes.
#[test]
fn the_json_output_is_as_documented() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "form"]);
    encrypt(&environment, "secret.yaml", &recipient());
    let run = environment.run(&["flux", "verify", "-n", "form", "--output", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let members: Vec<_> = report.as_object().into_iter().flatten().collect();
    assert_eq!(members.len(), 1, "{run}");
    for check in report["checks"].as_array().expect("the value is a list") {
        let check = check.as_object().expect("the value is a mapping");
        for (key, value) in check {
            let known = ["state", "subject", "finding", "hint"];
            assert!(known.contains(&key.as_str()) && value.is_string(), "{run}");
        }
        assert!(check.contains_key("subject") && check.contains_key("finding"));
        let state = check["state"].as_str().unwrap_or_default();
        assert!(["ok", "gap", "note"].contains(&state), "{run}");
    }
}

/// A user who can read only the Secret still sees the checks of its keys.
#[test]
fn kustomizations_without_list_permission_are_a_note() {
    let server = super::server::Server::start();
    let environment = server.environment();
    environment.write("crd.yaml", CRD);
    let kubectl = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        server.kubectl(&environment, &arguments);
    };
    kubectl("create -f crd.yaml");
    kubectl("wait --for=condition=Established -f crd.yaml");
    kubectl("create namespace keys");
    kubectl("create role reader -n keys --verb=get --resource=secrets");
    kubectl("create rolebinding ann -n keys --role=reader --user=ann");
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    environment
        .run(&["flux", "install-key", "-n", "keys"])
        .succeeds();
    let lines = verify(&environment, &["--context", "ann"]);
    assert_has(&lines, "ok keys/sops-age has the key of");
    assert_has(
        &lines,
        "GAP cluster its Kustomizations cannot be read: kustomizations: forbidden: User \"ann\" cannot list",
    );
}
