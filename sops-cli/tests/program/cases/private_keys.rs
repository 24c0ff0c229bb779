//! Private keys that cannot be used.

use sops_test_support::environment::identity;

use super::Input::Encrypted;
use super::{Case, case};

pub(crate) fn private_keys() -> Vec<Case> {
    let key = identity();
    vec![
        case(
            "a file without a private key",
            Encrypted,
            "decrypt -i F",
            128,
        )
        .with(
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
