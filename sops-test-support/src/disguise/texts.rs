//! Plaintext Secrets inside other text, and text that only shows how to write a Secret.

use super::secret::{BASE64, VALUE};

/// A Secret as a user writes it, and as `kubectl get` prints it.
fn secrets() -> [String; 2] {
    [
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: am\nstringData:\n  password: {VALUE}\n"
        ),
        format!(
            "apiVersion: v1\ndata:\n  password: {BASE64}\nkind: Secret\nmetadata:\n  name: am\ntype: Opaque\n"
        ),
    ]
}

/// Prefixes every line.
fn with_margin(text: &str, margin: &str) -> String {
    text.lines()
        .map(|line| format!("{margin}{line}\n"))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Files that contain a Secret, each with a title and an extension.
pub(super) fn texts() -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    for secret in secrets() {
        let indented = |count: usize| with_margin(&secret, &" ".repeat(count));
        let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nbinaryData: {}\nextra:\n  a.yaml: ";
        let numbered = |first: usize| -> String {
            let lines = secret.lines().enumerate();
            lines
                .map(|(number, line)| format!("{:>3} | {line}\n", first + number))
                .collect()
        };
        all.extend([
            ("in-a-machine-config", ".yaml", format!("version: v1alpha1\ncluster:\n  inlineManifests:\n  - name: a\n    contents: |-\n{}", indented(6))),
            ("in-a-resource-set", ".yaml", format!("apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {{name: a}}\nspec:\n  resourcesTemplate: |\n    ---\n{}", indented(4).replace("am", "<< inputs.tenant >>"))),
            ("in-values-of-a-chart", ".yaml", format!("apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {{name: a}}\nspec:\n  valuesContent: |-\n    extraObjects:\n    - {}", indented(6).trim_start())),
            ("in-cloud-init", ".yaml", format!("#cloud-config\nwrite_files:\n- path: /a.yaml\n  content: |\n{}", indented(4))),
            ("in-a-config-map", ".yaml", format!("{config_map}|\n{}", indented(4))),
            ("in-a-quoted-value", ".yaml", format!("{config_map}\"{}\"\n", escaped(&secret))),
            ("in-a-value-in-a-value", ".yaml", format!("{config_map}\"{}\"\n", escaped(&format!("{config_map}|\n{}", indented(4))))),
            ("in-extra-manifests", ".yaml", format!("image: a\nextraDeploy:\n- |\n{}", indented(2).replace("am", "{{ .Release.Name }}"))),
            ("in-a-playbook", ".yaml", format!("- hosts: all\n  tasks:\n  - kubernetes.core.k8s:\n      definition: |\n{}", indented(8))),
            ("in-a-workflow", ".yaml", format!("on: push\njobs:\n  a:\n    steps:\n    - run: |\n        kubectl apply -f - <<EOF\n{}        EOF\n", indented(8))),
            ("in-comments", ".yaml", format!("# old:\n{}a: b\n", with_margin(&secret, "# "))),
            ("in-comments-without-a-space", ".yaml", format!("a: b\n---\n{}", with_margin(&secret, "#"))),
            ("in-comments-alone", ".yaml", with_margin(&secret, "#   ")),
            ("in-json", ".json", format!("{{\"a\": [{{\"manifest\": \"{}\"}}]}}\n", escaped(&secret))),
            ("in-a-heredoc", ".sh", format!("#!/bin/sh\nkubectl apply -f - <<EOF\n{secret}EOF\necho done\n")),
            ("in-an-indented-heredoc", ".sh", format!("if true; then\n\tkubectl apply -f - <<-EOF\n{}\tEOF\nfi\n", with_margin(&secret, "\t"))),
            ("in-a-heredoc-of-windows", ".sh", format!("kubectl apply -f - <<EOF\n{secret}EOF\n").replace('\n', "\r\n")),
            ("in-a-heredoc", ".tf", format!("resource \"a\" \"b\" {{\n  manifest = <<-EOT\n{}  EOT\n}}\n", indented(4))),
            ("in-a-string", ".toml", format!("[a]\nmanifest = \"\"\"\n{secret}\"\"\"\n")),
            ("in-an-escaped-string", ".toml", format!("[a]\nmanifest = \"{}\"\n", escaped(&secret))),
            ("added", ".patch", format!("--- /dev/null\n+++ b/s.yaml\n@@ -0,0 +1,6 @@\n{}", with_margin(&secret, "+"))),
            ("changed", ".diff", format!("--- a/s.yaml\n+++ b/s.yaml\n@@ -1,5 +1,6 @@\n{}", with_margin(&secret, " ").replace("   password", "+  password"))),
            ("quoted", ".eml", format!("You wrote:\n{}Bye\n", with_margin(&secret, "> "))),
            ("in-a-terminal", ".log", format!("$ kubectl get secret am -o yaml\n{secret}$ exit\n")),
            ("with-numbers", ".log", format!("error: [\n  7 | a\n{}done\n", numbered(8))),
        ]);
    }
    let json = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {{\"password\": \"{VALUE}\"}}}}"
    );
    let lines = json.replace(", \"", ",\n  \"").replace("{\"", "{\n  \"");
    all.extend([
        ("json-in-quotes", ".sh", format!("echo '{json}' | kubectl apply -f -\n")),
        ("json-in-escaped-quotes", ".sh", format!("echo \"{}\" | kubectl apply -f -\n", escaped(&json))),
        ("json-in-a-heredoc", ".sh", format!("kubectl apply -f - <<EOF\n{lines}\nEOF\n")),
        ("json-in-a-value", ".yaml", format!("a: |\n{}", with_margin(&lines, "  "))),
        ("json-in-comments", ".yaml", format!("a: b\n{}", with_margin(&lines, "# "))),
        ("in-base64", ".yaml", "write_files:\n- encoding: b64\n  content: YXBpVmVyc2lvbjogdjEKa2luZDogU2VjcmV0CnN0cmluZ0RhdGE6CiAgcGFzc3dvcmQ6IGh1bnRlcjItTWFya2VyCg==\n".to_owned()),
        ("in-lines-of-base64", ".txt", "content:\n  YXBpVmVyc2lvbjogdjEKa2luZDogU2VjcmV0\n  CnN0cmluZ0RhdGE6CiAgcGFzc3dvcmQ6IGh1\n  bnRlcjItTWFya2VyCg==\nend: 1\n".to_owned()),
    ]);
    all
}

/// Files that show a Secret without a real password, each with its path.
pub(super) fn innocent_texts() -> Vec<(&'static str, String)> {
    let secret = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: am\nstringData:\n  username: admin\n  url: https://k8s-1.example.com/v1\n  password: {value}\n"
        )
    };
    let values = [
        "${DB_PASSWORD}",
        "$DB_PASSWORD",
        "$(cat password | base64)",
        "{{ .Values.password }}",
        "<your-password>",
        "changeme",
        "REPLACE_ME",
        "''",
        "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]",
    ];
    let mut all = Vec::new();
    for value in values {
        let secret = secret(value);
        all.extend([
            (
                "texts/apply.sh",
                format!("kubectl apply -f - <<EOF\n{secret}EOF\n"),
            ),
            ("texts/main.tf", format!("manifest = <<EOT\n{secret}EOT\n")),
            (
                "texts/values.yaml",
                format!("extraDeploy:\n- |\n{}", with_margin(&secret, "  ")),
            ),
            (
                "texts/comments.yaml",
                format!("a: b\n{}", with_margin(&secret, "# ")),
            ),
            (
                "texts/a.diff",
                format!("@@ -1,1 +1,1 @@\n{}", with_margin(&secret, "+")),
            ),
            (
                "texts/a.json",
                format!("{{\"a\": \"{}\"}}\n", escaped(&secret)),
            ),
        ]);
    }
    let real = secret("hunter2-of-ann");
    all.extend([
        ("texts/README.md", format!("# Use\n\n```yaml\n{real}```\n")),
        ("texts/README.md.gotmpl", format!("# Use\n\n```yaml\n{real}```\n")),
        ("texts/other.sh", format!("cat <<EOF\n{}EOF\n", real.replace("v1\nkind: Secret", "example.com/v1\nkind: Secret"))),
        ("texts/kinds.sh", "cat <<EOF\nkind: ConfigMap\ndata:\n  password: hunter2-of-ann\n---\nkind: Secret\nmetadata:\n  name: a\nEOF\n".to_owned()),
        ("texts/deletion.yaml", "a: |\n  $patch: delete\n  apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n".to_owned()),
        ("texts/store.yaml", "a: |\n  kind: SecretStore\n  data:\n    password: hunter2-of-ann\n".to_owned()),
        ("texts/reference.yaml", "a: |\n  valuesFrom:\n  - kind: Secret\n    name: web-credentials-2\n  - kind: ConfigMap\n    name: a\n".to_owned()),
        ("texts/code.jsonnet", "local a = 1;\n{\n  kind: 'Secret',\n  data: {\n    'ca.crt': std.base64($.values.etcd.clientCA2),\n  },\n}\n".to_owned()),
        ("texts/code.ts", "new k8s.Secret('a', {\n  kind: 'Secret',\n  stringData: {\n    password: config.requireSecret('dbPassword2'),\n    token: process.env.TOKEN2x,\n  },\n});\n".to_owned()),
        ("texts/public.sh", "cat <<EOF\nkind: Secret\ndata:\n  ca.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\nEOF\n".to_owned()),
    ]);
    all
}
