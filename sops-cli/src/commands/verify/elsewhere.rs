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

/// The maximum number of paths whose earlier versions are compared too.
const MOST_RELATIVES: usize = 100;

/// How many bytes of different files with the same MAC are compared, which takes a few seconds.
/// Every file could be a copy of every other one.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// How many times Git is asked which of two files is older. For each answer, Git searches the
/// history.
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
    let Some(old_files) = files_elsewhere(tip, has_format) else {
        return;
    };
    let mut comparison = Comparison {
        objects,
        tip,
        closed,
        paths,
        evidence,
        questions: MOST_QUESTIONS,
        bytes: MOST_BYTES,
        relatives: BTreeSet::new(),
    };
    comparison.compare(&old_files, &by_word);
    // A file may have been altered before it was renamed.
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
    let known: HashSet<&str> = old_files.iter().map(|old_file| &*old_file.blob).collect();
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
    bytes: usize,
    /// The paths of files that have the same MAC as another file.
    relatives: BTreeSet<PathBuf>,
}

impl Comparison<'_> {
    /// Compares a file with old content, unless too much was already compared.
    fn resemblance(&mut self, index: usize, old: &[u8]) -> Option<Resemblance> {
        let file = &self.closed[index];
        if file.content != old {
            let size = file.content.len() + old.len();
            self.bytes = self.bytes.checked_sub(size)?;
        }
        Some(file.compare(old))
    }

    /// Compares old files with the files that no key decrypts, if a word of the MAC occurs in both.
    fn compare(&mut self, old_files: &[TrackedFile], by_word: &HashMap<String, Vec<usize>>) {
        for old_files in old_files.chunks(TOGETHER) {
            let ids: Vec<&str> = old_files.iter().map(|old_file| &*old_file.blob).collect();
            for (old_file, content) in old_files.iter().zip(self.objects.blobs(&ids)) {
                let Some(content) = content else { continue };
                let text = str::from_utf8(&content).unwrap_or_default();
                let mut indexes: Vec<usize> = words(text)
                    .filter_map(|word| by_word.get(word))
                    .flatten()
                    .copied()
                    .collect();
                indexes.sort_unstable();
                indexes.dedup();
                indexes.retain(|index| self.paths[*index] != Some(&*old_file.path));
                for index in indexes {
                    let Some(resemblance) = self.resemblance(index, &content) else {
                        self.evidence[index].give_up();
                        continue;
                    };
                    let has_same_mac = !matches!(resemblance, Resemblance::OtherMac);
                    if has_same_mac && self.relatives.len() < MOST_RELATIVES {
                        self.relatives.insert(old_file.path.clone());
                    }
                    let questions = &mut self.questions;
                    self.evidence[index].add(resemblance, old_file, self.tip, questions);
                }
            }
        }
    }
}

impl Evidence {
    fn give_up(&mut self) {
        if matches!(self.verdict, Verdict::Clean) {
            self.verdict = Verdict::Unknown("too many files have the same MAC");
        }
    }

    /// Adds the evidence of a file at another path.
    fn add(
        &mut self,
        resemblance: Resemblance,
        old_file: &TrackedFile,
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
                        first_commit_of(&old_file.blob, tip)
                    }
                    None => None,
                };
                if self.is_original(commit.as_deref()) {
                    return;
                }
                let path = name_of(&old_file.path);
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

    /// Whether this file existed before the commit that added the old file, which is then the
    /// altered copy.
    fn is_original(&self, commit_of_old_file: Option<&str>) -> bool {
        let commits = self.first_commit.as_deref().zip(commit_of_old_file);
        commits.is_some_and(|(own, old)| own != old && is_ancestor(own, old))
    }
}
