//! Flags in the spellings that Go's library takes, and so `sops`: a long name behind one dash, a switch with `=true` or `=false`, and one
//! that is given twice.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};

use clap::ArgAction;

/// The arguments with flags in the one spelling that the description of the command line has. That is asked for only where it is needed,
/// since describing all takes as long as decrypting a file.
pub(crate) fn usual(
    arguments: Vec<OsString>,
    command: impl FnOnce() -> clap::Command,
) -> Vec<OsString> {
    let end = arguments.iter().position(|argument| argument == "--");
    let flags = &arguments[..end.unwrap_or(arguments.len())];
    if !has_unusual(flags) {
        return arguments;
    }
    let mut described = command();
    described.build();
    let mut known = HashMap::new();
    collect(&described, &mut known);
    let flags = &flags[..up_to_command(flags, &known)];
    let on: HashSet<&str> = values_left_out(flags, &known)
        .filter_map(|(argument, is_value)| flag(argument).filter(|_| !is_value))
        .filter(|(.., value)| value.and_then(truth) != Some(false))
        .filter_map(|(_, name, _)| Some(&*known.get(name)?.id))
        .collect();
    let (mut given, mut usual) = (HashSet::new(), Vec::new());
    for (argument, is_value) in values_left_out(flags, &known) {
        let read = flag(argument).filter(|_| !is_value);
        let Some((name, value, flag)) =
            read.and_then(|(_, name, value)| Some((name, value, known.get(name)?)))
        else {
            usual.push(argument.clone());
            continue;
        };
        let switch = value.filter(|_| flag.is_switch).and_then(truth);
        // Where one switch is on and off, it is not known which is meant.
        if switch == Some(false) && !on.contains(&*flag.id) {
            continue;
        }
        let is_on = flag.is_switch && (value.is_none() || switch == Some(true));
        // In two spellings it is an error there too.
        if is_on && !given.insert(name) {
            continue;
        }
        let dashes = if name.len() > 1 { "--" } else { "-" };
        usual.push(match value.filter(|_| !is_on) {
            Some(value) => format!("{dashes}{name}={value}").into(),
            None => format!("{dashes}{name}").into(),
        });
    }
    usual.extend_from_slice(&arguments[flags.len()..]);
    usual
}

/// Whether any of the flags may be in a spelling that only Go's library takes.
fn has_unusual(arguments: &[OsString]) -> bool {
    let mut seen = HashSet::new();
    arguments
        .iter()
        .filter_map(|argument| flag(argument))
        .any(|(dashes, name, value)| {
            value.is_some_and(|value| truth(value).is_some())
                || dashes == "-" && name.len() > 1
                || !seen.insert(name)
        })
}

/// The dashes, the name and the value of an argument that is a flag.
fn flag(argument: &OsStr) -> Option<(&str, &str, Option<&str>)> {
    let text = argument.to_str()?;
    let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-'))?;
    let dashes = &text[..text.len() - name.len()];
    let (name, value) = match name.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (name, None),
    };
    (!name.is_empty()).then_some((dashes, name, value))
}

/// What Go's `strconv.ParseBool` reads.
fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A flag by one of its names.
struct Flag {
    /// What all its names have in common.
    id: String,
    /// Whether it is a switch in all commands that have it.
    is_switch: bool,
}

/// The flags by their names, the short ones too.
fn collect(command: &clap::Command, known: &mut HashMap<String, Flag>) {
    for flag in command.get_arguments() {
        let is_switch = matches!(flag.get_action(), ArgAction::SetTrue);
        let long = flag.get_long_and_visible_aliases().into_iter().flatten();
        let hidden = flag.get_all_aliases().into_iter().flatten();
        let names = long.chain(hidden).map(str::to_owned);
        for name in names.chain(flag.get_short().map(String::from)) {
            let entry = known.entry(name).or_insert_with(|| Flag {
                id: flag.get_id().to_string(),
                is_switch: true,
            });
            entry.is_switch &= is_switch;
        }
    }
    for command in command.get_subcommands() {
        collect(command, known);
    }
}

/// The arguments, and of each whether it is the value of the flag before it.
fn values_left_out<'a>(
    arguments: &'a [OsString],
    known: &'a HashMap<String, Flag>,
) -> impl Iterator<Item = (&'a OsString, bool)> {
    let mut takes_value = false;
    arguments.iter().map(move |argument| {
        let is_value = std::mem::take(&mut takes_value);
        takes_value = !is_value
            && flag(argument).is_some_and(|(_, name, value)| {
                value.is_none() && known.get(name).is_some_and(|flag| !flag.is_switch)
            });
        (argument, is_value)
    })
}

/// Where the words of a command begin that `exec-env` and `exec-file` run: flags among them are its own.
fn up_to_command(arguments: &[OsString], known: &HashMap<String, Flag>) -> usize {
    let words = values_left_out(arguments, known).enumerate();
    let mut words = words
        .filter(|(_, (argument, is_value))| !is_value && flag(argument).is_none())
        .map(|(index, (argument, _))| (index, argument));
    match words.next() {
        Some((_, first)) if first == "exec-env" || first == "exec-file" => {
            words.nth(1).map_or(arguments.len(), |(index, _)| index)
        }
        _ => arguments.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `sops` 3.13.3 takes them.
    #[test]
    fn flags_are_taken_as_by_go() {
        for (given, expected) in [
            ("decrypt -i x", "decrypt -i x"),
            ("decrypt -in-place x", "decrypt --in-place x"),
            ("decrypt -i=true x", "decrypt -i x"),
            ("decrypt -i=false x", "decrypt x"),
            (
                "decrypt --in-place=1 --ignore-mac=F x",
                "decrypt --in-place x",
            ),
            ("decrypt -i -i x", "decrypt -i x"),
            ("-d -d x", "-d x"),
            ("encrypt -age R -output=o x", "encrypt --age R --output=o x"),
            ("encrypt -output=true x", "encrypt --output=true x"),
            ("groups delete -file x 0", "groups delete --file x 0"),
            // What is for nobody, or for no switch, is left to who reads it.
            ("decrypt --in-place=perhaps", "decrypt --in-place=perhaps"),
            ("decrypt -i -i=false x", "decrypt -i -i=false x"),
            (
                "decrypt --in-place -i=false x",
                "decrypt --in-place -i=false x",
            ),
            ("decrypt -i --in-place -i x", "decrypt -i --in-place x"),
            // What belongs to another flag, or to a command that is run, is none.
            ("encrypt --output -i=false x", "encrypt --output -i=false x"),
            (
                "encrypt -i --filename-override -i x",
                "encrypt -i --filename-override -i x",
            ),
            (
                "exec-env -pristine x grep -i -i -e=true",
                "exec-env --pristine x grep -i -i -e=true",
            ),
            ("-di x", "-di x"),
            ("decrypt -nosuch x", "decrypt -nosuch x"),
            (
                "decrypt --output a --output b",
                "decrypt --output a --output b",
            ),
            ("decrypt -- -i -i", "decrypt -- -i -i"),
            (
                "decrypt --enable-local-keyservice=false x",
                "decrypt --enable-local-keyservice=false x",
            ),
            ("set x [0] -2", "set x [0] -2"),
        ] {
            let arguments = given.split(' ').map(OsString::from).collect();
            let usual = usual(arguments, crate::cli::command);
            let expected: Vec<_> = expected.split(' ').map(OsString::from).collect();
            assert_eq!(usual, expected, "{given}");
        }
    }
}
