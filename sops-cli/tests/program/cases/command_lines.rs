//! Invalid command lines.

use sops_test_support::environment::{identity, other_recipient, recipient};

use super::Input::{Encrypted, File, Nothing};
use super::{Case, PLAIN, case};

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
        case("no file to report on", Nothing, "filestatus", 100),
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
            "a missing file to report on",
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
        case("an unknown command", Nothing, "decypt x.yaml", 1),
        case("a mistyped command and a file", Encrypted, "dcrypt F", 1),
        case(
            "a mistyped command of two words",
            Encrypted,
            "update-keys F",
            1,
        ),
        case("a word that resembles no command", Nothing, "frobnicate", 1),
        case("an unknown flag", Encrypted, "decrypt --foo F", 1),
        case(
            "two destinations for the output",
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
            "an unreachable key service",
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
            "encrypt -i --enable-local-keyservice=false --gcp-kms projects/p/locations/global/keyRings/r/cryptoKeys/k F",
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
            "a missing group to delete",
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
            "a private key as the recipient in the environment",
            File("x.yaml", PLAIN.into()),
            "encrypt -i F",
            1,
        )
        .with("$SOPS_AGE_RECIPIENTS", identity()),
        case(
            "no recipient",
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
