//! Encrypted files that are malformed or were altered, and unusual ones that are decrypted.

use sops_test_support::environment::other_identity;

use super::Input::{Changed, Encrypted, File};
use super::text_changes::{altered, lines, replaced, swapped, with_age, without};
use super::{Case, PLAIN, case, changed, flat};

pub(crate) fn encrypted_files() -> Vec<Case> {
    vec![
        case(
            "no metadata",
            File("x.yaml", PLAIN.into()),
            "decrypt -i F",
            1,
        ),
        case(
            "no metadata in JSON",
            File("x.json", "{\"a\": \"hunter2\"}".into()),
            "decrypt -i F",
            1,
        ),
        case(
            "malformed YAML",
            File("x.yaml", "a: [hunter2\nsops: {}\n".into()),
            "decrypt -i F",
            1,
        ),
        case(
            "not UTF-8",
            File("x.yaml", b"a: \xff\nsops: {}\n".into()),
            "decrypt -i F",
            1,
        ),
        case(
            "an empty file",
            File("x.yaml", Vec::new()),
            "decrypt -i F",
            1,
        ),
        case(
            "a `sops` key that is not a mapping",
            File("x.yaml", "a: hunter2\nsops: 3\n".into()),
            "decrypt -i F",
            1,
        ),
        case(
            "an empty `sops` mapping",
            File("x.yaml", "a: hunter2\nsops: {}\n".into()),
            "decrypt -i F",
            1,
        ),
        changed("no version", |text| without(text, "version:"), 1),
        changed(
            "a malformed version",
            |text| replaced(text, "version:", "3.13.3", "hunter2"),
            1,
        ),
        changed("no time", |text| without(text, "lastmodified:"), 1),
        changed(
            "a malformed time",
            |text| {
                lines(text, "lastmodified:", |_| {
                    "    lastmodified: hunter2\n".into()
                })
            },
            1,
        ),
        changed(
            "another time",
            |text| replaced(text, "lastmodified:", "\"20", "\"19"),
            51,
        ),
        changed("no MAC", |text| without(text, "mac:"), 51),
        changed("no `sops` metadata", |text| flat::cut(text, "sops:"), 1),
        case(
            "no `sops` metadata, encrypted",
            Changed("x.yaml", PLAIN, |text| flat::cut(text, "sops:")),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "no `sops` metadata in JSON, encrypted",
            Changed("x.json", "{\"a\": [1, \"hunter2\"]}\n", |text| {
                let values = flat::cut(text, "\"sops\":");
                format!("{}}}\n", values.trim_end().trim_end_matches(','))
            }),
            "encrypt -i --age R F",
            203,
        ),
        changed(
            "a malformed MAC",
            |text| lines(text, "mac:", |_| "    mac: hunter2\n".into()),
            51,
        ),
        changed(
            "a MAC that is not a string",
            |text| replaced(text, "mac:", "type:str", "type:bool"),
            51,
        ),
        changed(
            "a MAC that is a comment",
            |text| replaced(text, "mac:", "type:str", "type:comment"),
            51,
        ),
        case(
            "a comment that is a string",
            Changed("x.yaml", "a:\n  # hunter2\n  b: hunter2\n", |text| {
                replaced(text, "#ENC", "type:comment", "type:str")
            }),
            "decrypt -i F",
            25,
        ),
        changed("an altered MAC", |text| altered(text, "mac:", "data:"), 51),
        changed(
            "a misspelled key of the `sops` metadata",
            |text| replaced(text, "mac:", "mac", "macc"),
            51,
        ),
        changed(
            "a rule that is not an expression",
            |text| {
                lines(text, "unencrypted_suffix:", |_| {
                    "    encrypted_regex: \"^(a\"\n".into()
                })
            },
            1,
        ),
        changed(
            "two rules",
            |text| {
                replaced(
                    text,
                    "unencrypted_suffix:",
                    "un",
                    "encrypted_regex: x\n    un",
                )
            },
            1,
        ),
        changed(
            "key groups that are not a list",
            |text| replaced(text, "age:", "age:", "age: hunter2\n    ages:"),
            1,
        ),
        changed(
            "data that is not base64",
            |text| replaced(text, "password:", "data:", "data:!"),
            25,
        ),
        changed(
            "altered data",
            |text| altered(text, "password:", "data:"),
            25,
        ),
        changed(
            "an altered iv",
            |text| altered(text, "password:", "iv:"),
            25,
        ),
        changed(
            "an altered tag",
            |text| altered(text, "password:", "tag:"),
            25,
        ),
        changed(
            "another type",
            |text| replaced(text, "password:", "type:str", "type:int"),
            25,
        ),
        changed(
            "an unknown type",
            |text| replaced(text, "password:", "type:str", "type:hunter"),
            25,
        ),
        changed(
            "a truncated value",
            |text| lines(text, "password:", |line| format!("{}\n", &line[..60])),
            25,
        ),
        changed(
            "plaintext in place of a value",
            |text| lines(text, "password:", |_| "password: hunter2\n".into()),
            25,
        ),
        changed(
            "a plaintext number in place of a value",
            |text| lines(text, "number:", |_| "number: 7\n".into()),
            25,
        ),
        changed(
            "swapped values",
            |text| swapped(text, "number: ", "other: "),
            25,
        ),
        changed(
            "a renamed key",
            |text| replaced(text, "password:", "password", "passwort"),
            25,
        ),
        changed("a removed key", |text| without(text, "number:"), 51),
        changed(
            "an added key",
            |text| format!("x_unencrypted: hunter2\n{text}"),
            51,
        ),
        changed(
            "items in another order",
            |text| {
                let items: Vec<&str> = text
                    .lines()
                    .filter(|line| line.starts_with("  - "))
                    .collect();
                text.replace(items[0], "?")
                    .replace(items[1], items[0])
                    .replace('?', items[1])
            },
            51,
        ),
        changed("a truncated key", |text| without(text, "-----END"), 128),
        changed(
            "an altered key",
            |text| replaced(text, "YWdl", "YWdl", "YWdm"),
            128,
        ),
        changed("no master key", |text| with_age(text, "ages:"), 1),
        changed(
            "an empty master key",
            |text| with_age(text, "kms: [{}]\n    age:"),
            1,
        ),
        changed(
            "key groups that are a number",
            |text| with_age(text, "key_groups: 3\n    age:"),
            1,
        ),
        changed(
            "a version beyond 64 bits",
            |text| replaced(text, "version:", "3.13.3", "99999999999999999999.0.0"),
            1,
        ),
        changed(
            "an invalid month",
            |text| {
                lines(text, "lastmodified:", |_| {
                    "    lastmodified: \"2024-13-31T12:00:00Z\"\n".into()
                })
            },
            1,
        ),
        changed(
            "a null key in the `sops` metadata",
            |text| with_age(text, "~: hunter2\n    age:"),
            25,
        ),
        changed(
            "a threshold above the number of key groups",
            |text| {
                let groups: String = text
                    .lines()
                    .map(|line| match line.trim() {
                        "age:" => {
                            "    shamir_threshold: 3\n    key_groups:\n    - age:\n".to_owned()
                        }
                        "recipient: " => String::new(),
                        _ => format!("{line}\n"),
                    })
                    .collect();
                let start = groups
                    .find("        - enc:")
                    .expect("the metadata has a key");
                let end = groups
                    .find("    lastmodified:")
                    .expect("the metadata has a time");
                let key = groups[start..end].to_owned();
                groups.replace(&key, &format!("{key}    - age:\n{key}"))
            },
            128,
        ),
        case("no private key", Encrypted, "decrypt -i F", 128).with("$HOME", "/nonexistent"),
        case("another user's private key", Encrypted, "decrypt -i F", 128)
            .with("$HOME", "/nonexistent")
            .with("$SOPS_AGE_KEY", other_identity()),
        case(
            "a file that is changed",
            File("x.yaml", PLAIN.into()),
            "rotate -i F",
            1,
        ),
        case(
            "a file that is edited",
            File("x.yaml", PLAIN.into()),
            "edit F",
            1,
        )
        .with("$EDITOR", "false"),
        case("an editor that fails", Encrypted, "edit F", 201).with("$EDITOR", "false"),
        case("a missing editor", Encrypted, "edit F", 201).with("$EDITOR", "/nonexistent/editor"),
        case("an editor that is interrupted", Encrypted, "edit F", 201)
            .with("$EDITOR", "sh -c 'kill -INT $$'"),
        case(
            "a `sops` key that is a string, encrypted",
            File("x.yaml", "a: hunter2\nsops: hunter2\n".into()),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "a `sops` key that is a string, edited",
            File("x.yaml", "a: hunter2\nsops: hunter2\n".into()),
            "edit F",
            1,
        )
        .with("$EDITOR", "false"),
        case(
            "a `sops` key that is a string in JSON",
            File(
                "x.json",
                "{\"a\": \"hunter2\", \"sops\": \"hunter2\"}".into(),
            ),
            "decrypt F",
            1,
        ),
        case(
            "the status of malformed YAML",
            File("x.yaml", "a: [hunter2".into()),
            "filestatus F",
            1,
        ),
        case(
            "the status of malformed `sops` metadata",
            File("x.yaml", "sops: hunter2".into()),
            "filestatus F",
            1,
        ),
    ]
}

/// Unusual encrypted files that `sops` can decrypt, each with its plaintext.
pub(crate) fn opened() -> Vec<(Case, &'static str)> {
    let opened = |name, file, plaintext, change| {
        let input = Changed(file, plaintext, change);
        (case(name, input, "decrypt F", 0), plaintext)
    };
    vec![
        opened("no recipient", "x.yaml", PLAIN, |text| {
            without(text, "recipient:")
        }),
        opened(
            "keys that say nothing next to a good one",
            "x.yaml",
            PLAIN,
            |text| {
                with_age(
                    text,
                    "age:\n        - {}\n        - null\n        - enc: x\n        - recipient: age1x",
                )
            },
        ),
        opened(
            "an empty mapping in place of a list of keys",
            "x.yaml",
            PLAIN,
            |text| with_age(text, "kms: {}\n    age:"),
        ),
        opened("a version with a letter", "x.yaml", PLAIN, |text| {
            replaced(text, "version:", "3.13.3", "v3.13.3")
        }),
        opened("an empty threshold", "x.yaml", PLAIN, |text| {
            with_age(text, "shamir_threshold: ''\n    age:")
        }),
        opened("a value of bytes", "x.yaml", "a: x\nb: hunter2\n", |text| {
            text.replacen("type:str", "type:bytes", 2)
        }),
        opened("a threshold below 1", "x.yaml", PLAIN, |text| {
            with_age(text, "shamir_threshold: -1\n    age:")
        }),
        opened(
            "dotenv with carriage returns in base64",
            "x.env",
            "A=b\n",
            |text| {
                text.replace("data:", "data:\r")
                    .replace(",tag:", "\r,tag:\r")
            },
        ),
        opened(
            "an empty JSON object as `sops` writes it",
            "x.json",
            "{}\n",
            |text| {
                text.replace("{\"sops\":", "{\n\t\"sops\":")
                    .replace("}}\n", "}\n}\n")
            },
        ),
    ]
}
