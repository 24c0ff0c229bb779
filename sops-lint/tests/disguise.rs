//! Secrets in plaintext are refused in every known disguise, and files that only look like one
//! pass.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sops_core::Encryption;
use sops_core::config::Config;
use sops_core::keys::{Family, MasterKey};
use sops_core::rules::EncryptionRule;
use sops_document::Format;
use sops_lint::{Finding, Input, Linter, NoTree, Settings, Severity, Tree};
use sops_test_support::disguise::{Disguise, disguises, innocents, placeholders};
use sops_test_support::environment::recipient;
use sops_test_support::kustomize::kustomizations;

const ROOT: &str = "/repo";
/// The rules that the hook applies to the content of a file.
const RULES: [&str; 3] = ["SL010", "SL011", "SL014"];

fn config(path_regex: &str) -> Config {
    let text = format!(
        "creation_rules:\n- path_regex: {path_regex}\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    let file = Path::new(ROOT).join(".sops.yaml");
    Config::parse(text.as_bytes(), &file, Path::new(ROOT)).expect("the input is valid")
}

/// The files of a directory.
struct Files<'f>(&'f [Disguise]);

impl Tree for Files<'_> {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let file = self
            .0
            .iter()
            .find(|file| self.root().join(&file.path) == path);
        file.map(|file| file.bytes.clone())
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }
}

fn refused(config: Option<&Config>, path: &str, bytes: &[u8]) -> Vec<Finding> {
    refused_among(config, path, bytes, &NoTree)
}

fn refused_among(
    config: Option<&Config>,
    path: &str,
    bytes: &[u8],
    tree: &dyn Tree,
) -> Vec<Finding> {
    static LINTER: LazyLock<Linter> =
        LazyLock::new(|| Linter::new(Settings::default()).expect("the settings are valid"));
    let absolute: PathBuf = Path::new(ROOT).join(path);
    let linted = LINTER.lint(
        &Input::new(path, &absolute, bytes)
            .with_config(config)
            .in_tree(tree),
    );
    let mut findings = linted.findings;
    findings.retain(|finding| RULES.contains(&finding.rule.code));
    findings
}

fn messages(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.message).collect()
}

#[test]
fn a_secret_in_any_disguise_is_refused() {
    let config = config("^secrets/");
    let all = disguises();
    assert!(all.len() >= 200, "{}", all.len());
    let passed: Vec<_> = all
        .iter()
        .filter(|disguise| {
            let findings = refused(Some(&config), &disguise.path, &disguise.bytes);
            !findings
                .iter()
                .any(|finding| finding.severity == Severity::Error)
        })
        .map(|disguise| &disguise.path)
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn a_placeholder_counts_as_a_secret_in_a_file_that_a_rule_names() {
    let config = config("^secrets/");
    let wrong = |config: Option<&Config>| -> Vec<String> {
        let all = placeholders().into_iter();
        let wrong = all.filter(|disguise| {
            refused(config, &disguise.path, &disguise.bytes).is_empty() == config.is_some()
        });
        wrong.map(|disguise| disguise.path).collect()
    };
    assert_eq!(wrong(Some(&config)), [""; 0]);
    assert_eq!(wrong(None), [""; 0]);
}

/// The content alone decides whether Kubernetes or a user would read it as a Secret.
#[test]
fn a_manifest_is_refused_without_a_rule_too() {
    let passed: Vec<_> = disguises()
        .into_iter()
        .filter(|disguise| {
            let is_manifest = [
                ".yaml",
                ".yml",
                ".json",
                ".YAML",
                ".bak",
                ".yaml.tmpl",
                ".sh",
                ".tf",
                ".patch",
                ".diff",
                ".eml",
                ".log",
            ];
            let is_manifest = is_manifest
                .iter()
                .any(|ending| disguise.path.ends_with(ending));
            is_manifest && !disguise.path.contains("kind-missing")
        })
        .filter(|disguise| refused(None, &disguise.path, &disguise.bytes).is_empty())
        .map(|disguise| disguise.path)
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn files_that_kustomize_turns_into_secrets_are_refused() {
    let passed: Vec<_> = kustomizations()
        .iter()
        .filter(|files| {
            let findings = files
                .iter()
                .flat_map(|file| refused_among(None, &file.path, &file.bytes, &Files(files)));
            let mut findings = findings.filter(|finding| finding.rule.code == "SL010");
            !findings.any(|finding| finding.severity == Severity::Error)
        })
        .map(|files| files[0].path.clone())
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn the_encrypted_form_of_a_disguise_passes() {
    let config = config("^secrets/");
    let keys = MasterKey::from_list(Family::Age, &recipient()).expect("the text is a recipient");
    let (mut encrypted, mut wrong) = (0, Vec::new());
    for Disguise { path, bytes } in disguises() {
        let rule = EncryptionRule::EncryptedRegex("^(data|stringData)$".to_owned());
        let encryption = Encryption::to(keys.clone()).with_rule(rule);
        let Ok(text) = sops_core::encrypt(&bytes, Format::from_path(Path::new(&path)), &encryption)
        else {
            continue;
        };
        let findings = refused(Some(&config), &path, text.as_bytes());
        // Values that the rule does not select are in plaintext as before.
        match Disguise::shows_value(text.as_bytes()) {
            // Encryption would remove the alias, so the program refuses the file.
            true if path.contains("aliased-value") => {}
            // The names of variables and sections stay as they are, and the file is no longer YAML.
            true if path.contains("flow-with-a-comment") || path.contains("as-a-section") => {}
            true if findings.is_empty() => {
                wrong.push(format!("{path}: shows the value and passes"))
            }
            false if !findings.is_empty() => {
                wrong.push(format!("{path}: {:?}", messages(&findings)))
            }
            _ => encrypted += 1,
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(encrypted >= 50, "{encrypted}");
}

#[test]
fn values_that_only_look_like_secrets_pass() {
    let innocents = innocents();
    assert!(innocents.len() >= 60, "{}", innocents.len());
    let mut wrong = Vec::new();
    let configs = [r"\.ya?ml$", "^clusters/"].map(|path| Some(config(path)));
    for config in configs.into_iter().chain([None]) {
        for (path, text) in &innocents {
            let findings = refused(config.as_ref(), path, text.as_bytes());
            if !findings.is_empty() {
                wrong.push(format!("{path}: {:?}", messages(&findings)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn leftovers_of_a_killed_run_are_refused() {
    for path in [".sops-rs-x1Y2z3.tmp", "a/.sops-rs-0123456789abcdef/b.yaml"] {
        let findings = refused(None, path, b"a: b\n");
        assert_eq!(messages(&findings).len(), 1, "{path}");
        assert!(
            findings[0].message.contains("killed"),
            "{}",
            findings[0].message
        );
    }
}

#[test]
fn the_names_of_directories_above_the_repository_do_not_matter() {
    struct In(PathBuf);
    impl Tree for In {
        fn read(&self, _: &Path) -> Option<Vec<u8>> {
            None
        }

        fn root(&self) -> &Path {
            &self.0
        }
    }
    let linter = Linter::new(Settings::default()).expect("the settings are valid");
    for directory in [
        ".github",
        ".gitlab",
        ".circleci",
        ".sops-rs-0123456789abcdef",
    ] {
        for root in [
            Path::new("/").join(directory),
            Path::new("/").join(directory).join("a"),
        ] {
            let file = root.join(".sops.yaml");
            let text = format!(
                "creation_rules:\n- path_regex: (^|/)secrets/\n  age: {}\n",
                recipient()
            );
            let config =
                Config::parse(text.as_bytes(), &file, Path::new("/")).expect("the input is valid");
            let is_found = |name: &str| {
                let linted = linter.lint(
                    &Input::new(name, &root.join(name), b"DB_PASSWORD=correct-horse-9\n")
                        .with_config(&config)
                        .in_tree(&In(root.clone())),
                );
                linted
                    .findings
                    .iter()
                    .any(|finding| finding.rule.code == "SL010")
            };
            assert!(is_found("secrets/a.env"), "{}", root.display());
            assert!(!is_found("a.env"), "{}", root.display());
        }
    }
}

/// A file may end anywhere, even inside a character, an action or a marker.
#[test]
fn a_part_of_a_disguise_is_checked_like_any_file() {
    let config = config("^secrets/");
    let kustomizations = kustomizations().into_iter().flatten();
    let all = disguises().into_iter().chain(kustomizations);
    let short = all.filter(|disguise| disguise.bytes.len() < 1_000);
    for (number, disguise) in short.enumerate() {
        // Many disguises are similar, so each is cut at another place.
        for end in (number % 31..disguise.bytes.len()).step_by(31) {
            refused(Some(&config), &disguise.path, &disguise.bytes[..end]);
            refused(None, &disguise.path, &disguise.bytes[end..]);
        }
    }
}

/// Each line of these files has the kind of a Secret.
#[test]
fn many_kinds_in_a_text_cost_no_more_than_a_few() {
    for line in [
        "# kind: Secret\n",
        "  kind: Secret\n",
        "x: 'kind: Secret '\n",
        "{kind: Secret, ",
        "\\nkind: Secret",
        "\"kind: Secret\\n\",\n",
        "<kind: Secret &",
        "- kind: Config\n",
        "U2VjcmV0",
        "U2VjcmV0xxxxxxxxxx\nU2VjcmV0xxxxxxxxx\n",
        "U2VjcmV0 a U2VjcmV0 aaaaaaaaaa ",
    ] {
        let text = line.repeat(200_000 / line.len());
        refused(None, "a.sh", text.as_bytes());
        refused(None, "a.yaml", text.as_bytes());
    }
}

#[test]
fn a_secret_after_many_mentions_of_the_kind_is_found() {
    let secret = "apiVersion: v1\nkind: Secret\nstringData:\n  password: S3cr3t-Marker-9x\n";
    for mention in [
        "this reference is to a kind: Secret, which another one defines\n",
        "# - kind: Secret\n#   name: a\n",
        "kubectl create <<E\napiVersion: v1\nkind: Secret\nstringData: {password: $PASSWORD}\nE\n",
    ] {
        let text = format!("{}cat <<E\n{secret}E\n", mention.repeat(3_000));
        let findings = refused(None, "a.sh", text.as_bytes());
        assert_eq!(findings.len(), 1, "{mention}");
        assert!(findings[0].message.contains("`password`"), "{mention}");
    }
}

/// Nearly all of this file is near a mention of a kind.
#[test]
fn a_text_that_is_too_much_to_check_is_reported() {
    let lines = "    {kind: Secret,\n".repeat(20_000);
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: |\n";
    let text = format!("{head}{lines}");
    let config = config("^a\\.yaml$");
    assert!(refused(None, "a.yaml", text.as_bytes()).is_empty());
    let findings = refused(Some(&config), "a.yaml", text.as_bytes());
    let is_told = |message: &&str| message.contains("not all of it was checked");
    assert!(
        messages(&findings).iter().any(is_told),
        "{:?}",
        messages(&findings)
    );
}

/// If every alias were followed, these values would be read thousands of times.
#[test]
fn findings_that_aliases_repeat_are_reported_once() {
    let operations = r"- op: add\n  path: /stringData/a\n  value: correct-horse-9\n".repeat(300);
    let patches = format!(
        "x: &p \"{operations}\"\npatches:\n{}",
        "- patch: *p\n".repeat(3_000)
    );
    assert_eq!(refused(None, "a.yaml", patches.as_bytes()).len(), 300);
    let literals = format!(
        "x: &p ['a=correct-horse-9']\nsecretGenerator:\n{}",
        "- {name: a, literals: *p}\n".repeat(3_000)
    );
    assert_eq!(refused(None, "a.yaml", literals.as_bytes()).len(), 1);
    let values: String = (0..2_000).map(|key| format!("  k{key}: *p\n")).collect();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{}}\nx: &p \"{}\"\nstringData:\n{values}",
        r"${A}\n".repeat(5_000)
    );
    assert!(refused(None, "a.yaml", secret.as_bytes()).is_empty());
}
