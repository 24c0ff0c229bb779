//! Keeps vim from writing the edited text to other files: swap, backup and undo files, and registers in its viminfo or shada file.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

/// Names of programs that are vim, or accept all of its arguments.
const NAMES: [&str; 5] = ["vim", "nvim", "gvim", "mvim", "vimx"];

/// The beginnings of vim's and nvim's `--version` output.
const BANNERS: [&str; 2] = ["VIM - Vi IMproved", "NVIM "];

/// Once the file is open, and after the user's own configuration, which may have turned some of it on. A small vim lacks some options.
const QUIETLY: &str = "silent! set noswapfile | silent! set nobackup | silent! set nowritebackup | silent! set noundofile | silent! set viminfo=";

/// The arguments that go before all others; none if the program is not vim.
pub(crate) fn private_arguments(program: &OsStr) -> Vec<OsString> {
    if !is_vim(program) {
        return Vec::new();
    }
    // No swap file from the start, and no viminfo file, which is also read before `-c`.
    ["-n", "-i", "NONE", "-c", QUIETLY].map(Into::into).into()
}

/// Whether a program is vim. `vi` may be, and may be one of several others, which refuse such arguments.
fn is_vim(program: &OsStr) -> bool {
    let name = Path::new(program).file_name().and_then(OsStr::to_str);
    match name.unwrap_or_default() {
        "vi" => says_that_it_is_vim(program),
        name => NAMES.contains(&name) || name.starts_with("vim."),
    }
}

/// Asks the program. Programs other than vim do not know the flag, and exit.
fn says_that_it_is_vim(program: &OsStr) -> bool {
    let output = Command::new(program)
        .arg("--version")
        .env_remove(crate::editor::SECRET_VARIABLE)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        BANNERS.iter().any(|banner| said.starts_with(banner))
    })
}
