//! Reads the command line as Go's flag library, and therefore `sops`, does, and rewrites it for
//! clap. Go accepts long names after one dash, switches with a value, repeated flags, and values
//! that begin with a dash.

mod reader;

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use self::reader::{Part, Reader};
use super::flag_syntax::flag;
use crate::completion::sops_commands::is_command;

/// Rewrites the arguments for clap. If a flag that takes one value is repeated, the last one
/// counts.
///
/// With `is_strict`, the arguments are read as `sops` reads them: in the old form and in the
/// commands of [`SopsOrder`](super::sops_order::SopsOrder), flags end at the first word; in other
/// commands, an unknown flag after the first word is a word.
pub(crate) fn usual(
    arguments: Vec<OsString>,
    command: &clap::Command,
    is_strict: bool,
) -> Vec<OsString> {
    let has_command = arguments
        .first()
        .is_some_and(|first| command.find_subcommand(first).is_some());
    let may_be_file =
        |word: &OsString| !is_command(word) && command.find_subcommand(word).is_some();
    let has_file = (is_strict || !has_command) && arguments.iter().any(may_be_file);
    if !has_file && is_usual(&arguments, has_command, is_strict) {
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

    /// The expected results are those of `sops` 3.13.3.
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
            // In the old form, a command that sops lacks is the name of a file.
            ("-d verify", "--decrypt -- verify"),
            ("verify -d", "verify -d"),
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
