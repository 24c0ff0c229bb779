//! Finds the configuration file, and makes paths relative to it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::warning::Warning;

/// How many directories are searched, including the working directory.
const MAX_DIRECTORIES: usize = 100;

/// The result of a search.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundConfig {
    /// The nearest `.sops.yaml`, if there is one.
    pub file: Option<PathBuf>,
    /// A `.sops.yml` on the way, which `sops` does not read.
    pub warning: Option<Warning>,
}

/// Looks for `.sops.yaml` in `working_dir`, an absolute path, and in the directories above it, 100
/// in all.
///
/// As in `sops`, the search goes up from a symbolic link's target, not from the link. If the
/// variable `PWD` names the working directory, pass it in that spelling, as Go does: paths are
/// compared as spelled.
pub fn find(working_dir: &Path) -> FoundConfig {
    let mut directory = working_dir.to_owned();
    let mut alternate = None;
    let mut file = None;
    // The parent of the root is the root.
    let depth =
        fs::canonicalize(working_dir).map_or(MAX_DIRECTORIES, |real| real.ancestors().count());
    for _ in 0..depth.min(MAX_DIRECTORIES) {
        let candidate = directory.join(".sops.yaml");
        // A dangling link is a mistake. Using another configuration instead could mean other
        // recipients.
        if fs::symlink_metadata(&candidate).is_ok() {
            file = Some(tidy(candidate));
            break;
        }
        if alternate.is_none() {
            alternate = Some(directory.join(".sops.yml")).filter(|path| fs::metadata(path).is_ok());
        }
        directory.push("..");
    }
    let warning = alternate.map(|alternate| misnamed(&tidy(alternate), file.as_deref()));
    FoundConfig { file, warning }
}

/// The warning about a `.sops.yml`, which `sops` does not read. `instead` is the configuration that
/// is read.
pub fn misnamed(file: &Path, instead: Option<&Path>) -> Warning {
    Warning {
        file: file.to_owned(),
        location: None,
        message: match instead {
            Some(instead) => format!(
                "this file is ignored because the configuration must be named `.sops.yaml`; `{}` is used instead",
                instead.display()
            ),
            None => "this file is ignored because the configuration must be named `.sops.yaml`; rename it".to_owned(),
        },
    }
}

/// `path` without `.` and `..`, as in Go's `filepath.Clean`: symbolic links are not resolved.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => clean.push(".."),
            },
            other => clean.push(other),
        }
    }
    clean
}

/// `path` without `..`, if that leads to the same file.
fn tidy(path: PathBuf) -> PathBuf {
    let clean = clean(&path);
    match (fs::canonicalize(&path), fs::canonicalize(&clean)) {
        (Ok(one), Ok(other)) if one == other => clean,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with these files, under its real name.
    fn directory(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a temporary directory can be created");
        let root = fs::canonicalize(directory.path()).expect("the entry exists");
        for file in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().expect("the path has a directory"))
                .expect("the directory is writable");
            fs::write(file, "").expect("the file is writable");
        }
        (directory, root)
    }

    #[test]
    fn the_nearest_file_above_is_found() {
        let (_guard, root) = directory(&[".sops.yaml", "a/.sops.yaml", "a/b/x", "c/d/x"]);
        for (working_dir, file) in [
            ("", ".sops.yaml"),
            ("a", "a/.sops.yaml"),
            ("a/b", "a/.sops.yaml"),
            ("c/d", ".sops.yaml"),
        ] {
            let found = find(&root.join(working_dir));
            assert_eq!(found.file, Some(root.join(file)), "{working_dir}");
            assert_eq!(found.warning, None, "{working_dir}");
        }
    }

    #[test]
    fn another_name_is_a_warning() {
        let (_guard, root) = directory(&[".sops.yaml", "a/.sops.yml", "a/b/x"]);
        let found = find(&root.join("a/b"));
        assert_eq!(found.file, Some(root.join(".sops.yaml")));
        let warning = found.warning.expect("the search warns");
        assert_eq!(warning.file, root.join("a/.sops.yml"));
        assert!(
            warning.message.ends_with("/.sops.yaml` is used instead"),
            "{warning}"
        );

        // No configuration exists above the temporary directory, unless this machine has its own.
        let (_guard, root) = directory(&["a/.sops.yml"]);
        let found = find(&root.join("a"));
        assert_eq!(
            found.warning.map(|warning| warning.file),
            Some(root.join("a/.sops.yml"))
        );
    }

    #[test]
    fn a_hundred_directories_are_searched() {
        let (_guard, root) = directory(&[".sops.yaml"]);
        for (depth, is_found) in [(99, true), (100, false)] {
            let deep = root.join(["d"; 100][..depth].join("/"));
            fs::create_dir_all(&deep).expect("the directory is writable");
            let file = find(&deep).file;
            assert_eq!(
                file == Some(root.join(".sops.yaml")),
                is_found,
                "{depth}: {file:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_not_skipped() {
        let (_guard, root) = directory(&[".sops.yaml", "a/x"]);
        std::os::unix::fs::symlink("nowhere", root.join("a/.sops.yaml"))
            .expect("the link can be created");
        assert_eq!(find(&root.join("a")).file, Some(root.join("a/.sops.yaml")));
    }

    #[cfg(unix)]
    #[test]
    fn the_search_goes_up_from_the_target_of_a_link() {
        let (_guard, root) = directory(&["real/.sops.yaml", "real/sub/x", "elsewhere/.sops.yaml"]);
        std::os::unix::fs::symlink(root.join("real/sub"), root.join("elsewhere/link"))
            .expect("the link can be created");
        let file = find(&root.join("elsewhere/link")).file.expect("a file");
        assert_eq!(file, root.join("elsewhere/link/../.sops.yaml"));
        assert_eq!(
            fs::canonicalize(&file).expect("the entry exists"),
            root.join("real/.sops.yaml")
        );
        assert_eq!(
            clean(&file),
            root.join("elsewhere/.sops.yaml"),
            "paths are taken as they are spelled"
        );
    }

    #[test]
    fn paths_are_cleaned_as_in_go() {
        for (path, expected) in [
            ("/a/./b//c/", "/a/b/c"),
            ("/a/../b", "/b"),
            ("/../a", "/a"),
            ("a/../../b", "../b"),
            ("../../b/..", "../.."),
            ("/", "/"),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
