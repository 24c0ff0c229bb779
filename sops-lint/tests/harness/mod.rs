//! Repositories for tests, as fixtures describe them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sops_core::config::Config;
use sops_lint::{Finding, Input, Linter, Repository, Rule, Settings, Tree};

pub(crate) const ROOT: &str = "/repo";
pub(crate) struct Files(pub(crate) BTreeMap<PathBuf, String>);

impl Tree for Files {
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes())
    }

    fn root(&self) -> &Path {
        Path::new(ROOT)
    }
}

/// All findings in a repository of these files.
pub(crate) fn lint(linter: &Linter, files: &Files) -> Vec<Finding> {
    let config_path = Path::new(ROOT).join(".sops.yaml");
    let config = files
        .read(&config_path)
        .and_then(|text| Config::parse(&text, &config_path, Path::new(ROOT)).ok());
    let mut repository = Repository::default();
    let mut findings = Vec::new();
    for (path, text) in &files.0 {
        let name = path
            .strip_prefix(ROOT)
            .expect("the file is in the root directory");
        let linted = linter.lint(
            &Input::new(
                name.to_str().expect("the content is text"),
                path,
                text.as_bytes(),
            )
            .with_config(config.as_ref())
            .in_tree(files),
        );
        findings.extend(linted.findings);
        repository.add(path, files.root(), linted.facts);
    }
    findings.extend(repository.finish(linter));
    findings
}

pub(crate) fn linter() -> Linter {
    let settings =
        b"images: {private: ['ghcr.io/acme/**'], public: ['docker.io/**', 'ghcr.io/**']}";
    Settings::parse(settings)
        .and_then(Linter::new)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A case of a fixture: whether there must be a finding, the title, and the files.
pub(crate) fn cases(text: &str) -> Vec<(bool, String, Files)> {
    let enc = concat!(
        "ENC[AES256_GCM,data:eA==,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,",
        "tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]"
    );
    let key = include_str!("../../../testdata/keys/x25519.txt")
        .lines()
        .last();
    let age = include_str!("../../../testdata/keys/age.jsonl")
        .lines()
        .next();
    let age: serde_json::Value =
        serde_json::from_str(age.unwrap_or_default()).expect("the text is JSON");
    let armor = age["enc"].as_str().expect("the content is text");
    let armor = armor.trim_end().replace('\n', "\n      ");
    let text = text
        .replace("enc: |\n      x\n", &format!("enc: |\n      {armor}\n"))
        .replace("«enc»", enc)
        .replace("«key»", key.unwrap_or_default());
    let mut cases: Vec<(bool, String, Files)> = Vec::new();
    let mut path = PathBuf::new();
    for line in text.split_inclusive('\n') {
        if let Some(title) = line.strip_prefix("=== ") {
            let (kind, title) = title.trim().split_once(": ").expect("a kind and a title");
            assert!(matches!(kind, "report" | "accept"), "{kind}");
            cases.push((kind == "report", title.to_owned(), Files(BTreeMap::new())));
            path = Path::new(ROOT).join("manifest.yaml");
        } else if let Some(name) = line.strip_prefix(">>> ") {
            path = Path::new(ROOT).join(name.trim());
        } else if let Some((_, _, files)) = cases.last_mut() {
            *files.0.entry(path.clone()).or_default() += line;
        }
    }
    cases
}

/// The cases of a rule's fixture.
pub(crate) fn cases_of(rule: &Rule) -> Vec<(bool, String, Files)> {
    let file = format!(
        "{}/tests/fixtures/{}.txt",
        env!("CARGO_MANIFEST_DIR"),
        rule.name
    );
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    cases(&text)
}
