//! `sops-rs refs`. `places.rs` finds the names of Secrets in a document, and `tree.rs` reads the
//! manifests.

mod places;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use sops_lint::shell_word;

use self::places::SecretName;
use self::tree::{LocatedName, ManifestTree};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs refs secret/db
  sops-rs refs --namespace web db clusters
  sops-rs refs --unused";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The Secret, as `NAME` or `secret/NAME`
    #[arg(value_name = "SECRET", required_unless_present = "unused", value_parser = secret_name)]
    secret: Option<String>,
    /// Files and directories [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Leave out references in other namespaces
    #[arg(long, short, value_name = "NAMESPACE", conflicts_with = "unused")]
    namespace: Option<String>,
    /// List the Secrets that nothing refers to
    ///
    /// All arguments are then files and directories.
    #[arg(long)]
    unused: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The name of a Secret, without its kind.
fn secret_name(text: &str) -> Result<String, String> {
    let name = match text.split_once('/') {
        Some(("secret" | "secrets" | "Secret", name)) => name,
        Some(_) => return Ok(text.to_owned()),
        None => text,
    };
    match name {
        "" => Err("the name is empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// A line of the output.
#[derive(Serialize)]
struct Line<'t> {
    file: &'t str,
    line: usize,
    /// The object that contains the name, as `Kind/name`; `None` in a file of values.
    object: Option<&'t str>,
    name: &'t str,
    namespace: Option<&'t str>,
    /// The key path of the name.
    path: &'t str,
}

pub(crate) fn cmd_refs(ui: &Ui, args: &Args) -> Result<ExitCode, CommandError> {
    let paths = paths(args);
    let tree = ManifestTree::read(paths.iter().map(PathBuf::as_path))?;
    tree.note_unread(ui);
    if args.unused {
        let unused = tree.unused();
        print(ui, args.json, &unused)?;
        return Ok(match unused.is_empty() {
            true => {
                ui.note("No unused Secrets in these files");
                ExitCode::SUCCESS
            }
            false => ExitCode::from(1),
        });
    }
    let wanted = SecretName {
        name: args.secret.clone().unwrap_or_default(),
        namespace: args.namespace.clone(),
    };
    if let Some(named) = args
        .secret
        .as_deref()
        .filter(|name| Path::new(name).is_file())
    {
        return Err(is_file(named)?);
    }
    let references = tree.references_to(&wanted);
    print(ui, args.json, &references)?;
    Ok(match references.is_empty() {
        true => {
            ui.note(format_args!(
                "Nothing in these files refers to the Secret {}",
                wanted.name
            ));
            ExitCode::from(1)
        }
        false => ExitCode::SUCCESS,
    })
}

/// The error for a file where the name of a Secret is expected.
fn is_file(path: &str) -> Result<CommandError, CommandError> {
    let manifests = ManifestTree::read(std::iter::once(Path::new(path)))?;
    let mut names = manifests.defined();
    let name = names.next().unwrap_or("NAME");
    let message = format!(
        "{} is a file; expected the name of a Secret",
        name_of(Path::new(path))
    );
    let error = CommandError::new(Code::Generic, message);
    Ok(error.hint(format!("run `sops-rs refs {}`", shell_word(name))))
}

/// The files and directories to read.
fn paths(args: &Args) -> Vec<PathBuf> {
    let first = args.secret.iter().filter(|_| args.unused);
    let all: Vec<PathBuf> = first
        .map(PathBuf::from)
        .chain(args.paths.iter().cloned())
        .collect();
    match all.is_empty() {
        true => vec![Path::new(".").to_owned()],
        false => all,
    }
}

fn print(ui: &Ui, json: bool, names: &[&LocatedName]) -> Result<(), CommandError> {
    let lines = names.iter().map(|name| Line {
        file: &name.file,
        line: name.line,
        object: name.place.object.as_deref(),
        name: &name.place.secret.name,
        namespace: name.place.secret.namespace.as_deref(),
        path: &name.place.path,
    });
    if json {
        let lines: Vec<Line<'_>> = lines.collect();
        let text = serde_json::to_string_pretty(&lines).expect("lines have only strings as keys");
        return ui.output(format!("{text}\n").as_bytes());
    }
    for line in lines {
        let object = line.object.map(|object| format!("{object} "));
        ui.print(format_args!(
            "{}:{}: {}{}",
            line.file,
            line.line,
            object.unwrap_or_default(),
            line.path
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_named_with_or_without_its_kind() {
        for (text, name) in [("db", "db"), ("secret/db", "db"), ("secrets/db", "db")] {
            assert_eq!(secret_name(text).as_deref(), Ok(name), "{text}");
        }
        assert!(secret_name("secret/").is_err());
        // With `--unused`, the first argument is a path.
        assert_eq!(secret_name("apps/web").as_deref(), Ok("apps/web"));
    }
}
