//! Decides whether a script that sops-rs did not write, or that was changed, runs the check and
//! fails if the check fails. Every command before the check must be of a kind that is known not to
//! interfere.

use super::hook_name::HookName;
use super::shell::{Before, ShellCommand, commands};

/// The shells whose scripts this module understands.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

/// Options of a shell, by name and by letter, with which it still runs commands and can still fail.
const OPTIONS: [&str; 5] = ["errexit", "nounset", "pipefail", "verbose", "xtrace"];
const OPTION_LETTERS: &str = "euvx";

/// Keywords that may come before a command.
const KEYWORDS: [&str; 10] = [
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "(",
];

/// Commands of a shell that can neither end the script nor change what later commands do.
const HARMLESS: [&str; 17] = [
    ":", "true", "false", "echo", "printf", "test", "[", "[[", "cd", "pwd", "type", "wait",
    "umask", "fi", "done", "}", ")",
];

/// The other built-in commands and keywords of a shell. Any other name is a program, which cannot
/// end the script either.
const OTHER_BUILTINS: &str = "\
    . alias autoload bg bind break builtin case command compgen continue coproc declare disown emulate enable esac eval exec exit export fg for \
    function getopts hash integer jobs kill let local logout mapfile nocorrect noglob print read readonly repeat return select set setopt shift shopt \
    source suspend time trap typeset unalias unset";

/// Prefixes of variables that change what the check reads.
const VARIABLES_OF_GIT: [&str; 2] = ["GIT_", "PRE_COMMIT"];

/// Whether the script always runs the check, and fails if the check fails. `ends_on_error` says
/// that the shell that runs it was started with `-e`.
pub(super) fn is_checked(hook: HookName, script: &str, ends_on_error: bool) -> bool {
    let first = script.lines().next().unwrap_or_default();
    let Some(mut ends_on_error) = errexit_of_shell(first, ends_on_error) else {
        return false;
    };
    // Whether a variable holds the list of pushed refs.
    let mut has_saved_refs = false;
    let commands = commands(script);
    let mut depth = 0_usize;
    for (index, command) in commands.iter().enumerate() {
        if depth == 0 && refuses(hook, &commands, index, ends_on_error) {
            let is_fed = command.before == Before::Pipe;
            return hook != HookName::Push || is_fed == has_saved_refs;
        }
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        match kind(command.before, &words, ends_on_error) {
            Effect::Unknown => return false,
            // The command may read the list of pushed refs.
            Effect::Program if hook == HookName::Push && !has_saved_refs => return false,
            Effect::Harmless | Effect::Program => {}
            Effect::Saving => has_saved_refs = true,
            Effect::Errexit(is_on) => {
                let is_unconditional =
                    depth == 0 && command.before == Before::Sequence && words[0] == "set";
                ends_on_error = is_on && (ends_on_error || is_unconditional);
            }
        }
        depth = depth_after(command, depth);
    }
    false
}

/// Whether the shell that the first line names ends the script on an error. `None` if the shell is
/// unknown, or may not run the script at all.
fn errexit_of_shell(first: &str, ends_on_error: bool) -> Option<bool> {
    let Some(interpreter) = first.strip_prefix("#!") else {
        return Some(ends_on_error);
    };
    let mut words = interpreter.split_whitespace();
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut shell = name(words.next()?);
    if shell == "env" {
        shell = name(words.next()?);
    }
    let is_known = SHELLS.contains(&&*shell);
    errexit(&words.collect::<Vec<_>>(), ends_on_error).filter(|_| is_known)
}

/// Whether the script ends on an error with these options. `None` if an option is unknown.
fn errexit(words: &[&str], mut ends_on_error: bool) -> Option<bool> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let is_on = word.starts_with('-');
        let letters = word.strip_prefix(['-', '+'])?;
        let (letters, name) = match letters.strip_suffix('o') {
            Some(letters) => (letters, *words.next()?),
            None => (letters, OPTIONS[1]),
        };
        if !letters.chars().all(|char| OPTION_LETTERS.contains(char)) || !OPTIONS.contains(&name) {
            return None;
        }
        if letters.contains('e') || name == OPTIONS[0] {
            ends_on_error = is_on;
        }
    }
    Some(ends_on_error)
}

/// The effect that a command before the check has on it.
enum Effect {
    /// The command does not affect the check.
    Harmless,
    /// The command runs a program.
    Program,
    /// The command saves standard input in a variable.
    Saving,
    /// Whether the script ends on an error from now on.
    Errexit(bool),
    Unknown,
}

fn kind(before: Before, words: &[&str], ends_on_error: bool) -> Effect {
    let keywords = words.iter().take_while(|word| KEYWORDS.contains(word));
    let words = &words[keywords.count()..];
    let (assignments, command) = split_assignments(words);
    let are_allowed = |words: &[&str]| {
        let mut names = words.iter();
        !names.any(|word| VARIABLES_OF_GIT.iter().any(|name| word.starts_with(name)))
    };
    let harmless_if = |is_harmless: bool| match is_harmless {
        true => Effect::Harmless,
        false => Effect::Unknown,
    };
    // A function.
    if words.iter().any(|word| word.ends_with("()")) {
        return Effect::Unknown;
    }
    match command {
        [] => match assignments {
            [assignment]
                if assignment.ends_with("=$(cat)") || assignment.ends_with("=\"$(cat)\"") =>
            {
                Effect::Saving
            }
            _ => harmless_if(are_allowed(assignments)),
        },
        ["export", names @ ..] => harmless_if(are_allowed(names)),
        ["exit" | "return", code] if is_failure(code) => Effect::Harmless,
        ["exit"] | ["exit", "$?" | "\"$?\""] => harmless_if(before == Before::Or),
        ["set", options @ ..] => {
            errexit(options, ends_on_error).map_or(Effect::Unknown, Effect::Errexit)
        }
        // Only output may be redirected: the input is the list of pushed refs.
        ["exec", redirections @ ..] => {
            harmless_if(redirections.iter().all(|word| is_redirection(word, '>')))
        }
        ["." | "source", script] => {
            harmless_if(script.trim_end_matches('"').ends_with("/husky.sh"))
        }
        ["command", "-v" | "-V", ..] | ["for", _, "in", ..] => Effect::Harmless,
        [name, ..] if HARMLESS.contains(name) => Effect::Harmless,
        [name, ..] if OTHER_BUILTINS.split(' ').any(|builtin| builtin == *name) => Effect::Unknown,
        [name, ..] => {
            let is_plain = name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "_-+./~".contains(char));
            let is_path = name.contains('/') && !name.contains("$(") && !name.contains('`');
            match is_plain || is_path {
                true => Effect::Program,
                false => Effect::Unknown,
            }
        }
    }
}

/// Whether the script ends with an error after this command, if this command is a check that fails.
fn refuses(hook: HookName, commands: &[ShellCommand], index: usize, ends_on_error: bool) -> bool {
    let command = &commands[index];
    // The first command of the pipeline.
    let is_of_pipeline = |command: &&ShellCommand| command.before == Before::Pipe;
    let fed_by = commands[..=index]
        .iter()
        .rev()
        .take_while(is_of_pipeline)
        .count();
    let start = &commands[index - fed_by];
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    if start.before != Before::Sequence {
        return false;
    }
    if let ["if", "!", check @ ..] = &start.words.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        let check = if fed_by > 0 { &words[..] } else { check };
        return is_check(hook, check) && has_exit(&commands[index + 1..]);
    }
    if !is_check(hook, &words) {
        return false;
    }
    let is_exec = fed_by == 0 && words.contains(&"exec");
    let Some(next) = commands.get(index + 1) else {
        return true;
    };
    let next_words: Vec<&str> = next.words.iter().map(String::as_str).collect();
    let is_alone = commands
        .get(index + 2)
        .is_none_or(|after| after.before == Before::Sequence);
    match (next.before, &next_words[..]) {
        (Before::Sequence, ["exit"] | ["exit", "$?" | "\"$?\""]) => true,
        (Before::Sequence, _) => is_exec || ends_on_error,
        (Before::Or, ["exit"] | ["exit", "$?" | "\"$?\""]) => is_alone,
        (Before::Or, ["exit", code]) => is_alone && is_failure(code),
        (Before::Or, ["{", "exit", code]) => is_failure(code),
        (Before::Or, ["{", ..]) => has_exit(&commands[index + 1..]),
        _ => false,
    }
}

/// Whether these are the words of a command that runs the check of the hook.
fn is_check(hook: HookName, words: &[&str]) -> bool {
    let (assignments, words) = split_assignments(words);
    let words = words.strip_prefix(&["exec"]).unwrap_or(words);
    let [program, "hook", "run", arguments @ ..] = words else {
        return false;
    };
    let program = program.trim_matches(['"', '\'']);
    let is_ours = program.rsplit('/').next() == Some("sops-rs");
    let (is_hook, arguments) = match (hook, arguments) {
        (HookName::Push, ["--pre-push", remote, rest @ ..]) => (!remote.starts_with('-'), rest),
        (HookName::Push, _) => (false, arguments),
        (HookName::Commit | HookName::Merge, _) => (true, arguments),
    };
    let is_known = |argument: &&str| match argument.starts_with('-') {
        true => ["--all-files", "--verbose"].contains(argument),
        false => hook != HookName::Push || !is_redirection(argument, '<'),
    };
    let may_be_set = |word: &&str| {
        ["SOPS_", "NO_COLOR="]
            .iter()
            .any(|name| word.starts_with(name))
    };
    is_ours && is_hook && arguments.iter().all(is_known) && assignments.iter().all(may_be_set)
}

/// The assignments before a command, and the command.
fn split_assignments<'w, 'a>(words: &'w [&'a str]) -> (&'w [&'a str], &'w [&'a str]) {
    let is_assignment = |word: &&&str| {
        let name = word.split_once('=').map(|(name, _)| name);
        let mut chars = name.unwrap_or_default().chars();
        name.is_some_and(|name| !name.is_empty())
            && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    words.split_at(words.iter().take_while(is_assignment).count())
}

/// Whether the block that begins with these commands always ends the script with an error.
fn has_exit(commands: &[ShellCommand]) -> bool {
    let mut depth = 0_usize;
    for (index, command) in commands.iter().enumerate() {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let words = match &words[..] {
            ["else" | "elif", ..] if depth == 0 => return false,
            ["then", rest @ ..] => rest,
            ["{", rest @ ..] if index == 0 => rest,
            words => words,
        };
        let is_first = index == 0 || command.before == Before::Sequence;
        if let (true, 0 | 1, ["exit", code]) = (is_first, depth, words) {
            return is_failure(code);
        }
        let is_block = index == 0 && command.words[0] == "{";
        depth = depth_after(command, depth);
        // The end of the block.
        if ["fi", "}"].contains(&&*command.words[0]) && depth == 0 && !is_block {
            return false;
        }
    }
    false
}

fn is_failure(code: &str) -> bool {
    code.parse::<u8>().is_ok_and(|code| code != 0)
}

/// Whether the word redirects input (`<`) or output (`>`), as in `2>&1`.
fn is_redirection(word: &str, direction: char) -> bool {
    let word = word.trim_start_matches(|char: char| char.is_ascii_digit() || char == '&');
    word.starts_with(direction)
}

/// The words after any keywords that do not begin a block.
fn without_keywords(words: &[String]) -> Vec<&str> {
    let is_keyword = |word: &&str| ["then", "else", "do", "!"].contains(word);
    words
        .iter()
        .map(String::as_str)
        .skip_while(is_keyword)
        .collect()
}

/// How many blocks are open after the command.
fn depth_after(command: &ShellCommand, depth: usize) -> usize {
    let words = without_keywords(&command.words);
    let Some(first) = words.first() else {
        return depth;
    };
    let opens = ["if", "while", "until", "for", "{", "("];
    // `( (` opens two levels.
    let opened = words
        .iter()
        .filter(|word| ["{", "("].contains(word))
        .count();
    if opens.contains(first) {
        // `if (` opens two levels.
        let starts_with_paren = ["{", "("].contains(first);
        return depth + opened + usize::from(!starts_with_paren);
    }
    match *first {
        "fi" | "done" | "}" | ")" => depth.saturating_sub(1),
        _ => depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_checked(hook: HookName, script: &str) -> bool {
        super::is_checked(hook, script, false)
    }

    #[test]
    fn a_script_counts_if_it_fails_with_the_check() {
        for script in [
            "sops-rs hook run",
            "sops-rs hook run || exit 1\necho done",
            "sops-rs hook run || exit\necho done",
            "sops-rs hook run || exit $?\necho done",
            "sops-rs hook run ||\n  exit 2\necho done",
            "sops-rs hook run || { echo no >&2; exit 1; }\necho done",
            "sops-rs hook run || {\n  echo no >&2\n  exit 1\n}\necho done",
            "sops-rs hook run; exit $?",
            "exec sops-rs hook run\necho never",
            "set -e\nsops-rs hook run\necho done",
            "set -eu\nsops-rs hook run 2>&1\necho done",
            "set -euo pipefail\nsops-rs hook run\necho done",
            "set -o errexit\nsops-rs hook run\necho done",
            "#!/bin/sh -e\nsops-rs hook run\necho done",
            "if ! sops-rs hook run; then\n  echo no\n  exit 1\nfi\necho done",
            "if ! sops-rs hook run\nthen exit 1; fi\necho done",
            "if [ -f x ]; then\n  make\nfi\nsops-rs hook run || exit 1\nexit 0",
            "exec 2>&1\nsops-rs hook run",
            "cat <<X\nexit 0\nX\n\"$HOME/.cargo/bin/sops-rs\" hook run # last",
            "SOPS_AGE_KEY_FILE=b ./bin/sops-rs hook run --all-files",
            "(cd x && make)\nsops-rs hook run",
            "[ -n \"$CI\" ] && exit 1\nsops-rs hook run",
            "if ! make; then exit 1; fi\nsops-rs hook run --verbose",
            "for file in a b; do make \"$file\" || exit; done\nsops-rs hook run",
            "#!/usr/bin/env sh\n. \"$(dirname -- \"$0\")/_/husky.sh\"\n\nnpx lint-staged\nsops-rs hook run",
            "#!/bin/bash\nset -x\nexport PATH=\"$HOME/.cargo/bin:$PATH\"\ncd \"$(git rev-parse --show-toplevel)\" || exit 1\nsops-rs hook run",
            "#!/bin/zsh -eu\nA=b\n\"$HOME/bin/tool\" --fix\nsops-rs hook run\necho done",
            "exec 1>&2 2>/dev/null\ncommand -v make >/dev/null || exit 1\nsops-rs hook run",
        ] {
            assert!(is_checked(HookName::Commit, script), "{script}");
            assert!(!is_checked(HookName::Push, script), "{script}");
        }
        for script in [
            "sops-rs hook run --pre-push \"$@\"",
            "refs=$(cat)\nprintf '%s\\n' \"$refs\" | sops-rs hook run --pre-push \"$@\" || exit 1\necho done",
            "set -e\nrefs=\"$(cat)\"\necho \"$refs\" | sops-rs hook run --pre-push \"$1\" \"$2\"\necho done",
        ] {
            assert!(is_checked(HookName::Push, script), "{script}");
            assert!(!is_checked(HookName::Commit, script), "{script}");
        }
        assert!(super::is_checked(
            HookName::Commit,
            "sops-rs hook run\nnpm test",
            true
        ));
    }

    #[test]
    fn a_script_that_continues_after_a_failed_check_does_not_count() {
        for script in [
            "",
            "# sops-rs hook run",
            "sops-rs hook run\necho done",
            "exit 0\nsops-rs hook run",
            "exec make\nsops-rs hook run",
            "sops-rs hook run || true",
            "sops-rs hook run || exit 0\necho done",
            "sops-rs hook run || { exit 0; }",
            "sops-rs hook run || { echo no; }\necho done",
            "sops-rs hook run || echo no",
            "sops-rs hook run; true",
            "sops-rs hook run && true\necho done",
            "sops-rs hook run | tee log",
            "sops-rs hook run &",
            "sops-rs hook run & wait",
            "true || sops-rs hook run",
            "false && sops-rs hook run || exit 1",
            "! sops-rs hook run",
            "if false; then\nsops-rs hook run || exit 1\nfi",
            "if false; then sops-rs hook run || exit 1; fi",
            "if ! sops-rs hook run; then\n  echo no\nfi",
            "if ! sops-rs hook run; then\n  exit 0\nfi\nexit 1",
            "if ! sops-rs hook run; then\n  echo\nelse\n  exit 1\nfi",
            "if sops-rs hook run; then\n  exit 1\nfi",
            "while false; do\nsops-rs hook run || exit 1\ndone",
            "f() {\n  sops-rs hook run || exit 1\n}",
            "f()\n{\n  sops-rs hook run || exit 1\n}",
            "(sops-rs hook run)\necho done",
            "(\nsops-rs hook run || exit 1\n)\necho done",
            "case x in\na) sops-rs hook run || exit 1;;\nesac",
            "echo run: sops-rs hook run",
            "echo 'text\nsops-rs hook run\n'",
            "cat <<X\nsops-rs hook run\nX",
            "set -e\nset +e\nsops-rs hook run\necho done",
            "sops-rs hook run --help",
            "sops-rs hook run --from-ref x",
            "my-sops-rs hook run",
            "sops-rs hook install",
            "which sops-rs hook run",
            "{ exit 0; }\nsops-rs hook run",
            "[ -n \"$CI\" ] && exit 0\nsops-rs hook run",
            "if [ -n \"$CI\" ]; then exit 0; fi\nsops-rs hook run",
            "case $1 in\na) exit 0;;\nesac\nsops-rs hook run",
            "make && exit\nsops-rs hook run",
            "exec >/dev/null; exit 0\nsops-rs hook run",
            "exec cat\nsops-rs hook run",
            "trap \"exit 0\" EXIT\nsops-rs hook run",
            "set -n\nsops-rs hook run",
            "set -o noexec\nsops-rs hook run",
            "set -en\nsops-rs hook run",
            "#!/bin/true\nsops-rs hook run",
            "#!/usr/bin/env true\nsops-rs hook run",
            "#!/bin/sh -n\nsops-rs hook run",
            "#!/usr/bin/python3\nsops-rs hook run",
            "f() {\n  exit 0\n}\nf\nsops-rs hook run",
            "f () { exit 0; }\nf\nsops-rs hook run",
            "function f { exit 0; }\nf\nsops-rs hook run",
            "alias sops-rs=true\nsops-rs hook run",
            "sops-rs() { true; }\nsops-rs hook run",
            "eval 'exit 0'\nsops-rs hook run",
            ". ./more.sh\nsops-rs hook run",
            "$COMMAND\nsops-rs hook run",
            "\\exit 0\nsops-rs hook run",
            "'exit' 0\nsops-rs hook run",
            "command exit 0\nsops-rs hook run",
            "GIT_DIR=/tmp/x.git\nsops-rs hook run",
            "export GIT_INDEX_FILE=x\nsops-rs hook run",
            "unset GIT_INDEX_FILE\nsops-rs hook run",
            "SKIP=1 sops-rs hook run",
            "GIT_DIR=x sops-rs hook run",
            "sops-rs hook run --config /dev/null",
            "sops-rs --config /dev/null hook run",
            "sops-rs hook run --config=/dev/null",
        ] {
            assert!(!is_checked(HookName::Commit, script), "{script}");
        }
        for script in [
            "sops-rs hook run",
            "sops-rs hook run --pre-push",
            "sops-rs hook run --pre-push \"$@\"\ngit lfs pre-push \"$@\"",
            // The list of pushed refs was already read, or comes from elsewhere.
            "git lfs pre-push \"$@\" || exit 1\nsops-rs hook run --pre-push \"$@\"",
            "while read a b; do make; done\nsops-rs hook run --pre-push \"$@\"",
            "refs=$(cat)\nsops-rs hook run --pre-push \"$@\"",
            "exec </dev/tty\nsops-rs hook run --pre-push \"$@\"",
            "sops-rs hook run --pre-push \"$@\" </dev/null",
            "echo | sops-rs hook run --pre-push \"$@\"",
        ] {
            assert!(!is_checked(HookName::Push, script), "{script}");
        }
    }
}
