//! Every finding shows its line, points to the key or the value, and hides what may be secret.

mod harness;

use std::path::Path;

use harness::{ROOT, cases_of, lint, linter};
use sops_core::config::Config;
use sops_document::{Document, Shape};
use sops_lint::{Finding, Input, RULES, secret_fields, secrets};
use sops_test_support::disguise::{Disguise, disguises};
use sops_test_support::environment::recipient;
use sops_test_support::kustomize::kustomizations;

/// Rules whose findings are secret values.
const OF_VALUES: [&str; 9] = [
    "SL001", "SL004", "SL005", "SL006", "SL009", "SL010", "SL014", "SL019", "SL020",
];

/// The line of the finding, and the position in the line.
fn line_of<'t>(text: &'t str, finding: &Finding) -> (&'t str, usize) {
    let at = finding.location.offset;
    let start = text[..at].rfind('\n').map_or(0, |last| last + 1);
    let line = text[start..].split(['\n', '\r']).next().unwrap_or_default();
    (line, at - start)
}

/// The values of the Secrets in `text`; empty if it cannot be parsed.
fn secret_values(text: &str) -> Vec<String> {
    let Ok(document) = Document::parse_leniently(text) else {
        return Vec::new();
    };
    let fields = secrets(&document).into_iter().flat_map(secret_fields);
    let values = fields.filter(|field| field.is_part()).flat_map(|field| {
        let values = field.values().into_iter();
        values
            .map(|value| text[value.origin].trim_matches(['"', '\'']).to_owned())
            .collect::<Vec<_>>()
    });
    values.collect()
}

#[test]
fn each_finding_shows_its_line_and_points_to_a_key_or_a_value() {
    let linter = linter();
    let mut wrong = Vec::new();
    let mut shown = 0;
    for rule in RULES {
        for (_, title, files) in cases_of(rule) {
            for finding in lint(&linter, &files) {
                let text = &files.0[&Path::new(ROOT).join(&finding.place)];
                let (line, at) = line_of(text, &finding);
                if line.trim().is_empty() {
                    continue;
                }
                let place = format!("{title}: {} {line}", finding.rule.code);
                let Some(excerpt) = &finding.excerpt else {
                    wrong.push(format!("{place}: no excerpt"));
                    continue;
                };
                shown += 1;
                let pointed = &excerpt.text[excerpt.span.clone()];
                let before_mask = pointed.split(['*', '…']).next().unwrap_or_default();
                let is_key_or_value = line[at..].starts_with(before_mask);
                let is_place = line[..at].chars().count() + 1 == finding.location.column;
                if pointed.trim().is_empty() || !is_key_or_value || !is_place {
                    wrong.push(format!("{place}: {excerpt:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(shown > 200, "{shown}");
}

#[test]
fn no_excerpt_shows_a_value_that_is_reported_or_in_a_secret() {
    let linter = linter();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for rule in RULES {
        for (_, title, files) in cases_of(rule) {
            let findings = lint(&linter, &files);
            for finding in &findings {
                let text = &files.0[&Path::new(ROOT).join(&finding.place)];
                let values = findings.iter().filter(|other| {
                    other.place == finding.place && OF_VALUES.contains(&other.rule.code)
                });
                let values = values.map(|other| text[other.location.offset..other.end].to_owned());
                let mut hidden: Vec<String> = values.chain(secret_values(text)).collect();
                // A mapping, a path and the type of an object are not secret, and the message shows
                // a name.
                hidden.retain(|value| {
                    let is_open = value.contains(": ")
                        || value.starts_with("./")
                        || value == "bitnami.com/v1alpha1";
                    value.len() > 3 && !is_open && !finding.message.contains(value)
                });
                let shown = finding.excerpt.as_ref().map_or("", |excerpt| &excerpt.text);
                for value in hidden {
                    tried += 1;
                    if shown.contains(value.trim()) {
                        wrong.push(format!("{title}: {} {shown}", finding.rule.code));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 200, "{tried}");
}

#[test]
fn no_excerpt_shows_a_secret_in_disguise() {
    let linter = linter();
    let text = format!(
        "creation_rules:\n- path_regex: ^secrets/\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    let file = Path::new(ROOT).join(".sops.yaml");
    let config =
        Config::parse(text.as_bytes(), &file, Path::new(ROOT)).expect("the input is valid");
    let all = disguises().into_iter();
    let all = all.chain(kustomizations().into_iter().flatten());
    let mut shown = 0;
    for Disguise { path, bytes } in all {
        for config in [None, Some(&config)] {
            let absolute = Path::new(ROOT).join(&path);
            let input = Input::new(&path, &absolute, &bytes).with_config(config);
            for finding in linter.lint(&input).findings {
                if let Some(excerpt) = finding.excerpt {
                    shown += 1;
                    let is_open = Disguise::shows_value(excerpt.text.as_bytes());
                    assert!(!is_open, "{path}: {}", excerpt.text);
                }
            }
        }
    }
    assert!(shown > 200, "{shown}");
}

/// The excerpts of the findings in a manifest.
fn excerpts(text: &str) -> Vec<String> {
    let path = Path::new(ROOT).join("manifest.yaml");
    let linted = linter().lint(&Input::new("manifest.yaml", &path, text.as_bytes()));
    let excerpts = linted
        .findings
        .into_iter()
        .filter_map(|finding| finding.excerpt);
    excerpts.map(|excerpt| excerpt.text).collect()
}

#[test]
fn settings_and_names_are_readable_and_secrets_are_not() {
    for (text, shown) in [
        (
            "kind: Pod\nspec:\n  containers:\n  - env: [{name: PASSWORD, value: hunter2}, {name: TOKEN, value: correct-horse}]\n",
            vec![
                "  - env: [{name: PASSWORD, value: ***}, {name: TOKEN, value: ***}]",
                "  - env: [{name: PASSWORD, value: ***}, {name: TOKEN, value: ***}]",
            ],
        ),
        (
            "kind: Pod\nspec:\n  containers:\n  - volumeMounts: [{name: s, mountPath: /s}]\n  volumes: [{name: s, secret: {secretName: db}}]\n",
            vec!["  - volumeMounts: [{name: s, mountPath: /s}]"],
        ),
        (
            "kind: ConfigMap\ndata:\n  a.yml: |\n    name: web # hunter2\n    db: {user: 'app', password: 'correct-horse-2'}\n    other: {token: correct-horse-1}\n",
            vec![
                "    db: {user: ***, password: ***}",
                "    other: {token: ***}",
            ],
        ),
        (
            "kind: ConfigMap\ndata:\n  run.sh: |\n    export PGPASSWORD=hunter2 X=y\n",
            vec!["    export PGPASSWORD=***"],
        ),
        // Texts that may be values are hidden: a tag, an anchor, a comment in a value, and a value
        // that is also a name.
        (
            "kind: ConfigMap\ndata:\n  a.yml: |\n    {a: !hunter2 , b: &hunter2 , c: !!str x, token: 'correct-horse-1'}\n",
            vec!["    {a: *** , b: *** , c: !!str ***, token: ***}"],
        ),
        (
            "kind: Secret\nstringData:\n  a: |\n    # sops-rs: allow SL001 -- hunter2\n",
            vec!["  a: ***", "    ***"],
        ),
        (
            "kind: Pod\nspec: {containers: [{name: hunter2-x1, env: [{name: PASSWORD, value: hunter2-x1}]}]}\n",
            vec!["spec: {containers: [{name: hunter2-x1, env: [{name: PASSWORD, value: ***}]}]}"],
        ),
        (
            "kind: Secret\nstringData: {name: hunter2, key: correct-horse}\n",
            vec!["stringData: {name: ***, key: ***}"],
        ),
        (
            "kind: Secret\nmetadata: {name: db}\nstringData: # hunter2\n  config.yaml: |\n    name: hunter2\n",
            vec!["  config.yaml: ***"],
        ),
        (
            "kind: Pod\nspec:\n  containers:\n  - {image: ghp_abcdefghijklmnopqrstuvwxyz0123456789, env: [{name: A, value: ghp_abcdefghijklmnopqrstuvwxyz0123456789}]}\n",
            vec![
                "  - {image: ***, env: [{name: A, value: ***}]}",
                "  - {image: ***, env: [{name: A, value: ***}]}",
            ],
        ),
        // Texts that look generated are hidden under any name. Names, images and digests are not
        // hidden.
        (
            "kind: Pod\nspec:\n  containers:\n  - {image: k8Fj29dkPlainKd92, path: /a/p4ssw0rd9x, role: x9K2mQ7v, env: [{name: PASSWORD, value: hunter2}]}\n",
            vec!["  - {image: ***, path: ***, role: ***, env: [{name: PASSWORD, value: ***}]}"],
        ),
        (
            "kind: Pod\nspec:\n  containers:\n  - {image: 'ghcr.io/acme/web2:v1.2.3-rc1', name: oauth2-proxy, env: [{name: PASSWORD, value: hunter2}]}\n",
            vec![
                "  - {image: 'ghcr.io/acme/web2:v1.2.3-rc1', name: oauth2-proxy, env: [{name: PASSWORD, value: ***}]}",
            ],
        ),
    ] {
        assert_eq!(excerpts(text), shown, "{text}");
    }
}

#[test]
fn a_secret_that_repeats_its_key_is_masked() {
    let pod =
        "kind: Pod\nspec:\n  containers:\n  - env:\n    - name: password\n      value: password\n";
    for (path, text, expected) in [
        (
            "values.yaml",
            "db:\n  password: password\n",
            "  password: ***",
        ),
        (
            "values.yaml",
            "{password: \"password\"}\n",
            "{password: ***}",
        ),
        (".env", "password=password\n", "password=***"),
        ("pod.yaml", pod, "      value: ***"),
    ] {
        let absolute = Path::new(ROOT).join(path);
        let linted = linter().lint(&Input::new(path, &absolute, text.as_bytes()));
        let excerpts = linted.findings.iter().map(|finding| &finding.excerpt);
        let shown: Vec<_> = excerpts
            .flatten()
            .map(|excerpt| excerpt.text.as_str())
            .collect();
        assert_eq!(shown, [expected], "{text}");
    }
}

#[test]
fn a_long_line_is_shown_around_the_finding() {
    let many = "{\"name\": \"a\"}, ".repeat(2_000);
    let text = format!(
        "{{\"kind\": \"Pod\", \"spec\": {{\"containers\": [{many}{{\"env\": [{{\"name\": \"PASSWORD\", \"value\": \"hunter2\"}}]}}]}}}}"
    );
    let shown = excerpts(&text);
    assert_eq!(shown.len(), 1);
    assert!(shown[0].len() < 300, "{}", shown[0]);
    assert!(shown[0].starts_with('…'), "{}", shown[0]);
    let value = "{\"name\": \"PASSWORD\", \"value\": ***}]}]}}";
    assert!(shown[0].ends_with(value), "{}", shown[0]);
    let document = Document::parse_leniently(&text).expect("the text is YAML");
    assert_eq!(
        document.tops().flatten().next().map(|top| top.shape()),
        Some(Shape::Mapping)
    );
}

#[test]
fn no_output_shows_a_secret_that_is_used_as_a_name() {
    const SECRET: &str = "k8Fj29dkPlainKd92";
    let texts = [
        (".env", format!("SECRET_KEY: {SECRET}=\n")),
        (
            "b.env",
            format!("export PASSWORD:{SECRET} TOKEN=x\nAuthorization: Bearer {SECRET}==\n"),
        ),
        (
            ".netrc",
            format!("machine h login a password {SECRET} account: x\n"),
        ),
        (
            "kustomization.yaml",
            format!(
                "secretGenerator:\n- literals:\n  - {SECRET}==\n  - postgres://u:{SECRET}@h/db?ssl=on\n"
            ),
        ),
        (
            "a.yaml",
            format!("password: hunter2xQ9 # old {SECRET} # sops-rs: allow SL001 -- no\n"),
        ),
        (
            "b.yaml",
            format!(
                "kind: Secret\napiVersion: v1\nmetadata: {{name: a}}\nstringData: {{kind: {SECRET}, apiVersion: v{SECRET}}} # {SECRET}\n"
            ),
        ),
        (
            "c.yaml",
            format!(
                "kind: Secret\napiVersion: v1\nmetadata: {{name: a}}\nimmutable: {{x: a, version: {SECRET}}}\nstringData: {{a: {{{SECRET}}}, b: [{SECRET}: x]}}\n"
            ),
        ),
    ];
    let linter = linter();
    for (name, text) in texts {
        let path = Path::new(ROOT).join(name);
        let input = Input::new(name, &path, text.as_bytes());
        let findings = linter.lint(&input).findings;
        assert!(!findings.is_empty(), "{name}");
        for finding in findings {
            let excerpt = finding
                .excerpt
                .map_or(String::new(), |excerpt| excerpt.text);
            let shown = format!("{} {excerpt} {:?}", finding.message, finding.path);
            assert!(!shown.contains(SECRET), "{name}: {shown}");
        }
    }
}
