//! Processes many files in one call, on all cores. Each file is replaced completely or not at all.

mod find;
mod left;

pub(crate) use find::{Leftovers, items, meant, named};
pub(crate) use left::{Left, LeftInPlaintext};

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::{Resource, getrlimit};
use zeroize::Zeroizing;

use crate::command_error::CommandError;
use crate::files::{self, Readers, StagedReplacement, Staging};
use crate::input::Input;
use crate::parallel::{self, ItemsPerThread};
use crate::signals::DeferredSignals;
use crate::ui::Ui;

/// How many files are staged next to the old ones before they are synced and renamed together.
const TOGETHER: usize = 256;

/// How many other files the process has open besides those of [`directories_together`], rounded up.
const OTHER_OPEN_FILES: u64 = 64;

/// A file to work on.
pub(crate) struct BatchFile {
    pub(crate) path: PathBuf,
    /// Whether the file was found in a directory. Such a file is skipped if the command does not
    /// apply to it.
    pub(crate) is_found: bool,
}

/// Whether the user named all of these files, and none was found in a directory.
pub(crate) fn are_named(items: &[BatchFile]) -> bool {
    !items.iter().any(|item| item.is_found)
}

/// What happens to a file.
pub(crate) enum Work {
    /// The file as it was read, its new content, and what was done, as in `encrypted for ann`.
    Replace(Input, Zeroizing<Vec<u8>>, Cow<'static, str>),
    /// The command does not apply to the file.
    Ignore,
    /// The file stays in plaintext.
    Leave(Left),
}

/// Files that one call replaces.
pub(crate) struct Batch<'b> {
    pub(crate) ui: &'b Ui,
    pub(crate) items: &'b [BatchFile],
    /// The participle for messages, such as `encrypted`.
    pub(crate) participle: &'static str,
    pub(crate) readers: Readers,
    /// Whether files that were found in directories are listed too, and not only counted.
    pub(crate) lists_found: bool,
}

impl Batch<'_> {
    /// Replaces each file by the result of `work`, and reports each replaced file, in order. If one
    /// file fails, the others are still processed.
    pub(crate) fn replace(
        &self,
        work: impl Fn(&BatchFile) -> Result<Work, CommandError> + Sync,
    ) -> Result<(), CommandError> {
        self.replace_rest(Vec::new(), 0, work)
    }

    /// Like [`Self::replace`], for the rest of the files: the others have the `earlier` errors, or
    /// need no change.
    pub(crate) fn replace_rest(
        &self,
        mut earlier: Vec<CommandError>,
        unchanged: usize,
        work: impl Fn(&BatchFile) -> Result<Work, CommandError> + Sync,
    ) -> Result<(), CommandError> {
        let Self {
            ui,
            items,
            participle,
            readers,
            lists_found,
        } = *self;
        let signals = DeferredSignals::new();
        let bar = bar(items.len());
        ui.show(bar.clone());
        let (mut errors, mut left) = (Vec::new(), LeftInPlaintext::default());
        let (mut begun, mut replaced) = (0, 0);
        for items in chunks(items) {
            let staging = Staging::default();
            let staged = stage(items, &bar, &signals, |item| {
                Ok(match work(item)? {
                    Work::Replace(input, content, done) => {
                        let expected = input.expected();
                        let staged = staging.stage(&item.path, &content, expected, readers)?;
                        Stage::Staged(Box::new(staged), done)
                    }
                    Work::Ignore => Stage::Ignored,
                    Work::Leave(why) => Stage::Left(why),
                })
            });
            if signals.is_pending() {
                // Staged files are removed; the signal then ends the process.
                break;
            }
            let (mut whole, mut written) = (Vec::new(), Vec::new());
            for (index, outcome) in staged {
                match outcome {
                    Ok(Stage::Staged(file, done)) => {
                        whole.push(*file);
                        written.push((index, done));
                    }
                    Ok(Stage::Ignored) => {}
                    Ok(Stage::Left(why)) => left.add(&items[index].path, why),
                    Err(error) => errors.push((begun + index, error)),
                }
            }
            for ((index, done), outcome) in written.into_iter().zip(staging.commit(ui, whole)) {
                let outcome = match outcome {
                    Err(error) if error.is_conflict() => {
                        replace_one(ui, &items[index], readers, &work)
                    }
                    outcome => outcome.map(|()| true),
                };
                match outcome {
                    Ok(true) => {
                        replaced += 1;
                        let item = &items[index];
                        if lists_found || !item.is_found {
                            ui.done(&item.path, done);
                        }
                    }
                    Ok(false) => {}
                    Err(error) => errors.push((begun + index, error)),
                }
            }
            begun += items.len();
        }
        bar.finish_and_clear();
        left.note(ui);
        errors.sort_by_key(|(index, _)| *index);
        earlier.extend(errors.into_iter().map(|(_, error)| error));
        let mut errors = earlier;
        let failed = errors.len() + left.uncovered_count();
        errors.extend(left.errors()?);
        // Without items, the command was called for empty directories.
        if items.is_empty() || items.iter().any(|item| item.is_found) {
            ui.note(format_args!("Files {participle}: {replaced}"));
        }
        let Some(code) = errors.first().map(CommandError::code) else {
            return Ok(());
        };
        ui.errors(errors);
        let message = format!(
            "{failed} of {} files could not be {participle}",
            failed + replaced + unchanged
        );
        Err(CommandError::new(code, message))
    }
}

/// Retries a file that another program changed before it could be replaced. Returns whether there
/// was still something to do.
fn replace_one(
    ui: &Ui,
    item: &BatchFile,
    readers: Readers,
    work: impl Fn(&BatchFile) -> Result<Work, CommandError>,
) -> Result<bool, CommandError> {
    files::retrying(&item.path, || match work(item)? {
        Work::Replace(input, content, _) => {
            let expected = input.expected();
            files::write(ui, &item.path, &content, expected, readers)?;
            Ok(true)
        }
        Work::Ignore | Work::Leave(_) => Ok(false),
    })
}

/// How many directories can have files written together. Each directory takes two of the process's
/// file descriptors.
fn directories_together() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let directories = limit.saturating_sub(OTHER_OPEN_FILES) / 2;
    usize::try_from(directories).map_or(TOGETHER, |directories| directories.clamp(1, TOGETHER))
}

/// The files that are written together.
fn chunks(items: &[BatchFile]) -> impl Iterator<Item = &[BatchFile]> {
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

/// A file before it is moved into place.
enum Stage {
    /// The new file, and what was done.
    Staged(Box<StagedReplacement>, Cow<'static, str>),
    Ignored,
    Left(Left),
}

type StageResult = Result<Stage, CommandError>;

/// Processes the files on all cores until a signal arrives. Returns each outcome with the index of
/// its item.
fn stage(
    items: &[BatchFile],
    bar: &ProgressBar,
    signals: &DeferredSignals,
    work: impl Fn(&BatchFile) -> StageResult + Sync,
) -> Vec<(usize, StageResult)> {
    let outcomes = parallel::map(items, ItemsPerThread::One, |item| {
        let outcome = (!signals.is_pending()).then(|| work(item));
        bar.inc(1);
        outcome
    });
    let outcomes = outcomes.into_iter().enumerate();
    outcomes
        .filter_map(|(index, outcome)| Some((index, outcome?)))
        .collect()
}

/// A progress bar, shown on a terminal only.
fn bar(files: usize) -> ProgressBar {
    let bar = ProgressBar::new(files.try_into().unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{bar:40} {pos} of {len} files") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
