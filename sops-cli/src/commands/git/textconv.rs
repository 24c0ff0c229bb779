//! `sops-rs git textconv`, which Git calls to show a version of a file: it prints the file,
//! decrypted if possible. It always succeeds, because otherwise Git would end the whole `git diff`
//! or `git log -p`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::{env, panic};

use sops_core::reading::{self, FileKind};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, MacCheck, encrypted_format};
use zeroize::Zeroizing;

use crate::git::settings;
use crate::keys::unprompted::ready_keys;

/// The name of the link under which the program is only this command. Git runs a command of one
/// word directly, but a command of several words in a shell, which takes twice as long.
pub(crate) const LINK: &str = "git-sops-textconv";

/// The setting that allows decryption in CI, where the output ends up in a log.
const IN_CI: &str = "sops.textconvInCI";

/// The largest file that is decrypted.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The file
    #[arg(value_name = "FILE", required = true)]
    file: PathBuf,
}

pub(super) fn cmd_textconv(args: &Args) {
    convert(&args.file);
}

/// Runs the command if the program was called under the name of its link. A file name is never read
/// as a flag.
pub(crate) fn run_as_link(program: &Path, arguments: &[OsString]) -> bool {
    let is_called = program.file_name().is_some_and(|name| name == LINK);
    if is_called && let [file] = arguments {
        convert(Path::new(file));
    }
    is_called
}

fn convert(path: &Path) {
    // Git continues, whatever fails.
    let _ = print(path);
}

fn print(path: &Path) -> io::Result<()> {
    let mut file = reading::open(path, FileKind::Any)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size(&file)));
    (&mut file).take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    let mut stdout = io::stdout().lock();
    match decrypted(&bytes) {
        Some(plaintext) => stdout.write_all(&plaintext)?,
        None => {
            stdout.write_all(&bytes)?;
            io::copy(&mut file, &mut stdout)?;
        }
    }
    stdout.flush()
}

/// The capacity for the content, large enough that the buffer never moves.
fn size(file: &File) -> usize {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    usize::try_from(size.min(SIZE_LIMIT)).unwrap_or_default() + 1
}

/// The plaintext, if the bytes are an encrypted file with a matching MAC that a ready key decrypts.
fn decrypted(bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let has_ciphertext = str::from_utf8(bytes).is_ok_and(|text| text.contains(CIPHERTEXT_PREFIX));
    let is_whole = (bytes.len() as u64) < SIZE_LIMIT;
    if !has_ciphertext || !is_whole || is_kept_encrypted() {
        return None;
    }
    // A panic is a defect, but must not end Git's command either.
    panic::set_hook(Box::new(|_| {}));
    panic::catch_unwind(|| {
        let document = EncryptedDocument::parse(bytes, encrypted_format(bytes)?).ok()?;
        let key = document.data_key(&ready_keys()).ok()?;
        let decrypted = document.decrypt(&key, MacCheck::Require).ok()?;
        Some(decrypted.plaintext)
    })
    .ok()
    .flatten()
}

/// Whether this is CI, where no setting allows plaintext in the log.
fn is_kept_encrypted() -> bool {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0");
    is_ci && !settings::is_true(IN_CI)
}
