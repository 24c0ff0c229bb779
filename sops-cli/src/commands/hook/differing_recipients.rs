//! What to do about files whose recipients differ from their creation rule, if a merge or an earlier
//! commit is the reason. `updatekeys` alone would undo what a teammate did on purpose.

use std::path::Path;

use sops_core::keys::MasterKey;
use sops_core::{EncryptedDocument, format_of_encrypted};
use sops_lint::{Finding, Fix};

use crate::git::Objects;
use crate::input::read_repository_file;
use crate::merging::{ChangedRecipient, RecipientChange, StoredConfiguration};

/// Adds the reasons to the help of the findings, and returns whether there were any. `called_in` is
/// the directory in which Git was called, relative to the root of the repository.
pub(super) fn explain(findings: &mut [Finding], called_in: &Path) -> bool {
    let differing = findings.iter_mut();
    let mut is_explained = false;
    for finding in differing.filter(|finding| finding.fix == Some(Fix::UpdateKeys)) {
        let Some(difference) = Difference::of(finding, called_in) else {
            continue;
        };
        let Some(command) = finding.help.take() else {
            continue;
        };
        let steps = difference.steps(Path::new(&finding.place), &command);
        is_explained |= !steps.is_empty();
        finding.help = Some(match steps.is_empty() {
            true => command,
            false => steps.join("\n"),
        });
    }
    is_explained
}

/// The recipients that only a file has, and those that only its creation rule names.
struct Difference {
    unnamed: Vec<MasterKey>,
    missing: Vec<MasterKey>,
}

impl Difference {
    /// The difference in the file of a finding, in the index or in a commit.
    fn of(finding: &Finding, called_in: &Path) -> Option<Self> {
        let path = Path::new(&finding.place);
        // The file of a finding in a commit is `COMMIT:PATH`.
        let commit = finding.file.split_once(':').map(|(commit, _)| commit);
        let stored = commit.and_then(|commit| {
            let content = Objects::open()
                .ok()?
                .blob(&format!("{commit}:{}", finding.place))?;
            Some((content, StoredConfiguration::in_commit(commit, path)))
        });
        let (content, configuration) = match stored {
            Some(stored) => stored,
            None => {
                let content = read_repository_file(&called_in.join(&finding.file)).ok()?;
                (content, StoredConfiguration::in_index(path))
            }
        };
        let format = format_of_encrypted(path, &content);
        let document = EncryptedDocument::parse(&*content, format).ok()?;
        let has = document.metadata().master_keys().concat();
        let named = configuration.keys().groups.concat();
        let without = |keys: &[MasterKey], other: &[MasterKey]| {
            let is_other = |key: &&MasterKey| !other.iter().any(|other| other.means(key));
            keys.iter().filter(is_other).cloned().collect()
        };
        Some(Self {
            unnamed: without(&has, &named),
            missing: without(&named, &has),
        })
    }

    fn steps(&self, path: &Path, command: &str) -> Vec<String> {
        let missing = self.missing.iter().filter_map(|key| {
            let removed = ChangedRecipient::removed(path, key)?;
            let Some(RecipientChange::RemovedIn(commit)) = removed.change else {
                return None;
            };
            Some(format!(
                "{commit} removed {} from .sops.yaml: remove the recipient there again, and `git add` .sops.yaml; run `{command}` only if the recipient should get access again",
                removed.shown
            ))
        });
        let unnamed = self.unnamed.iter().filter_map(|key| {
            let added = ChangedRecipient::unnamed(path, key);
            let who = match added.change? {
                RecipientChange::AddedByUs => "HEAD names",
                RecipientChange::AddedByOtherSide => "the other side of the merge added",
                RecipientChange::RemovedIn(_) => return None,
            };
            Some(format!(
                "{who} {} in .sops.yaml: add the recipient there again, and `git add` .sops.yaml; run `{command}` only if the recipient should lose access",
                added.shown
            ))
        });
        missing.chain(unnamed).collect()
    }
}
