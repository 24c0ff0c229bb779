//! `sops-rs git status`: missing settings, and plaintext that Git stores. `settings.rs` checks the
//! settings and refs, which the hooks and the lint do too; `coverage.rs` checks the attributes of
//! the encrypted files, and `access.rs` whether the user's keys decrypt them.

mod access;
mod coverage;
mod problem;
mod settings;

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use self::access::Access;
use self::problem::Problem;
use super::install::FILE;
use crate::command_error::{Code, CommandError, files_named};
use crate::config::nearest::on_disk;
use crate::git::GitRepository;
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
    /// How many of them the keys decrypt that Git uses.
    decryptable_files: usize,
    problems: &'r [Problem],
    /// What `install` cannot fix.
    warnings: &'r [Problem],
}

pub(super) fn cmd_status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    status(ui, args).map_err(|error| error.with_code(Code::CannotReadInput))
}

fn status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let mut problems = settings::problems()?;
    let mut encrypted = Vec::new();
    if repository.has_working_tree {
        let coverage = coverage::of(&repository.root)?;
        encrypted = coverage.encrypted;
        problems.extend(coverage.problem);
    }
    let access = Access::of(&repository.root, &encrypted);
    let warnings = Vec::from_iter(access.warning());
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

/// The summary for a clone without problems.
fn summary(encrypted_files: usize, access: &Access) -> String {
    let (have, them) = match encrypted_files {
        0 => return "the repository has no encrypted files yet".to_owned(),
        1 => ("the encrypted file has its attributes".to_owned(), "it"),
        number => (
            format!("all {number} encrypted files have their attributes"),
            "them",
        ),
    };
    match &access.closed[..] {
        [] if access.decryptable == encrypted_files => {
            format!("{have}, and your keys decrypt {them}")
        }
        // The others have conflict markers, or are not in the working tree.
        [] => have,
        // A warning says so.
        _ if access.decryptable == 0 => have,
        closed => format!("{have}; your keys do not decrypt {}", files_named(closed)),
    }
}

/// Warns if Git would show or merge encrypted files as text although `.gitattributes` names
/// sops-rs, and if it stores plaintext. CI runs no merges.
pub(crate) fn warn(ui: &Ui, root: &Path) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty());
    let is_set_up = !is_ci && names_driver(root);
    for problem in settings::problems().unwrap_or_default() {
        if problem.kind == settings::CACHE || is_set_up {
            ui.warn(format_args!("{}; {}", problem.message, problem.help));
        }
    }
}

/// Like [`warn`], but only where `.gitattributes` names a driver like ours: a user waits for the
/// hook.
pub(crate) fn warn_in_hook(ui: &Ui, root: &Path) {
    if names_driver(root) {
        warn(ui, root);
    }
}

/// Whether `.gitattributes` names a driver like ours.
fn names_driver(root: &Path) -> bool {
    let text = on_disk(&root.join(FILE)).ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    ["diff=sops", "merge=sops"]
        .iter()
        .any(|attribute| text.contains(attribute))
}
