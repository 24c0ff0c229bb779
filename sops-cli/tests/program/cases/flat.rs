//! Malformed and altered dotenv, INI and binary files.

use sops_test_support::environment::other_identity;

use super::Input::{Changed, File};
use super::text_changes::{lines, swapped, without};
use super::{Case, case};

const DOTENV: &str = "# of hunter2\nPASSWORD=hunter2\nNUMBER=7 hunter2\n";
const INI: &str = "; of hunter2\n[login]\npassword = hunter2\nnumber = 7 hunter2\n";
const BINARY: &str = "hunter2\nhunter2\n";

/// Encrypts a file.
fn plain(name: &'static str, file: &'static str, text: impl AsRef<[u8]>, code: i32) -> Case {
    case(
        name,
        File(file, text.as_ref().to_vec()),
        "encrypt -i --age R F",
        code,
    )
}

/// Decrypts a file that was changed.
fn changed(name: &'static str, file: &'static str, change: fn(&str) -> String, code: i32) -> Case {
    let text = match file {
        "x.env" => DOTENV,
        "x.ini" => INI,
        _ => BINARY,
    };
    case(name, Changed(file, text, change), "decrypt -i F", code)
}

/// Changes the first letter of the ciphertext in lines with this beginning.
fn altered(text: &str, start: &str) -> String {
    lines(text, start, |line| {
        let at = line
            .find("data:")
            .expect("the document has an encrypted value")
            + "data:".len();
        let other = if line.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}\n", &line[..at], &line[at + 1..])
    })
}

pub(crate) fn plaintexts() -> Vec<Case> {
    vec![
        plain(
            "dotenv without an equals sign",
            "x.env",
            "A=1\nhunter2\n",
            2,
        ),
        plain(
            "dotenv with an indented comment",
            "x.env",
            "A=1\n # hunter2\n",
            2,
        ),
        plain(
            "dotenv with a line of white space",
            "x.env",
            "A=hunter2\n \n",
            2,
        ),
        plain(
            "dotenv that is not UTF-8",
            "x.env",
            b"A=hunter2\nB=\xff\n",
            2,
        ),
        plain("INI without an equals sign", "x.ini", "[a]\nhunter2\n", 2),
        plain(
            "INI with an unclosed section",
            "x.ini",
            "[hunter2\na = 1\n",
            2,
        ),
        plain(
            "INI with an unclosed quote",
            "x.ini",
            "a = \"\"\"hunter2\n",
            2,
        ),
        plain(
            "INI that is not UTF-8",
            "x.ini",
            b"[a]\nb = hunter2\xff\n",
            2,
        ),
        plain(
            "INI with a duplicate key",
            "x.ini",
            "[a]\nb = hunter2\nb = 2\n",
            2,
        ),
        case(
            "INI with a comment in plaintext that `sops` cannot write",
            File("x.ini", "[a]\nb = hunter2\n#\n# of c\n#\nc = 1\n".into()),
            "encrypt -i --encrypted-regex ^b$ --age R F",
            2,
        ),
    ]
}

pub(crate) fn encrypted_files() -> Vec<Case> {
    vec![
        changed(
            "dotenv with an altered value",
            "x.env",
            |text| altered(text, "PASSWORD="),
            25,
        ),
        changed(
            "dotenv with swapped values",
            "x.env",
            |text| swapped(text, "PASSWORD=", "NUMBER="),
            25,
        ),
        changed(
            "dotenv without one of its keys",
            "x.env",
            |text| without(text, "NUMBER="),
            51,
        ),
        changed(
            "dotenv without a MAC",
            "x.env",
            |text| without(text, "sops_mac="),
            51,
        ),
        changed(
            "dotenv without a version",
            "x.env",
            |text| without(text, "sops_version="),
            1,
        ),
        changed(
            "dotenv with an invalid time",
            "x.env",
            |text| {
                lines(text, "sops_lastmodified=", |_| {
                    "sops_lastmodified=today\n".into()
                })
            },
            1,
        ),
        changed(
            "dotenv with an altered MAC",
            "x.env",
            |text| altered(text, "sops_mac="),
            51,
        ),
        changed(
            "dotenv cut off in the metadata",
            "x.env",
            |text| cut(text, "sops_version"),
            1,
        ),
        changed(
            "dotenv with a line of the metadata twice",
            "x.env",
            |text| format!("{text}sops_version=hunter2\n"),
            1,
        ),
        changed(
            "INI with an altered value",
            "x.ini",
            |text| altered(text, "password"),
            25,
        ),
        changed(
            "INI with swapped values",
            "x.ini",
            |text| swapped(text, "password = ", "number = "),
            25,
        ),
        changed(
            "INI without one of its keys",
            "x.ini",
            |text| without(text, "number"),
            51,
        ),
        changed(
            "INI without a MAC",
            "x.ini",
            |text| without(text, "mac"),
            51,
        ),
        changed(
            "INI without a version",
            "x.ini",
            |text| without(text, "version"),
            1,
        ),
        changed(
            "INI with a damaged `enc`",
            "x.ini",
            |text| {
                lines(text, "age__list_0__map_enc", |_| {
                    "age__list_0__map_enc = x\n".into()
                })
            },
            128,
        ),
        changed(
            "INI cut off in the metadata",
            "x.ini",
            |text| cut(text, "version"),
            1,
        ),
        changed(
            "INI with a line of the metadata twice",
            "x.ini",
            |text| format!("{text}unencrypted_suffix = _unencrypted\n"),
            1,
        ),
        changed(
            "INI with two sections of metadata",
            "x.ini",
            |text| format!("{text}\n[b]\nc = hunter2\n[sops]\nversion = hunter2\n"),
            1,
        ),
        changed(
            "binary with an altered value",
            "x.bin",
            |text| altered(text, "\"data\":"),
            25,
        ),
        changed(
            "binary without a value",
            "x.bin",
            |text| without(text, "\"data\":"),
            51,
        ),
        changed(
            "binary without a MAC",
            "x.bin",
            |text| without(text, "\"mac\":"),
            51,
        ),
        changed(
            "binary cut off in the metadata",
            "x.bin",
            |text| cut(text, "\"version\""),
            1,
        ),
        case(
            "dotenv for another key",
            Changed("x.env", DOTENV, as_is),
            "decrypt -i F",
            128,
        )
        .with("$HOME", "/nonexistent"),
        case(
            "binary for another key",
            Changed("x.bin", BINARY, as_is),
            "decrypt -i F",
            128,
        )
        .with("$HOME", "/nonexistent")
        .with("$SOPS_AGE_KEY", other_identity()),
        case(
            "plain dotenv to decrypt",
            File("x.env", DOTENV.into()),
            "decrypt -i F",
            1,
        ),
        case(
            "plain INI to decrypt",
            File("x.ini", INI.into()),
            "decrypt -i F",
            1,
        ),
        case(
            "plain text to decrypt",
            File("x.bin", BINARY.into()),
            "decrypt -i F",
            1,
        ),
        case(
            "encrypted dotenv to encrypt",
            Changed("x.env", DOTENV, as_is),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "dotenv without its metadata to encrypt",
            Changed("x.env", DOTENV, |text| cut(text, "sops_")),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "INI without its metadata to encrypt",
            Changed("x.ini", INI, |text| cut(text, "[sops]")),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "binary without its metadata to encrypt",
            Changed("x.bin", BINARY, |text| cut(text, "\"sops\":")),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "encrypted INI to encrypt",
            Changed("x.ini", INI, as_is),
            "encrypt -i --age R F",
            203,
        ),
    ]
}

fn as_is(text: &str) -> String {
    text.to_owned()
}

/// The part of the file before `at`.
pub(super) fn cut(text: &str, at: &str) -> String {
    text[..text.find(at).expect("the file contains it")].to_owned()
}
