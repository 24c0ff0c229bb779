//! What `lint` says about settings, files that it cannot read, and fixes that it refuses.

use serde_json::Value as Json;
use sops_test_support::environment::{TestEnvironment, recipient};

#[test]
fn a_name_alone_does_not_make_a_certain_secret() {
    let environment = TestEnvironment::new();
    environment.write("prod.env", "PASSWORD=correct-horse7\nNAME=a\n");
    environment.write("token.env", "API_KEY=Zk3vQ9xWm2Lr8TnYb5Hd7Jf4Gs6Pc1Ae\n");
    let confidence = |name: &str| {
        let run = environment.run(&["lint", "--format", "json", name]);
        let found: Vec<Json> = serde_json::from_str(&run.stdout).expect("the text is JSON");
        assert_eq!(found.len(), 1, "{run}");
        found[0]["confidence"].as_str().map(str::to_owned)
    };
    assert_eq!(confidence("prod.env").as_deref(), Some("medium"));
    assert_eq!(confidence("token.env").as_deref(), Some("high"));
}

#[test]
fn a_baseline_that_the_settings_name_can_be_written_for_the_first_time() {
    let environment = TestEnvironment::new();
    environment.write(".sops-lint.yaml", "baseline: known.json\n");
    environment.write("prod.env", "PASSWORD=correct-horse7\n");
    environment
        .run(&["lint", "--write-baseline", "known.json"])
        .succeeds();
    environment.run(&["lint"]).succeeds();
}

#[test]
fn an_unusable_setting_is_reported_with_the_file() {
    let environment = TestEnvironment::new();
    for (settings, message) in [
        ("select: [SL099]\n", "unknown rule `SL099`"),
        ("severity: {SL099: error}\n", "unknown rule `SL099`"),
        ("exclude: ['[']\n", "invalid pattern"),
    ] {
        environment.write(".sops-lint.yaml", settings);
        let run = environment.run(&["lint"]);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains(message), "{run}");
        assert!(run.stderr.contains("--> .sops-lint.yaml"), "{run}");
    }
    environment.write(".sops-lint.yaml", "");
    let run = environment.run(&["lint", "--select", "SL099"]);
    assert!(run.stderr.contains("`--select`"), "{run}");
    assert!(!run.stderr.contains(".sops-lint.yaml"), "{run}");
}

#[test]
fn a_location_is_reported_once() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "kind: A\na: 1\na: 2\n");
    environment.write(
        "b.yaml",
        "a: ENC[AES256_GCM,data:eA==,iv:AA==,tag:AA==,type:str]\na: 2\n",
    );
    for (name, code) in [("a.yaml", "SL017"), ("b.yaml", "SL011")] {
        let run = environment.run(&["lint", name]);
        assert!(run.stdout.contains(code), "{run}");
        assert!(run.stdout.contains("the key `a` appears twice"), "{run}");
        assert!(!run.stdout.contains("line "), "{run}");
    }
}

#[test]
fn a_refused_fix_is_not_counted() {
    let environment = TestEnvironment::new();
    let rules = |key: &str| {
        let recipient = recipient();
        let text = format!("creation_rules:\n- encrypted_regex: ^{key}$\n  age: {recipient}\n");
        environment.write(".sops.yaml", text);
    };
    rules("x");
    environment.write("a.yaml", "x: correct-horse\ny: b\n");
    environment.run(&["encrypt", "-i", "a.yaml"]).succeeds();
    rules("y");
    let run = environment.run(&["lint", "--select", "SL013"]);
    assert!(
        run.stdout
            .contains("would leave its encrypted values in plaintext"),
        "{run}"
    );
    assert!(!run.stderr.contains("can fix"), "{run}");
    // A key that the user lacks is only noticed by the fix.
    rules("x|y");
    let keys = environment.home().join(".config/sops/age/keys.txt");
    std::fs::remove_file(keys).expect("the key is ours");
    let run = environment.run(&["lint", "--fix", "--select", "SL013"]);
    assert!(run.stderr.contains("0 findings fixed"), "{run}");
    assert!(!run.stderr.contains("can fix"), "{run}");
}
