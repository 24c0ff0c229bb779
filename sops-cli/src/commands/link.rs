//! `sops-rs link`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command_error::{Code, CommandError, name_of};
use crate::own_program::{directories, is_same, program, replace};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs link                        # in ~/.local/bin
  sops-rs link --force bin";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Directory for the link [default: ~/.local/bin]
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
            return Err(CommandError::new(Code::CannotWriteOutput, message)
                .hint("remove it, or pass another directory for the link"));
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
            .hint("pass a directory: `sops-rs link DIRECTORY`")
    })?;
    Ok(home.join(".local/bin"))
}

fn is_ours(link: &Path, program: &Path) -> bool {
    let target = fs::read_link(link);
    target.is_ok_and(|target| target.file_name() == Some("sops-rs".as_ref()))
        || is_same(link, program) && link.is_symlink()
}

/// Warns if `sops` on the PATH is another program, or none.
fn warn_of_path(ui: &Ui, directory: &Path) {
    let first = directories().find(|directory| directory.join(NAME).is_file());
    match first {
        Some(first) if is_same(&first, directory) => {}
        Some(first) => ui.warn(format_args!(
            "{} comes first on the PATH, so programs that call `sops` still run it; put {} before {} on the PATH",
            name_of(&first.join(NAME)),
            name_of(directory),
            name_of(&first)
        )),
        None => ui.warn(format_args!(
            "{} is not on the PATH; add it, so that programs that call `sops` find the link",
            name_of(directory)
        )),
    }
}
