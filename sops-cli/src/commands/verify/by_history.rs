//! Checks files that no key decrypts by their history: a version with the same MAC must have the
//! same values.

use std::path::Path;

use sops_core::{Alteration, EncryptedDocument};
use sops_lint::{Finding, Input, Linter, Tree, UNVERIFIED_FILE};

use super::summary::Summary;
use super::verifier::{ClosedFile, altered};
use crate::git::{FileVersions, HistoryGap, Objects};
use crate::parallel::{self, ItemsPerThread};

/// How many old versions are in memory at once.
const TOGETHER: usize = 128;

/// The history that files are compared with.
pub(super) struct History<'h> {
    pub(super) root: &'h Path,
    pub(super) tree: &'h dyn Tree,
    /// The last commit, if there is one.
    pub(super) tip: Option<String>,
    /// `None` if Git cannot be run.
    pub(super) objects: Option<&'h Objects>,
    pub(super) linter: &'h Linter,
    /// Whether a clean history is not enough.
    pub(super) requires_key: bool,
}

/// A version to compare a file with, both by index.
struct Comparison {
    file: usize,
    version: usize,
}

/// What the history of a file says.
enum Verdict {
    Clean,
    /// A value differs from a version with the same MAC.
    Altered {
        alteration: Alteration,
        commit: String,
    },
    Unknown(&'static str),
}

impl History<'_> {
    /// The findings about files that no key decrypts.
    pub(super) fn compare(&self, closed: &[ClosedFile], summary: &mut Summary) -> Vec<Finding> {
        if closed.is_empty() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for (file, verdict) in closed.iter().zip(self.verdicts(closed)) {
            let input = Input::new(&file.name, &file.path, &file.content).in_tree(self.tree);
            match verdict {
                Verdict::Altered { alteration, commit } => {
                    let subject = match alteration {
                        Alteration::Value(path) if path.is_empty() => "a value".to_owned(),
                        Alteration::Value(path) => format!("`{path}`"),
                        Alteration::Metadata(field) => format!("`{field}` in the metadata"),
                        _ => "the file".to_owned(),
                    };
                    let message = format!(
                        "{subject} is not as in commit {commit}, which has the same MAC: the file was changed by hand or merged as text"
                    );
                    findings.push(altered(self.linter, &input, None, &message));
                }
                Verdict::Unknown(reason) => findings.push(self.unverified(&input, reason)),
                Verdict::Clean if self.requires_key => {
                    findings.push(self.unverified(&input, "`--require-key` asks for one"));
                }
                Verdict::Clean => summary.by_history += 1,
            }
        }
        findings
    }

    fn unverified(&self, input: &Input<'_>, reason: &str) -> Finding {
        let message =
            format!("the MAC was not verified: no private key decrypts the file, and {reason}");
        let help =
            "clone with the full history, or set SOPS_AGE_KEY to a key that can decrypt the file";
        let rule = &UNVERIFIED_FILE;
        self.linter
            .verification_finding(rule, input, None, &message, Some(help.to_owned()))
    }

    fn verdicts(&self, closed: &[ClosedFile]) -> Vec<Verdict> {
        let paths: Vec<Option<&Path>> = closed
            .iter()
            .map(|file| file.path.strip_prefix(self.root).ok())
            .collect();
        let inside: Vec<&Path> = paths.iter().copied().flatten().collect();
        let (versions, gap) = FileVersions::of(&inside, self.tip.as_deref());
        let mut verdicts: Vec<Verdict> = paths
            .iter()
            .map(|path| match (path, gap) {
                (Some(_), None) => Verdict::Clean,
                (Some(_), Some(gap)) => Verdict::Unknown(gap.reason()),
                (None, _) => Verdict::Unknown(HistoryGap::NoRepository.reason()),
            })
            .collect();
        let comparisons: Vec<Comparison> = paths
            .iter()
            .enumerate()
            .flat_map(|(file, path)| {
                let count = path.map_or(0, |path| versions.at(path).len());
                (0..count).map(move |version| Comparison { file, version })
            })
            .collect();
        let version = |comparison: &Comparison| {
            let path = paths[comparison.file].unwrap_or(Path::new(""));
            &versions.at(path)[comparison.version]
        };
        for comparisons in comparisons.chunks(TOGETHER) {
            let ids: Vec<&str> = comparisons.iter().map(|one| &*version(one).blob).collect();
            let Some(objects) = self.objects else {
                break;
            };
            let contents: Vec<_> = comparisons.iter().zip(objects.blobs(&ids)).collect();
            let alterations = parallel::map(&contents, ItemsPerThread::Many, |(one, content)| {
                altered_since(&closed[one.file], content.as_deref()?)
            });
            for ((comparison, content), alteration) in contents.iter().zip(alterations) {
                let verdict = &mut verdicts[comparison.file];
                match (alteration, content) {
                    // The newest version with the same MAC is the one to name.
                    _ if matches!(verdict, Verdict::Altered { .. }) => {}
                    (Some(alteration), _) => {
                        *verdict = Verdict::Altered {
                            alteration,
                            commit: version(comparison).commit.clone(),
                        };
                    }
                    (None, None) => *verdict = Verdict::Unknown("an old version cannot be read"),
                    (None, Some(_)) => {}
                }
            }
        }
        verdicts
    }
}

/// How a file differs from an old version with the same MAC.
fn altered_since(file: &ClosedFile, old: &[u8]) -> Option<Alteration> {
    let now = EncryptedDocument::parse(&*file.content, file.format).ok()?;
    // Parsing each version would take longer than all the rest.
    let words = now
        .metadata()
        .mac
        .split(|c: char| !c.is_ascii_alphanumeric());
    let word = words.max_by_key(|word| word.len())?;
    if old == file.content || !str::from_utf8(old).ok()?.contains(word) {
        return None;
    }
    let before = EncryptedDocument::parse(old, file.format).ok()?;
    now.altered_since(&before)
}
