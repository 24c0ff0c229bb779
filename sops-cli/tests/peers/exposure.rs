//! `exposure` over a history that the real `sops` wrote.

use std::path::Path;

use serde_json::Value as Json;
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

/// Runs `sops` with the key of the home.
fn sops(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let run = environment.finish(environment.command_of(Path::new("sops"), arguments));
    assert_eq!(run.code, Some(0), "{arguments:?}: {run}");
    run
}

fn commit(environment: &TestEnvironment) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let commit = [&identity[..], &["commit", "-q", "-m", "x"]].concat();
    for arguments in [&["add", "--all"][..], &commit] {
        let run = environment.finish(environment.command_of(Path::new("git"), arguments));
        assert_eq!(run.code, Some(0), "{run}");
    }
}

/// Writes a rule with a maximum age, which `sops` must ignore.
fn rules(environment: &TestEnvironment, recipients: &[String]) {
    let recipients = recipients.join(",");
    let text = format!("creation_rules:\n- max_age: 90d\n  age: {recipients}\n");
    environment.write(".sops.yaml", text);
}

#[test]
fn files_that_sops_wrote_are_compared_by_value() {
    let environment = TestEnvironment::new();
    let (ann, bob) = (recipient(), other_recipient());
    let git = environment.command_of(Path::new("git"), &["init", "-q", "-b", "main"]);
    assert_eq!(environment.finish(git).code, Some(0));
    rules(&environment, &[ann.clone(), bob.clone()]);
    environment.write(
        "db.yaml",
        "password: correct-horse\nport: 5432\nnested:\n  list: [one-value, two-value]\n",
    );
    environment.write("app.json", "{\"token\": \"battery-staple\"}\n");
    for name in ["db.yaml", "app.json"] {
        sops(&environment, &["encrypt", "-i", name]);
    }
    commit(&environment);
    rules(&environment, &[ann]);
    for name in ["db.yaml", "app.json"] {
        sops(&environment, &["updatekeys", "-y", name]);
        sops(&environment, &["rotate", "-i", name]);
    }
    commit(&environment);
    sops(
        &environment,
        &["set", "db.yaml", "[\"password\"]", "\"new-horse\""],
    );
    commit(&environment);
    let known = || {
        let run = environment.run(&["exposure", "--removed", &bob, "--format", "json"]);
        assert_eq!(run.code, Some(1), "{run}");
        let report: Json = serde_json::from_str(&run.stdout).expect("it is JSON");
        let values = report["values"].as_array().expect("it is a list").iter();
        let paths = values.map(|value| value["path"].as_str().expect("it is a string").to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(
        known(),
        ["token", "port", "nested.list[0]", "nested.list[1]"]
    );
    sops(&environment, &["unset", "db.yaml", "[\"nested\"]"]);
    sops(
        &environment,
        &["set", "app.json", "[\"token\"]", "\"new-staple\""],
    );
    assert_eq!(known(), ["port"]);
}
