//! Secrets that only some parsers recognize.

use super::secret::{BASE64, HEAD, VALUE, plain};

/// Extensions for hidden Secrets. For some of them, only kustomize reads the file as YAML, because
/// it accepts any name.
pub(super) const HIDING_ENDINGS: [&str; 5] = [".yaml", ".txt", ".json", ".yaml.j2", ".ini"];

/// Spellings of `kind: Secret` that a text search misses, each in a complete Secret.
pub(super) fn hidden_kinds() -> Vec<(&'static str, String)> {
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

/// Line breaks and other characters that only some YAML parsers accept.
pub(super) fn read_by_go() -> Vec<(&'static str, String)> {
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

/// Secrets in comments or values that are between the delimiters of a template.
pub(super) fn in_marks_of_templates() -> Vec<(&'static str, String)> {
    let tab = "namespace: {\n\ta: b}\n";
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
