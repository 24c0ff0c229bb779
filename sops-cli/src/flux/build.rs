//! Which files a build of kustomize reads, as far as they are in the repository.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sops_core::{Format, from_document};

use crate::input::read_repository_file;

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that go into the build of a directory, and of all the directories that it names. A directory without a `kustomization.yaml` is
/// built from the manifests in it and below, as Flux does it.
///
/// The paths are canonical. A path that cannot be read is skipped, because the build itself will report it, and so is one outside of the
/// repository, `root`, which kustomize and Flux refuse: a link or a `kustomization.yaml` in the repository could name `/`.
pub(crate) fn files_of(root: &Path, directory: &Path) -> BTreeSet<PathBuf> {
    let Ok(root) = root.canonicalize() else {
        return BTreeSet::new();
    };
    let mut build = Build {
        root,
        files: BTreeSet::new(),
        directories: BTreeSet::new(),
        pending: Vec::new(),
    };
    build.add(directory);
    while let Some(directory) = build.pending.pop() {
        build.add_directory(&directory);
    }
    build.files
}

struct Build {
    root: PathBuf,
    files: BTreeSet<PathBuf>,
    directories: BTreeSet<PathBuf>,
    /// The directories that are not read yet.
    pending: Vec<PathBuf>,
}

impl Build {
    fn add(&mut self, path: &Path) {
        let Some(path) = self.inside(path) else {
            return;
        };
        if path.is_file() {
            self.files.insert(path);
        } else if self.directories.insert(path.clone()) {
            self.pending.push(path);
        }
    }

    /// The canonical path of an entry of the repository. URLs name none.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        path.starts_with(&self.root).then_some(path)
    }

    fn add_directory(&mut self, directory: &Path) {
        let mut names = NAMES.iter();
        let file = names.find_map(|name| {
            let file = self.inside(&directory.join(name))?;
            file.is_file().then_some(file)
        });
        match file {
            Some(file) => self.add_kustomization(directory, &file),
            None => self.add_all(directory),
        }
    }

    fn add_all(&mut self, directory: &Path) {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_manifest = name.ends_with(".yaml") || name.ends_with(".yml");
            if !name.starts_with('.') && (is_manifest || path.is_dir()) {
                self.add(&path);
            }
        }
    }

    fn add_kustomization(&mut self, directory: &Path, file: &Path) {
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
            self.add(&directory.join(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_build_stays_in_the_repository() {
        let outside = tempfile::tempdir().expect("a temporary directory");
        let root = outside.path().join("repository");
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
            fs::write(path, text).expect("it is ours");
        };
        write(&outside.path().join("other/secret.yaml"), "a: 1");
        write(
            &outside.path().join("kustomization.yaml"),
            "resources: [other]",
        );
        fs::create_dir(&root).expect("it is ours");
        symlink("..", root.join("up")).expect("it is ours");
        write(&root.join("base/a.yaml"), "a: 1");
        write(&root.join("base/deep/b.yml"), "a: 1");
        write(
            &root.join("apps/kustomization.yaml"),
            "resources: [/, ../up, ../../other, ../up/other/secret.yaml, ../base, ., https://example.com/x]",
        );
        fs::create_dir_all(root.join("linked")).expect("it is ours");
        symlink(
            "../../kustomization.yaml",
            root.join("linked/kustomization.yaml"),
        )
        .expect("it is ours");
        let built = |directory: &str| -> Vec<String> {
            let canonical = root.canonicalize().expect("it exists");
            let files = files_of(&root, &root.join(directory));
            let files = files.iter().map(|file| file.strip_prefix(&canonical));
            let files = files.map(|file| file.expect("it is inside").display().to_string());
            files.collect()
        };
        assert_eq!(built("apps"), ["base/a.yaml", "base/deep/b.yml"]);
        assert_eq!(built("up"), [""; 0]);
        assert_eq!(built("../other"), [""; 0]);
        assert_eq!(built("linked"), [""; 0]);
    }

    #[test]
    fn a_chain_of_directories_may_be_long() {
        let root = tempfile::tempdir().expect("a temporary directory");
        const LENGTH: usize = 3_000;
        for index in 0..LENGTH {
            let directory = root.path().join(index.to_string());
            fs::create_dir(&directory).expect("it is ours");
            let next = format!("resources: [../{}, a.yaml]", index + 1);
            fs::write(directory.join("kustomization.yaml"), next).expect("it is ours");
        }
        let last = root.path().join(LENGTH.to_string());
        fs::create_dir(&last).expect("it is ours");
        fs::write(last.join("a.yaml"), "").expect("it is ours");
        assert_eq!(files_of(root.path(), &root.path().join("0")).len(), 1);
    }
}
