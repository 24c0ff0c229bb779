//! Matches a rule's expression against paths.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use sops_go_compat::Regexp;

use crate::error::{Error, Result};

/// Compiles the expression on its second use: most programs look up one path, and compiling would
/// cost more than it saves.
#[derive(Debug, Default)]
pub(super) struct PathSearch {
    is_used: AtomicBool,
    compiled: OnceLock<Regexp>,
}

impl PathSearch {
    /// Whether `pattern`, which must be the same each time, matches anywhere in the path.
    ///
    /// # Errors
    /// The errors of [`Regexp::new`].
    pub(super) fn is_match(&self, pattern: &str, path: &str) -> Result<bool> {
        if let Some(regex) = self.compiled.get() {
            return Ok(regex.is_match(path));
        }
        if !self.is_used.swap(true, Ordering::Relaxed) {
            return Regexp::matches_once(pattern, path).map_err(Error::regex);
        }
        let regex = Regexp::new(pattern).map_err(Error::regex)?;
        Ok(self.compiled.get_or_init(|| regex).is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_the_same_result() {
        let search = PathSearch::default();
        for _ in 0..3 {
            for (path, expected) in [("secrets/a.yaml", true), ("apps/a.yaml", false)] {
                let found = search
                    .is_match("^secrets/", path)
                    .expect("the text is valid");
                assert_eq!(found, expected, "{path}");
            }
        }
        assert!(search.compiled.get().is_some());
    }
}
