//! `sops-rs resolve`: resolves the merge conflicts of an encrypted file. `sides.rs` has the flags
//! that choose a side, `resolution.rs` encrypts the result, and `conflict.rs` finds the file.

mod conflict;
mod resolution;
mod sides;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sops_core::document::{Error as DocumentError, is_conflict_marker, merge_conflict};
use sops_core::keys::{KeyService, MasterKey};
use sops_core::merge::{Conflict, Markers, MergeProblem, OpenMerge, SideName, Version, Versions};
use sops_core::{EncryptedDocument, Error, Location};
use sops_lint::shell_path;

use self::conflict::is_resolved;
pub(crate) use self::conflict::{conflicting_files, unmerged_encrypted_files};
use self::resolution::Resolution;
use self::sides::{SideArgs, TakenSides};
use crate::arguments::GlobalArgs;
use crate::command_error::{Code, CommandError, name_of};
use crate::editor::{EditorProgram, EditorSession, Original};
use crate::files::{self, Expected, Readers};
use crate::git::{Operation, UnmergedFile, described_commit, versions_in_merge_bases};
use crate::input::read_repository_file;
use crate::keys::services::Services;
use crate::merging::{self, StoredConfiguration, place};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  sops-rs resolve                     # list the files with conflicts
  sops-rs resolve secret.yaml
  sops-rs resolve secret.yaml --ours --theirs stringData";

#[derive(clap::Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file [default: list the encrypted files that have conflicts]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    sides: SideArgs,
    /// Leave it to `git mergetool` to add the file
    #[arg(long, hide = true)]
    mergetool: bool,
    /// Accept recipients that no creation rule names, and a file that none of your keys can decrypt
    #[arg(long, short = 'y')]
    yes: bool,
    /// Accept plaintext for values that one side encrypts, if the selection rule does not cover
    /// them
    #[arg(long)]
    allow_plaintext: bool,
    /// Edit on a disk if there is no memory file system
    #[arg(long, hide_short_help = true, env = "SOPS_RS_ALLOW_DISK", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    allow_disk: bool,
}

impl Args {
    /// The arguments of a call without flags.
    pub(crate) fn of(file: &Path) -> Self {
        Self {
            file: Some(file.to_owned()),
            ..Self::default()
        }
    }
}

pub(crate) fn cmd_resolve(
    ui: &Ui,
    globals: &GlobalArgs,
    args: &Args,
) -> Result<ExitCode, CommandError> {
    let (file, sides) = args.sides.read(args.file.as_deref())?;
    let Some(file) = file else {
        conflict::list(ui)?;
        return Ok(ExitCode::SUCCESS);
    };
    let name = name_of(&file);
    // A link could lead out of the repository. A missing file will be created.
    if fs::symlink_metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(
            CommandError::new(Code::Generic, "this is not a regular file")
                .in_file(&name)
                .hint("pass the encrypted file itself, not a link or a directory"),
        );
    }
    let (file, unmerged) = conflict::find(file)?;
    let name = name_of(&file);
    refuse_link_above(&file, &unmerged.path).map_err(|error| error.in_file(&name))?;
    if !args.mergetool && is_resolved(&file, &unmerged) {
        let file = shell_path(&name);
        let message = "this file is resolved, but not yet added";
        return Err(CommandError::new(Code::Generic, message)
            .in_file(&name)
            .hint(format!(
                "to tell Git that it is resolved, run `git add {file}`"
            ))
            .hint(format!(
                "to start again, run `git checkout --merge -- {file}` first"
            )));
    }
    let resolve = Resolve {
        ui,
        args,
        sides: &sides,
        file: &file,
        name,
        unmerged: &unmerged,
        operation: Operation::current(),
    };
    resolve.run(globals)?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a file below a symbolic link, which could lead out of the repository too. `tracked` is
/// its path from the root of the repository.
fn refuse_link_above(file: &Path, tracked: &Path) -> Result<(), CommandError> {
    let directory = file.parent().filter(|parent| *parent != Path::new(""));
    let real = directory.unwrap_or(Path::new(".")).canonicalize();
    let is_below_link = |real: PathBuf| {
        let tracked = tracked.parent();
        tracked.is_some_and(|tracked| !real.ends_with(tracked))
    };
    match real.is_ok_and(is_below_link) {
        true => Err(CommandError::new(
            Code::Generic,
            "a directory in this path is a symbolic link",
        )
        .hint("replace the link with the directory that Git tracks")),
        false => Ok(()),
    }
}

struct Resolve<'a> {
    ui: &'a Ui,
    args: &'a Args,
    sides: &'a TakenSides,
    file: &'a Path,
    name: String,
    unmerged: &'a UnmergedFile,
    operation: Operation,
}

impl Resolve<'_> {
    fn run(&self, globals: &GlobalArgs) -> Result<(), CommandError> {
        let (ours, theirs) = self.versions()?;
        let services = Services::new(self.ui, globals)?;
        let merged = self.merged_base(&*services.all());
        let base = match &merged {
            Some(merged) => merged.as_deref(),
            None => self.unmerged.base(),
        };
        let versions = Versions {
            base,
            ours,
            theirs,
            format: merging::format(self.file, [ours, theirs, base.unwrap_or_default()])?,
        };
        if let Some(sides) = self.described_sides() {
            self.ui.note(format_args!("{}: {sides}", self.name));
        }
        let open = match OpenMerge::open(&versions, &*services.all()) {
            Ok(open) => open,
            Err(problems) => return self.without_merge(&versions, problems),
        };
        for error in merging::errors(&self.name, &self.unmerged.path, open.problems()) {
            self.ui.warn(error.lines(0).join(" "));
        }
        let resolution = Resolution {
            ui: self.ui,
            sides: self.sides,
            yes: self.args.yes,
            allow_plaintext: self.args.allow_plaintext,
            name: &self.name,
            path: &self.unmerged.path,
            merge: self.unmerged.merge(),
            open: &open,
            services: &services,
        };
        self.merge(&resolution)
    }

    /// A description of ours and theirs, if it is known what they are.
    fn described_sides(&self) -> Option<String> {
        let Some(merge) = self.unmerged.merge() else {
            return self.operation.sides();
        };
        let [merge, ours, theirs] = [merge.to_owned(), format!("{merge}^1"), format!("{merge}^2")]
            .map(|commit| described_commit(&commit));
        Some(format!(
            "this repeats the merge in {}; ours is {}; theirs is {}",
            merge?, ours?, theirs?
        ))
    }

    /// The base of a criss-cross merge, which differs from the one that Git has stored. `None` in
    /// other merges, and `Some(None)` if the common ancestors conflict.
    fn merged_base(&self, keys: &dyn KeyService) -> Option<Option<Vec<u8>>> {
        let (base, other) = (self.unmerged.base()?, self.operation.merged_commit()?);
        let path = &self.unmerged.path;
        let ancestors = versions_in_merge_bases(other, path);
        (!ancestors.is_empty()).then(|| merging::merged_base(path, base, ancestors, keys))
    }

    /// Ours and theirs; both must exist.
    fn versions(&self) -> Result<(&[u8], &[u8]), CommandError> {
        let file = shell_path(&self.name);
        let keep = format!("`git add {file}` keeps the file, and `git rm {file}` deletes it");
        let has_base = self.unmerged.base().is_some();
        let (message, hint) = match (self.unmerged.ours(), self.unmerged.theirs()) {
            (Some(ours), Some(theirs)) => return Ok((ours, theirs)),
            (None, None) => (
                "both sides renamed or deleted this file",
                format!("run `git rm {file}`, and keep one of the new names with `git add`"),
            ),
            (None, _) if has_base => ("our side deleted the file, and their side changed it", keep),
            (_, None) if has_base => ("their side deleted the file, and our side changed it", keep),
            (None, _) => (
                "only their side has a file with this name",
                self.of_one_side(keep),
            ),
            (_, None) => (
                "only our side has a file with this name",
                self.of_one_side(keep),
            ),
        };
        let error = CommandError::new(Code::Generic, message)
            .in_file(&self.name)
            .hint(hint);
        Err(match (has_base, self.operation.abort()) {
            (true, Some(abort)) => error.hint(format!(
                "if one side renamed the file and rotated its data key, Git does not see the rename: run `{abort}`, and start again with `-X find-renames=10%`"
            )),
            _ => error,
        })
    }

    /// What to do with a file whose name only one side has. `keep` is for one without the other
    /// side's changes.
    fn of_one_side(&self, keep: String) -> String {
        let content = read_repository_file(self.file).unwrap_or_default();
        match (merge_conflict(&content), self.operation.abort()) {
            (Some(_), Some(abort)) => format!(
                "both sides renamed and changed it: run `{abort}`, rename your file to the other side's name with `git mv`, commit, and start again"
            ),
            _ => keep,
        }
    }

    /// Merges the values, in the editor unless the flags choose a side for every conflict.
    fn merge(&self, resolution: &Resolution<'_, '_>) -> Result<(), CommandError> {
        let open = resolution.open;
        let choose = |conflict: &Conflict| self.sides.choose(conflict);
        let choices = resolution.choices(&choose);
        let markers = Markers::default();
        let (text, conflicts) = open
            .marked_plaintext(&choices, &markers)
            .map_err(|error| self.error(error))?;
        let (ours, all_conflicts) = resolution.text_of_ours()?;
        for path in self.sides.without_conflict(&all_conflicts) {
            self.ui.warn(format_args!(
                "{}: there is no conflict at {}",
                self.name,
                path.dotted()
            ));
        }
        let approval = resolution.decide(&ours, &choices)?;
        let content = fs::read(self.file).ok();
        let expected = content
            .as_deref()
            .map_or(Expected::Nothing, Expected::Content);
        if conflicts.is_empty() {
            let encrypted = resolution
                .encrypt(&text, &choices, &approval)
                .map_err(|error| self.error(error))?;
            let encrypted = encrypted.as_bytes();
            files::write(self.ui, self.file, encrypted, expected, Readers::Usual)?;
        } else {
            self.refuse_editor(&conflicts, &text)?;
            let session = EditorSession {
                ui: self.ui,
                file: self.file,
                format: open.format(),
                editor: EditorProgram::find()?,
                allow_disk: self.args.allow_disk,
            };
            let is_marked = merge_conflict(&text).is_some();
            let original = Original {
                text: &text,
                // Lines of a binary file can be merged without a marker.
                is_worth_writing: !is_marked,
            };
            let encrypt = |text: &[u8]| {
                refuse_markers(text, &ours)?;
                resolution.encrypt(text, &choices, &approval)
            };
            let mut head = head(&conflicts, is_marked);
            head.extend(self.described_sides().map(capitalized));
            session
                .run(&original, &head, encrypt, expected)
                .map_err(|error| self.with_remaining_conflict(error))?;
        }
        match self.args.mergetool {
            true => self.ui.note(format_args!("{} is resolved", self.name)),
            false => self.ui.note(format_args!(
                "{} is resolved; run `git add {}` next",
                self.name,
                shell_path(&self.name)
            )),
        }
        Ok(())
    }

    fn with_remaining_conflict(&self, error: CommandError) -> CommandError {
        match error.code() {
            Code::FileNotModified => error.hint(format!(
                "the conflict remains: run `sops-rs resolve {}` again, or add `--ours` or `--theirs` to take one side",
                shell_path(&self.name)
            )),
            _ => error,
        }
    }

    /// Refuses to open the editor for a script, and for a file that is not text.
    fn refuse_editor(&self, conflicts: &[Conflict], text: &[u8]) -> Result<(), CommandError> {
        let is_text = || str::from_utf8(text).is_ok_and(|text| !text.contains('\0'));
        if !self.sides.takes_any() && is_text() {
            return Ok(());
        }
        let conflicts: Vec<String> = conflicts.iter().map(place).collect();
        let message = format!("both sides changed {}", conflicts.join(", "));
        Err(CommandError::new(Code::Generic, message)
            .in_file(&self.name)
            .hint("choose a side with `--ours` or `--theirs`, for all conflicts or for some key paths"))
    }

    /// Takes one side completely if the versions cannot be merged. That side must be intact.
    fn without_merge(
        &self,
        versions: &Versions<'_>,
        problems: Vec<MergeProblem>,
    ) -> Result<(), CommandError> {
        if problems.is_empty() {
            let message = "none of the versions is encrypted";
            return Err(CommandError::new(Code::Generic, message)
                .in_file(&self.name)
                .hint("edit the file, and `git add` it"));
        }
        let is_whole = |side| {
            let mut versions = problems.iter().map(MergeProblem::version);
            versions.all(|version| version.is_some_and(|version| version != Version::Side(side)))
        };
        let file = shell_path(&self.name);
        let Some(side) = self.sides.of_everything() else {
            return Err(self.report(merging::errors(&self.name, &self.unmerged.path, &problems)));
        };
        let mut errors = merging::errors_without_hint(&self.name, &self.unmerged.path, &problems);
        if !is_whole(side) {
            let last = errors.pop();
            errors.extend(last.map(|error| error.hint(merging::unchecked(&file, side))));
            return Err(self.report(errors));
        }
        if !self.sides.keeps_recipients(side) {
            self.refuse_removed(versions, side)?;
        }
        let content = fs::read(self.file).ok();
        let expected = content
            .as_deref()
            .map_or(Expected::Nothing, Expected::Content);
        let (bytes, whose) = match side {
            SideName::Ours => (versions.ours, "our"),
            SideName::Theirs => (versions.theirs, "their"),
        };
        files::write(self.ui, self.file, bytes, expected, Readers::Usual)?;
        for error in errors {
            self.ui.warn(error.lines(0).join(" "));
        }
        self.ui.note(format_args!(
            "{} now has only {whose} changes{}",
            self.name,
            match self.args.mergetool {
                true => String::new(),
                false => format!("; run `git add {file}` next"),
            }
        ));
        Ok(())
    }

    /// Refuses a version with recipients that the other side removed.
    fn refuse_removed(&self, versions: &Versions<'_>, side: SideName) -> Result<(), CommandError> {
        let keys = |bytes| -> Option<Vec<MasterKey>> {
            let document = EncryptedDocument::parse(bytes, versions.format).ok()?;
            Some(document.metadata().master_keys().concat())
        };
        let (taken, other) = match side {
            SideName::Ours => (versions.ours, versions.theirs),
            SideName::Theirs => (versions.theirs, versions.ours),
        };
        let (Some(taken), Some(other)) = (keys(taken), keys(other)) else {
            return Ok(());
        };
        let base = versions.base.map(keys);
        let has = |keys: &[MasterKey], key: &MasterKey| keys.iter().any(|known| known.means(key));
        let was_known = |key: &MasterKey| match &base {
            None => false,
            Some(base) => base.as_ref().is_none_or(|base| has(base, key)),
        };
        let removed = taken
            .iter()
            .filter(|key| !has(&other, key) && was_known(key));
        let names = StoredConfiguration::at_head(&self.unmerged.path).names();
        let removed: Vec<String> = removed.map(|key| names.shown(key)).collect();
        match removed.is_empty() {
            true => Ok(()),
            false => Err(merging::removals(&self.name, side, &removed)),
        }
    }

    /// Prints all errors except the last, which is returned.
    fn report(&self, mut errors: Vec<CommandError>) -> CommandError {
        let last = errors.pop();
        self.ui.errors(errors);
        last.unwrap_or_else(|| CommandError::new(Code::Generic, "the versions cannot be merged"))
    }

    fn error(&self, error: Error) -> CommandError {
        CommandError::general(error).in_file(&self.name)
    }
}

/// Refuses `text` if it still has conflict markers, even if only one of them is left. Lines of
/// `ours` may look like a marker.
fn refuse_markers(text: &[u8], ours: &[u8]) -> sops_core::Result<()> {
    let lines = |text| <[u8]>::split_inclusive(text, |byte| *byte == b'\n');
    let is_known = |line: &[u8]| lines(ours).any(|known| known.trim_ascii() == line.trim_ascii());
    let mut start = 0;
    for line in lines(text) {
        if is_conflict_marker(line) && !is_known(line) {
            let before = String::from_utf8_lossy(&text[..start + line.len()]);
            return Err(DocumentError::Syntax {
                location: Location::of(&before, start),
                message: "this conflict is not resolved".to_owned(),
            }
            .into());
        }
        start += line.len();
    }
    Ok(())
}

fn capitalized(sentence: String) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The lines above the text in the editor.
fn head(conflicts: &[Conflict], is_marked: bool) -> Vec<String> {
    const SHOWN: usize = 20;
    let mut lines = vec![match is_marked {
        true => "Keep what you want, and remove the conflict markers. Both sides changed these values:",
        false => "Check the merged result, and save it. Both sides changed these values, but not the same lines:",
    }
    .to_owned()];
    let places = conflicts.iter().take(SHOWN).map(place);
    lines.extend(places.map(|place| format!("  {place}")));
    if conflicts.len() > SHOWN {
        lines.push(format!("  and {} more", conflicts.len() - SHOWN));
    }
    lines
}
