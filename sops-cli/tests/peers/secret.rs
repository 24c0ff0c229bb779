//! `secret create` compared with `kubectl create secret`, for generated inputs.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sops_test_support::environment::{TestEnvironment, recipient};

/// How many Secrets of each kind are compared.
fn count() -> usize {
    let count = std::env::var("SOPS_RS_SECRETS").ok();
    count.and_then(|count| count.parse().ok()).unwrap_or(15)
}

/// A generator that prints its seed.
fn random() -> StdRng {
    let seed = std::env::var("SOPS_RS_SEED").ok();
    let seed = seed
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random);
    println!("SOPS_RS_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Text for a value: printable, with characters that shells, JSON and YAML treat specially.
fn text(random: &mut StdRng) -> String {
    let characters: Vec<char> = "abcXYZ019 ~!@#$%^&*()_+-={}[]|\\:;\"'<>?,./\téß漢😀"
        .chars()
        .collect();
    let length = random.random_range(1..24);
    (0..length)
        .map(|_| characters[random.random_range(0..characters.len())])
        .collect()
}

fn key(random: &mut StdRng, index: usize) -> String {
    let characters = b"abzABZ019-_.";
    let length = random.random_range(0..10);
    let end = (0..length).map(|_| char::from(characters[random.random_range(0..characters.len())]));
    format!("k{index}{}", end.collect::<String>())
}

/// Creates the same Secret with both programs and compares the objects.
fn compare(environment: &TestEnvironment, arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let common = ["create", "secret"];
    let flags = ["--dry-run=client", "-o", "json"];
    let words = [&common[..], &arguments, &flags].concat();
    let mut command = environment.command_of(Path::new("kubectl"), &words);
    command.env("KUBECONFIG", "/dev/null");
    let expected = environment.finish(command).succeeds().stdout;
    let words = [
        &["secret", "create"],
        &arguments[..],
        &["--output", "new.json"],
    ]
    .concat();
    let run = environment.run(&words).succeeds();
    assert_eq!(run.stdout, "");
    let created = environment.decrypt("new.json");
    std::fs::remove_file(environment.path("new.json")).expect("the file was written");
    let object = |text: &str| {
        let mut object: serde_json::Value = serde_json::from_str(text).expect(text);
        let metadata = object["metadata"]
            .as_object_mut()
            .expect("the value is an object");
        metadata.remove("creationTimestamp");
        object
    };
    assert_eq!(object(&created), object(&expected), "{arguments:?}");
}

fn environment() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let rule = format!(
        "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {}\n",
        recipient()
    );
    environment.write(".sops.yaml", rule);
    environment
}

#[test]
fn generic_secrets_are_those_of_kubectl() {
    let mut random = random();
    for _ in 0..count() {
        let environment = environment();
        let mut arguments = vec!["generic".to_owned(), "db".to_owned()];
        if random.random() {
            arguments.extend(["--namespace".to_owned(), "shop".to_owned()]);
        }
        if random.random() {
            arguments.push("--type=example.com/x".to_owned());
        }
        if random.random() {
            let mut lines = String::from("# comment\n\n");
            for index in 0..random.random_range(1..5) {
                let line = format!("{}={}", key(&mut random, index), text(&mut random));
                let indent = ["", "  ", "\t"][random.random_range(0..3)];
                let end = ["\n", "\r\n"][random.random_range(0..2)];
                lines += &format!("{indent}{line}{end}");
            }
            environment.write("values.env", lines);
            arguments.push("--from-env-file=values.env".to_owned());
        } else {
            for index in 0..random.random_range(1..5) {
                let key = key(&mut random, index);
                if random.random() {
                    arguments.push(format!("--from-literal={key}={}", text(&mut random)));
                    continue;
                }
                let length = random.random_range(0..200);
                let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
                if random.random() {
                    environment.write(&key, bytes);
                    arguments.push(format!("--from-file={key}"));
                } else {
                    environment.write("file", bytes);
                    arguments.push(format!("--from-file={key}=file"));
                    // Each file has its own content.
                    let name = format!("file{index}");
                    std::fs::rename(environment.path("file"), environment.path(&name))
                        .expect("the file was written");
                    let last = arguments.last_mut().expect("the list has an argument");
                    *last = format!("--from-file={key}={name}");
                }
            }
            if random.random() {
                environment.write("directory/one.txt", text(&mut random));
                arguments.push("--from-file=directory".to_owned());
            }
        }
        compare(&environment, &arguments);
    }
}

#[test]
fn a_file_whose_name_cannot_be_a_key_is_an_error_as_in_kubectl() {
    let environment = environment();
    environment.write("directory/one.txt", "1");
    environment.write("directory/not a key", "2");
    let arguments = ["create", "secret", "generic", "db", "--from-file=directory"];
    let mut command = environment.command_of(Path::new("kubectl"), &arguments);
    command
        .args(["--dry-run=client"])
        .env("KUBECONFIG", "/dev/null");
    assert_eq!(environment.finish(command).code, Some(1));
    let ours = ["secret", "create", "generic", "db", "--from-file=directory"];
    let run = environment.run(&[&ours[..], &["--output", "new.yaml"]].concat());
    assert!(run.stderr.contains("not a key"), "{run}");
    assert!(!environment.path("new.yaml").exists());
}

#[test]
fn credentials_of_registries_are_those_of_kubectl() {
    let mut random = random();
    for _ in 0..count() {
        let environment = environment();
        let mut arguments = vec!["docker-registry".to_owned(), "pull".to_owned()];
        arguments.push(format!("--docker-username=u{}", text(&mut random)));
        arguments.push(format!("--docker-password={}", text(&mut random)));
        if random.random() {
            arguments.push(format!("--docker-server={}", text(&mut random)));
        }
        if random.random() {
            arguments.push(format!("--docker-email={}", text(&mut random)));
        }
        compare(&environment, &arguments);
    }
}

#[test]
fn certificates_are_those_of_kubectl() {
    let environment = environment();
    let words = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=web", "-keyout", "tls.key",
        "-out", "tls.crt",
    ];
    let command = environment.command_of(Path::new("openssl"), &words);
    environment.finish(command).succeeds();
    let arguments = [
        "tls",
        "web",
        "--cert=tls.crt",
        "--key=tls.key",
        "--namespace=shop",
    ];
    compare(&environment, &arguments.map(str::to_owned));
}
