//! `sops-rs render`: manifests with placeholders for their encrypted values, for checks without a
//! key.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use sops_core::tree::Node;
use sops_core::{CIPHERTEXT_PREFIX, Format, encrypted_format, format_of_encrypted};
use sops_placeholder::{is_object, render_file, render_trees, to_yaml};

use crate::arguments::GlobalArgs;
use crate::batch::{self, BatchFile};
use crate::command_error::{Code, CommandError, Role, name_of};
use crate::config::nearest::CONFIG_FILE;
use crate::files::{self, Expected, Readers};
use crate::input::{read_manifest, read_repository_file};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs render apps > rendered.yaml
  sops-rs render --output-dir rendered apps
  kustomize build apps | sops-rs render -";

/// API groups of objects that kustomize consumes during a build, and that no API server knows.
const BUILD_GROUPS: [&str; 2] = ["kustomize.config.k8s.io/", "krm.sops-rs/"];

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files, directories, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Write all files to this new directory instead, at the same paths
    ///
    /// Files that are not encrypted are copied, except `.sops.yaml`, so that you can run `kustomize
    /// build` there.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

pub(crate) fn cmd_render(ui: &Ui, _: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let is_stream = |path: &&PathBuf| path.as_os_str() == "-";
    let named = args.paths.iter().filter(|path| !is_stream(path));
    let items = batch::items(named.map(PathBuf::as_path), batch::Leftovers::Keep)?;
    let has_stream = args.paths.iter().any(|path| is_stream(&path));
    match &args.output_dir {
        Some(_) if has_stream => Err(CommandError::new(
            Code::ConflictingParameters,
            "`--output-dir` needs files: standard input has no path",
        )),
        Some(directory) => write_tree(ui, directory, &items),
        None => write_stream(ui, &items, has_stream),
    }
}

/// Prints the objects of all files.
fn write_stream(ui: &Ui, items: &[BatchFile], has_stream: bool) -> Result<(), CommandError> {
    let mut trees = Vec::new();
    let mut errors = Vec::new();
    if has_stream {
        let name = "standard input";
        let bytes = read_manifest(io::stdin().lock());
        let bytes = bytes.map_err(|error| CommandError::input(name, &error))?;
        trees.extend(rendered(name, &bytes, Format::Yaml)?);
    }
    for item in items {
        match manifests(item) {
            Ok(read) => trees.extend(read),
            Err(error) if item.is_found && !error.is_of_encrypted => ui.warn(format_args!(
                "{} was left out: {}",
                name_of(&item.path),
                error.error.message()
            )),
            Err(error) => errors.push(error.error),
        }
    }
    finish(ui, errors, items.len())?;
    ui.output(to_yaml(&trees).as_bytes())
}

/// Why the manifests of a file cannot be rendered.
struct RenderError {
    error: CommandError,
    /// Whether the file has encrypted values, so that leaving it out would hide something.
    is_of_encrypted: bool,
}

/// The objects of a file. If the user named the file, every document must be an object.
fn manifests(item: &BatchFile) -> Result<Vec<Node>, RenderError> {
    let name = name_of(&item.path);
    let is_manifest = matches!(Format::from_path(&item.path), Format::Yaml | Format::Json);
    if !is_manifest && item.is_found {
        return Ok(Vec::new());
    }
    let bytes = read(item).map_err(|error| RenderError {
        error,
        is_of_encrypted: true,
    })?;
    let format = match is_manifest {
        true => format_of_encrypted(&item.path, &bytes),
        false => encrypted_format(&bytes).unwrap_or(Format::Yaml),
    };
    let mut trees = rendered(&name, &bytes, format).map_err(|error| RenderError {
        error,
        is_of_encrypted: is_like_encrypted(&bytes),
    })?;
    if item.is_found {
        trees.retain(is_deployed);
    }
    Ok(trees)
}

fn is_like_encrypted(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(CIPHERTEXT_PREFIX)
}

fn is_deployed(tree: &Node) -> bool {
    let version = tree.get("apiVersion").and_then(Node::as_str);
    let is_of_build = |version: &str| BUILD_GROUPS.iter().any(|group| version.starts_with(group));
    is_object(tree) && !version.is_some_and(is_of_build)
}

fn read(item: &BatchFile) -> Result<Vec<u8>, CommandError> {
    let bytes = match item.is_found {
        true => read_repository_file(&item.path),
        false => fs::File::open(&item.path).and_then(read_manifest),
    };
    bytes.map_err(|error| CommandError::input(name_of(&item.path), &error))
}

fn rendered(name: &str, bytes: &[u8], format: Format) -> Result<Vec<Node>, CommandError> {
    let trees = render_trees(bytes, format)
        .map_err(|error| CommandError::in_text(error, name, bytes, format, Role::Encrypted))?;
    let is_empty = |tree: &Node| matches!(tree, Node::Mapping(entries) if entries.is_empty());
    let trees = trees.0.into_iter().filter(|tree| !is_empty(tree));
    Ok(trees.collect())
}

/// Writes all files to a directory.
fn write_tree(ui: &Ui, directory: &Path, items: &[BatchFile]) -> Result<(), CommandError> {
    require_new(directory)?;
    let mut errors = Vec::new();
    let mut encrypted = 0;
    let is_rendered = |item: &&BatchFile| !item.path.ends_with(CONFIG_FILE);
    let items: Vec<&BatchFile> = items.iter().filter(is_rendered).collect();
    for item in &items {
        match write_file(ui, directory, item) {
            Ok(is_encrypted) => encrypted += usize::from(is_encrypted),
            Err(error) => errors.push(error),
        }
    }
    finish(ui, errors, items.len())?;
    ui.note(format_args!(
        "Rendered into {}: {encrypted} of {} files with placeholders",
        name_of(directory),
        items.len()
    ));
    Ok(())
}

/// Writes a file, and returns whether it was encrypted.
fn write_file(ui: &Ui, directory: &Path, item: &BatchFile) -> Result<bool, CommandError> {
    let bytes = read(item)?;
    let format = format_of_encrypted(&item.path, &bytes);
    let name = item.path.file_name().unwrap_or_default().to_string_lossy();
    let rendered = match is_like_encrypted(&bytes) {
        true => render_file(&bytes, format, &name).map_err(|error| {
            let name = name_of(&item.path);
            CommandError::in_text(error, &name, &bytes, format, Role::Encrypted)
        })?,
        false => None,
    };
    let below = item.path.components();
    let below = below.filter(|part| matches!(part, Component::Normal(_)));
    let target = directory.join(below.collect::<PathBuf>());
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)
            .map_err(|error| CommandError::output(name_of(parent), &error))?;
    }
    let is_encrypted = rendered.is_some();
    let content = rendered.unwrap_or(bytes);
    files::write(ui, &target, &content, Expected::Nothing, Readers::Usual)?;
    Ok(is_encrypted)
}

/// Refuses a directory that has files, which would be mixed with the rendered ones.
fn require_new(directory: &Path) -> Result<(), CommandError> {
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_empty {
        return Ok(());
    }
    let message = format!("{} is not an empty directory", name_of(directory));
    Err(CommandError::new(Code::CannotWriteOutput, message)
        .hint("remove it, or choose another one with `--output-dir`"))
}

/// Reports the errors of files, if there are any.
fn finish(ui: &Ui, errors: Vec<CommandError>, count: usize) -> Result<(), CommandError> {
    let Some(code) = errors.first().map(CommandError::code) else {
        return Ok(());
    };
    let message = format!("{} of {count} files could not be rendered", errors.len());
    ui.errors(errors);
    Err(CommandError::new(code, message))
}
