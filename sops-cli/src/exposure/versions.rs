//! Opens every version of every encrypted file once. A version in plaintext of a file that was
//! encrypted at another time is read too, because everyone with the repository can read it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use sha2::{Digest as _, Sha256};
use sops_core::keys::KeyService;
use sops_core::metadata::Metadata;
use sops_core::rules::EncryptionRule;
use sops_core::{
    CIPHERTEXT_PREFIX, EncryptedDocument, Error, SecretValue, parse_document,
    secret_values_of_plaintext,
};

use super::access::{Access, Classes, Masters};
use super::data_keys::{DataKeys, Handle, handles};
use super::knowledge::Past;
use super::marks::{Marker, is_distinctive};
use super::seen::{SeenValue, SeenVersion};
use crate::git::{CommitGraph, Objects};
use crate::input_format::InputFormat;
use crate::parallel::{self, ItemsPerThread};

/// How many versions are in memory at once. Each has at most 64 MiB.
const TOGETHER: usize = 64;

/// A file of a commit.
pub(crate) struct Content {
    pub(crate) blob: String,
    pub(crate) path: Arc<Path>,
    /// `None` in the working tree.
    pub(crate) commit: Option<usize>,
}

/// The content of a version, once read.
enum Read {
    NotEncrypted,
    Unreadable(&'static str),
    Encrypted(Box<Opened>),
}

/// An encrypted version, as far as its values are known.
struct Opened {
    metadata: Metadata,
    /// The digest of the data key, if it is known.
    fingerprint: Option<Vec<u8>>,
    values: Vec<SeenValue>,
    is_complete: bool,
}

const CLOSED: &str = "none of your private keys can decrypt it";
const INVALID: &str = "it is not a valid encrypted file";
const ALTERED: &str = "a value was altered";
const MISSING: &str = "its content is missing from the repository's objects, or larger than 64 MiB";

/// Opens versions, and remembers what they say.
pub(crate) struct VersionReader<'r> {
    data_keys: DataKeys<'r>,
    marker: &'r Marker,
    masters: Masters,
    classes: Classes,
    versions: Vec<SeenVersion>,
    blobs: HashMap<String, usize>,
    /// The rule of the newest encrypted version at each path.
    rules: HashMap<Arc<Path>, Option<EncryptionRule>>,
    /// The versions that no key decrypted, with the contents to read again.
    closed: Vec<(usize, Content, Vec<Handle>)>,
    plaintext: Vec<Content>,
}

impl<'r> VersionReader<'r> {
    pub(crate) fn new(keys: &'r dyn KeyService, marker: &'r Marker) -> Self {
        Self {
            data_keys: DataKeys::new(keys),
            marker,
            masters: Masters::default(),
            classes: Classes::default(),
            versions: Vec::new(),
            blobs: HashMap::new(),
            rules: HashMap::new(),
            closed: Vec::new(),
            plaintext: Vec::new(),
        }
    }

    /// Opens a file of the working tree, and returns the position of its version.
    pub(crate) fn add_current(&mut self, path: &Path, content: &[u8]) -> Option<usize> {
        let read = read(&self.data_keys, self.marker, path, content);
        let content = Content {
            blob: String::new(),
            path: path.into(),
            commit: None,
        };
        self.add(content, read)
    }

    /// Opens all versions in the history.
    pub(crate) fn add_history(&mut self, graph: &CommitGraph, objects: &Objects) {
        let contents = contents(graph);
        for contents in chunks(contents, TOGETHER) {
            let ids: Vec<&str> = contents.iter().map(|content| &*content.blob).collect();
            let with_bytes: Vec<_> = contents.iter().zip(objects.blobs(&ids)).collect();
            let reads =
                parallel::map(
                    &with_bytes,
                    ItemsPerThread::Many,
                    |(content, bytes)| match bytes {
                        Some(bytes) => read(&self.data_keys, self.marker, &content.path, bytes),
                        None => Read::Unreadable(MISSING),
                    },
                );
            for (content, read) in contents.into_iter().zip(reads) {
                self.add(content, read);
            }
        }
        self.open_with_later_keys(objects);
        self.read_plaintext(objects);
    }

    /// The versions that were read.
    pub(crate) fn finish(self) -> Past {
        Past::new(self.versions, self.blobs, self.classes, self.masters)
    }

    fn add(&mut self, content: Content, read: Read) -> Option<usize> {
        let position = self.versions.len();
        let mut version = SeenVersion {
            path: Arc::clone(&content.path),
            commit: content.commit,
            class: None,
            access: None,
            values: Vec::new(),
            problem: None,
        };
        match read {
            Read::NotEncrypted => {
                self.plaintext.push(content);
                return None;
            }
            Read::Unreadable(problem) => version.problem = Some(problem),
            Read::Encrypted(opened) => {
                let metadata = &opened.metadata;
                let is_open = opened.fingerprint.is_some();
                let class = self.classes.add(metadata, opened.fingerprint);
                let access = Access::of(metadata, &mut self.masters);
                self.classes.open_to(class, access.clone());
                version.access = Some(access);
                self.rules
                    .insert(Arc::clone(&content.path), metadata.rule.clone());
                version.class = Some(class);
                version.values = opened.values;
                version.problem = match (is_open, opened.is_complete) {
                    (false, _) => Some(CLOSED),
                    (true, false) => Some(ALTERED),
                    (true, true) => None,
                };
                if !is_open {
                    self.blobs.insert(content.blob.clone(), position);
                    self.closed.push((position, content, handles(metadata)));
                    self.versions.push(version);
                    return Some(position);
                }
            }
        }
        self.blobs.insert(content.blob, position);
        self.versions.push(version);
        Some(position)
    }

    /// Opens versions whose data key another version revealed. Someone who was added later can
    /// decrypt older versions with it.
    fn open_with_later_keys(&mut self, objects: &Objects) {
        let closed = std::mem::take(&mut self.closed);
        let openable = closed.into_iter().filter(|(_, content, handles)| {
            content.commit.is_some() && self.data_keys.known_by(handles).is_some()
        });
        let openable: Vec<_> = openable.collect();
        for openable in openable.chunks(TOGETHER) {
            let ids: Vec<&str> = openable
                .iter()
                .map(|(_, content, _)| &*content.blob)
                .collect();
            for ((position, content, _), bytes) in openable.iter().zip(objects.blobs(&ids)) {
                let bytes = bytes.unwrap_or_default();
                let read = read(&self.data_keys, self.marker, &content.path, &bytes);
                if let Read::Encrypted(opened) = read
                    && opened.fingerprint.is_some()
                {
                    let version = &mut self.versions[*position];
                    version.values = opened.values;
                    version.problem = (!opened.is_complete).then_some(ALTERED);
                    self.classes.add(&opened.metadata, opened.fingerprint);
                }
            }
        }
    }

    /// Reads the versions in plaintext of files that were encrypted at another time.
    fn read_plaintext(&mut self, objects: &Objects) {
        let plaintext = std::mem::take(&mut self.plaintext);
        let plaintext = plaintext
            .into_iter()
            .filter(|content| content.commit.is_some() && self.rules.contains_key(&content.path));
        let plaintext: Vec<Content> = plaintext.collect();
        for contents in chunks(plaintext, TOGETHER) {
            let ids: Vec<&str> = contents.iter().map(|content| &*content.blob).collect();
            for (content, bytes) in contents.iter().zip(objects.blobs(&ids)) {
                let rule = self.rules.get(&content.path).and_then(Option::as_ref);
                let values =
                    bytes.and_then(|bytes| open_values(self.marker, &content.path, &bytes, rule));
                let Some(values) = values.filter(|values| !values.is_empty()) else {
                    continue;
                };
                self.blobs.insert(content.blob.clone(), self.versions.len());
                self.versions.push(SeenVersion {
                    path: Arc::clone(&content.path),
                    commit: content.commit,
                    class: None,
                    access: None,
                    values,
                    problem: None,
                });
            }
        }
    }
}

/// Each content in the history, once, with the first commit that has it.
pub(crate) fn contents(graph: &CommitGraph) -> Vec<Content> {
    let mut paths: HashMap<&Path, Arc<Path>> = HashMap::new();
    let mut seen = HashSet::new();
    let mut contents = Vec::new();
    for (commit, changes) in graph.commits.iter().enumerate() {
        for change in &changes.changes {
            let Some(blob) = change.new.as_ref().filter(|blob| seen.insert(*blob)) else {
                continue;
            };
            let path = paths.entry(&change.path);
            contents.push(Content {
                blob: blob.clone(),
                path: Arc::clone(path.or_insert_with(|| Arc::from(&*change.path))),
                commit: Some(commit),
            });
        }
    }
    contents
}

fn chunks<T>(items: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut items = items.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<T> = items.by_ref().take(size).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn read(data_keys: &DataKeys<'_>, marker: &Marker, path: &Path, content: &[u8]) -> Read {
    if memmem::find(content, CIPHERTEXT_PREFIX.as_bytes()).is_none() {
        return Read::NotEncrypted;
    }
    let by_name = InputFormat::of_name(path);
    let Ok(format) = by_name.of_encrypted(content) else {
        return Read::NotEncrypted;
    };
    let document = match EncryptedDocument::parse(content, format) {
        Ok(document) => document,
        Err(Error::NotEncrypted) => return Read::NotEncrypted,
        Err(_) => return Read::Unreadable(INVALID),
    };
    let key = data_keys.of(&document);
    let Ok(values) = document.secret_values(key.as_deref()) else {
        return Read::Unreadable(INVALID);
    };
    Read::Encrypted(Box::new(Opened {
        fingerprint: key.map(|key| Sha256::digest(key.as_bytes()).to_vec()),
        is_complete: values.iter().all(|value| value.plaintext.is_some()),
        values: seen(marker, values),
        metadata: document.metadata().clone(),
    }))
}

/// The values that the rule of a file covers, in a version in plaintext.
fn open_values(
    marker: &Marker,
    path: &Path,
    content: &[u8],
    rule: Option<&EncryptionRule>,
) -> Option<Vec<SeenValue>> {
    let format = InputFormat::of_name(path).of_plaintext().ok()?;
    let document = parse_document(content, format).ok()?;
    let values = secret_values_of_plaintext(&document, rule).ok()?;
    Some(seen(marker, values))
}

fn seen(marker: &Marker, values: Vec<SecretValue<'_>>) -> Vec<SeenValue> {
    let seen = values.into_iter().map(|value| SeenValue {
        marks: marker.marks(&value).into(),
        is_distinctive: value
            .plaintext
            .as_deref()
            .is_none_or(|text| is_distinctive(text)),
        is_open: value.ciphertext.is_none(),
        path: value.path.into(),
    });
    seen.filter(|value| !value.marks.is_empty()).collect()
}
