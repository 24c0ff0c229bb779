//! Opens the versions of a merge: reads each, recovers its data key and verifies its MAC.

use std::collections::HashMap;

use sops_document::{Format, merge_conflict};
use zeroize::Zeroizing;

use super::problem::{MergeProblem, SideName, Version};
use crate::cipher::CIPHERTEXT_PREFIX;
use crate::encrypted_document::EncryptedDocument;
use crate::error::{Error, ErrorKind};
use crate::keys::{DataKey, KeyService, MasterKey};
use crate::metadata::Metadata;
use crate::pipeline::ciphertext_cache::CiphertextCache;
use crate::pipeline::decrypt_values::MacCheck;
use crate::pipeline::plaintext_writer::Purpose;

/// The three versions of a file, as stored in the repository.
#[derive(Clone, Copy, Debug)]
pub struct Versions<'a> {
    /// The common ancestor; `None` or empty if both sides added the file.
    pub base: Option<&'a [u8]>,
    /// The version of the current branch.
    pub ours: &'a [u8],
    /// The version that is merged into it.
    pub theirs: &'a [u8],
    /// The format of the file, by its name.
    pub format: Format,
}

impl<'a> Versions<'a> {
    /// The common ancestor, if there is one.
    pub(super) fn ancestor(&self) -> Option<&'a [u8]> {
        self.base.filter(|base| !base.is_empty())
    }

    pub(super) fn side(&self, side: SideName) -> &'a [u8] {
        match side {
            SideName::Ours => self.ours,
            SideName::Theirs => self.theirs,
        }
    }
}

/// The kind of a version, as far as it is visible without a key.
pub(super) enum VersionKind<'a> {
    Encrypted(Box<EncryptedDocument<'a>>),
    Plaintext,
    /// The version cannot be read, because it has encrypted values between conflict markers.
    Marked,
    /// The version has encrypted values or metadata, but cannot be read.
    Damaged(Error),
}

impl<'a> VersionKind<'a> {
    pub(super) fn of(bytes: &'a [u8], format: Format) -> Self {
        let has_ciphertext = || memchr::memmem::find(bytes, CIPHERTEXT_PREFIX.as_bytes()).is_some();
        match EncryptedDocument::parse(bytes, format) {
            Ok(document) => Self::Encrypted(Box::new(document)),
            Err(error) => match error {
                _ if has_ciphertext() && merge_conflict(bytes).is_some() => Self::Marked,
                Error::Metadata { .. } => Self::Damaged(error),
                error if has_ciphertext() => Self::Damaged(error),
                _ => Self::Plaintext,
            },
        }
    }
}

/// A version that was decrypted, and whose MAC is correct.
pub(super) struct OpenVersion<'a> {
    pub(super) document: Box<EncryptedDocument<'a>>,
    pub(super) key: DataKey,
    pub(super) plaintext: Zeroizing<Vec<u8>>,
    pub(super) cache: CiphertextCache<'a>,
}

impl<'a> OpenVersion<'a> {
    pub(super) fn metadata(&self) -> &Metadata {
        self.document.metadata()
    }

    /// Decrypts a version. `known` are versions that were already decrypted: the same `enc` for the
    /// same key holds the same data key, so that the service need not be asked again.
    pub(super) fn open(
        document: Box<EncryptedDocument<'a>>,
        service: &dyn KeyService,
        known: &[&Self],
    ) -> Result<Self, Error> {
        let shared = known
            .iter()
            .find(|known| has_same_data_key(known.metadata(), document.metadata()));
        let key = match shared {
            Some(known) => known.key.clone(),
            None => document.data_key(service).or_else(|error| {
                // The version may be older than the user's key.
                let key = known
                    .iter()
                    .find(|known| document.decrypt(&known.key, MacCheck::Require).is_ok());
                key.map(|known| known.key.clone()).ok_or(error)
            })?,
        };
        let mut cache = CiphertextCache::default();
        let decrypted =
            document.decrypt_for(Purpose::File, &key, MacCheck::Require, Some(&mut cache))?;
        Ok(Self {
            document,
            key,
            plaintext: decrypted.plaintext,
            cache,
        })
    }
}

/// Whether the metadata of both has the same `enc` for the same master key, which proves that they
/// have the same data key. With several key groups, an `enc` holds only a share of it.
pub(super) fn has_same_data_key(left: &Metadata, right: &Metadata) -> bool {
    let ([left], [right]) = (&left.key_groups[..], &right.key_groups[..]) else {
        return false;
    };
    let known: HashMap<&str, &MasterKey> = left
        .keys
        .iter()
        .map(|key| (key.enc(), key.master_key()))
        .collect();
    let mut keys = right.keys.iter();
    keys.any(|key| known.get(key.enc()) == Some(&key.master_key()))
}

/// The versions of a merge that can be merged by value.
pub(super) struct OpenVersions<'a> {
    /// `None` if both sides added the file, or the ancestor cannot be read.
    pub(super) base: Option<OpenVersion<'a>>,
    /// Whether there is an ancestor that cannot be read.
    pub(super) is_base_unknown: bool,
    pub(super) ours: OpenVersion<'a>,
    pub(super) theirs: OpenVersion<'a>,
}

/// Why versions cannot be merged by value.
pub(super) enum Unmergeable<'a> {
    /// None of the versions is encrypted.
    NotEncrypted,
    /// No private key decrypts either side.
    NoKey {
        ours: Box<EncryptedDocument<'a>>,
        theirs: Box<EncryptedDocument<'a>>,
        error: Error,
    },
    Problems(Vec<MergeProblem>),
}

/// Opens all versions. Problems with the ancestor alone are returned next to them: without it,
/// every difference is a conflict.
pub(super) fn open<'a>(
    versions: &Versions<'a>,
    service: &dyn KeyService,
) -> Result<(OpenVersions<'a>, Vec<MergeProblem>), Unmergeable<'a>> {
    let kind = |bytes| VersionKind::of(bytes, versions.format);
    let base = versions.ancestor().map(kind);
    let (ours, theirs) = (kind(versions.ours), kind(versions.theirs));
    let is_plaintext = |kind: &VersionKind<'_>| matches!(kind, VersionKind::Plaintext);
    if is_plaintext(&ours) && is_plaintext(&theirs) && base.as_ref().is_none_or(is_plaintext) {
        return Err(Unmergeable::NotEncrypted);
    }
    let mut problems = Vec::new();
    let ours = encrypted(ours, Version::Side(SideName::Ours), &mut problems);
    let theirs = encrypted(theirs, Version::Side(SideName::Theirs), &mut problems);
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return Err(Unmergeable::Problems(problems));
    };
    let has_base = base.is_some();
    let base = base.and_then(|base| encrypted(base, Version::Base, &mut problems));
    let (ours, theirs) = open_sides(versions, ours, theirs, service)?;
    let base = base.and_then(|base| {
        let opened = OpenVersion::open(base, service, &[&ours, &theirs]);
        opened
            .map_err(|error| problems.push(MergeProblem::Unreadable(Version::Base, error)))
            .ok()
    });
    let open = OpenVersions {
        is_base_unknown: has_base && base.is_none(),
        base,
        ours,
        theirs,
    };
    Ok((open, problems))
}

fn open_sides<'a>(
    versions: &Versions<'a>,
    ours: Box<EncryptedDocument<'a>>,
    theirs: Box<EncryptedDocument<'a>>,
    service: &dyn KeyService,
) -> Result<(OpenVersion<'a>, OpenVersion<'a>), Unmergeable<'a>> {
    let unreadable = |side: SideName, error| MergeProblem::Unreadable(Version::Side(side), error);
    let opened = OpenVersion::open(ours, service, &[]);
    let known: Vec<&OpenVersion<'_>> = opened.iter().collect();
    let opened_theirs = OpenVersion::open(theirs, service, &known);
    match (opened, opened_theirs) {
        (Ok(ours), Ok(theirs)) => Ok((ours, theirs)),
        (Err(error), Err(of_theirs))
            if error.kind() == ErrorKind::NoKey && of_theirs.kind() == ErrorKind::NoKey =>
        {
            let parse = |side| VersionKind::of(versions.side(side), versions.format);
            match (parse(SideName::Ours), parse(SideName::Theirs)) {
                (VersionKind::Encrypted(ours), VersionKind::Encrypted(theirs)) => {
                    Err(Unmergeable::NoKey {
                        ours,
                        theirs,
                        error,
                    })
                }
                _ => Err(Unmergeable::Problems(vec![MergeProblem::NoKey(error)])),
            }
        }
        (ours, theirs) => {
            let ours = ours.err().map(|error| unreadable(SideName::Ours, error));
            let theirs = theirs
                .err()
                .map(|error| unreadable(SideName::Theirs, error));
            Err(Unmergeable::Problems(
                ours.into_iter().chain(theirs).collect(),
            ))
        }
    }
}

/// The document of an encrypted version. Anything else is a problem.
fn encrypted<'a>(
    kind: VersionKind<'a>,
    version: Version,
    problems: &mut Vec<MergeProblem>,
) -> Option<Box<EncryptedDocument<'a>>> {
    problems.push(match kind {
        VersionKind::Encrypted(document) => return Some(document),
        VersionKind::Plaintext => MergeProblem::Plaintext(version),
        VersionKind::Marked => MergeProblem::Marked(version),
        VersionKind::Damaged(error) => MergeProblem::Unreadable(version, error),
    });
    None
}
