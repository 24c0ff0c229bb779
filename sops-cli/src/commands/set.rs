//! `sops-rs set`. `args.rs` has its flags, and `assignment.rs` says where the values come from.
//! `trial.rs` checks the change before the user is asked for a value, and `outcome.rs` says what
//! was changed.

mod args;
mod assignment;
mod outcome;
mod trial;

use std::io;
use std::path::Path;

use sops_core::{CIPHERTEXT_PREFIX, Format, KeyPath, extract, parse_document};
use sops_lint::{shell_path, shell_word};
use zeroize::Zeroizing;

pub(super) use self::args::key_path;
pub(crate) use self::args::{Args, Caller, ValueArgs};
pub(crate) use self::assignment::{Assignment, is_secret_data};
use self::outcome::Outcome;
pub(crate) use self::outcome::other_documents;
pub(crate) use self::outcome::several_values;
pub(crate) use self::trial::may_select;
use crate::arguments::{GlobalArgs, invocation};
use crate::carriage_returns::warn_of_returns;
use crate::command_error::{Code, CommandError, name_of};
use crate::config::rule_drift::RuleDrift;
use crate::keys::services::Services;
use crate::ui::Ui;
use crate::update_file::{FileUpdate, WrittenFile};

pub(crate) fn cmd_set(ui: &Ui, globals: &GlobalArgs, args: &Args) -> Result<(), CommandError> {
    let values = &args.values;
    if values.value_file && values.value_stdin {
        let message = "`--value-file` and `--value-stdin` cannot be used together";
        return Err(CommandError::new(Code::Generic, message));
    }
    let caller = Caller {
        command: "set",
        file: args.file.as_deref(),
    };
    let Some(file) = &args.file else {
        return Err(caller.usage());
    };
    require_file(file, values)?;
    let services = Services::for_opening(ui, globals, &args.opening)?;
    services.contact_servers_of_named_files();
    let update = FileUpdate {
        ui,
        globals,
        services: &services,
        file,
        formats: &args.formats,
        opening: &args.opening,
    };
    let known_plain = match values.asks(ui) {
        true => trial::check(&update, values, caller).map_err(|error| propose(error, args))?,
        false => Vec::new(),
    };
    let assignments = values.assignments(ui, caller)?;
    // `sops` writes the file even if no value changes.
    let is_idempotent = args.idempotent.idempotent || !invocation::is_sops();
    assign(&update, &assignments, &known_plain, is_idempotent).map_err(|error| propose(error, args))
}

/// Adds a hint about `propose` to the error that the user cannot decrypt the file.
fn propose(error: CommandError, args: &Args) -> CommandError {
    let (Some(file), Some(path)) = (&args.file, args.values.first_path()) else {
        return error;
    };
    if error.code() != Code::CannotRetrieveDataKey || invocation::is_sops() {
        return error;
    }
    error.hint(format!(
        "to give the value to someone who can decrypt the file: `sops-rs propose {} {}`",
        shell_path(&name_of(file)),
        shell_word(path)
    ))
}

/// Refuses a missing file before the user is asked for values. One of the other words may be the
/// file.
pub(super) fn require_file(file: &Path, values: &ValueArgs) -> Result<(), CommandError> {
    let Err(error) = file.metadata() else {
        return Ok(());
    };
    if invocation::is_sops() || error.kind() != io::ErrorKind::NotFound {
        return Ok(());
    }
    let error = CommandError::input(name_of(file), &error);
    Err(match values.file_among_words() {
        Some(word) => error.hint(format!(
            "put the file first, as in `sops-rs set {word} PATH`"
        )),
        None => error,
    })
}

/// Sets values in a file; with `is_idempotent`, a file in which no value changes is not written.
/// The user already knows that the values at the paths in `known_plain` are in plaintext.
pub(crate) fn assign(
    update: &FileUpdate<'_>,
    assignments: &[Assignment],
    known_plain: &[KeyPath],
    is_idempotent: bool,
) -> Result<(), CommandError> {
    let FileUpdate {
        ui, globals, file, ..
    } = *update;
    let (mut copies, mut outcomes) = (Vec::new(), Vec::new());
    let written = update.change(|plaintext, format, metadata| {
        let mut text: Option<Zeroizing<Vec<u8>>> = None;
        copies.clear();
        outcomes.clear();
        for assignment in assignments {
            let path = &assignment.path;
            let before = text.as_ref().map_or(plaintext, |text| text.as_slice());
            let document = parse_document(before, format)?;
            let value = assignment.node(ui, file, &document)?;
            let Some(changed) = document.set(path, &value)? else {
                continue;
            };
            copies.push((path, document.copies_of(path)));
            outcomes.push((assignment, Outcome::of(&document, assignment)));
            if !invocation::is_sops()
                && let Some(others) = other_documents(&document, path)
            {
                ui.warn(format!("{}: {others}", name_of(file)));
            }
            for warning in trial::require_encrypted_field(&changed, format, metadata, path)? {
                ui.warn(format!("{}: {warning}", name_of(file)));
            }
            text = Some(changed);
        }
        if let Some(changed) = &text
            && !invocation::is_sops()
            && let Some(drift) = RuleDrift::of(ui, globals, file, metadata, format)
        {
            drift.check(file, plaintext, changed, format)?;
        }
        if let Some(changed) = &text
            && format == Format::Dotenv
        {
            warn_of_returns(ui, &name_of(file), changed);
        }
        Ok(match text {
            None if !is_idempotent => Some(Zeroizing::new(plaintext.to_owned())),
            changed => changed,
        })
    })?;
    update.report(written.as_ref(), outcome::in_words(&outcomes));
    for (assignment, outcome) in &outcomes {
        if let Outcome::Added(Some(meant)) = outcome {
            let (name, path) = (name_of(file), assignment.path.dotted());
            ui.warn(format!(
                "`{path}` is a new key; did you mean `{meant}`? To remove it: `sops-rs unset {} {}`",
                shell_path(&name),
                shell_word(&path.to_string())
            ));
        }
    }
    for (path, copies) in copies {
        warn_of_copies(ui, file, &copies, |aliases| {
            format!(
                "only `{path}` was changed, and aliases still have the old value at {aliases}: set the new value there too, or change the anchored value in `sops-rs edit`"
            )
        });
    }
    let unknown = assignments
        .iter()
        .filter(|own| !known_plain.contains(&own.path));
    for Assignment { path, typed, .. } in unknown {
        let is_plain = |written: &WrittenFile| is_plain(&written.text, written.format, path);
        if written.as_ref().is_some_and(is_plain) {
            ui.warn(format!(
                "`{typed}` was written in plaintext, because the rule of {} does not select it",
                name_of(file)
            ));
        }
    }
    Ok(())
}

/// Warns about aliases of a changed or removed value. They keep the old value, which the user may
/// not expect.
pub(super) fn warn_of_copies(
    ui: &Ui,
    file: &Path,
    copies: &[String],
    message: impl FnOnce(&str) -> String,
) {
    const MAX_SHOWN: usize = 10;
    if copies.is_empty() {
        return;
    }
    let shown = copies.iter().take(MAX_SHOWN);
    let mut aliases = shown
        .map(|copy| format!("`{copy}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if copies.len() > MAX_SHOWN {
        aliases += &format!(" and {} more", copies.len() - MAX_SHOWN);
    }
    ui.warn(format!("{}: {}", name_of(file), message(&aliases)));
}

/// Whether there is a value at the path, all of it in plaintext.
fn is_plain(encrypted: &str, format: Format, path: &KeyPath) -> bool {
    if format == Format::Binary {
        return false;
    }
    let value = parse_document(encrypted, format).and_then(|document| {
        extract(
            &document,
            path,
            Format::Json,
            &sops_core::document::Indentation::default(),
        )
    });
    value.is_ok_and(|value| {
        let nothing = [&b""[..], b"null", b"{}", b"[]"];
        let value = value.trim_ascii();
        !nothing.contains(&value)
            && !str::from_utf8(value).is_ok_and(|value| value.contains(CIPHERTEXT_PREFIX))
    })
}
