//! Compares files that no key decrypts with files at other paths: a file that was renamed or copied
//! has the MAC of the original.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use sops_core::format_of_encrypted;

use super::evidence::{Evidence, Resemblance, Verdict, words};
use super::verifier::ClosedFile;
use crate::command_error::name_of;
use crate::git::{
    FileVersions, Objects, TrackedFile, files_elsewhere, first_commit_of, is_ancestor,
};

/// How many files are in memory at once.
const TOGETHER: usize = 128;

/// The most paths whose earlier versions are compared too.
const MOST_RELATIVES: usize = 100;

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
    let mut comparison = Comparison {
        objects,
        tip,
        closed,
        paths,
        evidence,
        questions: MOST_QUESTIONS,
        relatives: BTreeSet::new(),
    };
    comparison.compare(&others, &by_word);
    // A file may have been altered before it got another name.
    let relatives = std::mem::take(&mut comparison.relatives);
    let names: Vec<&Path> = relatives.iter().map(PathBuf::as_path).collect();
    if names.is_empty() {
        return;
    }
    let (versions, _) = FileVersions::of(&names, Some(tip));
    let earlier = names.iter().flat_map(|path| {
        versions.at(path).iter().map(|version| TrackedFile {
            path: path.to_path_buf(),
            blob: version.blob.clone(),
        })
    });
    let known: HashSet<&str> = others.iter().map(|other| &*other.blob).collect();
    let earlier: Vec<_> = earlier
        .filter(|file| !known.contains(&*file.blob))
        .collect();
    comparison.compare(&earlier, &by_word);
}

struct Comparison<'c> {
    objects: &'c Objects,
    tip: &'c str,
    closed: &'c [ClosedFile],
    paths: &'c [Option<&'c Path>],
    evidence: &'c mut [Evidence],
    questions: usize,
    /// The paths of files that have the MAC of another one.
    relatives: BTreeSet<PathBuf>,
}

impl Comparison<'_> {
    /// Compares the files that contain a word of their MAC with others.
    fn compare(&mut self, others: &[TrackedFile], by_word: &HashMap<String, Vec<usize>>) {
        for others in others.chunks(TOGETHER) {
            let ids: Vec<&str> = others.iter().map(|other| &*other.blob).collect();
            for (other, content) in others.iter().zip(self.objects.blobs(&ids)) {
                let Some(content) = content else { continue };
                let text = str::from_utf8(&content).unwrap_or_default();
                let mut candidates: Vec<usize> = words(text)
                    .filter_map(|word| by_word.get(word))
                    .flatten()
                    .copied()
                    .collect();
                candidates.sort_unstable();
                candidates.dedup();
                candidates.retain(|index| self.paths[*index] != Some(&*other.path));
                for index in candidates {
                    let resemblance = self.closed[index].compare(&content);
                    let has_same_mac = !matches!(resemblance, Resemblance::OtherMac);
                    if has_same_mac && self.relatives.len() < MOST_RELATIVES {
                        self.relatives.insert(other.path.clone());
                    }
                    let questions = &mut self.questions;
                    self.evidence[index].add(resemblance, other, self.tip, questions);
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
