//! Checks files that are covered by a `.sops.yaml` that is untracked or has changes that are not
//! staged. `sops-rs encrypt` uses that configuration, so users rely on it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sops_lint::{Finding, Tree};

use crate::command_error::{CommandError, name_of};
use crate::config::nearest::{CONFIG_FILE, NearestConfigs, on_disk};
use crate::git::TrackedFile;
use crate::lint::judge::Judge;
use crate::parallel::{self, ItemsPerThread};
use crate::ui::Ui;

/// The files that an untracked configuration in the working tree covers, with the findings in them.
/// Files that a configuration above the repository covers only cause a warning, because that
/// configuration may be meant for other directories.
///
/// Given the path of a configuration relative to the root, `is_settled` says whether Git's version
/// of it counts instead.
pub(super) fn shown<'f>(
    ui: &Ui,
    judge: &Judge<'_>,
    is_settled: impl Fn(&Path) -> bool,
    files: &[&'f TrackedFile],
) -> Result<Vec<(&'f TrackedFile, Vec<Finding>)>, CommandError> {
    let snapshot = judge.snapshot;
    let root = snapshot.root();
    let above = root.ancestors().skip(1).map(Path::to_owned);
    let inside = files.iter().flat_map(|file| file.path.ancestors().skip(1));
    let inside: BTreeSet<&Path> = inside.collect();
    let inside = inside.into_iter().map(|directory| root.join(directory));
    let is_untracked = |directory: &PathBuf| {
        let file = directory.join(CONFIG_FILE);
        let inside = file.strip_prefix(root);
        !inside.is_ok_and(&is_settled) && file.exists()
    };
    let directories: BTreeSet<PathBuf> = inside.chain(above).filter(is_untracked).collect();
    if directories.is_empty() {
        return Ok(Vec::new());
    }
    let is_of_disk = |file: &Path| {
        let directory = file.parent();
        directory.is_some_and(|directory| directories.contains(directory))
    };
    let configs = NearestConfigs::new(Path::new("/"), |path| match is_of_disk(path) {
        true => on_disk(path),
        false => snapshot.read_file(path),
    });
    let is_governed = |file: &&&TrackedFile| {
        let path = root.join(&file.path);
        let nearest = configs.nearest(&path).ok().flatten();
        let mut both = [nearest, configs.of(&path)].into_iter();
        both.all(|config| config.is_some_and(|config| is_of_disk(config.file())))
    };
    let files: Vec<&'f TrackedFile> = files.iter().filter(is_governed).copied().collect();
    let mut files_with_findings = Vec::new();
    let mut outside = Vec::new();
    for (file, shown) in files
        .iter()
        .zip(parallel::map(&files, ItemsPerThread::Many, |file| {
            judge.shown_by_untracked(file, &configs)
        }))
    {
        let config = configs.of(&root.join(&file.path));
        match config.filter(|config| !config.file().starts_with(root)) {
            None => files_with_findings.push((*file, shown?)),
            Some(config) => {
                let names = shown?.into_iter().map(|shown| (config.clone(), shown.file));
                outside.extend(names);
            }
        }
    }
    for of_config in outside.chunk_by(|(left, _), (right, _)| left.file() == right.file()) {
        let (config, first) = &of_config[0];
        let number = match of_config.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        ui.warn(format_args!(
            "a creation rule in {} covers plaintext: {first}{number}; the hooks refuse only files that a `.sops.yaml` in the repository covers",
            name_of(config.file())
        ));
    }
    for wrong in configs.wrong() {
        ui.warn(wrong.error.lines(0).join(" "));
    }
    Ok(files_with_findings)
}
