//! Chooses the patterns that cover the encrypted files of a repository. A pattern from a creation
//! rule also covers future files, so it is preferred, but only if it covers no plaintext files,
//! which Git merges better itself.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::block::Attributes;
use super::{line, path_regex};
use crate::repository_files::RepositoryFiles;

/// The patterns to add to the existing ones. The `overridden` files are named even if an existing
/// line covers them, because a later line overrides that one.
pub(crate) fn chosen(
    files: &RepositoryFiles,
    attributes: &Attributes,
    overridden: &[PathBuf],
) -> Vec<Vec<u8>> {
    let of_others = matcher(attributes.covering());
    let is_covered =
        |path: &PathBuf| of_others.matched(path, false).is_ignore() && !overridden.contains(path);
    let mut of_rules: Vec<String> = Vec::new();
    for (directory, expression) in &files.path_regexes {
        for pattern in path_regex::patterns(expression, directory) {
            let own = matcher([&*pattern]);
            let covers = |path: &Path| own.matched(path, false).is_ignore();
            let is_of_others = attributes.covering().any(|other| other == pattern);
            let is_safe = !files.plaintext.iter().any(|path| covers(path));
            if is_safe && !is_of_others && !of_rules.contains(&pattern) {
                of_rules.push(pattern);
            }
        }
    }
    let by_rules = matcher(of_rules.iter().map(String::as_str));
    let is_named =
        |path: &&PathBuf| !is_covered(path) && !by_rules.matched(path, false).is_ignore();
    let named = files.encrypted.iter().filter(is_named);
    let named = named.map(|path| line::of_path(path.as_os_str().as_bytes()));
    let of_rules = of_rules.iter().map(|pattern| pattern.clone().into_bytes());
    of_rules.chain(named).collect()
}

/// A matcher with the rules of `.gitattributes`: like `.gitignore`, except that a pattern for a
/// directory does not match the files in it.
fn matcher<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        // Git ignores an invalid pattern too.
        let _ = builder.add_line(None, pattern);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
