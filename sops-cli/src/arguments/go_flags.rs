//! Reads the command line as Go's flag library, and therefore `sops`, does, and rewrites it for
//! clap. Go accepts long names after one dash, switches with a value, repeated flags, and values
//! that begin with a dash.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use clap::ArgAction;

use super::flag_syntax::{flag, truth};
use super::sops_order::SopsOrder;

/// Rewrites the arguments for clap. If a flag that takes one value is repeated, the last one
/// counts.
///
/// With `is_strict`, the arguments are read as `sops` reads them. In the old form and in the
/// commands of [`SopsOrder`], flags end at the first word. In other commands, an unknown flag after
/// the first word is a word.
pub(crate) fn usual(
    arguments: Vec<OsString>,
    command: &clap::Command,
    is_strict: bool,
) -> Vec<OsString> {
    let has_command = arguments
        .first()
        .is_some_and(|first| command.find_subcommand(first).is_some());
    if is_usual(&arguments, has_command, is_strict) {
        return arguments;
    }
    let mut reader = Reader::new(command, is_strict);
    reader.read(arguments);
    reader.spelled()
}

/// Whether the arguments certainly need no rewriting. A complete check would have to build clap's
/// description of the command line, which takes time.
fn is_usual(arguments: &[OsString], has_command: bool, is_strict: bool) -> bool {
    let (mut names, mut lengths) = (HashSet::new(), HashSet::new());
    let (mut words, mut is_behind_flag) = (0, false);
    // The words of these commands may begin with a dash.
    let takes_dashes = ["set", "unset", "exec-env", "exec-file"];
    let mut names_them = arguments
        .iter()
        .map(|name| takes_dashes.iter().any(|one| name == one));
    let ends_flags = is_strict || names_them.any(|names_one| names_one);
    for argument in arguments {
        let Some((name, value)) = flag(argument) else {
            if argument == "--" || argument == "h" {
                return false;
            }
            (words, is_behind_flag) = (words + 1, false);
            continue;
        };
        let is_long = argument.as_bytes().starts_with(b"--");
        let is_letter = name.as_bytes()[0].is_ascii_alphabetic();
        lengths.insert(is_long);
        if is_behind_flag
            || value.is_some()
            || is_long != (name.len() > 1)
            || !is_letter
            || ends_flags && words > usize::from(has_command)
            || !names.insert(name)
            || lengths.len() > 1
        {
            return false;
        }
        is_behind_flag = true;
    }
    true
}

/// The position at the end of an incomplete command line.
pub(crate) struct Position {
    /// The innermost command.
    pub(crate) command: clap::Command,
    /// The flag whose value comes next.
    pub(crate) flag: Option<String>,
    /// The words that belong to the command.
    pub(crate) words: Vec<OsString>,
    /// The flags that the line already has and that count only once.
    pub(crate) given: Vec<String>,
    /// Whether flags are no longer possible.
    pub(crate) is_after_end: bool,
}

/// Finds the position at the end of an incomplete command line.
pub(crate) fn position(arguments: Vec<OsString>, command: &clap::Command) -> Position {
    let mut reader = Reader::new(command, false);
    reader.read(arguments);
    let mut position = Position {
        command: reader.command.into_owned(),
        flag: reader.pending,
        words: Vec::new(),
        given: Vec::new(),
        is_after_end: false,
    };
    for part in reader.parts {
        match part {
            Part::Word(word) => position.words.push(word),
            Part::Flag { key: (_, id), .. } => position.given.push(id),
            Part::End => position.is_after_end = true,
            Part::Command(_) | Part::Raw(_) => {}
        }
    }
    position
}

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
enum Part {
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

struct Reader<'c> {
    /// The innermost command so far.
    command: Cow<'c, clap::Command>,
    /// The flags that can be given, by name.
    flags: HashMap<String, Flag>,
    level: usize,
    /// The words so far that belong to the command.
    words: usize,
    parts: Vec<Part>,
    /// The last flag, if its value is missing.
    pending: Option<String>,
    is_strict: bool,
    /// Whether flags end at the first word.
    ends_at_word: bool,
}

impl<'c> Reader<'c> {
    fn new(command: &'c clap::Command, is_strict: bool) -> Self {
        let mut reader = Self {
            command: Cow::Borrowed(command),
            flags: HashMap::new(),
            level: 0,
            words: 0,
            parts: Vec::new(),
            pending: None,
            is_strict,
            ends_at_word: is_strict,
        };
        reader.learn();
        // Building the description of the program would add these flags, but it is not built yet.
        for name in ["help", "h"] {
            let help = || Flag::switch("help", "--help");
            reader.flags.entry(name.into()).or_insert_with(help);
        }
        reader
    }

    fn read(&mut self, arguments: Vec<OsString>) {
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

    /// A word, which may be a command.
    fn word(&mut self, word: OsString) {
        let subcommand = (self.words == 0).then(|| self.subcommand(&word)).flatten();
        if let Some(subcommand) = subcommand {
            let mut subcommand = subcommand.clone();
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

    fn spelled(self) -> Vec<OsString> {
        let is_end = |part: &Part| matches!(part, Part::End);
        let is_word = |part: &Part| matches!(part, Part::Word(_));
        let is_dashed = |part: &Part| matches!(part, Part::Word(word) if flag(word).is_some());
        let mut parts = self.parts;
        let end = parts.iter().position(is_end);
        let is_dashed = parts[..end.unwrap_or(parts.len())].iter().any(is_dashed);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(given: &str, is_strict: bool) -> String {
        let arguments = given.split(' ').map(OsString::from).collect();
        let command = crate::cli::command();
        let mut reader = Reader::new(&command, is_strict);
        reader.read(arguments);
        let usual = reader.spelled();
        let words: Vec<_> = usual.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    /// As `sops` 3.13.3 reads them.
    #[test]
    fn flags_are_parsed_like_go() {
        for (given, expected) in [
            ("decrypt -in-place x", "decrypt --in-place x"),
            ("decrypt -i=true x", "decrypt --in-place x"),
            ("decrypt -i=false x", "decrypt x"),
            (
                "decrypt --in-place=1 --ignore-mac=F x",
                "decrypt --in-place x",
            ),
            ("decrypt -i -i x", "decrypt --in-place x"),
            ("decrypt --i x", "decrypt --in-place x"),
            ("-d -d x", "--decrypt x"),
            ("encrypt -age R -output=o x", "encrypt --age=R --output=o x"),
            ("encrypt -a R x", "encrypt --age=R x"),
            ("encrypt -output=true x", "encrypt --output=true x"),
            ("groups delete -file x 0", "groups delete --file=x 0"),
            ("keyservice -net unix", "keyservice --network=unix"),
            ("-h=false -d x", "--decrypt x"),
            ("decrypt --help=false x", "decrypt x"),
            ("decrypt -h=1 x", "decrypt --help x"),
            ("-v=t", "--version"),
            ("h decrypt", "help decrypt"),
            ("-- decrypt -i x", "decrypt --in-place x"),
            (
                "decrypt --enable-local-keyservice=F x",
                "decrypt --enable-local-keyservice=false x",
            ),
            // If a flag is repeated, the last one counts.
            ("decrypt --output a --output=b x", "decrypt --output=b x"),
            ("decrypt -i -i=false x", "decrypt x"),
            ("decrypt -i=false --in-place x", "decrypt --in-place x"),
            (
                "--config /dev/null --config a --output-type yaml -d x --output-type json",
                "--config=a --decrypt x --output-type=json",
            ),
            ("--config a decrypt --config b x", "decrypt --config=b x"),
            ("decrypt --config b -config= x", "decrypt --config= x"),
            // These flags may be repeated.
            ("groups add --age a --age b", "groups add --age=a --age=b"),
            // A value may look like a flag.
            (
                "encrypt --output -i=false -i x",
                "encrypt --output=-i=false --in-place x",
            ),
            ("encrypt --age -x x", "encrypt --age=-x x"),
            ("encrypt --output -- x", "encrypt --output=-- x"),
            ("encrypt --age", "encrypt --age"),
            ("set x [0] 2 --idempotent", "set --idempotent x [0] 2"),
            ("set x [0] --value-stdin", "set --value-stdin x [0]"),
            ("set x [0] -2", "set -- x [0] -2"),
            ("set x [0] -2 --idempotent", "set --idempotent -- x [0] -2"),
            (
                "exec-env -pristine x grep -i -e=true",
                "exec-env --pristine -- x grep -i -e=true",
            ),
            ("exec-env x -- cmd -i", "exec-env x -- cmd -i"),
            (
                "exec-env x --pristine -- cmd -i",
                "exec-env --pristine x -- cmd -i",
            ),
            ("decrypt -i -- -x", "decrypt --in-place -- -x"),
            ("decrypt - x", "decrypt - x"),
            // Unknown arguments are left to clap.
            ("-di x", "-di x"),
            ("decrypt --in-place=perhaps", "decrypt --in-place=perhaps"),
            ("decrypt -nosuch x", "decrypt -nosuch x"),
            ("decrypt x -nosuch", "decrypt x -nosuch"),
            ("hook run --pre-push a b", "hook run --pre-push a b"),
            // The old form.
            ("-d x -i", "--decrypt x --in-place"),
        ] {
            assert_eq!(spelled(given, false), expected, "{given}");
        }
    }

    /// Arguments that are not rewritten mean the same to clap as their rewritten form.
    #[test]
    fn usual_arguments_stay() {
        for (given, expected) in [
            ("decrypt x", true),
            ("decrypt -i x", true),
            ("decrypt --output o x", true),
            ("-d x", true),
            ("--config a decrypt x", true),
            ("decrypt x --in-place", true),
            ("-d x -i", true),
            ("--config a decrypt --config b x", false),
            ("decrypt --output -i x", false),
            ("decrypt -in-place x", false),
            ("decrypt --i x", false),
            ("decrypt --help=false x", false),
            ("set x y -1", false),
            ("set x y --idempotent 1", false),
            ("--config c set x y --idempotent 1", false),
            ("exec-env x -- y", false),
            ("h", false),
        ] {
            let arguments: Vec<_> = given.split(' ').map(OsString::from).collect();
            let has_command = !given.starts_with('-');
            let is = is_usual(&arguments, has_command, false);
            assert_eq!(is, expected, "{given}");
        }
    }

    #[test]
    fn flags_after_words_are_judged_under_the_name_sops() {
        for (given, has_command, expected) in [
            ("decrypt -i x", true, true),
            ("decrypt x -i", true, false),
            ("-d x -i", false, false),
            ("x -d", false, false),
            ("x", false, true),
        ] {
            let arguments: Vec<_> = given.split(' ').map(OsString::from).collect();
            let is = is_usual(&arguments, has_command, true);
            assert_eq!(is, expected, "{given}");
        }
    }

    #[test]
    fn under_the_name_sops_words_after_the_file_are_not_flags() {
        for (given, expected) in [
            ("-d x -i", "--decrypt -- x -i"),
            ("x --decrypt", "-- x --decrypt"),
            ("decrypt x -nosuch", "decrypt -- x -nosuch"),
            ("decrypt x -i", "decrypt --in-place x"),
            ("decrypt -nosuch x", "decrypt -nosuch x"),
            (
                "decrypt -i x --output o",
                "decrypt --in-place -- x --output o",
            ),
            (
                "decrypt -i=true x --output o",
                "decrypt --in-place --output=o x",
            ),
            ("decrypt x -i y", "decrypt --in-place y x"),
            (
                "decrypt -i -- x --output y",
                "decrypt --in-place -- --output y x",
            ),
            ("decrypt x --config c", "decrypt -- x --config c"),
            ("decrypt --config -i x", "decrypt --config=-i x"),
            (
                "--config c decrypt -i x -v",
                "--config=c decrypt --in-place -- x -v",
            ),
            (
                "decrypt -i --config c x --output o",
                "decrypt --config=c --in-place -- x --output o",
            ),
            ("encrypt -i x --dry-run", "encrypt --dry-run --in-place x"),
            (
                "encrypt x -i --dry-run y",
                "encrypt --dry-run --in-place y x",
            ),
            ("decrypt --verbose x -i", "decrypt --verbose --in-place x"),
            (
                "updatekeys -y x --bogus y",
                "updatekeys --yes -- x --bogus y",
            ),
            (
                "filestatus x --input-type yaml",
                "filestatus x --input-type=yaml",
            ),
        ] {
            assert_eq!(spelled(given, true), expected, "{given}");
        }
    }
}
