//! The hooks: their file names, and the commands that they run.

/// A hook that `install` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookName {
    Commit,
    Merge,
    Push,
}

impl HookName {
    pub(super) const ALL: [Self; 3] = [Self::Commit, Self::Merge, Self::Push];

    /// The file name of the hook.
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

    /// Whether a line of a configuration runs the check of the hook, and does not ignore its
    /// failure.
    pub(super) fn is_run_in(self, line: &str) -> bool {
        let mut commands = line.split(self.words()).skip(1);
        commands.any(|after| {
            let end = after.find(['"', '}', ',']).unwrap_or(after.len());
            let rest = &after[..end];
            let is_other = self != Self::Push && rest.contains("--pre-push");
            !is_other && !rest.contains(['|', ';', '&'])
        })
    }

    /// What the hook checks.
    pub(super) fn subject(self) -> &'static str {
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
}
