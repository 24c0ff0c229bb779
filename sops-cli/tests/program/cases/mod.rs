//! Cases of bad input: the input, the command, and its exit code.

pub(crate) mod configuration;
pub(crate) mod flat;
pub(crate) mod syntax;

use std::fmt::Write as _;

use sops_test_support::environment::{
    TestEnvironment, identity, other_identity, other_recipient, recipient,
};

/// The bad part of a case.
pub(crate) enum Input {
    /// A file with this content.
    File(&'static str, Vec<u8>),
    /// A file with this content, encrypted and then changed.
    Changed(&'static str, &'static str, fn(&str) -> String),
    /// An unchanged encrypted file.
    Encrypted,
    /// No file.
    Nothing,
}

use Input::{Changed, Encrypted, File, Nothing};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    input: Input,
    /// `R` is a placeholder for the recipient, `F` for the file.
    pub(crate) arguments: &'static str,
    /// Further files, and environment variables with a `$`.
    also: Vec<(&'static str, String)>,
    pub(crate) code: i32,
}

pub(crate) fn case(name: &'static str, input: Input, arguments: &'static str, code: i32) -> Case {
    Case {
        name,
        input,
        arguments,
        also: Vec::new(),
        code,
    }
}

impl Case {
    fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.also.push((name, text.into()));
        self
    }

    /// Writes the files of the case, and returns its arguments and environment variables.
    pub(crate) fn set_up(&self, environment: &TestEnvironment) -> (Vec<String>, Vec<(&str, &str)>) {
        let file = match &self.input {
            File(name, content) => {
                environment.write(name, content);
                name
            }
            Changed(name, text, change) => {
                environment.encrypt(name, text);
                environment.write(name, change(&environment.read(name)));
                name
            }
            Encrypted => {
                environment.encrypt("x.yaml", PLAIN);
                "x.yaml"
            }
            Nothing => "",
        };
        let mut variables = Vec::new();
        for (name, value) in &self.also {
            match name.strip_prefix('$') {
                Some(variable) => variables.push((variable, value.as_str())),
                None => environment.write(name, value),
            }
        }
        let argument = |argument| match argument {
            "R" => recipient(),
            "F" => file.to_owned(),
            other => other.replace("KEY", &identity()),
        };
        let arguments = self.arguments.split_whitespace().map(argument).collect();
        (arguments, variables)
    }
}

/// Encrypts the text of a YAML file.
fn yaml(name: &'static str, text: impl AsRef<[u8]>, code: i32) -> Case {
    case(
        name,
        File("x.yaml", text.as_ref().to_vec()),
        "encrypt -i --age R F",
        code,
    )
}

fn json(name: &'static str, text: impl AsRef<[u8]>, code: i32) -> Case {
    case(
        name,
        File("x.json", text.as_ref().to_vec()),
        "encrypt -i --age R F",
        code,
    )
}

/// Decrypts a file that was changed.
fn changed(name: &'static str, change: fn(&str) -> String, code: i32) -> Case {
    case(name, Changed("x.yaml", PLAIN, change), "decrypt -i F", code)
}

const PLAIN: &str =
    "password: hunter2\nlist:\n  - first hunter2\n  - second\nnumber: 7\nflag: true\nother: 8\n";

/// Changes the lines with this beginning.
fn lines(text: &str, start: &str, change: impl Fn(&str) -> String) -> String {
    let line = |line: &str| {
        if line.trim_start().starts_with(start) {
            change(line)
        } else {
            format!("{line}\n")
        }
    };
    text.lines().map(line).collect()
}

fn without(text: &str, start: &str) -> String {
    lines(text, start, |_| String::new())
}

/// Replaces a text in the lines with this beginning.
fn replaced(text: &str, start: &str, old: &str, new: &str) -> String {
    lines(text, start, |line| {
        assert!(line.contains(old), "{line}");
        format!("{}\n", line.replacen(old, new, 1))
    })
}

/// Changes the first character after `mark` in the lines with this beginning.
fn altered(text: &str, start: &str, mark: &str) -> String {
    lines(text, start, |line| {
        let at = line.find(mark).expect("the mark is there") + mark.len();
        let other = if line[at..].starts_with('A') {
            'B'
        } else {
            'A'
        };
        format!("{}{other}{}\n", &line[..at], &line[at + 1..])
    })
}

/// Replaces the line `age:` of the `sops` metadata.
fn block(text: &str, new: &str) -> String {
    replaced(text, "age:", "age:", new)
}

/// Swaps the values of two lines.
fn swapped(text: &str, one: &str, other: &str) -> String {
    let value = |start: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(start));
        line.expect("the line is there").to_owned()
    };
    let (first, second) = (value(one), value(other));
    let text = lines(text, one, |_| format!("{one}{second}\n"));
    lines(&text, other, |_| format!("{other}{first}\n"))
}

pub(crate) fn plaintexts() -> Vec<Case> {
    let deep = format!("password: hunter2\na: {}", "[".repeat(10_000));
    let deep_json = format!("{{\"password\": \"hunter2\", \"a\": {}", "[".repeat(10_000));
    let mut bomb = "password: hunter2\na0: &a0 [x, x]\n".to_owned();
    for level in 1..30 {
        let _ = writeln!(bomb, "a{level}: &a{level} [*a{0}, *a{0}, *a{0}]", level - 1);
    }
    vec![
        yaml(
            "YAML with a flow that is never closed",
            "a: [hunter2\nb: hunter2\n",
            2,
        ),
        yaml("YAML with two values", "a: hunter2: hunter2\n", 2),
        yaml(
            "YAML with a quote that is never closed",
            "a: 1\npassword: \"hunter2\n",
            2,
        ),
        yaml("YAML with a tab", "a:\n\tpassword: hunter2\n", 2),
        yaml(
            "YAML with a key that stands twice",
            "password: 1\nb: 2\npassword: hunter2\n",
            2,
        ),
        yaml("YAML with a number as a key", "b: x\n1: hunter2\n", 23),
        yaml("YAML with null as a key", "b: x\n~: hunter2\n", 23),
        yaml(
            "YAML with a date as a key",
            "b: x\n2001-01-01: hunter2\n",
            23,
        ),
        yaml("YAML with a list as a key", "? [hunter2]\n: x\n", 2),
        yaml(
            "YAML with a value that is not of its tag",
            "a: !!int hunter2\n",
            2,
        ),
        yaml("YAML with a list at the top", "- hunter2\n", 2),
        yaml("YAML with a text at the top", "hunter2\n", 2),
        yaml("an empty YAML file", "", 92),
        yaml("YAML with nothing but a comment", "# hunter2\n", 2),
        yaml(
            "YAML with an alias of nothing",
            "a: hunter2\nb: *hunter\n",
            2,
        ),
        yaml(
            "YAML with an integer out of range",
            "a: hunter2\nb: 18446744073709551615\n",
            23,
        ),
        yaml("YAML nested 10,000 deep", deep, 2),
        yaml("YAML with an alias bomb", bomb, 2),
        yaml(
            "YAML that is not UTF-8",
            b"a: hunter2\npassword: hunter2 \xff\n",
            2,
        ),
        yaml(
            "YAML that merges a text",
            "a: hunter2\nb:\n  <<: hunter2\n",
            2,
        ),
        yaml(
            "YAML that merges a list of lists",
            "a: &a {b: hunter2}\nc: {<<: [*a, [*a]]}\n",
            2,
        ),
        yaml(
            "YAML that merges an alias of a list",
            "a: &a [{b: hunter2}]\nc:\n  <<: *a\n",
            2,
        ),
        yaml(
            "YAML with a key `sops` in a later document",
            "a: hunter2\n---\nsops: hunter2\n",
            203,
        ),
        yaml("YAML with a key `sops`", "a: hunter2\nsops: hunter2\n", 203),
        json(
            "JSON with a comma too much",
            "{\n  \"password\": \"hunter2\",\n}\n",
            2,
        ),
        json(
            "JSON with a string that is never closed",
            "{\"password\": \"hunter2}\n",
            2,
        ),
        json(
            "JSON with a word",
            "{\"a\": 1,\n \"password\": hunter2}\n",
            2,
        ),
        json(
            "JSON that ends in the middle",
            "{\"password\": \"hunter2\"",
            2,
        ),
        json(
            "JSON with text behind it",
            "{\"password\": \"hunter2\"} hunter2",
            2,
        ),
        json(
            "JSON with a key that stands twice",
            "{\"password\": 1, \"password\": \"hunter2\"}",
            2,
        ),
        json("JSON with a list at the top", "[\"hunter2\"]", 2),
        json("JSON with a text at the top", "\"hunter2\"", 2),
        json("an empty JSON file", "", 2),
        json(
            "JSON with a byte order mark",
            "\u{feff}{\"password\": \"hunter2\"}",
            2,
        ),
        json("JSON nested 10,000 deep", deep_json, 2),
        json(
            "JSON that is not UTF-8",
            b"{\"password\": \"hunter2 \xff\"}",
            2,
        ),
        case("an encrypted file", Encrypted, "encrypt -i --age R F", 203),
    ]
}

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
            "a `sops` key that is no mapping",
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
        changed("no `sops` block", |text| flat::cut(text, "sops:"), 1),
        case(
            "no `sops` block, encrypted",
            Changed("x.yaml", PLAIN, |text| flat::cut(text, "sops:")),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "no `sops` block in JSON, encrypted",
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
            "a MAC that is no text",
            |text| replaced(text, "mac:", "type:str", "type:bool"),
            51,
        ),
        changed(
            "a MAC that is a comment",
            |text| replaced(text, "mac:", "type:str", "type:comment"),
            51,
        ),
        case(
            "a comment that is a text",
            Changed("x.yaml", "a:\n  # hunter2\n  b: hunter2\n", |text| {
                replaced(text, "#ENC", "type:comment", "type:str")
            }),
            "decrypt -i F",
            25,
        ),
        changed("an altered MAC", |text| altered(text, "mac:", "data:"), 51),
        changed(
            "a misspelt key of the `sops` block",
            |text| replaced(text, "mac:", "mac", "macc"),
            51,
        ),
        changed(
            "a rule that is no expression",
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
            "key groups that are no list",
            |text| replaced(text, "age:", "age:", "age: hunter2\n    ages:"),
            1,
        ),
        changed(
            "data that is no base64",
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
        changed("no master key", |text| block(text, "ages:"), 1),
        changed(
            "a master key that says nothing",
            |text| block(text, "kms: [{}]\n    age:"),
            1,
        ),
        changed(
            "key groups that are a number",
            |text| block(text, "key_groups: 3\n    age:"),
            1,
        ),
        changed(
            "a version beyond 64 bits",
            |text| replaced(text, "version:", "3.13.3", "99999999999999999999.0.0"),
            1,
        ),
        changed(
            "a month that there is not",
            |text| {
                lines(text, "lastmodified:", |_| {
                    "    lastmodified: \"2024-13-31T12:00:00Z\"\n".into()
                })
            },
            1,
        ),
        changed(
            "a null key in the `sops` block",
            |text| block(text, "~: hunter2\n    age:"),
            25,
        ),
        changed(
            "more key groups needed than there are",
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
                let start = groups.find("        - enc:").expect("there is a key");
                let end = groups.find("    lastmodified:").expect("there is a time");
                let key = groups[start..end].to_owned();
                groups.replace(&key, &format!("{key}    - age:\n{key}"))
            },
            128,
        ),
        case("no private key", Encrypted, "decrypt -i F", 128).with("$HOME", "/nonexistent"),
        case(
            "a private key of somebody else",
            Encrypted,
            "decrypt -i F",
            128,
        )
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
        case("an editor that there is not", Encrypted, "edit F", 201)
            .with("$EDITOR", "/nonexistent/editor"),
        case("an editor that is interrupted", Encrypted, "edit F", 201)
            .with("$EDITOR", "sh -c 'kill -INT $$'"),
        case(
            "a `sops` key that is text, encrypted",
            File("x.yaml", "a: hunter2\nsops: hunter2\n".into()),
            "encrypt -i --age R F",
            203,
        ),
        case(
            "a `sops` key that is text, edited",
            File("x.yaml", "a: hunter2\nsops: hunter2\n".into()),
            "edit F",
            1,
        )
        .with("$EDITOR", "false"),
        case(
            "a `sops` key that is text in JSON",
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
            "the status of a malformed `sops` block",
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
            "keys that say nothing beside a good one",
            "x.yaml",
            PLAIN,
            |text| {
                block(
                    text,
                    "age:\n        - {}\n        - null\n        - enc: x\n        - recipient: age1x",
                )
            },
        ),
        opened(
            "an empty mapping in place of a list of keys",
            "x.yaml",
            PLAIN,
            |text| block(text, "kms: {}\n    age:"),
        ),
        opened("a version with a letter", "x.yaml", PLAIN, |text| {
            replaced(text, "version:", "3.13.3", "v3.13.3")
        }),
        opened("an empty threshold", "x.yaml", PLAIN, |text| {
            block(text, "shamir_threshold: ''\n    age:")
        }),
        opened("a value of bytes", "x.yaml", "a: x\nb: hunter2\n", |text| {
            text.replacen("type:str", "type:bytes", 2)
        }),
        opened("a threshold below 1", "x.yaml", PLAIN, |text| {
            block(text, "shamir_threshold: -1\n    age:")
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

pub(crate) fn private_keys() -> Vec<Case> {
    let key = identity();
    vec![
        case("a key file that is none", Encrypted, "decrypt -i F", 128).with(
            "../home/.config/sops/age/keys.txt",
            format!("# comment\n{}\n", &key[..40]),
        ),
        case("a missing key file", Encrypted, "decrypt -i F", 128)
            .with("$HOME", "/nonexistent")
            .with("$SOPS_AGE_KEY_FILE", "/nonexistent/key"),
        case(
            "a directory as the key file",
            Encrypted,
            "decrypt -i F",
            128,
        )
        .with("$HOME", "/nonexistent")
        .with("$SOPS_AGE_KEY_FILE", "/"),
        case(
            "a malformed key in the environment",
            Encrypted,
            "decrypt -i F",
            128,
        )
        .with("$HOME", "/nonexistent")
        .with("$SOPS_AGE_KEY", &key[..40]),
        case("a command that fails", Encrypted, "decrypt -i F", 128)
            .with("$HOME", "/nonexistent")
            .with("$SOPS_AGE_KEY_CMD", "false"),
        case("an empty key file", Encrypted, "decrypt -i F", 128)
            .with("../home/.config/sops/age/keys.txt", ""),
    ]
}

pub(crate) fn changes() -> Vec<Case> {
    vec![
        case("no value to set", Encrypted, "set F [\"a\"]", 100),
        case("no file to set", Nothing, "set", 100),
        case("too much to set", Encrypted, "set F [\"a\"] 1 2", 100),
        case(
            "a value too much",
            Encrypted,
            "set --value-stdin F [\"a\"] 1",
            100,
        ),
        case(
            "two sources of a value",
            Encrypted,
            "set --value-stdin --value-file F [\"a\"] x",
            1,
        ),
        case(
            "a missing file for the value",
            Encrypted,
            "set --value-file F [\"a\"] none",
            1,
        ),
        case("a path without brackets", Encrypted, "set F a 1", 7),
        case(
            "a value that is no JSON",
            Encrypted,
            "set F [\"a\"] hunter2",
            7,
        ),
        case(
            "a value with text behind it",
            Encrypted,
            "set F [\"a\"] \"hunter2\"hunter2",
            7,
        ),
        case(
            "a key of a list",
            Encrypted,
            "set F [\"list\"][\"a\"] \"hunter2\"",
            1,
        ),
        case("an index of a mapping", Encrypted, "set F [0] 1", 1),
        case("the key `sops`", Encrypted, "set F [\"sops\"] 1", 203),
        case(
            "a missing file to set",
            Nothing,
            "set none.yaml [\"a\"] 1",
            2,
        ),
        case(
            "a plaintext to set",
            File("x.yaml", PLAIN.into()),
            "set F [\"a\"] 1",
            1,
        ),
        case(
            "an old form without a blank",
            Encrypted,
            "--set [\"a\"]1 F",
            7,
        ),
        case("no path to remove", Encrypted, "unset F", 100),
        case("a malformed path to remove", Encrypted, "unset F zz", 7),
        case("a missing key to remove", Encrypted, "unset F [\"zz\"]", 1),
        case("a path that is not closed", Encrypted, "set F [\"a\" 1", 7),
        case("a word as an index", Encrypted, "unset F [x]", 7),
        case(
            "text behind a path",
            Encrypted,
            "unset F [\"password\"]x",
            7,
        ),
        case("a negative index", Encrypted, "unset F [\"list\"][-1]", 7),
        case(
            "a malformed path to print",
            Encrypted,
            "decrypt --extract a F",
            91,
        ),
        case(
            "a path to print that is not closed",
            Encrypted,
            "decrypt --extract [\"a\" F",
            91,
        ),
        case(
            "a missing key to print",
            Encrypted,
            "decrypt --extract [\"zz\"] F",
            1,
        ),
        case(
            "a missing item to print",
            Encrypted,
            "decrypt --extract [\"list\"][7] F",
            1,
        ),
        case(
            "an item of a value to print",
            Encrypted,
            "decrypt --extract [\"password\"][0] F",
            1,
        ),
        case(
            "a key of a list to print",
            Encrypted,
            "decrypt --extract [\"list\"][\"a\"] F",
            1,
        ),
        case(
            "the last recipient to remove",
            Encrypted,
            "rotate -i --rm-age R F",
            1,
        ),
        case(
            "a malformed recipient to remove",
            Encrypted,
            "rotate -i --rm-age age1bogus F",
            1,
        ),
        case(
            "a private key to add",
            Encrypted,
            "rotate -i --add-age AGE-SECRET-KEY-1HUNTER F",
            1,
        ),
        case(
            "a private key to remove",
            Encrypted,
            "rotate -i --rm-age AGE-SECRET-KEY-1HUNTER F",
            1,
        ),
        case(
            "a missing item to remove",
            Encrypted,
            "unset F [\"list\"][7]",
            1,
        ),
        case(
            "a key in a value to remove",
            Encrypted,
            "unset F [\"password\"][\"a\"]",
            1,
        ),
    ]
}

pub(crate) fn command_lines() -> Vec<Case> {
    let config = |text: &str| text.replace("OTHER", &other_recipient());
    vec![
        case("no arguments", Nothing, "", 100),
        case("no file to edit", Nothing, "edit", 100),
        case("no file to rotate", Nothing, "rotate", 100),
        case(
            "no file to update",
            Nothing,
            "--config c.yaml updatekeys",
            100,
        )
        .with("c.yaml", "creation_rules: []"),
        case("no file to tell of", Nothing, "filestatus", 100),
        case("no name for standard input", Nothing, "encrypt", 8),
        case("no format for standard input", Nothing, "decrypt", 1),
        case(
            "standard input in place",
            Nothing,
            "decrypt -i --input-type yaml",
            8,
        ),
        case(
            "a missing file to encrypt",
            Nothing,
            "encrypt --age R none.yaml",
            100,
        ),
        case(
            "a missing file to decrypt",
            Nothing,
            "decrypt none.yaml",
            100,
        ),
        case("a missing file to rotate", Nothing, "rotate none.yaml", 2),
        case(
            "a missing file to rotate, old form",
            Nothing,
            "-r none.yaml",
            100,
        ),
        case(
            "a missing file to add a key to",
            Nothing,
            "rotate --add-age R none.yaml",
            49,
        ),
        case(
            "a missing file to tell of",
            Nothing,
            "filestatus none.yaml",
            1,
        ),
        case(
            "a missing file to update",
            Nothing,
            "updatekeys none.yaml",
            1,
        )
        .with(".sops.yaml", "creation_rules: []"),
        case("a directory", Nothing, "decrypt --input-type yaml .", 2),
        case("a command that there is not", Nothing, "decypt x.yaml", 1),
        case("a mistyped command and a file", Encrypted, "dcrypt F", 1),
        case(
            "a mistyped command of two words",
            Encrypted,
            "update-keys F",
            1,
        ),
        case("a word that is like no command", Nothing, "frobnicate", 1),
        case("a flag that there is not", Encrypted, "decrypt --foo F", 1),
        case(
            "two places for the output",
            Encrypted,
            "decrypt -i --output y.yaml F",
            8,
        ),
        case(
            "a kind of key twice",
            Encrypted,
            "decrypt --decryption-order age,pgp,age F",
            112,
        ),
        case(
            "the binary format for a file with keys",
            Encrypted,
            "rotate -i --output-type binary F",
            8,
        ),
        case(
            "a key service that is not there",
            Encrypted,
            "decrypt --enable-local-keyservice=false --keyservice unix:///nowhere F",
            128,
        ),
        case(
            "no local keys",
            Encrypted,
            "decrypt --enable-local-keyservice=false F",
            128,
        ),
        case(
            "a cloud key without a key service",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --kms arn:aws:kms:eu-west-1:1:key/k F",
            1,
        ),
        case(
            "a malformed encryption context",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --encryption-context k F",
            6,
        ),
        case(
            "a malformed key of a vault",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --hc-vault-transit https://vault/keys/k F",
            1,
        ),
        case(
            "an Azure key without a version",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --azure-kv https://v.vault.azure.net/keys/k F",
            1,
        ),
        case(
            "a group without keys to add",
            Encrypted,
            "groups add -f F",
            1,
        ),
        case(
            "no file to add a group to",
            Nothing,
            "groups add --age R",
            2,
        ),
        case(
            "a group to delete that is not there",
            Encrypted,
            "groups delete -f F 1",
            1,
        ),
        case(
            "the only group to delete",
            Encrypted,
            "groups delete -f F 0",
            1,
        ),
        case("no group to delete", Encrypted, "groups delete -f F", 1),
        case(
            "a group to delete with a sign",
            Encrypted,
            "groups delete -f F +0",
            1,
        ),
        case(
            "a PGP key",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --pgp 85D7 F",
            1,
        ),
        case(
            "a PGP key in the environment",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R F",
            1,
        )
        .with("$SOPS_PGP_FP", "85D7"),
        case(
            "an unknown kind of recipient",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age bogus F",
            1,
        ),
        case(
            "a malformed recipient",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age age1bogus F",
            1,
        ),
        case(
            "a private key as the recipient",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age AGE-SECRET-KEY-1HUNTER F",
            1,
        ),
        case(
            "a private key in the configuration",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(
            ".sops.yaml",
            format!("creation_rules:\n  - age: {}\n", identity()),
        ),
        case(
            "a private key as the recipient of the environment",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with("$SOPS_AGE_RECIPIENTS", identity()),
        case(
            "no recipient at all",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        ),
        case(
            "a key group without a key",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(
            ".sops.yaml",
            format!(
                "creation_rules:\n  - key_groups:\n      - age: [{}]\n      - {{}}\n",
                recipient()
            ),
        ),
        case(
            "a plain key that is too long",
            File("x.yaml", format!("{}: v\n", "k".repeat(1_100)).into()),
            "encrypt -i --age R F",
            2,
        ),
        case(
            "two rules",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --encrypted-regex a --unencrypted-suffix b F",
            8,
        ),
        case(
            "a malformed expression",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --encrypted-regex ( F",
            1,
        ),
        case(
            "a rule that selects nothing",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --age R --encrypted-regex zzz F",
            1,
        ),
        case(
            "no configuration to update from",
            Encrypted,
            "updatekeys F",
            1,
        ),
        case(
            "a missing configuration",
            File("x.yaml", PLAIN.into()),
            "encrypt -i --config none.yaml F",
            1,
        ),
        case(
            "a malformed configuration",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(".sops.yaml", "creation_rules: ["),
        case(
            "an unknown key in the configuration",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(
            ".sops.yaml",
            config("creation_rules:\n  - age: OTHER\n    encrypted_regx: a\n"),
        ),
        case(
            "no rule that matches",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(
            ".sops.yaml",
            config("creation_rules:\n  - age: OTHER\n    path_regex: ^y\n"),
        ),
        case(
            "a rule without keys",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(".sops.yaml", "creation_rules:\n  - encrypted_regex: a\n"),
        case(
            "a rule with a PGP key",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(
            ".sops.yaml",
            config("creation_rules:\n  - age: OTHER\n    pgp: 85D7\n"),
        ),
        case(
            "a rule with a malformed recipient",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with(".sops.yaml", "creation_rules:\n  - age: age1bogus\n"),
    ]
}
