//! The log that `--verbose` turns on.

use crate::peer::recipient;
use crate::pgp::{Ended, Keyring, with_age};

/// The log lines of a run about keys and files, without times. The debug lines of `sops` contain
/// memory addresses.
fn log(ring: &Keyring, program: &str, arguments: &[&str], has_age: bool) -> Vec<String> {
    let mut command = ring.command(program, arguments);
    let ended = match has_age {
        true => Ended::of(with_age(&mut command)),
        false => Ended::of(command),
    };
    let lines = ended.stderr.lines().filter_map(|line| {
        let (logger, line) = line.strip_prefix('[')?.split_once("]\t time=")?;
        let (_, message) = line.split_once("level=info msg=")?;
        Some(format!("{logger} {message}"))
    });
    lines
        .filter(|line| !line.contains("Truncating tree"))
        .collect()
}

#[test]
fn keys_are_logged_as_by_sops() {
    let ring = Keyring::new();
    let (ann, age) = (ring.key("ann", "", &[], "never"), recipient());
    ring.write("p.yaml", "a: hunter2\n");
    let ours = env!("CARGO_BIN_EXE_sops-rs");
    for (name, flags) in [
        ("age", &["--age", &age][..]),
        ("pgp", &["--pgp", &ann]),
        ("both", &["--age", &age, "--pgp", &ann]),
    ] {
        let name = format!("{name}.yaml");
        let encrypt = [&["--verbose", "-e"], flags, &["--output", &name, "p.yaml"]].concat();
        let theirs = log(&ring, "sops", &encrypt, true);
        assert_eq!(log(&ring, ours, &encrypt, true), theirs, "{encrypt:?}");
        assert_eq!(theirs.len(), flags.len() / 2);
        for has_age in [true, false] {
            for decrypt in [
                &["--verbose", "-d", &name][..],
                &["--verbose", "-d", "--extract", "[\"a\"]", &name],
            ] {
                let theirs = log(&ring, "sops", decrypt, has_age);
                let ours = log(&ring, ours, decrypt, has_age);
                assert_eq!(ours, theirs, "{decrypt:?}, {has_age}");
                assert!(!theirs.is_empty());
            }
        }
    }
}
