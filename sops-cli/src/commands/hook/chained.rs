//! Whether a script that sops-rs did not write, or that was changed, runs the check and fails if the check does. What cannot be told from the text does not count.

use super::script::HookName;
use super::shell::{Before, Command, commands};

/// Flags with which `hook run` checks something else than the hook should, or nothing.
const OTHER_CHECKS: [&str; 5] = ["--pre-push", "--from-ref", "--to-ref", "--help", "-h"];

/// Whether the script always runs the check, and fails if the check fails. `ends_on_error`: the shell that runs it was started with `-e`.
pub(super) fn is_checked(hook: HookName, script: &str, ends_on_error: bool) -> bool {
    let first = script.lines().next().unwrap_or_default();
    let mut flags = first.strip_prefix("#!").unwrap_or_default().split(' ');
    let mut ends_on_error = ends_on_error || flags.any(is_errexit);
    let commands = commands(script);
    let mut depth = 0_usize;
    for (index, command) in commands.iter().enumerate() {
        let is_top = depth == 0;
        if is_top && refuses(hook, &commands, index, ends_on_error) {
            return true;
        }
        let words = without_keywords(&command.words);
        let is_unconditional =
            is_top && command.before == Before::Sequence && words.len() == command.words.len();
        if is_unconditional {
            match &words[..] {
                ["exit" | "return", ..] => return false,
                ["exec", next, ..] if !is_redirection(next) => return false,
                ["set", flags @ ..] => {
                    let is_on =
                        flags.iter().any(|flag| is_errexit(flag)) || flags == ["-o", "errexit"];
                    let is_off = flags
                        .iter()
                        .any(|flag| flag.starts_with('+') && flag.contains('e'));
                    ends_on_error = (ends_on_error || is_on) && !is_off;
                }
                _ => {}
            }
        }
        depth = depth_after(command, depth);
    }
    false
}

/// Whether the script ends with an error after this command, if this command is a check that fails.
fn refuses(hook: HookName, commands: &[Command], index: usize, ends_on_error: bool) -> bool {
    let command = &commands[index];
    // The first command of the pipeline.
    let is_of_pipeline = |command: &&Command| command.before == Before::Pipe;
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
    let is_assignment = |word: &&&str| {
        let name = word.split_once('=').map(|(name, _)| name);
        let mut chars = name.unwrap_or_default().chars();
        name.is_some_and(|name| !name.is_empty())
            && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
    };
    let words = &words[words.iter().take_while(is_assignment).count()..];
    let words = words.strip_prefix(&["exec"]).unwrap_or(words);
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let program = program.trim_matches(['"', '\'']);
    let is_ours = program.rsplit('/').next() == Some("sops-rs");
    let run = arguments
        .windows(2)
        .position(|words| words == ["hook", "run"]);
    let Some(arguments) = run.filter(|_| is_ours).map(|run| &arguments[run + 2..]) else {
        return false;
    };
    match hook {
        HookName::Push => matches!(arguments, ["--pre-push", _, ..]),
        HookName::Commit | HookName::Merge => !arguments
            .iter()
            .any(|argument| OTHER_CHECKS.contains(argument)),
    }
}

/// Whether the block that begins with these commands always ends the script with an error.
fn has_exit(commands: &[Command]) -> bool {
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

fn is_errexit(flag: &str) -> bool {
    flag.starts_with('-') && !flag.starts_with("--") && flag.contains('e')
}

fn is_redirection(word: &str) -> bool {
    let word = word.trim_start_matches(|char: char| char.is_ascii_digit() || char == '&');
    word.starts_with(['<', '>'])
}

/// The words after keywords that begin no block.
fn without_keywords(words: &[String]) -> Vec<&str> {
    let is_keyword = |word: &&str| ["then", "else", "do", "!"].contains(word);
    words
        .iter()
        .map(String::as_str)
        .skip_while(is_keyword)
        .collect()
}

/// How many blocks are open after the command.
fn depth_after(command: &Command, depth: usize) -> usize {
    let words = without_keywords(&command.words);
    let Some(first) = words.first() else {
        return depth;
    };
    let opens = ["if", "while", "until", "for", "case", "select", "{", "("];
    let is_function = |word: &&str| word.ends_with("()") || **word == *"function";
    // `f() {` and `( (`
    let opened = words
        .iter()
        .filter(|word| ["{", "("].contains(word))
        .count();
    if is_function(first) {
        return depth + opened;
    }
    if opens.contains(first) {
        // `if (` opens two.
        let starts_with_paren = ["{", "("].contains(first);
        return depth + opened + usize::from(!starts_with_paren);
    }
    match *first {
        "fi" | "done" | "esac" | "}" | ")" => depth.saturating_sub(1),
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
            "[ -n \"$CI\" ] && exit 0\nsops-rs hook run || exit 1\nexit 0",
            "if [ -n \"$CI\" ]; then exit 0; fi\nsops-rs hook run",
            "exec 2>&1\nsops-rs hook run",
            "f() {\n  exit 0\n}\nsops-rs hook run",
            "cat <<X\nexit 0\nX\n\"$HOME/.cargo/bin/sops-rs\" hook run # last",
            "A=b ./bin/sops-rs hook run --all-files",
            "(cd x && make)\nsops-rs hook run",
            "case $1 in\na) exit 0;;\nesac\nsops-rs hook run",
        ] {
            assert!(is_checked(HookName::Commit, script), "{script}");
            assert!(!is_checked(HookName::Push, script), "{script}");
        }
        for script in [
            "sops-rs hook run --pre-push \"$@\"",
            "refs=$(cat)\nprintf '%s\\n' \"$refs\" | sops-rs hook run --pre-push \"$@\" || exit 1\necho done",
            "set -e\necho \"$refs\" | sops-rs hook run --pre-push \"$1\" \"$2\"\necho done",
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
    fn a_script_that_goes_on_after_the_check_does_not_count() {
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
        ] {
            assert!(!is_checked(HookName::Commit, script), "{script}");
        }
        for script in [
            "sops-rs hook run",
            "sops-rs hook run --pre-push",
            "sops-rs hook run --pre-push \"$@\"\ngit lfs pre-push \"$@\"",
        ] {
            assert!(!is_checked(HookName::Push, script), "{script}");
        }
    }
}
