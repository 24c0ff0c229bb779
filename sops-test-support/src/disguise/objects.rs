//! Spellings of the kind, the fields and the values of a Secret.

use super::secret::{BASE64, HEAD, VALUE, plain};

/// Spellings of the kind of a Secret, and places where a Secret can be.
pub(super) fn kinds() -> Vec<(String, String)> {
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

/// Fields that contain values of a Secret by mistake, or that fetch them from elsewhere.
pub(super) fn fields() -> Vec<(&'static str, String)> {
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
            "misspelled-beside-data",
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
            "kind-misspelled",
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

/// Values that look like ciphertext, a reference or public data, but contain the secret.
pub(super) fn values() -> Vec<String> {
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
