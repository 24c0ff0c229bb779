//! Texts that some or all YAML parsers reject.

/// Variants of `text` that some or all YAML parsers reject.
pub(super) fn broken(text: &str) -> Vec<(&'static str, Vec<u8>)> {
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
        ("text-after", add("... and more\n")),
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

/// Endings that make a file invalid for strict parsers, or too large for ours.
pub(super) fn unreadable_ends() -> [(&'static str, String); 3] {
    let deep = format!("type: {}{}\n", "[".repeat(1200), "]".repeat(1200));
    let tab = "namespace: {\n\ta: b}\n".to_owned();
    let aliases = format!("type: [&z [a, a], {}]\n", "[*z, *z], ".repeat(200));
    [("deep", deep), ("tab", tab), ("aliases", aliases)]
}
