//! `sops-rs git textconv`, which Git calls to show a version of a file: it prints the file,
//! decrypted if possible. It always succeeds, because otherwise Git would end the whole `git diff`
//! or `git log -p`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, panic, process, thread};

use sops_core::reading::{self, FileKind};
use sops_core::{CIPHERTEXT_PREFIX, EncryptedDocument, MacCheck, encrypted_format};
use zeroize::Zeroizing;

use crate::files::commands_above;
use crate::git::settings;
use crate::keys::unprompted::ready_keys;

/// The name of the link under which the program is only this command. Git runs a command of one
/// word directly, but a command of several words in a shell, which takes twice as long.
pub(crate) const LINK: &str = "git-sops-textconv";

/// The setting that allows decryption in CI, where the output ends up in a log.
pub(super) const IN_CI: &str = "sops.textconvInCI";

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
    print_unchanged_on_panic(path);
    // Git continues, whatever fails.
    let _ = print(path);
}

fn print(path: &Path) -> io::Result<()> {
    let mut file = reading::open(path, FileKind::Any)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size(&file)));
    (&mut file).take(SIZE_LIMIT).read_to_end(&mut bytes)?;
    let plaintext = decrypted(&bytes);
    // Later, because a panic in any thread prints too.
    let mut stdout = io::stdout().lock();
    match plaintext {
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
    if !has_ciphertext || !is_whole || is_ci_without_consent() || is_for_commit() {
        return None;
    }
    let document = EncryptedDocument::parse(bytes, encrypted_format(bytes)?).ok()?;
    let key = document.data_key(&ready_keys()).ok()?;
    let decrypted = document.decrypt(&key, MacCheck::Require).ok()?;
    Some(decrypted.plaintext)
}

/// Makes a panic print the file as it is. A panic is a defect, but must not end Git's command, and
/// nothing is printed before the file is decrypted.
fn print_unchanged_on_panic(path: &Path) {
    let path = path.to_owned();
    let is_printed = AtomicBool::new(false);
    panic::set_hook(Box::new(move |_| {
        if is_printed.swap(true, Ordering::SeqCst) {
            // Another thread prints, and then ends the process. Returning would end it now.
            loop {
                thread::park();
            }
        }
        // Git continues, whatever fails.
        let _ = reading::open(&path, FileKind::Any)
            .and_then(|mut file| io::copy(&mut file, &mut io::stdout()));
        process::exit(0);
    }));
}

/// Whether this is CI, where no setting allows plaintext in the log.
pub(super) fn is_ci_without_consent() -> bool {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0");
    is_ci && !settings::is_true(IN_CI)
}

/// Whether `git commit` shows the file: with `--verbose`, it writes the differences to a file in
/// `.git`, below the message.
fn is_for_commit() -> bool {
    // Git, or the shell that it starts for a command of several words.
    commands_above()
        .take(2)
        .find_map(|words| git_command(&words).map(OsStr::to_owned))
        .is_some_and(|command| WRITING.iter().any(|writing| command == *writing))
}

/// The commands of Git that write differences to a file.
const WRITING: [&str; 1] = ["commit"];

/// The command in a command line of Git; `None` if that is another program.
fn git_command(words: &[OsString]) -> Option<&OsStr> {
    const WITH_VALUE: [&str; 8] = [
        "-C",
        "-c",
        "--attr-source",
        "--config-env",
        "--git-dir",
        "--namespace",
        "--super-prefix",
        "--work-tree",
    ];
    let (program, mut words) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    if let Some(command) = name.strip_prefix("git-") {
        return Some(OsStr::new(command));
    }
    if name != "git" {
        return None;
    }
    while let [word, rest @ ..] = words {
        let is_option = word.as_encoded_bytes().starts_with(b"-");
        if !is_option {
            return Some(word);
        }
        let has_value = WITH_VALUE.iter().any(|option| word == option);
        words = match has_value {
            true => rest.get(1..)?,
            false => rest,
        };
    }
    Some(OsStr::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_git_comes_after_its_own_options() {
        for (line, command) in [
            ("git commit -v", Some("commit")),
            ("/usr/lib/git-core/git-commit -v", Some("commit")),
            ("git -c commit.verbose=true -C .. commit", Some("commit")),
            ("git --git-dir .git --no-pager commit", Some("commit")),
            ("git --git-dir=commit log", Some("log")),
            ("git -C commit diff commit", Some("diff")),
            ("git -c", None),
            ("git", Some("")),
            ("sh -c commit", None),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(git_command(&words), command.map(OsStr::new), "{line}");
        }
    }
}
