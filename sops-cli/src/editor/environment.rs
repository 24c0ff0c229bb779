//! The environment of editors: finds programs on the `PATH`, and names the variable that is not
//! passed on.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Only this program needs the private key.
pub(crate) const SECRET_VARIABLE: &str = "SOPS_AGE_KEY";

/// The program with this name in one of the directories of `PATH`.
pub(crate) fn find_program(name: &OsStr) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&path).map(|directory| directory.join(name));
    programs.find(|program| {
        let metadata = program.metadata();
        metadata
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}
