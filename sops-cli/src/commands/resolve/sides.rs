//! The flags that take sides.

use clap::ValueEnum;
use sops_core::KeyPath;
use sops_core::merge::{Conflict, SideName};

use crate::command_error::{Code, CommandError};

/// Whose changes to take.
#[derive(clap::Args, Debug, Default)]
#[group(skip)]
pub(crate) struct SideArgs {
    /// Take our value in every conflict, or in those at these key paths
    #[arg(long, value_name = "KEY-PATH", num_args = 0.., value_parser = parsed)]
    ours: Option<Vec<KeyPath>>,
    /// Take their value in every conflict, or in those at these key paths
    #[arg(long, value_name = "KEY-PATH", num_args = 0.., value_parser = parsed)]
    theirs: Option<Vec<KeyPath>>,
    /// Take the recipients of one side, if both changed them
    #[arg(long, value_name = "SIDE")]
    pub(super) recipients: Option<Side>,
    /// Take the selection rule of one side, if both changed it
    #[arg(long, value_name = "SIDE")]
    pub(super) settings: Option<Side>,
}

/// A side of a merge, on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Side {
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

fn parsed(text: &str) -> Result<KeyPath, String> {
    text.parse::<KeyPath>()
        .map_err(|error| match text.starts_with('[') {
            true => error.to_string(),
            false => format!("{error}; the file comes before `--ours` and `--theirs`"),
        })
}

impl SideArgs {
    /// Refuses to take both sides everywhere.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        let is_everywhere =
            |paths: &Option<Vec<KeyPath>>| paths.as_ref().is_some_and(Vec::is_empty);
        if is_everywhere(&self.ours) && is_everywhere(&self.theirs) {
            let message = "`--ours` and `--theirs` cannot both take every conflict";
            return Err(
                CommandError::new(Code::Generic, message).hint("add key paths to one of them")
            );
        }
        Ok(())
    }

    /// Whether the command line takes sides, as a script does.
    pub(super) fn takes_any(&self) -> bool {
        self.ours.is_some() || self.theirs.is_some()
    }

    fn lists(&self) -> [(SideName, Option<&[KeyPath]>); 2] {
        [
            (SideName::Ours, self.ours.as_deref()),
            (SideName::Theirs, self.theirs.as_deref()),
        ]
    }

    /// The side that is taken in every conflict that no key path decides.
    pub(super) fn of_everything(&self) -> Option<SideName> {
        let mut lists = self.lists().into_iter();
        lists.find_map(|(side, paths)| paths?.is_empty().then_some(side))
    }

    /// The key paths on the command line at or below which nothing conflicts.
    pub(super) fn without_conflict<'p>(
        &'p self,
        conflicts: &'p [Conflict],
    ) -> impl Iterator<Item = &'p KeyPath> {
        let paths = [&self.ours, &self.theirs].into_iter().flatten().flatten();
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
        let paths = self.lists().into_iter().flat_map(|(side, paths)| {
            let paths = paths.unwrap_or_default().iter();
            paths.map(move |path| (side, path.components()))
        });
        let longest = paths
            .filter(|(_, path)| place.starts_with(path))
            .max_by_key(|(_, path)| path.len());
        longest
            .map(|(side, _)| side)
            .or_else(|| self.of_everything())
    }
}
