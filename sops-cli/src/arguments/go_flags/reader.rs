//! Reads arguments one by one, and knows which flags and commands may come next.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgAction;

use crate::arguments::flag_syntax::{flag, truth};
use crate::arguments::sops_order::SopsOrder;
use crate::completion::sops_commands::is_command;

/// The flags of the old form that select what it does.
const OLD_MODES: [&str; 4] = ["decrypt", "encrypt", "rotate", "set"];

/// The kind of value that a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// Nothing: it is on or off.
    Nothing,
    /// A truth value after `=`, if any.
    TruthValue,
    /// One value; the last one counts.
    Last,
    /// One value each time.
    Each,
    /// Several values, which are left as they are.
    Several,
}

#[derive(Clone, Debug)]
struct Flag {
    id: String,
    /// The name as it is spelled on the command line.
    name: String,
    takes: Takes,
    is_global: bool,
    level: usize,
}

impl Flag {
    fn switch(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            takes: Takes::Nothing,
            is_global: true,
            level: 0,
        }
    }
}

/// A part of the command line.
pub(super) enum Part {
    Command(OsString),
    Flag {
        /// The level of the command that the flag belongs to, and the flag's name; flags of every
        /// command have the first level.
        key: (usize, String),
        spelled: OsString,
    },
    /// An argument that clap accepts or rejects.
    Raw(OsString),
    Word(OsString),
    /// `--`, after which words may start with a dash.
    End,
}

/// Reads the arguments of a command line.
pub(super) struct Reader<'c> {
    /// The innermost command so far.
    pub(super) command: Cow<'c, clap::Command>,
    /// The flags that can be given, by name.
    flags: HashMap<String, Flag>,
    level: usize,
    /// The words so far that belong to the command.
    words: usize,
    pub(super) parts: Vec<Part>,
    /// The last flag, if its value is missing.
    pub(super) pending: Option<String>,
    is_strict: bool,
    /// Whether flags end at the first word.
    ends_at_word: bool,
    /// Whether a word is a file although clap knows a command of this name.
    hides_command: bool,
}

impl<'c> Reader<'c> {
    pub(super) fn new(command: &'c clap::Command, is_strict: bool) -> Self {
        let mut reader = Self {
            command: Cow::Borrowed(command),
            flags: HashMap::new(),
            level: 0,
            words: 0,
            parts: Vec::new(),
            pending: None,
            is_strict,
            ends_at_word: is_strict,
            hides_command: false,
        };
        reader.learn();
        // Building the description of the program would add these flags, but it is not built yet.
        for name in ["help", "h"] {
            let help = || Flag::switch("help", "--help");
            reader.flags.entry(name.into()).or_insert_with(help);
        }
        reader
    }

    pub(super) fn read(&mut self, arguments: Vec<OsString>) {
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                let next = arguments.peek().filter(|_| self.words == 0);
                if self.level == 0 && next.is_some_and(|next| self.subcommand(next).is_some()) {
                    continue;
                }
                self.parts.push(Part::End);
                self.parts.extend(arguments.map(Part::Word));
                return;
            }
            if self.words > 0 && self.ends_at_word {
                self.parts.push(Part::Word(argument));
                continue;
            }
            let Some((name, value)) = flag(&argument) else {
                let level = self.level;
                self.word(argument);
                if self.is_strict && self.level > level {
                    let rest: Vec<_> = arguments.collect();
                    let sorted = self.in_sops_order(&rest);
                    self.ends_at_word = sorted.is_some();
                    arguments = sorted.unwrap_or(rest).into_iter().peekable();
                }
                continue;
            };
            let known = name.to_str().and_then(|name| self.flags.get(name)).cloned();
            let Some(known) = known else {
                let part = match self.takes_dashes() {
                    true => {
                        self.words += 1;
                        Part::Word(argument)
                    }
                    false => Part::Raw(argument),
                };
                self.parts.push(part);
                continue;
            };
            let value = value.map(OsStr::to_owned);
            match known.takes {
                Takes::Nothing => self.switch(&known, argument, value),
                Takes::TruthValue => {
                    let value = value.map(|value| match truth(&value) {
                        Some(is_on) => OsString::from(is_on.to_string()),
                        None => value,
                    });
                    self.flag(&known, value);
                }
                Takes::Last | Takes::Each => match value.or_else(|| arguments.next()) {
                    Some(value) => self.flag(&known, Some(value)),
                    None => {
                        self.pending = Some(known.id);
                        self.parts.push(Part::Raw(known.name.into()));
                    }
                },
                Takes::Several => self.parts.push(Part::Raw(argument)),
            }
        }
    }

    /// Reads a word, which may be a command.
    fn word(&mut self, word: OsString) {
        let subcommand = (self.words == 0)
            .then(|| self.subcommand(&word))
            .flatten()
            .cloned();
        let is_file = subcommand.is_some() && self.is_file(&word);
        self.hides_command |= is_file;
        if let Some(mut subcommand) = subcommand.filter(|_| !is_file) {
            subcommand.build();
            self.command = Cow::Owned(subcommand);
            self.level += 1;
            // After a subcommand, only its own flags and those of every command are valid.
            self.flags.retain(|_, flag| flag.is_global);
            self.learn();
            self.parts.push(Part::Command(word));
            return;
        }
        let is_help = self.level == 0 && self.words == 0 && word == "h";
        self.words += 1;
        self.parts
            .push(Part::Word(if is_help { "help".into() } else { word }));
    }

    /// Whether a word that names a command of sops-rs, but not of `sops`, is a file: after a flag
    /// such as `--decrypt` in the old form, or if `sops` would open a file with this name.
    fn is_file(&self, word: &OsStr) -> bool {
        let is_mode = |part: &Part| matches!(part, Part::Flag { key: (_, id), .. } if OLD_MODES.contains(&&**id));
        self.level == 0
            && !is_command(word)
            && (self.parts.iter().any(is_mode) || self.is_strict && Path::new(word).is_file())
    }

    /// The arguments in the order in which `sops` reads them, if it has one for the command.
    fn in_sops_order(&self, arguments: &[OsString]) -> Option<Vec<OsString>> {
        let takes_value = |name: &OsStr| {
            let flag = name.to_str().and_then(|name| self.flags.get(name))?;
            Some(matches!(flag.takes, Takes::Last | Takes::Each))
        };
        let name = Some(self.command.get_name()).filter(|_| self.level == 1)?;
        SopsOrder::of(name, &takes_value).map(|order| order.sort(arguments.to_vec()))
    }

    fn subcommand(&self, name: &OsStr) -> Option<&clap::Command> {
        self.command.find_subcommand(name)
    }

    /// Whether a word may begin with a dash here.
    fn takes_dashes(&self) -> bool {
        let positionals = || {
            let positionals = self.command.get_positionals();
            positionals.filter(|positional| !positional.is_last_set())
        };
        let next = positionals().nth(self.words);
        let next = next.or_else(|| positionals().last());
        next.is_some_and(clap::Arg::is_allow_hyphen_values_set)
            || self.is_strict && self.words > 0 && self.level > 0
    }

    fn switch(&mut self, flag: &Flag, argument: OsString, value: Option<OsString>) {
        match value.as_deref().map(truth) {
            Some(None) => self.parts.push(Part::Raw(argument)),
            Some(Some(false)) => self.withdraw(flag),
            None | Some(Some(true)) => self.flag(flag, None),
        }
    }

    fn flag(&mut self, flag: &Flag, value: Option<OsString>) {
        if flag.takes != Takes::Each {
            self.withdraw(flag);
        }
        let mut spelled = OsString::from(&flag.name);
        if let Some(value) = value {
            spelled.push("=");
            spelled.push(value);
        }
        let key = (flag.level, flag.id.clone());
        self.parts.push(Part::Flag { key, spelled });
    }

    /// Removes earlier occurrences of the flag: the last one counts.
    fn withdraw(&mut self, flag: &Flag) {
        self.parts.retain(|part| {
            !matches!(part, Part::Flag { key: (level, id), .. } if *level == flag.level && *id == flag.id)
        });
    }

    /// Adds the flags of the command.
    fn learn(&mut self) {
        for arg in self.command.get_arguments() {
            let long = arg.get_long_and_visible_aliases().into_iter().flatten();
            let hidden = arg.get_all_aliases().into_iter().flatten();
            let short = arg.get_short_and_visible_aliases().into_iter().flatten();
            let hidden_short = arg.get_all_short_aliases().into_iter().flatten();
            let names: Vec<String> = long
                .chain(hidden)
                .map(str::to_owned)
                .chain(short.chain(hidden_short).map(String::from))
                .collect();
            let name = match (arg.get_long(), arg.get_short()) {
                (Some(long), _) => format!("--{long}"),
                (None, Some(short)) => format!("-{short}"),
                (None, None) => continue,
            };
            let takes = takes(arg);
            let is_global = arg.is_global_set();
            let level = if is_global { 0 } else { self.level };
            for alias in names {
                let flag = Flag {
                    id: arg.get_id().to_string(),
                    name: name.clone(),
                    takes,
                    is_global,
                    level,
                };
                self.flags.insert(alias, flag);
            }
        }
    }

    pub(super) fn spelled(self) -> Vec<OsString> {
        let is_end = |part: &Part| matches!(part, Part::End);
        let is_word = |part: &Part| matches!(part, Part::Word(_));
        let is_dashed = |part: &Part| matches!(part, Part::Word(word) if flag(word).is_some());
        let mut parts = self.parts;
        let end = parts.iter().position(is_end);
        let is_dashed =
            self.hides_command || parts[..end.unwrap_or(parts.len())].iter().any(is_dashed);
        // Clap would take a flag after a word that may start with a dash as another word.
        let mut positionals = self.command.get_positionals();
        if is_dashed || positionals.any(clap::Arg::is_allow_hyphen_values_set) {
            if is_dashed {
                parts.retain(|part| !is_end(part));
            }
            // A stable order: flags, then words, then the words after `--`.
            let end = parts.iter().position(is_end).unwrap_or(parts.len());
            parts[..end].sort_by_key(is_word);
            if is_dashed {
                let first = parts.iter().position(is_word).unwrap_or(parts.len());
                parts.insert(first, Part::End);
            }
        }
        parts.into_iter().map(Part::into_text).collect()
    }
}

impl Part {
    fn into_text(self) -> OsString {
        match self {
            Self::Command(text)
            | Self::Flag { spelled: text, .. }
            | Self::Raw(text)
            | Self::Word(text) => text,
            Self::End => "--".into(),
        }
    }
}

fn takes(arg: &clap::Arg) -> Takes {
    let most = arg.get_num_args().map_or(1, |count| count.max_values());
    match arg.get_action() {
        ArgAction::Set | ArgAction::Append if most > 1 => Takes::Several,
        ArgAction::Set if arg.is_require_equals_set() => Takes::TruthValue,
        ArgAction::Set => Takes::Last,
        ArgAction::Append => Takes::Each,
        _ => Takes::Nothing,
    }
}
