//! Secrets in plaintext that do not look like one, and files that look like Secrets in plaintext but are not.
//!
//! Every disguise is one that people make by accident, or that some reader of YAML or JSON sees through: kubectl, kustomize, Helm, or whoever
//! resolves a merge conflict or decodes a file.

use crate::texts::{innocent_texts, texts};

/// The value that is not to be committed, and its base64.
pub const VALUE: &str = "hunter2-Marker";
/// [`VALUE`] as `data` has it.
pub const BASE64: &str = "aHVudGVyMi1NYXJrZXI=";

/// A file with a Secret in plaintext.
#[derive(Clone, Debug)]
pub struct Disguise {
    /// Its path, each another one, below `secrets/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Disguise {
    /// Whether the value can be read in the bytes.
    pub fn shows_value(bytes: &[u8]) -> bool {
        let has = |text: &str| {
            let bytes: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        has(VALUE) || has(BASE64)
    }
}

const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: am\n";

fn plain() -> String {
    format!("{HEAD}stringData:\n  password: {VALUE}\n")
}

/// Alertmanager and others have templates in their values, which make no template of the file.
fn with_template_in_a_value() -> String {
    format!("{}  tmpl: '{{{{ .Alerts }}}}'\n", plain())
}

/// All disguises. A creation rule that names `secrets/` covers each of them.
pub fn disguises() -> Vec<Disguise> {
    let mut all = Vec::new();
    let mut add = |title: &str, ending: &str, bytes: Vec<u8>| {
        let path = format!("secrets/{:03}-{title}{ending}", all.len());
        all.push(Disguise { path, bytes });
    };
    for (title, text) in [
        ("plain", plain()),
        ("with-template", with_template_in_a_value()),
    ] {
        for (how, bytes) in broken(&text) {
            add(&format!("{title}-{how}"), ".yaml", bytes);
        }
        for ending in ENDINGS {
            add(title, ending, text.clone().into_bytes());
        }
        for (how, bytes) in encodings(&text) {
            for ending in [".yaml", ".txt", ""] {
                add(&format!("{title}-{how}"), ending, bytes.clone());
            }
        }
    }
    for (title, text) in kinds() {
        add(&title, ".yaml", text.clone().into_bytes());
        // The same where nothing but a tolerant reader reads it.
        add(
            &format!("{title}-key-twice"),
            ".yaml",
            format!("{text}metadata: {{name: b}}\n").into_bytes(),
        );
    }
    for text in [plain(), with_template_in_a_value()] {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.reverse();
        let swap = format!(
            "b0VIM 9.1\0\0\0\0\u{1}{}tp\0{}\0",
            "\0".repeat(900),
            lines.join("\0")
        );
        add("swap-file", ".yaml.swp", swap.clone().into_bytes());
        add(
            "swap-file-with-bytes",
            ".yaml.swp",
            [swap.as_bytes(), b"\xFF\xFE"].concat(),
        );
    }
    for (title, text) in fields() {
        if ["at-the-top", "other-word"].contains(&title) {
            add(title, ".yaml.bak", text.clone().into_bytes());
            add(title, ".txt", text.clone().into_bytes());
        }
        add(title, ".yaml", text.into_bytes());
    }
    for (number, (kind, text)) in hidden_kinds().into_iter().enumerate() {
        for ending in HIDING_ENDINGS {
            add(
                &format!("hidden-{number}"),
                ending,
                text.clone().into_bytes(),
            );
        }
        // Where only a more generous parser reads on.
        for (title, more) in unreadable_ends() {
            let is_readable = title == "deep" || !kind.contains(['*', '<']) && !kind.contains("!!");
            if is_readable {
                add(
                    &format!("hidden-{number}-{title}"),
                    ".yaml",
                    format!("{text}{more}").into_bytes(),
                );
            }
        }
    }
    for (title, text) in read_by_go() {
        for ending in [".yaml", ".txt"] {
            add(title, ending, text.clone().into_bytes());
        }
    }
    for (title, text) in in_marks_of_templates() {
        for ending in [".yaml", ".txt", ".tpl"] {
            add(title, ending, text.clone().into_bytes());
        }
    }
    let flow = format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{password: {VALUE}}}}}"
    );
    for ending in [".env", ".ini", ".txt"] {
        add(
            "flow-with-a-comment",
            ending,
            format!("{flow} #=\n").into_bytes(),
        );
        add("as-a-section", ending, format!("[{flow}]\n").into_bytes());
    }
    for (title, bytes) in encodings(&plain().replace("kind", "\"k\\x69nd\"")) {
        add(&format!("hidden-{title}"), ".txt", bytes);
    }
    for (number, text) in values().into_iter().enumerate() {
        add(&format!("value-{number}"), ".yaml", text.into_bytes());
    }
    for (title, text) in json() {
        add(title, ".json", text.clone().into_bytes());
        add(title, ".yaml", text.clone().into_bytes());
        add(
            &format!("{title}-bom"),
            ".json",
            format!("\u{feff}{text}").into_bytes(),
        );
    }
    for (title, ending, text) in texts() {
        add(title, ending, text.into_bytes());
    }
    for (title, text) in templates() {
        for ending in [".yaml", ".yaml.tmpl", ".yaml.j2", ".tpl"] {
            add(title, ending, text.clone().into_bytes());
        }
    }
    all
}

/// Secrets whose values look like placeholders and settings. They are refused only if a creation rule names the file.
pub fn placeholders() -> Vec<Disguise> {
    const VALUES: [&str; 18] = [
        "REPLACE_ME",
        "CHANGEME",
        "secret",
        "default",
        "<password>",
        "<your-password-of-16-or-more>",
        "aaaaaaaa",
        "example-@",
        "@.example.com",
        "@-changeme",
        "your-@",
        "Dummy@",
        "xxx@",
        "${A:-@}",
        "${A:-changeme}",
        "${A%@}",
        "$(echo @)",
        "{{ cat `@` }}",
    ];
    let mut all = Vec::new();
    for (number, value) in VALUES.iter().enumerate() {
        let value = value.replace('@', VALUE);
        let text = format!("{HEAD}stringData:\n  password: '{value}'\n");
        let is_word = value.bytes().all(|byte| byte.is_ascii_lowercase());
        let broken = format!("{text}metadata: {{name: b}}\n");
        let template = format!("{text}  user: {{{{ .Values.user }}}}\n");
        for (title, ending, text) in [
            ("plain", ".yaml", &text),
            ("plain", ".txt", &text),
            ("plain", ".json", &json_of(&value)),
            ("key-twice", ".yaml", &broken),
            ("template", ".yaml", &template),
        ] {
            // A plain word in a template is the name of something.
            if title != "template" || !is_word {
                all.push(Disguise {
                    path: format!("secrets/placeholder-{number}-{title}{ending}"),
                    bytes: text.clone().into_bytes(),
                });
            }
        }
    }
    all
}

fn json_of(value: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"a"}},"stringData":{{"password":"{value}"}}}}"#
    )
}

/// What a file may be called that Kubernetes' programs, an editor or a person reads as the manifest that it is.
const ENDINGS: [&str; 28] = [
    ".yaml",
    ".yml",
    ".YAML",
    ".Yml",
    ".json",
    ".JSON",
    "",
    ".txt",
    ".conf",
    ".cfg",
    ".bak",
    ".yaml.bak",
    ".yaml~",
    ".yaml.orig",
    ".yaml.swp",
    ".yaml.old",
    ".yaml.save",
    ".yaml.1",
    ".yaml.j2",
    ".yaml.tmpl",
    ".yaml.tpl",
    ".yaml.gotmpl",
    ".yaml.erb",
    ".yaml.disabled",
    ".toml",
    ".properties",
    ".ini",
    ".env",
];

/// What no or not every parser of YAML reads.
fn broken(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let add = |more: &str| format!("{text}{more}").into_bytes();
    let in_value = |more: &str| {
        text.replace("name: am", &format!("name: am{more}"))
            .into_bytes()
    };
    let laughs: String = (1..12).fold("x0: &x0 [a, a, a, a]\n".to_owned(), |all, level| {
        let alias = format!("*x{}", level - 1);
        format!("{all}x{level}: &x{level} [{alias}, {alias}, {alias}, {alias}]\n")
    });
    vec![
        ("as-it-is", text.into()),
        ("key-twice", add("metadata: {name: b}\n")),
        ("integer-key", add("1: x\n")),
        ("float-key", add("1.5: x\n")),
        ("boolean-key", add("true: x\n")),
        ("null-key", add("~: x\n")),
        ("date-key", add("2026-01-01: x\n")),
        ("list-as-key", add("? [a, b]\n: x\n")),
        ("mapping-as-key", add("? {a: b}\n: x\n")),
        ("alias-as-key", add("x: &k y\n*k : z\n")),
        ("document-null", add("---\nnull\n")),
        ("document-tilde", add("---\n~\n")),
        ("document-list", add("---\n- a\n")),
        ("document-text", add("---\ntext\n")),
        ("document-without-marker", add("...\na: b\n")),
        ("list-before", format!("- a\n---\n{text}").into()),
        ("directive-1.2", format!("%YAML 1.2\n---\n{text}").into()),
        ("directive-1.1", format!("%YAML 1.1\n---\n{text}").into()),
        ("directive-unknown", format!("%FOO bar\n---\n{text}").into()),
        ("line-separator", in_value("\u{2028}b")),
        ("paragraph-separator", in_value("\u{2029}b")),
        ("next-line", in_value("\u{85}b")),
        ("byte-order-mark-inside", in_value("\u{feff}b")),
        ("byte-order-mark-in-a-document", format!("a: b\n---\n\u{feff}{text}").into()),
        ("slash-escape", add("type: \"a\\/b\"\n")),
        ("surrogate-escape", add("type: \"\\ud83d\\ude00\"\n")),
        ("anchor-of-dots", add("x: &a.b c\ny: *a.b\n")),
        ("anchor-at-a-bracket", add("x: &a{b: c}\n")),
        ("anchor-at-the-value", text.replace("stringData:", "stringData: &x").into()),
        ("integer-beyond-64-bits", add("type: 99999999999999999999999\n")),
        ("wrong-tag", add("x: !!int abc\n")),
        ("own-tag", text.replace("stringData:", "stringData: !custom").into()),
        ("merge-of-a-text", add("<<: text\n")),
        ("alias-of-itself", add("x: &x [*x]\n")),
        ("tab", add("\tx: y\n")),
        ("unclosed-quote", add("x: \"y\n")),
        ("unclosed-bracket", add("x: [\n")),
        ("unknown-alias", add("x: *y\n")),
        ("text-behind", add("... and more\n")),
        ("comment-with-a-zero", add("# a\0b\n")),
        ("latin-1-comment", [text.as_bytes(), b"# \xFC\n"].concat()),
        ("deep", add(&format!("x: {}{}\n", "[".repeat(1200), "]".repeat(1200)))),
        ("laughs", add(&laughs)),
        ("old-macintosh", text.replace('\n', "\r").into()),
        ("windows", text.replace('\n', "\r\n").into()),
        ("old-macintosh-broken", format!("{text}x: [\n").replace('\n', "\r").into()),
        (
            "conflict",
            text.replace("stringData:", "<<<<<<< HEAD\nstringData:\n  a: b\n=======\nstringData:\n>>>>>>> topic").into(),
        ),
        (
            "conflict-diff3",
            text.replace("  password", "<<<<<<< HEAD\n  user: b\n||||||| base\n=======\n  user: c\n>>>>>>> topic\n  password").into(),
        ),
        ("template-without-need", format!("{{{{- if .Values.on }}}}\n{text}{{{{- end }}}}\n").into()),
        ("jinja-without-need", format!("{{% if on %}}\n{text}{{% endif %}}\n").into()),
    ]
}

/// Names of files that nobody but kustomize, which takes any name, reads as YAML.
const HIDING_ENDINGS: [&str; 5] = [".yaml", ".txt", ".json", ".yaml.j2", ".ini"];

/// Ways to say the kind that a search for the word does not find, each with the Secret that has it.
fn hidden_kinds() -> Vec<(&'static str, String)> {
    let spellings = [
        "\"k\\x69nd\": Secret\n",
        "\"k\\u0069nd\": Secret\n",
        "\"\\U0000006bind\": Secret\n",
        "kind: \"\\x53ecret\"\n",
        "kind: \"Sec\\\n  ret\"\n",
        "kind:                                                                                  Secret\n",
        "type: &k Secret\nkind: *k\n",
        "type: &k kind\n*k : Secret\n",
        "kind: !!binary U2VjcmV0\n",
        "? !!binary a2luZA==\n: Secret\n",
        "<<: {kind: Secret}\n",
        "kind: ConfigMap\nkind: Secret\n",
        "kind: Secret\nkind: ConfigMap\n",
        "kind: Secret\napiVersion: x/v1\n",
    ];
    let with = |kind: &str| plain().replace("kind: Secret\n", kind);
    spellings.map(|kind| (kind, with(kind))).into()
}

/// What makes a text unreadable for strict parsers, or too large for ours.
fn unreadable_ends() -> [(&'static str, String); 3] {
    let deep = format!("type: {}{}\n", "[".repeat(1200), "]".repeat(1200));
    let tab = "type: {\n\ta: b}\n".to_owned();
    let aliases = format!("type: [&z [a, a], {}]\n", "[*z, *z], ".repeat(200));
    [("deep", deep), ("tab", tab), ("aliases", aliases)]
}

/// Breaks of lines, and other characters that only some readers of YAML take.
fn read_by_go() -> Vec<(&'static str, String)> {
    let kind = |before: &str| {
        plain().replace("kind: Secret\n", "").replace(
            "apiVersion: v1\n",
            &format!("{before}kind: Secret\napiVersion: v1\n"),
        )
    };
    let data = |mark: char| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: db}} # x{mark}stringData: {{password: {VALUE}}}\n"
        )
    };
    vec![
        ("kind-behind-a-line-separator", kind("# x\u{2028}")),
        ("kind-behind-a-paragraph-separator", kind("# x\u{2029}")),
        ("kind-behind-a-next-line", kind("# x\u{85}")),
        ("values-behind-a-line-separator", data('\u{2028}')),
        ("values-behind-a-paragraph-separator", data('\u{2029}')),
        ("values-behind-a-next-line", data('\u{85}')),
        (
            "hidden-behind-a-byte-order-mark",
            format!(
                "\u{feff}a: b\n---\n\u{feff}{}",
                plain()
                    .replace("apiVersion: v1\nkind", "\"k\\x69nd\"")
                    .replace("metadata:", "apiVersion: v1\nmetadata:")
            ),
        ),
        (
            "tab-in-brackets",
            format!("{HEAD}stringData: {{\n\tpassword: {VALUE}}}\n"),
        ),
    ]
}

/// Secrets between the marks of a template that are in comments or values.
fn in_marks_of_templates() -> Vec<(&'static str, String)> {
    let tab = "type: {\n\ta: b}\n";
    let between =
        |begin: &str, text: &str, end: &str| format!("{begin}\n{text}{end}\nimmutable: true\n");
    vec![
        ("in-marks", between("# {{", &plain(), "# }}")),
        (
            "in-marks-with-a-tab",
            between("# {{", &format!("{}{tab}", plain()), "# }}"),
        ),
        (
            "in-marks-of-erb",
            between("# <%", &format!("{}{tab}", plain()), "# %>"),
        ),
        (
            "in-marks-of-jinja",
            between("# {%", &format!("{}{tab}", plain()), "# %}"),
        ),
        (
            "in-a-comment-of-helm",
            between("# {{/*", &format!("{}{tab}", plain()), "# */}}"),
        ),
        (
            "in-quoted-marks",
            between("$y: '{{'", &format!("{}{tab}", plain()), "$z: '}}'"),
        ),
        (
            "mark-as-a-value",
            format!("{HEAD}{tab}stringData: {{\"password\": \"{VALUE}\", \"a\": \"{{{{\"}}\n"),
        ),
        (
            "hidden-field-with-a-tab",
            format!("{HEAD}{tab}\"\\x64ata\": {{\"password\": \"{BASE64}\"}}\n"),
        ),
    ]
}

/// Encodings that a text is saved in by accident, on Windows above all.
pub(crate) fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let utf32 = |text: &str, bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
        text.chars().map(u32::from).flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{text}");
    vec![
        ("utf-8-bom", marked.clone().into()),
        ("utf-16-le", utf16(text, u16::to_le_bytes)),
        ("utf-16-be", utf16(text, u16::to_be_bytes)),
        ("utf-16-le-bom", utf16(&marked, u16::to_le_bytes)),
        ("utf-16-be-bom", utf16(&marked, u16::to_be_bytes)),
        ("utf-32-le", utf32(text, u32::to_le_bytes)),
        ("utf-32-be", utf32(text, u32::to_be_bytes)),
        ("utf-32-le-bom", utf32(&marked, u32::to_le_bytes)),
        ("utf-32-be-bom", utf32(&marked, u32::to_be_bytes)),
    ]
}

/// Ways to say that an object is a Secret, and places to have one in.
fn kinds() -> Vec<(String, String)> {
    let spellings = [
        "kind: \"Secret\"",
        "'kind': Secret",
        "kind: Secret # of ours",
        "kind : Secret",
        "kind: !!str Secret",
        "kind: &a Secret",
        "kind: >-\n  Secret",
        "kind:\n  Secret",
        "? kind\n: Secret",
        "\"kind\": 'Secret'",
    ];
    let of_spelling = |(number, kind): (usize, &str)| {
        (
            format!("kind-{number}"),
            plain().replace("kind: Secret", kind),
        )
    };
    let mut all: Vec<_> = spellings.into_iter().enumerate().map(of_spelling).collect();
    let item = plain().replace('\n', "\n  ");
    let item = item.trim_end();
    let flow = format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{password: {VALUE}}}}}"
    );
    for (title, text) in [
        ("base64", format!("{HEAD}data:\n  password: {BASE64}\n")),
        (
            "block-scalar",
            format!("{HEAD}stringData:\n  conf: |\n    password={VALUE}\n"),
        ),
        (
            "in-a-list",
            format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n"),
        ),
        (
            "in-a-list-in-flow",
            format!("apiVersion: v1\nkind: List\nitems: [{flow}]\n"),
        ),
        (
            "in-a-list-of-lists",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{flow}]\n"
            ),
        ),
        (
            "secret-list",
            format!(
                "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {{name: a}}\n  stringData: {{password: {VALUE}}}\n"
            ),
        ),
        (
            "in-a-template-of-openshift",
            format!(
                "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: a}}\nobjects:\n- {item}\n"
            ),
        ),
        (
            "second-document",
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n---\n{}",
                plain()
            ),
        ),
        (
            "behind-many-documents",
            format!("{}{}", "a: b\n---\n".repeat(50), plain()),
        ),
    ] {
        all.push((title.to_owned(), text));
    }
    all
}

/// Fields in which a Secret has values by mistake, or that bring them in from elsewhere.
fn fields() -> Vec<(&'static str, String)> {
    let with = |fields: &str| format!("{HEAD}{}", fields.replace('@', VALUE));
    vec![
        ("lower-case", with("stringdata:\n  password: @\n")),
        ("upper-case", with("StringData:\n  password: @\n")),
        ("plural", with("stringDatas:\n  password: @\n")),
        ("snake-case", with("string_data:\n  password: @\n")),
        ("other-word", with("secretData:\n  password: @\n")),
        ("of-a-config-map", with("binaryData:\n  password: @\n")),
        ("at-the-top", with("password: @\n")),
        (
            "under-spec",
            with("spec:\n  stringData:\n    password: @\n"),
        ),
        (
            "misspelt-beside-data",
            with("data:\n  a: ''\nstringDta:\n  password: @\n"),
        ),
        (
            "nested",
            with("stringData:\n  app:\n    db:\n      password: @\n"),
        ),
        ("list", with("stringData:\n  app:\n  - password: @\n")),
        ("list-in-place", with("stringData:\n- @\n")),
        ("text-in-place", with("stringData: @\n")),
        (
            "merged-part",
            with("x-base: &base\n  password: @\nstringData:\n  <<: *base\n"),
        ),
        (
            "aliased-part",
            with("x-base: &base\n  password: @\nstringData: *base\n"),
        ),
        (
            "aliased-value",
            with("metadata: {name: a, annotations: {a: &p '@'}}\nstringData: {password: *p}\n")
                .replace("metadata:\n  name: am\n", ""),
        ),
        (
            "deletion-with-values",
            with("$patch: delete\nstringData:\n  password: @\n"),
        ),
        ("merged-object", with("<<: {stringData: {password: '@'}}\n")),
        (
            "kind-in-lower-case",
            with("stringData:\n  password: @\n").replace("kind: Secret", "kind: secret"),
        ),
        (
            "kind-misspelt",
            with("stringData:\n  password: @\n").replace("kind: Secret", "kind: Secrets"),
        ),
        (
            "kind-missing",
            with("stringData:\n  password: @\n").replace("kind: Secret\n", ""),
        ),
        ("data-in-plaintext", with("data:\n  password: @\n")),
        (
            "data-in-several-lines",
            format!(
                "{HEAD}data:\n  password: |\n    aHVudGVyMi1N\n    YXJrZXI=\n  other: {BASE64}\n"
            ),
        ),
    ]
}

/// Values that look like ciphertext, a reference or what is public, with the secret in them.
fn values() -> Vec<String> {
    let values = [
        "'{{ x }}@'",
        "'@{{}}'",
        "'@${X}'",
        "'${X}@'",
        "'$(X)@'",
        "'@<%= x %>'",
        "'<@>'",
        "'<@ '",
        "'...@'",
        "'$@'",
        "'${@}'",
        "'__@__'",
        "'vault:@'",
        "'env:@'",
        "'ref+vault://@'",
        "'op://@'",
        "'arn:aws:@'",
        "'AQICAH@'",
        "'age1 @'",
        "'ssh-rsa AAAA @'",
        "'sha256:@'",
        "\"-----BEGIN CERTIFICATE-----\\n@\"",
        "|\n    {{ x }}\n    @",
        "|\n    # of ${X}\n    @",
        "'ENC[AES256_GCM,@'",
        "'ENC[AES256_GCM,data:@,iv:pA==,tag:pA==,type:str]'",
        "|\n    ENC[AES256_GCM,data:pA==,iv:pA==,tag:pA==,type:str]\n    @",
    ];
    let values = values.map(|value| value.replace('@', VALUE)).into_iter();
    let begun = format!("'ENC[AES256_GCM,data:{BASE64},iv:pA==,tag:pA==,type:str]'");
    let values = values.chain([begun]);
    values
        .map(|value| format!("{HEAD}stringData:\n  password: {value}\n"))
        .collect()
}

/// JSON as programs write it, and what is nearly JSON.
fn json() -> Vec<(&'static str, String)> {
    let compact = json_of(VALUE);
    let pretty = format!(
        "{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {{\"name\": \"a\"}},\n  \"stringData\": {{\n    \"password\": \"{VALUE}\"\n  }}\n}}\n"
    );
    vec![
        ("json-compact", compact.clone()),
        ("json-pretty", pretty.clone()),
        ("json-tabs", pretty.replace("  ", "\t")),
        ("json-array", format!("[{compact}]")),
        ("json-lines", format!("{compact}\n{compact}\n")),
        ("json-concatenated", format!("{compact}{compact}")),
        (
            "json-trailing-comma",
            pretty.replace("\n  }\n", ",\n  }},\n").replace("}},", "},"),
        ),
        (
            "json-comment",
            pretty.replace("{\n  \"api", "{\n  // ours\n  \"api"),
        ),
        ("json-comment-of-c", format!("/* ours */ {pretty}")),
        (
            "json-key-twice",
            compact.replace("\"metadata\"", "\"kind\":\"Secret\",\"metadata\""),
        ),
        (
            "json-kind-twice",
            compact.replace("\"kind\"", "\"kind\":\"ConfigMap\",\"kind\""),
        ),
        (
            "json-version-twice",
            compact.replace("\"apiVersion\"", "\"apiVersion\":\"x/v1\",\"apiVersion\""),
        ),
        (
            "json-hidden-in-the-second",
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"}}\n{}",
                compact.replace("kind", "\\u006bind")
            ),
        ),
        (
            "json-hidden-with-text-behind",
            format!("{} xx", compact.replace("kind", "\\u006bind")),
        ),
        (
            "json-hidden-behind-a-marker",
            format!("---\n{}", compact.replace("kind", "\\u006bind")),
        ),
        (
            "json-hidden-behind-a-comment",
            format!("# a\n{}", compact.replace("kind", "\\u006bind")),
        ),
        ("json-cut-off", compact[..compact.len() - 1].to_owned()),
        (
            "json-in-a-list",
            format!(r#"{{"apiVersion":"v1","kind":"List","items":[{compact}]}}"#),
        ),
        (
            "json-secret-list",
            format!(
                r#"{{"kind":"SecretList","apiVersion":"v1","items":[{{"metadata":{{"name":"a"}},"data":{{"p":"{BASE64}"}}}}]}}"#
            ),
        ),
        (
            "json-escapes",
            compact.replace("\"v1\"", "\"v1\",\"type\":\"\\/\\ud83d\\ude00\""),
        ),
    ]
}

/// Templates with the value in them as it is.
fn templates() -> Vec<(&'static str, String)> {
    vec![
        (
            "helm-branches",
            format!(
                "{HEAD}{{{{- if .Values.a }}}}\nstringData:\n  password: {VALUE}\n{{{{- else }}}}\nstringData:\n  password: {{{{ .Values.b }}}}\n{{{{- end }}}}\n"
            ),
        ),
        (
            "helm-name",
            plain().replace(
                "name: am",
                "name: {{ include \"chart.name\" . }}-{{ .Release.Name }}",
            ),
        ),
        (
            "helm-labels",
            plain().replace(
                "  name: am\n",
                "  name: am\n  labels:\n    {{- include \"chart.labels\" . | nindent 4 }}\n",
            ),
        ),
        (
            "helm-base64",
            format!("{HEAD}data:\n  password: {BASE64}\n  user: {{{{ .Values.user | b64enc }}}}\n"),
        ),
        (
            "jinja-loop",
            format!(
                "{{% for a in b %}}\n{HEAD}stringData:\n  password: {VALUE}\n  user: {{{{ a }}}}\n{{% endfor %}}\n"
            ),
        ),
        (
            "helm-range",
            format!(
                "{{{{- range .Values.names }}}}\n---\n{HEAD}stringData:\n  name: {{{{ . }}}}\n  password: {VALUE}\n{{{{- end }}}}\n"
            ),
        ),
        (
            "literal-in-an-action",
            format!("{HEAD}data:\n  password: {{{{ \"{VALUE}\" | b64enc }}}}\n"),
        ),
        (
            "literal-in-a-quoted-action",
            format!("{HEAD}data:\n  password: '{{{{ \"{VALUE}\" | b64enc }}}}'\n"),
        ),
        (
            "literal-as-a-default",
            format!(
                "{HEAD}stringData:\n  password: {{{{ .Values.pw | default \"{VALUE}\" | quote }}}}\n"
            ),
        ),
        (
            "literal-in-a-variable",
            format!(
                "{{{{- $password := \"{VALUE}\" }}}}\n{HEAD}stringData:\n  password: {{{{ $password }}}}\n"
            ),
        ),
    ]
}

/// Files that are to pass: each with its path, of which those below `charts/` are what Helm has.
pub fn innocents() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |path: &str, text: &str| all.push((path.to_owned(), text.to_owned()));
    for (number, (path, text)) in innocent_texts().iter().enumerate() {
        let (folder, name) = path.split_once('/').unwrap_or_default();
        add(&format!("{folder}/{number}/{name}"), text);
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
    // What cannot be told without Helm.
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
