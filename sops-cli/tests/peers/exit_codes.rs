//! Compares exit codes for bad input with those of `sops`.

use std::path::Path;

use sops_test_support::environment::TestEnvironment;

use crate::cases::{
    Case, changes, command_lines, configuration, encrypted_files, flat, opened, plaintexts,
    private_keys, syntax,
};

/// Cases in which the codes differ: the case, the code of `sops`, and the reason.
const DIFFERENCES: &[(&str, i32, &str)] = &[
    (
        "JSON followed by text",
        0,
        "it drops the text; nothing is lost here",
    ),
    (
        "a comment after the object",
        0,
        "it drops the text; nothing is lost here",
    ),
    (
        "an extra bracket in JSON",
        0,
        "it drops the text; nothing is lost here",
    ),
    (
        "a list that ends in the middle",
        0,
        "it closes what is open; the rest may be missing",
    ),
    (
        "half of a surrogate pair",
        0,
        "it replaces the escape with another character",
    ),
    (
        "half of a surrogate pair at the end",
        0,
        "it replaces the escape with another character",
    ),
    (
        "the second half of a surrogate pair",
        0,
        "it replaces the escape with another character",
    ),
    (
        "half of a surrogate pair, twice",
        0,
        "it replaces the escape with another character",
    ),
    (
        "JSON with a duplicate key",
        0,
        "readers disagree on which one counts",
    ),
    ("JSON nested 10,000 deep", 0, "depth is bounded"),
    (
        "JSON that is not UTF-8",
        0,
        "it replaces the bytes with other characters",
    ),
    (
        "YAML with a key `sops` in a later document",
        4,
        "it finds the key when it writes",
    ),
    (
        "a null key in the `sops` metadata",
        1,
        "a key that is not a string has one code here",
    ),
    ("a key of a list", 2, "it panics"),
    ("a negative index", 2, "it panics"),
    ("a key of a list to print", 2, "it panics"),
    (
        "an index of a mapping",
        0,
        "it sets nothing and says nothing",
    ),
    (
        "the binary format for a file with keys",
        0,
        "it writes a file that it cannot open",
    ),
    (
        "a group without keys to add",
        0,
        "it writes a group that no key can decrypt",
    ),
    ("a missing group to delete", 2, "it panics"),
    (
        "the only group to delete",
        0,
        "it writes a file that no key can decrypt",
    ),
    (
        "a malformed expression",
        0,
        "it ignores an invalid expression, and encrypts nothing",
    ),
    (
        "a rule that selects nothing",
        0,
        "it writes everything in plaintext",
    ),
    ("dotenv that is not UTF-8", 0, "it takes any bytes"),
    ("INI that is not UTF-8", 0, "it takes any bytes"),
    ("INI with a duplicate key", 0, "it drops the first value"),
    (
        "INI with a line of the metadata twice",
        0,
        "it drops the first line",
    ),
    (
        "no `sops` metadata, encrypted",
        0,
        "it encrypts the ciphertext",
    ),
    (
        "no `sops` metadata in JSON, encrypted",
        0,
        "it encrypts the ciphertext",
    ),
    (
        "dotenv without its metadata to encrypt",
        0,
        "it encrypts the ciphertext",
    ),
    (
        "INI without its metadata to encrypt",
        0,
        "it encrypts the ciphertext",
    ),
    (
        "binary without its metadata to encrypt",
        0,
        "it encrypts the ciphertext",
    ),
    (
        "a comment that is a string",
        51,
        "it takes the comment for a value, so the MAC differs",
    ),
    ("a value of bytes", 2, "it panics"),
    (
        "a rule that is not an expression",
        51,
        "it selects nothing with it, so the MAC differs",
    ),
    (
        "an unknown key in the configuration",
        0,
        "it ignores a misspelled key",
    ),
];

/// The exit code of `sops`; a Go program that panics ends with 2.
fn code_of_sops(case: &Case) -> i32 {
    let environment = TestEnvironment::new();
    let (arguments, variables) = case.set_up(&environment);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = environment.command_of(Path::new("sops"), &arguments);
    command.envs(variables);
    let run = environment.finish(command);
    run.code.expect("no signal ends it")
}

#[test]
fn bad_input_ends_as_with_sops() {
    let cases = [
        plaintexts(),
        encrypted_files(),
        opened().into_iter().map(|(case, _)| case).collect(),
        private_keys(),
        changes(),
        command_lines(),
        configuration::configurations(),
        syntax::mistakes(),
        flat::plaintexts(),
        flat::encrypted_files(),
    ];
    let (mut wrong, mut known) = (Vec::new(), 0);
    for case in cases.iter().flatten() {
        let theirs = code_of_sops(case);
        let listed = DIFFERENCES.iter().find(|(name, ..)| *name == case.name);
        known += usize::from(listed.is_some());
        let expected = listed.map_or(case.code, |(_, code, _)| *code);
        if theirs != expected || listed.is_some() && theirs == case.code {
            wrong.push(format!(
                "(\"{}\", {theirs}, \"\"), // `{}` gives {} here",
                case.name, case.arguments, case.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(known, DIFFERENCES.len(), "a difference names no case");
}
