//! The order in which `sops` reads the arguments of a command. Its library moves flags before
//! words, but takes a word after a switch for the switch's value. So `decrypt FILE -i` has a flag,
//! and `decrypt -i FILE --output x` has three words.

use std::ffi::{OsStr, OsString};

use super::flag_syntax::flag;
use crate::completion::sops_answers::names;
use crate::completion::sops_commands::{COMMANDS, FLAGS};

/// The commands that write a file in place, in which an extra word would be another file.
const ORDERED: &[&str] = &["decrypt", "edit", "encrypt", "rotate", "updatekeys"];

/// Sorts the arguments of one command.
pub(super) struct SopsOrder<'a> {
    /// The flags that `sops` has for the command.
    flags: &'static [&'static str],
    /// Whether a flag of this program takes a value, by its name.
    takes_value: &'a dyn Fn(&OsStr) -> Option<bool>,
}

impl<'a> SopsOrder<'a> {
    /// The order for the command of this name.
    pub(super) fn of(name: &str, takes_value: &'a dyn Fn(&OsStr) -> Option<bool>) -> Option<Self> {
        let mut commands = COMMANDS.iter().filter(|_| ORDERED.contains(&name));
        let command = commands.find(|command| command.name == name)?;
        Some(Self {
            flags: command.flags,
            takes_value,
        })
    }

    /// Sorts the arguments so that flags end at the first word. Flags that only sops-rs has come
    /// first, because they work in any position; global flags of `sops` work only before the first
    /// word.
    pub(super) fn sort(&self, arguments: Vec<OsString>) -> Vec<OsString> {
        let (mut own, mut moved, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        let (mut takes_next, mut has_word) = (Takes::Nothing, false);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let name = flag(&argument).map(|(name, _)| name);
            let is_of_command = name.is_some_and(|name| has(self.flags, name));
            let is_own = name.is_some_and(|name| {
                let is_known = (self.takes_value)(name).is_some();
                is_known && !is_of_command && !(has_word && has(FLAGS, name))
            });
            if takes_next == Takes::Value || takes_next == Takes::Word && !is_of_command && !is_own
            {
                has_word |= takes_next == Takes::Word;
                // Here, Go's library treats a flag in place of a value as a flag.
                takes_next = match is_of_command {
                    true => self.takes(&argument),
                    false => Takes::Nothing,
                };
                moved.push(argument);
            } else if argument == "--" {
                rest.push(argument);
                rest.extend(arguments);
                break;
            } else if is_own {
                let takes_value = self.takes(&argument) == Takes::Value;
                own.push(argument);
                if takes_value {
                    own.extend(arguments.next());
                }
            } else if is_of_command {
                takes_next = self.takes(&argument);
                moved.push(argument);
            } else {
                has_word = true;
                rest.push(argument);
            }
        }
        [own, moved, rest].concat()
    }

    /// What a flag takes from the next argument.
    fn takes(&self, argument: &OsStr) -> Takes {
        match flag(argument) {
            Some((name, None)) if (self.takes_value)(name) == Some(true) => Takes::Value,
            Some((_, None)) => Takes::Word,
            _ => Takes::Nothing,
        }
    }
}

/// What a flag takes from the next argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    /// The value of the flag.
    Value,
    /// A word, which stays a word: the flag is a switch.
    Word,
}

/// Whether one of the flags has this name. Every command has `--help`.
fn has(flags: &[&str], name: &OsStr) -> bool {
    let mut all = flags.iter().flat_map(|flag| names(flag));
    all.any(|one| name == one) || name == "help" || name == "h"
}
