//! Helm with values that the plugin `helm-secrets` decrypts. The plugin is a shell script that
//! calls `sops`.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, recipient};

use super::path_with_our_sops;

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  password: {{ .Values.password | quote }}\n  \
    token: {{ .Values.token | quote }}\n  certificate: {{ .Values.certificate | quote }}\n";
const VALUES: &str = "password: correct horse\ntoken: \"007\"\ncertificate: |\n  first\n  second\n";

/// The output of `helm template` for values that the plugin decrypts.
fn rendered(path: &std::ffi::OsStr, environment: &TestEnvironment) -> String {
    let run = |script: &str| -> Run {
        let mut command = environment.command_of(Path::new("sh"), &["-euc", script]);
        command.env("PATH", path);
        environment.finish(command).succeeds()
    };
    environment.write("app/Chart.yaml", CHART);
    environment.write("app/templates/secret.yaml", TEMPLATE);
    environment.write("secrets.yaml", VALUES);
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n- age: {}\n", recipient()),
    );
    let types = "--input-type yaml --output-type yaml";
    run(&format!("sops --encrypt {types} --in-place secrets.yaml"));
    // The plugin recognizes an encrypted YAML file by these strings.
    run("grep -q 'mac.*,type:str]' secrets.yaml && grep -xq 'sops:\\s*' secrets.yaml");
    run(&format!(
        "sops --decrypt {types} --output secrets.yaml.dec secrets.yaml"
    ));
    let direct = run(&format!("sops --decrypt {types} secrets.yaml"));
    assert_eq!(direct.stdout, environment.read("secrets.yaml.dec"));
    // A single value, which the plugin passes as JSON on standard input.
    run("printf '{\"a\": \"literal\"}' > literal.json && sops --encrypt --in-place literal.json");
    let literal =
        run("sops --decrypt --input-type json --output-type json /dev/stdin < literal.json");
    assert!(literal.stdout.contains("\"literal\""), "{literal}");
    run("helm template app app --values secrets.yaml.dec").stdout
}

#[test]
fn helm_renders_the_same_as_with_sops() {
    let environment = TestEnvironment::new();
    let ours = rendered(&path_with_our_sops(&environment), &environment);
    let environment = TestEnvironment::new();
    let theirs = rendered(&std::env::var_os("PATH").unwrap_or_default(), &environment);
    assert!(
        theirs.contains(
            "password: \"correct horse\"\n  token: \"007\"\n  certificate: \"first\\nsecond\\n\"\n"
        ),
        "{theirs}"
    );
    assert_eq!(ours, theirs);
}
