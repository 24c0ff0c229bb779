//! The scripts of the hooks, which Git runs.

use std::path::Path;

use sops_lint::shell_word;

use super::chained;
use super::hook_name::HookName;

/// The beginning of a line in the scripts of all versions.
const MARK: &str = "# Written by `sops-rs hook install`.";

/// The beginning of the line that finds the program; the rest differs between machines.
const FALLBACK: &str = "sops_rs=$(command -v sops-rs) || sops_rs=";

/// The script of versions with only a pre-commit hook.
const FIRST_SCRIPT: &str = "\
#!/bin/sh
# Written by `sops-rs hook install`. `sops-rs hook uninstall` takes it away.
exec sops-rs hook run
";

impl HookName {
    /// The script of the hook. If sops-rs is not on the PATH, as is common in graphical programs,
    /// the script runs `program`; without `program`, the script is for other machines too.
    pub(super) fn script(self, program: Option<&Path>) -> String {
        let program = program.and_then(Path::to_str).map(shell_word);
        let program = program.unwrap_or_else(|| "\"$HOME/.cargo/bin/sops-rs\"".to_owned());
        let subject = self.subject();
        let words = self.command().trim_start_matches("sops-rs ");
        format!(
            "\
#!/bin/sh
{MARK} Remove it with `sops-rs hook uninstall`.
{FALLBACK}{program}
if ! [ -x \"$sops_rs\" ]; then
    echo 'error: sops-rs was not found, so this {subject} cannot be checked for secrets in plaintext' >&2
    echo 'help: install sops-rs, or add its directory to the PATH of the program that runs Git' >&2
    exit 1
fi
exec \"$sops_rs\" {words}
"
        )
    }

    /// Whether this is the script of this or an older version.
    pub(super) fn wrote(self, text: &str) -> bool {
        let without_fallback = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with(FALLBACK));
            lines.map(str::to_owned).collect()
        };
        self == Self::Commit && text == FIRST_SCRIPT
            || without_fallback(text) == without_fallback(&self.script(None))
    }

    /// Whether another script, or a changed one of ours, always runs the check and fails if the
    /// check fails.
    pub(super) fn is_run_by(self, text: &str, ends_on_error: bool) -> bool {
        let is_checked = |text: &str| chained::is_checked(self, text, ends_on_error);
        is_checked(text)
            || self
                .with_own_lines_as_command(text)
                .is_some_and(|text| is_checked(&text))
    }

    /// A hook that sops-rs wrote and that was changed later, with the lines that find and run the
    /// program replaced by a single command. `None` if these lines were changed.
    fn with_own_lines_as_command(self, text: &str) -> Option<String> {
        let script = self.script(None);
        let (_, ours) = script.split_once(FALLBACK)?;
        let (_, ours) = ours.split_once('\n')?;
        let (before, after) = text.split_once(FALLBACK)?;
        let (_, after) = after.split_once('\n')?;
        let after = after.strip_prefix(ours.trim_end())?;
        let is_whole_line = after.is_empty() || after.starts_with('\n');
        is_whole_line.then(|| format!("{before}exec {}{after}", self.command()))
    }

    /// Whether a script contains the command of the check. It may still not run it, or continue
    /// after it fails.
    pub(super) fn is_mentioned_in(self, text: &str) -> bool {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        let words = match is_changed(text) {
            true => self.words().trim_start_matches("sops-rs "),
            false => self.words(),
        };
        lines.into_iter().any(|line| line.contains(words))
    }
}

/// Whether sops-rs wrote a script that [`HookName::wrote`] does not recognize, because it was
/// changed.
pub(super) fn is_changed(text: &str) -> bool {
    text.contains(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_recognized_wherever_the_program_is() {
        for hook in HookName::ALL {
            let script = hook.script(Some(Path::new("/it's here/sops-rs")));
            assert!(
                script.contains(r"|| sops_rs='/it'\''s here/sops-rs'"),
                "{script}"
            );
            assert!(hook.wrote(&script));
            assert!(hook.wrote(&hook.script(None)));
            for changed in [
                format!("{script}# more\n"),
                script.replacen("\n# Written", "\necho check || exit 1\n# Written", 1),
            ] {
                assert!(!hook.wrote(&changed));
                assert!(hook.is_run_by(&changed, false), "{changed}");
            }
            for changed in [
                script.replacen("\n# Written", "\nexit 0\n# Written", 1),
                script.replacen("\nif !", "\nexit 0\nif !", 1),
                script.replacen("\nexec", "\nexit 0\nexec", 1),
                script.replacen("\nexec", "\n#exec", 1),
                script.replacen("exit 1", "exit 0", 1),
                script.replacen("\nexec ", "\nexec echo ", 1),
                script.trim_end().to_owned() + " || true\n",
            ] {
                assert!(!hook.is_run_by(&changed, false), "{changed}");
            }
        }
        assert!(HookName::Commit.wrote(FIRST_SCRIPT));
        assert!(!HookName::Push.wrote(FIRST_SCRIPT));
        assert!(!HookName::Push.wrote(&HookName::Commit.script(None)));
        assert!(!HookName::Commit.wrote("#!/bin/sh\nexit 0\n"));
    }

    #[test]
    fn a_script_may_mention_the_check_without_running_it() {
        let text = "#!/bin/sh\nsops-rs hook run || true\n";
        assert!(HookName::Commit.is_mentioned_in(text));
        assert!(!HookName::Push.is_mentioned_in(text));
        assert!(!HookName::Commit.is_mentioned_in("# sops-rs hook run\n"));
        let changed = HookName::Commit
            .script(None)
            .replace("exec", "exit 0\nexec");
        assert!(HookName::Commit.is_mentioned_in(&changed));
    }
}
