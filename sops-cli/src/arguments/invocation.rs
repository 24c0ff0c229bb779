//! How the program was called.

use std::env;
use std::ffi::OsStr;
use std::path::Path;

/// Whether the program was called under the name `sops`, through a link or a copy. It is then `sops` in every way that programs can see.
pub(crate) fn is_sops() -> bool {
    let name = env::args_os().next().unwrap_or_default();
    Path::new(&name).file_name() == Some(OsStr::new("sops"))
}

/// The name under which it registers with shells.
pub(crate) fn name() -> &'static str {
    if is_sops() { "sops" } else { "sops-rs" }
}
