//! `sops-rs git status`: missing settings, and plaintext that Git stores. `settings.rs` checks the
//! settings and refs, which the hooks and the lint do too; `coverage.rs` checks the attributes of
//! the encrypted files.

mod coverage;
mod problem;
mod settings;

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use self::problem::Problem;
use super::install::FILE;
use crate::command_error::{Code, CommandError};
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
    problems: &'r [Problem],
}

pub(super) fn cmd_status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    status(ui, args).map_err(|error| error.with_code(Code::CannotReadInput))
}

fn status(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let mut problems = settings::problems()?;
    let mut encrypted_files = 0;
    if repository.has_working_tree {
        let coverage = coverage::of(&repository.root)?;
        encrypted_files = coverage.encrypted_files;
        problems.extend(coverage.problem);
    }
    if args.json {
        let report = Report {
            encrypted_files,
            problems: &problems,
        };
        let json = serde_json::to_string_pretty(&report);
        let json = json.expect("strings and numbers can be written as JSON");
        ui.output(format!("{}\n", sops_printable::escaped_json(&json)).as_bytes())?;
    } else {
        ui.errors(problems.iter().map(Problem::error).collect());
        if problems.is_empty() {
            let files = match encrypted_files {
                0 => "the repository has no encrypted files yet".to_owned(),
                1 => "the encrypted file has its attributes".to_owned(),
                number => format!("all {number} encrypted files have their attributes"),
            };
            ui.print(format_args!("This clone is set up: {files}"))?;
        }
    }
    Ok(match problems.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
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
