//! Installs and removes the hooks. A hook that another program wrote is never changed: a message
//! says what to add to it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use rustix::fs::{Access, access};
use sops_core::config::Config;
use sops_core::reading::{self, FileKind};
use sops_lint::shell_word;

use super::directory::HooksDirectory;
use super::hook_name::HookName;
use super::index::{warn_of_misnamed, warn_of_rules};
use super::managers::{Configurations, Manager};
use super::script::is_changed;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::nearest::CONFIG_FILE;
use crate::files::{self, Expected, Readers};
use crate::git::Addresses;
use crate::ui::Ui;

/// What exists at the path of a hook.
enum Present {
    Nothing,
    /// A script that this or an older version wrote.
    Ours(String),
    /// Something that runs the check.
    RunsCheck,
    /// The hook of a manager whose configuration runs the check, but not for every commit or push,
    /// because of these keys.
    Limited(Manager, Vec<String>),
    /// A script that mentions the check, but may not run it or may continue after it fails.
    Mentions(Manager),
    /// A script that this or an older version wrote, and that was changed so that it may not run
    /// the check.
    Changed,
    /// Something else.
    Foreign(Manager),
    /// Nothing yet, but this manager is configured to write a hook there.
    Expected(Manager),
    /// Nothing yet, but a manager is configured to write a hook that runs the check.
    ExpectedToRunCheck(Manager),
}

pub(super) fn install(ui: &Ui) -> Result<ExitCode, CommandError> {
    let directory = HooksDirectory::find()?;
    directory.create()?;
    // The program may have another path on other machines.
    let program = env::current_exe().ok();
    let program = program.filter(|_| !directory.is_in_working_tree);
    let mut written = Vec::new();
    let mut unchecked = Vec::new();
    let configurations = Configurations::new(ui, &directory.root);
    let refuse = |message: String, manager: Manager, hook: HookName| {
        let error = CommandError::new(Code::Generic, message);
        ui.error(&error.hint_with_lines(&manager.advice(hook)));
    };
    for hook in HookName::ALL {
        let path = directory.path.join(hook.file());
        let name = name_of(&path);
        let script = hook.script(program.as_deref());
        match present(&configurations, &directory, hook, &path) {
            Present::Ours(text) if text == script => match make_executable(&path)? {
                true => ui.note(format_args!("Made {name} executable again")),
                false => ui.note(format_args!("{name} is already installed")),
            },
            Present::RunsCheck if is_skipped(&directory, &path) => {
                unchecked.push(hook);
                let message =
                    format!("{name} runs sops-rs, but Git ignores it because it is not executable");
                let hint = format!("run `chmod +x {}`", shell_word(&name));
                ui.error(&CommandError::new(Code::Generic, message).hint(hint));
            }
            Present::RunsCheck => ui.note(format_args!("{name} already runs sops-rs")),
            Present::Limited(manager, keys) => {
                unchecked.push(hook);
                let keys: Vec<String> = keys.iter().map(|key| quoted(key)).collect();
                let keys = keys.join(", ");
                let message = format!(
                    "{name} runs sops-rs, but not for every {}: its configuration restricts it with {keys}",
                    hook.subject()
                );
                let hint = format!(
                    "change the configuration so that {keys} cannot restrict the entry that runs sops-rs"
                );
                let hint = match manager {
                    Manager::PreCommit => {
                        format!(
                            "{hint}; for keys that only select files, `always_run: true` is enough"
                        )
                    }
                    _ => hint,
                };
                ui.error(&CommandError::new(Code::Generic, message).hint(hint));
            }
            Present::Mentions(manager) => {
                unchecked.push(hook);
                let message = format!(
                    "{name} mentions sops-rs, but might not run the check, or might continue after it fails"
                );
                ui.error(
                    &CommandError::new(Code::Generic, message)
                        .hint_with_lines(&manager.advice(hook)),
                );
            }
            Present::Changed => {
                unchecked.push(hook);
                let message = format!(
                    "{name} was changed after sops-rs wrote it, and might not run the check"
                );
                let hint = "delete it, and run `sops-rs hook install` again";
                ui.error(&CommandError::new(Code::Generic, message).hint(hint));
            }
            Present::Ours(text) => {
                write(ui, &path, &script, Expected::Content(text.as_bytes()))?;
                make_executable(&path)?;
                ui.note(format_args!("Updated {name}"));
            }
            Present::ExpectedToRunCheck(manager) => {
                unchecked.push(hook);
                let message = format!(
                    "{} is configured to run sops-rs, but has not written {name} yet",
                    manager.name()
                );
                let error = CommandError::new(Code::Generic, message);
                ui.error(&error.hint(format!("run `{}`", manager.install())));
            }
            Present::Nothing => {
                write(ui, &path, &script, Expected::Nothing)?;
                written.push(path);
            }
            Present::Foreign(manager) => {
                unchecked.push(hook);
                let message = format!(
                    "{name} belongs to another program and was not changed; it does not run sops-rs yet"
                );
                refuse(message, manager, hook);
            }
            Present::Expected(manager) => {
                unchecked.push(hook);
                let message = format!(
                    "{name} was not written, because another program is configured to write it; its configuration does not run sops-rs yet"
                );
                refuse(message, manager, hook);
            }
        }
    }
    warn_of_configuration(ui, &directory.root);
    Addresses::remember_all();
    report(ui, &directory, &written, &unchecked);
    if directory.is_until_husky {
        ui.warn("husky is not installed in this clone yet; after you install it, run `sops-rs hook install` again, because Git then ignores these hooks");
    }
    Ok(match unchecked.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

pub(super) fn uninstall(ui: &Ui) -> Result<ExitCode, CommandError> {
    let directory = HooksDirectory::find()?;
    let mut is_complete = true;
    let mut has_removed = false;
    let configurations = Configurations::new(ui, &directory.root);
    for hook in HookName::ALL {
        let path = directory.path.join(hook.file());
        let name = name_of(&path);
        match present(&configurations, &directory, hook, &path) {
            Present::Ours(_) => {
                has_removed = true;
                fs::remove_file(&path).map_err(|error| CommandError::output(&name, &error))?;
                ui.note(format_args!("Removed {name}"));
            }
            Present::RunsCheck | Present::Limited(..) | Present::Mentions(_) | Present::Changed => {
                is_complete = false;
                let message = format!(
                    "{name} may still run sops-rs, but it is not the script that `sops-rs hook install` writes, so it was not changed"
                );
                let hint = format!(
                    "remove the command that runs `{}` from it, or from the configuration of the program that writes it",
                    hook.words()
                );
                ui.error(&CommandError::new(Code::Generic, message).hint(hint));
            }
            Present::Nothing
            | Present::Foreign(_)
            | Present::Expected(_)
            | Present::ExpectedToRunCheck(_) => {}
        }
    }
    Addresses::forget();
    if is_complete && !has_removed {
        ui.note("No sops-rs hooks are installed");
    }
    Ok(match is_complete {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn present(
    configurations: &Configurations<'_>,
    directory: &HooksDirectory,
    hook: HookName,
    path: &Path,
) -> Present {
    let exists = path.symlink_metadata().is_ok();
    let mut is_mentioned = false;
    let manager = match exists {
        false => match Manager::to_come(configurations, hook) {
            Some(manager) => manager,
            None => return Present::Nothing,
        },
        true => {
            // A file that is not text is not ours, and neither is one that is not a regular file.
            let bytes = reading::read_config(path, FileKind::Regular).unwrap_or_default();
            let text = String::from_utf8(bytes).unwrap_or_default();
            if hook.wrote(&text) {
                return Present::Ours(text);
            }
            if hook.is_run_by(&text, directory.is_of_husky) {
                return Present::RunsCheck;
            }
            is_mentioned = hook.is_mentioned_in(&text);
            if is_mentioned && is_changed(&text) {
                return Present::Changed;
            }
            Manager::of(&text)
        }
    };
    let is_run = manager.runs_check(configurations, hook);
    if is_run && exists {
        let limits = manager.limits(configurations, hook);
        if !limits.is_empty() {
            return Present::Limited(manager, limits);
        }
    }
    match is_run {
        true if exists => Present::RunsCheck,
        true => Present::ExpectedToRunCheck(manager),
        false if is_mentioned => Present::Mentions(manager),
        false if exists => Present::Foreign(manager),
        false => Present::Expected(manager),
    }
}

/// A key, with what it applies to.
fn quoted(limit: &str) -> String {
    match limit.split_once(' ') {
        Some((key, of)) => format!("`{key}` {of}"),
        None => format!("`{limit}`"),
    }
}

/// Whether Git skips the hook, because it is not executable. husky runs its files with a shell.
fn is_skipped(directory: &HooksDirectory, path: &Path) -> bool {
    !directory.is_of_husky && path.exists() && access(path, Access::EXEC_OK).is_err()
}

/// Warns about creation rules without effect in the configuration in the root, because the hooks
/// apply these rules. Other commands report an invalid configuration.
fn warn_of_configuration(ui: &Ui, root: &Path) {
    let file = root.join(CONFIG_FILE);
    let config = Config::read(&file, root).ok();
    warn_of_rules(ui, config.as_ref(), &name_of(&file));
    let misnamed = root.join(".sops.yml");
    if misnamed.exists() {
        warn_of_misnamed(ui, &name_of(&misnamed));
    }
}

/// Makes a hook that sops-rs wrote executable for everyone who can read it.
fn make_executable(path: &Path) -> Result<bool, CommandError> {
    if access(path, Access::EXEC_OK).is_ok() {
        return Ok(false);
    }
    let refused = |error: io::Error| CommandError::output(name_of(path), &error);
    let mode = path.metadata().map_err(refused)?.permissions().mode();
    let mode = mode | (mode & 0o444) >> 2 | 0o100;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(refused)?;
    Ok(true)
}

fn write(ui: &Ui, path: &Path, script: &str, expected: Expected<'_>) -> Result<(), CommandError> {
    files::write(ui, path, script.as_bytes(), expected, Readers::Executable)
}

fn report(ui: &Ui, directory: &HooksDirectory, written: &[PathBuf], unchecked: &[HookName]) {
    let Some(first) = written.first() else {
        return;
    };
    let names: Vec<String> = written.iter().map(|path| name_of(path)).collect();
    ui.note(format_args!("Wrote {}", names.join(", ")));
    let list = |is_checked: bool| {
        let hooks = HookName::ALL
            .into_iter()
            .filter(|hook| unchecked.contains(hook) != is_checked);
        let subjects: Vec<&str> = hooks.map(HookName::subjects).collect();
        match &subjects[..] {
            [first, second, third] => format!("{first}, {second} and {third}"),
            subjects => subjects.join(" and "),
        }
    };
    ui.note(format_args!(
        "Git now refuses {} with Secrets in plaintext, private keys, or files in plaintext that a creation rule with a `path_regex` covers",
        list(true)
    ));
    if !unchecked.is_empty() {
        ui.note(format_args!("Git does not check {} yet", list(false)));
    }
    ui.note("The hooks do not search other files for secrets; `sops-rs lint` does. To make the hooks refuse a file such as `.env` in plaintext, add a creation rule with a `path_regex` that matches it");
    if directory.is_in_working_tree {
        ui.note("These files are in the working tree: commit them to share the check; everyone then needs sops-rs");
    }
    if directory.is_shared {
        let directory = first.parent().unwrap_or(first);
        ui.note(format_args!(
            "`core.hooksPath` applies to other repositories too, so the hooks in {} now check those as well",
            name_of(directory)
        ));
    }
}
