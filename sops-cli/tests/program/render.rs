//! `render`, and the programs that refuse its output.

use std::path::Path;

use sops_test_support::environment::{TestEnvironment, recipient};

const SECRET: &str = "# who?\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ntype: Opaque\nstringData:\n  password: correct-horse\n";
const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [secret.yaml, map.yaml]\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  a: b\n";

/// A repository with a Secret, and no private key.
fn repository() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: \\.ya?ml$\n  encrypted_regex: ^(data|stringData)$\n  age: {0}\n- age: {0}\n",
            recipient()
        ),
    );
    environment.write("apps/secret.yaml", SECRET);
    environment.write("apps/web.env", "TOKEN=correct-horse\n");
    environment.write("apps/tls.key", "correct-horse\n");
    for name in ["apps/secret.yaml", "apps/web.env", "apps/tls.key"] {
        environment.run(&["encrypt", "-i", name]).succeeds();
    }
    environment.write("apps/kustomization.yaml", KUSTOMIZATION);
    environment.write("apps/map.yaml", MAP);
    environment.write("apps/README.md", "Read me.\n");
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the file can be removed");
    environment
}

#[test]
fn the_objects_of_a_directory_are_printed_with_placeholders() {
    let environment = repository();
    let run = environment.run(&["render", "apps"]).succeeds();
    let placeholder = run.stdout.split("password: ").nth(1).unwrap_or_default();
    let placeholder = placeholder.lines().next().unwrap_or_default();
    assert!(placeholder.starts_with("sops-rs-placeholder-"), "{run}");
    let expected = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: m\ndata:\n    a: b\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n    annotations:\n        sops-rs.dev/placeholder: \"true\"\n\
         type: Opaque\nstringData:\n    password: {placeholder}\n"
    );
    assert_eq!(run.stdout, expected);
    // A placeholder depends on nothing but its path.
    let encrypted = environment.read("apps/secret.yaml");
    let again = environment
        .run_with_input(&["render", "-"], &encrypted)
        .succeeds();
    assert!(again.stdout.contains(placeholder), "{again}");
}

#[test]
fn a_directory_is_written_with_all_files() {
    let environment = repository();
    environment
        .run(&["render", "--output-dir", "out", "apps"])
        .succeeds();
    for name in ["kustomization.yaml", "map.yaml", "README.md"] {
        let copy = environment.bytes(&format!("out/apps/{name}"));
        assert_eq!(copy, environment.bytes(&format!("apps/{name}")), "{name}");
    }
    assert!(
        environment
            .read("out/apps/secret.yaml")
            .contains("password: sops-rs-placeholder-")
    );
    assert!(
        environment
            .read("out/apps/web.env")
            .starts_with("TOKEN=sops-rs-placeholder-")
    );
    assert!(
        environment
            .read("out/apps/tls.key")
            .starts_with("-----BEGIN PRIVATE KEY-----")
    );
    // Files of an earlier run are not mixed with new ones.
    let run = environment.run(&["render", "--output-dir", "out", "apps"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("not an empty directory"), "{run}");
    // No file is written outside the directory.
    let run = environment.run(&["render", "--output-dir", "other", "../work/apps/map.yaml"]);
    run.succeeds();
    assert!(environment.path("other/work/apps/map.yaml").exists());
}

#[test]
fn a_damaged_file_is_an_error_and_the_others_are_rendered() {
    let environment = repository();
    let text = environment.read("apps/secret.yaml");
    let cut = &text[..text.find("sops:").expect("the document has metadata")];
    environment.write("apps/cut.yaml", cut);
    environment.write("apps/template.yaml", "a: {{ .Values.a }}\nb: [\n");
    for arguments in [
        &["render", "apps"][..],
        &["render", "--output-dir", "out", "apps"],
    ] {
        let run = environment.run(arguments);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(run.stderr.contains("apps/cut.yaml"), "{run}");
        assert!(run.stderr.contains("1 of "), "{run}");
    }
    assert!(environment.path("out/apps/secret.yaml").exists());
    assert!(!environment.path("out/apps/cut.yaml").exists());
    environment
        .run(&["render", "apps/template.yaml"])
        .fails_with(1);
}

/// The configuration is not written, so it does not count.
#[test]
fn the_written_files_are_counted() {
    let environment = repository();
    let run = environment
        .run(&[
            "render",
            "--output-dir",
            "out",
            ".sops.yaml",
            "apps/secret.yaml",
        ])
        .succeeds();
    let counted = "Rendered into out: 1 of 1 files with placeholders";
    assert!(run.stderr.contains(counted), "{run}");
}

#[test]
fn lint_and_the_hook_refuse_placeholders() {
    let environment = repository();
    let rendered = environment.run(&["render", "apps/secret.yaml"]).succeeds();
    environment.write("rendered.yml", &rendered.stdout);
    let run = environment.run(&["lint", "--select", "SL023", "rendered.yml"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("SL023"), "{run}");
    environment
        .run(&["lint", "--select", "SL023", "apps"])
        .succeeds();

    let git = |arguments: &[&str]| {
        environment.finish(environment.command_of(Path::new("git"), arguments))
    };
    git(&["init", "-q"]).succeeds();
    git(&["add", "rendered.yml"]).succeeds();
    let run = environment.run(&["hook", "run"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.to_string().contains("SL023"), "{run}");
}

#[test]
fn lint_accepts_the_published_keys() {
    let environment = repository();
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sops-placeholder/published");
    for name in ["tls.key", "ssh.key", "tls.crt"] {
        let bytes = std::fs::read(published.join(name)).expect("the file is in the repository");
        environment.write(&format!("published/{name}"), bytes);
    }
    environment.run(&["lint", "published"]).succeeds();
}

#[cfg(feature = "kube")]
#[test]
fn apply_and_flux_verify_refuse_placeholders() {
    let environment = repository();
    let rendered = environment.run(&["render", "apps/secret.yaml"]).succeeds();
    environment.write("clusters/rendered.yaml", &rendered.stdout);
    let apply = ["apply", "--allow-plaintext", "-f", "clusters/rendered.yaml"];
    let run = environment.run(&apply);
    assert_ne!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("is a placeholder"), "{run}");
    let run = environment.run(&["flux", "verify", "clusters"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout
            .contains("has a placeholder for an encrypted value"),
        "{run}"
    );
}

#[test]
fn the_key_in_the_output_is_reported_once() {
    let environment = repository();
    environment.write(
        "apps/web.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: w}\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: correct-horse\n  tls.key: correct-horse\n",
    );
    environment
        .run(&["encrypt", "-i", "apps/web.yaml"])
        .succeeds();
    let text = environment.run(&["render", "apps/web.yaml"]).succeeds();
    environment.write("out/tls.yaml", &text.stdout);
    let data = environment
        .read("apps/web.yaml")
        .replace("stringData", "data");
    let text = environment
        .run_with_input(&["render", "-"], &data)
        .succeeds();
    assert!(text.stdout.contains("tls.key: LS0t"), "{text}");
    environment.write("out/base64.yaml", &text.stdout);
    for name in ["out/tls.yaml", "out/base64.yaml"] {
        let run = environment.run(&["lint", name]);
        assert!(run.stdout.contains("SL023"), "{run}");
        assert!(
            !run.stdout.contains("SL014") && !run.stdout.contains("SL010"),
            "{run}"
        );
    }
    // Another key next to the placeholder is reported.
    let key = text.stdout.replace("tls.key: LS0t", "tls.key: LS0u");
    environment.write("out/base64.yaml", key);
    let run = environment.run(&["lint", "out/base64.yaml"]);
    assert!(run.stdout.contains("SL010"), "{run}");
}
