//! Runs a complete merge for a Git merge driver: the result is a file, and whether the merge is
//! clean.

use std::time::SystemTime;

use super::markers::{Markers, in_conflict};
use super::problem::{MergeNote, MergeProblem, SideName, Version, add_new};
use super::recipients::{Approval, KeyWrapping};
use super::resolution::{Choices, OpenMerge};
use super::side::{Unmergeable, Versions};
use super::without_key;
use crate::cipher::CIPHERTEXT_PREFIX;
use crate::error::Result;
use crate::keys::KeyService;

/// The result of a merge.
#[derive(Debug)]
#[non_exhaustive]
pub struct MergeOutcome {
    /// The content for the file. If there are problems, it has conflict markers around ciphertext.
    pub text: Vec<u8>,
    /// Why the merge is not clean. If the list is empty, the text is an encrypted file with its
    /// MAC.
    pub problems: Vec<MergeProblem>,
    /// Notes for the user.
    pub notes: Vec<MergeNote>,
}

impl MergeOutcome {
    fn unclean(text: Vec<u8>, problems: Vec<MergeProblem>) -> Self {
        Self {
            text,
            problems,
            notes: Vec::new(),
        }
    }
}

/// Merges three versions of an encrypted file. `None` if none of them is encrypted, so that it is
/// merged like any other text.
///
/// The text never contains plaintext that the sides did not contain: values are encrypted, and
/// conflict markers surround ciphertext.
pub fn merge(
    versions: &Versions<'_>,
    service: &dyn KeyService,
    approval: &Approval<'_>,
    markers: &Markers,
    now: SystemTime,
) -> Option<MergeOutcome> {
    let undecided = || {
        // A file can have metadata without a ciphertext.
        let marked = unmerged(versions, markers);
        marked.unwrap_or_else(|| in_conflict(versions.ours, &[], markers))
    };
    let open = match OpenMerge::try_open(versions, service) {
        Ok(open) => open,
        Err(Unmergeable::NotEncrypted) => return None,
        Err(Unmergeable::NoKey {
            ours,
            theirs,
            error,
        }) => {
            let text = without_key::merge(versions, &ours, &theirs, markers);
            let text = text.unwrap_or_else(undecided);
            return Some(MergeOutcome::unclean(
                text,
                vec![MergeProblem::NoKey(error)],
            ));
        }
        Err(Unmergeable::Problems(problems)) => {
            return Some(MergeOutcome::unclean(undecided(), problems));
        }
    };
    let wrapping = KeyWrapping {
        service,
        approval,
        now,
    };
    Some(open.outcome(&wrapping, markers).unwrap_or_else(|problems| {
        let problems = [open.problems(), &problems].concat();
        MergeOutcome::unclean(undecided(), problems)
    }))
}

impl OpenMerge<'_> {
    /// The outcome if all of it can be encrypted under one data key.
    fn outcome(
        &self,
        wrapping: &KeyWrapping<'_>,
        markers: &Markers,
    ) -> std::result::Result<MergeOutcome, Vec<MergeProblem>> {
        let decision = self.decide(&Choices::default(), wrapping)?;
        let unencryptable = |error| vec![MergeProblem::Unencryptable(error)];
        let of_ours = self.plaintext(|_| SideName::Ours).map_err(unencryptable)?;
        let mut exposed = self.exposed(&of_ours.text, &decision)?;
        let mut conflicts = of_ours.conflicts;
        let text = |text: &[u8]| self.encrypt_as(text, &decision, wrapping.now);
        let outcome = |text: Vec<u8>, problems| MergeOutcome {
            text,
            problems,
            notes: decision.notes(),
        };
        if conflicts.is_empty() && exposed.is_empty() {
            let encrypted = text(&of_ours.text).map_err(unencryptable)?;
            return Ok(outcome(encrypted.into_bytes(), Vec::new()));
        }
        // Where the sides agree, it does not matter what the ancestor was.
        let of_ancestor = match conflicts.is_empty() {
            true => &[],
            false => self.problems(),
        };
        let of_theirs = self
            .plaintext(|_| SideName::Theirs)
            .map_err(unencryptable)?;
        add_new(&mut conflicts, of_theirs.conflicts);
        add_new(&mut exposed, self.exposed(&of_theirs.text, &decision)?);
        let conflicts = conflicts.into_iter().map(MergeProblem::Conflict);
        let problems: Vec<_> = of_ancestor.iter().cloned().chain(conflicts).collect();
        if !exposed.is_empty() {
            let exposed = exposed.into_iter().map(MergeProblem::Exposed);
            return Err(problems.into_iter().chain(exposed).collect());
        }
        let marked = || -> Result<Vec<u8>> {
            let ours = text(&of_ours.text)?;
            let theirs = self.encrypt_like(&ours, &of_theirs.text, &decision, wrapping.now)?;
            Ok(in_conflict(ours.as_bytes(), theirs.as_bytes(), markers))
        };
        Ok(outcome(marked().map_err(unencryptable)?, problems))
    }
}

/// Both sides unchanged, with markers around their differences, so that no one mistakes the file
/// for a merged one. A side in plaintext is left out, to keep it out of the working tree; if both
/// are, ours stays, because it is already there. `None` if no version is encrypted, because Git
/// then merges the file itself.
pub fn unmerged(versions: &Versions<'_>, markers: &Markers) -> Option<Vec<u8>> {
    let is_encrypted = |text: &[u8]| {
        let prefix = CIPHERTEXT_PREFIX.as_bytes();
        memchr::memmem::find(text, prefix).is_some()
    };
    let (ours, theirs) = (versions.ours, versions.theirs);
    let base = versions.ancestor().unwrap_or_default();
    let (ours, theirs) = match [ours, theirs, base].map(is_encrypted) {
        [false, false, false] => return None,
        [false, false, true] => (ours, &[][..]),
        [is_ours, is_theirs, _] => (
            if is_ours { ours } else { &[] },
            if is_theirs { theirs } else { &[] },
        ),
    };
    Some(in_conflict(ours, theirs, markers))
}

impl MergeProblem {
    /// The version that the problem is about, if there is one.
    pub fn version(&self) -> Option<Version> {
        match self {
            Self::Plaintext(version) | Self::Marked(version) | Self::Unreadable(version, _) => {
                Some(*version)
            }
            _ => None,
        }
    }
}
