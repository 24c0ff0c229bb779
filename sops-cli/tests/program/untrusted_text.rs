//! Untrusted text (names of files, keys, metadata, settings, arguments) is escaped wherever users
//! see it.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

/// Characters that a terminal, an editor or a log viewer acts on.
const ACTING: &str = "\0\u{7}\u{8}\r\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{200f}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}";

/// A string with most of these characters. Words that would be misleading on their own line follow
/// each line break.
const HOSTILE: &str = "x\u{1b}[2K\u{9b}1A\u{7}\n::error::forged\rforged\u{85}forged\u{2028}forged\u{202e}\u{2066}\u{200b}\u{feff}y";

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: hunter2\n";

/// The formats of `lint`.
const FORMATS: [&str; 5] = ["text", "json", "sarif", "github", "junit"];

#[track_caller]
fn assert_safe(run: &Run, context: &str) {
    for stream in [&run.stdout, &run.stderr] {
        for character in ACTING.chars() {
            assert!(
                !stream.contains(character),
                "{context}: {character:?}: {run}"
            );
        }
        let is_forged = |line: &str| {
            let line = line.trim_start();
            line.starts_with("forged") || line.starts_with("::error::forged")
        };
        assert!(!stream.lines().any(is_forged), "{context}: {run}");
    }
}

/// Whether the text is in the output, with its first escape.
fn is_shown(run: &Run) -> bool {
    let escapes = [r"x\u{1b}[2K", r"x\\u{1b}[2K"];
    escapes
        .iter()
        .any(|escape| run.stdout.contains(escape) || run.stderr.contains(escape))
}

/// The text as a JSON string, which is also a YAML string in double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for unit in text.encode_utf16() {
        quoted.push_str(&format!("\\u{unit:04x}"));
    }
    quoted + "\""
}

fn run(environment: &TestEnvironment, arguments: &[&str]) -> Run {
    let mut command = environment.command(arguments);
    command.env("EDITOR", "true");
    environment.finish(command)
}

#[test]
fn names_of_files_are_escaped() {
    let environment = TestEnvironment::new();
    let name = format!("{HOSTILE}.yaml");
    let name = name.as_str();
    let age = other_recipient();
    environment.encrypt("encrypted.yaml", SECRET);
    let encrypted = environment.read("encrypted.yaml");
    let altered = encrypted.replacen(",data:", ",data:A", 1);
    let unreadable = encrypted.replace(&recipient(), &age);
    let contents = [
        None,
        Some(""),
        Some("a: ["),
        Some("- a"),
        Some("sops: 1"),
        Some(SECRET),
        Some(&encrypted),
        Some(&altered),
        Some(&unreadable),
    ];
    let mut shown = 0;
    for (index, content) in contents.into_iter().enumerate() {
        for arguments in [
            &["decrypt", name][..],
            &["decrypt", "-i", name],
            &["-d", name],
            &["--verbose", "decrypt", name],
            &["decrypt", name, "--output", "missing/x"],
            &["decrypt", "encrypted.yaml", "--output", name],
            &["encrypt", name],
            &["encrypt", "--age", &age, "-i", name],
            &["encrypt", "--age", &age, "-i", name, "encrypted.yaml"],
            &["edit", name],
            &["edit", "-s", name],
            &[name],
            &["set", name, "[\"b\"]", "1"],
            &["unset", name, "[\"b\"]"],
            &["rotate", name],
            &["rotate", "-i", "--rm-age", &age, name],
            &["updatekeys", "-y", name],
            &["updatekeys", name],
            &["updatekeys", "--dry-run", name, "encrypted.yaml"],
            &[
                "rotate",
                "-i",
                "--dry-run",
                "--add-age",
                &age,
                name,
                "encrypted.yaml",
            ],
            &["groups", "add", "--file", name, "--age", &age],
            &[
                "groups",
                "add",
                "-i",
                "--dry-run",
                "--file",
                name,
                "--file",
                ".",
                "--age",
                &age,
            ],
            &["groups", "delete", "--file", name, "7"],
            &["exec-env", name, "true"],
            &["exec-file", name, "true"],
            &["filestatus", name],
            &["lint", name],
            &["lint", "--diff", name],
            &["lint", "--baseline", name, "encrypted.yaml"],
            &["lint", "--settings", name, "encrypted.yaml"],
            &["--config", name, "encrypt", "encrypted.yaml"],
            &["--config", name, "updatekeys", "-y", "encrypted.yaml"],
            &["--config", name, "init"],
            &["hook", "run"],
        ] {
            match content {
                Some(content) => environment.write(name, content),
                // The previous run may have left files.
                None => drop(fs::remove_file(environment.path(name))),
            }
            let run = run(&environment, arguments);
            assert_safe(&run, &format!("{arguments:?} {index}"));
            shown += usize::from(is_shown(&run));
        }
    }
    assert!(shown > 150, "{shown}");
}

#[test]
fn names_cannot_forge_ci_commands() {
    let environment = TestEnvironment::new();
    let rule = format!(
        "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rule);
    for name in [
        "::error::x.yaml",
        "::stop-commands::x.yaml",
        "##[group]x.yaml",
        "##vso[task.complete]x.yaml",
    ] {
        for arguments in [
            &["decrypt", name][..],
            &["encrypt", "-i", "."],
            &["lint"],
            &["lint", "--diff"],
            &["lint", "--fix"],
            &["lint", "--format", "junit"],
        ] {
            environment.write(name, SECRET);
            environment.write(&format!("d/{name}"), "kind: ConfigMap\n");
            let run = run(&environment, arguments);
            for line in run.stdout.lines().chain(run.stderr.lines()) {
                assert!(!line.trim_start().starts_with("::"), "{arguments:?}: {run}");
                let is_command = line.contains("##[") || line.contains("##vso[");
                assert!(!is_command, "{arguments:?}: {run}");
            }
            assert!(run.stderr.len() + run.stdout.len() > 10, "{arguments:?}");
        }
        for name in [name, &format!("d/{name}")] {
            fs::remove_file(environment.path(name)).expect("the file can be removed");
        }
    }
}

#[test]
fn names_in_plans_cannot_forge_ci_commands() {
    let environment = TestEnvironment::new();
    let names = [
        "::error::x.yaml",
        "##[group]x.yaml",
        "##vso[task.complete]x.yaml",
    ];
    for name in names {
        environment.encrypt(name, SECRET);
    }
    // The name of the recipient is a comment in the configuration.
    for comment in ["::error::forged", "##[error]forged", "a) forged"] {
        let rule = format!(
            "creation_rules:\n- age:\n  - {}\n  - {} # {comment}\n",
            recipient(),
            other_recipient()
        );
        environment.write(".sops.yaml", rule);
        let age = other_recipient();
        for arguments in [
            &["updatekeys", "--dry-run"][..],
            &["rotate", "-i", "--dry-run", "--add-age", &age],
        ] {
            let run = run(&environment, &[arguments, &names].concat());
            assert_eq!(run.code, Some(0), "{run}");
            assert!(run.stdout.contains(&format!(" ({}…", &age[..12])), "{run}");
            for line in run.stdout.lines().chain(run.stderr.lines()) {
                assert!(!line.trim_start().starts_with("::"), "{run}");
                let is_command = line.contains("##[") || line.contains("##vso[");
                assert!(!is_command, "{run}");
            }
        }
    }
}

#[test]
fn findings_are_escaped_in_every_format() {
    let environment = TestEnvironment::new();
    let hostile = quoted(HOSTILE);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {hostile}\nspec:\n  containers:\n  - name: {hostile}\n    image: {hostile}\n    \
         args: [\"--password=correct-horse\"]\n    env:\n    - name: {hostile}\n      value: correct-horse\n    - name: DB_PASSWORD\n      value: correct-horse\n    \
         volumeMounts:\n    - name: {hostile}\n      mountPath: {hostile}\n  volumes:\n  - name: {hostile}\n    secret:\n      secretName: {hostile}\n      defaultMode: 0644\n"
    );
    let secret = SECRET.replace("name: a", &format!("name: {hostile}"));
    let secret = secret.replace(
        "  password:",
        &format!("  {hostile}: z\n  {hostile}: hunter2\n  password:"),
    );
    environment.write(&format!("{HOSTILE}.yaml"), &pod);
    environment.write(&format!("{HOSTILE}/secret.yaml"), secret);
    environment.write(
        "config.yaml",
        format!(
            "kind: ConfigMap\ndata:\n  {hostile}: AGE-SECRET-KEY-1\n  DB_PASSWORD: correct-horse\n"
        ),
    );
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: ^no$\n  {hostile}: 1\n  {}: 1\n",
            quoted(&format!("key {HOSTILE}"))
        ),
    );
    for format in FORMATS {
        let run = environment.run(&["lint", "--format", format]);
        assert_eq!(run.code, Some(2), "{run}");
        assert_safe(&run, format);
        assert!(format == "sarif" || is_shown(&run), "{format}: {run}");
        match format {
            "json" | "sarif" => {
                drop(serde_json::from_str::<Json>(&run.stdout).expect("the text is JSON"))
            }
            "github" => assert!(run.stdout.lines().all(
                |line| line.starts_with("::error file=") || line.starts_with("::warning file=")
            )),
            _ => {}
        }
    }
    let raw = "kind: Pod\nspec:\n  containers:\n  - name: web\n    volumeMounts:\n    - name: s\n      mountPath: /s\n  volumes:\n  - name: s\n    secret:\n      secretName: a\n      defaultMode: 0644 # x\u{202e}\u{200b}y\n";
    environment.write("raw.yaml", raw);
    let run = environment.run(&["lint", "--diff"]);
    assert_safe(&run, "diff");
    assert!(
        run.stdout.contains("-      defaultMode: 0644 ***\n"),
        "{run}"
    );
}

#[test]
fn the_hook_escapes_names_in_its_messages() {
    let environment = TestEnvironment::new();
    let git = |arguments: &[&str]| {
        let command = environment.command_of(Path::new("git"), arguments);
        environment.finish(command).succeeds()
    };
    git(&["init", "-q"]);
    environment.write(&format!("{HOSTILE}.yaml"), SECRET);
    environment.write(
        "broken.yaml",
        format!(
            "kind: Secret\nstringData: {{{0}: hunter2}}\n{0}: 1\n",
            quoted(HOSTILE)
        ),
    );
    git(&["add", "."]);
    let run = environment.run(&["hook", "run"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_safe(&run, "hook");
    assert!(is_shown(&run), "{run}");
}

#[test]
fn keys_of_documents_are_escaped() {
    let environment = TestEnvironment::new();
    let key = quoted(HOSTILE);
    let path = format!(
        "[{}]",
        serde_json::to_string(HOSTILE).expect("the text is JSON")
    );
    let path_below = format!("{path}[\"a\"]");
    let text = format!("{key}: hunter2\nz: 1\n");
    environment.encrypt("x.yaml", &text);
    let altered = environment.read("x.yaml").replacen(",data:", ",data:A", 1);
    environment.write("altered.yaml", altered);
    environment.write("twice.yaml", format!("{key}: 1\n{key}: 2\n"));
    environment.write(
        "deep.yaml",
        format!("{key}:\n  {key}:\n    ? [1]\n    : 1\n"),
    );
    environment.write("twice.json", format!("{{{key}: 1,\n{key}: 2}}"));
    environment.write(
        "ini.ini",
        format!(
            "[{0}]\na = 1\n[{0}]\na = 2\n",
            HOSTILE.replace(['\n', '\r'], "")
        ),
    );
    environment.write(
        "env.env",
        format!("{}=1\nno\u{1b}entry\n", HOSTILE.replace(['\n', '\r'], "")),
    );
    environment.write("lists.yaml", format!("{key}: [1]\n"));
    let age = recipient();
    let mut shown = 0;
    for arguments in [
        &["decrypt", "altered.yaml"][..],
        &["edit", "altered.yaml"],
        &["set", "altered.yaml", "[\"z\"]", "2"],
        &["rotate", "altered.yaml"],
        &["exec-env", "altered.yaml", "true"],
        &["exec-file", "altered.yaml", "true"],
        &["exec-env", "x.yaml", "true"],
        &["encrypt", "--age", &age, "twice.yaml"],
        &["encrypt", "--age", &age, "deep.yaml"],
        &["encrypt", "--age", &age, "twice.json"],
        &["encrypt", "--age", &age, "ini.ini"],
        &["encrypt", "--age", &age, "env.env"],
        &[
            "encrypt",
            "--age",
            &age,
            "--encrypted-regex",
            "^nothing$",
            "lists.yaml",
        ],
        &["set", "x.yaml", &path_below, "1"],
        &["unset", "x.yaml", &path_below],
        &["decrypt", "--extract", &path_below, "x.yaml"],
        &["decrypt", "--output-type", "dotenv", "x.yaml"],
    ] {
        let mut run = run(&environment, arguments);
        if run.code == Some(0) {
            // Documents are written unchanged.
            run.stdout.clear();
        }
        assert_safe(&run, &format!("{arguments:?}"));
        shown += usize::from(is_shown(&run));
    }
    assert!(shown >= 8, "{shown}");
}

/// The entries of all families, each with one field that holds the text.
fn entries_of_keys(text: &str) -> Vec<(&'static str, &'static str, Json)> {
    let families: [(&str, &[(&str, &str)]); 7] = [
        ("age", &[("recipient", "age1x")]),
        ("pgp", &[("fp", "85D7")]),
        (
            "kms",
            &[
                ("arn", "arn:aws:kms:x"),
                ("role", "arn:r"),
                ("aws_profile", "p"),
            ],
        ),
        ("gcp_kms", &[("resource_id", "projects/p")]),
        ("hckms", &[("key_id", "r:1")]),
        (
            "azure_kv",
            &[("vault_url", "https://v"), ("name", "k"), ("version", "1")],
        ),
        (
            "hc_vault",
            &[
                ("vault_address", "https://v"),
                ("engine_path", "e"),
                ("key_name", "k"),
            ],
        ),
    ];
    let mut entries = Vec::new();
    for (family, fields) in families {
        let valid = || {
            let mut entry = json!({"created_at": "2026-01-01T00:00:00Z", "enc": "x"});
            for (name, value) in fields {
                entry[name] = json!(value);
            }
            entry
        };
        for (name, _) in fields {
            let mut entry = valid();
            entry[name] = json!(text);
            entries.push((family, *name, entry));
        }
        if family == "kms" {
            for context in [json!({text: "v"}), json!({"k": text})] {
                let mut entry = valid();
                entry["context"] = context;
                entries.push((family, "context", entry));
            }
        }
    }
    entries
}

#[test]
fn identifiers_in_the_metadata_that_could_act_are_refused() {
    let environment = TestEnvironment::new();
    let age = other_recipient();
    environment.encrypt("x.json", "{\"a\": \"hunter2\"}");
    let original: Json =
        serde_json::from_str(&environment.read("x.json")).expect("the text is JSON");
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: '{age}'}}]\n"),
    );
    let mut files = Vec::new();
    for text in [HOSTILE, "a\nb", "a\u{202e}b", "a\0b", &"a".repeat(5_000)] {
        for (family, name, entry) in entries_of_keys(text) {
            let mut document = original.clone();
            let list = &mut document["sops"][family];
            if !list.is_array() {
                *list = json!([]);
            }
            list.as_array_mut()
                .expect("the value is a list")
                .push(entry);
            files.push((name, document));
        }
        for name in ["version", "lastmodified", "mac"] {
            let mut document = original.clone();
            document["sops"][name] = json!(text);
            // Line breaks in base64 mean nothing.
            if (name, text) != ("mac", "a\nb") {
                files.push((name, document));
            }
        }
    }
    for text in [HOSTILE, "a\u{202e}b", "a\0b", &"a".repeat(70_000)] {
        for name in [
            "encrypted_regex",
            "unencrypted_suffix",
            "encrypted_comment_regex",
        ] {
            let mut document = original.clone();
            document["sops"]
                .as_object_mut()
                .expect("the value is a mapping")
                .remove("unencrypted_suffix");
            document["sops"][name] = json!(text);
            files.push((name, document));
        }
    }
    for (name, document) in files {
        environment.write("x.json", document.to_string());
        let before = environment.read("x.json");
        for arguments in [
            &["decrypt", "x.json"][..],
            &["edit", "-s", "x.json"],
            &["set", "x.json", "[\"a\"]", "1"],
            &["rotate", "-i", "x.json"],
            &["updatekeys", "-y", "x.json"],
            &["groups", "add", "--file", "x.json", "--age", &age, "-i"],
            &["lint", "x.json"],
        ] {
            let run = run(&environment, arguments);
            let context = format!("{name} {arguments:?}");
            assert_safe(&run, &context);
            assert!(!is_shown(&run), "{context}: {run}");
            if arguments[0] != "lint" {
                assert_ne!(run.code, Some(0), "{context}: {run}");
                assert!(run.stderr.contains(&format!("{name}`")), "{context}: {run}");
            }
            assert_eq!(environment.read("x.json"), before, "{context}");
        }
    }
}

#[test]
fn a_recipient_cannot_add_a_line_to_the_edited_document() {
    let environment = TestEnvironment::new();
    for (name, plaintext, planted, line) in [
        (
            "x.yaml",
            "password: hunter2\n",
            "\"age1x\\nINJECTED: {LD_PRELOAD: evil.so}\\n#\"",
            "        - enc: x\n          recipient: ",
        ),
        (
            "x.env",
            "password=hunter2\n",
            "age1x\\nINJECTED=evil.so\\n#",
            "sops_age__list_1__map_enc=x\nsops_age__list_1__map_recipient=",
        ),
    ] {
        environment.encrypt(name, plaintext);
        let text = environment.read(name);
        let at = match name {
            "x.yaml" => text
                .find("    lastmodified:")
                .or_else(|| text.find("    mac:")),
            _ => text.find("sops_lastmodified="),
        };
        let (before, after) = text.split_at(at.expect("the metadata has a time"));
        environment.write(name, format!("{before}{line}{planted}\n{after}"));
        let planted = environment.read(name);
        let mut command = environment.command(&["edit", "-s", name]);
        command.env(
            "EDITOR",
            environment.editor("sed -i s/hunter2/hunter3/ \"$1\""),
        );
        let run = environment.finish(command);
        assert_ne!(run.code, Some(0), "{run}");
        assert!(!run.stderr.contains("INJECTED"), "{run}");
        assert_eq!(environment.read(name), planted);
    }
}

#[test]
fn messages_for_the_editor_stay_above_the_text() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: 1\n");
    let script = format!(
        "if [ -e seen ]; then cp \"$1\" seen; printf 'b: 2\\n' > good; grep '^# sops-rs: ' \"$1\" | cat - good > \"$1.new\"; cat \"$1.new\" > \"$1\"; rm \"$1.new\"\n\
         else touch seen; printf '%s' '{0}: 1\n{0}: 2\n' > \"$1\"; fi",
        quoted(HOSTILE)
    );
    let mut command = environment.command(&["edit", "-s", "x.yaml"]);
    command.env("EDITOR", environment.editor(&script));
    let run = environment.finish(command).succeeds();
    assert_safe(&run, "edit");
    let seen = environment.read("seen");
    assert!(
        seen.starts_with("# sops-rs: ") && seen.contains(r"x\u{1b}[2K"),
        "{seen}"
    );
    let run = Run {
        code: None,
        stdout: seen.clone(),
        stderr: String::new(),
    };
    assert_safe(&run, "the head of the text");
    assert_eq!(environment.decrypt("x.yaml"), "b: 2\n");
}

#[test]
fn keys_of_the_metadata_that_mean_nothing_are_escaped() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.json", "{\"a\": \"hunter2\"}");
    let mut document: Json =
        serde_json::from_str(&environment.read("x.json")).expect("the text is JSON");
    document["sops"][HOSTILE] = json!(1);
    document["sops"]["lastmodified"] = json!("2020-01-01T00:00:00Z");
    environment.write("x.json", document.to_string());
    let run = environment.run(&["decrypt", "x.json"]);
    assert_eq!(run.code, Some(51), "{run}");
    assert_safe(&run, "an unknown key");
    assert!(is_shown(&run), "{run}");
}

#[test]
fn the_configuration_is_refused_or_escaped() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", SECRET);
    environment.write("p.yaml", SECRET);
    let hostile = quoted(HOSTILE);
    let age = recipient();
    for (rule, is_refused) in [
        (format!("age: [{hostile}]"), true),
        (format!("age: {hostile}"), true),
        (format!("age: [{age}, {hostile}]"), true),
        (format!("pgp: {hostile}"), true),
        (format!("kms: {hostile}"), true),
        (format!("{{age: '{age}', aws_profile: {hostile}}}"), true),
        (format!("gcp_kms: {hostile}"), true),
        (format!("hckms: [{hostile}]"), true),
        (format!("azure_keyvault: {hostile}"), true),
        (format!("hc_vault_transit_uri: {hostile}"), true),
        (format!("key_groups: [{{age: [{hostile}]}}]"), true),
        (format!("key_groups: [{{pgp: [{hostile}]}}]"), true),
        (format!("key_groups: [{{kms: [{{arn: {hostile}}}]}}]"), true),
        (
            format!("key_groups: [{{kms: [{{arn: a, role: {hostile}}}]}}]"),
            true,
        ),
        (
            format!("key_groups: [{{kms: [{{arn: a, context: {{k: {hostile}}}}}]}}]"),
            true,
        ),
        (
            format!("key_groups: [{{kms: [{{arn: a, context: {{{hostile}: v}}}}]}}]"),
            true,
        ),
        (
            format!("key_groups: [{{gcp_kms: [{{resource_id: {hostile}}}]}}]"),
            true,
        ),
        (
            format!("key_groups: [{{azure_keyvault: [{{vaultUrl: {hostile}, key: k}}]}}]"),
            true,
        ),
        (format!("key_groups: [{{hc_vault: [{hostile}]}}]"), true),
        (format!("{{age: '{age}', path_regex: {hostile}}}"), true),
        (
            format!("{{age: '{age}', encrypted_regex: {hostile}}}"),
            true,
        ),
        (
            format!("{{age: '{age}', unencrypted_suffix: {hostile}}}"),
            true,
        ),
        (format!("{{age: '{age}', {hostile}: 1}}"), false),
        (
            format!("{{age: '{age}', shamir_threshold: {hostile}}}"),
            true,
        ),
        (
            format!("{{age: '{age}', mac_only_encrypted: {hostile}}}"),
            true,
        ),
        (format!("{{age: '{age}', path_regex: \"\\nforged\"}}"), true),
        (format!("[{hostile}]"), true),
        (
            format!("{{age: '{age}'}}\n{hostile}: 1\n{hostile}: 2\nx:"),
            true,
        ),
        (format!("{{age: '{age}'}}\n{hostile}: 1"), false),
    ] {
        let rule = match rule.starts_with(['{', '[']) {
            true => rule,
            false => format!("{{{rule}}}"),
        };
        environment.write(".sops.yaml", format!("creation_rules:\n- {rule}\n"));
        for arguments in [
            &["encrypt", "p.yaml"][..],
            &["updatekeys", "-y", "x.yaml"],
            &["edit", "new.yaml"],
            &["lint"],
            &["lint", "--format", "github"],
            &["lint", "--format", "json"],
            &["flux", "install-key", "--dry-run=client"],
            &["init"],
        ] {
            let run = run(&environment, arguments);
            assert_safe(&run, &format!("{arguments:?} {rule}"));
            if arguments[0] == "encrypt" {
                assert_eq!(run.code != Some(0), is_refused, "{rule}: {run}");
                let is_warned = rule.contains(&format!(", {hostile}: 1"));
                assert_eq!(
                    run.stderr.contains(".sops.yaml"),
                    is_refused || is_warned,
                    "{rule}: {run}"
                );
            }
        }
    }
}

#[test]
fn arguments_are_escaped() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", SECRET);
    environment.write("p.yaml", SECRET);
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: '{}'}}]\n", recipient()),
    );
    let long = format!("--{HOSTILE}");
    let with_value = format!("--input-type={HOSTILE}");
    for arguments in [
        &[HOSTILE][..],
        &[&long],
        &["decrypt", &long, "x.yaml"],
        &["decrypt", "x.yaml", "--input-type", HOSTILE],
        &["decrypt", "x.yaml", &with_value],
        &["decrypt", "x.yaml", "--output-type", HOSTILE],
        &["decrypt", "x.yaml", "--extract", HOSTILE],
        &["decrypt", "x.yaml", "--keyservice", HOSTILE],
        &["decrypt", "x.yaml", "--decryption-order", HOSTILE],
        &["set", "x.yaml", HOSTILE, "1"],
        &["set", "x.yaml", "[\"a\"]", HOSTILE],
        &["unset", "x.yaml", HOSTILE],
        &["encrypt", "p.yaml", "--age", HOSTILE],
        &["encrypt", "p.yaml", "--pgp", HOSTILE],
        &["encrypt", "p.yaml", "--kms", HOSTILE],
        &["encrypt", "p.yaml", "--gcp-kms", HOSTILE],
        &["encrypt", "p.yaml", "--azure-kv", HOSTILE],
        &["encrypt", "p.yaml", "--hc-vault-transit", HOSTILE],
        &["encrypt", "p.yaml", "--hckms", HOSTILE],
        &[
            "encrypt",
            "p.yaml",
            "--kms",
            "arn:a",
            "--encryption-context",
            HOSTILE,
        ],
        &[
            "encrypt",
            "p.yaml",
            "--kms",
            "arn:a",
            "--aws-profile",
            HOSTILE,
        ],
        &["encrypt", "p.yaml", "--encrypted-regex", HOSTILE],
        &["encrypt", "p.yaml", "--unencrypted-suffix", HOSTILE],
        &[
            "encrypt",
            "p.yaml",
            "--shamir-secret-sharing-threshold",
            HOSTILE,
        ],
        &["encrypt", "p.yaml", "--indent", HOSTILE],
        &["encrypt", "--age", "--filename-override", HOSTILE, HOSTILE],
        &["rotate", "x.yaml", "--rm-age", HOSTILE],
        &["rotate", "x.yaml", "--add-age", HOSTILE],
        &["groups", HOSTILE],
        &["groups", "delete", "--file", "x.yaml", HOSTILE],
        &["exec-env", "x.yaml", "true", "--user", HOSTILE],
        &["exec-env", "--user", HOSTILE, "x.yaml", "true"],
        &["keyservice", "--address", HOSTILE],
        &["keyservice", "--network", HOSTILE],
        &["lint", "--select", HOSTILE],
        &["lint", "--format", HOSTILE],
        &["lint", "rule", HOSTILE],
        &["lint", HOSTILE],
        &["hook", HOSTILE],
        &["completion", HOSTILE],
        &["man", HOSTILE],
        &["keygen", "--output", "missing/\u{1b}x"],
        &["apply", "-f", HOSTILE],
        &["apply", "-f", "x.yaml", "--kubeconfig", HOSTILE],
        &["flux", "verify", HOSTILE],
        &["flux", "verify", "--context", HOSTILE],
        &["flux", "install-key", "--dry-run=client", "--name", HOSTILE],
        &[
            "flux",
            "install-key",
            "--dry-run=client",
            "--age-key-file",
            HOSTILE,
        ],
    ] {
        let run = run(&environment, arguments);
        assert_safe(&run, &format!("{arguments:?}"));
        assert_ne!(
            (run.code, run.stderr.is_empty()),
            (Some(1), true),
            "{arguments:?}"
        );
    }
    for arguments in [
        &["encrypt", "p.yaml", "--kms", HOSTILE][..],
        &[
            "encrypt",
            "p.yaml",
            "--age",
            &recipient(),
            "--encrypted-regex",
            "a\u{202e}|data",
        ],
        &[
            "encrypt",
            "p.yaml",
            "--age",
            &recipient(),
            "--encrypted-suffix",
            "a\u{200b}",
        ],
    ] {
        // A file with this string could not be read again.
        assert_ne!(run(&environment, arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn values_of_environment_variables_are_escaped() {
    let environment = TestEnvironment::without_key();
    environment.encrypt("x.yaml", SECRET);
    environment.write("p.yaml", SECRET);
    let mut shown = 0;
    for variable in [
        "SOPS_AGE_KEY",
        "SOPS_AGE_KEY_FILE",
        "SOPS_AGE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
        "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
        "SOPS_AGE_RECIPIENTS",
        "SOPS_PGP_FP",
        "SOPS_KMS_ARN",
        "SOPS_GCP_KMS_IDS",
        "SOPS_AZURE_KEYVAULT_URLS",
        "SOPS_VAULT_URIS",
        "SOPS_HUAWEICLOUD_KMS_IDS",
        "SOPS_GPG_EXEC",
        "SOPS_KEYSERVICE",
        "SOPS_CONFIG",
        "SOPS_DECRYPTION_ORDER",
        "SOPS_EDITOR",
        "GNUPGHOME",
        "KUBECONFIG",
        "HOME",
        "XDG_CONFIG_HOME",
        "TMPDIR",
        "GIT_DIR",
    ] {
        for arguments in [
            &["--verbose", "decrypt", "x.yaml"][..],
            &["encrypt", "p.yaml"],
            &["edit", "x.yaml"],
            &["init"],
            &["hook", "run"],
            &["flux", "install-key", "--dry-run=client"],
            &["flux", "verify"],
        ] {
            let mut command = environment.command(arguments);
            command.env(variable, HOSTILE);
            let run = environment.finish(command);
            assert_safe(&run, &format!("{variable} {arguments:?}"));
            shown += usize::from(is_shown(&run));
        }
        drop(fs::remove_file(environment.path(".sops.yaml")));
    }
    assert!(shown >= 10, "{shown}");
}

/// Anyone who can add a file chooses its name, and a pasted command would read it as an option.
#[test]
fn file_names_are_never_options_in_suggested_commands() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {}\n",
            recipient()
        ),
    );
    let names = ["--config=evil.yaml", "-i.yaml", "--age=age1x.yaml"];
    environment.encrypt_with(
        "encrypted.yaml",
        SECRET,
        &["--encrypted-regex=^stringData$"],
    );
    for (index, name) in names.into_iter().enumerate() {
        let content = match index {
            0 => environment.read("encrypted.yaml"),
            _ => SECRET.to_owned(),
        };
        environment.write(name, content);
    }
    let run = environment.run(&["lint"]);
    let output = format!("{}{}", run.stdout, run.stderr);
    let commands: Vec<&str> = output
        .lines()
        .filter(|line| line.contains("sops-rs ") && line.contains("help"))
        .collect();
    for name in names {
        let is_suggested = |line: &&&str| line.contains(&format!("./{name}"));
        assert!(
            commands.iter().find(is_suggested).is_some(),
            "{name}: {run}"
        );
        let is_option = |line: &&&str| {
            [" ", " '"]
                .iter()
                .any(|before| line.contains(&format!("{before}{name}")))
        };
        assert!(commands.iter().find(is_option).is_none(), "{name}: {run}");
    }
}
