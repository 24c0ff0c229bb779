//! Editing, with scripts for editors.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sops_test_support::environment::{Run, TestEnvironment, identity, recipient};

const TEXT: &str = "a: hunter2\nb: two # kept\n";

fn edit(environment: &TestEnvironment, script: &str, arguments: &[&str]) -> Run {
    environment.finish(with_editor(environment, script, arguments))
}

fn with_editor(environment: &TestEnvironment, script: &str, arguments: &[&str]) -> Command {
    let mut command = environment.command(arguments);
    command.env("EDITOR", environment.editor(script));
    command
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("no {start} in {text}"))
}

#[test]
fn a_changed_value_changes_its_ciphertext_and_no_other() {
    let environment = TestEnvironment::new();
    for arguments in [
        &["edit", "x.yaml"][..],
        &["x.yaml"],
        &["x.yaml", "--ignore-mac"],
    ] {
        environment.encrypt("x.yaml", TEXT);
        let old = environment.read("x.yaml");
        edit(
            &environment,
            "sed s/hunter2/hunter3/ \"$1\" > t; cat t > \"$1\"; rm t",
            arguments,
        )
        .succeeds();
        let new = environment.read("x.yaml");
        assert_ne!(line(&old, "a:"), line(&new, "a:"));
        assert_eq!(line(&old, "b:"), line(&new, "b:"));
        assert_eq!(
            environment.decrypt("x.yaml"),
            TEXT.replace("hunter2", "hunter3")
        );
    }
}

#[test]
fn an_unchanged_file_is_not_written() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    for arguments in [
        &["edit", "x.yaml"][..],
        &["x.yaml"],
        &["-s", "x.yaml"],
        &["edit", "new.yaml", "--age", &recipient()],
    ] {
        edit(&environment, ":", arguments).fails_with(200);
    }
    assert_eq!(environment.read("x.yaml"), old);
    assert_eq!(environment.names(), ["x.yaml"]);
}

#[test]
fn a_new_file_starts_from_an_example() {
    let environment = TestEnvironment::new();
    let recipient = recipient();
    for (name, example) in [
        ("new.yaml", "example_key: example_value"),
        ("new.json", "\"example_key\": \"example_value\""),
    ] {
        let script = "grep -q example_key \"$1\" || exit 1; sed s/example_value/hunter2/ \"$1\" > t; cat t > \"$1\"; rm t";
        edit(&environment, script, &["edit", "--age", &recipient, name]).succeeds();
        let text = environment.decrypt(name);
        assert!(
            text.contains(&example.replace("example_value", "hunter2")),
            "{text}"
        );
    }
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{encrypted_regex: '^(data|stringData)$', age: {recipient}}}]"),
    );
    edit(
        &environment,
        "grep -q stringData: \"$1\" && echo 'data: {x: y}' > \"$1\"",
        &["manifest.yaml"],
    )
    .succeeds();
    assert_eq!(environment.decrypt("manifest.yaml"), "data: {x: y}\n");
    // Without a key to encrypt for, no editor is opened.
    fs::remove_file(environment.path(".sops.yaml")).expect("the file can be removed");
    let run = edit(&environment, "touch opened", &["none.yaml"]).fails_with(1);
    assert!(run.stderr.contains("--age"), "{run}");
    assert!(!environment.path("opened").exists());
}

#[test]
fn the_editor_reopens_with_the_error_at_the_top() {
    let environment = TestEnvironment::new();
    for (name, text, broken, mended, mark) in [
        (
            "x.yaml",
            TEXT,
            "a: 1\na: 2\n",
            "a: 1\nb: 2\n",
            "# sops-rs: line 4, column 1: ",
        ),
        (
            "x.json",
            "{\"a\": \"hunter2\"}",
            "{\"a\": }\n",
            "{\"a\": 1}\n",
            "// sops-rs: line 3, column 7: ",
        ),
    ] {
        environment.encrypt(name, text);
        environment.write("broken", broken);
        environment.write("mended", mended);
        let script = "\
n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
cp \"$1\" seen$n
if [ $n = 0 ]; then cat broken > \"$1\"; else { head -n 2 \"$1\"; cat mended; } > t; cat t > \"$1\"; rm t; fi";
        edit(&environment, script, &["edit", name]).succeeds();
        assert_eq!(
            environment.decrypt(name),
            mended,
            "the lines on top are gone"
        );
        let seen = environment.read("seen1");
        assert!(seen.starts_with(mark) && seen.ends_with(broken), "{seen}");
        let number = mark
            .chars()
            .find(char::is_ascii_digit)
            .and_then(|digit| digit.to_digit(10))
            .expect("the message names a line");
        let pointed = seen
            .lines()
            .nth(number as usize - 1)
            .expect("the file has the line");
        assert_eq!(
            Some(pointed),
            broken.lines().last(),
            "the place is right in the text that is shown"
        );
        fs::remove_file(environment.path("count")).expect("the file can be removed");
    }
}

#[test]
fn quitting_without_a_fix_gives_up_the_edit() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    for junk in ["a: [", "- 1", "sops: 1", "\\0377"] {
        let run = edit(
            &environment,
            &format!("printf %b '{junk}' > \"$1\""),
            &["edit", "x.yaml"],
        )
        .fails_with(200);
        assert!(run.stderr.contains("nothing was written"), "{run}");
        assert_eq!(environment.read("x.yaml"), old);
    }
}

#[test]
fn a_text_is_kept_if_the_user_gives_up() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!(
            "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
            recipient()
        ),
    );
    environment.encrypt("old.yaml", "kind: Secret\nstringData: {a: b}\n");
    for (name, text) in [
        ("new.yaml", "kind: Secret\nstringdata: {password: typed}\n"),
        ("old.yaml", "kind: Secret\nstringData: [\n"),
        ("new.json", "{\"stringData\": {\"password\": \n"),
    ] {
        // The second time, the text is left as it is.
        let script =
            format!("test -e {name}.seen || printf %s '{text}' > \"$1\"; touch {name}.seen");
        let run = edit(&environment, &script, &["edit", name]).fails_with(200);
        let kept = run.kept();
        assert_eq!(
            fs::read_to_string(&kept).expect("the file can be read"),
            text
        );
        assert!(kept.ends_with(name), "{run}");
    }
}

#[test]
fn master_keys_are_shown_on_request() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    edit(
        &environment,
        "cp \"$1\" seen; echo c: d >> \"$1\"",
        &["edit", "-s", "x.yaml"],
    )
    .succeeds();
    let seen = environment.read("seen");
    assert!(
        seen.contains(&format!("# sops-rs:   age {}\n", recipient())) && seen.ends_with(TEXT),
        "{seen}"
    );
    assert_eq!(environment.decrypt("x.yaml"), format!("{TEXT}c: d\n"));
}

#[test]
fn the_environment_names_the_editor() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let script = environment.editor("echo \"$@\" | sed 's| [^ ]*/x.yaml||' > who");
    for (variables, who) in [
        (
            &[
                ("SOPS_EDITOR", "sops"),
                ("EDITOR", "editor"),
                ("VISUAL", "visual"),
            ][..],
            "sops",
        ),
        (&[("EDITOR", "editor"), ("VISUAL", "visual")], "editor"),
        (
            &[("SOPS_EDITOR", ""), ("VISUAL", "visual 'two words'")],
            "visual two words",
        ),
    ] {
        let mut command = environment.command(&["edit", "x.yaml"]);
        for (name, value) in variables {
            let value = if value.is_empty() {
                String::new()
            } else {
                format!("{script} {value}")
            };
            command.env(name, value);
        }
        environment.finish(command).fails_with(200);
        assert_eq!(environment.read("who").trim(), who);
    }
}

#[test]
fn an_edit_without_a_usable_editor_changes_nothing() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    for (variable, value, said) in [
        ("PATH", "/nonexistent", "no editor found"),
        ("EDITOR", "/nonexistent/editor", "cannot run the editor"),
        ("EDITOR", "vi 'x", "a quote in it is not closed"),
        ("EDITOR", "false", "failed"),
    ] {
        let mut command = environment.command(&["edit", "x.yaml"]);
        command.env(variable, value);
        let run = environment.finish(command).fails_with(201);
        assert!(run.stderr.contains(said), "{run}");
    }
    assert_eq!(environment.read("x.yaml"), old);
}

#[test]
fn the_private_key_stays_out_of_the_editor() {
    let environment = TestEnvironment::without_key();
    environment.encrypt("x.yaml", TEXT);
    let mut command = with_editor(&environment, "env > seen", &["edit", "x.yaml"]);
    command
        .env("SOPS_AGE_KEY", identity())
        .env("OTHER", "is kept");
    environment.finish(command).fails_with(200);
    let seen = environment.read("seen");
    assert!(
        seen.contains("OTHER=is kept") && !seen.contains("AGE-SECRET-KEY"),
        "{seen}"
    );
}

#[test]
fn an_edit_that_leaves_no_regular_file_is_an_error_and_never_blocks() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    environment.write("other.yaml", "a: elsewhere\n");
    let old = environment.read("x.yaml");
    for script in [
        "rm \"$1\"",
        "rm \"$1\"; mkdir \"$1\"",
        "rm \"$1\"; mkfifo \"$1\"",
        "rm \"$1\"; ln -s \"$PWD/other.yaml\" \"$1\"",
        "rm \"$1\"; ln -s /dev/zero \"$1\"",
    ] {
        let run = edit(&environment, script, &["edit", "x.yaml"]).fails_with(2);
        assert!(
            run.stderr
                .contains("deleted the temporary file, or replaced it"),
            "{script}: {run}"
        );
        assert_eq!(environment.read("x.yaml"), old, "{script}");
    }
    assert_eq!(environment.read("other.yaml"), "a: elsewhere\n");
}

#[test]
fn a_signal_is_not_lost_when_the_editor_ends_just_then() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    let script = "echo a: mine > \"$1\"; kill -TERM $PPID";
    let run = edit(&environment, script, &["edit", "x.yaml"]);
    assert_eq!(run.code, None, "the signal ends the program: {run}");
    assert_eq!(environment.read("x.yaml"), old);
}

#[test]
fn a_text_with_metadata_is_refused() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let old = environment.read("x.yaml");
    for line in ["sops: 1", "sops: {mac: x}", "sops: [hunter3]"] {
        let script = format!("grep -q sops: \"$1\" || echo \"{line}\" >> \"$1\"");
        let run = edit(&environment, &script, &["edit", "x.yaml"]).fails_with(200);
        assert!(
            run.stderr.contains("reserved for the file's metadata"),
            "{run}"
        );
        assert!(!run.stderr.contains("hunter"), "{run}");
        assert_eq!(environment.read("x.yaml"), old);
    }
}

#[test]
fn the_lines_at_the_top_are_removed_even_after_a_byte_order_mark() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let script = "{ printf '\\357\\273\\277'; sed 's/hunter2/hunter3/; s/$/\\r/' \"$1\"; } > t; cat t > \"$1\"; rm t";
    let arguments = ["edit", "--show-master-keys", "x.yaml"];
    edit(&environment, script, &arguments).succeeds();
    let text = TEXT.replace("hunter2", "hunter3").replace('\n', "\r\n");
    assert_eq!(environment.decrypt("x.yaml"), text);
}

#[test]
fn a_file_that_changes_meanwhile_is_not_overwritten() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let script = "echo changed > x.yaml; echo c: mine >> \"$1\"";
    let run = edit(&environment, script, &["edit", "x.yaml"]).fails_with(3);
    assert_eq!(environment.read("x.yaml"), "changed\n");
    let kept = run.kept();
    assert_eq!(
        fs::read_to_string(&kept).expect("the file can be read"),
        format!("{TEXT}c: mine\n")
    );

    // Meanwhile, someone else has created the new file.
    let script = "echo theirs > new.yaml; echo a: mine > \"$1\"";
    edit(
        &environment,
        script,
        &["edit", "--age", &recipient(), "new.yaml"],
    )
    .fails_with(3);
    assert_eq!(environment.read("new.yaml"), "theirs\n");
}

#[cfg(target_os = "linux")]
#[test]
fn the_plaintext_is_in_memory_for_its_owner_only_and_is_removed() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let script = "echo \"$1\" > where; stat -f -c %T \"$1\" > system; stat -c %a \"$1\" \"$(dirname \"$1\")\" > modes; touch \"$1~\"";
    let mut command = with_editor(&environment, script, &["edit", "x.yaml"]);
    command.env_remove("SOPS_RS_ALLOW_DISK");
    environment.finish(command).fails_with(200);
    assert_eq!(environment.read("system"), "tmpfs\n");
    assert_eq!(environment.read("modes"), "600\n700\n");
    let place = environment.read("where");
    let path = Path::new(place.trim());
    assert_eq!(path.file_name(), Some("x.yaml".as_ref()));
    assert!(
        !path
            .parent()
            .expect("the path has a parent directory")
            .exists()
    );
}

#[test]
fn a_signal_removes_the_plaintext() {
    for (signal, number) in [
        ("INT", 2),
        ("TERM", 15),
        ("HUP", 1),
        ("QUIT", 3),
        ("ALRM", 14),
        ("USR1", 10),
    ] {
        let environment = TestEnvironment::new();
        environment.encrypt("x.yaml", TEXT);
        let old = environment.read("x.yaml");
        let script = "echo a: mine > \"$1\"; echo \"$1\" > t; mv t where; exec sleep 60";
        let mut command = with_editor(&environment, script, &["edit", "x.yaml"]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let start = Instant::now();
        while !environment.path("where").exists() {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the editor never came"
            );
            thread::sleep(Duration::from_millis(5));
        }
        let path = environment.read("where");
        assert!(Path::new(path.trim()).exists());
        let kill = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
        let status = child.wait().expect("the process can be waited for");
        assert_eq!(status.signal(), Some(number), "{signal}: {status}");
        assert!(
            !Path::new(path.trim())
                .parent()
                .expect("the path has a parent directory")
                .exists(),
            "{signal}"
        );
        assert_eq!(environment.read("x.yaml"), old);
    }
}

#[test]
fn a_merge_is_finished_with_the_right_mac() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", TEXT);
    let merged = environment.read("x.yaml").replace("b: ", "c: ");
    let marked = format!("{merged}<<<<<<< HEAD\n");
    environment.write("x.yaml", &marked);
    let run = environment.run(&["decrypt", "x.yaml"]);
    let message = "the file has an unresolved merge conflict";
    assert!(run.stderr.contains(message), "{run}");
    let place = format!("x.yaml:{}:1", marked.lines().count());
    assert!(run.stderr.contains(&place), "{run}");

    // A merge of two sides that each changed one value: neither MAC matches.
    let two = environment.read("x.yaml");
    let kept = two
        .lines()
        .filter(|line| !line.starts_with("c: ") && !line.starts_with("<<<"));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    environment.write("x.yaml", &kept);
    assert_eq!(environment.run(&["decrypt", "x.yaml"]).code, Some(51));
    edit(&environment, "true", &["edit", "--ignore-mac", "x.yaml"]).succeeds();
    assert_eq!(environment.decrypt("x.yaml"), "a: hunter2\n");
    let unchanged = edit(&environment, "true", &["edit", "--ignore-mac", "x.yaml"]);
    assert_eq!(unchanged.code, Some(200), "{unchanged}");
}

#[test]
fn an_editor_that_always_saves_an_invalid_text_is_not_run_forever() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    let before = environment.read("x.yaml");
    // The editor writes different text each time.
    let script = "echo run >> runs; wc -l < runs > \"$1\"; echo 'a: [' >> \"$1\"";
    let run = edit(&environment, script, &["edit", "x.yaml"]).fails_with(200);
    assert_eq!(environment.read("x.yaml"), before);
    assert_eq!(environment.read("runs").lines().count(), 20);
    assert!(run.stderr.contains("20 times in a row"), "{run}");
    assert!(
        fs::read_to_string(run.kept()).is_ok_and(|text| text.contains("a: [")),
        "{run}"
    );
}

#[test]
fn an_interrupt_that_ends_the_editor_is_a_note() {
    let environment = TestEnvironment::new();
    environment.encrypt("x.yaml", "a: hunter2\n");
    let before = environment.read("x.yaml");
    // The editor ends as it does after Ctrl-C, or as a shell around it reports Ctrl-C.
    for script in ["echo changed > \"$1\"; kill -INT $$", "exit 130"] {
        let run = edit(&environment, script, &["edit", "x.yaml"]).fails_with(201);
        assert_eq!(
            run.stderr,
            "note: the editor was interrupted; nothing was written\n"
        );
        assert_eq!(environment.read("x.yaml"), before);
    }
}

/// After a key is renamed, everything would be in plaintext. A new file is treated the same.
#[test]
fn a_text_in_which_the_rule_selects_nothing_reopens_the_editor() {
    let environment = TestEnvironment::new();
    let text = "kind: Secret\nstringData:\n  password: hunter2\n";
    let flags = ["--encrypted-regex", "^stringData$"];
    environment.encrypt_with("a.yaml", text, &flags);
    let before = environment.read("a.yaml");
    let script = "cp \"$1\" seen; sed -i s/^stringData/stringdata/ \"$1\"";
    let run = edit(&environment, script, &["edit", "a.yaml"]).fails_with(200);
    assert!(run.stderr.contains("stay in plaintext"), "{run}");
    assert!(
        environment.read("seen").contains("stay in plaintext"),
        "{run}"
    );
    assert_eq!(environment.read("a.yaml"), before);
}

/// Installs an editor that keeps its arguments, and answers `--version` with `version`.
fn install_editor(directory: &Path, name: &str, version: &str) {
    let path = directory.join(name);
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then printf '%s\\n' '{version}'; exit; fi\nprintf '%s\\n' \"$@\" > \"$HOME/arguments\"\n"
    );
    fs::write(&path, script).expect("the file can be written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(&path, mode).expect("the permissions can be changed");
}

#[test]
fn vim_writes_no_other_file() {
    let quiet = [
        "-n",
        "-i",
        "NONE",
        "-c",
        "silent! set noswapfile | silent! set nobackup | silent! set nowritebackup | silent! set noundofile | silent! set viminfo=",
    ];
    let vim = "VIM - Vi IMproved 9.0 (2022 Jun 28)";
    for (installed, version, variable, own, is_quiet) in [
        ("vim", "", None, &[][..], true),
        ("nvim", "", None, &[], true),
        ("vi", vim, None, &[], true),
        ("vi", "NVIM v0.10.4", None, &[], true),
        // Other editors refuse arguments that they do not know.
        ("vi", "BusyBox v1.37.0", None, &[], false),
        ("nano", "", None, &[], false),
        (
            "vim",
            "",
            Some("vim -u NONE --"),
            &["-u", "NONE", "--"],
            true,
        ),
        ("vi", vim, Some("vi"), &[], true),
        ("vi", "", Some("vi"), &[], false),
        ("ed", "", Some("ed -s"), &["-s"], false),
        ("rvim", "", Some("rvim"), &[], true),
        ("vimdiff", "", Some("vimdiff"), &[], true),
        ("view", vim, Some("view"), &[], true),
        ("view", "", Some("view"), &[], false),
        // The editor is a link, as Debian's alternatives create it.
        ("vim.basic", "", Some("editor"), &[], true),
        ("nano", "", Some("editor"), &[], false),
    ] {
        let environment = TestEnvironment::new();
        environment.encrypt("x.yaml", TEXT);
        let directory = environment.path("programs");
        fs::create_dir(&directory).expect("the directory can be created");
        install_editor(&directory, installed, version);
        if variable == Some("editor") {
            std::os::unix::fs::symlink(installed, directory.join("editor"))
                .expect("the link can be created");
        }
        std::os::unix::fs::symlink("/bin/sh", directory.join("sh"))
            .expect("the link can be created");
        let mut command = environment.command(&["edit", "x.yaml"]);
        command.env("PATH", &directory);
        if let Some(variable) = variable {
            command.env("EDITOR", variable);
        }
        environment.finish(command).fails_with(200);
        let arguments = fs::read_to_string(environment.home().join("arguments"));
        let arguments = arguments.expect("the editor was run");
        let mut arguments: Vec<_> = arguments.lines().collect();
        let file = arguments.pop().expect("the file comes last");
        assert!(file.ends_with("/x.yaml"), "{file}");
        let expected = [if is_quiet { &quiet[..] } else { &[] }, own].concat();
        assert_eq!(arguments, expected, "{installed} {version} {variable:?}");
    }
}

const BASE64: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: a}
data:
  user: YW5u # a comment
  password: 'aHVudGVyMg=='
  key: LS0tCmFiYwotLS0K
  binary: /wA=
";

#[test]
fn values_under_data_are_edited_as_text() {
    let environment = TestEnvironment::new();
    environment.encrypt_with("a.yaml", BASE64, &["--encrypted-regex", "^data$"]);
    let encrypted = environment.read("a.yaml");
    let value = |text: &str, key: &str| {
        let mut lines = text.lines();
        lines
            .find(|line| line.trim().starts_with(key))
            .map(str::to_owned)
    };
    let shown = "grep -q '^  user: ann # a comment$' \"$1\" && grep -q '^    abc$' \"$1\" && \
                 grep -q 'binary: base64:/wA=' \"$1\" && grep -q 'line break: data.key$' \"$1\" || exit 1";
    let run = edit(&environment, shown, &["edit", "--decode", "a.yaml"]);
    assert_eq!(run.code, Some(200), "{run}");
    assert_eq!(environment.read("a.yaml"), encrypted);
    let script = "sed -i 's/hunter2/correct-horse/; s/abc/def/' \"$1\"";
    edit(&environment, script, &["edit", "--decode", "a.yaml"]).succeeds();
    let expected = BASE64
        .replace("aHVudGVyMg==", "Y29ycmVjdC1ob3JzZQ==")
        .replace("LS0tCmFiYwotLS0K", "LS0tCmRlZgotLS0K");
    assert_eq!(environment.decrypt("a.yaml"), expected);
    let changed = environment.read("a.yaml");
    for (key, is_kept) in [("user:", true), ("binary:", true), ("password:", false)] {
        assert_eq!(
            value(&changed, key) == value(&encrypted, key),
            is_kept,
            "{key}"
        );
    }
    // The user's setting makes it the default.
    for arguments in [&["edit", "a.yaml"][..], &["a.yaml"]] {
        let mut command = with_editor(&environment, "grep -q correct-horse \"$1\"", arguments);
        command.env("SOPS_RS_EDIT_DECODE", "1");
        assert_eq!(environment.finish(command).code, Some(200));
    }
}

#[test]
fn a_mark_without_base64_reopens_the_editor() {
    let environment = TestEnvironment::new();
    environment.encrypt_with("a.yaml", BASE64, &["--encrypted-regex", "^data$"]);
    let script = "if grep -q 'not base64' \"$1\"; then sed -i 's/base64:no!/fixed/' \"$1\"; else sed -i 's/hunter2/base64:no!/' \"$1\"; fi";
    let run = edit(&environment, script, &["edit", "--decode", "a.yaml"]);
    run.succeeds().keeps(&["no!"]);
    assert_eq!(
        environment.decrypt("a.yaml"),
        BASE64.replace("aHVudGVyMg==", "Zml4ZWQ=")
    );
}

#[test]
fn decrypted_values_are_printed_as_text() {
    let environment = TestEnvironment::new();
    environment.encrypt_with("a.yaml", BASE64, &["--encrypted-regex", "^data$"]);
    let run = environment
        .run(&["decrypt", "--decode", "a.yaml"])
        .succeeds();
    assert_eq!(
        run.stdout,
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  # a comment\n  binary: /wA=\nstringData:\n  user: ann\n  password: hunter2\n  key: |\n    ---\n    abc\n    ---\n"
    );
}

#[test]
fn one_value_is_printed_as_text() {
    let environment = TestEnvironment::new();
    environment.encrypt_with("a.yaml", BASE64, &["--encrypted-regex", "^data$"]);
    let extract = |path: &str| {
        let arguments = ["decrypt", "--decode", "--extract", path, "a.yaml"];
        environment.run(&arguments)
    };
    assert_eq!(extract("data.password").succeeds().stdout, "hunter2");
    // The name is not a value under `data` of the Secret.
    assert_eq!(extract("metadata.name").succeeds().stdout, "a");
    let run = extract("stringData.password").fails_with(1);
    assert!(
        run.stderr.contains("did you mean `data.password`?"),
        "{run}"
    );
    // The whole mapping, too.
    let run = extract("data").succeeds();
    assert_eq!(
        run.stdout,
        "user: ann\npassword: hunter2\nkey: |\n    ---\n    abc\n    ---\nbinary: /wA=\n"
    );
    assert!(
        run.stderr
            .contains("these values are still in base64, because they are not text: binary"),
        "{run}"
    );
}

#[test]
fn the_comment_of_the_example_does_not_stay() {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules: [{{age: {}}}]\n", recipient()),
    );
    for name in ["new.yaml", "new.env", "new.ini"] {
        let script = "grep -q 'Replace this example' \"$1\" || exit 1; sed -i s/example_value/hunter2/ \"$1\"";
        edit(&environment, script, &["edit", name]).succeeds();
        let text = environment.decrypt(name);
        assert!(
            text.contains("hunter2") && !text.contains('#') && !text.contains(';'),
            "{text}"
        );
        let run = edit(&environment, "true", &["edit", &format!("other-{name}")]);
        assert_eq!(run.code, Some(200), "{run}");
        assert!(
            run.stderr
                .contains(&format!("other-{name} was not created")),
            "{run}"
        );
        assert!(!environment.path(&format!("other-{name}")).exists());
    }
}
