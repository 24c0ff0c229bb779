//! Plaintext Secrets in every known disguise: the hook refuses each of them, and accepts their
//! encrypted form.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;
use sops_test_support::disguise::{Disguise, disguises, innocents, placeholders};
use sops_test_support::environment::{Run, TestEnvironment, program, recipient};
use sops_test_support::kustomize::kustomizations;

fn repository(path_regex: &str) -> TestEnvironment {
    let environment = TestEnvironment::new();
    git(&environment, &["init", "-q", "-b", "main"]).succeeds();
    let rules = format!(
        "creation_rules:\n- path_regex: {path_regex}\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rules);
    environment.run(&["hook", "install"]).succeeds();
    environment
}

fn git(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = environment.command_of(Path::new("git"), arguments);
    let directory = program()
        .parent()
        .expect("the path has a parent directory")
        .to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(directory).chain(std::env::split_paths(&path));
    command
        .env(
            "PATH",
            std::env::join_paths(paths).expect("paths have no colon"),
        )
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "t")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "t@example.com")));
    environment.finish(command)
}

fn write(environment: &TestEnvironment, path: &str, bytes: &[u8]) {
    environment.write(path, bytes);
}

/// The files with findings that the hook refuses, according to `lint`.
fn refused(environment: &TestEnvironment) -> BTreeSet<String> {
    let rules = ["SL010", "SL011", "SL014"].map(|rule| format!("--select={rule}"));
    let mut arguments = vec!["lint", "--format", "json"];
    arguments.extend(rules.iter().map(String::as_str));
    let run = environment.run(&arguments);
    let found: Vec<Json> = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let files = found
        .iter()
        .map(|one| one["file"].as_str().unwrap_or_default().to_owned());
    files.collect()
}

#[test]
fn the_hook_refuses_a_secret_in_any_disguise() {
    let environment = repository("^secrets/");
    let mut all = disguises();
    assert!(all.len() >= 200, "{}", all.len());
    all.extend(placeholders());
    for disguise in &all {
        write(&environment, &disguise.path, &disguise.bytes);
    }
    git(&environment, &["-c", "core.safecrlf=false", "add", "-A"]).succeeds();
    let run = git(&environment, &["commit", "-q", "-m", "x"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let said = run.stdout.clone() + &run.stderr;
    let passed: Vec<_> = all
        .iter()
        .filter(|disguise| !said.contains(&format!("--> {}:", disguise.path)))
        .map(|disguise| &disguise.path)
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
    assert!(!Disguise::shows_value(said.as_bytes()), "{said}");
}

#[test]
fn the_hook_refuses_values_that_kustomize_turns_into_a_secret() {
    let environment = repository("^secrets/");
    let all = kustomizations();
    for disguise in all.iter().flatten() {
        write(&environment, &disguise.path, &disguise.bytes);
    }
    git(&environment, &["-c", "core.safecrlf=false", "add", "-A"]).succeeds();
    let run = git(&environment, &["commit", "-q", "-m", "x"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let said = run.stdout.clone() + &run.stderr;
    let is_refused = |disguise: &Disguise| said.contains(&format!("--> {}:", disguise.path));
    let passed: Vec<_> = all
        .iter()
        .filter(|files| !files.iter().any(is_refused))
        .map(|files| &files[0].path)
        .collect();
    assert!(passed.is_empty(), "{passed:#?}");
    assert!(!Disguise::shows_value(said.as_bytes()), "{said}");
}

#[test]
fn the_hook_refuses_each_of_some_disguises_by_itself() {
    for disguise in disguises().iter().step_by(40) {
        let environment = repository("^secrets/");
        write(&environment, &disguise.path, &disguise.bytes);
        git(&environment, &["add", "-A"]).succeeds();
        let run = git(&environment, &["commit", "-q", "-m", "x"]);
        assert_eq!(run.code, Some(1), "{}: {run}", disguise.path);
    }
}

#[test]
fn a_file_passes_once_it_is_encrypted() {
    let environment = repository("^secrets/");
    let all = disguises();
    for disguise in &all {
        write(&environment, &disguise.path, &disguise.bytes);
    }
    let mut arguments = vec!["encrypt", "-i"];
    arguments.extend(all.iter().map(|disguise| &*disguise.path));
    environment.run(&arguments);
    let encrypted: Vec<_> = all
        .iter()
        .filter(|disguise| environment.bytes(&disguise.path) != disguise.bytes)
        .collect();
    assert!(encrypted.len() >= 50, "{}", encrypted.len());
    let refused = refused(&environment);
    for disguise in &all {
        let bytes = environment.bytes(&disguise.path);
        let is_encrypted = bytes != disguise.bytes;
        // SOPS encrypts no keys, and a dotenv or INI file can have a whole Secret as one.
        let is_in_key = [".env", ".ini"]
            .iter()
            .any(|end| disguise.path.ends_with(end));
        assert!(
            !is_encrypted || is_in_key || !Disguise::shows_value(&bytes),
            "{}",
            disguise.path
        );
        assert_eq!(
            refused.contains(&disguise.path),
            !is_encrypted,
            "{}",
            disguise.path
        );
    }
}

#[test]
fn the_hook_accepts_values_that_only_look_like_a_secret() {
    for path_regex in ["^secrets/", r"\.ya?ml$", "^clusters/"] {
        let environment = repository(path_regex);
        for (path, text) in innocents() {
            write(&environment, &path, text.as_bytes());
        }
        git(&environment, &["add", "-A"]).succeeds();
        git(&environment, &["commit", "-q", "-m", "x"]).succeeds();
    }
}
