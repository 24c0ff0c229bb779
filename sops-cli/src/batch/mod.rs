//! Many files in one call: found, worked on by all cores, and written so that each is whole.

mod find;

pub(crate) use find::items;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{num, thread};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::{Resource, getrlimit};
use zeroize::Zeroizing;

use crate::command_error::{CommandError, name_of};
use crate::files::{Expected, Readers, Staged, Staging};
use crate::signals::Deferred;
use crate::source::Source;
use crate::ui::Ui;

/// How many files are written beside the old ones before all are synced and put in their places.
const TOGETHER: usize = 256;

/// How many files the process has open besides those of [`directories_together`], with room to spare.
const OTHER_OPEN_FILES: u64 = 64;

/// A file to work on.
pub(crate) struct Item {
    pub(crate) path: PathBuf,
    /// Whether it was found in a folder, and not named: what is none of the command's concern is passed over then.
    pub(crate) is_found: bool,
}

/// What is to become of a file.
pub(crate) enum Work {
    /// The file as it was read, and what is to stand in its place.
    Replace(Source, Zeroizing<Vec<u8>>),
    /// It is none of the command's concern.
    Ignore,
    /// It stays in plaintext: the rule selects none of its values.
    Unselected,
}

/// Replaces each file by what `work` makes of it. One that fails does not keep the others from being done.
///
/// `what` is done to them, for messages.
pub(crate) fn replace(
    ui: &Ui,
    items: &[Item],
    what: &str,
    readers: Readers,
    work: impl Fn(&Item) -> Result<Work, CommandError> + Sync,
) -> Result<(), CommandError> {
    replace_and_tell(ui, items, what, readers, work, |_| {})
}

/// The same, and calls `tell` with each file that was replaced, in order.
pub(crate) fn replace_and_tell(
    ui: &Ui,
    items: &[Item],
    what: &str,
    readers: Readers,
    work: impl Fn(&Item) -> Result<Work, CommandError> + Sync,
    tell: impl Fn(&Path),
) -> Result<(), CommandError> {
    let signals = Deferred::new();
    let bar = bar(items.len());
    ui.show(bar.clone());
    let (mut errors, mut unselected) = (Vec::new(), Vec::new());
    let (mut begun, mut replaced) = (0, 0);
    for items in chunks(items) {
        let staging = Staging::default();
        let staged = stage(items, &bar, &signals, |item| {
            Ok(match work(item)? {
                Work::Replace(source, content) => {
                    let expected = Expected::Content(&source.content);
                    let staged = staging.stage(&item.path, &content, expected, readers)?;
                    Stage::Staged(Box::new(staged))
                }
                Work::Ignore => Stage::Ignored,
                Work::Unselected => Stage::Unselected,
            })
        });
        if signals.is_pending() {
            // What is not in its place yet is taken away again; the signal then ends the process.
            break;
        }
        let (mut whole, mut written) = (Vec::new(), Vec::new());
        for (index, outcome) in staged {
            match outcome {
                Ok(Stage::Staged(file)) => {
                    whole.push(*file);
                    written.push(index);
                }
                Ok(Stage::Ignored) => {}
                Ok(Stage::Unselected) => unselected.push(name_of(&items[index].path)),
                Err(error) => errors.push((begun + index, error)),
            }
        }
        for (index, outcome) in written.into_iter().zip(staging.commit(ui, whole)) {
            match outcome {
                Ok(()) => {
                    replaced += 1;
                    tell(&items[index].path);
                }
                Err(error) => errors.push((begun + index, error)),
            }
        }
        begun += items.len();
    }
    bar.finish_and_clear();
    note_unselected(ui, &unselected);
    errors.sort_by_key(|(index, _)| *index);
    let failed = errors.len();
    if items.iter().any(|item| item.is_found) {
        ui.note(format_args!("Files {what}: {replaced}"));
    }
    let Some(code) = errors.first().map(|(_, error)| error.code()) else {
        return Ok(());
    };
    for (_, error) in &errors {
        ui.error(error);
    }
    let message = format!(
        "{failed} of {} files could not be {what}",
        failed + replaced
    );
    Err(CommandError::new(code, message))
}

/// Names the files that stay in plaintext.
pub(crate) fn note_unselected(ui: &Ui, names: &[String]) {
    if !names.is_empty() {
        ui.note("These files stay in plaintext because their rule selects no values:");
        for name in names {
            // Without the dash, a name could be a command for GitHub's workflows.
            ui.note(format_args!("  - {name}"));
        }
    }
}

/// How many directories can have files written together; each one takes two of the process's file descriptors.
fn directories_together() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let directories = limit.saturating_sub(OTHER_OPEN_FILES) / 2;
    usize::try_from(directories).map_or(TOGETHER, |directories| directories.clamp(1, TOGETHER))
}

/// The files that are written together.
fn chunks(items: &[Item]) -> impl Iterator<Item = &[Item]> {
    let (mut rest, most) = (items, directories_together());
    std::iter::from_fn(move || {
        let mut directories = HashSet::new();
        let parents = rest.iter().take(TOGETHER).map(|item| item.path.parent());
        let mut has_room = |parent| {
            directories.insert(parent);
            directories.len() <= most
        };
        let size = parents.take_while(|parent| has_room(*parent)).count();
        let (chunk, after) = rest.split_at(size);
        rest = after;
        Some(chunk).filter(|chunk| !chunk.is_empty())
    })
}

/// A file before it is put in its place.
enum Stage {
    Staged(Box<Staged>),
    Ignored,
    Unselected,
}

type StagedFile = Result<Stage, CommandError>;

/// Works on the files on all cores until a signal comes; returns each outcome with the index of its item.
fn stage(
    items: &[Item],
    bar: &ProgressBar,
    signals: &Deferred,
    work: impl Fn(&Item) -> StagedFile + Sync,
) -> Vec<(usize, StagedFile)> {
    let outcomes = on_all_cores(items, |item| {
        let outcome = (!signals.is_pending()).then(|| work(item));
        bar.inc(1);
        outcome
    });
    let outcomes = outcomes.into_iter().enumerate();
    outcomes
        .filter_map(|(index, outcome)| Some((index, outcome?)))
        .collect()
}

/// Works on the files on all cores; returns the outcomes in the order of the files.
pub(crate) fn on_all_cores<T: Send>(items: &[Item], work: impl Fn(&Item) -> T + Sync) -> Vec<T> {
    let outcomes = Mutex::new(Vec::with_capacity(items.len()));
    let next = AtomicUsize::new(0);
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return;
            };
            let outcome = work(item);
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.push((index, outcome));
        }
    };
    let threads = thread::available_parallelism().map_or(1, num::NonZero::get);
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Shown on a terminal only.
fn bar(files: usize) -> ProgressBar {
    let bar = ProgressBar::new(files.try_into().unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{bar:40} {pos} of {len} files") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
