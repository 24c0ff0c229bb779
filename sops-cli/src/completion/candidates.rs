//! What can come next on a command line.

use std::ffi::OsString;
use std::path::Path;

use sops_core::Format;
use sops_core::keys::Family;

use super::sources::{Configured, key_paths, lint_rules};
use crate::arguments::go_flags::{Position, position};

/// The candidates for the current word, and whether file names can follow.
#[derive(Default)]
pub(super) struct Next {
    pub(super) candidates: Vec<Candidate>,
    /// Whether names of files can come too.
    pub(super) takes_files: bool,
}

/// A word, or the beginning of one.
pub(super) struct Candidate {
    pub(super) text: String,
    pub(super) about: String,
}

impl Candidate {
    fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            about: about.into(),
        }
    }
}

/// The completions of the last word, which all start with it.
pub(super) fn candidates(words: Vec<OsString>, current: &str, program: &clap::Command) -> Next {
    let line = Line {
        position: position(words, program),
        program,
    };
    let mut next = line.next(current);
    next.candidates
        .retain(|candidate| candidate.text.starts_with(current));
    next
}

/// A command line that is not complete yet.
struct Line<'p> {
    position: Position,
    program: &'p clap::Command,
}

impl Line<'_> {
    fn next(&self, current: &str) -> Next {
        let Position {
            command,
            flag,
            words,
            is_after_end,
            ..
        } = &self.position;
        if let Some(id) = flag {
            return self.values(id, current);
        }
        if current.starts_with('-') && !is_after_end {
            if let Some((name, value)) = current.split_once('=')
                && let Some(arg) = self.flag(name)
            {
                let mut next = self.values(arg.get_id().as_str(), value);
                for candidate in &mut next.candidates {
                    candidate.text = format!("{name}={}", candidate.text);
                }
                return next;
            }
            return Next {
                candidates: self.flags(true).collect(),
                takes_files: false,
            };
        }
        if self.is_program() && words.first().is_some_and(|word| word == "help") {
            return none_but(self.commands());
        }
        let mut next = match command.get_positionals().nth(words.len()) {
            Some(arg) => self.values(arg.get_id().as_str(), current),
            // Another value of the last argument.
            None => match command.get_positionals().last() {
                Some(arg) if !self.is_program() => self.values(arg.get_id().as_str(), current),
                _ => Next::default(),
            },
        };
        if words.is_empty() {
            next.candidates.splice(..0, subcommands(command));
            if self.is_program() {
                next.candidates.extend(self.flags(false));
                // A file alone is edited.
                next.takes_files = true;
            }
        }
        next
    }

    /// The commands of the program.
    fn commands(&self) -> impl Iterator<Item = Candidate> {
        subcommands(self.program)
    }

    fn is_program(&self) -> bool {
        self.position.command.get_name() == self.program.get_name()
    }

    /// The flags of the command and those of every command.
    fn args(&self) -> impl Iterator<Item = &clap::Arg> {
        let is_program = self.is_program();
        let of_every_command = self
            .program
            .get_arguments()
            .filter(|arg| arg.is_global_set());
        let own = self.position.command.get_arguments();
        own.chain(of_every_command.filter(move |_| !is_program))
    }

    fn flag(&self, name: &str) -> Option<&clap::Arg> {
        let name = name.trim_start_matches('-');
        self.args().find(|arg| {
            let long = arg.get_long_and_visible_aliases().into_iter().flatten();
            let is_short = arg
                .get_short()
                .is_some_and(|short| short.to_string() == name);
            is_short || long.into_iter().any(|long| long == name)
        })
    }

    /// The flags that are still possible, and on request those of the old form.
    fn flags(&self, with_old_form: bool) -> impl Iterator<Item = Candidate> {
        let given = &self.position.given;
        let is_hidden = move |arg: &&clap::Arg| arg.is_hide_set();
        let is_open = move |arg: &&clap::Arg| {
            let is_repeated = matches!(arg.get_action(), clap::ArgAction::Append);
            is_repeated || !given.iter().any(|id| arg.get_id() == id.as_str())
        };
        let shown = self.args().filter(move |arg| !is_hidden(arg));
        let is_old_form = with_old_form && self.is_program();
        let hidden = self.args().filter(move |arg| is_old_form && is_hidden(arg));
        let flags = shown.chain(hidden).filter(is_open);
        let named = flags.filter_map(|arg| {
            let help = about(arg.get_help());
            Some(Candidate::new(format!("--{}", arg.get_long()?), help))
        });
        let has_help = self.args().any(|arg| arg.get_id() == "help");
        let help = (!has_help).then(|| Candidate::new("--help", "Print help"));
        named.chain(help)
    }

    /// The values of an argument.
    fn values(&self, id: &str, current: &str) -> Next {
        let Some(arg) = self.args().find(|arg| arg.get_id() == id) else {
            return Next::default();
        };
        let possible = arg.get_possible_values();
        if !possible.is_empty() {
            let values = possible.iter().filter(|value| !value.is_hide_set());
            return none_but(
                values.map(|value| Candidate::new(value.get_name(), about(value.get_help()))),
            );
        }
        let name = arg.get_value_names().and_then(<[_]>::first);
        let command = self.position.command.get_name();
        match (name.map_or("", |name| name.as_str()), id) {
            ("FORMAT", _) => none_but(
                Format::ALL
                    .into_iter()
                    .map(|format| Candidate::new(format.name(), "")),
            ),
            ("RECIPIENT" | "RECIPIENTS", _) => listed(current, self.keys(Family::Age)),
            ("FINGERPRINT" | "FINGERPRINTS", _) => listed(current, self.keys(Family::Pgp)),
            ("ARN" | "ARNS", _) => listed(current, self.keys(Family::Kms)),
            ("ID" | "IDS", id) if id.contains("hckms") => listed(current, self.keys(Family::Hckms)),
            ("ID" | "IDS", _) => listed(current, self.keys(Family::GcpKms)),
            ("URL" | "URLS", _) => listed(current, self.keys(Family::AzureKv)),
            ("URI" | "URIS", _) => listed(current, self.keys(Family::HcVault)),
            ("KINDS", _) => listed(
                current,
                Family::ALL
                    .into_iter()
                    .map(|family| Candidate::new(family.name(), "")),
            ),
            ("SUFFIX" | "REGEX", _) => none_but(
                Configured::read(None)
                    .rules(id)
                    .into_iter()
                    .map(|rule| Candidate::new(rule, "")),
            ),
            ("PATH", "path" | "extract") | ("PATH VALUE", _) => none_but(self.key_paths()),
            (_, "rule") if command == "rule" => {
                none_but(lint_rules().map(|rule| Candidate::new(rule.code, rule.summary())))
            }
            ("COMMAND", _) if command == "man" => none_but(self.commands()),
            (
                "ADDRESS" | "CONTEXT" | "INDEX" | "NUMBER" | "SPACES" | "USER" | "VALUE" | "BY"
                | "REF" | "RULE",
                _,
            ) => Next::default(),
            _ => Next {
                candidates: Vec::new(),
                takes_files: true,
            },
        }
    }

    /// The keys of a family in the configuration and in the file that is named.
    fn keys(&self, family: Family) -> impl Iterator<Item = Candidate> {
        let file = self.position.words.first();
        let keys = Configured::read(file.map(Path::new)).keys(family);
        keys.into_iter().map(|key| Candidate::new(key, ""))
    }

    /// The key paths of the file that is named.
    fn key_paths(&self) -> impl Iterator<Item = Candidate> {
        let file = self.position.words.first();
        let paths = file.map(|file| key_paths(Path::new(file)));
        let paths = paths.into_iter().flatten();
        paths.map(|path| Candidate::new(path, ""))
    }
}

fn subcommands(command: &clap::Command) -> impl Iterator<Item = Candidate> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| Candidate::new(command.get_name(), about(command.get_about())))
}

fn none_but(candidates: impl Iterator<Item = Candidate>) -> Next {
    Next {
        candidates: candidates.collect(),
        takes_files: false,
    }
}

/// Items of a comma-separated list, some of which may already be in the current word.
fn listed(current: &str, items: impl Iterator<Item = Candidate>) -> Next {
    let begun = current.rfind(',').map_or("", |end| &current[..=end]);
    let given: Vec<&str> = begun.split(',').collect();
    none_but(
        items
            .filter(|item| !given.contains(&&*item.text))
            .map(|item| Candidate::new(format!("{begun}{}", item.text), item.about)),
    )
}

/// The first line of the help.
fn about(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}
