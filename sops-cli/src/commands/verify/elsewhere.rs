//! Compares files that no key decrypts with files at other paths: a file that was renamed or copied
//! has the MAC of the original.

use std::collections::HashMap;
use std::path::Path;

use sops_core::format_of_encrypted;

use super::evidence::{Evidence, Resemblance, Verdict, words};
use super::verifier::ClosedFile;
use crate::command_error::name_of;
use crate::git::{Objects, TrackedFile, files_elsewhere, first_commit_of, is_ancestor};

/// How many files are in memory at once.
const TOGETHER: usize = 128;

/// How often Git is asked which of two files is the older one. Git then searches the history.
const MOST_QUESTIONS: usize = 16;

/// Compares files with the deleted files of the history and with the files of its last commit.
pub(super) fn compare_elsewhere(
    objects: &Objects,
    tip: &str,
    closed: &[ClosedFile],
    paths: &[Option<&Path>],
    evidence: &mut [Evidence],
) {
    let mut by_word: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, file) in closed.iter().enumerate() {
        if let Some(word) = file.word_of_mac() {
            by_word.entry(word).or_default().push(index);
        }
    }
    // A file keeps its format, since SOPS reads it from the name.
    let has_format = |path: &Path| {
        let format = format_of_encrypted(path, b"");
        closed.iter().any(|file| file.format == format)
    };
    let Some(others) = files_elsewhere(tip, has_format) else {
        return;
    };
    let mut questions = MOST_QUESTIONS;
    for others in others.chunks(TOGETHER) {
        let ids: Vec<&str> = others.iter().map(|other| &*other.blob).collect();
        for (other, content) in others.iter().zip(objects.blobs(&ids)) {
            let Some(content) = content else { continue };
            let text = str::from_utf8(&content).unwrap_or_default();
            let mut candidates: Vec<usize> = words(text)
                .filter_map(|word| by_word.get(word))
                .flatten()
                .copied()
                .collect();
            candidates.sort_unstable();
            candidates.dedup();
            for index in candidates {
                if paths[index] != Some(&*other.path) {
                    let resemblance = closed[index].compare(&content);
                    evidence[index].add(resemblance, other, tip, &mut questions);
                }
            }
        }
    }
}

impl Evidence {
    /// Adds what a file at another path says.
    fn add(
        &mut self,
        resemblance: Resemblance,
        other: &TrackedFile,
        tip: &str,
        questions: &mut usize,
    ) {
        match resemblance {
            Resemblance::OtherMac => {}
            Resemblance::Same => self.same_mac += 1,
            Resemblance::Altered(_) if matches!(self.verdict, Verdict::Altered { .. }) => {}
            Resemblance::Altered(alteration) => {
                let commit = match questions.checked_sub(1) {
                    Some(left) => {
                        *questions = left;
                        first_commit_of(&other.blob, tip)
                    }
                    None => None,
                };
                if self.is_original(commit.as_deref()) {
                    return;
                }
                let path = name_of(&other.path);
                self.verdict = Verdict::Altered {
                    alteration,
                    version: match commit {
                        Some(commit) => format!("{path} of commit {commit}"),
                        None => path,
                    },
                };
            }
        }
    }

    /// Whether the file existed before the commit that added the other one, so that the other one
    /// is the altered copy.
    fn is_original(&self, commit_of_other: Option<&str>) -> bool {
        let commits = self.first_commit.as_deref().zip(commit_of_other);
        commits.is_some_and(|(own, other)| own != other && is_ancestor(own, other))
    }
}
