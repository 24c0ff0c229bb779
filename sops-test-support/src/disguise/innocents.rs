//! Files that look like Secrets in plaintext but are not.

use super::secret::HEAD;
use super::texts::innocent_texts;

/// The files that must pass, each with its path and content. Files below `charts/` belong to Helm
/// charts.
pub fn innocents() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |path: &str, text: &str| all.push((path.to_owned(), text.to_owned()));
    for (number, (path, text)) in innocent_texts().iter().enumerate() {
        let (directory, name) = path.split_once('/').unwrap_or_default();
        add(&format!("{directory}/{number}/{name}"), text);
    }
    let secret = |rest: &str| format!("{HEAD}{rest}");
    for (number, values) in [
        "stringData:\n  password: {{ .Values.password }}\n",
        "stringData:\n  password: {{ .Values.password | quote }}\n  user: {{ .Values.user }}\n",
        "data:\n  password: {{ .Values.password | b64enc | quote }}\n",
        "data:\n  {{- range $k, $v := .Values.secrets }}\n  {{ $k }}: {{ $v | b64enc }}\n  {{- end }}\n",
        "data: {{ toYaml .Values.data | nindent 2 }}\n",
        "data:\n{{ toYaml .Values.data | indent 2 }}\n",
        "{{- if .Values.a }}\nstringData:\n  password: {{ .Values.a }}\n{{- else }}\nstringData:\n  password: {{ randAlphaNum 16 }}\n{{- end }}\n",
        "stringData:\n  {{- with .Values.extra }}\n  {{- toYaml . | nindent 2 }}\n  {{- end }}\n",
        "type: Opaque\n{{- if .Values.immutable }}\nimmutable: true\n{{- end }}\nstringData:\n  url: postgres://{{ .Values.user }}:{{ .Values.password }}@db/app\n",
        "stringData:\n  config.yaml: |\n    host: {{ .Values.host }}\n    password: {{ .Values.password }}\n",
        "stringData:\n  username: admin\n  password: {{ required \"set it\" .Values.password }}\n",
        "data:\n  tls.crt: {{ $cert.Cert | b64enc }}\n  tls.key: {{ $cert.Key | b64enc }}\n",
        "data:\n  {{- (.Files.Glob \"secrets/*\").AsSecrets | nindent 2 }}\n",
        "stringData:\n  password: {{- if .a }} {{ .a }}{{ else }} {{ .b }}{{ end }}\n",
        "metadata:\n  name: {{ .Release.Name }}\nstringData:\n  password: \"{{ .Values.password }}\"\n",
        "stringData:\n  password: <%= ENV['PASSWORD'] %>\n",
        "stringData:\n  password: {{ default \"changeme\" .Values.password | quote }}\n  a: {{ index .data \"password-of-db9\" }}\n",
        "{{- $secret := lookup \"v1\" \"Secret\" .Release.Namespace \"web-Prod9-credentials\" }}\nstringData:\n  password: {{ index $secret.data \"password-of-Db9\" }}\n  token: {{ .Files.Get \"files/Token9x.txt\" }}\n  secret: {{ printf \"%s-%s\" .a .b }}\n",
        "stringData:\n{% for k, v in secrets %}\n  {{ k }}: {{ v }}\n{% endfor %}\n",
    ]
    .iter()
    .enumerate()
    {
        let text = secret(values).replace("name: am", "name: {{ include \"chart.fullname\" . }}");
        add(&format!("charts/web/templates/secret-{number}.yaml"), &text);
    }
    add(
        "charts/web/Chart.yaml",
        "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    );
    add(
        "charts/web/values.yaml",
        "password: \"\"\nexistingSecret: \"\"\nimage:\n  pullSecrets: []\n",
    );
    add(
        "charts/web/templates/_helpers.tpl",
        "{{- define \"chart.secret\" -}}\napiVersion: v1\nkind: Secret\nstringData:\n  password: {{ .password }}\n{{- end -}}\n",
    );
    add(
        "charts/web/templates/deployment.yaml",
        "{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n  template:\n    spec:\n      imagePullSecrets:\n      {{- toYaml .Values.imagePullSecrets | nindent 6 }}\n      containers:\n      - name: web\n        image: \"{{ .Values.image }}\"\n{{- end }}\n",
    );
    add(
        "charts/web/templates/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  a: b\n{{- if .x }}\n  c: d\n{{- else }}\n  c: e\n{{- end }}\n",
    );
    add(
        "charts/web/templates/NOTES.txt",
        "Get the password:\n  kubectl get secret {{ .Release.Name }} -o yaml\n",
    );
    add(
        "charts/web/templates/tests/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}-test\"\nspec:\n  containers:\n    - name: wget\n      image: busybox\n  restartPolicy: Never\n",
    );
    // Without Helm, the result can't be determined.
    add(
        "charts/web/templates/odd.yaml",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n{{ $a := 1 }}{{ if $a }}  a: b{{ end }}\n - {{ .c }}: [\n",
    );
    let shown = "    password: ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:eA==]\n```\n";
    add(
        "docs/format.md",
        &format!("# Files\n\n```yaml\nkind: Secret\nstringData:\n{shown}"),
    );
    add(
        "docs/format.txt",
        &format!("Files look so: ```\nkind: Secret\nstringData:\n{shown}"),
    );
    for (path, text) in [
        (
            "docs/secrets.md",
            "# Secrets\n\n```yaml\napiVersion: v1\nkind: Secret\nstringData:\n  password: correct-horse\n```\n",
        ),
        (
            "docs/secrets.rst",
            "Secrets\n=======\n\n.. code::\n\n    kind: Secret\n    stringData:\n      password: correct-horse\n",
        ),
        (
            "README",
            "apiVersion: v1\nkind: Secret\nstringData:\n  password: correct-horse\n",
        ),
        (
            "docs/INSTALL.md",
            "# Secrets\n\nAn example:\n\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: a}\n    stringData:\n      password: correct-horse\n",
        ),
        (
            "docs/front-matter.md",
            "---\ntitle: Secrets\n---\n# Example\n\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: a}\n    data: {a: YWJjZGVm}\n",
        ),
        (
            "docs/secrets.html",
            "<pre>\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: correct-horse}\n</pre>\n",
        ),
        (
            "etc/app.ini",
            "; the kind of data\n[Secret]\nkind = Secret\ndata = a\n",
        ),
        ("etc/app.env", "KIND=Secret\nDATA=kind: Secret\n"),
        (
            "i18n/array.json",
            "[\"\\u0061bc\", {\"kind\": \"a\", \"data\": \"Secret\"}]\n",
        ),
        ("i18n/comment.json", "// data of a kind\n[\"Secret\"]\n"),
        (
            "src/terminal.py",
            "RED = \"\\x1b[31m\"\nKIND = \"\\x6b\"\nSECRET = {'kind': 'Secret', 'data': \"\\x64\"}\n",
        ),
        (
            "src/separators.js",
            "const kind = 'Secret'; // data\u{2028}const data = \"\\u0061\";\n\tkind();\n",
        ),
        (
            "docs/notes.txt",
            "A manifest with kind: Secret and stringData: is encrypted with sops-rs.\n",
        ),
        (
            "docs/kinds.txt",
            "kind: Secret\n\nis what holds data: passwords, tokens\n",
        ),
        (
            "src/manifest.go",
            "package a\n\nconst secret = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n`\n",
        ),
        (
            "src/apply.sh",
            "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: $PASSWORD\nEOF\n",
        ),
        (
            "src/test_secrets.py",
            "SECRET = {'kind': 'Secret', 'data': {'a': 'b'}}\n",
        ),
        (
            "src/secret.rs",
            "/// kind: Secret\nstruct Secret { data: String }\n",
        ),
        (
            "src/secret.ts",
            "export interface Secret { kind: 'Secret'; data: Record<string, string> }\n",
        ),
        ("clusters/sync.sh", "#!/bin/sh\nflux reconcile ks apps\n"),
        ("clusters/Makefile", "all:\n\techo data: a\n"),
        ("clusters/app.toml", "a = 1\n"),
        ("clusters/nginx.conf", "server { listen 80; }\n"),
        ("clusters/.yamllint", "extends: default\n"),
        (
            "clusters/patch.yaml",
            "- op: add\n  path: /data/a\n  value: {data: b}\n",
        ),
        (
            "clusters/patch.json",
            "[{\"op\": \"add\", \"path\": \"/data/a\", \"value\": \"b\"}]\n",
        ),
        (
            "clusters/merge.yaml",
            "kind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n",
        ),
        (
            "clusters/dashboard.json",
            "{\"title\": \"a\", \"panels\": [{\"data\": [1, 2]}]}\n",
        ),
        ("clusters/none.env", "# set your values here\n"),
        (
            ".env.example",
            "DB_HOST=db\nDB_PASSWORD=changeme\nPORT=8080\n",
        ),
        (
            "clusters/large.yaml",
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
        ),
        (
            "clusters/vault.yml",
            "$ANSIBLE_VAULT;1.1;AES256\n6162636465\n6162\n",
        ),
        (
            "a.patch",
            "--- a/secret.yaml\n+++ b/secret.yaml\n@@ -1,2 +1,2 @@\n kind: Secret\n-data: a\n+data: b\n",
        ),
    ] {
        add(path, text);
    }
    for (number, text) in [
        secret("stringData:\n  password: ${PASSWORD}\n"),
        secret("stringData:\n  password: <path:secret/data/db#password>\n"),
        secret("stringData:\n  password: vault:secret/data/db#password\n"),
        secret("stringData:\n  password: op://vault/item/field\n"),
        secret("stringData: {password: ''}\n"),
        secret("stringData:\n  host: '{{ .Values.name }}-db-rw-2.eu-central-1.example.com'\n  zone: 'eu-central-1{{ .zone }}'\n"),
        secret("stringData:\n  url: postgres://app:${DB_PASSWORD}@db-1.prod-2.svc:5432/app?sslmode=require\n  b: Bearer ${TOKEN}\n"),
        secret("stringData:\n  a: $argocd-secret-2:oidc.client.key\n  b: gsm:db-password-eu-west-1\n  c: $PASSWORD\n  d: ${A:-${B}}\n  e: ${C:-}\n"),
        secret("stringData:\n  a: arn:aws:secretsmanager:eu-west-1:123456789012:secret:web-AbC123\n  b: ref+vault://secret/db#password\n"),
        secret("stringData:\n  a: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHbX2a0SsPtp7WjHrcZJ2gVxhHnMoCGMOlMvOvzMZgCq ann@laptop-2\n  b: '$__file{/run/secrets/db}'\n"),
        secret("stringData:\n  a: |\n    {{- with .ca }}\n    -----BEGIN CERTIFICATE-----\n    {{ . }}\n    -----END CERTIFICATE-----\n    {{- end }}\n"),
        "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}\n".to_owned(),
        "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user: {token: '${TOKEN}'}\n".to_owned(),
        secret("data: {}\n"),
        secret("data: {password: \"${PASSWORD}\"}\n"),
        secret("type: kubernetes.io/service-account-token\n"),
        secret("$patch: delete\n"),
        secret("$patch: delete\nstringData: {password: null}\n"),
        secret("stringData:\n  ca.crt: |\n    -----BEGIN CERTIFICATE-----\n    MIIB\n    -----END CERTIFICATE-----\n"),
        secret("stringData:\n  password: '{{ .password }}'\n"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: fast}\n".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a.yaml: |\n    kind: Deployment\n    data: b\n".to_owned(),
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: a}\nspec:\n  target: {template: {data: {a: '{{ .b }}'}}}\n  data:\n  - secretKey: a\n    remoteRef: {key: b}\n".to_owned(),
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a}\nspec:\n  encryptedData: {a: AgBy3i}\n".to_owned(),
        "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: a}\nspec:\n  secretObjects:\n  - {secretName: a, type: Opaque, data: [{key: a, objectName: b}]}\n".to_owned(),
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: secrets.example.com}\nspec:\n  names: {kind: Secret, plural: secrets}\n  versions:\n  - schema: {openAPIV3Schema: {properties: {data: {type: object}, stringData: {type: object}}}}\n".to_owned(),
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\nrules:\n- {apiGroups: [''], resources: [secrets], verbs: [get]}\n".to_owned(),
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\nspec:\n  rules:\n  - match: {any: [{resources: {kinds: [Secret]}}]}\n    generate: {apiVersion: v1, kind: Secret, name: a, clone: {name: b}}\n".to_owned(),
        "apiVersion: example.com/v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: b}\n".to_owned(),
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\nspec:\n  patches:\n  - {target: {kind: Secret}, patch: '[]'}\n".to_owned(),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  volumes:\n  - {name: a, secret: {secretName: b}}\n".to_owned(),
        "- hosts: all\n  tasks:\n  - name: Secret\n    kind: a\n".to_owned(),
        "kind: Pod\nmetadata: {name: a}\nmetadata: {name: b}\n".to_owned(),
        "%YAML 1.2\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        add(&format!("apps/{number}.yaml"), text);
    }
    add(
        "apps/separator.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a} # Secret\u{2028}data: {a: b}\n",
    );
    add(
        "charts/web/templates/multi-line.yaml",
        "# {{ include \"a\" . }}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include \"web.name\"\n    (dict \"a\" 1) }}\nstringData: {\"a\": {{ .Values.a | quote }}, \"b\": \"{{ printf \"%s,%s\" .a .b }}\"}\n{{- /*\nkind: Secret\nstringData:\n  a: correct-horse-battery-9\n*/ -}}\n",
    );
    add(
        "apps/kustomization.yaml",
        "resources: [0.yaml]\npatches:\n- target: {kind: Secret}\n  path: 0.yaml\n",
    );
    for (name, text) in [
        (
            "kustomization.yaml",
            "kind: Kustomization\nSecretGenerator:\n- {name: a, literals: ['a=${A}'], files: [a.enc]}\nconfigMapGenerator:\n- {name: b, literals: [mode=fast]}\n\
             generators: [plugin.yaml]\npatches:\n- {target: {kind: Secret}, path: labels}\n- {target: {kind: ConfigMap}, path: mode.yaml}\n- {path: replicas.txt}\n\
             - patch: '{$patch: delete, apiVersion: v1, kind: Secret, metadata: {name: a}}'\n\
             - patch: |-\n    - {op: move, from: /stringData/a, path: /stringData/b}\n    - {op: remove, path: /data/a}\n\
             replacements:\n- sourceValue: production\n  targets:\n  - {select: {kind: Deployment}, fieldPaths: [metadata.namespace]}\n",
        ),
        (
            "a.enc",
            "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]",
        ),
        (
            "plugin.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nliterals: [mode=fast]\n",
        ),
        (
            "labels",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {app: web}}\n",
        ),
        (
            "mode.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {mode: fast}\n",
        ),
        (
            "replicas.txt",
            "- {op: add, path: /spec/replicas, value: 2}\n",
        ),
        (
            "notes.txt",
            "- an op has a path\n- stringData: is a field\n",
        ),
        (
            "composition.yaml",
            "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\nmetadata: {name: a}\nspec:\n  resources:\n  - patches:\n    - {fromFieldPath: spec.a, toFieldPath: spec.b}\n",
        ),
        (
            "patches.py",
            "patches: list = []\ntransformers = {'op': 'add', 'path': '\\x2fstringData'}\n",
        ),
        (
            "fixture.json",
            "[{\"op\": \"add\", \"path\": \"/data/mode\", \"value\": \"fast\"}]\n",
        ),
    ] {
        add(&format!("kustomize/{name}"), text);
    }
    add(
        "apps/list.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": []}\n",
    );
    add("apps/array.json", "[1, 2, {\"kind\": \"Secretive\"}]\n");
    add(
        "apps/config.yaml.bak",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n",
    );
    add(
        "apps/values.yaml.gotmpl",
        "password: {{ env \"PASSWORD\" }}\n",
    );
    for (path, text) in [
        (".env.example", "PASSWORD=\n"),
        (
            "deployment.yaml.patch",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2}\n",
        ),
        (
            "web.yaml.golden",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n",
        ),
        ("settings.yaml.example", "data: {password: set-it}\n"),
        (
            "settings.yaml.txt",
            "The file settings.yaml has the data of the program.\n",
        ),
        ("settings.yaml.ts", "export const settings = { data: 1 };\n"),
        ("settings.yaml.diff", "--- a\n+++ b\n-user: a\n+user: b\n"),
    ] {
        add(&format!("apps/{path}"), text);
    }
    all
}
