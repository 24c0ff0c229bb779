//! PGP keys that the real `gpg` creates, with this program and with `sops`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::peer::{IDENTITY, recipient};

const TEXT: &str = "a: hunter2\n\nb: [1, 2]\n";

/// A fingerprint whose key is in no keyring of these tests.
const UNKNOWN: &str = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";

/// A working directory, and a home with PGP keys.
pub(crate) struct Keyring {
    directory: TempDir,
}

impl Keyring {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        for name in ["gnupg", "work"] {
            fs::create_dir(directory.path().join(name)).expect("the directory can be created");
        }
        fs::set_permissions(
            directory.path().join("gnupg"),
            fs::Permissions::from_mode(0o700),
        )
        .expect("the permissions can be changed");
        Self { directory }
    }

    fn home(&self) -> PathBuf {
        self.directory.path().join("gnupg")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).expect("the file can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// A shell script, and its path.
    fn script(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
            .expect("the permissions can be changed");
        path.display().to_string()
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("GNUPGHOME", self.home())
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    fn gpg(&self, arguments: &[&str]) -> String {
        let output = self
            .command("gpg", &["--batch", "--quiet"])
            .args(arguments)
            .output();
        let output = output.expect("`gpg` is on the PATH");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("`gpg` lists UTF-8")
    }

    /// Creates a key with the passphrase and these flags. Returns its fingerprint.
    pub(crate) fn key(
        &self,
        name: &str,
        passphrase: &str,
        flags: &[&str],
        expires: &str,
    ) -> String {
        let user = format!("{name} <{name}@example.com>");
        let making = [
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            passphrase,
            "--quick-gen-key",
        ];
        self.gpg(
            &[
                flags,
                &making,
                &[&user, "future-default", "default", expires],
            ]
            .concat(),
        );
        let listed = self.gpg(&["--with-colons", "--list-keys", &user]);
        let line = listed.lines().find_map(|line| line.strip_prefix("fpr:"));
        line.expect("the key has a fingerprint")
            .trim_matches(':')
            .to_owned()
    }

    /// Runs this program.
    fn ours(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(env!("CARGO_BIN_EXE_sops-rs"), arguments))
    }

    /// Runs this program with the age key of the tests available.
    fn ours_with_age(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(env!("CARGO_BIN_EXE_sops-rs"), arguments);
        Ended::of(with_age(&mut command))
    }

    fn sops(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command("sops", arguments))
    }

    fn sops_with_age(&self, arguments: &[&str]) -> Ended {
        Ended::of(with_age(&mut self.command("sops", arguments)))
    }

    /// Asserts that both programs decrypt the file, with or without the age key of the tests.
    #[track_caller]
    fn both_decrypt(&self, name: &str, is_age_available: bool) {
        let runs = match is_age_available {
            true => [
                self.ours_with_age(&["decrypt", name]),
                self.sops_with_age(&["decrypt", name]),
            ],
            false => [self.ours(&["decrypt", name]), self.sops(&["decrypt", name])],
        };
        let [ours, sops] = runs.map(|run| run.succeeds().stdout);
        assert_eq!(ours, TEXT);
        assert!(sops.contains("a: hunter2"), "{sops}");
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        // This ends only the agent of this home, which may have ended before.
        let _ = self.command("gpgconf", &["--kill", "gpg-agent"]).output();
    }
}

pub(crate) fn with_age(command: &mut Command) -> Command {
    let mut with = Command::new(command.get_program());
    with.args(command.get_args()).env_clear();
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    with.envs(variables)
        .env("SOPS_AGE_KEY", IDENTITY.lines().last().unwrap_or_default())
        .current_dir(command.get_current_dir().expect("the directory was set"))
        .stdin(Stdio::null());
    with
}

#[derive(Debug)]
pub(crate) struct Ended {
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(mut command: impl std::borrow::BorrowMut<Command>) -> Self {
        let output: Output = command
            .borrow_mut()
            .output()
            .expect("the program is on the PATH");
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn fails_with(self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(words), "{self:?}");
        assert!(!self.stderr.contains("hunter2"), "{self:?}");
    }
}

#[test]
fn each_program_reads_what_the_other_wrote_for_a_pgp_key() {
    let ring = Keyring::new();
    let ann = ring.key("ann", "", &[], "never");
    let spaced = format!("{} {},", &ann[..20], &ann[20..]);
    for (index, flag) in [["--pgp", &ann], ["-p", &spaced]].into_iter().enumerate() {
        let name = format!("{index}.yaml");
        ring.write(&name, TEXT);
        ring.ours(&["encrypt", "-i", flag[0], flag[1], &name])
            .succeeds();
        let written = ring.read(&name);
        assert!(written.contains(&format!("fp: {ann}\n")), "{written}");
        assert!(written.contains("created_at: \"20") && written.contains("BEGIN PGP MESSAGE"));
        ring.both_decrypt(&name, false);
    }
    ring.write("sops.yaml", TEXT);
    let theirs = ring
        .sops(&["encrypt", "--pgp", &ann, "sops.yaml"])
        .succeeds()
        .stdout;
    ring.write("sops.yaml", theirs);
    let [ours, sops] = [
        ring.ours(&["decrypt", "sops.yaml"]),
        ring.sops(&["decrypt", "sops.yaml"]),
    ];
    assert_eq!(ours.succeeds().stdout, sops.succeeds().stdout);

    for (name, rule) in [
        ("list.yaml", format!("{{pgp: ['{spaced}']}}")),
        ("text.yaml", format!("{{pgp: ' {ann} , '}}")),
        (
            "group.yaml",
            format!("{{key_groups: [{{merge: [{{pgp: [{ann}]}}]}}]}}"),
        ),
    ] {
        ring.write(".sops.yaml", format!("creation_rules: [{rule}]\n"));
        ring.write(name, TEXT);
        ring.ours(&["encrypt", "-i", name]).succeeds();
        ring.both_decrypt(name, false);
    }
    fs::remove_file(ring.path(".sops.yaml")).expect("the file can be removed");
    // The rule names a subkey.
    let listed = ring.gpg(&["--with-colons", "--list-keys", &ann]);
    let subkey = listed
        .lines()
        .filter_map(|line| line.strip_prefix("fpr:"))
        .nth(1);
    let subkey = format!(
        "{}!",
        subkey.expect("the key has a subkey").trim_matches(':')
    );
    ring.write("subkey.yaml", TEXT);
    ring.ours(&["encrypt", "-i", "--pgp", &subkey, "subkey.yaml"])
        .succeeds();
    ring.both_decrypt("subkey.yaml", false);
}

#[test]
fn a_key_that_cannot_be_used_is_refused_with_the_reason() {
    let ring = Keyring::new();
    let expired = ring.key("old", "", &["--faked-system-time", "20200101T000000"], "1d");
    let revoked = ring.key("gone", "", &[], "never");
    let certificate = ring
        .home()
        .join("openpgp-revocs.d")
        .join(format!("{revoked}.rev"));
    let certificate = fs::read_to_string(certificate).expect("`gpg` makes one with each key");
    ring.write(
        "revoked.asc",
        certificate.replace("\n:-----BEGIN", "\n-----BEGIN"),
    );
    ring.gpg(&["--import", &ring.path("revoked.asc").display().to_string()]);
    let signing = "signing <signing@example.com>";
    ring.gpg(&[
        "--passphrase",
        "",
        "--quick-gen-key",
        signing,
        "ed25519",
        "sign",
        "never",
    ]);
    let listed = ring.gpg(&["--with-colons", "--list-keys", signing]);
    let signing = listed.lines().find_map(|line| line.strip_prefix("fpr:"));
    let signing = signing
        .expect("the key has a fingerprint")
        .trim_matches(':');

    ring.write("x.yaml", TEXT);
    for (key, words) in [
        (expired.as_str(), "the key is expired"),
        (&revoked, "the key is revoked"),
        (signing, "cannot be used for encryption"),
        (UNKNOWN, "does not have this public key"),
        (
            "85D7",
            "not a fingerprint; a fingerprint has 40 hexadecimal digits",
        ),
    ] {
        let encrypt = [
            "encrypt",
            "-i",
            "--age",
            &recipient(),
            "--pgp",
            key,
            "x.yaml",
        ];
        ring.ours(&encrypt).fails_with(1, words);
        assert_eq!(ring.read("x.yaml"), TEXT);
        ring.sops(&encrypt)
            .fails_with(1, "Could not generate data key");
    }
    for (program, words) in [("", "install GnuPG"), ("/nowhere/gpg2", "/nowhere/gpg2")] {
        let mut command = ring.command(
            env!("CARGO_BIN_EXE_sops-rs"),
            &["encrypt", "--pgp", UNKNOWN, "x.yaml"],
        );
        command
            .env("PATH", "/nowhere")
            .env("SOPS_GPG_EXEC", program);
        Ended::of(command).fails_with(1, words);
    }
}

#[test]
fn a_missing_secret_key_is_reported() {
    let (ring, stranger) = (Keyring::new(), Keyring::new());
    let ann = ring.key("ann", "", &[], "never");
    ring.write("x.yaml", TEXT);
    ring.ours(&["encrypt", "-i", "--pgp", &ann, "x.yaml"])
        .succeeds();
    stranger.write("x.yaml", ring.read("x.yaml"));
    let words = format!("pgp {ann} (`gpg` does not have the secret key)");
    stranger
        .ours(&["decrypt", "x.yaml"])
        .fails_with(128, &words);
    stranger
        .sops(&["decrypt", "x.yaml"])
        .fails_with(128, "FAILED");

    // The age key is not needed, and no message mentions age.
    let run = stranger.ours(&["decrypt", "x.yaml"]);
    assert!(!run.stderr.contains("SOPS_AGE_KEY"), "{run:?}");
    let altered = ring
        .read("x.yaml")
        .replace("-----BEGIN PGP", "-----BEGIN AGE");
    ring.write("x.yaml", altered);
    ring.ours(&["decrypt", "x.yaml"])
        .fails_with(128, "is not a PGP message");
}

#[test]
fn the_agent_asks_for_a_passphrase_only_if_nothing_else_opens_the_file() {
    let ring = Keyring::new();
    let locked = ring.key("locked", "correct horse", &[], "never");
    ring.write("x.yaml", TEXT);
    ring.ours(&[
        "encrypt",
        "-i",
        "--pgp",
        &locked,
        "--age",
        &recipient(),
        "x.yaml",
    ])
    .succeeds();

    let log = ring.directory.path().join("asked").display().to_string();
    let answer = |answer: &str| {
        // The Assuan protocol: one line for the command, one for the answer.
        let pinentry = format!(
            "echo OK\nwhile read -r command rest; do case $command in\nGETPIN) echo x >> {log}; {answer} ;;\nBYE) echo OK; exit ;;\n*) echo OK ;;\nesac; done"
        );
        let program = ring.script("pinentry", &pinentry);
        let configuration = format!("pinentry-program {program}\n");
        fs::write(ring.home().join("gpg-agent.conf"), configuration)
            .expect("the file can be written");
        // The cache ends with the agent.
        let killed = ring.command("gpgconf", &["--kill", "gpg-agent"]).status();
        assert!(killed.expect("`gpgconf` comes with `gpg`").success());
    };
    let asked = || fs::read_to_string(&log).unwrap_or_default().lines().count();

    answer("echo ERR 83886179 Operation cancelled");
    ring.both_decrypt("x.yaml", true);
    assert_eq!(asked(), 0, "the age key lies ready");
    // If the agent would have to ask, Git shows the encrypted text.
    let shown = || {
        let ended = ring.ours(&["git", "textconv", "--", "x.yaml"]);
        ended.succeeds().stdout
    };
    assert_eq!(shown(), ring.read("x.yaml"));
    assert_eq!(asked(), 0, "textconv asks for nothing");
    ring.ours(&["decrypt", "x.yaml"])
        .fails_with(128, "GPG_TTY=$(tty)");
    assert_eq!(asked(), 1);

    answer("echo D correct horse; echo OK");
    assert_eq!(ring.ours(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    assert_eq!(asked(), 2);
    assert_eq!(ring.ours(&["decrypt", "x.yaml"]).succeeds().stdout, TEXT);
    assert_eq!(asked(), 2, "the agent remembers");
    assert_eq!(shown(), TEXT);
}

#[test]
fn the_decryption_order_says_which_keys_are_tried_first() {
    let ring = Keyring::new();
    let ann = ring.key("ann", "", &[], "never");
    ring.write("x.yaml", TEXT);
    ring.ours(&[
        "encrypt",
        "-i",
        "--pgp",
        &ann,
        "--age",
        &recipient(),
        "x.yaml",
    ])
    .succeeds();
    let log = ring.directory.path().join("ran");
    let program = ring.script(
        "gpg",
        &format!("echo \"$@\" >> {}\nexec gpg \"$@\"", log.display()),
    );
    for (order, runs) in [("", 0), ("age,pgp", 0), ("pgp,age", 1), ("pgp", 1)] {
        let arguments = ["decrypt", "--decryption-order", order, "x.yaml"];
        let mut command = ring.command(env!("CARGO_BIN_EXE_sops-rs"), &arguments);
        let mut command = with_age(command.env("SOPS_GPG_EXEC", &program));
        assert_eq!(Ended::of(&mut command).succeeds().stdout, TEXT);
        let ran = fs::read_to_string(&log).unwrap_or_default();
        assert_eq!(ran.lines().count(), runs, "{order}");
        assert!(ran.lines().all(|line| line.ends_with("--decrypt")), "{ran}");
        let _ = fs::remove_file(&log);
    }
}

#[test]
fn groups_of_mixed_families_open_in_both_programs() {
    let ring = Keyring::new();
    let (ann, bob) = (
        ring.key("ann", "", &[], "never"),
        ring.key("bob", "", &[], "never"),
    );
    let age = recipient();
    let rule = format!(
        "{{shamir_threshold: 2, key_groups: [{{age: [{age}]}}, {{pgp: [{ann}], age: [{age}]}}, {{pgp: [{bob}]}}]}}"
    );
    ring.write(".sops.yaml", format!("creation_rules: [{rule}]\n"));
    for program in ["ours", "sops"] {
        ring.write("x.yaml", TEXT);
        match program {
            "ours" => ring.ours(&["encrypt", "-i", "x.yaml"]),
            _ => ring.sops(&["encrypt", "-i", "x.yaml"]),
        }
        .succeeds();
        let ours = ring.ours(&["decrypt", "x.yaml"]).succeeds().stdout;
        assert_eq!(
            ring.ours_with_age(&["decrypt", "x.yaml"]).succeeds().stdout,
            ours
        );
        for run in [
            ring.sops(&["decrypt", "x.yaml"]),
            ring.sops_with_age(&["decrypt", "x.yaml"]),
        ] {
            assert!(run.succeeds().stdout.contains("a: hunter2"));
        }
        let stranger = Keyring::new();
        stranger.write("x.yaml", ring.read("x.yaml"));
        assert_eq!(
            stranger
                .ours_with_age(&["decrypt", "x.yaml"])
                .succeeds()
                .stdout,
            ours
        );
        stranger.ours(&["decrypt", "x.yaml"]).fails_with(128, &ann);
    }
}

#[test]
fn changed_keys_open_in_both_programs() {
    let ring = Keyring::new();
    let (ann, bob) = (
        ring.key("ann", "", &[], "never"),
        ring.key("bob", "", &[], "never"),
    );
    let age = recipient();
    ring.write("x.yaml", TEXT);
    ring.ours(&["encrypt", "-i", "--age", &age, "x.yaml"])
        .succeeds();
    ring.ours_with_age(&["rotate", "-i", "--add-pgp", &ann, "x.yaml"])
        .succeeds();
    ring.both_decrypt("x.yaml", false);
    ring.both_decrypt("x.yaml", true);
    ring.ours(&["rotate", "-i", "--rm-age", &age, "x.yaml"])
        .succeeds();
    assert!(!ring.read("x.yaml").contains(&age));
    ring.both_decrypt("x.yaml", false);

    let values = |text: &str| text.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
    let before = values(&ring.read("x.yaml"));
    ring.ours(&[
        "groups", "add", "-i", "-f", "x.yaml", "--age", &age, "--pgp", &bob,
    ])
    .succeeds();
    assert!(ring.read("x.yaml").contains("shamir_threshold: 2"));
    ring.both_decrypt("x.yaml", false);
    ring.ours(&["groups", "add", "-i", "-f", "x.yaml", "--age", &age])
        .succeeds();
    ring.both_decrypt("x.yaml", true);
    ring.ours(&["groups", "delete", "-i", "-f", "x.yaml", "0"])
        .succeeds();
    assert!(!ring.read("x.yaml").contains(&ann));
    ring.both_decrypt("x.yaml", true);
    // Both programs print the same changes.
    ring.write(
        ".sops.yaml",
        format!("creation_rules: [{{key_groups: [{{pgp: [{ann}]}}, {{age: [{age}]}}]}}]\n"),
    );
    for copy in ["y.yaml", "z.yaml"] {
        ring.write(copy, ring.read("x.yaml"));
    }
    let ours = ring
        .ours_with_age(&["updatekeys", "-y", "z.yaml"])
        .succeeds()
        .stdout;
    let sops = ring
        .sops_with_age(&["updatekeys", "-y", "y.yaml"])
        .succeeds()
        .stdout;
    assert_eq!(ours, sops);
    assert!(
        ours.contains("+++ ") && ours.contains("--- ") && ours.contains("Group 2"),
        "{ours}"
    );
    ring.both_decrypt("z.yaml", true);
    ring.ours_with_age(&["groups", "delete", "-f", "x.yaml", "1"])
        .fails_with(1, "--shamir-secret-sharing-threshold");
    ring.ours_with_age(&[
        "groups",
        "delete",
        "-i",
        // The rule does not name all keys of the other group.
        "--yes",
        "--shamir-secret-sharing-threshold",
        "1",
        "-f",
        "x.yaml",
        "1",
    ])
    .succeeds();
    ring.both_decrypt("x.yaml", false);
    assert_eq!(
        values(&ring.read("x.yaml")),
        before,
        "not one value changed"
    );
    ring.ours(&["updatekeys", "-y", "x.yaml"]).succeeds();
    ring.both_decrypt("x.yaml", true);
}
