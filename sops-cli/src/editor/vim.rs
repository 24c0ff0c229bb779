//! Keeps vim from writing the edited text to other files: swap, backup and undo files, and
//! registers in its viminfo or shada file.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::environment::{SECRET_VARIABLE, find_program};

/// Names of programs that are vim, or accept all of its arguments.
const NAMES: [&str; 14] = [
    "vim", "nvim", "gvim", "mvim", "vimx", "rvim", "rgvim", "evim", "vimdiff", "gvimdiff",
    "mvimdiff", "nvimdiff", "gview", "rgview",
];

/// Names of programs that may be vim or another editor that rejects such arguments.
const PERHAPS: [&str; 4] = ["vi", "view", "rview", "ex"];

/// The beginnings of vim's and nvim's `--version` output.
const BANNERS: [&str; 2] = ["VIM - Vi IMproved", "NVIM "];

/// Commands that vim runs once the file is open, after the user's configuration, which may have
/// turned these options on. A minimal vim lacks some of them.
const QUIETLY: &str = "silent! set noswapfile | silent! set nobackup | silent! set nowritebackup | silent! set noundofile | silent! set viminfo=";

/// The arguments that come before all others; empty if the program is not vim.
pub(crate) fn private_arguments(program: &OsStr) -> Vec<OsString> {
    if !is_vim(program) {
        return Vec::new();
    }
    // No swap file from the start, and no viminfo file, which is also read before `-c`.
    ["-n", "-i", "NONE", "-c", QUIETLY].map(Into::into).into()
}

/// Whether a program is vim, under its own name or through links such as `editor` of Debian.
fn is_vim(program: &OsStr) -> bool {
    let path = Path::new(program);
    let target = find(program).and_then(|path| path.canonicalize().ok());
    if has_name_of_vim(path) || target.is_some_and(|target| has_name_of_vim(&target)) {
        return true;
    }
    PERHAPS.contains(&name(path)) && says_that_it_is_vim(program)
}

fn has_name_of_vim(path: &Path) -> bool {
    let name = name(path);
    NAMES.contains(&name) || name.starts_with("vim.") || name.starts_with("nvim.")
}

fn name(path: &Path) -> &str {
    let name = path.file_name().and_then(OsStr::to_str);
    name.unwrap_or_default()
}

/// The file that is run for a program.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(program.into());
    }
    find_program(program)
}

/// Asks the program for its version. Programs other than vim do not know the flag, and exit.
fn says_that_it_is_vim(program: &OsStr) -> bool {
    let output = Command::new(program)
        .arg("--version")
        .env_remove(SECRET_VARIABLE)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        BANNERS.iter().any(|banner| said.starts_with(banner))
    })
}
