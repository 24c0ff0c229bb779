//! How `sops` and this program handle the comment with the source forms.

use std::path::Path;

use sops_test_support::environment::{Run, TestEnvironment, other_recipient, recipient};

const TEXT: &str = "a: 0x1F # c\nb: >+\n  x\n  y\n\nc: &k |\n  l\nd: *k\ne: +12\n---\n{f: 1.50}\n";

const NAME: &str = "# sops_rs_spellings: ENC[";

/// An encrypted file, a creation rule with an additional recipient, and an editor that changes a
/// value.
fn environment() -> (TestEnvironment, String) {
    let environment = TestEnvironment::new();
    environment.encrypt("file.yaml", TEXT);
    let keys = [recipient(), other_recipient()].join(",");
    environment.write(".sops.yaml", format!("creation_rules:\n- age: {keys}\n"));
    let editor = environment.editor("sed -i s/12/13/ \"$1\"");
    (environment, editor)
}

fn run(program: Option<&str>, words: &[&str]) -> (TestEnvironment, Run) {
    let (environment, editor) = environment();
    let mut command = match program {
        Some(program) => environment.command_of(Path::new(program), words),
        None => environment.command(words),
    };
    command.env("SOPS_EDITOR", editor);
    let run = environment.finish(command).succeeds();
    (environment, run)
}

/// Every command that writes an encrypted file.
const CHANGES: [&[&str]; 5] = [
    &["set", "file.yaml", r#"["e"]"#, "13"],
    &["unset", "file.yaml", r#"["e"]"#],
    &["edit", "file.yaml"],
    &["rotate", "-i", "file.yaml"],
    &["updatekeys", "-y", "file.yaml"],
];

#[test]
fn sops_ignores_the_comment_with_source_forms_and_drops_it() {
    let (environment, decrypted) = run(Some("sops"), &["decrypt", "file.yaml"]);
    let expected = "# c\na: 31\nb: |+\n    x y\n\nc: |\n    l\nd: |\n    l\ne: 12\n---\nf: 1.5\n";
    assert_eq!(decrypted.stdout, expected);
    assert_eq!(environment.read("file.yaml").matches(NAME).count(), 1);
    for change in CHANGES {
        let (environment, _) = run(Some("sops"), change);
        assert!(
            !environment.read("file.yaml").contains("sops_rs"),
            "{change:?}"
        );
        // The result is a file of `sops`, and only the source text is lost.
        let ours = environment.decrypt("file.yaml");
        assert!(
            ours.starts_with("a: 31 # c\n") || ours.starts_with("# c\na: 31\n"),
            "{ours}"
        );
    }
}

#[test]
fn our_changes_keep_the_source_text_and_sops_reads_the_file() {
    for change in CHANGES {
        let (environment, _) = run(None, change);
        let encrypted = environment.read("file.yaml");
        assert_eq!(encrypted.matches(NAME).count(), 1, "{change:?}");
        let expected = match change[0] {
            "set" => TEXT.replace("+12", "13"),
            "unset" => TEXT.replace("e: +12\n", ""),
            "edit" => TEXT.replace("12", "13"),
            _ => TEXT.to_owned(),
        };
        assert_eq!(environment.decrypt("file.yaml"), expected, "{change:?}");
        let read = environment.command_of(Path::new("sops"), &["decrypt", "file.yaml"]);
        let read = environment.finish(read).succeeds().stdout;
        assert!(
            read.starts_with("# c\na: 31\nb: |+\n    x y\n\nc: |\n"),
            "{read}"
        );
    }
}
