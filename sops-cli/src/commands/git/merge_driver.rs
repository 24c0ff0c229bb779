//! `sops-rs git merge-driver`, which Git calls for a file that both sides of a merge changed.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use sops_core::merge::{Approval, Markers, MergeOutcome, SideName, Versions, merge, unmerged};
use sops_lint::shell_path;
use zeroize::Zeroizing;

use crate::arguments::GlobalArgs;
use crate::command_error::{CommandError, name_of};
use crate::files;
use crate::git::{Operation, merge_file, merged_commit, versions_in_bases_of_this_merge};
use crate::keys::services::Services;
use crate::lint::judge::relative;
use crate::merging::{self, StoredConfiguration};
use crate::ui::Ui;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Length of the conflict markers (`%L`)
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    marker_size: usize,
    /// Label of the base (`%S`)
    #[arg(long, value_name = "LABEL", allow_hyphen_values = true)]
    ancestor_label: Option<String>,
    /// Label of our version (`%X`)
    #[arg(long, value_name = "LABEL", allow_hyphen_values = true)]
    ours_label: Option<String>,
    /// Label of their version (`%Y`)
    #[arg(long, value_name = "LABEL", allow_hyphen_values = true)]
    theirs_label: Option<String>,
    /// File with the base version (`%O`)
    base: PathBuf,
    /// File with our version, which is overwritten with the result (`%A`)
    ours: PathBuf,
    /// File with their version (`%B`)
    theirs: PathBuf,
    /// Path of the merged file in the repository (`%P`)
    path: PathBuf,
}

/// The words of the command that `install` writes, except its values.
const INSTALLED: [&str; 7] = [
    "git",
    "merge-driver",
    "--marker-size",
    "--ancestor-label",
    "--ours-label",
    "--theirs-label",
    "--",
];

/// The label of the base in a criss-cross merge.
const MERGED_ANCESTORS: &str = "merged common ancestors";

/// Git takes any exit code except 0 for a conflict, and keeps what the driver wrote or, if it wrote
/// nothing, our version without markers. Newer versions stop the whole merge if the code is above
/// 128.
const CONFLICT: u8 = 1;

/// Runs the driver if the command line is the one that `install` writes, and no variable changes
/// it. Reading any command line would take a fifth of the time of a merge.
pub(crate) fn run_as_installed(arguments: &[OsString]) -> Option<ExitCode> {
    let [
        git,
        name,
        size,
        number,
        ancestor,
        base_label,
        ours,
        ours_label,
        theirs,
        their_label,
        rest @ ..,
    ] = arguments
    else {
        return None;
    };
    let [end, files @ ..] = rest else { return None };
    let words = [git, name, size, ancestor, ours, theirs, end];
    let is_installed = words
        .iter()
        .zip(INSTALLED)
        .all(|(word, known)| *word == known);
    let [base, ours, theirs, path] = files else {
        return None;
    };
    let globals = GlobalArgs::without_flags().filter(|_| is_installed)?;
    let label = |word: &OsString| word.to_str().map(str::to_owned);
    let args = Args {
        marker_size: number.to_str()?.parse().ok()?,
        ancestor_label: Some(label(base_label)?),
        ours_label: Some(label(ours_label)?),
        theirs_label: Some(label(their_label)?),
        base: base.into(),
        ours: ours.into(),
        theirs: theirs.into(),
        path: path.into(),
    };
    Some(cmd_merge_driver(&Ui::new(false), &globals, &args))
}

pub(crate) fn cmd_merge_driver(ui: &Ui, globals: &GlobalArgs, args: &Args) -> ExitCode {
    match args.merge(ui, globals) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(CONFLICT),
        Err(error) => {
            let name = args.name();
            let hint = format!(
                "after you fix this, merge the file with `sops-rs resolve {}`",
                shell_path(&name)
            );
            ui.error(&error.in_file(&name).hint(hint));
            ExitCode::from(CONFLICT)
        }
    }
}

impl Args {
    /// Whether the merge is clean.
    fn merge(&self, ui: &Ui, globals: &GlobalArgs) -> Result<bool, CommandError> {
        let [base, ours, theirs] = [read(&self.base)?, read(&self.ours)?, read(&self.theirs)?];
        if is_of_rerere(&base) && is_of_rerere(&ours) {
            return self.replay(&base, &ours, &theirs);
        }
        let mut versions = Versions {
            base: Some(&base),
            ours: &ours,
            theirs: &theirs,
            format: merging::format(&self.path, [&ours, &theirs, &base])?,
        };
        let marked = unmerged(&versions, &self.markers());
        if let Some(marked) = &marked {
            // Whatever ends this process before the merge does, the file must not look merged.
            files::write_scratch(&self.ours, &ours, marked)?;
        }
        let services = Services::new(ui, globals)?;
        let ancestors = self.common_ancestors();
        let merged;
        if !ancestors.is_empty() {
            merged = merging::merged_base(&self.path, &base, ancestors, &*services.all());
            versions.base = merged.as_deref();
        }
        let configuration = StoredConfiguration::at_head(&self.path);
        let named = || configuration.keys();
        let outcome = merge(
            &versions,
            &*services.all(),
            &Approval::Configured(&named),
            &self.markers(),
            SystemTime::now(),
        );
        match outcome {
            Some(outcome) => self.finish(ui, marked.as_deref().unwrap_or(&ours), &outcome),
            None => merge_file(
                &self.markers(),
                self.label(&self.ancestor_label),
                self.files(),
            ),
        }
    }

    /// The file in each common ancestor of a criss-cross merge; empty in other merges. Git before
    /// 2.44 does not say whether a merge is a criss-cross merge, so the ancestors are always looked
    /// up.
    fn common_ancestors(&self) -> Vec<Vec<u8>> {
        let may_be = match self.label(&self.ancestor_label) {
            // After a rename, the label continues with the path in the ancestors.
            Some(label) => label
                .strip_prefix(MERGED_ANCESTORS)
                .is_some_and(|path| path.is_empty() || path.starts_with(':')),
            None => true,
        };
        let merged = merged_commit().filter(|_| may_be);
        merged.map_or_else(Vec::new, |merged| {
            versions_in_bases_of_this_merge(&merged, &self.path)
        })
    }

    /// Repeats a resolution that `git rerere` has stored, if the conflict is the same. Its versions
    /// are the old conflict, this conflict, and the resolution.
    fn replay(&self, base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<bool, CommandError> {
        let is_same = lines_of_conflict(base).eq(lines_of_conflict(ours));
        if is_same {
            files::write_scratch(&self.ours, ours, theirs)?;
        }
        Ok(is_same)
    }

    /// Writes the outcome to `%A`, which has the `written` content, and reports what to do next.
    fn finish(
        &self,
        ui: &Ui,
        written: &[u8],
        outcome: &MergeOutcome,
    ) -> Result<bool, CommandError> {
        if outcome.text != written {
            files::write_scratch(&self.ours, written, &outcome.text)?;
        }
        let name = self.name();
        // Finding the operation takes a process.
        let has_messages = !outcome.notes.is_empty() || !outcome.problems.is_empty();
        let operation = has_messages.then(Operation::current);
        let other_side = operation.as_ref().and_then(Operation::other_side);
        merging::print_notes(ui, &name, &self.path, &outcome.notes, other_side);
        // In a rebase, ours is not what users expect.
        let rebase = operation.as_ref().filter(|operation| operation.is_rebase());
        let sides = rebase.and_then(Operation::sides);
        if let Some(sides) = sides.filter(|_| !outcome.problems.is_empty()) {
            ui.note(format_args!("{name}: {sides}"));
        }
        ui.errors(merging::errors(&name, &self.path, &outcome.problems));
        Ok(outcome.problems.is_empty())
    }

    /// The path for messages: relative to the directory in which the user called Git, so that the
    /// commands in them work there.
    fn name(&self) -> String {
        let called_in = env::var_os("GIT_PREFIX").unwrap_or_default();
        name_of(&relative(&self.path, Path::new(&called_in)))
    }

    fn markers(&self) -> Markers {
        let name = |side| match side {
            SideName::Ours => self.label(&self.ours_label).unwrap_or("ours"),
            SideName::Theirs => self.label(&self.theirs_label).unwrap_or("theirs"),
        };
        Markers::default()
            .with_size(self.marker_size)
            .with_labels(name(SideName::Ours), name(SideName::Theirs))
    }

    /// The label, unless Git is older than 2.44 and passed the placeholder.
    fn label<'l>(&self, label: &'l Option<String>) -> Option<&'l str> {
        label
            .as_deref()
            .filter(|label| !["%S", "%X", "%Y", ""].contains(label))
    }

    /// Ours, the base and theirs, in the order of `git merge-file`.
    fn files(&self) -> [&Path; 3] {
        [&self.ours, &self.base, &self.theirs]
    }
}

/// Whether the text is a conflict as `git rerere` stores it: its markers have no labels.
fn is_of_rerere(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| line == b"<<<<<<<")
}

/// The lines of a file with a conflict, except its MAC and the time of its last change, which
/// differ each time Git merges.
fn lines_of_conflict(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_metadata = false;
    text.split(|byte| *byte == b'\n').filter(move |line| {
        is_metadata |= METADATA.iter().any(|begin| line.starts_with(begin));
        let key = line.trim_ascii_start().split(|byte| b":= ".contains(byte));
        !is_metadata || !key.take(1).any(|key| OF_EACH_MERGE.contains(&key))
    })
}

/// How the metadata begins in YAML, JSON, INI and dotenv.
const METADATA: [&[u8]; 4] = [b"sops:", b"\t\"sops\":", b"[sops]", b"sops_"];

/// The keys of the metadata whose values differ.
const OF_EACH_MERGE: [&[u8]; 6] = [
    b"mac",
    b"lastmodified",
    b"\"mac\"",
    b"\"lastmodified\"",
    b"sops_mac",
    b"sops_lastmodified",
];

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    std::fs::read(file)
        .map(Zeroizing::new)
        .map_err(|error| CommandError::input(name_of(file), &error))
}

#[cfg(test)]
mod tests {
    use super::super::driver::MERGE_ARGUMENTS;
    use super::*;

    #[test]
    fn the_installed_command_is_recognized_by_its_words() {
        let words = MERGE_ARGUMENTS.split_whitespace();
        let words: Vec<&str> = words.filter(|word| !word.starts_with('%')).collect();
        assert_eq!(words, INSTALLED);
        let number = MERGE_ARGUMENTS.split_whitespace().count();
        assert_eq!(number, INSTALLED.len() + 8);
    }
}
