//! Files with credentials in lines, recognized by their names: dotenv files, and files from which
//! clients read passwords.

use std::path::Path;

use crate::secret_detection::{FoundSecret, in_text};

/// Files from which clients read passwords.
const CLIENTS: [&str; 6] = [
    ".netrc",
    "_netrc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
];

/// Endings of names that begin with `.env.` but are programs or encrypted files.
const OTHERS: [&str; 10] = [
    "js", "ts", "mjs", "php", "rb", "py", "go", "enc", "age", "gpg",
];

/// The secrets in a file that its name identifies, in the order of the text.
pub(super) fn secrets(path: &Path, text: &str) -> Vec<FoundSecret> {
    let name = path.file_name().and_then(|name| name.to_str());
    match is_named(path) {
        true => in_text(name.unwrap_or_default(), text),
        false => Vec::new(),
    }
}

/// Whether files with this name are linted on their own.
pub(super) fn is_named(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| is_dotenv(name) || CLIENTS.contains(&name))
}

/// Whether the name is that of a dotenv file, such as `.env`, `prod.env` or `.env.production`.
fn is_dotenv(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    name.ends_with(".env")
        || name == ".envrc"
        || name.starts_with(".env.") && !OTHERS.contains(&ending)
}
