//! Names of files and errors of the operating system, as messages show them.

use std::io;
use std::path::Path;

use sops_printable::{escaped, system_reason};

/// The name of standard input in messages.
pub(crate) const STANDARD_INPUT: &str = "standard input";

/// How many files a message names.
const MOST_NAMED: usize = 10;

/// The operating system's error text, without the error number.
pub(crate) fn reason(error: &io::Error) -> String {
    system_reason(error)
}

/// The name of a file for messages, escaped so that no character can change what a terminal shows.
pub(crate) fn name_of(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}

/// The names of some files, for a message.
pub(crate) fn files_named(files: &[String]) -> String {
    let named = files[..files.len().min(MOST_NAMED)].join(", ");
    match files.len().saturating_sub(MOST_NAMED) {
        0 => named,
        1 => format!("{named} and 1 more file"),
        more => format!("{named} and {more} more files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_some_of_many_files() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(files_named(&names[..2]), "0, 1");
        assert!(files_named(&names[..11]).ends_with("9 and 1 more file"));
        assert!(files_named(&names).ends_with("9 and 2 more files"));
    }
}
