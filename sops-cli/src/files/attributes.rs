//! What a file takes over from the one that it replaces: owner, group, mode, and extended attributes, access control lists among them.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};

use rustix::fs::{Mode, fchmod};
use xattr::FileExt;

use super::directory::mode;
use super::target::OldFile;

/// The access control list of a file, as Linux names it.
const ACCESS_LIST: &str = "system.posix_acl_access";

/// The label of a file under SELinux, which not everybody may set.
const LABEL: &str = "security.selinux";

/// Attributes of Linux that the system makes itself, or that speak of the old content, such as signatures.
const OF_THE_SYSTEM: [&str; 3] = ["security.", "system.", "trusted."];

/// Gives `file`, which is ours and new, the attributes of `old`.
pub(super) fn keep(file: &File, old: &OldFile) -> io::Result<()> {
    let new = file.metadata()?;
    // The set-user-ID and set-group-ID bits were given to the old content.
    let mut mode = mode(&old.stat) & (Mode::RWXU | Mode::RWXG | Mode::RWXO);
    if new.uid() != old.stat.st_uid {
        // Only the administrator may give a file away; for others the file is theirs from now on.
        let _ = fchown(file, Some(old.stat.st_uid), None);
    }
    let loses_group =
        new.gid() != old.stat.st_gid && fchown(file, None, Some(old.stat.st_gid)).is_err();
    if loses_group {
        // What the old group might do is not for another.
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

/// Gives `file`, which is ours and new, the mode of `old`, but only for its owner.
pub(super) fn keep_for_owner(file: &File, old: &OldFile) -> io::Result<()> {
    remove_access_list(file)?;
    Ok(fchmod(file, mode(&old.stat) & Mode::RWXU)?)
}

/// The directory gives new files a list, which may let more users read this one than the old one.
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

/// The names of a file's attributes; none where the file system has no attributes.
fn names(list: io::Result<xattr::XAttrs>) -> io::Result<Vec<OsString>> {
    match list {
        Ok(names) => Ok(names.collect()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
