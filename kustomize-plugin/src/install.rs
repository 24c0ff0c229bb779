//! Installs this program under the name of ksops, and kustomize next to it, for use in an init
//! container of Argo CD.

use std::env;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

/// The arguments of `install`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Install {
    directory: PathBuf,
    with_kustomize: bool,
}

impl Install {
    /// Parses the arguments after `install`; `None` if they are invalid.
    pub(crate) fn parse(arguments: &[OsString]) -> Option<Self> {
        let (flags, directories): (Vec<_>, Vec<_>) = arguments
            .iter()
            .partition(|argument| argument.to_string_lossy().starts_with('-'));
        let [directory] = directories[..] else {
            return None;
        };
        let is_known = |flag: &&OsString| *flag == "--with-kustomize";
        flags.iter().all(is_known).then(|| Self {
            directory: directory.into(),
            with_kustomize: !flags.is_empty(),
        })
    }

    /// Copies the programs, each atomically, and returns their new paths.
    ///
    /// # Errors
    /// The error names the file that cannot be found or written. If kustomize is missing, nothing
    /// is written.
    pub(crate) fn run(&self) -> Result<Vec<PathBuf>, String> {
        let own =
            env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let mut programs = vec![(own, "ksops")];
        if self.with_kustomize {
            let path = env::var_os("PATH").unwrap_or_default();
            let found = env::split_paths(&path)
                .map(|directory| directory.join("kustomize"))
                .find(|file| is_program(file));
            let found = found.ok_or("kustomize is not on the PATH")?;
            programs.push((found, "kustomize"));
        }
        let failed =
            |path: &Path, error: io::Error| format!("cannot write {}: {error}", path.display());
        fs::create_dir_all(&self.directory).map_err(|error| failed(&self.directory, error))?;
        let mut written = Vec::new();
        for (program, name) in programs {
            let target = self.directory.join(name);
            copy(&program, &target).map_err(|error| failed(&target, error))?;
            written.push(target);
        }
        Ok(written)
    }
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Copies a program next to its target and renames it, so that a half-written program is never
/// started.
fn copy(program: &Path, target: &Path) -> io::Result<()> {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}", process::id()));
    let temporary = target.with_file_name(name);
    let copied = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&temporary)
        .and_then(|mut file| {
            io::copy(&mut fs::File::open(program)?, &mut file)?;
            file.set_permissions(fs::Permissions::from_mode(0o755))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, target));
    if copied.is_err() {
        // This error says more than an error of the cleanup would.
        let _ = fs::remove_file(&temporary);
    }
    copied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Option<(String, bool)> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let install = Install::parse(&arguments)?;
        Some((
            install.directory.display().to_string(),
            install.with_kustomize,
        ))
    }

    #[test]
    fn a_directory_and_a_flag_are_understood() {
        assert_eq!(parse(&["/tools"]), Some(("/tools".to_owned(), false)));
        for arguments in [
            ["--with-kustomize", "/tools"],
            ["/tools", "--with-kustomize"],
        ] {
            assert_eq!(parse(&arguments), Some(("/tools".to_owned(), true)));
        }
        for arguments in [
            &[][..],
            &["a", "b"],
            &["--with-kustomise", "a"],
            &["--with-kustomize"],
        ] {
            assert_eq!(parse(arguments), None, "{arguments:?}");
        }
    }

    #[test]
    fn a_program_is_replaced_atomically_and_can_be_run() {
        let root = tempfile::tempdir().expect("a temporary directory can be created");
        let directory = root.path().join("a/b");
        let install = Install {
            directory: directory.clone(),
            with_kustomize: false,
        };
        for _ in 0..2 {
            let written = install.run().expect("the file is writable");
            assert_eq!(written, [directory.join("ksops")]);
            assert!(is_program(&written[0]));
            let names = fs::read_dir(&directory).expect("the entry exists").count();
            assert_eq!(names, 1);
        }
        let file = root.path().join("file");
        fs::write(&file, "").expect("the path is writable");
        let install = Install {
            directory: file,
            with_kustomize: false,
        };
        assert!(
            install
                .run()
                .is_err_and(|error| error.starts_with("cannot write "))
        );
    }
}
