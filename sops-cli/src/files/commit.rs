//! Moves staged files into place, each completely or not at all.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rustix::fs::{AtFlags, OFlags, fsync, linkat, renameat, unlinkat};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::directory::is_same;
use super::errors::failed;
use super::lock::{self, Lock};
use super::platform;
use super::staging::{Expecting, StagedReplacement, Staging, StagingDirectory};
use crate::command_error::{Code, CommandError, name_of};
use crate::ui::Ui;

/// How many files are synced individually. With more files, syncing the whole file system is
/// faster.
const ONE_BY_ONE: usize = 4;

impl Staging {
    /// Moves the files into place once all of them are synced to disk. Returns the outcomes in the
    /// same order.
    pub(crate) fn commit(
        self,
        ui: &Ui,
        staged: Vec<StagedReplacement>,
    ) -> Vec<Result<(), CommandError>> {
        self.commit_within(lock::PATIENCE, ui, staged)
    }

    fn commit_within(
        self,
        mut patience: Duration,
        ui: &Ui,
        staged: Vec<StagedReplacement>,
    ) -> Vec<Result<(), CommandError>> {
        let directories = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let synced = sync(&directories, &staged);
        let mut outcomes = Vec::with_capacity(staged.len());
        for (staged, synced) in staged.iter().zip(synced) {
            outcomes.push(match synced {
                Ok(()) => staged.replace(ui, &mut patience),
                Err(error) => Err(failed(&staged.target.path, &error)),
            });
        }
        let parents: Vec<_> = directories
            .iter()
            .map(|directory| Arc::clone(directory.parent()))
            .collect();
        // Removes the temporary directories before the slow sync, so that a killed run leaves
        // nothing.
        drop((staged, directories));
        for parent in parents {
            // The new names are durable only after the directory is synced. Some file systems can't
            // sync a directory.
            let _ = fsync(&*parent);
        }
        outcomes
    }
}

impl StagedReplacement {
    /// Moves the file into place if the existing file is the expected one. After one timeout for a
    /// lock, `patience` is zero, so the following files do not wait.
    fn replace(&self, ui: &Ui, patience: &mut Duration) -> Result<(), CommandError> {
        let parent = self.directory.parent();
        let lock = Lock::wait(parent, *patience)?;
        if lock.is_held_elsewhere && !patience.is_zero() {
            *patience = Duration::ZERO;
            ui.warn(format_args!(
                "another process holds the lock on the directory {}; writing without the lock (`lslocks` lists the process)",
                name_of(parent.path())
            ));
        }
        let replaced = match self.expected {
            Expecting::Content(expected) => {
                if self.current_content().ok().flatten() != Some(expected) {
                    return Err(self.changed());
                }
                self.rename()
            }
            Expecting::Nothing => self.rename_to_new(),
            Expecting::Anything => {
                self.take_current_attributes()?;
                self.rename()
            }
        };
        match replaced {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(self.changed());
            }
            Err(error) => {
                return Err(self
                    .target
                    .refused(parent.path(), self.old.is_some(), &error));
            }
        }
        let Some(old) = &self.old else {
            return Ok(());
        };
        let name = self.target.shown();
        if self.takes_file_over(old) {
            ui.warn(format_args!(
                "{name} belonged to another user (uid {}); it now belongs to you, and only you can read the plaintext",
                old.st_uid
            ));
        }
        if old.st_nlink > 1 {
            ui.warn(format_args!(
                "{name} had hard links; the other names keep the old content"
            ));
        }
        Ok(())
    }

    /// The SHA-256 of the current file, if it is still the file whose attributes were copied.
    fn current_content(&self) -> io::Result<Option<[u8; 32]>> {
        let (mut file, stat) = self
            .directory
            .parent()
            .open_file(&self.target.name, OFlags::RDONLY)?;
        if !self.old.is_some_and(|old| is_same(&old, &stat)) {
            return Ok(None);
        }
        let mut digest = Sha256::new();
        let mut buffer = Zeroizing::new(vec![0; 64 * 1024]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Some(digest.finalize().into())),
                length => digest.update(&buffer[..length]),
            }
        }
    }

    /// Copies the attributes again if another run replaced the file since they were copied.
    fn take_current_attributes(&self) -> Result<(), CommandError> {
        let Some(old) = self.target.open(self.directory.parent())? else {
            return Ok(());
        };
        if self.old.is_some_and(|known| is_same(&known, &old.stat)) {
            return Ok(());
        }
        let file = self
            .open(OFlags::WRONLY)
            .map_err(|error| failed(&self.target.path, &error))?;
        self.take_attributes(&file, &old)
    }

    fn rename(&self) -> io::Result<()> {
        let Self {
            directory, target, ..
        } = self;
        let (from, to) = (directory.temporary(), &**directory.parent());
        Ok(renameat(from, &self.name, to, &target.name)?)
    }

    /// Moves the file into place without replacing another file.
    fn rename_to_new(&self) -> io::Result<()> {
        let Self {
            directory, target, ..
        } = self;
        let (from, to) = (directory.temporary(), &**directory.parent());
        let renamed = platform::rename_to_new((from, self.name.as_ref()), (to, &target.name));
        if let Some(result) = renamed {
            return result;
        }
        linkat(from, &self.name, to, &target.name, AtFlags::empty())?;
        // The file has its final name now. The temporary name is removed with its directory anyway.
        let _ = unlinkat(from, &self.name, AtFlags::empty());
        Ok(())
    }

    fn changed(&self) -> CommandError {
        let message = format!(
            "{} was changed by another program in the meantime; nothing was written to it",
            self.target.shown()
        );
        CommandError::new(Code::CannotWriteOutput, message)
            .hint("run the command again to apply it to the changed file")
            .with_conflict()
    }
}

/// Syncs the files to disk.
fn sync(
    directories: &[Arc<StagingDirectory>],
    staged: &[StagedReplacement],
) -> Vec<io::Result<()>> {
    if staged.len() > ONE_BY_ONE && sync_file_systems(directories).is_ok() {
        return staged.iter().map(|_| Ok(())).collect();
    }
    let sync = |staged: &StagedReplacement| staged.open(OFlags::RDONLY)?.sync_all();
    staged.iter().map(sync).collect()
}

/// Syncs each file system that contains one of the directories.
fn sync_file_systems(directories: &[Arc<StagingDirectory>]) -> io::Result<()> {
    let mut synced = Vec::new();
    for directory in directories {
        let directory = directory.temporary();
        let device = directory.stat().st_dev;
        if !synced.contains(&device) {
            platform::sync_file_system(directory)?;
            synced.push(device);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::*;
    use crate::files::directory::OpenDirectory;
    use crate::files::{Expected, Readers};

    const OLD: &[u8] = b"old\n";
    const NEW: &[u8] = b"new\n";

    /// Stages `NEW` for the file at `path`, runs `meanwhile`, and commits.
    fn replace(
        path: &Path,
        expected: Expected<'_>,
        meanwhile: impl FnOnce(),
    ) -> Result<(), CommandError> {
        let staging = Staging::default();
        let staged = staging.stage(path, NEW, expected, Readers::Usual)?;
        meanwhile();
        let outcomes = staging.commit(&Ui::new(false), vec![staged]);
        outcomes.into_iter().collect()
    }

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("the file exists");
        metadata.permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .expect("the mode can be changed");
    }

    #[test]
    fn another_file_with_the_same_content_is_not_replaced() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let [path, other] = ["x", "y"].map(|name| root.path().join(name));
        for path in [&path, &other] {
            fs::write(path, OLD).expect("the file can be written");
        }
        let swap = || fs::rename(&other, &path).expect("the file can be renamed");
        let outcome = replace(&path, Expected::Content(OLD), swap);
        let error = outcome.expect_err("the file is another one");
        assert_eq!(error.code(), Code::CannotWriteOutput);
        assert_eq!(fs::read(&path).expect("the file can be read"), OLD);
        replace(&path, Expected::Content(OLD), || ()).expect("the file is the same");
        assert_eq!(fs::read(&path).expect("the file can be read"), NEW);
    }

    #[test]
    fn a_lock_that_is_never_released_does_not_block_writes() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let held = OpenDirectory::open(root.path()).expect("the directory can be opened");
        let _lock = Lock::wait(&held, lock::PATIENCE).expect("no signal arrived");
        let path = root.path().join("x");
        for (now, is_written) in [(OLD, true), (&b"mine\n"[..], false)] {
            fs::write(&path, OLD).expect("the file can be written");
            let staging = Staging::default();
            let expected = Expected::Content(OLD);
            let staged = staging.stage(&path, NEW, expected, Readers::Usual);
            let staged = staged.expect("the file can be staged");
            fs::write(&path, now).expect("the file can be written");
            let patience = Duration::from_millis(20);
            let outcomes = staging.commit_within(patience, &Ui::new(false), vec![staged]);
            assert_eq!(outcomes[0].is_ok(), is_written);
            let expected = if is_written { NEW } else { now };
            assert_eq!(fs::read(&path).expect("the file can be read"), expected);
        }
    }

    #[test]
    fn output_gets_the_attributes_of_the_file_that_it_finally_replaces() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let [path, other] = ["x", "y"].map(|name| root.path().join(name));
        fs::write(&path, OLD).expect("the file can be written");
        fs::write(&other, OLD).expect("the file can be written");
        set_mode(&path, 0o666);
        set_mode(&other, 0o640);
        let swap = || fs::rename(&other, &path).expect("the file can be renamed");
        replace(&path, Expected::Anything, swap).expect("any file may be replaced");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(fs::read(&path).expect("the file can be read"), NEW);
    }

    #[test]
    fn a_directory_or_file_replaced_by_a_link_is_not_followed() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let at = |name: &str| root.path().join(name);
        for directory in ["work", "victim"] {
            fs::create_dir(at(directory)).expect("the path is new");
            fs::write(at(directory).join("x"), OLD).expect("the directory exists");
        }
        let swap = || {
            fs::rename(at("work"), at("moved")).expect("the directory can be renamed");
            symlink(at("victim"), at("work")).expect("the link can be created");
        };
        replace(&at("work/x"), Expected::Content(OLD), swap).expect("the directory is the same");
        assert_eq!(fs::read(at("moved/x")).expect("the file can be read"), NEW);
        assert_eq!(fs::read(at("victim/x")).expect("the file can be read"), OLD);

        fs::write(at("moved/x"), OLD).expect("the file can be written");
        let swap = || {
            fs::remove_file(at("moved/x")).expect("the file can be removed");
            symlink(at("victim/x"), at("moved/x")).expect("the link can be created");
        };
        let outcome = replace(&at("moved/x"), Expected::Content(OLD), swap);
        assert!(outcome.is_err(), "a link is not followed");
        assert_eq!(fs::read(at("victim/x")).expect("the file can be read"), OLD);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_overwritten() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let path = root.path().join("x");
        let appear = || fs::write(&path, OLD).expect("the file can be written");
        let outcome = replace(&path, Expected::Nothing, appear);
        assert!(outcome.is_err(), "a file exists");
        assert_eq!(fs::read(&path).expect("the file can be read"), OLD);
    }

    #[test]
    fn git_ignores_staged_files() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let look = || {
            let entries = fs::read_dir(root.path()).expect("the directory can be read");
            let names: Vec<_> = entries
                .map(|entry| entry.expect("the entry can be read").path())
                .collect();
            let [temporary] = &names[..] else {
                panic!("{names:?}");
            };
            assert_eq!(mode(temporary) & 0o777, 0o700);
            let ignored = fs::read(temporary.join(".gitignore"));
            assert_eq!(ignored.expect("the file can be read"), b"*\n");
        };
        let path = root.path().join("x");
        replace(&path, Expected::Nothing, look).expect("the path is new");
    }

    #[test]
    fn special_mode_bits_are_not_kept() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let path = root.path().join("x");
        for (old, new) in [
            (0o4755, 0o755),
            (0o2711, 0o711),
            (0o1644, 0o644),
            (0o6750, 0o750),
        ] {
            fs::write(&path, OLD).expect("the file can be written");
            set_mode(&path, old);
            replace(&path, Expected::Content(OLD), || ()).expect("the file can be replaced");
            assert_eq!(mode(&path), new);
        }
    }
}
