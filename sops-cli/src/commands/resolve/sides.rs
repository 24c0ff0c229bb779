//! The flags that choose a side.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use sops_core::KeyPath;
use sops_core::merge::{Conflict, SideName};

use crate::command_error::{Code, CommandError};
use crate::commands::set::key_path;

/// The flags that select whose changes to take.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(crate) struct SideArgs {
    /// Take our value in every conflict, or only at these key paths
    #[arg(long, value_name = "KEY-PATH", num_args = 0..)]
    ours: Option<Vec<OsString>>,
    /// Take their value in every conflict, or only at these key paths
    #[arg(long, value_name = "KEY-PATH", num_args = 0..)]
    theirs: Option<Vec<OsString>>,
    /// Take the recipients and key groups of one side
    #[arg(long, value_name = "SIDE")]
    recipients: Option<Side>,
    /// Take the selection rule, and what the MAC covers, from one side
    #[arg(long, value_name = "SIDE")]
    settings: Option<Side>,
}

/// A side of a merge, on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Ours,
    Theirs,
}

impl From<Side> for SideName {
    fn from(side: Side) -> Self {
        match side {
            Side::Ours => Self::Ours,
            Side::Theirs => Self::Theirs,
        }
    }
}

/// The sides that the command line takes.
#[derive(Default)]
pub(super) struct TakenSides {
    /// Key paths, and the side to take there; without a path, the side is for everything.
    values: Vec<(SideName, Option<KeyPath>)>,
    pub(super) recipients: Option<SideName>,
    pub(super) settings: Option<SideName>,
}

impl SideArgs {
    /// The sides, and the file, which clap takes for a key path if it follows one of the flags.
    pub(super) fn read<'a>(
        &'a self,
        file: Option<&'a Path>,
    ) -> Result<(Option<PathBuf>, TakenSides), CommandError> {
        let mut file = file.map(Path::to_owned);
        let mut values = Vec::new();
        let lists = [
            (SideName::Ours, &self.ours),
            (SideName::Theirs, &self.theirs),
        ];
        for (side, words) in lists {
            let Some(words) = words else { continue };
            let mut paths = Vec::new();
            for word in words {
                let is_path = word.as_encoded_bytes().starts_with(b"[");
                if file.is_none() && !is_path {
                    file = Some(PathBuf::from(word));
                    continue;
                }
                let path = key_path(&word.to_string_lossy())?;
                paths.push((side, Some(path)));
            }
            if paths.is_empty() {
                paths.push((side, None));
            }
            values.append(&mut paths);
        }
        if values.iter().filter(|(_, path)| path.is_none()).count() > 1 {
            let message = "`--ours` and `--theirs` cannot both take every conflict";
            return Err(
                CommandError::new(Code::Generic, message).hint("add key paths to one of them")
            );
        }
        let sides = TakenSides {
            values,
            recipients: self.recipients.map(SideName::from),
            settings: self.settings.map(SideName::from),
        };
        Ok((file, sides))
    }
}

impl TakenSides {
    /// Whether the command line chooses a side, as a script does.
    pub(super) fn takes_any(&self) -> bool {
        !self.values.is_empty()
    }

    /// Whether the user keeps the recipients of this side, whatever the other side did.
    pub(super) fn keeps_recipients(&self, side: SideName) -> bool {
        self.recipients == Some(side)
    }

    /// The side that is taken in every conflict that no key path decides.
    pub(super) fn of_everything(&self) -> Option<SideName> {
        let mut values = self.values.iter();
        values.find_map(|(side, path)| path.is_none().then_some(*side))
    }

    /// The key paths at or below which nothing conflicts.
    pub(super) fn without_conflict<'p>(
        &'p self,
        conflicts: &'p [Conflict],
    ) -> impl Iterator<Item = &'p KeyPath> {
        let paths = self.values.iter().filter_map(|(_, path)| path.as_ref());
        paths.filter(|path| {
            let mut places = conflicts
                .iter()
                .filter_map(|conflict| conflict.path.as_ref());
            !places.any(|place| place.components().starts_with(path.components()))
        })
    }

    /// The side that is taken in a conflict. The longest key path decides.
    pub(super) fn choose(&self, conflict: &Conflict) -> Option<SideName> {
        let place = conflict.path.as_ref().map_or(&[][..], KeyPath::components);
        let components =
            |path: &'_ Option<KeyPath>| path.as_ref().map_or(0, |path| path.components().len());
        let values = self.values.iter().filter(|(_, path)| {
            path.as_ref()
                .is_none_or(|path| place.starts_with(path.components()))
        });
        let longest = values.max_by_key(|(_, path)| components(path));
        longest.map(|(side, _)| *side)
    }
}
