//! The key service for PGP, which runs `gpg`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use zeroize::Zeroizing;

use sops_printable::system_reason;

use crate::decrypted_secret::DecryptedSecret;
use crate::encrypted_secret::{MAX_BYTES, TOO_LONG};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::family::Family;
use crate::master_key::MasterKey;
use crate::service::{Effort, KeyService};
use crate::spelling::{is_fingerprint, long_id};
use crate::work_budget::WorkBudget;

use super::status::{self, Closed, Status};

/// The environment variable that names the program to run instead of `gpg`.
const PROGRAM: &str = "SOPS_GPG_EXEC";

/// The maximum number of bytes that are read from `gpg`, far more than a data key needs. A message
/// may contain anything.
const OUTPUT_LIMIT: u64 = 1 << 16;

/// The key service for PGP. It runs `gpg` in the given environment, which contains the location of
/// the keys (`GNUPGHOME`) and the terminal for passphrase prompts (`GPG_TTY`).
///
/// ```no_run
/// use sops_keys::{Environment, Family, Gpg, KeyService, MasterKey};
///
/// let gpg = Gpg::from_environment(Environment::new([("PATH", "/usr/bin"), ("GNUPGHOME", "/home/ann/.gnupg")]));
/// let key = MasterKey::from_list(Family::Pgp, "85D77543B3D624B63CEA9E6DBC17301B491B3F21")?.remove(0);
/// let message = gpg.encrypt(&key, b"a data key")?;
/// assert!(message.starts_with("-----BEGIN PGP MESSAGE-----"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gpg {
    program: OsString,
    environment: Environment,
    /// The messages for which `gpg` needs a passphrase prompt.
    asking: Mutex<HashSet<String>>,
    /// The fingerprints of the private keys and subkeys, listed once.
    private_keys: OnceLock<Vec<String>>,
}

impl Gpg {
    /// Uses the program that `SOPS_GPG_EXEC` names, or `gpg`. Does not run it yet.
    #[must_use]
    pub fn from_environment(environment: Environment) -> Self {
        let program = environment.var(PROGRAM);
        Self {
            program: program.unwrap_or_else(|| "gpg".into()),
            environment,
            asking: Mutex::default(),
            private_keys: OnceLock::new(),
        }
    }

    /// Whether `gpg` has the private key with this fingerprint, possibly on a smart card. Never
    /// prompts the user.
    #[must_use]
    pub fn has_private_key(&self, fingerprint: &str) -> bool {
        let listed = self.run(
            &["--with-colons", "--list-secret-keys", "--", fingerprint],
            b"",
        );
        is_fingerprint(fingerprint) && listed.is_ok_and(|run| run.is_success)
    }

    /// Like [`Self::has_private_key`], but lists all private keys once and looks the key up in the
    /// list.
    fn lists(&self, fingerprint: &str) -> bool {
        let keys = self.private_keys.get_or_init(|| {
            let listed = self.run(&["--with-colons", "--list-secret-keys"], b"");
            let output = listed.map(|run| run.output).unwrap_or_default();
            status::fingerprints(&String::from_utf8_lossy(&output))
        });
        let digits = fingerprint.trim_end_matches('!').trim_start_matches("0x");
        is_fingerprint(fingerprint)
            && keys
                .iter()
                .any(|key| key.ends_with(&digits.to_ascii_uppercase()))
    }

    /// Runs `gpg` with these arguments and writes `input` to its standard input.
    fn run(&self, arguments: &[&str], input: &[u8]) -> std::result::Result<GpgRun, String> {
        self.pipe(arguments, input)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound if Path::new(&self.program) == Path::new("gpg") => {
                    "`gpg` is not on the PATH; install GnuPG, or set SOPS_GPG_EXEC to the program"
                        .to_owned()
                }
                // Only the variable names another program.
                _ => format!(
                    "{PROGRAM}: `{}` cannot be run: {}",
                    Path::new(&self.program).display(),
                    system_reason(&error)
                ),
            })
    }

    fn pipe(&self, arguments: &[&str], input: &[u8]) -> io::Result<GpgRun> {
        let mut child = self
            .environment
            .command(&self.program)
            // Unlike messages, status lines do not depend on the language.
            .args(["--batch", "--no-tty", "--status-fd", "2"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let (output, words) = thread::scope(|scope| {
            let writer = scope.spawn(move || stdin.write_all(input));
            let words = scope.spawn(move || read(stderr));
            let output = read(stdout);
            // A program that rejects its arguments may not read all of its input.
            let _ = writer.join().unwrap_or_else(|panic| resume_unwind(panic));
            let words = words.join().unwrap_or_else(|panic| resume_unwind(panic));
            (output, words)
        });
        let status = child.wait()?;
        Ok(GpgRun {
            is_success: status.success(),
            output,
            status: Status::read(&String::from_utf8_lossy(&words)),
        })
    }

    /// Why a key can't encrypt, for cases in which `gpg` only says that it is unusable.
    fn why_unusable(&self, fingerprint: &str) -> &'static str {
        let listed = self.run(&["--with-colons", "--list-keys", "--", fingerprint], b"");
        let listed = listed.map(|run| String::from_utf8_lossy(&run.output).into_owned());
        status::validity(&listed.unwrap_or_default())
    }

    fn asking(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of running `gpg`.
struct GpgRun {
    is_success: bool,
    output: Zeroizing<Vec<u8>>,
    status: Status,
}

impl KeyService for Gpg {
    fn serves(&self, family: Family) -> bool {
        family == Family::Pgp
    }

    /// Passes the same arguments as `sops`. The key is trusted because its fingerprint was given
    /// explicitly.
    fn encrypt(&self, key: &MasterKey, secret: &[u8]) -> Result<String> {
        let MasterKey::Pgp { fingerprint } = key else {
            return Err(Error::no_key_service(key));
        };
        key.check()?;
        let refused = |message: String| Error::MasterKey {
            key: key.to_string(),
            message,
        };
        let run = self.run(
            &[
                "--no-default-recipient",
                "--yes",
                "--encrypt",
                "--armor",
                "--recipient",
                fingerprint,
                "--trusted-key",
                long_id(fingerprint),
                "--no-encrypt-to",
            ],
            secret,
        );
        let run = run.map_err(refused)?;
        if !run.is_success {
            return Err(refused(match run.status.refused_recipient() {
                Some(0) => self.why_unusable(fingerprint).to_owned(),
                Some(reason) => status::refusal(reason).to_owned(),
                None => run.status.failure(),
            }));
        }
        match str::from_utf8(run.output.trim_ascii()) {
            Ok(message) if !message.is_empty() => Ok(message.to_owned()),
            _ => Err(refused(
                "`gpg` succeeded, but printed no encrypted data key".to_owned(),
            )),
        }
    }

    /// With [`Effort::Run`], `gpg` uses only passphrases that its agent has cached; with
    /// [`Effort::Ask`], it may prompt.
    fn decrypt(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let decrypted = self.decrypt_and_name_key(key, enc, effort)?;
        Ok(decrypted.map(|decrypted| decrypted.secret))
    }

    fn decrypt_within(
        &self,
        budget: &WorkBudget,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        if effort == Effort::Run
            && let MasterKey::Pgp { fingerprint } = key
            && !budget.take_gpg(fingerprint, || self.lists(fingerprint))
        {
            return Ok(None);
        }
        self.decrypt(key, enc, effort)
    }
}

impl Gpg {
    /// Like [`decrypt`](KeyService::decrypt), but also returns the key that decrypted. `gpg` tries
    /// every key that the message is for, whatever `key` is.
    ///
    /// # Errors
    /// [`Error::MasterKey`] with the reason why the message can't be decrypted.
    pub fn decrypt_and_name_key(
        &self,
        key: &MasterKey,
        enc: &str,
        effort: Effort,
    ) -> Result<Option<DecryptedSecret>> {
        let arguments: &[&str] = match effort {
            Effort::Ready => return Ok(None),
            Effort::Run => &["--pinentry-mode", "cancel", "--decrypt"],
            Effort::Ask if self.asking().contains(enc) => &["--decrypt"],
            Effort::Ask => return Ok(None),
        };
        let refused = |message: String| Error::MasterKey {
            key: key.to_string(),
            message,
        };
        if enc.len() > MAX_BYTES {
            return Err(refused(format!("its message {TOO_LONG}")));
        }
        let run = self.run(arguments, enc.as_bytes()).map_err(refused)?;
        if run.is_success {
            // Old versions of `gpg` skip packets they do not understand, and succeed.
            return match run.output.is_empty() {
                true => Err(refused(
                    "`gpg` succeeded, but printed no data key".to_owned(),
                )),
                false => Ok(Some(DecryptedSecret {
                    key_names: run.status.decryption_key(),
                    secret: run.output,
                })),
            };
        }
        match run.status.closed() {
            Closed::NeedsUser if effort == Effort::Run => {
                self.asking().insert(enc.to_owned());
                Ok(None)
            }
            Closed::NeedsUser => Err(refused(
                "its passphrase was not entered, or the agent cannot ask for it; in a terminal, run `export GPG_TTY=$(tty)`".to_owned(),
            )),
            Closed::Because(message) => Err(refused(message)),
        }
    }
}

/// Reads a pipe to its end or to the limit.
fn read(pipe: impl Read) -> Zeroizing<Vec<u8>> {
    // The capacity avoids reallocations, which would leave copies of the secret in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 14));
    // After a read error, the bytes read so far are judged by their content.
    let _ = pipe.take(OUTPUT_LIMIT).read_to_end(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(fingerprint: &str) -> MasterKey {
        MasterKey::Pgp {
            fingerprint: fingerprint.to_owned(),
        }
    }

    const FINGERPRINT: &str = "85D77543B3D624B63CEA9E6DBC17301B491B3F21";

    #[test]
    fn a_missing_program_is_named() {
        for (variables, words) in [
            (vec![("PATH", "/nowhere")], "install GnuPG"),
            (
                vec![("PATH", "/nowhere"), (PROGRAM, "/nowhere/gpg2")],
                "SOPS_GPG_EXEC: `/nowhere/gpg2` cannot be run: No such file or directory\n",
            ),
        ] {
            let gpg = Gpg::from_environment(Environment::new(variables));
            let error = gpg.encrypt(&key(FINGERPRINT), b"x").unwrap_err();
            assert!(format!("{error}\n").contains(words), "{error}");
            let error = gpg
                .decrypt(&key(FINGERPRINT), "x", Effort::Run)
                .unwrap_err();
            assert!(format!("{error}\n").contains(words), "{error}");
        }
    }

    #[test]
    fn an_invalid_fingerprint_never_reaches_the_program() {
        let gpg = Gpg::from_environment(Environment::new([(PROGRAM, "/nowhere")]));
        for text in ["", "--version", "ann@example.com", "85D77543"] {
            let error = gpg.encrypt(&key(text), b"x").unwrap_err().to_string();
            assert!(error.contains("not a fingerprint"), "{error}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn endless_output_is_cut_off() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("gpg");
        std::fs::write(&program, "#!/bin/sh\nexec cat /dev/zero\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = std::env::var("PATH").unwrap();
        let variables = [
            ("PATH", path.as_str()),
            (PROGRAM, program.to_str().unwrap()),
        ];
        let gpg = Gpg::from_environment(Environment::new(variables));
        let decrypted = gpg.decrypt(&key(FINGERPRINT), "x", Effort::Run);
        assert!(!matches!(decrypted, Ok(Some(_))));
    }

    #[test]
    #[cfg(unix)]
    fn hostile_entries_start_a_limited_number_of_programs() {
        use std::os::unix::fs::PermissionsExt;
        use std::time::SystemTime;

        use crate::{DataKey, KeyGroup, WrappedKey, recover_data_key};
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("gpg");
        let script = format!(
            "#!/bin/sh\necho run >> '{}'\ncase \"$*\" in *--list-secret-keys*) echo fpr:::::::::{FINGERPRINT}: ;; *)\n\
             grep -q right || exit 2\nprintf %032d 0 ;; esac\n",
            directory.path().join("log").display()
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = std::env::var("PATH").unwrap();
        let variables = [
            ("PATH", path.as_str()),
            (PROGRAM, program.to_str().unwrap()),
        ];
        let gpg = Gpg::from_environment(Environment::new(variables));
        let entry = |fingerprint: &str, enc: &str| {
            WrappedKey::new(key(fingerprint), enc.to_owned(), SystemTime::now())
        };
        let hostile = (0..300).map(|index| entry(&format!("{index:040X}"), "wrong"));
        let mut keys: Vec<_> = hostile.collect();
        keys.push(entry(FINGERPRINT, "right"));
        keys.extend((0..300).map(|_| entry(FINGERPRINT, "wrong")));
        let opened = recover_data_key(&[KeyGroup { keys }], None, &gpg).unwrap();
        assert_eq!(opened.as_bytes(), &[b'0'; DataKey::BYTES]);
        let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
        assert_eq!(log.lines().count(), 102);
    }
}
