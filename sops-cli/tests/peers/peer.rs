//! Runs the real `sops` with its own home, and this library with the same key.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use sops_core::keys::{Identities, Recipient};
use sops_core::rules::EncryptionRule;
use sops_core::{Encryption, Error, Format};
use tempfile::TempDir;

/// A key that is used only for tests.
pub(crate) const IDENTITY: &str = include_str!("../../../testdata/keys/x25519.txt");

pub(crate) static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    let mut identities = Identities::new();
    identities
        .add_keys("the test key", IDENTITY.as_bytes())
        .expect("the test key is valid");
    identities
});

static HOME: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a temporary directory can be created"));

/// The public half of the test key.
pub(crate) fn recipient() -> String {
    IDENTITY
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .expect("the key file names its recipient")
        .to_owned()
}

/// Encrypts with this library for the test key.
pub(crate) fn encrypt(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    change: impl FnOnce(&mut Encryption),
) -> Result<String, Error> {
    let recipient: Recipient = recipient().parse().expect("the recipient is valid");
    let mut encryption = Encryption::to([recipient]);
    encryption.allow_plaintext = true;
    encryption.allow_ciphertext = true;
    change(&mut encryption);
    sops_core::encrypt(text, format, &encryption)
}

/// Decrypts with this library.
pub(crate) fn decrypt(text: &str, format: Format) -> Result<String, Error> {
    sops_core::decrypt(text, format, &*IDENTITIES)
        .map(|text| String::from_utf8(text.to_vec()).expect("the text was UTF-8"))
}

/// Runs `sops` on text that it reads from standard input.
pub(crate) fn sops(
    arguments: &[&str],
    format: Format,
    input: &(impl AsRef<[u8]> + ?Sized),
) -> Output {
    let extension = match format {
        Format::Dotenv => "env",
        format => format.name(),
    };
    let name = format!("document.{extension}");
    let mut child = Command::new("sops")
        .args(arguments)
        .args(["--filename-override", &name])
        .args((arguments[0] == "-e").then_some("/dev/stdin"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", HOME.path())
        .env("SOPS_AGE_KEY", IDENTITY.lines().last().unwrap_or_default())
        .current_dir(HOME.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`sops` is on the PATH");
    // A program that refuses its arguments may not read all of its input.
    let _ = child
        .stdin
        .take()
        .expect("the stream is a pipe")
        .write_all(input.as_ref());
    child.wait_with_output().expect("`sops` ends")
}

/// The output of `sops encrypt` for the text; `None` if `sops` refuses it.
pub(crate) fn sops_encrypt(
    text: &(impl AsRef<[u8]> + ?Sized),
    format: Format,
    extra: &[&str],
) -> Option<String> {
    let recipient = recipient();
    // The old form, because the new one lacks the flags for comment rules.
    let arguments = [&["-e", "--age", &recipient], extra].concat();
    successful(sops(&arguments, format, text)).ok()
}

/// The outputs of this library and of `sops encrypt` for the same text and rule.
pub(crate) fn encrypt_both(
    text: &str,
    format: Format,
    rule: Option<&EncryptionRule>,
) -> (Result<String, Error>, Option<String>) {
    let flag =
        |rule: &EncryptionRule| format!("--{}={}", rule.name().replace('_', "-"), rule.text());
    let flag = rule.map(flag);
    let flags: Vec<&str> = flag.iter().map(String::as_str).collect();
    let ours = encrypt(text, format, |encryption| {
        if let Some(rule) = rule {
            encryption.rule = rule.clone();
        }
    });
    (ours, sops_encrypt(text, format, &flags))
}

/// The output of `sops decrypt` for `text`, or its error message.
pub(crate) fn sops_decrypt(text: &str, format: Format) -> Result<String, String> {
    successful(sops(&["decrypt"], format, text))
}

fn successful(output: Output) -> Result<String, String> {
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8(output.stdout).expect("`sops` writes UTF-8"))
}

/// Checks the version of the installed `sops`: 3.13.2 computes wrong MACs and is not a reference.
#[test]
fn the_installed_sops_is_a_valid_reference() {
    let output = Command::new("sops")
        .args(["--version", "--disable-version-check"])
        .output()
        .expect("`sops` is on the PATH");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("3.13.3"), "`sops --version` says: {text}");
    assert!(Path::new(env!("CARGO_BIN_EXE_sops-rs")).exists());
}
