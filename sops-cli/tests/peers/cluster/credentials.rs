//! Credentials for a cluster: programs that a kubeconfig names, and the account of a pod. `unshare`
//! must be on the PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::geteuid;
use sops_test_support::environment::{Run, TestEnvironment};

use super::CLUSTER;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {}\n";

/// Makes the context `plugin` run a script for its credentials.
fn with_plugin(environment: &TestEnvironment, script: &str) {
    environment.write("plugin", format!("#!/bin/sh\n{script}\n"));
    let path = environment.path("plugin");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
        .expect("the permissions can be changed");
    use_plugin(environment, &path.display().to_string());
}

fn use_plugin(environment: &TestEnvironment, program: &str) {
    let program = format!("--exec-command={program}");
    let version = "--exec-api-version=client.authentication.k8s.io/v1";
    let user = ["config", "set-credentials", "plugin", &program, version];
    CLUSTER.kubectl(
        environment,
        &[&user[..], &["--exec-arg=secret-argument"]].concat(),
    );
    let context = [
        "config",
        "set-context",
        "plugin",
        "--cluster=here",
        "--user=plugin",
    ];
    CLUSTER.kubectl(environment, &context);
}

fn printed(status: &str) -> String {
    let start = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential""#;
    format!("printf '%s' '{start}{status}}}'")
}

#[test]
fn a_credential_plugin_provides_the_token() {
    let environment = CLUSTER.environment();
    CLUSTER.kubectl(&environment, &["create", "namespace", "plugin"]);
    environment.write("x.yaml", CONFIG_MAP);
    let token = printed(r#", "status": {"token": "token-of-admin"}"#);
    // If the manifest comes from standard input, nothing of it is left for the program.
    with_plugin(&environment, &format!("cat > rest\n{token}"));
    let arguments = ["apply", "--context", "plugin", "-n", "plugin", "-f"];
    let run = environment.run(&[&arguments[..], &["x.yaml"]].concat());
    assert_eq!(run.succeeds().stdout, "configmap/x created\n");
    let run = environment.run_with_input(&[&arguments[..], &["-"]].concat(), CONFIG_MAP);
    assert_eq!(run.succeeds().stdout, "configmap/x unchanged\n");
    assert_eq!(environment.read("rest"), "");
}

#[test]
fn a_credential_plugin_without_credentials_is_reported_without_its_output() {
    let environment = CLUSTER.environment();
    environment.write("x.yaml", CONFIG_MAP);
    let commands: [&[&str]; 2] = [&["apply", "-f", "x.yaml"], &["flux", "verify"]];
    let check = |says: &str, hint: &str| {
        for command in commands {
            let run = environment.run(&[command, &["--context", "plugin"]].concat());
            let run = run.fails_with(1);
            assert!(
                run.stderr.contains(says) && run.stderr.contains(hint),
                "{run}"
            );
            for secret in ["token-of", "secret-argument"] {
                assert!(!run.stderr.contains(secret), "{run}");
            }
        }
    };
    let rubbish = "does not print an ExecCredential";
    for (script, says, hint) in [
        (
            "echo token-of-admin; exit 3",
            "failed: exit status: 3",
            "run it separately",
        ),
        (
            "echo token-of-admin; kill -9 $$",
            "failed: signal: 9",
            "run it separately",
        ),
        ("echo token-of-admin", rubbish, "run it separately"),
        (
            "echo '{\"status\": {\"token\": \"token-of-admin\"'",
            rubbish,
            "run it separately",
        ),
        (":", rubbish, "run it separately"),
        (&printed(""), rubbish, "run it separately"),
        (
            &printed(
                r#", "status": {"token": "token-of-admin\nx", "expirationTimestamp": "2999-01-01T00:00:00Z"}"#,
            ),
            "could not be loaded",
            "`plugin`",
        ),
        (
            &printed(r#", "status": {"token": "token-of-nobody"}"#),
            "rejects the credentials",
            "`plugin`",
        ),
    ] {
        with_plugin(&environment, script);
        check(says, hint);
    }
    CLUSTER.kubectl(
        &environment,
        &["config", "set-credentials", "ann", "--token=token-of-ann\n"],
    );
    let run = environment.run(&[commands[0], &["--context", "ann"]].concat());
    let run = run.fails_with(1);
    assert!(
        run.stderr
            .contains("the context `ann` uses contains a line break")
            && !run.stderr.contains("token-of"),
        "{run}"
    );
    use_plugin(&environment, "no-such-plugin");
    let says = "`no-such-plugin` of the kubeconfig cannot be run: No such file or directory";
    check(says, "to PATH");
    let file = environment.home().join(".kube/config");
    let config = fs::read_to_string(&file).expect("the file can be read");
    let hinted = config.replace(
        "    exec:\n",
        "    exec:\n      installHint: get it from example.org\n",
    );
    fs::write(file, hinted).expect("the file can be written");
    check(says, "get it from example.org");
}

/// Runs the program in a namespace where the files in `account` are those of a pod's service
/// account.
fn in_pod(environment: &TestEnvironment, variables: &[(&str, String)], arguments: &[&str]) -> Run {
    let script = r#"mount -t tmpfs tmpfs "$(readlink -f /var/run)" || exit 99
        directory=/var/run/secrets/kubernetes.io/serviceaccount
        mkdir -p "$directory"; cp account/* "$directory"; exec "$@""#;
    // Only this process sees the mount.
    let flags = if geteuid().is_root() { "-m" } else { "-Urm" };
    let mut command =
        environment.command_of("unshare".as_ref(), &[flags, "sh", "-c", script, "sh"]);
    command
        .arg(sops_test_support::environment::program())
        .args(arguments)
        .envs(variables.iter().cloned());
    environment.finish(command)
}

#[test]
fn the_service_account_of_a_pod_is_used_in_the_pod() {
    let administrator = CLUSTER.environment();
    for arguments in [
        &["create", "namespace", "pod"][..],
        &["create", "serviceaccount", "runner", "-n", "pod"],
        &[
            "create",
            "rolebinding",
            "runner",
            "-n",
            "pod",
            "--clusterrole=cluster-admin",
            "--serviceaccount=pod:runner",
        ],
    ] {
        CLUSTER.kubectl(&administrator, arguments);
    }
    let variables = CLUSTER.write_account(&administrator, "pod", "runner");
    let pod = TestEnvironment::new();
    for name in ["account/token", "account/ca.crt", "account/namespace"] {
        pod.write(name, administrator.bytes(name));
    }
    pod.write("x.yaml", CONFIG_MAP);
    let apply = ["apply", "-f", "x.yaml"];
    let run = in_pod(&pod, &variables, &apply).succeeds();
    assert_eq!(run.stdout, "configmap/x created\n");
    let get = ["get", "configmap", "-n", "pod", "x", "-o", "name"];
    assert_eq!(CLUSTER.kubectl(&administrator, &get), "configmap/x\n");

    let elsewhere = [&apply[..], &["-n", "default"]].concat();
    let run = in_pod(&pod, &variables, &elsewhere).fails_with(1);
    assert!(
        run.stderr
            .contains("User \"system:serviceaccount:pod:runner\" cannot"),
        "{run}"
    );
    // The requested value comes first.
    for (name, value) in [("--context", "admin"), ("--kubeconfig", "none")] {
        let asking = [&apply[..], &[name, value]].concat();
        let run = in_pod(&pod, &variables, &asking).fails_with(1);
        assert!(run.stderr.contains("there is no kubeconfig"), "{run}");
    }
    CLUSTER.write_kubeconfig(&pod);
    let run = in_pod(&pod, &variables, &elsewhere).succeeds();
    assert_eq!(
        run.stdout, "configmap/x created\n",
        "the kubeconfig is that of the administrator"
    );
    fs::remove_file(pod.home().join(".kube/config")).expect("the file can be removed");

    let token = pod.read("account/token");
    pod.write("account/token", "token-of-nobody");
    let run = in_pod(&pod, &variables, &apply).fails_with(1);
    assert!(
        run.stderr
            .contains("the request used the token of this pod's service account"),
        "{run}"
    );
    assert!(!run.stderr.contains("token-of"), "{run}");
    pod.write("account/token", &token);
    fs::remove_file(pod.path("account/ca.crt")).expect("the file can be removed");
    let run = in_pod(&pod, &variables, &apply).fails_with(1);
    assert!(
        run.stderr
            .contains("the service account of this pod cannot be used"),
        "{run}"
    );
    assert!(run.stderr.contains("automountServiceAccountToken"), "{run}");
    assert!(!run.stderr.contains(&token), "{run}");
    let run = in_pod(&pod, &[], &apply).fails_with(1);
    assert!(run.stderr.contains("there is no kubeconfig"), "{run}");
}
