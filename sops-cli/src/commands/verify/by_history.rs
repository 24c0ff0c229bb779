//! Checks files that no key decrypts against their history: a version with the same MAC must have
//! the same values, even at another path.

use std::path::Path;

use sops_lint::{Finding, Input, Linter, Tree, UNVERIFIED_FILE};

use super::elsewhere::compare_elsewhere;
use super::evidence::{Evidence, Resemblance, Verdict, altered_since};
use super::summary::Summary;
use super::verifier::{ClosedFile, altered};
use crate::git::{FileVersions, HistoryGap, Objects};
use crate::parallel::{self, ItemsPerThread};

/// How many old versions are in memory at once.
const TOGETHER: usize = 128;

/// The help if the history cannot replace a key.
const WITH_KEY: &str = "set SOPS_AGE_KEY to a key that can decrypt the file";

const WITH_HISTORY_OR_KEY: &str = "set SOPS_AGE_KEY to a key that can decrypt the file, or, if the clone is shallow or partial, clone with the full history";

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

/// A file and a version to compare it with, both by index.
struct Comparison {
    file: usize,
    version: usize,
}

impl History<'_> {
    /// The findings about files that no key decrypts.
    pub(super) fn compare(&self, closed: &[ClosedFile], summary: &mut Summary) -> Vec<Finding> {
        if closed.is_empty() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for (file, evidence) in closed.iter().zip(self.evidence(closed)) {
            let input = Input::new(&file.name, &file.path, &file.content).in_tree(self.tree);
            match evidence.verdict {
                Verdict::Altered {
                    alteration,
                    version,
                } => {
                    let message = altered_since(&alteration, &version);
                    findings.push(altered(self.linter, &input, None, &message));
                }
                Verdict::Unknown(reason) => {
                    let is_outside = reason == HistoryGap::NoRepository.reason();
                    let help = match self.requires_key || is_outside {
                        true => WITH_KEY,
                        false => WITH_HISTORY_OR_KEY,
                    };
                    findings.push(self.unverified(&input, reason, help));
                }
                Verdict::Clean if self.requires_key => {
                    let reason = "`--require-key` is set";
                    findings.push(self.unverified(&input, reason, WITH_KEY));
                }
                Verdict::Clean => {
                    summary.by_history += 1;
                    // The first version at the path is the file itself.
                    let own = usize::from(evidence.first_commit.is_some());
                    summary.without_earlier_version += usize::from(evidence.same_mac <= own);
                }
            }
        }
        findings
    }

    fn unverified(&self, input: &Input<'_>, reason: &str, help: &str) -> Finding {
        let message =
            format!("the MAC was not verified: no private key can decrypt the file, and {reason}");
        let rule = &UNVERIFIED_FILE;
        self.linter
            .verification_finding(rule, input, None, &message, Some(help.to_owned()))
    }

    fn evidence(&self, closed: &[ClosedFile]) -> Vec<Evidence> {
        let paths: Vec<Option<&Path>> = closed
            .iter()
            .map(|file| file.path.strip_prefix(self.root).ok())
            .collect();
        let inside: Vec<&Path> = paths.iter().copied().flatten().collect();
        let (versions, gap) = FileVersions::of(&inside, self.tip.as_deref());
        let verdict = |path: &Option<&Path>| match (path, gap) {
            (Some(_), None) => Verdict::Clean,
            (Some(_), Some(gap)) => Verdict::Unknown(gap.reason()),
            (None, _) => Verdict::Unknown(HistoryGap::NoRepository.reason()),
        };
        let evidence = paths.iter().map(|path| Evidence {
            verdict: verdict(path),
            same_mac: 0,
            first_commit: None,
        });
        let mut evidence: Vec<Evidence> = evidence.collect();
        if let Some(objects) = self.objects {
            compare_versions(objects, closed, &paths, &versions, &mut evidence);
            if let Some(tip) = self.tip.as_deref().filter(|_| gap.is_none()) {
                compare_elsewhere(objects, tip, closed, &paths, &mut evidence);
            }
        }
        evidence
    }
}

/// Compares files with the versions at their own paths.
fn compare_versions(
    objects: &Objects,
    closed: &[ClosedFile],
    paths: &[Option<&Path>],
    versions: &FileVersions,
    evidence: &mut [Evidence],
) {
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
        let ids: Vec<&str> = comparisons
            .iter()
            .map(|comparison| &*version(comparison).blob)
            .collect();
        let contents: Vec<_> = comparisons.iter().zip(objects.blobs(&ids)).collect();
        let results = parallel::map(&contents, ItemsPerThread::Many, |(comparison, content)| {
            Some(closed[comparison.file].compare(content.as_deref()?))
        });
        for ((comparison, _), result) in contents.iter().zip(results) {
            let Evidence {
                verdict,
                same_mac,
                first_commit,
            } = &mut evidence[comparison.file];
            let commit = &version(comparison).commit;
            if matches!(result, Some(Resemblance::Same | Resemblance::Altered(_))) {
                *same_mac += 1;
                // The newest versions come first.
                *first_commit = Some(commit.clone());
            }
            match result {
                // The newest version with the same MAC is the one to name.
                _ if matches!(verdict, Verdict::Altered { .. }) => {}
                Some(Resemblance::Altered(alteration)) => {
                    let version = format!("commit {commit}");
                    *verdict = Verdict::Altered {
                        alteration,
                        version,
                    };
                }
                None => *verdict = Verdict::Unknown("an old version cannot be read"),
                Some(_) => {}
            }
        }
    }
}
