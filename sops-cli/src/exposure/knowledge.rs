//! What someone could read in the history.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::access::{Classes, MasterId, Masters};
use super::marks::Mark;
use super::seen::{SeenValue, SeenVersion};
use super::today::CurrentValue;

/// All versions of the secret values.
pub(crate) struct Past {
    pub(crate) versions: Vec<SeenVersion>,
    /// The versions by the ID of their content.
    pub(super) blobs: HashMap<String, usize>,
    pub(crate) masters: Masters,
    classes: Classes,
    /// The places of each mark: the positions of a version and of a value in it.
    by_mark: HashMap<Mark, Vec<Place>>,
    /// The file of each version, whatever its name was.
    files: Vec<FileId>,
}

/// The positions of a version and of a value in it.
type Place = (usize, usize);

/// The number of a file, which all of its versions have.
type FileId = usize;

/// A value to look up. For its age and its readers, a short or common value is only looked up where
/// it is, because equal values elsewhere say nothing about it; for what someone knows, values are
/// looked up everywhere.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct WantedValue<'v> {
    marks: &'v [Mark],
    only_at: Option<(FileId, String)>,
}

impl<'v> WantedValue<'v> {
    fn anywhere(marks: &'v [Mark]) -> Self {
        Self {
            marks,
            only_at: None,
        }
    }
}

/// The versions that someone could read.
pub(crate) struct Knowledge<'p> {
    past: &'p Past,
    is_readable: Vec<bool>,
    /// The versions that count.
    counts: &'p [bool],
}

/// A version in which someone could read a value.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'p> {
    pub(crate) version: &'p SeenVersion,
    pub(crate) value: &'p SeenValue,
}

impl Past {
    pub(super) fn new(
        versions: Vec<SeenVersion>,
        blobs: HashMap<String, usize>,
        classes: Classes,
        masters: Masters,
    ) -> Self {
        let mut by_mark: HashMap<Mark, Vec<Place>> = HashMap::new();
        for (number, version) in versions.iter().enumerate() {
            for (index, value) in version.values.iter().enumerate() {
                for mark in &value.marks {
                    by_mark.entry(*mark).or_default().push((number, index));
                }
            }
        }
        let files = file_ids(&versions, &classes);
        Self {
            versions,
            blobs,
            masters,
            classes,
            by_mark,
            files,
        }
    }

    /// The encrypted values of the versions at these positions.
    pub(crate) fn current_values(&self, versions: &[usize]) -> Vec<CurrentValue> {
        let values = versions.iter().flat_map(|number| {
            let version = &self.versions[*number];
            let encrypted = version.values.iter().filter(|value| !value.is_open);
            encrypted.map(|value| CurrentValue {
                file: Arc::clone(&version.path),
                path: Arc::clone(&value.path),
                marks: value.marks.clone(),
                is_distinctive: value.is_distinctive,
                version: *number,
            })
        });
        values.collect()
    }

    /// The places of a value, oldest first.
    pub(super) fn places(&self, wanted: &WantedValue<'_>) -> impl Iterator<Item = Place> {
        let places = wanted.marks.iter();
        let places = places.filter_map(|mark| self.by_mark.get(mark)).flatten();
        let is_same = |place: &&Place| {
            let found = &self.versions[place.0].values[place.1];
            wanted.only_at.as_ref().is_none_or(|(file, path)| {
                self.files[place.0] == *file && without_indexes(&found.path) == *path
            })
        };
        let places: BTreeSet<Place> = places.filter(is_same).copied().collect();
        places.into_iter()
    }

    /// How a current value is looked up.
    pub(super) fn wanted<'v>(&self, value: &'v CurrentValue) -> WantedValue<'v> {
        let only_at = || (self.files[value.version], without_indexes(&value.path));
        WantedValue {
            marks: &value.marks,
            only_at: (!value.is_distinctive).then(only_at),
        }
    }

    /// The master keys that can read a version of this value on their own, and whether a version of
    /// it is in plaintext.
    pub(crate) fn readers(&self, value: &CurrentValue) -> (BTreeSet<MasterId>, bool) {
        let (mut classes, mut is_open) = (BTreeSet::new(), false);
        for (version, index) in self.places(&self.wanted(value)) {
            let version = &self.versions[version];
            is_open |= version.values[index].is_open;
            classes.extend(version.class.map(|class| self.classes.root(class)));
        }
        let readers = classes
            .into_iter()
            .flat_map(|class| self.classes.readers(class));
        (readers.collect(), is_open)
    }

    /// The master keys that can read the file of a value today.
    pub(crate) fn recipients(&self, value: &CurrentValue) -> BTreeSet<MasterId> {
        let access = self.versions[value.version].access.as_ref();
        access
            .map(|access| access.readers().collect())
            .unwrap_or_default()
    }

    /// Which versions have one of these contents, or are in the working tree.
    pub(crate) fn versions_with(&self, blobs: &BTreeSet<String>) -> Vec<bool> {
        let mut is_with: Vec<bool> = self
            .versions
            .iter()
            .map(|version| version.commit.is_none())
            .collect();
        for blob in blobs {
            if let Some(version) = self.blobs.get(blob) {
                is_with[*version] = true;
            }
        }
        is_with
    }

    /// What someone with these master keys knows from the versions that count.
    pub(crate) fn known_to<'p>(
        &'p self,
        keys: &BTreeSet<MasterId>,
        counts: &'p [bool],
    ) -> Knowledge<'p> {
        let readable = self.versions.iter().map(|version| {
            version
                .class
                .is_some_and(|class| self.classes.is_open_to(class, keys))
        });
        Knowledge {
            past: self,
            is_readable: readable.collect(),
            counts,
        }
    }
}

impl<'p> Knowledge<'p> {
    /// The oldest version in which someone could read the value, at the same path if possible.
    pub(crate) fn of(&self, value: &CurrentValue) -> Option<Evidence<'p>> {
        self.evidence(&WantedValue::anywhere(&value.marks))
            .min_by_key(|evidence| {
                let is_same =
                    *evidence.version.path == *value.file && evidence.value.path == value.path;
                (
                    !is_same,
                    evidence.version.commit.is_none(),
                    evidence.version.commit,
                )
            })
    }

    /// The versions in which someone could read this value.
    fn evidence(&self, wanted: &WantedValue<'_>) -> impl Iterator<Item = Evidence<'p>> {
        self.past.places(wanted).filter_map(|(number, index)| {
            let version = &self.past.versions[number];
            let value = &version.values[index];
            let is_known = self.counts[number] && (self.is_readable[number] || value.is_open);
            is_known.then_some(Evidence { version, value })
        })
    }

    /// The versions with values that are not known here, but that someone could read, may have been
    /// able to read, or may know from other versions.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &'p SeenVersion> {
        let mut readable = self.is_readable.iter().zip(self.counts);
        let knows_any = readable.any(|(is_readable, counts)| *is_readable && *counts);
        let versions = self.past.versions.iter().enumerate();
        let unknown = versions.filter(move |&(number, version)| {
            let may_read = self.is_readable[number] || version.class.is_none();
            let is_current = version.commit.is_none();
            self.counts[number]
                && version.problem.is_some()
                && (may_read || is_current && knows_any && self.has_unmatched(version))
        });
        unknown.map(|(_, version)| version)
    }

    /// Whether the version has an encrypted value that someone did not know, as far as is known.
    fn has_unmatched(&self, version: &SeenVersion) -> bool {
        let mut encrypted = version.values.iter().filter(|value| !value.is_open);
        encrypted.any(|value| {
            let wanted = WantedValue::anywhere(&value.marks);
            self.evidence(&wanted).next().is_none()
        })
    }
}

/// The versions with the same path belong to one file, and so do those with the same data key,
/// which a file keeps when it is renamed.
fn file_ids(versions: &[SeenVersion], classes: &Classes) -> Vec<FileId> {
    fn root(files: &[FileId], mut file: FileId) -> FileId {
        while files[file] != file {
            file = files[file];
        }
        file
    }
    let mut files: Vec<FileId> = (0..versions.len()).collect();
    let (mut by_path, mut by_class) = (HashMap::new(), HashMap::new());
    for (number, version) in versions.iter().enumerate() {
        let same_path = *by_path.entry(&version.path).or_insert(number);
        let class = version.class.map(|class| classes.root(class));
        let same_class = class.map(|class| *by_class.entry(class).or_insert(number));
        for other in [Some(same_path), same_class].into_iter().flatten() {
            let (own, other) = (root(&files, number), root(&files, other));
            files[own.max(other)] = own.min(other);
        }
    }
    (0..files.len()).map(|file| root(&files, file)).collect()
}

/// A key path without the indexes of list items, which change when an item is added before them.
fn without_indexes(path: &str) -> String {
    let mut parts = path.split('[');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(']') {
            Some((index, rest)) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                text += rest;
            }
            _ => {
                text.push('[');
                text += part;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indexes_are_left_out() {
        for (path, expected) in [
            ("a.b", "a.b"),
            ("list[0].a[12]", "list.a"),
            (r#"data["tls.crt"][0]"#, r#"data["tls.crt"]"#),
            (r#"data["[0]x"]"#, r#"data["x"]"#),
        ] {
            assert_eq!(without_indexes(path), expected, "{path}");
        }
    }
}
