//! Command lines with which editors, plugins and scripts call `sops`: this program, under that name, and the real one have the same exit
//! code, print the same, and leave the same files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sops_test_support::environment::{TestEnvironment, program, recipient};

/// Who calls, and the line for a shell. `$A` is a recipient, and `$E` an editor.
const LINES: &[(&str, &str)] = &[
    (
        "VS Code, signageos",
        "sops --config /dev/null --output-type yaml --input-type yaml --decrypt e.yaml",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --output-type json --input-type json --decrypt e.json",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --output-type dotenv --input-type dotenv --decrypt e.env",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --output-type ini --input-type ini --decrypt e.ini",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --output-type plaintext --input-type plaintext --decrypt secret",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --config $PWD/.sops.yaml --output-type yaml --input-type yaml --encrypt $PWD/p.yaml",
    ),
    (
        "VS Code, signageos",
        "sops --config $PWD/.sops.yaml --output-type json --input-type json --encrypt p.json",
    ),
    (
        "VS Code, signageos",
        "sops --config /dev/null --config .sops.yaml --output-type plaintext --input-type plaintext --encrypt text",
    ),
    (
        "@signageos/vscode-sops",
        "EDITOR=$E sops --config .sops.yaml e.yaml",
    ),
    (
        "@signageos/vscode-sops",
        "EDITOR=\"sh -c 'echo new: 1 > \\$0'\" sops --config .sops.yaml ./new.yaml",
    ),
    (
        "Emacs sops.el",
        "sops --version --disable-version-check | head -1",
    ),
    ("Emacs sops.el", "sops filestatus e.yaml"),
    ("Emacs sops.el", "sops filestatus p.yaml"),
    ("Emacs sops.el", "sops decrypt e.yaml"),
    ("Emacs sops.el", "EDITOR=$E sops edit e.yaml"),
    ("Emacs sops.el", "sops -e -i p.yaml"),
    (
        "Emacs sops-mode",
        "sops --decrypt --input-type yaml --output-type yaml /dev/stdin < e.yaml",
    ),
    (
        "Emacs sops-mode",
        "sops --encrypt --input-type json --output-type json --filename-override p.json /dev/stdin < p.json",
    ),
    ("vim-sops", "sops --decrypt e.json"),
    ("vim-sops", "sops --encrypt --in-place p.json"),
    ("vim-sops", "sops --decrypt --in-place e.env"),
    ("nvim-sops", "sops --decrypt --output-type json e.yaml"),
    (
        "nvim-sops",
        "sops --set '[\"data\"][\"password\"] \"new\"' e.yaml",
    ),
    ("JetBrains, Simple Sops Edit", "sops -d e.yaml"),
    ("JetBrains, Simple Sops Edit", "SOPS_EDITOR=$E sops e.json"),
    (
        "JetBrains, Sops Mode",
        "sops --encrypt --output-type yaml p.yaml",
    ),
    (
        "helm-secrets",
        "sops --decrypt --input-type yaml --output-type yaml e.yaml",
    ),
    (
        "helm-secrets",
        "sops --verbose --output-type yaml --decrypt --input-type yaml --output-type yaml e.yaml",
    ),
    (
        "helm-secrets",
        "sops --encrypt --input-type yaml --output-type yaml --in-place p.yaml",
    ),
    (
        "helm-secrets",
        "sops --encrypt --input-type yaml --output-type yaml --output out.yaml p.yaml",
    ),
    (
        "helm-secrets",
        "EDITOR=$E sops --input-type yaml --output-type yaml e.yaml",
    ),
    (
        "helm-secrets",
        "sops --config /dev/null --encrypt --input-type yaml --output-type yaml p.yaml",
    ),
    (
        "helm-secrets",
        "sops --decrypt --input-type yaml --output-type yaml --output dec.yaml e.yaml",
    ),
    ("terragrunt", "sops --decrypt --output-type json e.yaml"),
    (
        "terragrunt",
        "sops -d --extract '[\"data\"][\"password\"]' e.yaml",
    ),
    (
        "terraform, external data",
        "sops --decrypt --output-type json --extract '[\"data\"]' e.yaml",
    ),
    (
        "mise",
        "sops --input-type json --output-type json -d e.json",
    ),
    (
        "mise",
        "sops decrypt --input-type dotenv --output-type json e.env",
    ),
    ("direnv", "sops -d --output-type dotenv flat.yaml"),
    (
        "direnv",
        "sops exec-env flat.yaml 'printf %s \"$user $number\"'",
    ),
    ("direnv", "sops exec-env e.env -- 'printenv A B'"),
    ("Makefile", "sops --decrypt --in-place e.yaml"),
    ("Makefile", "sops -d e.yaml > plain.yaml"),
    ("Makefile", "sops --output plain.yaml -d e.yaml"),
    ("Makefile", "sops --encrypt --age $A p.yaml > out.yaml"),
    (
        "Makefile",
        "sops -e --age $A --encrypted-regex '^(data|stringData)$' --in-place k8s.yaml",
    ),
    ("Makefile", "sops encrypt -age=$A -in-place=true p.yaml"),
    ("Makefile", "sops updatekeys -y e.yaml"),
    ("Makefile", "sops rotate -i e.yaml"),
    ("Makefile", "sops -r -i e.json"),
    ("Makefile", "sops set e.yaml '[\"data\"][\"number\"]' -1"),
    ("Makefile", "sops set e.json '[\"a\"]' '\"v\"'"),
    (
        "Makefile",
        "printf '\"v\"' | sops set --value-stdin e.yaml '[\"data\"][\"password\"]'",
    ),
    ("Makefile", "sops unset e.yaml '[\"data\"][\"user\"]'"),
    ("Makefile", "sops exec-file --no-fifo e.yaml 'cat {}'"),
    ("Makefile", "sops exec-file e.json 'cat {}'"),
    ("Makefile", "sops --ignore-mac -d e.yaml"),
    (
        "GitHub action",
        "sops --version | head -1 | cut -d' ' -f1,2",
    ),
    (
        "GitHub action",
        "cat e.yaml | sops -d --input-type yaml --output-type yaml /dev/stdin",
    ),
    (
        "GitHub action",
        "cat e.env | sops decrypt --input-type dotenv --output-type dotenv",
    ),
    (
        "GitHub action",
        "sops decrypt --input-type binary --output-type binary secret > text.out",
    ),
    ("GitHub action", "sops exec-env flat.yaml 'exit 7'"),
    (
        "GitHub action",
        "SOPS_AGE_KEY= HOME=/nonexistent sops -d e.yaml",
    ),
    (
        "Ansible community.sops",
        "sops encrypt --age $A --input-type yaml --output-type yaml --filename-override x.yaml /dev/stdin < p.yaml",
    ),
    (
        "Ansible community.sops",
        "sops decrypt --input-type yaml --output-type json e.yaml",
    ),
    ("Git, textconv", "sops --config /dev/null -d e.ini"),
    ("pre-commit", "sops -e e.yaml"),
    ("pre-commit", "sops encrypt -i e.json"),
    ("script", "sops -d p.yaml"),
    ("script", "sops --decrypt missing.yaml"),
    ("script", "sops"),
    ("script", "sops groups >/dev/null"),
    ("script", "sops completion >/dev/null"),
    ("script", "sops decrypt --output - e.yaml"),
    ("script", "sops encrypt"),
    ("script", "sops decrypt --nosuch e.yaml >/dev/null"),
    ("script", "sops decrypt e.yaml --nosuch"),
    ("script", "sops -d e.yaml --in-place"),
    ("script", "sops --in-place decrypt e.yaml"),
    ("script", "sops -e -d e.yaml"),
    ("script", "sops decrypt -i=false -h=f e.yaml"),
    ("script", "sops -d --extract '[\"nothing\"]' e.yaml"),
    ("script", "sops decrypt -i --output x e.yaml"),
    ("script", "sops set --output-type yaml e.json '[\"a\"]' 2"),
    (
        "script",
        "sops --indent 2 decrypt --output-type json e.yaml",
    ),
    ("script", "sops decrypt --indent 2 e.yaml >/dev/null"),
    ("script", "sops decrypt -- e.yaml"),
    ("script", "sops -d -i e.yaml --output e2.yaml"),
    ("script", "sops -e -i p.yaml --config .sops.yaml"),
    ("script", "sops -r -i e.yaml --output e.json"),
    ("script", "sops -e -i p.yaml --age $A"),
    ("script", "sops -d -i e.yaml e.json"),
    ("script", "sops -d -i e.yaml -- e.json"),
    ("script", "sops decrypt -i e.yaml --outptu e.json"),
    ("script", "sops decrypt -i e.yaml --output out.yaml"),
    (
        "script",
        "sops decrypt --ignore-mac=true e.yaml --output out.yaml",
    ),
    ("script", "sops decrypt e.yaml --output out.yaml"),
    ("script", "sops decrypt e.yaml -i"),
    ("script", "sops decrypt e.yaml -i e.json"),
    ("script", "sops decrypt -i e.yaml -- e.json"),
    ("script", "sops decrypt -i e.yaml ''"),
    ("script", "sops decrypt -i -- e.yaml --output e.json"),
    ("script", "sops decrypt e.yaml --config /dev/null"),
    ("script", "sops encrypt -i p.yaml --confg .sops.yaml"),
    (
        "script",
        "sops encrypt -i p.yaml --encrypted-regex ^nothing",
    ),
    ("script", "sops encrypt p.yaml -i --encrypted-regex ^data"),
    ("script", "sops encrypt -i p.yaml p.json"),
    ("script", "sops rotate -i e.yaml --add-age $A"),
    ("script", "sops rotate -i e.yaml e.json"),
    ("script", "sops updatekeys -y e.yaml --bogus e.json"),
    ("script", "sops updatekeys -y e.yaml --input-type yaml"),
    ("script", "sops updatekeys e.yaml -y e.json"),
    ("script", "EDITOR=$E sops edit e.yaml e.json"),
];

/// Where the two differ on purpose.
const DIFFERENCES: &[(&str, &str)] = &[(
    "sops decrypt --indent 2 e.yaml >/dev/null",
    "flags of every command can come after it here",
)];

const FILES: &[(&str, &str)] = &[
    (
        "yaml",
        "data:\n    password: hunter2\n    user: admin\n    number: 7\nlist:\n    - 1\n    - two\n",
    ),
    (
        "json",
        "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": \"x\"\n\t}\n}\n",
    ),
    ("env", "A=1\nB=two words\n"),
    ("ini", "[s]\na = 1\nb = x\n"),
];

/// What a run printed and left.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    files: BTreeMap<String, String>,
}

/// A directory with all files, the encrypted ones from the real `sops`.
fn fixture() -> TestEnvironment {
    let environment = TestEnvironment::new();
    environment.write(
        ".sops.yaml",
        format!("creation_rules:\n    - age: {}\n", recipient()),
    );
    for (extension, text) in FILES {
        environment.write(&format!("p.{extension}"), text);
        environment.write(&format!("e.{extension}"), text);
    }
    environment.write("flat.yaml", "user: admin\nnumber: 7\n");
    environment.write("secret", "a secret\n");
    environment.write("text", "a text\n");
    environment.write(
        "k8s.yaml",
        "kind: Secret\nstringData:\n    password: hunter2\n",
    );
    for name in ["e.yaml", "e.json", "e.env", "e.ini", "flat.yaml", "secret"] {
        let command = environment.command_of("sops".as_ref(), &["encrypt", "-i", name]);
        environment.finish(command).succeeds();
    }
    environment
}

/// Runs the line in a copy of the fixture, where `sops` is that program.
fn run(fixture: &TestEnvironment, sops: &Path, line: &str) -> Outcome {
    let environment = TestEnvironment::new();
    for name in fixture.names() {
        environment.write(&name, fixture.bytes(&name));
    }
    let directory = environment.home().join("bin");
    std::fs::create_dir(&directory).expect("it is ours");
    symlink(sops, directory.join("sops")).expect("it is ours");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = environment.command_of("sh".as_ref(), &["-c", line]);
    command
        .env("PATH", [directory.as_os_str(), &path].join(":".as_ref()))
        .env("SOPS_DISABLE_VERSION_CHECK", "1")
        .env("A", recipient())
        .env(
            "E",
            environment.editor("sed -i 's/admin/root/; s/example/other/; s/\"x\"/\"y\"/' \"$1\""),
        );
    let run = environment.finish(command);
    let names = environment.names().into_iter();
    let files = names.map(|name| {
        let text = environment.read(&name);
        let is_kept = fixture.names().contains(&name) && fixture.read(&name) == text;
        let text = if is_kept { text } else { neutral(&text) };
        (name, text)
    });
    Outcome {
        code: run.code,
        stdout: neutral(&run.stdout),
        files: files.collect(),
    }
}

/// What an encrypted text decrypts to; other texts as they are.
fn neutral(text: &str) -> String {
    if !text.contains("ENC[AES256_GCM") {
        return text.to_owned();
    }
    let format = if text.starts_with('{') {
        "json"
    } else if text.contains("sops_mac=") {
        "dotenv"
    } else if text.contains("[sops]") {
        "ini"
    } else {
        "yaml"
    };
    let environment = TestEnvironment::new();
    let types = ["--input-type", format, "--output-type", format];
    let mut child = environment
        .command_of("sops".as_ref(), &[&["decrypt"], &types[..]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`sops` is on the PATH");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(text.as_bytes()).expect("it reads all");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "`sops` cannot decrypt {text}");
    format!(
        "encrypted {format}:\n{}",
        String::from_utf8_lossy(&output.stdout)
    )
}

fn real_sops() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|directory| directory.join("sops"));
    candidates
        .find(|file| file.is_file())
        .expect("`sops` is on the PATH")
}

#[test]
fn command_lines_of_other_programs_do_the_same() {
    let fixture = fixture();
    let (real, ours) = (real_sops(), program());
    let mut wrong = Vec::new();
    for (client, line) in LINES {
        let theirs = run(&fixture, &real, line);
        let ours = run(&fixture, &ours, line);
        let is_known = DIFFERENCES.iter().any(|(known, _)| known == line);
        if (theirs == ours) == is_known {
            wrong.push(format!(
                "{client}: {line}\nsops: {theirs:#?}\nhere: {ours:#?}\n"
            ));
        }
    }
    assert!(LINES.len() >= 60);
    assert!(
        wrong.is_empty(),
        "{} lines:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Where a shell can ask for a completion.
const POSITIONS: &[&str] = &[
    "",
    "-",
    "--",
    "--in",
    "-i",
    "-d",
    "-d -",
    "-i=true -",
    "--output",
    "--output decrypt",
    "--output-type yaml dec",
    "--output-type yaml set --val",
    "--indent x decrypt --in",
    "--indent 2 --verbose decrypt --in",
    "--indent x --verbose decrypt --in",
    "--verbose=maybe -i decrypt",
    "--nosuch decrypt -",
    "foo",
    "foo decrypt",
    "-- decrypt --in",
    "decrypt",
    "decrypt -",
    "decrypt --",
    "decrypt --in",
    "decrypt --in-place --i",
    "decrypt e.yaml",
    "decrypt e.yaml --out",
    "decrypt --output",
    "decrypt --output -",
    "decrypt --nosuch --in",
    "encrypt -",
    "encrypt --age",
    "rotate -",
    "rotate --add-",
    "edit -",
    "set -",
    "unset -",
    "updatekeys -",
    "filestatus -",
    "keyservice -",
    "publish -",
    "exec-env -",
    "exec-file --no",
    "groups",
    "groups -",
    "groups add",
    "groups add -",
    "groups delete -",
    "groups foo",
    "groups help -",
    "completion",
    "completion -",
    "completion bash",
    "completion bash -",
    "help",
    "help -",
    "h",
];

#[test]
fn completion_is_answered_at_every_position() {
    let environment = TestEnvironment::without_key();
    let directory = environment.home();
    let ours = directory.join("sops");
    symlink(program(), &ours).expect("it is ours");
    let answer = |sops: &Path, position: &str| {
        let output = Command::new(sops)
            .args(position.split_whitespace())
            .arg("--generate-bash-completion")
            .output()
            .expect("it runs");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("it is text"),
        )
    };
    for position in POSITIONS {
        let (theirs, ours) = (answer(&real_sops(), position), answer(&ours, position));
        assert_eq!(ours, theirs, "sops {position}");
    }
}
