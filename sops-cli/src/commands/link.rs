//! `sops-rs link`.

use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs link                        # in ~/.local/bin
  sops-rs link --force bin";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The directory to create the link in [default: ~/.local/bin]
    #[arg(value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Replace a file named `sops` that is not a link to sops-rs
    #[arg(long)]
    force: bool,
}

/// The name of the link.
const NAME: &str = "sops";

pub(crate) fn cmd_link(ui: &Ui, args: &Args) -> Result<(), CommandError> {
    let directory = directory(args)?;
    let link = directory.join(NAME);
    let program = program()?;
    fs::create_dir_all(&directory)
        .map_err(|error| CommandError::output(name_of(&directory), &error))?;
    match fs::symlink_metadata(&link) {
        Ok(metadata) if metadata.is_dir() => {
            let message = format!("{} is a directory", name_of(&link));
            return Err(CommandError::new(Code::CannotWriteOutput, message));
        }
        Ok(_) if !args.force && !is_ours(&link, &program) => {
            let message = format!("{} exists and is not a link to sops-rs", name_of(&link));
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("to replace it, add `--force`"));
        }
        _ => {}
    }
    replace(&link, &program).map_err(|error| CommandError::output(name_of(&link), &error))?;
    ui.note(format_args!(
        "{} now runs {}",
        name_of(&link),
        name_of(&program)
    ));
    warn_of_path(ui, &directory);
    Ok(())
}

fn directory(args: &Args) -> Result<PathBuf, CommandError> {
    if let Some(directory) = &args.directory {
        return Ok(directory.clone());
    }
    let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let home = home.ok_or_else(|| {
        CommandError::new(Code::Generic, "the home directory is unknown")
            .hint("name a directory: `sops-rs link DIRECTORY`")
    })?;
    Ok(home.join(".local/bin"))
}

/// The path of this program: the one on the PATH, which stays the same when a package manager
/// installs another version.
fn program() -> Result<PathBuf, CommandError> {
    let own = env::current_exe()
        .and_then(fs::canonicalize)
        .map_err(|error| CommandError::input("the path of this program", &error))?;
    let is_own = |file: &PathBuf| file.is_absolute() && is_same(file, &own);
    let candidates = directories().map(|directory| directory.join("sops-rs"));
    Ok(candidates.into_iter().find(is_own).unwrap_or(own))
}

/// The directories of the PATH.
fn directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn is_same(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}

/// Whether it is a link to this program, or to a program with its name that may no longer exist.
fn is_ours(link: &Path, program: &Path) -> bool {
    let target = fs::read_link(link);
    target.is_ok_and(|target| target.file_name() == Some("sops-rs".as_ref()))
        || is_same(link, program) && link.is_symlink()
}

/// Atomically replaces a file with the link's name by the link.
fn replace(link: &Path, program: &Path) -> io::Result<()> {
    let mut attempt = 0_u32;
    let temporary = loop {
        let name = format!(".{NAME}-link-{}-{attempt}", std::process::id());
        let temporary = link.with_file_name(name);
        match symlink(program, &temporary) {
            Ok(()) => break temporary,
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
        }
    };
    let renamed = fs::rename(&temporary, link);
    // Renaming a link over another one to the same file may leave both.
    let _ = fs::remove_file(&temporary);
    renamed
}

/// Warns if a shell would not find the link, or would find another program first.
fn warn_of_path(ui: &Ui, directory: &Path) {
    let first = directories().find(|directory| directory.join(NAME).is_file());
    match first {
        Some(first) if is_same(&first, directory) => {}
        Some(first) => ui.warn(format_args!(
            "{} comes first on the PATH",
            name_of(&first.join(NAME))
        )),
        None => ui.warn(format_args!("{} is not on the PATH", name_of(directory))),
    }
}
