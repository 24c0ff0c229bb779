//! What a file takes over from the one that it replaces: owner, group, mode, and extended attributes, access control lists among them.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use xattr::FileExt;

/// The access control list of a file, as Linux names it.
const ACCESS_LIST: &str = "system.posix_acl_access";

/// The label of a file under SELinux, which not everybody may set.
const LABEL: &str = "security.selinux";

/// Attributes of Linux that the system makes itself, or that speak of the old content, such as signatures.
const OF_THE_SYSTEM: [&str; 3] = ["security.", "system.", "trusted."];

/// Gives `file`, which is ours and new, what `old` at the path `target` has.
pub(super) fn keep(file: &File, target: &Path, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    let mut mode = old.mode() & 0o7777;
    if new.uid() != old.uid() {
        // Only the administrator may give a file away; for others the file is theirs from now on.
        let _ = fchown(file, Some(old.uid()), None);
    }
    let loses_group = new.gid() != old.gid() && fchown(file, None, Some(old.gid())).is_err();
    if loses_group {
        // What the old group might do is not for another.
        mode &= !0o2070;
    }
    if names(file.list_xattr())?
        .iter()
        .any(|name| name == ACCESS_LIST)
    {
        // The folder gives new files a list, which may open this one to more than the old one was.
        file.remove_xattr(ACCESS_LIST)?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    for name in names(xattr::list(target))? {
        let is_list = name == ACCESS_LIST;
        if !is_kept(&name) || is_list && loses_group {
            continue;
        }
        if let Some(value) = xattr::get(target, &name)? {
            let set = file.set_xattr(&name, &value);
            if name != LABEL {
                set?;
            }
        }
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
