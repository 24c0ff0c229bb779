//! A secret in a layer of an image.

use std::borrow::Cow;
use std::path::Path;

use crate::finding::Severity;
use crate::likeness::{Likeness, judge, token};
use crate::report::Report;
use crate::rule::{Check, Rule};

pub(crate) static RULE: Rule = Rule {
    code: "SL009",
    name: "secret-in-image",
    severity: Severity::Error,
    page: include_str!("secret_in_image.md"),
    checks: &[Check::File(check)],
};

/// Files that hold secrets, by the ends of their names.
const FILES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    ".agekey",
    "keys.txt",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".key",
    "-key.pem",
    "key.pem",
    "privkey.pem",
    ".npmrc",
    ".netrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".dockercfg",
    ".docker/config.json",
    ".kube/config",
    "kubeconfig",
    ".aws/credentials",
    "service-account.json",
    ".htpasswd",
    ".env",
    ".ssh",
    ".aws",
    ".gnupg",
    "secrets.yaml",
    "secrets.yml",
    "secret.yaml",
    "secrets.json",
];

fn check(report: &mut Report<'_>) {
    if !is_dockerfile(report.input.path) {
        return;
    }
    let text = readable(report.input.bytes);
    for (start, instruction) in instructions(&text) {
        let word = instruction.split_whitespace().next().unwrap_or_default();
        let rest = instruction[word.len()..].trim();
        let message = match word.to_ascii_uppercase().as_str() {
            "ENV" | "ARG" => assignment(rest).map(|(name, likeness)| {
                format!("`{word} {name}` puts {} into the image", likeness.what())
            }),
            "COPY" | "ADD" => {
                copied(rest).map(|name| format!("`{word}` puts `{name}` into a layer of the image"))
            }
            "RUN" | "LABEL" | "CMD" | "ENTRYPOINT" => token::find(rest)
                .filter(|_| !rest.contains("--mount=type=secret"))
                .map(|what| format!("`{word}` holds {what}")),
            _ => None,
        };
        if let Some(message) = message {
            report
                .span(start..start + instruction.len(), message)
                .help("everybody who pulls the image reads it, also where a later layer removes it; use `RUN --mount=type=secret`, or mount it at run time");
        }
    }
}

/// The text with the same offsets: a comment in another encoding is no reason to see nothing.
fn readable(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes
            .iter()
            .map(|byte| char::from(if byte.is_ascii() { *byte } else { b'?' }))
            .collect(),
    }
}

fn is_dockerfile(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    ["Dockerfile", "Containerfile"].iter().any(|kind| {
        name == *kind
            || name.starts_with(&format!("{kind}."))
            || name.ends_with(&format!(".{kind}"))
    }) || name.ends_with(".dockerfile")
}

/// The instructions with their places, lines that are continued taken together.
fn instructions(text: &str) -> Vec<(usize, &str)> {
    let mut instructions = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim();
        if content.starts_with('#') || content.is_empty() {
            continue;
        }
        let begin = *open.get_or_insert(start + line.len() - line.trim_start().len());
        if !content.ends_with('\\') {
            instructions.push((begin, text[begin..at].trim_end()));
            open = None;
        }
    }
    instructions.extend(open.map(|begin| (begin, text[begin..].trim_end())));
    instructions
}

/// The first assignment of a secret, as `NAME=value …` or the older `NAME value`.
fn assignment(rest: &str) -> Option<(&str, Likeness)> {
    let first = rest.split_whitespace().next()?;
    if !first.contains('=') {
        let value = rest[first.len()..].trim();
        return judge(first, value).map(|likeness| (first, likeness));
    }
    rest.split_whitespace().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        judge(name, value).map(|likeness| (name, likeness))
    })
}

/// The first source that holds secrets by its name.
fn copied(rest: &str) -> Option<&str> {
    let words: Vec<_> = rest
        .split(|c: char| c.is_whitespace() || "[],\"".contains(c))
        .filter(|word| !word.is_empty() && !word.starts_with("--"))
        .collect();
    // What comes from another stage, and where it goes, is no source here.
    let (_, sources) = words.split_last()?;
    let sources = sources.iter().filter(|_| !rest.contains("--from="));
    // What is at an address is published already, as what is called public.
    let is_public = |source: &&str| source.contains("://") || source.contains("public");
    let mut sources = sources.copied().filter(|source| !is_public(source));
    sources.find(|source| {
        let name = source.trim_end_matches('/');
        let of = |file: &&str| match file.strip_prefix('.') {
            Some(_) => name.ends_with(*file),
            None => {
                name == *file
                    || name.ends_with(&format!("/{file}"))
                    || file.starts_with('-') && name.ends_with(*file)
            }
        };
        FILES.iter().any(of)
    })
}
