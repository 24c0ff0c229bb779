//! Plaintext Secrets that don't look like one, and files that look like one but are not.
//!
//! Each disguise happens by accident, or some reader of YAML or JSON sees through it: kubectl,
//! kustomize, Helm, or a user who resolves a merge conflict or decodes a file.

mod broken;
mod encodings;
mod hidden;
mod innocents;
mod json;
mod objects;
mod secret;
mod templates;
mod texts;

use broken::{broken, unreadable_ends};

use hidden::{HIDING_ENDINGS, hidden_kinds, in_marks_of_templates, read_by_go};
use json::{json, json_of};
use objects::{fields, kinds, values};
use secret::{HEAD, plain, with_template_in_a_value};
use templates::templates;
use texts::texts;

pub(crate) use encodings::encodings;
pub use innocents::innocents;
pub use secret::{BASE64, VALUE};

/// A file that contains a plaintext Secret.
#[derive(Clone, Debug)]
pub struct Disguise {
    /// The unique path of the file, below `secrets/`.
    pub path: String,
    /// The content of the file.
    pub bytes: Vec<u8>,
}

impl Disguise {
    /// Whether the secret value is readable in the bytes.
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

/// All disguises. A creation rule for `secrets/` covers each of them.
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
        for (name, bytes) in broken(&text) {
            add(&format!("{title}-{name}"), ".yaml", bytes);
        }
        for ending in ENDINGS {
            add(title, ending, text.clone().into_bytes());
        }
        for (name, bytes) in encodings(&text) {
            for ending in [".yaml", ".txt", ""] {
                add(&format!("{title}-{name}"), ending, bytes.clone());
            }
        }
    }
    for (title, text) in kinds() {
        add(&title, ".yaml", text.clone().into_bytes());
        // The same Secret in a file that only a lenient parser accepts.
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
        // Endings after which only a more lenient parser reads on.
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

/// Secrets whose values look like placeholders or settings. They are rejected only if a creation
/// rule covers the file.
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
            // In a template, a plain word is usually a name.
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

/// Extensions of files that Kubernetes tools, an editor or a user would read as a manifest.
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
