//! `sops-rs hook`.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::configs::Configs;
use crate::creation;
use crate::files::{self, Expected, Readers};
use crate::git::git;
use crate::lint::judge::Judge;
use crate::lint::links::Links;
use crate::lint::output::OutputFormat;
use crate::lint::root;
use crate::lint::settings::{FILE, SettingsArgs, linter};
use crate::lint::staged::{self, Index, Staged};
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Hook,
}

#[derive(Subcommand, Debug)]
enum Hook {
    /// Write the hook; one that is there is never overwritten
    Install,
    /// Take it away again
    Uninstall,
    /// Look at what is staged, as the hook does
    Run,
}

/// What the hook looks for: what must not get into a commit.
const RULES: [&str; 5] = ["SL010", "SL011", "SL012", "SL013", "SL014"];

/// Of these the ones that look at the configuration: what a change of it brings into files that are not changed with it.
const RULES_OF_CONFIGURATION: [&str; 3] = ["SL010", "SL012", "SL013"];

/// What stands in the hook that this program has written.
const MARK: &str = "# Written by `sops-rs hook install`.";

const SCRIPT: &str = "\
#!/bin/sh
# Written by `sops-rs hook install`. `sops-rs hook uninstall` takes it away.
exec sops-rs hook run
";

pub(crate) fn cmd_hook(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    match args.command {
        Hook::Install => install(ui).map(|()| ExitCode::SUCCESS),
        Hook::Uninstall => uninstall(ui).map(|()| ExitCode::SUCCESS),
        Hook::Run => run(ui, globals).map_err(|error| error.with_code(Code::CannotReadInput)),
    }
}

/// Where Git looks for the hook: it knows of worktrees and of `core.hooksPath`.
fn hook() -> Result<PathBuf, CommandError> {
    let output = git(&["rev-parse", "--git-path", "hooks"])?;
    let folder = output.strip_suffix(b"\n").unwrap_or(&output);
    Ok(Path::new(OsStr::from_bytes(folder)).join("pre-commit"))
}

fn install(ui: &Ui) -> Result<(), CommandError> {
    let hook = hook()?;
    if hook.symlink_metadata().is_ok() {
        if is_ours(&hook) {
            ui.note(format_args!("{} is there already", name_of(&hook)));
            return Ok(());
        }
        let message = format!(
            "{} is there already, and is not overwritten",
            name_of(&hook)
        );
        return Err(CommandError::new(Code::Generic, message)
            .hint("let it run this too: put the line `sops-rs hook run || exit 1` into it, before any `exec` or `exit`"));
    }
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| CommandError::output(name_of(folder), &error))?;
    }
    files::write(
        ui,
        &hook,
        SCRIPT.as_bytes(),
        Expected::Nothing,
        Readers::Executable,
    )?;
    ui.note(format_args!(
        "Wrote {}: commits with plaintext or private keys are refused",
        name_of(&hook)
    ));
    Ok(())
}

fn uninstall(ui: &Ui) -> Result<(), CommandError> {
    let hook = hook()?;
    if hook.symlink_metadata().is_err() {
        ui.note(format_args!("There is no {}", name_of(&hook)));
        return Ok(());
    }
    if !is_ours(&hook) {
        let message = format!("{} was written by somebody else, and stays", name_of(&hook));
        return Err(CommandError::new(Code::Generic, message)
            .hint("take the line `sops-rs hook run` out of it"));
    }
    fs::remove_file(&hook).map_err(|error| CommandError::output(name_of(&hook), &error))?;
    ui.note(format_args!("Took {} away", name_of(&hook)));
    Ok(())
}

fn is_ours(hook: &Path) -> bool {
    fs::read(hook).is_ok_and(|text| text.windows(MARK.len()).any(|part| part == MARK.as_bytes()))
}

fn run(ui: &Ui, globals: &GlobalArgs) -> Result<ExitCode, CommandError> {
    let Staged {
        files,
        mut configured,
    } = staged::staged()?;
    if files.is_empty() && configured.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let working_dir = creation::working_dir()?;
    let root = root(&working_dir);
    let index = Index::open(&root)?;
    let links = Links::staged(&index)?;
    let settings = SettingsArgs::default().read(links.read(&root.join(FILE))?)?;
    let linter_of = |rules: &[&str]| {
        let mut settings = settings.clone();
        settings.select = rules.iter().map(|rule| (*rule).to_owned()).collect();
        linter(settings)
    };
    let linter = linter_of(&RULES)?;
    let paths: HashSet<_> = files.iter().map(|file| &file.path).collect();
    configured.extend(links.configured_by(&paths));
    let configs =
        Configs::new(&root, |path| links.read(path)).with_named(globals.config(), &working_dir)?;
    let judge = Judge {
        linter: &linter,
        configs: &configs,
        index: &index,
        baseline: &SettingsArgs::default().baseline(&linter, &root, |file| {
            links.read(file)?.ok_or_else(|| not_staged(file))
        })?,
        folder: &folder_of_person(&working_dir, &root),
    };
    let mut found = Vec::new();
    for file in &files {
        found.extend(judge.shown(file)?);
    }
    if !configured.is_empty() && globals.config().is_none() {
        let links = Links::before(&index);
        let before = Configs::new(&root, |path| links.read(path));
        let judge = Judge {
            linter: &linter_of(&RULES_OF_CONFIGURATION)?,
            ..judge
        };
        for file in staged::files_below(&configured)? {
            if !paths.contains(&file.path) {
                found.extend(judge.shown_by_change(&file, &before)?);
            }
        }
    }
    // One that is wrong holds for no file, and would let all of them through.
    for folder in &configured {
        let file = folder.join(".sops.yaml");
        if !linter.is_excluded(&file) {
            configs.of(&root.join(file));
        }
    }
    let wrong = configs.wrong();
    if found.is_empty() && wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let text = OutputFormat::Text.write(&found, &ui.renderer_of_output());
    ui.output(text.as_bytes())?;
    for error in &wrong {
        ui.error(error);
    }
    ui.note("The commit is refused. Mend the files as shown, `git add` them, and commit again.");
    Ok(ExitCode::FAILURE)
}

/// The settings name a baseline that the commit would not have.
fn not_staged(file: &Path) -> CommandError {
    let message = format!("the baseline that `{FILE}` names is not in Git's index");
    CommandError::new(Code::CannotReadInput, message)
        .in_file(&name_of(file))
        .hint("`git add` it, or take its name out of the settings")
}

/// The folder in which Git was called, from the repository's folder on. Git runs the hook in the repository's folder, and tells where it was.
fn folder_of_person(working_dir: &Path, root: &Path) -> PathBuf {
    match working_dir.strip_prefix(root) {
        Ok(below) if below != Path::new("") => below.to_owned(),
        _ => std::env::var_os("GIT_PREFIX").map_or_else(PathBuf::new, PathBuf::from),
    }
}
