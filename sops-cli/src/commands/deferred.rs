//! Describes the flags of a command only when it is used, because describing those of all commands
//! takes longer than decrypting a file.

use std::ops::Deref;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Error, FromArgMatches, Id};

use crate::help;

/// The arguments of a command.
#[derive(Debug)]
pub(crate) struct DeferredArgs<A>(pub(super) A);

impl<A> Deref for DeferredArgs<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: Args> Args for DeferredArgs<A> {
    fn group_id() -> Option<Id> {
        A::group_id()
    }

    fn augment_args(command: clap::Command) -> clap::Command {
        command.defer(|command| help::of_command(described(command, A::augment_args)))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command.defer(|command| help::of_command(described(command, A::augment_args_for_update)))
    }
}

impl<A: FromArgMatches> FromArgMatches for DeferredArgs<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// Adds the flags and keeps the command's own help, which groups of flags would otherwise replace
/// with theirs.
pub(crate) fn described(
    command: clap::Command,
    augment: fn(clap::Command) -> clap::Command,
) -> clap::Command {
    let about = Resettable::from(command.get_about().cloned());
    let long_about = Resettable::from(command.get_long_about().cloned());
    let of_every_command: Vec<Id> = command
        .get_arguments()
        .map(|arg| arg.get_id().clone())
        .collect();
    let described = augment(command).about(about).long_about(long_about);
    // The flags of every command come first; `mut_arg` moves them to the end.
    of_every_command
        .into_iter()
        .fold(described, |command, id| command.mut_arg(id, |arg| arg))
}
