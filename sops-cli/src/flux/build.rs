//! Which files a build of kustomize reads, as far as they are in the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sops_core::{Format, from_document};

use crate::source::read_repository_file;

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that go into the build of a folder, and of all the folders that it names. A folder without a `kustomization.yaml` is built of
/// the manifests in it and below, as Flux does it.
///
/// The paths are canonical. What cannot be read is passed over: the build itself will say so.
pub(crate) fn files_of(folder: &Path) -> BTreeSet<PathBuf> {
    let mut build = Build::default();
    build.add(folder);
    build.files
}

#[derive(Default)]
struct Build {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
}

impl Build {
    fn add(&mut self, path: &Path) {
        // What is elsewhere, such as a URL, is no path here.
        let Ok(path) = path.canonicalize() else {
            return;
        };
        if path.is_file() {
            self.files.insert(path);
        } else if self.folders.insert(path.clone()) {
            let file = NAMES
                .iter()
                .map(|name| path.join(name))
                .find(|file| file.is_file());
            match file {
                Some(file) => self.add_kustomization(&path, &file),
                None => self.add_all(&path),
            }
        }
    }

    fn add_all(&mut self, folder: &Path) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_manifest = name.ends_with(".yaml") || name.ends_with(".yml");
            if !name.starts_with('.') && (is_manifest || path.is_dir()) {
                self.add(&path);
            }
        }
    }

    fn add_kustomization(&mut self, folder: &Path, file: &Path) {
        let text = read_repository_file(file).unwrap_or_default();
        let Ok(kustomization) = from_document::<Value>(&text, Format::Yaml) else {
            return;
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut named = Vec::new();
        for field in [
            "resources",
            "bases",
            "components",
            "patchesStrategicMerge",
            "crds",
        ] {
            named.extend(list(&kustomization[field]));
        }
        for field in ["patches", "patchesJson6902", "replacements"] {
            named.extend(
                list(&kustomization[field])
                    .into_iter()
                    .map(|item| item["path"].clone()),
            );
        }
        for field in ["secretGenerator", "configMapGenerator"] {
            for generator in list(&kustomization[field]) {
                named.extend(list(&generator["files"]));
                named.extend(list(&generator["envs"]));
                named.push(generator["env"].clone());
            }
        }
        for name in named.iter().filter_map(Value::as_str) {
            // A generator's file may have a key in front: `key=path`.
            let path = name.split_once('=').map_or(name, |(_, path)| path);
            self.add(&folder.join(path));
        }
    }
}
