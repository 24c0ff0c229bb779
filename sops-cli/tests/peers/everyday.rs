//! The walkthrough of `docs/everyday.md` leaves no secret on a disk or in the arguments of a
//! program.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sops_test_support::environment::{TestEnvironment, other_recipient};
use sops_test_support::page::PageTest;

use crate::tracing::writes;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/everyday.md");

#[test]
fn the_walkthrough_writes_secrets_only_to_pipes_and_memory() {
    let page = PageTest::new("everyday.md", TestEnvironment::without_key());
    let environment = &page.environment;
    let text = fs::read_to_string(PAGE).expect("the page exists");
    let block = text
        .split("```")
        .find(|block| block.starts_with("console\n"));
    let commands = block.expect("the page has a walkthrough").lines();
    let commands: Vec<String> = commands
        .filter_map(|line| line.strip_prefix("$ "))
        // A value that appears nowhere else.
        .map(|command| command.replace("echo admin", "echo administrator-of-the-page"))
        .map(|command| command.replace("age1…", &other_recipient()))
        .collect();
    assert!(commands.len() > 5 && commands.concat().contains("administrator-of-the-page"));
    environment.write("../walkthrough", commands.join("\n"));
    let bin = environment.home().join("bin");
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut shell = environment.command_of(Path::new("sh"), &["-eu", "../walkthrough"]);
    shell
        .env("PATH", format!("{}:{path}", bin.display()))
        .env_remove("SOPS_RS_ALLOW_DISK")
        .env("XDG_RUNTIME_DIR", "/dev/shm");
    let trace = writes(environment, &shell);

    let decrypted = environment.decrypt("db.yaml");
    let password = decrypted
        .lines()
        .find_map(|line| line.trim().strip_prefix("password: "))
        .expect("the walkthrough has created a password");
    let key_file = environment.home().join(".config/sops/age");
    let key_file = format!("<{}/", key_file.display());
    let plain = decoded(password);
    let mut seen = 0;
    for line in trace.lines() {
        for secret in [
            password,
            &plain,
            "administrator-of-the-page",
            "AGE-SECRET-KEY-1",
        ] {
            if line.contains(secret) {
                seen += 1;
                let is_key = secret.starts_with("AGE-") && line.contains(&key_file);
                let is_meant = is_key || line.contains("<pipe:[") || line.contains("</dev/shm/");
                // `exec-env` passes the values in the environment, which comes after the arguments.
                let is_argument = line.split("], [").next().is_some_and(|arguments| {
                    arguments.contains("execve(") && arguments.contains(secret)
                });
                let is_environment = line.contains("execve(") && !is_argument;
                assert!(is_meant || is_environment, "{line}");
            }
        }
    }
    assert!(seen > 2, "the trace shows what is written:\n{trace}");
    assert!(
        trace.contains("execve("),
        "the trace shows which programs are started"
    );
}

/// The text that base64 in a Secret stands for.
fn decoded(base64: &str) -> String {
    let bytes = BASE64_STANDARD.decode(base64).expect("`data` is base64");
    String::from_utf8(bytes).expect("the password is text")
}
