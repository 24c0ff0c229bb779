//! `lint`, as users and CI run it.

use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, identity, other_recipient, recipient};

const POD: &str = "kind: Pod\nspec:\n  containers:\n  - name: web\n    env:\n    - name: PASSWORD\n      value: correct-horse\n    \
                   volumeMounts:\n    - name: s\n      mountPath: /s # here\n  volumes:\n  - name: s\n    secret:\n      secretName: a\n      defaultMode: 0644\n";
const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: correct-horse\n";

fn rules(recipient: &str) -> String {
    format!(
        "creation_rules:\n- path_regex: \\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {recipient}\n"
    )
}

#[track_caller]
fn found(environment: &TestEnvironment, arguments: &[&str]) -> Vec<String> {
    let run = environment.run(&[&["lint", "--format", "json"], arguments].concat());
    assert!(matches!(run.code, Some(0 | 1)), "{run}");
    assert!(!run.to_string().contains("correct-horse"), "{run}");
    let found: Vec<Json> = serde_json::from_str(&run.stdout).expect("the text is JSON");
    assert_eq!(run.code == Some(1), !found.is_empty(), "{run}");
    let summary = |finding: &Json| {
        format!(
            "{}:{} {}",
            finding["file"].as_str().unwrap_or("?"),
            finding["line"],
            finding["code"].as_str().unwrap_or("?")
        )
    };
    found.iter().map(summary).collect()
}

#[test]
fn findings_are_shown_with_their_lines_and_without_values() {
    let environment = TestEnvironment::new();
    environment.write("pod.yaml", POD);
    let run = environment.run(&["lint"]);
    assert_eq!(run.code, Some(1), "{run}");
    insta::assert_snapshot!(run.stdout.clone() + &run.stderr);
}

#[test]
fn each_secret_in_a_quoted_file_is_reported_at_its_own_position() {
    let environment = TestEnvironment::new();
    environment.write(
        "cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a.yml: |\n    db:\n      password: correct-horse # why\n    \
         list:\n    - {password: correct-horse-2}\n  run.sh: |\n    export PGPASSWORD=correct-horse\n",
    );
    environment.write(
        "kustomization.yaml",
        "kind: Kustomization\npatches:\n- patch: |\n    kind: Secret\n    metadata: {name: db}\n    stringData:\n      password: correct-horse\n",
    );
    environment.write(
        "patch.yaml",
        "- op: add\n  path: /stringData/a\n  value: correct-horse\n",
    );
    environment.write(
        "Dockerfile",
        "FROM a\nENV \\\n  A=b \\\n  DB_PASSWORD=correct-horse\n",
    );
    let run = environment.run(&["lint"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!run.to_string().contains("correct-horse"), "{run}");
    for place in [
        "cm.yaml:7:17",
        "cm.yaml:9:18",
        "cm.yaml:11:23",
        "kustomization.yaml:7:17",
        "patch.yaml:3:10",
        "Dockerfile:4:15",
    ] {
        assert!(
            run.to_string().contains(&format!("--> {place}\n")),
            "{place}: {run}"
        );
    }
    for name in ["`db.password`", "`list.0.password`", "`PGPASSWORD`"] {
        assert!(run.to_string().contains(name), "{name}: {run}");
    }
}

#[test]
fn exit_codes_distinguish_findings_from_errors() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "a: 1\n");
    environment.write("pod.yaml", POD);
    let code = |arguments: &[&str]| environment.run(&[&["lint"], arguments].concat()).code;
    assert_eq!(code(&["a.yaml"]), Some(0));
    assert_eq!(code(&["pod.yaml"]), Some(1));
    for wrong in [
        &["missing.yaml"][..],
        &["--select", "nothing"],
        &["--unknown"],
        &["--baseline", "missing"],
        &["--settings", "missing"],
        &["rule", "nothing"],
    ] {
        assert_eq!(code(wrong), Some(2), "{wrong:?}");
    }
    environment.write(".sops-lint.yaml", "slect: []\n");
    let run = environment.run(&["lint"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("slect"), "{run}");
}

#[test]
fn errors_in_settings_show_no_value() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "a: 1\n");
    for (name, settings, text) in [
        ("b.json", "baseline: b.json\n", "\"hunter2\""),
        (
            "b.json",
            "baseline: b.json\n",
            "{\"findings\": \"hunter2\"}",
        ),
        ("b.json", "select: hunter2\n", ""),
        ("b.json", "severity: {SL001: hunter2}\n", ""),
        (".sops.yaml", "", "creation_rules: hunter2\n"),
    ] {
        environment.write(".sops-lint.yaml", settings);
        environment.write(name, text);
        let run = environment.run(&["lint"]);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(!run.to_string().contains("hunter2"), "{run}");
    }
}

#[test]
fn rules_can_be_selected_and_files_excluded() {
    let environment = TestEnvironment::new();
    environment.write("pod.yaml", POD);
    environment.write("ignored/pod.yaml", POD);
    environment.write(".gitignore", "ignored\n");
    assert_eq!(
        found(&environment, &[]),
        ["pod.yaml:7 SL001", "pod.yaml:9 SL007", "pod.yaml:15 SL008"]
    );
    assert_eq!(
        found(&environment, &["--select", "SL007"]),
        ["pod.yaml:9 SL007"]
    );
    assert_eq!(
        found(
            &environment,
            &["--ignore", "literal-secret-in-env,SL008", "pod.yaml"]
        ),
        ["pod.yaml:9 SL007"]
    );
    environment.write(".sops-lint.yaml", "exclude: [pod.yaml]\n");
    assert_eq!(found(&environment, &[]), [""; 0]);
    environment.write(
        ".sops-lint.yaml",
        "ignore: [SL001, SL008]\nseverity: {SL007: error}\n",
    );
    let run = environment.run(&["lint"]);
    assert!(run.stdout.starts_with("error[SL007"), "{run}");
    let run = environment.run_with_input(&["lint", "-"], POD);
    assert!(run.stdout.contains("<stdin>"), "{run}");
}

#[test]
fn a_baseline_hides_known_findings() {
    let environment = TestEnvironment::new();
    environment.write("pod.yaml", POD);
    environment
        .run(&["lint", "--write-baseline", "known.json"])
        .succeeds();
    assert!(!environment.read("known.json").contains("correct-horse"));
    // Lines that move change nothing.
    environment.write("pod.yaml", format!("# a comment\n\n{POD}"));
    assert_eq!(found(&environment, &["--baseline", "known.json"]), [""; 0]);
    environment.write("new.yaml", SECRET);
    assert_eq!(
        found(&environment, &["--baseline", "known.json"]),
        ["new.yaml:6 SL010"]
    );
    // Entries that match nothing are counted, and can be removed without new findings.
    environment.write("pod.yaml", POD.replace("0644", "0640"));
    let lint = ["lint", "--baseline", "known.json"];
    let run = environment.run(&lint);
    let warning = "1 baseline entry matches no finding: pod.yaml; `sops-rs lint --baseline known.json --prune-baseline` removes it";
    assert!(run.stderr.contains(warning), "{run}");
    let prune = ["lint", "--baseline", "known.json", "--prune-baseline"];
    let run = environment.run(&prune);
    assert!(
        run.stderr.contains("Removed 1 entry from the baseline"),
        "{run}"
    );
    assert_eq!(
        found(&environment, &["--baseline", "known.json"]),
        ["new.yaml:6 SL010"]
    );
    assert!(!environment.run(&lint).stderr.contains("matches no finding"));
    // A run on a part of the repository knows nothing about the rest.
    let run = environment.run(&["lint", "--baseline", "known.json", "new.yaml"]);
    assert!(!run.stderr.contains("matches no finding"), "{run}");
    let run = environment.run(&["lint", "--prune-baseline"]);
    assert!(run.stderr.contains("no baseline to prune"), "{run}");
}

#[test]
fn findings_have_a_confidence() {
    let environment = TestEnvironment::new();
    let variable = |name: &str, value: &str| format!("    - {{name: {name}, value: {value}}}\n");
    let text = [
        variable("A", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        variable("API_TOKEN", "Zx81kQ0pLm22vbN7"),
        variable("DB_PASSWORD", "correct-horse"),
        variable("SMTP_PASSWORD", "two plain words"),
    ];
    let pod = "kind: Pod\nspec:\n  containers:\n  - name: web\n    env:\n";
    environment.write("pod.yaml", format!("{pod}{}", text.concat()));
    let run = environment.run(&["lint", "--format", "json"]);
    let findings: Json = serde_json::from_str(&run.stdout).expect("the text is JSON");
    let confidence = |index: usize| findings[index]["confidence"].as_str();
    let confidences: Vec<_> = (0..5).map(confidence).collect();
    assert_eq!(
        confidences,
        [
            Some("high"),
            Some("high"),
            Some("medium"),
            Some("low"),
            None
        ]
    );
    for (least, lines, hidden) in [
        ("low", 4, ""),
        ("medium", 3, "1 finding"),
        ("high", 2, "2 findings"),
    ] {
        let shown = found(&environment, &["--min-confidence", least]);
        assert_eq!(shown.len(), lines, "{least}");
        let run = environment.run(&["lint", "--min-confidence", least]);
        let summary = format!("; {hidden} below `--min-confidence`");
        assert_eq!(run.stderr.contains(&summary), !hidden.is_empty(), "{run}");
    }
}

#[test]
fn equal_findings_of_a_file_are_shown_once() {
    let environment = TestEnvironment::new();
    let mount = "    - name: s\n      mountPath: /s\n";
    let pod = format!(
        "kind: Pod\nspec:\n  volumes:\n  - name: s\n    secret: {secret}\n  containers:\n  - name: a\n    volumeMounts:\n{}",
        mount.repeat(8),
        secret = "{secretName: db}"
    );
    environment.write("pod.yaml", &pod);
    let run = environment.run(&["lint"]);
    assert_eq!(run.stdout.matches("warning[").count(), 1, "{run}");
    let more = "and 7 more at lines 11, 13, 15, 17, 19, 21, 23";
    assert!(run.stdout.contains(more), "{run}");
    assert!(
        run.stderr
            .contains("0 errors and 8 warnings in 1 file; `--fix` can fix 8 of them"),
        "{run}"
    );
    assert_eq!(found(&environment, &[]).len(), 8);
}

#[test]
fn a_misspelled_rule_gets_a_suggestion() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "a: b\n");
    let expected = "unknown rule `plaintext-secrets`; did you mean `plaintext-secret`?";
    for arguments in [
        &["lint", "--select", "plaintext-secrets"][..],
        &["lint", "--ignore", "plaintext-secrets"],
        &["lint", "rule", "plaintext-secrets"],
    ] {
        let run = environment.run(arguments);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains(expected), "{run}");
    }
    environment.write(
        ".sops-lint.yaml",
        "severity: {plaintext-secrets: warning}\n",
    );
    let run = environment.run(&["lint"]);
    assert!(run.stderr.contains(expected), "{run}");
    environment.write(".sops-lint.yaml", "");
    environment.write(
        "a.yaml",
        "# sops-rs: allow plaintext-secrets -- why\na: b\n",
    );
    let run = environment.run(&["lint"]);
    assert!(run.stdout.contains(expected), "{run}");
}

#[test]
fn safe_fixes_are_applied() {
    let environment = TestEnvironment::new();
    environment.write("pod.yaml", POD);
    environment.write(".sops.yaml", rules(&recipient()));
    environment.write("secret.yaml", SECRET);
    let diff = environment.run(&["lint", "--diff"]);
    assert_eq!(environment.read("secret.yaml"), SECRET);
    assert_eq!(environment.read("pod.yaml"), POD);
    assert!(
        diff.stdout.contains("+      readOnly: true") && !diff.stdout.contains("correct-horse"),
        "{diff}"
    );
    let run = environment.run(&["lint", "--fix"]);
    assert_eq!(run.code, Some(1), "{run}");
    let mended = POD
        .replace(" # here\n", " # here\n      readOnly: true\n")
        .replace("0644", "0640");
    assert_eq!(environment.read("pod.yaml"), mended);
    assert_eq!(environment.decrypt("secret.yaml"), SECRET);
    assert_eq!(found(&environment, &[]), ["pod.yaml:7 SL001"]);
    // The rule has another recipient now.
    environment.write(
        ".sops.yaml",
        rules(&format!("{},{}", recipient(), other_recipient())),
    );
    assert_eq!(found(&environment, &["--select", "SL012"]).len(), 1);
    environment
        .run(&["lint", "--fix", "--yes", "--select", "SL012"])
        .succeeds();
    assert_eq!(environment.decrypt("secret.yaml"), SECRET);
    assert!(environment.read("secret.yaml").contains(&other_recipient()));
}

#[test]
fn a_file_gets_the_rule_of_its_creation_rule_in_memory() {
    let environment = TestEnvironment::new();
    let config = |rule: &str| format!("creation_rules:\n- {rule}\n  age: {}\n", recipient());
    let secret = format!("{SECRET}data:\n  user: YWRtaW4=\n");
    environment.write(".sops.yaml", config("encrypted_regex: ^stringData$"));
    environment.write("secret.yaml", &secret);
    environment
        .run(&["encrypt", "-i", "secret.yaml"])
        .succeeds();
    let before = environment.read("secret.yaml");
    let value = |text: &str| {
        let line = text.lines().find(|line| line.contains("password: ENC["));
        line.map(str::to_owned)
            .expect("the document has an encrypted value")
    };
    environment.write(".sops.yaml", config("encrypted_regex: ^(data|stringData)$"));
    assert_eq!(found(&environment, &["--select", "SL013"]).len(), 1);
    let diff = environment.run(&["lint", "--diff", "--select", "SL013"]);
    assert_eq!(environment.read("secret.yaml"), before);
    assert!(diff.stdout.contains("secret.yaml: would get"), "{diff}");
    environment
        .run(&["lint", "--fix", "--select", "SL013", "secret.yaml"])
        .succeeds();
    let after = environment.read("secret.yaml");
    assert!(
        after.contains("user: ENC[") && value(&after) == value(&before),
        "{after}"
    );
    assert_eq!(environment.decrypt("secret.yaml"), secret);
    assert_eq!(found(&environment, &[]), [""; 0]);
    // Encrypted values stay encrypted, and a file that cannot be decrypted stays unchanged.
    environment.write(".sops.yaml", config("encrypted_regex: ^data$"));
    let run = environment.run(&["lint", "--fix", "--select", "SL013"]);
    assert!(run.stdout.contains("encrypts more than"), "{run}");
    assert_eq!(environment.read("secret.yaml"), after);
    environment.write("secret.yaml", &before);
    let run = environment.run(&["lint", "--fix", "--select", "SL013"]);
    assert!(
        run.stdout
            .contains("would leave its encrypted values in plaintext"),
        "{run}"
    );
    assert_eq!(run.code, Some(1), "{run}");
    environment.write("secret.yaml", &after);
    environment.write(".sops.yaml", config("mac_only_encrypted: true"));
    fs::remove_dir_all(environment.home()).expect("the directory can be removed");
    let run = environment.run(&["lint", "--fix", "--select", "SL013"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(environment.read("secret.yaml"), after);
}

#[test]
fn a_fix_names_a_file_like_its_findings() {
    let environment = TestEnvironment::new();
    environment.write(".git/HEAD", "");
    environment.write(".sops.yaml", rules(&recipient()));
    environment.write("apps/here.txt", "");
    for directory in [".", "apps"] {
        environment.write("apps/secret.yaml", SECRET);
        environment.write("pod.yaml", POD);
        for arguments in [&["--diff"][..], &["--fix"]] {
            let paths = match directory {
                "." => ["apps/secret.yaml", "pod.yaml"],
                _ => ["secret.yaml", "../pod.yaml"],
            };
            let mut command = environment.command(&[&["lint"], arguments, &paths[..]].concat());
            command.current_dir(environment.path(directory));
            let run = environment.finish(command);
            let text = run.stdout.clone() + &run.stderr;
            assert!(
                !text.contains(&*environment.path("").to_string_lossy()),
                "{run}"
            );
            assert!(text.contains(&format!("{}: ", paths[0])), "{run}");
        }
    }
}

#[test]
fn mounts_that_are_aliases_are_fixed_with_their_anchors() {
    let environment = TestEnvironment::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: a\n    volumeMounts: &mounts\n    - {name: s, mountPath: /s}\n    - name: s\n      mountPath: /t\n  - name: b\n    volumeMounts: *mounts\n  volumes:\n  - name: s\n    secret: {secretName: a}\n";
    environment.write("pod.yaml", pod);
    let run = environment.run(&["lint", "--fix"]);
    run.succeeds();
    let mended = pod
        .replace("/s}", "/s, readOnly: true}")
        .replace("/t\n", "/t\n      readOnly: true\n");
    assert_eq!(environment.read("pod.yaml"), mended);
}

#[test]
fn bad_files_are_findings_and_the_run_continues() {
    let environment = TestEnvironment::new();
    environment.write("broken.yaml", "a: [\n");
    environment.write("deep.yaml", "[".repeat(100_000));
    environment.write("binary.yaml", b"\x00\xff\xfe");
    environment.write("helm.yaml", "{{- if .x }}\na: {{ .y }}\n{{- end }}\n");
    environment.write("large.txt", vec![b'x'; 65 * 1024 * 1024]);
    environment.write("secret.yaml", SECRET);
    let found = found(&environment, &[]);
    for expected in [
        "binary.yaml:1 SL017",
        "broken.yaml:",
        "deep.yaml:",
        "large.txt:1 SL017",
        "secret.yaml:6 SL010",
    ] {
        assert!(
            found.iter().any(|one| one.starts_with(expected)),
            "{expected}: {found:?}"
        );
    }
    assert!(!found.iter().any(|one| one.contains("helm")), "{found:?}");
}

#[test]
fn pipes_and_huge_files_in_a_tree_do_not_block() {
    let environment = TestEnvironment::new();
    environment.write("secret.yaml", SECRET);
    environment.write("name\n\u{1b}[31m.yaml", SECRET);
    let made = std::process::Command::new("mkfifo")
        .arg(environment.path("pipe.yaml"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    for (target, name) in [
        (".", "loop"),
        ("secret.yaml", "again.yaml"),
        ("nowhere", "broken.yaml"),
        ("/dev/zero", "endless.yaml"),
    ] {
        symlink(target, environment.path(name)).expect("the link can be created");
    }
    // Links are not followed: their targets are checked at their own path, or belong to someone
    // else.
    let escaped = r"name\n\u{1b}[31m.yaml:6 SL010";
    assert_eq!(found(&environment, &[]), [escaped, "secret.yaml:6 SL010"]);
    assert_eq!(found(&environment, &["again.yaml"]), ["again.yaml:6 SL010"]);
    let endless = environment.run(&["lint", "endless.yaml"]);
    assert_eq!(endless.code, Some(1), "{endless}");
    assert!(endless.stdout.contains("larger than 64 MiB"), "{endless}");
}

#[test]
fn a_file_that_may_not_be_read_is_a_finding() {
    let environment = TestEnvironment::new();
    environment.write("closed.yaml", SECRET);
    let closed = environment.path("closed.yaml");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))
        .expect("the permissions can be changed");
    // Root can read the file anyway.
    let expected = match fs::read(&closed) {
        Ok(_) => "closed.yaml:6 SL010",
        Err(_) => "closed.yaml:1 SL017",
    };
    assert_eq!(found(&environment, &[]), [expected]);
}

#[track_caller]
fn written(format: &str) -> Run {
    let environment = TestEnvironment::new();
    // The examples in the rule pages contain the other password.
    environment.write(
        "with space.yaml",
        POD.replace("correct-horse", "battery-staple"),
    );
    let run = environment.run(&["lint", "--format", format]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!run.to_string().contains("battery-staple"), "{run}");
    run
}

#[test]
fn findings_are_written_as_sarif_github_and_junit() {
    let sarif: Json = serde_json::from_str(&written("sarif").stdout).expect("the text is JSON");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "SL001");
    assert_eq!(result["rank"], 50.0);
    assert_eq!(result["properties"]["confidence"], "medium");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "with%20space.yaml");
    assert_eq!(place["region"]["startLine"], 7);
    assert_eq!(
        result["partialFingerprints"]["sopsLint/v1"]
            .as_str()
            .map(str::len),
        Some(32)
    );
    let github = written("github").stdout;
    assert!(
        github.starts_with(
            "::error file=with space.yaml,line=7,col=14,title=SL001 literal-secret-in-env (medium confidence)::"
        ),
        "{github}"
    );
    let junit = written("junit").stdout;
    assert!(
        junit.contains("failures=\"3\"") && junit.contains("type=\"SL001\""),
        "{junit}"
    );
}

#[test]
fn rules_explain_themselves() {
    let environment = TestEnvironment::new();
    let list = environment.run(&["lint", "rule"]).succeeds().stdout;
    assert_eq!(list.lines().count(), 28);
    for name in ["SL007", "writable-secret-mount"] {
        let page = environment.run(&["lint", "rule", name]).succeeds().stdout;
        assert!(
            page.starts_with("# SL007 writable-secret-mount: "),
            "{page}"
        );
        // The tests of the examples mark them after the language.
        assert!(page.contains("\n```yaml\nkind: Pod\n"), "{page}");
    }
    let schema = environment.run(&["lint", "schema"]).succeeds().stdout;
    let schema: Json = serde_json::from_str(&schema).expect("the text is JSON");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn a_private_key_given_as_a_recipient_is_not_shown() {
    let environment = TestEnvironment::new();
    environment.write("a.yaml", "password: x\n");
    environment
        .run(&["encrypt", "-i", "--age", &recipient(), "a.yaml"])
        .succeeds();
    let key = identity();
    environment.write(".sops.yaml", format!("creation_rules:\n- age: {key}\n"));
    for format in ["text", "json", "sarif", "github", "junit"] {
        let run = environment.run(&["lint", "--format", format, "a.yaml"]);
        assert!(run.stdout.contains("SL012"), "{run}");
        assert!(!run.to_string().contains(&key[20..40]), "{format}");
    }
}

/// Commands look for `.sops.yaml` from the working directory upwards.
#[test]
fn help_names_a_configuration_below_the_working_directory() {
    let environment = TestEnvironment::new();
    let rule = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write("sub/.sops.yaml", &rule);
    environment.write(
        "sub/a.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: x\n",
    );
    let command = "sops-rs --config sub/.sops.yaml encrypt -i sub/a.yaml";
    let run = environment.run(&["lint", "--select", "SL010"]);
    assert!(run.stdout.contains(&format!("help: {command}\n")), "{run}");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    environment.run(&words).succeeds();
    environment.run(&["lint", "--select", "SL010"]).succeeds();
}

#[test]
fn an_invalid_configuration_is_explained_once() {
    let environment = TestEnvironment::new();
    for config in ["creation_rules: [\n", "creation_rules:\n- path_rgex: x\n"] {
        environment.write(".sops.yaml", config);
        environment.write("a.yaml", "a: b\n");
        let run = environment.run(&["lint"]);
        assert_eq!(run.code, Some(2), "{run}");
        assert_eq!(run.stdout.matches("SL0").count(), 1, "{run}");
        assert!(run.stdout.contains("SL016"), "{run}");
        let said = run.stdout.lines().next().unwrap_or_default();
        let (_, reason) = said.split_once("]: ").expect("a finding");
        assert!(!run.stderr.contains(reason), "{run}");
        assert!(run.stderr.contains("cannot determine which files"), "{run}");
        // Without the finding, the error says this.
        let run = environment
            .run(&["lint", "--select", "SL010"])
            .fails_with(2);
        assert!(run.stderr.contains(reason), "{run}");
        assert!(run.stdout.is_empty(), "{run}");
    }
}

#[test]
fn a_configuration_with_another_extension_is_a_warning_unless_it_is_named() {
    let environment = TestEnvironment::new();
    let config = format!("creation_rules:\n- age: {}\n", recipient());
    environment.write("apps/.sops.yml", config);
    let run = environment.run(&["lint"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("apps/.sops.yml:1:1"), "{run}");
    assert!(run.stdout.contains("must be called `.sops.yaml`"), "{run}");
    let named = ["--config", "apps/.sops.yml", "lint"];
    environment.run(&named).succeeds();
}

#[test]
fn a_path_with_two_dots_is_the_same_as_one_without() {
    let environment = TestEnvironment::new();
    let git = environment.command_of(Path::new("git"), &["init", "-q"]);
    environment.finish(git).succeeds();
    environment.write(".sops-lint.yaml", "exclude: [vendor/**]\n");
    environment.write("vendor/secret.yaml", SECRET);
    environment.write("apps/secret.yaml", SECRET);
    environment.write("apps/web/empty.yaml", "{}\n");
    let files = |directory: &str, path: &str| {
        let mut command = environment.command(&["lint", "--format", "json", path]);
        command.current_dir(environment.path(directory));
        let run = environment.finish(command);
        assert_eq!(run.code, Some(1), "{run}");
        let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("the text is JSON");
        let found = found.as_array().expect("the value is a list").iter();
        let names = found.map(|one| one["file"].as_str().unwrap_or_default().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(files("", "."), ["apps/secret.yaml"]);
    assert_eq!(files("apps/web", "../.."), ["../../apps/secret.yaml"]);
}

#[test]
fn a_fix_in_an_encrypted_file_keeps_its_mac() {
    let environment = TestEnvironment::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: web:1\n    volumeMounts:\n    - name: db\n      mountPath: /db\n  volumes:\n  - name: db\n    secret:\n      secretName: db\n";
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2\n";
    let text = format!("{pod}---\n{secret}");
    let rule = ["--encrypted-regex", "^stringData$"];
    environment.write("all.yaml", &text);
    environment
        .run(
            &[
                &["encrypt", "-i", "--age", &recipient()][..],
                &rule,
                &["all.yaml"],
            ]
            .concat(),
        )
        .succeeds();
    let encrypted = environment.read("all.yaml");
    // Without a key, the file stays as it was.
    let mut without = environment.command(&["lint", "--fix", "--select", "SL007", "all.yaml"]);
    without
        .env_remove("SOPS_AGE_KEY_FILE")
        .env("HOME", "/nonexistent");
    assert_ne!(environment.finish(without).code, Some(0));
    assert_eq!(environment.read("all.yaml"), encrypted);
    environment
        .run(&["lint", "--fix", "--select", "SL007", "all.yaml"])
        .succeeds();
    let decrypted = environment.decrypt("all.yaml");
    assert!(decrypted.contains("readOnly: true"), "{decrypted}");
    assert!(decrypted.ends_with(secret), "{decrypted}");
}
