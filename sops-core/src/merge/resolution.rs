//! A merge whose versions are decrypted: its conflicts, its plaintext, and the result of the user's
//! choices.

use std::time::SystemTime;

use sops_document::Format;
use zeroize::Zeroizing;

use super::exposure::exposed;
use super::markers::{Markers, merged_lines, with_markers};
use super::plaintext::{Ancestor, MergedText, Plaintexts, merge_plaintexts};
use super::problem::{Conflict, MergeNote, MergeProblem, SideName, add_new};
use super::recipients::{self, Approval, KeyPlan, KeyWrapping};
use super::settings::{self, Settings};
use super::side::{self, OpenVersion, OpenVersions, Unmergeable, Versions};
use crate::encrypted_document::NextState;
use crate::error::{Error, Result};
use crate::keys::KeyService;
use crate::metadata::Metadata;
use crate::pipeline::ciphertext_cache::CiphertextCache;

/// Whose value or comment to take for a conflict; `None` if that is not decided.
pub type ChooseSide<'c> = dyn Fn(&Conflict) -> Option<SideName> + 'c;

/// The decisions about a merge that is not clean.
#[derive(Default)]
#[non_exhaustive]
pub struct Choices<'c> {
    /// Whose value or comment to take, for the conflicts that are decided.
    pub values: Option<&'c ChooseSide<'c>>,
    /// Whose key groups to take.
    pub key_groups: Option<SideName>,
    /// Whose selection rule and `mac_only_encrypted` to take.
    pub settings: Option<SideName>,
    /// Whether values that a side encrypts may be in plaintext in the result.
    pub allow_plaintext: bool,
}

/// An encrypted result, with notes for the user.
#[non_exhaustive]
pub struct ResolvedFile {
    /// The encrypted file, with its MAC.
    pub text: String,
    /// Notes for the user.
    pub notes: Vec<MergeNote>,
}

/// A merge whose versions were decrypted, and whose MACs are correct.
pub struct OpenMerge<'a> {
    versions: OpenVersions<'a>,
    format: Format,
    /// The problems with the base: without it, every difference between the sides is a conflict.
    problems: Vec<MergeProblem>,
}

/// Keys and settings that a result is encrypted with.
pub(super) struct Decision {
    keys: KeyPlan,
    settings: Settings,
}

impl<'a> OpenMerge<'a> {
    /// Decrypts all versions and verifies their MACs.
    ///
    /// # Errors
    /// Why a version cannot be used. The list is empty if none of the versions is encrypted.
    pub fn open(
        versions: &Versions<'a>,
        service: &dyn KeyService,
    ) -> std::result::Result<Self, Vec<MergeProblem>> {
        Self::try_open(versions, service).map_err(|reason| match reason {
            Unmergeable::NotEncrypted => Vec::new(),
            Unmergeable::NoKey { error, .. } => vec![MergeProblem::NoKey(error)],
            Unmergeable::Problems(problems) => problems,
        })
    }

    pub(super) fn try_open(
        versions: &Versions<'a>,
        service: &dyn KeyService,
    ) -> std::result::Result<Self, Unmergeable<'a>> {
        let (open, problems) = side::open(versions, service)?;
        Ok(Self {
            versions: open,
            format: versions.format,
            problems,
        })
    }

    /// The problems with the common ancestor. Without it, every difference between the sides is a
    /// conflict.
    pub fn problems(&self) -> &[MergeProblem] {
        &self.problems
    }

    /// The format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The metadata of a side.
    pub fn metadata(&self, side: SideName) -> &Metadata {
        self.side(side).metadata()
    }

    pub(super) fn side(&self, side: SideName) -> &OpenVersion<'a> {
        match side {
            SideName::Ours => &self.versions.ours,
            SideName::Theirs => &self.versions.theirs,
        }
    }

    /// The merged plaintext, with markers around the conflicts that `choices` does not decide, and
    /// the list of these conflicts. In the binary format, only lines that both sides changed have
    /// markers, so text with a conflict may have no markers.
    ///
    /// # Errors
    /// The errors of [`parse_document`](crate::parse_document).
    pub fn marked_plaintext(
        &self,
        choices: &Choices<'_>,
        markers: &Markers,
    ) -> Result<(Zeroizing<Vec<u8>>, Vec<Conflict>)> {
        let chosen = |conflict: &Conflict| choices.values.and_then(|choose| choose(conflict));
        let ours = self.plaintext(|conflict| chosen(conflict).unwrap_or(SideName::Ours))?;
        let theirs = self.plaintext(|conflict| chosen(conflict).unwrap_or(SideName::Theirs))?;
        let mut conflicts = ours.conflicts;
        add_new(&mut conflicts, theirs.conflicts);
        conflicts.retain(|conflict| chosen(conflict).is_none());
        let text = match (&self.versions.base, conflicts.is_empty()) {
            (_, true) => ours.text,
            (Some(base), false) if self.format == Format::Binary => {
                merged_lines(&base.plaintext, &ours.text, &theirs.text, markers)
            }
            (_, false) => with_markers(&ours.text, &theirs.text, markers),
        };
        Ok((text, conflicts))
    }

    /// The merged plaintext, with every conflict resolved to the side that `choice` returns.
    pub(super) fn plaintext(&self, choice: impl Fn(&Conflict) -> SideName) -> Result<MergedText> {
        let OpenVersions {
            base,
            is_base_unknown,
            ours,
            theirs,
        } = &self.versions;
        let base = match base {
            _ if *is_base_unknown => Ancestor::Unknown,
            base => Ancestor::Known(base.as_ref().map(|base| &**base.plaintext)),
        };
        let texts = Plaintexts {
            base,
            ours: &ours.plaintext,
            theirs: &theirs.plaintext,
        };
        merge_plaintexts(texts, self.format, &choice)
    }

    /// Encrypts a plaintext as the result of the merge. Values that a side has under the same data
    /// key keep their ciphertext.
    ///
    /// # Errors
    /// The problems that the choices leave undecided: settings, key groups, keys that were not
    /// approved, values that would be in plaintext, or that none of the private keys would decrypt
    /// the result. [`MergeProblem::Unencryptable`] if the plaintext is the reason.
    pub fn encrypt(
        &self,
        plaintext: &[u8],
        choices: &Choices<'_>,
        approval: &Approval<'_>,
        service: &dyn KeyService,
        now: SystemTime,
    ) -> std::result::Result<ResolvedFile, Vec<MergeProblem>> {
        let wrapping = KeyWrapping {
            service,
            approval,
            now,
        };
        let decision = self.decide(choices, &wrapping)?;
        if !choices.allow_plaintext {
            let exposed = self.exposed(plaintext, &decision)?;
            if !exposed.is_empty() {
                return Err(exposed.into_iter().map(MergeProblem::Exposed).collect());
            }
        }
        let text = self
            .encrypt_as(plaintext, &decision, now)
            .map_err(|error| vec![MergeProblem::Unencryptable(error)])?;
        Ok(ResolvedFile {
            text,
            notes: decision.keys.notes,
        })
    }

    /// Decides on keys and settings.
    pub(super) fn decide(
        &self,
        choices: &Choices<'_>,
        wrapping: &KeyWrapping<'_>,
    ) -> std::result::Result<Decision, Vec<MergeProblem>> {
        let base = self.versions.base.as_ref().map(OpenVersion::metadata);
        let (ours, theirs) = (
            self.metadata(SideName::Ours),
            self.metadata(SideName::Theirs),
        );
        let settings = settings::merge(base, ours, theirs, choices.settings);
        let settings = settings.ok_or(MergeProblem::Settings);
        let keys = recipients::plan(&self.versions, choices.key_groups, wrapping);
        match (settings, keys) {
            (Ok(settings), Ok(keys)) => Ok(Decision { keys, settings }),
            (settings, keys) => Err(settings.err().into_iter().chain(keys.err()).collect()),
        }
    }

    /// The key paths of the values that a side encrypts and that would be in plaintext.
    pub(super) fn exposed(
        &self,
        plaintext: &[u8],
        decision: &Decision,
    ) -> std::result::Result<Vec<String>, Vec<MergeProblem>> {
        let sides = [&self.versions.ours, &self.versions.theirs];
        let rule = decision.settings.rule.as_ref();
        exposed(sides, plaintext, self.format, rule)
            .map_err(|error| vec![MergeProblem::Unencryptable(error)])
    }

    pub(super) fn encrypt_as(
        &self,
        plaintext: &[u8],
        decision: &Decision,
        now: SystemTime,
    ) -> Result<String> {
        let Decision { keys, settings } = decision;
        let OpenVersions { ours, theirs, .. } = &self.versions;
        let is_theirs = plaintext == &**theirs.plaintext && plaintext != &**ours.plaintext;
        // Only in the binary format does the whole file come from one side.
        let carrier = match self.format == Format::Binary && is_theirs {
            true => theirs,
            false => ours,
        };
        let has_key = |side: &OpenVersion<'_>| side.key.as_bytes() == keys.key.as_bytes();
        let mut metadata = carrier.metadata().clone();
        metadata.set_key_groups(keys.groups.clone(), keys.threshold);
        metadata.rule = settings.rule.clone();
        metadata.mac_only_encrypted = settings.mac_only_encrypted;
        let unchanged = [ours, theirs].into_iter().find(|side| {
            has_key(side)
                && plaintext == &**side.plaintext
                && has_same_settings(side.metadata(), &metadata)
        });
        if let Some(side) = unchanged {
            return Ok(side.document.text().to_owned());
        }
        let mut cache = CiphertextCache::default();
        for side in [ours, theirs].into_iter().filter(|side| has_key(side)) {
            cache.absorb(side.cache.clone());
        }
        let next = NextState {
            metadata,
            key: &keys.key,
            cache: &mut cache,
            is_same_plaintext: has_key(carrier) && plaintext == &**carrier.plaintext,
        };
        carrier.document.encrypt(plaintext, next, now)
    }

    /// Encrypts another plaintext so that it differs from `encrypted` only in its values.
    pub(super) fn encrypt_like(
        &self,
        encrypted: &str,
        plaintext: &[u8],
        decision: &Decision,
        now: SystemTime,
    ) -> Result<String> {
        let document = crate::EncryptedDocument::parse(encrypted, self.format)?;
        let open = document.open(decision.keys.key.clone(), crate::MacCheck::Require)?;
        let mut caches = Vec::new();
        for side in [&self.versions.ours, &self.versions.theirs] {
            if side.key.as_bytes() == decision.keys.key.as_bytes() {
                caches.push(side.cache.clone());
            }
        }
        let text = open.with_ciphertexts(caches).encrypt(plaintext, now)?;
        let twin = crate::EncryptedDocument::parse(&text, self.format)?;
        Ok(twin.with_metadata(document.metadata()))
    }
}

/// Whether both have the same keys and settings. The MAC and its time do not count.
fn has_same_settings(left: &Metadata, right: &Metadata) -> bool {
    left.key_groups == right.key_groups
        && left.shamir_threshold == right.shamir_threshold
        && left.rule == right.rule
        && left.mac_only_encrypted == right.mac_only_encrypted
}

/// The notes of a decision.
impl Decision {
    pub(super) fn notes(&self) -> Vec<MergeNote> {
        self.keys.notes.clone()
    }
}

impl From<Error> for MergeProblem {
    fn from(error: Error) -> Self {
        Self::Unencryptable(error)
    }
}
