//! Files that a `.sops.yaml` covers which is not in Git's index. `sops-rs encrypt` uses it, so the user relies on it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sops_lint::Tree;

use super::index::CONFIGURATION;
use crate::command_error::{CommandError, name_of};
use crate::configs::{Configs, on_disk};
use crate::git::{Snapshot, TrackedFile};
use crate::lint::Shown;
use crate::lint::judge::Judge;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

/// The plaintext files that such a configuration in the working tree covers. Files that one above the repository covers are only warned of, because it
/// may be meant for other directories. A configuration that is in the index counts as it is there.
pub(super) fn shown(
    ui: &Ui,
    judge: &Judge<'_>,
    index: &Snapshot<'_>,
    files: &[&TrackedFile],
) -> Result<Vec<Shown>, CommandError> {
    let root = index.root();
    let above = root.ancestors().skip(1).map(Path::to_owned);
    let inside = files.iter().flat_map(|file| file.path.ancestors().skip(1));
    let inside: BTreeSet<&Path> = inside.collect();
    let inside = inside.into_iter().map(|directory| root.join(directory));
    let is_untracked = |directory: &PathBuf| {
        let file = directory.join(CONFIGURATION);
        !is_in_index(index, &file) && file.exists()
    };
    let directories: Vec<PathBuf> = inside.chain(above).filter(is_untracked).collect();
    if directories.is_empty() {
        return Ok(Vec::new());
    }
    let configs = Configs::new(Path::new("/"), |path| match is_in_index(index, path) {
        true => index.read_file(path),
        false => on_disk(path),
    });
    let is_governed = |file: &&&TrackedFile| {
        let path = root.join(&file.path);
        let config = configs.of(&path);
        config.is_some_and(|config| {
            directories
                .iter()
                .any(|directory| config.file().parent() == Some(directory))
        })
    };
    let files: Vec<&TrackedFile> = files.iter().filter(is_governed).copied().collect();
    let mut found = Vec::new();
    let mut outside = Vec::new();
    for (file, shown) in files
        .iter()
        .zip(parallel::map(&files, ItemsPerThread::Many, |file| {
            judge.shown_by_untracked(file, &configs)
        }))
    {
        let config = configs.of(&root.join(&file.path));
        match config.filter(|config| !config.file().starts_with(root)) {
            None => found.extend(shown?),
            Some(config) => {
                let names = shown?
                    .into_iter()
                    .map(|shown| (config.clone(), shown.finding.file));
                outside.extend(names);
            }
        }
    }
    for of_config in outside.chunk_by(|(one, _), (other, _)| one.file() == other.file()) {
        let (config, first) = &of_config[0];
        let number = match of_config.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        ui.warn(format_args!(
            "a creation rule of {} covers {first}{number} in plaintext; the hooks only refuse what a `.sops.yaml` in the repository covers",
            name_of(config.file())
        ));
    }
    for wrong in configs.wrong() {
        ui.warn(wrong.error.lines(0).join(" "));
    }
    Ok(found)
}

fn is_in_index(index: &Snapshot<'_>, file: &Path) -> bool {
    let inside = file.strip_prefix(index.root());
    inside.is_ok_and(|inside| index.contains(inside))
}
