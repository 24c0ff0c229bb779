//! Where the configuration file is, and what paths are called from there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::warning::Warning;

/// How many folders are looked into, the working directory included.
const MAX_FOLDERS: usize = 100;

/// What was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct FoundConfig {
    /// The nearest `.sops.yaml`, if there is one.
    pub file: Option<PathBuf>,
    /// A `.sops.yml` was met on the way, which `sops` does not read.
    pub warning: Option<Warning>,
}

/// Looks for `.sops.yaml` in `working_dir`, an absolute path, and in the folders above it, 100 in all.
///
/// As in `sops`, what is above a symbolic link's target counts, not what is above the link. Give the working directory in the
/// spelling of the variable `PWD` where that names it, as Go does: paths are compared as they are spelled.
pub fn find(working_dir: &Path) -> FoundConfig {
    let mut folder = working_dir.to_owned();
    let mut alternate = None;
    let mut file = None;
    // Above the root there is only the root again.
    let depth = fs::canonicalize(working_dir).map_or(MAX_FOLDERS, |real| real.ancestors().count());
    for _ in 0..depth.min(MAX_FOLDERS) {
        let candidate = folder.join(".sops.yaml");
        // A dangling link is a mistake, and no reason to use another configuration with other recipients.
        if fs::symlink_metadata(&candidate).is_ok() {
            file = Some(tidy(candidate));
            break;
        }
        if alternate.is_none() {
            alternate = Some(folder.join(".sops.yml")).filter(|path| fs::metadata(path).is_ok());
        }
        folder.push("..");
    }
    let warning = alternate.map(|alternate| misnamed(&tidy(alternate), file.as_deref()));
    FoundConfig { file, warning }
}

/// The warning about a `.sops.yml`, which `sops` does not read, where `instead` is the configuration that is read.
pub fn misnamed(file: &Path, instead: Option<&Path>) -> Warning {
    Warning {
        file: file.to_owned(),
        location: None,
        message: match instead {
            Some(instead) => format!(
                "this file is not read, since the configuration must be called `.sops.yaml`; `{}` is read instead",
                instead.display()
            ),
            None => "this file is not read, since the configuration must be called `.sops.yaml`; rename it".to_owned(),
        },
    }
}

/// `path` without `.` and `..`, as Go's `filepath.Clean`: symbolic links are not looked at.
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

/// `path` without `..`, where that is the same file.
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

    /// A folder with these files in it, under its real name.
    fn folder(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        for file in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().expect("it has a folder")).expect("it can be made");
            fs::write(file, "").expect("it can be written");
        }
        (folder, root)
    }

    #[test]
    fn the_nearest_file_above_is_found() {
        let (_folder, root) = folder(&[".sops.yaml", "a/.sops.yaml", "a/b/x", "c/d/x"]);
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
        let (_folder, root) = folder(&[".sops.yaml", "a/.sops.yml", "a/b/x"]);
        let found = find(&root.join("a/b"));
        assert_eq!(found.file, Some(root.join(".sops.yaml")));
        let warning = found.warning.expect("a warning");
        assert_eq!(warning.file, root.join("a/.sops.yml"));
        assert!(
            warning.message.ends_with("/.sops.yaml` is read instead"),
            "{warning}"
        );

        // Above the temporary folder there is no configuration, unless this machine has one for its own files.
        let (_folder, root) = folder(&["a/.sops.yml"]);
        let found = find(&root.join("a"));
        assert_eq!(
            found.warning.map(|warning| warning.file),
            Some(root.join("a/.sops.yml"))
        );
    }

    #[test]
    fn a_hundred_folders_are_looked_into() {
        let (_folder, root) = folder(&[".sops.yaml"]);
        for (depth, is_found) in [(99, true), (100, false)] {
            let deep = root.join(["d"; 100][..depth].join("/"));
            fs::create_dir_all(&deep).expect("it can be made");
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
    fn a_dangling_link_is_not_passed_over() {
        let (_folder, root) = folder(&[".sops.yaml", "a/x"]);
        std::os::unix::fs::symlink("nowhere", root.join("a/.sops.yaml")).expect("a link");
        assert_eq!(find(&root.join("a")).file, Some(root.join("a/.sops.yaml")));
    }

    #[cfg(unix)]
    #[test]
    fn above_a_link_is_what_is_above_its_target() {
        let (_folder, root) = folder(&["real/.sops.yaml", "real/sub/x", "elsewhere/.sops.yaml"]);
        std::os::unix::fs::symlink(root.join("real/sub"), root.join("elsewhere/link"))
            .expect("a link");
        let file = find(&root.join("elsewhere/link")).file.expect("a file");
        assert_eq!(file, root.join("elsewhere/link/../.sops.yaml"));
        assert_eq!(
            fs::canonicalize(&file).expect("it is there"),
            root.join("real/.sops.yaml")
        );
        assert_eq!(
            clean(&file),
            root.join("elsewhere/.sops.yaml"),
            "paths are taken as they are spelled"
        );
    }

    #[test]
    fn paths_are_cleaned_as_go_does_it() {
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
