//! Each rule against its fixtures: small repositories in which it must find something, and at least
//! as many in which it must not.

mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::{Files, ROOT, cases, cases_of, lint, linter};
use sops_lint::{
    Finding, FixAvailability, Input, Linter, RULES, Rule, RuleGroup, Settings, Severity,
};

/// Marks the end of each line that must be reported.
const MARK: &str = "# <-";

/// The linter for the fixture of a rule, which may be off by default.
fn linter_of(rule: &Rule) -> Linter {
    if RuleGroup::of(rule) == RuleGroup::Secrets {
        return linter();
    }
    let settings = b"select: [pods]\npods:\n  registries: [ghcr.io/acme, registry.example.com]\n  untrustedNamespaces: [sandbox]\n  signedImages: [ghcr.io/acme/signed]\n";
    Settings::parse(settings)
        .and_then(Linter::new)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_rule_reports_exactly_the_marked_lines() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let linter = linter_of(rule);
        let cases = cases_of(rule);
        let reports = cases.iter().filter(|(report, ..)| *report).count();
        assert!(
            reports > 0 && cases.len() >= 2 * reports,
            "{}: {reports} of {}",
            rule.name,
            cases.len()
        );
        for (report, title, files) in cases {
            let findings = lint(&linter, &files);
            let findings: Vec<_> = findings
                .iter()
                .filter(|finding| finding.rule.code == rule.code)
                .collect();
            let places: Vec<_> = findings
                .iter()
                .map(|finding| {
                    let line = finding.location.line;
                    (finding.file.clone(), line, finding.message.clone())
                })
                .collect();
            if report == findings.is_empty() {
                wrong.push(format!("{}: {title}: {places:?}", rule.name));
                continue;
            }
            let mut marked: Vec<_> = files
                .0
                .iter()
                .flat_map(|(path, text)| {
                    let name = path
                        .strip_prefix(ROOT)
                        .expect("the file is in the root directory")
                        .display()
                        .to_string();
                    let lines = text.lines().enumerate();
                    let marked = lines.filter(|(_, line)| line.ends_with(MARK));
                    marked
                        .map(|(line, _)| (name.clone(), line + 1))
                        .collect::<Vec<_>>()
                })
                .collect();
            let mut lines: Vec<_> = places
                .iter()
                .map(|(file, line, _)| (file.clone(), *line))
                .collect();
            lines.sort();
            marked.sort();
            if report && !marked.is_empty() && lines != marked {
                wrong.push(format!(
                    "{}: {title}: {places:?} instead of {marked:?}",
                    rule.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each of the Kustomizations builds all others, and every one lacks decryption.
#[test]
fn kustomizations_that_build_each_other_are_all_checked() {
    const COUNT: usize = 400;
    let mut text = "=== report: all build the root\n>>> secret.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: «enc»\nsops:\n  age:\n  - recipient: age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w\n    enc: |\n      x\n  lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: «enc»\n  encrypted_regex: ^(data|stringData)$\n  version: 3.13.3\n".to_owned();
    for number in 0..COUNT {
        text += &format!(
            ">>> clusters/{number}.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{number}}}\nspec: {{path: ./}}\n"
        );
    }
    let (_, _, files) = &cases(&text)[0];
    let findings = lint(&linter(), files);
    let lacks = |finding: &&Finding| finding.message.contains("`spec.decryption` is missing");
    let reported = findings.iter().filter(lacks);
    let reported: BTreeSet<_> = reported.map(|finding| &finding.file).collect();
    assert_eq!(reported.len(), COUNT);
    assert_eq!(findings.len(), COUNT, "and nothing else");
}

/// Each Kustomization patches all others in its own way, which is too much to follow.
#[test]
fn kustomizations_that_are_too_many_to_check_are_reported() {
    let kustomization = |number: usize| {
        format!(
            ">>> clusters/{number}.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: k{number}}}\nspec:\n  path: ./\n  patches:\n  - target: {{kind: Kustomization}}\n    patch: '[{{op: add, path: /metadata/labels, value: {{a: x{number}}}}}]'\n"
        )
    };
    let manifests: String = (0..300).map(kustomization).collect();
    let (_, _, files) = &cases(&format!("=== report: too many\n{manifests}"))[0];
    let findings = lint(&linter(), files);
    let is_said = |finding: &Finding| {
        finding.severity == Severity::Warning && finding.message.contains("not all were checked")
    };
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(is_said(&findings[0]), "{findings:?}");
}

/// The hooks refuse it too, because a password may look like a setting.
#[test]
fn a_secret_with_only_settings_is_a_warning() {
    let linter = linter();
    let secret = |kind: &str, values: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ntype: {kind}\nstringData: {{{values}}}\n"
        )
    };
    let generator = |literal: &str| {
        format!(
            ">>> kustomization.yaml\nsecretGenerator:\n- {{name: a, literals: ['{literal}']}}\n"
        )
    };
    let rule = ">>> .sops.yaml\ncreation_rules:\n- path_regex: manifest\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w\n";
    for (text, severity) in [
        (
            secret("Opaque", "host: db.example.com, level: info"),
            Severity::Warning,
        ),
        (
            secret("Opaque", "host: db.example.com, password: info"),
            Severity::Error,
        ),
        (secret("Opaque", "level: hunter2"), Severity::Error),
        (
            secret("kubernetes.io/basic-auth", "username: admin"),
            Severity::Error,
        ),
        (
            format!("{}{rule}", secret("Opaque", "level: info")),
            Severity::Error,
        ),
        (generator("LOG_LEVEL=info"), Severity::Warning),
        (generator("PASSWORD=info"), Severity::Error),
        (generator("LOG_LEVEL=hunter2"), Severity::Error),
    ] {
        let (_, _, files) = &cases(&format!("=== report: a Secret\n{text}"))[0];
        let findings = lint(&linter, files);
        assert_eq!(findings.len(), 1, "{text}: {findings:?}");
        assert_eq!(findings[0].severity, severity, "{text}");
        assert!(findings[0].is_refused, "{text}");
    }
}

#[test]
fn possible_secrets_in_the_metadata_are_errors() {
    let linter = linter();
    for (keys, is_error) in [
        ("    x: Zq7hunter2Wv\n", true),
        ("  key_groups: [{age: [], x: Zq7hunter2Wv}]\n", true),
        ("  x: {y: [{z: Zq7hunter2Wv}]}\n", true),
        ("  x: [{password: hunter2}]\n", true),
        ("    x: compact\n", false),
        ("  x: [{y: compact}]\n", false),
        // Keys of a family that only later versions know.
        (
            "  x: [{id: Zq7kQ2Wv81Lm, enc: Xk9vTq2mLpzR, y: {z: Zq7kQ2Wv81Lm}}]\n",
            false,
        ),
    ] {
        let text = format!(
            "=== report: metadata\na: «enc»\nsops:\n  age:\n  - recipient: age1shs52pvk44xpajrdw39j77xtpugnynw23cn9gsu6m4566vnfpcyqh4s60w\n    enc: |\n      x\n{keys}  \
             lastmodified: \"2026-01-01T00:00:00Z\"\n  mac: «enc»\n  version: 3.13.3\n"
        );
        let (_, _, files) = &cases(&text)[0];
        let findings = lint(&linter, files);
        let is_refused = findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
        assert!(
            !findings.is_empty() && is_refused == is_error,
            "{keys}: {findings:?}"
        );
    }
}

#[test]
fn the_examples_of_the_rule_pages_are_correct() {
    let mut tried = 0;
    for rule in RULES {
        let linter = linter_of(rule);
        let title = format!("# {} {}: ", rule.code, rule.name);
        assert!(rule.page.starts_with(&title), "{}", rule.name);
        let mut lines = rule.page.lines();
        while let Some(line) = lines.next() {
            let words: Vec<_> = line.split(' ').collect();
            let (["```yaml" | "```dockerfile", kind, name], true) =
                (&words[..], line.starts_with("```"))
            else {
                continue;
            };
            let text = lines.by_ref().take_while(|line| *line != "```");
            let text: String = text.map(|line| format!("{line}\n")).collect();
            let path = Path::new(ROOT).join(name);
            let findings = lint(&linter, &Files([(path, text)].into()));
            let is_found = findings
                .iter()
                .any(|finding| finding.rule.code == rule.code);
            assert_eq!(is_found, *kind == "bad", "{}: {kind}", rule.name);
            tried += 1;
        }
    }
    assert!(tried >= 24, "{tried}");
}

#[test]
fn rules_say_whether_their_findings_can_be_fixed() {
    for rule in RULES {
        let linter = linter_of(rule);
        let has_fix = cases_of(rule).iter().any(|(_, _, files)| {
            lint(&linter, files)
                .iter()
                .any(|finding| finding.rule.code == rule.code && finding.fix.is_some())
        });
        assert_eq!(
            has_fix,
            rule.fix == FixAvailability::Sometimes,
            "{}",
            rule.name
        );
    }
}

#[test]
fn the_schema_in_the_documentation_is_that_of_the_settings() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let schema =
        fs::read_to_string(docs.join("sops-lint.schema.json")).expect("the file can be read");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("the text is JSON");
    assert_eq!(
        schema,
        Settings::schema(),
        "write it with `sops-rs lint schema`"
    );
}

#[test]
fn an_image_named_by_a_variable_is_not_called_public() {
    let linter = linter();
    for (image, severity) in [
        ("docker.io/a/b:1", Severity::Error),
        ("nginx", Severity::Error),
        ("ghcr.io/acme/b", Severity::Warning),
        ("$(image)", Severity::Warning),
        ("'{{ image }}'", Severity::Warning),
        ("'${REGISTRY}/b:1'", Severity::Warning),
    ] {
        let text = format!(
            "=== report: an image\nkind: Pod\nspec: {{containers: [{{image: {image}, envFrom: [{{secretRef: {{name: a}}}}]}}]}}\n"
        );
        let (_, _, files) = &cases(&text)[0];
        let findings = lint(&linter, files);
        let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [severity], "{image}");
    }
}

#[test]
fn a_file_that_git_crypt_has_encrypted_is_not_broken() {
    let linter = linter();
    let codes = |bytes: &[u8]| {
        let path = Path::new(ROOT).join("a.yaml");
        let linted = linter.lint(&Input::new("a.yaml", &path, bytes));
        let findings = linted.findings.iter();
        findings
            .map(|finding| finding.rule.code)
            .collect::<Vec<_>>()
    };
    let noise = (0..64_u32).map(|number| (number * 89 + 177) as u8);
    let encrypted: Vec<u8> = b"\0GITCRYPT\0".iter().copied().chain(noise).collect();
    assert_eq!(codes(&encrypted), [""; 0]);
    assert_eq!(codes(&encrypted[10..]), ["SL017"]);
}

#[test]
fn the_rules_about_pods_are_off_by_default() {
    let text = "=== report: a pod\nkind: Pod\nspec: {containers: [{name: a, image: 'a:1', envFrom: [{secretRef: {name: a}}], securityContext: {privileged: true}}]}\n";
    let (_, _, files) = &cases(text)[0];
    for (settings, expected) in [
        ("", &["SL003"][..]),
        ("ignore: [pods]", &["SL003"]),
        ("select: [pods]", &["SL101", "SL102", "SL103", "SL106"]),
        (
            "select: [secrets, privileged-container]",
            &["SL003", "SL101"],
        ),
        (
            "select: [secrets, pods]\nignore: [SL106, SL102]",
            &["SL003", "SL101", "SL103"],
        ),
        ("select: [pods]\nignore: [pods]", &[]),
    ] {
        let linter = Settings::parse(settings.as_bytes()).and_then(Linter::new);
        let findings = lint(&linter.expect("the rules exist"), files);
        let codes = findings.iter().map(|finding| finding.rule.code);
        let codes: BTreeSet<_> = codes.collect();
        assert_eq!(codes, expected.iter().copied().collect(), "{settings}");
    }
}
