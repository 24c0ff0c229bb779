//! The hooks: their names, and the scripts that Git runs.

use std::path::Path;

use sops_lint::shell_word;

/// A hook that `install` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookName {
    Commit,
    Merge,
    Push,
}

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
    pub(super) const ALL: [Self; 3] = [Self::Commit, Self::Merge, Self::Push];

    /// Its file name.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Commit => "pre-commit",
            Self::Merge => "pre-merge-commit",
            Self::Push => "pre-push",
        }
    }

    /// The command for a shell script.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Commit | Self::Merge => "sops-rs hook run",
            Self::Push => "sops-rs hook run --pre-push \"$@\"",
        }
    }

    /// The part of the command that is the same in every configuration.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Commit | Self::Merge => "sops-rs hook run",
            Self::Push => "sops-rs hook run --pre-push",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Merge => "merge",
            Self::Push => "push",
        }
    }

    /// What the hook checks, in the plural.
    pub(super) fn subjects(self) -> &'static str {
        match self {
            Self::Commit => "commits",
            Self::Merge => "merges",
            Self::Push => "pushes",
        }
    }

    /// The script. It runs `program` if sops-rs is not on the PATH, which in graphical programs often is short. `None`: the script is for other
    /// machines too.
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

    /// Whether another script, or a changed one of ours, runs the check.
    pub(super) fn is_run_by(self, text: &str) -> bool {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        let is_ours = text.contains(MARK);
        let words = match is_ours {
            true => self.words().trim_start_matches("sops-rs "),
            false => self.words(),
        };
        lines.into_iter().any(|line| line.contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_known_again_wherever_the_program_is() {
        for hook in HookName::ALL {
            let script = hook.script(Some(Path::new("/it's here/sops-rs")));
            assert!(
                script.contains(r"|| sops_rs='/it'\''s here/sops-rs'"),
                "{script}"
            );
            assert!(hook.wrote(&script));
            assert!(hook.wrote(&hook.script(None)));
            assert!(hook.is_run_by(&script));
            let changed = format!("{script}# more\n");
            assert!(!hook.wrote(&changed));
            assert!(hook.is_run_by(&changed));
        }
        assert!(HookName::Commit.wrote(FIRST_SCRIPT));
        assert!(!HookName::Push.wrote(FIRST_SCRIPT));
        assert!(!HookName::Push.wrote(&HookName::Commit.script(None)));
        assert!(!HookName::Commit.wrote("#!/bin/sh\nexit 0\n"));
    }

    #[test]
    fn a_hook_of_another_origin_may_run_the_check() {
        let commit = "#!/bin/sh\nsops-rs hook run || exit 1\n";
        assert!(HookName::Commit.is_run_by(commit));
        assert!(!HookName::Push.is_run_by(commit));
        assert!(HookName::Push.is_run_by("echo \"$refs\" | sops-rs hook run --pre-push \"$@\""));
        assert!(!HookName::Commit.is_run_by("# sops-rs hook run\n"));
    }
}
