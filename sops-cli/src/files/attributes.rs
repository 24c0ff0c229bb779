//! Copies the owner, group, mode and extended attributes, including access control lists, from a
//! replaced file.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};

use rustix::fs::{Mode, fchmod};
use xattr::FileExt;

use super::directory::mode;
use super::target::OldFile;

/// The name of a file's access control list on Linux.
const ACCESS_LIST: &str = "system.posix_acl_access";

/// The SELinux label of a file. Not every user may set it.
const LABEL: &str = "security.selinux";

/// Prefixes of Linux attributes that the system sets itself, or that describe the old content, such
/// as signatures.
const OF_THE_SYSTEM: [&str; 3] = ["security.", "system.", "trusted."];

/// Gives `file`, which this program just created, the attributes of `old`.
pub(super) fn keep(file: &File, old: &OldFile) -> io::Result<()> {
    let new = file.metadata()?;
    // The set-user-ID and set-group-ID bits were meant for the old content.
    let mut mode = mode(&old.stat) & (Mode::RWXU | Mode::RWXG | Mode::RWXO);
    if new.uid() != old.stat.st_uid {
        // Only root can change the owner. Otherwise, the new file belongs to the current user.
        let _ = fchown(file, Some(old.stat.st_uid), None);
    }
    let loses_group =
        new.gid() != old.stat.st_gid && fchown(file, None, Some(old.stat.st_gid)).is_err();
    if loses_group {
        // The old group's permissions must not be given to another group.
        mode -= Mode::RWXG;
    }
    remove_access_list(file)?;
    fchmod(file, mode)?;
    for name in names(old.file.list_xattr())? {
        let is_list = name == ACCESS_LIST;
        if !is_kept(&name) || is_list && loses_group {
            continue;
        }
        if let Some(value) = old.file.get_xattr(&name)? {
            let set = file.set_xattr(&name, &value);
            if name != LABEL {
                set?;
            }
        }
    }
    Ok(())
}

/// Gives `file`, which this program just created, the mode of `old` without the permissions of
/// group and others.
pub(super) fn keep_for_owner(file: &File, old: &OldFile) -> io::Result<()> {
    remove_access_list(file)?;
    Ok(fchmod(file, mode(&old.stat) & Mode::RWXU)?)
}

/// Removes the access control list that a new file inherits from its directory. It may let more
/// users read the file than before.
fn remove_access_list(file: &File) -> io::Result<()> {
    if names(file.list_xattr())?
        .iter()
        .any(|name| name == ACCESS_LIST)
    {
        file.remove_xattr(ACCESS_LIST)?;
    }
    Ok(())
}

fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_of_the_system = OF_THE_SYSTEM.iter().any(|prefix| name.starts_with(prefix));
    !is_of_the_system || [ACCESS_LIST, LABEL].contains(&&*name)
}

/// The names of a file's attributes. Empty if the file system does not support attributes.
fn names(list: io::Result<xattr::XAttrs>) -> io::Result<Vec<OsString>> {
    match list {
        Ok(names) => Ok(names.collect()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
