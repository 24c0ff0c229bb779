//! age's tagged recipients: filippo.io/age decrypts data keys that sops-rs encrypts for them, and
//! the real `sops` encrypts for them with the plugins of that module.

use std::fs;
use std::path::Path;

use sops_test_support::environment::{TestEnvironment, identity, recipient};

/// The tagged recipients, with their plugins.
fn recipients() -> [(String, &'static str); 2] {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/keys/tagged.txt");
    let text = fs::read_to_string(path).expect("the test data exists");
    let of = |prefix| {
        let line = text.lines().find(|line| line.starts_with(prefix));
        line.expect("the test data has the recipient").to_owned()
    };
    [
        (of("age1tag1"), "age-plugin-tag"),
        (of("age1tagpq1"), "age-plugin-tagpq"),
    ]
}

/// The age file in the metadata of a YAML file for one recipient.
fn enc(text: &str, recipient: &str) -> String {
    let entry = text
        .split("- enc: |")
        .find(|entry| entry.contains(recipient));
    let entry = entry.expect("the file is encrypted for the recipient");
    let lines = entry.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("recipient:"));
    let lines: Vec<&str> = lines
        .take_while(|line| !line.starts_with("lastmodified"))
        .collect();
    lines.join("\n") + "\n"
}

#[test]
fn the_reference_opens_a_data_key_for_tagged_recipients() {
    for (tagged, _) in recipients() {
        let environment = TestEnvironment::new();
        environment.write("a.yaml", "a: b\n");
        let arguments = ["encrypt", "--age", &tagged, "a.yaml"];
        let encrypted = environment.run(&arguments).succeeds().stdout;
        environment.write("key.age", enc(&encrypted, &tagged));
        let arguments = ["-test.run", "TestDecryptFile"];
        let mut decrypt = environment.command_of(Path::new("age-tag-decrypt"), &arguments);
        decrypt.env("AGE_FILE", environment.path("key.age"));
        let run = environment.finish(decrypt).succeeds();
        let key = run.stdout.lines().next().unwrap_or_default();
        assert_eq!(key.len(), 64, "a data key has 32 bytes: {run}");
    }
}

#[test]
fn sops_encrypts_for_tagged_recipients_with_their_plugins() {
    for (tagged, plugin) in recipients() {
        let environment = TestEnvironment::new();
        environment.write("a.yaml", "a: b\n");
        let both = format!("{},{tagged}", recipient());
        let sops =
            environment.command_of(Path::new("sops"), &["encrypt", "--age", &both, "a.yaml"]);
        let run = environment.finish(sops);
        assert_eq!(run.code, Some(0), "{plugin}: {run}");
        environment.write("by-sops.yaml", &run.stdout);
        assert_eq!(environment.decrypt("by-sops.yaml"), "a: b\n");

        // And `sops` reads what sops-rs encrypted for both.
        let run = environment
            .run(&["encrypt", "--age", &both, "a.yaml"])
            .succeeds();
        environment.write("ours.yaml", run.stdout);
        let mut sops = environment.command_of(Path::new("sops"), &["decrypt", "ours.yaml"]);
        sops.env("SOPS_AGE_KEY", identity());
        assert_eq!(environment.finish(sops).succeeds().stdout, "a: b\n");
    }
}
