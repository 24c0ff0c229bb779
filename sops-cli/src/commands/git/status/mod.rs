//! `sops-rs git status`: missing settings, and plaintext that Git stores. `settings.rs` checks the
//! settings and refs, which the hooks and the lint do too; `coverage.rs` checks the attributes of
//! the encrypted files, and `access.rs` whether the user's keys decrypt them.

mod access;
mod coverage;
mod problem;
mod settings;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use sops_core::document::merge_conflict;
use sops_lint::shell_path;

use self::access::Access;
use self::problem::Problem;
use super::driver::TEXTCONV;
use super::install::FILE;
use super::textconv::{IN_CI, is_ci_without_consent};
use crate::command_error::{Code, CommandError, files_named, name_of};
use crate::commands::resolve::conflicting_files;
use crate::config::nearest::on_disk;
use crate::git::settings::{Scope, value_in};
use crate::git::{GitRepository, git};
use crate::input::read_repository_file;
use crate::lint::judge::relative;
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Print the problems as JSON
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Serialize)]
struct Report<'r> {
    encrypted_files: usize,
    /// How many encrypted files can be decrypted with the keys that Git uses.
    decryptable_files: usize,
    problems: &'r [Problem],
    /// Problems that `install` cannot fix.
    warnings: &'r [Problem],
}

pub(super) fn cmd_status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    status(ui, args).map_err(|error| error.with_code(Code::CannotReadInput))
}

fn status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let mut problems = settings::problems()?;
    let (mut encrypted, mut in_plaintext) = (Vec::new(), None);
    if repository.has_working_tree {
        let coverage = coverage::of(&repository.root)?;
        encrypted = coverage.encrypted;
        problems.extend(coverage.problem);
        problems.extend(broken_attributes(&repository));
        in_plaintext = coverage.plaintext;
    }
    let access = Access::of(&repository.root, &encrypted);
    let mut warnings = Vec::from_iter(access.warning());
    warnings.extend(in_plaintext);
    warnings.extend(in_ci());
    warnings.extend(access.altered());
    warnings.extend(conflicts(&repository, &encrypted)?);
    warnings.extend(broken_configurations(&repository)?);
    if args.json {
        let report = Report {
            encrypted_files: encrypted.len(),
            decryptable_files: access.decryptable,
            problems: &problems,
            warnings: &warnings,
        };
        let json = serde_json::to_string_pretty(&report);
        let json = json.expect("strings and numbers can be written as JSON");
        ui.output(format!("{}\n", sops_printable::escaped_json(&json)).as_bytes())?;
    } else {
        ui.errors(problems.iter().map(Problem::error).collect());
        for warning in &warnings {
            ui.warn(format_args!("{}; {}", warning.message, warning.help));
        }
        if problems.is_empty() {
            ui.print(format_args!(
                "This clone is set up: {}",
                summary(encrypted.len(), &access)
            ))?;
        }
    }
    Ok(match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The warning that `git diff` shows ciphertext because of the variable `CI`.
fn in_ci() -> Option<Problem> {
    is_ci_without_consent().then(|| {
        Problem::new(
            "ci",
            "the variable `CI` is set, so Git shows ciphertext",
            format!("`git config {IN_CI} true` allows plaintext in the output"),
        )
    })
}

/// The problem that `.gitattributes` has conflict markers, because both sides of a merge added
/// lines.
fn broken_attributes(repository: &GitRepository) -> Option<Problem> {
    let text = read_repository_file(&repository.root.join(FILE)).ok()?;
    merge_conflict(&text).map(|_| {
        Problem::new(
            "attributes-conflict",
            format!("{FILE} has conflict markers"),
            "run `sops-rs git install`, which writes its lines again, and resolve conflicts in other lines by hand",
        )
    })
}

/// The warning about encrypted files with conflicts.
fn conflicts(
    repository: &GitRepository,
    encrypted: &[PathBuf],
) -> Result<Option<Problem>, CommandError> {
    let files = conflicting_files(repository, encrypted)?;
    let files: Vec<String> = files.iter().map(|file| name_of(file)).collect();
    let Some(first) = files.first() else {
        return Ok(None);
    };
    let help = format!(
        "resolve each of them, for example with `sops-rs resolve {}`",
        shell_path(first)
    );
    let message = format!("encrypted files have conflicts: {}", files_named(&files));
    Ok(Some(Problem {
        files,
        ..Problem::new("conflicts", message, help)
    }))
}

/// The warning about configurations with conflict markers, which no command can read.
fn broken_configurations(repository: &GitRepository) -> Result<Option<Problem>, CommandError> {
    let pathspecs = [":(top,literal).sops.yaml", ":(top,glob)**/.sops.yaml"];
    let list = [&["ls-files", "--full-name", "-z", "--"][..], &pathspecs].concat();
    let list = git(&list)?;
    let paths = list
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty());
    let mut paths: Vec<&Path> = paths
        .map(|path| Path::new(OsStr::from_bytes(path)))
        .collect();
    paths.dedup();
    paths.retain(|path| {
        let content = read_repository_file(&repository.root.join(path));
        content.is_ok_and(|content| merge_conflict(&content).is_some())
    });
    let files = paths
        .iter()
        .map(|path| name_of(&relative(path, &repository.called_in)));
    let files: Vec<String> = files.collect();
    if files.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "configurations have conflict markers: {}",
        files_named(&files)
    );
    Ok(Some(Problem {
        files,
        ..Problem::new(
            "configuration-conflict",
            message,
            "resolve these conflicts before those of the encrypted files; keep the recipients that either side added, and delete those that either side removed",
        )
    }))
}

/// The summary for a clone without problems.
fn summary(encrypted_files: usize, access: &Access) -> String {
    let (have, them) = match encrypted_files {
        0 => return "the repository has no encrypted files yet".to_owned(),
        1 => (
            "the encrypted file has its line in .gitattributes".to_owned(),
            "it",
        ),
        number => (
            format!("all {number} encrypted files have their lines in .gitattributes"),
            "them",
        ),
    };
    match &access.closed[..] {
        [] if access.decryptable == encrypted_files => {
            format!("{have}, and your keys can decrypt {them}")
        }
        // The others have conflict markers, or are not in the working tree.
        [] => have,
        // A warning already says so.
        _ if access.decryptable == 0 => have,
        closed => format!("{have}; your keys cannot decrypt {}", files_named(closed)),
    }
}

/// Warns if Git would show or merge encrypted files as text although the repository or the clone is
/// set up for sops-rs, and if Git stores plaintext. CI runs no merges, so only the second warning
/// appears there.
pub(crate) fn warn(ui: &Ui, root: &Path) {
    warn_about(ui, root, is_set_up(root), None);
}

/// Like [`warn`], but only in a clone that is set up, and only about the changed files in the
/// index, because the user is waiting for the hook.
pub(crate) fn warn_in_hook(ui: &Ui, root: &Path, changed: &[&Path]) {
    if is_set_up(root) {
        warn_about(ui, root, true, Some(changed));
    }
}

fn warn_about(ui: &Ui, root: &Path, is_set_up: bool, changed: Option<&[&Path]>) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty());
    let is_set_up = is_set_up && !is_ci;
    let problems = settings::problems().unwrap_or_default();
    for problem in &problems {
        if problem.kind == settings::CACHE || is_set_up {
            ui.warn(format_args!("{}; {}", problem.message, problem.help));
        }
    }
    if !is_set_up
        || problems
            .iter()
            .any(|problem| problem.kind != settings::CACHE)
    {
        return;
    }
    let uncovered = match coverage::uncovered(root, changed) {
        0 => return,
        1 => "1 encrypted file has".to_owned(),
        number => format!("{number} encrypted files have"),
    };
    ui.warn(format_args!(
        "{uncovered} no line in .gitattributes, so Git shows and merges ciphertext as text; run `sops-rs git install`"
    ));
}

/// Whether `.gitattributes` names a driver like ours, or this clone has its settings.
fn is_set_up(root: &Path) -> bool {
    names_driver(root) || value_in(Scope::Clone, TEXTCONV).is_some()
}

/// Whether `.gitattributes` names a driver like ours.
fn names_driver(root: &Path) -> bool {
    let text = on_disk(&root.join(FILE)).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    ["diff=sops", "merge=sops"]
        .iter()
        .any(|attribute| text.contains(attribute))
}
