//! The settings with which Git shows and merges files that have the attributes `diff=sops` and
//! `merge=sops`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sops_lint::shell_word;

use super::textconv::LINK;
use crate::command_error::{Code, CommandError, name_of};
use crate::git::settings::{self, Scope};
use crate::own_program;

/// The setting that selects the command of a section; the section's other settings depend on it.
pub(super) const TEXTCONV: &str = "diff.sops.textconv";
pub(super) const MERGE_DRIVER: &str = "merge.sops.driver";
const MERGE_TOOL: &str = "mergetool.sops.cmd";

/// The arguments after the name of the program. Git replaces `%S`, `%X` and `%Y` since version
/// 2.44; older versions pass them unchanged.
pub(super) const MERGE_ARGUMENTS: &str = "git merge-driver --marker-size %L --ancestor-label %S \
     --ours-label %X --theirs-label %Y -- %O %A %B %P";

/// The shell command for a missing program. Git would keep our version without conflict markers, as
/// if it were merged; this leaves the ciphertexts of both sides between markers.
const MERGE_WITHOUT_PROGRAM: &str = "{ echo \"error: sops-rs has moved: run \\`sops-rs git install\\` \
     and then \\`sops-rs resolve\\`, which lists the conflicting files\" >&2; \
     git merge-file -q --marker-size=%L %A %O %B; exit 1; }";
const TOOL_ARGUMENTS: &str = "resolve --mergetool -- \"$MERGED\"";
/// The arguments that earlier versions wrote.
const FORMER_TOOL_ARGUMENTS: &str = "resolve -- \"$MERGED\"";
const TEXTCONV_ARGUMENTS: &str = "git textconv --";

/// The settings with fixed values. With `cachetextconv`, Git would store plaintext in
/// `refs/notes/textconv/sops`; with `recursive = binary`, the base of a merge with several bases is
/// an existing version, without conflict markers.
const FIXED: [(&str, &str); 4] = [
    ("diff.sops.cachetextconv", "false"),
    ("merge.sops.name", "merge encrypted values (sops-rs)"),
    ("merge.sops.recursive", "binary"),
    ("mergetool.sops.trustExitCode", "true"),
];

/// A setting, and the value that `install` writes.
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
}

/// The program that Git calls, and a link to it whose path is a single shell word.
pub(super) struct Driver {
    pub(super) program: PathBuf,
    name: String,
    link: Option<PathBuf>,
}

impl Driver {
    pub(super) fn of_this_program(scope: Scope) -> Result<Self, CommandError> {
        let program = own_program::program()?;
        let name = program.to_str().ok_or_else(|| {
            let message = format!(
                "the path of this program is not UTF-8: {}",
                name_of(&program)
            );
            CommandError::new(Code::Generic, message).hint("install sops-rs in another directory")
        })?;
        Ok(Self {
            name: name.to_owned(),
            link: link(scope),
            program,
        })
    }

    /// Writes the link. Without it, Git runs the program in a shell, which is slower.
    pub(super) fn write_link(&mut self) -> Result<(), (PathBuf, io::Error)> {
        let Some(link) = &self.link else {
            return Ok(());
        };
        if fs::read_link(link).is_ok_and(|target| target == self.program) {
            return Ok(());
        }
        let directory = link.parent().unwrap_or(link);
        let written =
            fs::create_dir_all(directory).and_then(|()| own_program::replace(link, &self.program));
        written.map_err(|error| {
            let link = self.link.take().unwrap_or_default();
            (link, error)
        })
    }

    /// All settings, those of a section together.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let program = shell_word(&self.name);
        let textconv = match self.link.as_deref().and_then(Path::to_str) {
            Some(link) => shell_word(link),
            None => format!("{program} {TEXTCONV_ARGUMENTS}"),
        };
        // Git replaces `%` followed by a letter in this setting, and runs the command in a shell.
        // `exec` saves the shell from starting another process, which would take a tenth of the
        // time of a merge.
        let escaped = program.replace('%', "%%");
        let driver = format!(
            "[ -x {escaped} ] || {MERGE_WITHOUT_PROGRAM}; exec {escaped} {MERGE_ARGUMENTS}"
        );
        let tool = format!("{program} {TOOL_ARGUMENTS}");
        let commands = [
            (TEXTCONV, textconv),
            (MERGE_DRIVER, driver),
            (MERGE_TOOL, tool),
        ];
        let fixed = FIXED.map(|(key, value)| (key, value.to_owned()));
        let settings = commands.into_iter().chain(fixed);
        settings
            .map(|(key, value)| Setting { key, value })
            .collect()
    }
}

/// The link in the user's data directory, where it stays valid when a clone is moved or copied, and
/// where its path rarely has a character for which Git would start a shell.
///
/// All clones with their own settings share one link. The user's settings have another, so that
/// removing them does not affect clones.
pub(super) fn link(scope: Scope) -> Option<PathBuf> {
    let named = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let named = named.filter(|directory| directory.is_absolute());
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let data = named.or_else(|| Some(home()?.join(".local/share")))?;
    let directory = match scope {
        Scope::Clone => "sops-rs/clones",
        Scope::User => "sops-rs/user",
    };
    Some(data.join(directory).join(LINK)).filter(|link| link.to_str().is_some())
}

/// Whether a value is one that `install` writes, on this or another machine.
pub(super) fn is_ours(key: &str, value: &str) -> bool {
    match key {
        TEXTCONV => {
            let words = shlex::split(value).unwrap_or_default();
            let is_link = |word: &String| Path::new(word).file_name() == Some(LINK.as_ref());
            matches!(&words[..], [word] if is_link(word)) || value.ends_with(TEXTCONV_ARGUMENTS)
        }
        MERGE_DRIVER => value.contains(" git merge-driver "),
        MERGE_TOOL => [TOOL_ARGUMENTS, FORMER_TOOL_ARGUMENTS]
            .iter()
            .any(|arguments| value.ends_with(arguments)),
        key => FIXED.contains(&(key, value)),
    }
}

/// The setting that selects the command of this setting's section.
pub(super) fn main_key(key: &str) -> &'static str {
    match key.split_once('.') {
        Some(("diff", _)) => TEXTCONV,
        Some(("merge", _)) => MERGE_DRIVER,
        _ => MERGE_TOOL,
    }
}

/// The program that a command runs, if it exists.
pub(super) fn program_of(command: &str) -> Option<PathBuf> {
    let words = shlex::split(command)?;
    let exec = words.iter().position(|word| word == "exec");
    let program = words.get(exec.map_or(0, |exec| exec + 1))?;
    let program = program.replace("%%", "%");
    fs::canonicalize(program).ok()
}

/// The keys that `install` wrote to a file.
pub(super) fn written_keys(scope: Scope) -> Vec<&'static str> {
    let keys = [TEXTCONV, MERGE_DRIVER, MERGE_TOOL].into_iter();
    let keys = keys.chain(FIXED.map(|(key, _)| key));
    let has_own =
        |key: &str| settings::value_in(scope, key).is_some_and(|value| is_ours(key, &value));
    // Settings of a section whose command is not sops-rs belong to another program.
    keys.filter(|key| has_own(key) && has_own(main_key(key)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_recognized_wherever_the_program_is() {
        for (name, link) in [
            (
                "/usr/bin/sops-rs",
                Some("/home/a/.local/share/sops-rs/git-sops-textconv"),
            ),
            (
                "/it's here/100%/sops-rs",
                Some("/my home/git-sops-textconv"),
            ),
            ("/usr/bin/sops-rs", None),
        ] {
            let driver = Driver {
                program: PathBuf::from(name),
                name: name.to_owned(),
                link: link.map(PathBuf::from),
            };
            for Setting { key, value } in driver.settings() {
                assert!(is_ours(key, &value), "{key}: {value}");
            }
        }
        for (key, value) in [
            (TEXTCONV, "sops decrypt"),
            (TEXTCONV, "sh -c git-sops-textconv"),
            (MERGE_DRIVER, "merge %A %O %B"),
            (MERGE_TOOL, "meld \"$MERGED\""),
            ("diff.sops.cachetextconv", "true"),
        ] {
            assert!(!is_ours(key, value), "{key}: {value}");
        }
    }
}
