//! Ansible's collection `community.sops`: lookups, filters, variables and the module that writes
//! files.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};
use sops_test_support::environment::{TestEnvironment, recipient};

use super::{installed, path_with_our_sops};

/// The results of the playbook in a directory of encrypted files. `path` determines which program
/// is called `sops`.
fn results(path: impl FnOnce(&TestEnvironment) -> OsString) -> Value {
    let environment = TestEnvironment::new();
    let text = "user: admin\npassword: \"correct horse\"\nport: 5432\nlong: |\n  first\n  second\nlast: x\n";
    environment.encrypt("secret.yaml", text);
    environment.encrypt("secret.json", r#"{"user": "admin", "port": 5432}"#);
    environment.encrypt("secret.env", "A=1\nB=two words\n");
    environment.encrypt("secret.bin", b"\x00\x01binary\xff");
    environment.encrypt("expressions.yaml", "sum: \"{{ 1 + 2 }}\"\n");
    environment.encrypt(
        "group_vars/all.sops.yaml",
        "password_of_group: from a group\n",
    );
    let types = ["--input-type", "json", "--output-type", "json"];
    environment.encrypt_with("json.enc", r#"{"user": "admin", "port": 5432}"#, &types);
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: written\n  age: {}\n",
            recipient()
        ),
    );
    environment.write(
        "ansible.cfg",
        "[defaults]\nvars_plugins_enabled = host_group_vars,community.sops.sops\n",
    );
    environment.write("playbook.yaml", include_str!("playbook.yaml"));
    let arguments = ["-i", "localhost,", "playbook.yaml"];
    let mut command = environment.command_of(Path::new("ansible-playbook"), &arguments);
    command
        .env("PATH", path(&environment))
        .env("ANSIBLE_COLLECTIONS_PATH", installed("ansible"))
        .env("LANG", "C.UTF-8");
    let run = environment.finish(command).succeeds();
    assert!(!run.stderr.contains("Cannot extract SOPS version"), "{run}");
    serde_json::from_str(&environment.read("result.json")).expect("the text is JSON")
}

#[test]
fn ansible_has_the_same_results_as_with_sops() {
    let ours = results(path_with_our_sops);
    let theirs = results(|_| std::env::var_os("PATH").unwrap_or_default());
    let secret = json!({"user": "admin", "port": 5432});
    for (pointer, expected) in [
        ("/looked_up/json", &secret),
        ("/looked_up/json_without_its_extension", &secret),
        ("/looked_up/binary", &json!("AAFiaW5hcnn/")),
        ("/loaded/long", &json!("first\nsecond\n")),
        ("/evaluated/sum", &json!(3)),
        ("/written", &json!([true, true, true])),
        ("/written_again", &json!(false)),
        ("/written_text", &json!("first\nsecond\n")),
        ("/without_rule", &json!(true)),
        ("/from_group_vars", &json!("from a group")),
    ] {
        assert_eq!(
            theirs.pointer(pointer),
            Some(expected),
            "{pointer}: {theirs:#}"
        );
    }
    // `sops` indents its output by four columns; this program keeps the indentation of the file.
    let comparable = |mut results: Value| {
        results["looked_up"]["yaml"] = json!(null);
        results
    };
    assert_eq!(comparable(ours), comparable(theirs));
}
