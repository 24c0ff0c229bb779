//! `sops-rs diff`: shows by key path how encrypted files differ. `version.rs` reads and opens a
//! version of a file, `report.rs` and `arrangement.rs` compare two, and `text.rs` and `json.rs`
//! print the result, with the names of recipients from `names.rs`.

mod arrangement;
mod json;
mod names;
mod report;
mod text;
mod version;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use self::report::{Comparer, FileReport};
use self::text::TextReport;
use self::version::{Version, Versions};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError};
use crate::config::working_dir::working_dir;
use crate::git::{ChangedFile, Compared, FileVersion, GitRepository, Objects};
use crate::keys::services::Services;
use crate::parallel::{self, ItemsPerThread};
use crate::recipient_edit::RecipientNames;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs diff                        # what is not staged yet
  sops-rs diff --names-only HEAD
  sops-rs diff --recipients HEAD      # who was added or removed";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Up to two revisions or a range such as `main..topic`, then files and directories
    #[arg(value_name = "REVISION|PATH")]
    words: Vec<PathBuf>,
    /// Files and directories
    #[arg(value_name = "PATH", last = true)]
    paths: Vec<PathBuf>,
    /// Compare the index with the last commit, or with the revision that you name
    #[arg(long, visible_alias = "staged")]
    cached: bool,
    /// Compare two files, without Git
    #[arg(long, conflicts_with = "cached")]
    no_index: bool,
    /// Print only the key paths that differ
    #[arg(long)]
    names_only: bool,
    /// Compare only recipients and selection rules; this needs no private key
    #[arg(long, conflicts_with = "names_only")]
    recipients: bool,
    /// Print secret values [default: only in text on a terminal]
    #[arg(long, conflicts_with_all = ["names_only", "recipients"])]
    show_values: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputForm,
    /// Exit with 1 if there are differences; `--quiet` does so too, and prints nothing
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    #[default]
    Text,
    Json,
}

pub(crate) fn cmd_diff(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    // The code 1 means a difference.
    diff(ui, globals, args).map_err(|error| error.with_code(Code::CannotReadInput))
}

fn diff(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<ExitCode, CommandError> {
    let services = Services::new(ui, globals)?;
    let is_text_on_terminal = args.format == OutputForm::Text && std::io::stdout().is_terminal();
    let comparer = Comparer {
        keys: services.all(),
        compares_values: !args.recipients,
        shows_secrets: args.show_values || is_text_on_terminal && !args.names_only,
        shows_values: !args.names_only,
    };
    let (reports, names) = match args.no_index {
        true => {
            services.contact_servers_of_named_files();
            let versions = two_files(args)?;
            let report = comparer.compare(&versions, true);
            (vec![report], names::names(&working_dir()?, &[versions]))
        }
        false => in_repository(&comparer, args)?,
    };
    let reports: Vec<FileReport> = reports.into_iter().flatten().collect();
    if !globals.quiet {
        let output = match args.format {
            OutputForm::Text => TextReport {
                names_only: args.names_only,
                joins_equal: args.recipients,
                names: &names,
            }
            .written(&reports),
            OutputForm::Json => json::written(&reports),
        };
        ui.output(output.as_bytes())?;
    }
    let is_failure = (args.exit_code || globals.quiet) && !reports.is_empty();
    Ok(match is_failure {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn two_files(args: &Args) -> Result<Versions, CommandError> {
    let files: Vec<&PathBuf> = args.words.iter().chain(&args.paths).collect();
    let [old, new] = files[..] else {
        let message = "`--no-index` compares two files";
        return Err(CommandError::new(Code::CannotReadInput, message)
            .hint("pass both: `sops-rs diff --no-index OLD NEW`"));
    };
    Ok(Versions {
        old: Version::of_file(old)?,
        new: Version::of_file(new)?,
        is_unmerged: false,
    })
}

fn in_repository(
    comparer: &Comparer,
    args: &Args,
) -> Result<(Vec<Option<FileReport>>, RecipientNames), CommandError> {
    let repository = GitRepository::found(GitRepository::look_up()?)?;
    let compared = Compared::read(&args.words, &args.paths, args.cached)?;
    let files = compared.files()?;
    let objects = Objects::open()?;
    let versions = files
        .iter()
        .map(|file| versions(&repository.root, &objects, file));
    let versions = versions.collect::<Result<Vec<Versions>, CommandError>>()?;
    let reports = parallel::map(&versions, ItemsPerThread::Many, |versions| {
        comparer.compare(versions, false)
    });
    Ok((reports, names::names(&repository.root, &versions)))
}

fn versions(root: &Path, objects: &Objects, file: &ChangedFile) -> Result<Versions, CommandError> {
    let version = |version: &Option<FileVersion>| match version {
        None => Ok(Version::missing()),
        Some(FileVersion {
            path,
            blob: Some(id),
            is_in_working_tree,
        }) if !is_in_working_tree || !exists(root, path) => Version::in_commit(objects, path, id),
        Some(FileVersion { path, .. }) => Version::in_working_tree(root, path),
    };
    Ok(Versions {
        old: version(&file.old)?,
        new: version(&file.new)?,
        is_unmerged: file.is_unmerged,
    })
}

/// Whether the file exists in the working tree. Files that a sparse checkout leaves out are
/// compared too.
fn exists(root: &Path, path: &Path) -> bool {
    root.join(path).symlink_metadata().is_ok()
}
