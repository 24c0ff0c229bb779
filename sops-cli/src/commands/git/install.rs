//! `sops-rs git install` and `uninstall`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sops_lint::shell_path;

use super::attributes::block::Attributes;
use super::attributes::patterns;
use super::driver::{self, Driver, Setting};
use crate::command_error::{Code, CommandError, files_named, name_of, reason};
use crate::commands::resolve::unmerged_encrypted_files;
use crate::config::nearest::on_disk;
use crate::files::{self, Expected, Readers};
use crate::git::settings::{self, Scope};
use crate::git::{GitRepository, git, without_attributes};
use crate::repository_files::RepositoryFiles;
use crate::ui::Ui;

/// The file in the root of the repository.
pub(super) const FILE: &str = ".gitattributes";

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Set up all your clones, and leave this clone's settings and `.gitattributes` unchanged
    #[arg(long)]
    global: bool,
}

#[derive(clap::Args, Debug)]
pub(super) struct UninstallArgs {
    /// Remove the settings that `install --global` wrote, and leave this clone unchanged
    #[arg(long)]
    global: bool,
}

fn scope(is_global: bool) -> Scope {
    match is_global {
        true => Scope::User,
        false => Scope::Clone,
    }
}

pub(super) fn cmd_install(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let scope = scope(args.global);
    let repository = repository(scope)?;
    install(ui, scope, repository.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

/// The repository to set up; `None` with `--global`.
fn repository(scope: Scope) -> Result<Option<GitRepository>, CommandError> {
    match scope {
        Scope::Clone => Ok(Some(GitRepository::found(GitRepository::look_up()?)?)),
        Scope::User => Ok(None),
    }
}

fn install(ui: &Ui, scope: Scope, repository: Option<&GitRepository>) -> Result<(), CommandError> {
    let mut driver = Driver::of_this_program(scope)?;
    if let Err((link, error)) = driver.write_link() {
        ui.warn(format_args!(
            "cannot write the link {} ({}); `git log -p` will be slower without it",
            name_of(&link),
            reason(&error)
        ));
    }
    let is_new = write_settings(ui, scope, &driver.settings())?;
    match repository {
        None => {
            ui.note("The settings apply in every repository whose .gitattributes has `diff=sops merge=sops`; `sops-rs git install` in a repository writes those lines");
        }
        Some(repository) if repository.has_working_tree => {
            write_attributes(ui, &repository.root)?;
            for file in unmerged_encrypted_files(repository)? {
                let name = name_of(&file);
                ui.note(format_args!(
                    "{name} has a conflict; resolve it with `sops-rs resolve {}`",
                    shell_path(&name)
                ));
            }
            if is_new {
                ui.note("Run `sops-rs git install` in every other clone too. Clones without these settings, and websites such as GitHub, show and merge ciphertext as text");
            }
        }
        Some(_) => ui.note("This repository has no working tree, so no .gitattributes was written"),
    }
    Ok(())
}

/// Writes the settings, and returns whether that changed one.
fn write_settings(ui: &Ui, scope: Scope, settings: &[Setting]) -> Result<bool, CommandError> {
    let mut has_changed = false;
    for Setting { key, value } in settings {
        let old = settings::value_in(scope, key);
        if old.as_ref() == Some(value) {
            continue;
        }
        if let Some(old) = old.filter(|old| !driver::is_ours(key, old)) {
            ui.warn(format_args!("replacing `{key}`, which was `{old}`"));
        }
        settings::set(scope, key, value)?;
        has_changed = true;
    }
    let owner = match scope {
        Scope::Clone => "this clone",
        Scope::User => "your user",
    };
    let sections = "diff.sops, merge.sops and mergetool.sops";
    match has_changed {
        true => ui.note(format_args!("Wrote Git's settings for {owner}: {sections}")),
        false => ui.note(format_args!(
            "Git's settings for {owner} are complete: {sections}"
        )),
    }
    Ok(has_changed)
}

fn write_attributes(ui: &Ui, root: &Path) -> Result<(), CommandError> {
    let Some(old) = attributes(root)? else {
        ui.warn(".gitattributes is tracked, but missing from the working tree, and was not changed; restore it, and run `sops-rs git install` again");
        return Ok(());
    };
    let found = RepositoryFiles::find(root)?;
    let lines = Attributes::parse(&old);
    let mut patterns = patterns::chosen(&found, &lines, &[]);
    let mut new = write_lines(ui, root, &old, lines.with(&patterns))?;
    let mut uncovered = uncovered(root, &found.encrypted)?;
    if !uncovered.is_empty() {
        patterns = patterns::chosen(&found, &lines, &uncovered);
        new = write_lines(ui, root, &new, lines.with(&patterns))?;
        uncovered = self::uncovered(root, &found.encrypted)?;
    }
    let (number, encrypted) = (patterns.len(), found.encrypted.len());
    let plural = |number| if number == 1 { "" } else { "s" };
    if new != old {
        ui.note(format_args!(
            "Wrote {FILE}: {number} line{} for {encrypted} encrypted file{}; commit it",
            plural(number),
            plural(encrypted)
        ));
    }
    if !uncovered.is_empty() {
        return Err(overridden(root, &uncovered));
    }
    if new == old {
        match found.encrypted.is_empty() {
            true => ui.note(
                "The repository has no encrypted files yet; run `sops-rs git install` again after you add one",
            ),
            false => ui.note(format_args!("{FILE} is complete")),
        }
    }
    Ok(())
}

/// Replaces the content of the file, unless it is the same.
fn write_lines(ui: &Ui, root: &Path, old: &[u8], new: Vec<u8>) -> Result<Vec<u8>, CommandError> {
    let file = root.join(FILE);
    if new != old {
        let expected = match file.exists() {
            true => Expected::Content(old),
            false => Expected::Nothing,
        };
        files::write(ui, &file, &new, expected, Readers::Usual)?;
    }
    Ok(new)
}

/// The encrypted files to which Git does not give the attributes.
fn uncovered(root: &Path, encrypted: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let uncovered = without_attributes(root, encrypted, &["diff", "merge"], "sops")?;
    Ok(uncovered.into_iter().cloned().collect())
}

/// The error about files whose attributes another file overrides. Git prefers the lines of
/// directories below the root, and those of `info/attributes`, to ours.
fn overridden(root: &Path, uncovered: &[PathBuf]) -> CommandError {
    let others = other_attributes(root, uncovered);
    let files: Vec<String> = uncovered.iter().map(|file| name_of(file)).collect();
    let message = format!(
        "lines in {} override `diff=sops merge=sops` for encrypted files: {}",
        match others.is_empty() {
            true => "another file".to_owned(),
            false => others.join(" and "),
        },
        files_named(&files)
    );
    let hint = "change these lines, and run `sops-rs git install` again; `git check-attr diff merge -- FILE` prints what Git uses";
    CommandError::new(Code::Generic, message).hint(hint)
}

/// The files with attributes that Git prefers to ours, as far as they exist.
pub(super) fn other_attributes(root: &Path, uncovered: &[PathBuf]) -> Vec<String> {
    let mut others: Vec<String> = Vec::new();
    for directory in uncovered.iter().flat_map(|file| file.ancestors().skip(1)) {
        let other = directory.join(FILE);
        let is_other = directory != Path::new("") && root.join(&other).exists();
        if is_other && !others.contains(&name_of(&other)) {
            others.push(name_of(&other));
        }
    }
    let info = git(&["rev-parse", "--git-path", "info/attributes"]).unwrap_or_default();
    let info = String::from_utf8_lossy(info.trim_ascii_end()).into_owned();
    if Path::new(&info).exists() {
        others.push(info);
    }
    others
}

/// The content of the file; empty if the file does not exist, and `None` if it is tracked but
/// missing from the working tree.
fn attributes(root: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    let file = root.join(FILE);
    if file.is_symlink() {
        let message = format!("{} is a symbolic link, which Git ignores", name_of(&file));
        return Err(CommandError::new(Code::Generic, message).hint("replace it with a file"));
    }
    match on_disk(&file)? {
        Some(text) => Ok(Some(text)),
        None => {
            let tracked = git(&["ls-files", "-z", "--", ":(top,literal).gitattributes"])?;
            Ok(tracked.is_empty().then(Vec::new))
        }
    }
}

pub(super) fn cmd_uninstall(ui: &Ui, args: &UninstallArgs) -> Result<ExitCode, CommandError> {
    let scope = scope(args.global);
    let repository = repository(scope)?;
    let keys = driver::written_keys(scope);
    for key in &keys {
        settings::unset(scope, key)?;
    }
    let mut has_removed = !keys.is_empty();
    if has_removed {
        ui.note("Removed the settings diff.sops, merge.sops and mergetool.sops");
    }
    has_removed |= match repository {
        Some(repository) if repository.has_working_tree => remove_attributes(ui, &repository.root)?,
        Some(_) => false,
        None => remove_link(ui)?,
    };
    if !has_removed {
        ui.note("No settings or lines of sops-rs are installed");
    }
    Ok(ExitCode::SUCCESS)
}

fn remove_attributes(ui: &Ui, root: &Path) -> Result<bool, CommandError> {
    let Some(old) = attributes(root)? else {
        return Ok(false);
    };
    let attributes = Attributes::parse(&old);
    if !attributes.has_block {
        return Ok(false);
    }
    let file = root.join(FILE);
    let new = attributes.with(&[]);
    match new.is_empty() {
        true => {
            fs::remove_file(&file).map_err(|error| CommandError::output(name_of(&file), &error))?
        }
        false => files::write(ui, &file, &new, Expected::Content(&old), Readers::Usual)?,
    }
    ui.note(format_args!("Removed the lines of sops-rs from {FILE}"));
    Ok(true)
}

/// Removes the link of the user's settings.
fn remove_link(ui: &Ui) -> Result<bool, CommandError> {
    let Some(link) = driver::link(Scope::User).filter(|link| link.is_symlink()) else {
        return Ok(false);
    };
    fs::remove_file(&link).map_err(|error| CommandError::output(name_of(&link), &error))?;
    // Directories that have other files stay.
    for directory in link.ancestors().skip(1).take(2) {
        let _ = fs::remove_dir(directory);
    }
    ui.note(format_args!("Removed {}", name_of(&link)));
    Ok(true)
}
